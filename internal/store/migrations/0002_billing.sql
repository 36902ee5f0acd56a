-- What was issued is never changed or deleted: the triggers of each engine's
-- file hold that. Months are year*12 + month-1, amounts cents, dates as in 0001.

CREATE TABLE tariff (
	id           TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	operator_id  TEXT NOT NULL REFERENCES operator (id),
	sector_id    TEXT REFERENCES sector (id), -- NULL: all sectors of the operator
	from_date    BIGINT NOT NULL,
	price_cents  BIGINT NOT NULL CHECK (price_cents >= 0),
	vat_permille BIGINT NOT NULL CHECK (vat_permille BETWEEN 0 AND 1000),
	label        TEXT NOT NULL CHECK (label <> ''),
	reference    TEXT NOT NULL,
	added_at     BIGINT NOT NULL
);
CREATE INDEX tariff_operator ON tariff (operator_id, from_date);

-- Names stand beside ids: a document reads the same after its subjects were renamed.
CREATE TABLE document (
	id             TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	operator_id    TEXT NOT NULL REFERENCES operator (id),
	operator_name  TEXT NOT NULL,
	operator_siren TEXT NOT NULL,
	month          BIGINT NOT NULL CHECK (month > 0),
	kind           TEXT NOT NULL CHECK (kind IN ('invoice', 'credit_note')),
	series         TEXT NOT NULL CHECK (series <> ''),
	number         BIGINT NOT NULL CHECK (number > 0),
	issued_date    BIGINT NOT NULL,
	issued_at      BIGINT NOT NULL,
	drafted_by     TEXT NOT NULL CHECK (drafted_by <> ''),
	approved_by    TEXT NOT NULL CHECK (approved_by NOT IN ('', 'parvis', drafted_by)),
	issued_by      TEXT NOT NULL CHECK (issued_by NOT IN ('', 'parvis')),
	total_cents    BIGINT NOT NULL,
	net_cents      BIGINT NOT NULL,
	vat_cents      BIGINT NOT NULL,
	vat_permille   BIGINT NOT NULL CHECK (vat_permille BETWEEN 0 AND 1000),
	rule           TEXT NOT NULL,
	input_hash     TEXT NOT NULL,
	prev_hash      TEXT NOT NULL,
	hash           TEXT NOT NULL CHECK (hash <> ''),
	UNIQUE (series, number),
	CHECK (net_cents + vat_cents = total_cents),
	CHECK ((total_cents < 0) = (kind = 'credit_note')),
	CHECK ((number = 1) = (prev_hash = '')),
	-- Two people stand behind a document, also when the program drafted it.
	CHECK (drafted_by <> 'parvis' OR issued_by <> approved_by)
);
CREATE INDEX document_operator ON document (operator_id, month);

-- lease_id is empty for vacancy. No foreign keys to dwelling and lease: a
-- correction must be able to speak of one that was recorded by mistake.
CREATE TABLE document_line (
	document_id  TEXT NOT NULL REFERENCES document (id),
	position     BIGINT NOT NULL CHECK (position > 0),
	dwelling_id  TEXT NOT NULL CHECK (dwelling_id <> ''),
	dwelling_ref TEXT NOT NULL,
	residence    TEXT NOT NULL,
	door         TEXT NOT NULL,
	lease_id     TEXT NOT NULL,
	lease_ref    TEXT NOT NULL,
	from_date    BIGINT NOT NULL,
	until_date   BIGINT NOT NULL CHECK (until_date > from_date),
	days         BIGINT NOT NULL CHECK (days BETWEEN 0 AND 31),
	amount_cents BIGINT NOT NULL,
	tariff_id    TEXT NOT NULL REFERENCES tariff (id),
	correction   BOOLEAN NOT NULL,
	PRIMARY KEY (document_id, position),
	UNIQUE (document_id, dwelling_id, lease_id),
	CHECK (correction OR amount_cents >= 0),
	CHECK (correction OR days > 0)
);

-- The postings of a document sum to zero.
CREATE TABLE posting (
	document_id  TEXT NOT NULL REFERENCES document (id),
	account      TEXT NOT NULL CHECK (account <> ''),
	amount_cents BIGINT NOT NULL CHECK (amount_cents <> 0),
	PRIMARY KEY (document_id, account)
);

CREATE TABLE run (
	id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	operator_id TEXT NOT NULL REFERENCES operator (id),
	month       BIGINT NOT NULL CHECK (month > 0),
	state       TEXT NOT NULL CHECK (state IN ('draft', 'approved', 'issued')),
	input_hash  TEXT NOT NULL CHECK (input_hash <> ''),
	total_cents BIGINT NOT NULL,
	lines       BIGINT NOT NULL CHECK (lines >= 0),
	drafted_by  TEXT NOT NULL CHECK (drafted_by <> ''),
	drafted_at  BIGINT NOT NULL,
	approved_by TEXT NOT NULL CHECK (approved_by <> drafted_by),
	approved_at BIGINT NOT NULL,
	document_id TEXT REFERENCES document (id),
	CHECK ((state = 'draft') = (approved_by = '')),
	CHECK ((state = 'issued') = (document_id IS NOT NULL))
);
CREATE UNIQUE INDEX run_open ON run (operator_id, month) WHERE state <> 'issued';
CREATE INDEX run_operator ON run (operator_id, month);
