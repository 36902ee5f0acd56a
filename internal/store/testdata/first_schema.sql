-- Types are TEXT, BIGINT, BOOLEAN and BYTEA, nothing else: one text for both engines.
-- Instants (…_at) are Unix milliseconds UTC, civil dates (…_date) days since 1970-01-01;
-- 0 means none. Sealed columns hold AES-256-GCM, empty when there is no secret.

CREATE TABLE setting (
	name  TEXT NOT NULL PRIMARY KEY,
	value BYTEA NOT NULL
);

CREATE TABLE counter (
	name  TEXT NOT NULL PRIMARY KEY,
	value BIGINT NOT NULL CHECK (value > 0)
);

CREATE TABLE change (
	seq        BIGINT NOT NULL PRIMARY KEY,
	kind       TEXT NOT NULL CHECK (kind <> ''),
	subject    TEXT NOT NULL,
	changed_at BIGINT NOT NULL
);
CREATE INDEX change_changed_at ON change (changed_at);

CREATE TABLE plan (
	id               TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	name             TEXT NOT NULL,
	down_kbps        BIGINT NOT NULL CHECK (down_kbps BETWEEN 0 AND 4294967295),
	up_kbps          BIGINT NOT NULL CHECK (up_kbps BETWEEN 0 AND 4294967295),
	vlan             BIGINT NOT NULL CHECK (vlan BETWEEN 0 AND 4094),
	device_slots     BIGINT NOT NULL CHECK (device_slots >= 0),
	session_seconds  BIGINT NOT NULL CHECK (session_seconds >= 0),
	idle_seconds     BIGINT NOT NULL CHECK (idle_seconds >= 0),
	interim_seconds  BIGINT NOT NULL CHECK (interim_seconds >= 0)
);

CREATE TABLE zone (
	id               TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	name             TEXT NOT NULL,
	ssid             TEXT NOT NULL,
	plan_id          TEXT NOT NULL REFERENCES plan (id),
	entry            TEXT NOT NULL CHECK (entry IN ('tap', 'card')),
	terms            TEXT NOT NULL,
	remember_seconds BIGINT NOT NULL CHECK (remember_seconds >= 0)
);

CREATE TABLE nas (
	id             TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	name           TEXT NOT NULL,
	prefix         TEXT NOT NULL CHECK (prefix <> ''),
	secret         BYTEA NOT NULL, -- sealed
	dialect        TEXT NOT NULL,
	legacy         BOOLEAN NOT NULL,
	identifier     TEXT NOT NULL,
	zone_id        TEXT REFERENCES zone (id),
	gateway        TEXT NOT NULL,
	gateway_secret BYTEA NOT NULL, -- sealed
	login_url      TEXT NOT NULL
);
CREATE UNIQUE INDEX nas_prefix ON nas (prefix);
CREATE UNIQUE INDEX nas_identifier ON nas (identifier) WHERE identifier <> '';

CREATE TABLE operator (
	id    TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	name  TEXT NOT NULL,
	siren TEXT NOT NULL CHECK (siren = '' OR LENGTH(siren) = 9)
);
CREATE UNIQUE INDEX operator_siren ON operator (siren) WHERE siren <> '';

CREATE TABLE sector (
	id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	operator_id TEXT NOT NULL REFERENCES operator (id),
	name        TEXT NOT NULL
);
CREATE INDEX sector_operator ON sector (operator_id);

CREATE TABLE agreement (
	id         TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	sector_id  TEXT NOT NULL REFERENCES sector (id),
	form       TEXT NOT NULL CHECK (form IN ('vote', 'accord')),
	reference  TEXT NOT NULL,
	from_date  BIGINT NOT NULL,
	until_date BIGINT NOT NULL CHECK (until_date = 0 OR until_date > from_date)
);
CREATE INDEX agreement_sector ON agreement (sector_id);

CREATE TABLE residence (
	id        TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	sector_id TEXT NOT NULL REFERENCES sector (id),
	name      TEXT NOT NULL,
	address   TEXT NOT NULL,
	ssid      TEXT NOT NULL,
	plan_id   TEXT NOT NULL REFERENCES plan (id)
);
CREATE INDEX residence_sector ON residence (sector_id);

CREATE TABLE access_point (
	id            TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	name          TEXT NOT NULL,
	nas_id        TEXT REFERENCES nas (id),
	bssid         TEXT NOT NULL,
	identifier    TEXT NOT NULL,
	zone_id       TEXT REFERENCES zone (id),
	residence_id  TEXT REFERENCES residence (id),
	vendor        TEXT NOT NULL,
	model         TEXT NOT NULL,
	capacity      BIGINT NOT NULL CHECK (capacity >= 0),
	latitude_e7   BIGINT NOT NULL CHECK (latitude_e7 BETWEEN -900000000 AND 900000000),
	longitude_e7  BIGINT NOT NULL CHECK (longitude_e7 BETWEEN -1800000000 AND 1800000000),
	enabled       BOOLEAN NOT NULL,
	CHECK ((zone_id IS NULL) <> (residence_id IS NULL))
);
CREATE UNIQUE INDEX access_point_bssid ON access_point (bssid) WHERE bssid <> '';
CREATE UNIQUE INDEX access_point_identifier ON access_point (identifier) WHERE identifier <> '';

CREATE TABLE dwelling (
	id           TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	residence_id TEXT NOT NULL REFERENCES residence (id),
	ref          TEXT NOT NULL,
	door         TEXT NOT NULL,
	login        TEXT NOT NULL,
	password     BYTEA NOT NULL, -- sealed
	from_date    BIGINT NOT NULL,
	until_date   BIGINT NOT NULL CHECK (until_date = 0 OR until_date > from_date)
);
CREATE UNIQUE INDEX dwelling_login ON dwelling (login) WHERE login <> '';
CREATE UNIQUE INDEX dwelling_ref ON dwelling (residence_id, ref) WHERE ref <> '';
CREATE INDEX dwelling_residence ON dwelling (residence_id);

CREATE TABLE lease (
	id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	dwelling_id TEXT NOT NULL REFERENCES dwelling (id),
	ref         TEXT NOT NULL,
	from_date   BIGINT NOT NULL,
	until_date  BIGINT NOT NULL CHECK (until_date = 0 OR until_date > from_date)
);
CREATE INDEX lease_dwelling ON lease (dwelling_id, from_date);

CREATE TABLE card (
	id       TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	zone_id  TEXT NOT NULL REFERENCES zone (id),
	hash     TEXT NOT NULL CHECK (hash <> ''),
	until_at BIGINT NOT NULL,
	revoked  BOOLEAN NOT NULL
);
CREATE UNIQUE INDEX card_hash ON card (hash);

CREATE TABLE device (
	mac         TEXT NOT NULL,
	terms       TEXT NOT NULL,
	zone_id     TEXT NOT NULL REFERENCES zone (id),
	accepted_at BIGINT NOT NULL,
	until_at    BIGINT NOT NULL,
	PRIMARY KEY (mac, terms)
);
CREATE INDEX device_until ON device (until_at);

-- A proof that the terms were accepted; kept longer than the memory of the device.
CREATE TABLE consent (
	id          TEXT NOT NULL PRIMARY KEY,
	mac         TEXT NOT NULL,
	terms       TEXT NOT NULL,
	zone_id     TEXT NOT NULL REFERENCES zone (id),
	accepted_at BIGINT NOT NULL,
	until_at    BIGINT NOT NULL,
	language    TEXT NOT NULL,
	card_id     TEXT REFERENCES card (id)
);
CREATE INDEX consent_until ON consent (until_at);

-- No foreign keys: what was accounted stays true when a NAS or an access point goes.
CREATE TABLE session (
	key             TEXT NOT NULL PRIMARY KEY CHECK (key <> ''),
	nas_id          TEXT NOT NULL,
	acct_session_id TEXT NOT NULL,
	mac             TEXT NOT NULL,
	login           TEXT NOT NULL,
	access_point_id TEXT NOT NULL,
	zone_id         TEXT NOT NULL,
	dwelling_id     TEXT NOT NULL,
	started_at      BIGINT NOT NULL,
	updated_at      BIGINT NOT NULL,
	stopped_at      BIGINT NOT NULL, -- 0 while open
	bytes_in        BIGINT NOT NULL CHECK (bytes_in >= 0),
	bytes_out       BIGINT NOT NULL CHECK (bytes_out >= 0),
	seconds         BIGINT NOT NULL CHECK (seconds >= 0),
	cause           BIGINT NOT NULL CHECK (cause >= 0)
);
CREATE INDEX session_started ON session (started_at);
CREATE INDEX session_open_started ON session (started_at) WHERE stopped_at = 0;
CREATE INDEX session_open_updated ON session (updated_at) WHERE stopped_at = 0;
CREATE INDEX session_open_nas ON session (nas_id, mac) WHERE stopped_at = 0;
CREATE INDEX session_open_access_point ON session (access_point_id) WHERE stopped_at = 0;
CREATE INDEX session_open_dwelling ON session (dwelling_id) WHERE stopped_at = 0;

-- What the sessions of an access point add up to, also after their rows are gone.
CREATE TABLE usage (
	access_point_id TEXT NOT NULL PRIMARY KEY,
	bytes_in        BIGINT NOT NULL CHECK (bytes_in >= 0),
	bytes_out       BIGINT NOT NULL CHECK (bytes_out >= 0),
	heard_at        BIGINT NOT NULL
);

-- Up to where the journal of each node is in effect.
CREATE TABLE journal_offset (
	node TEXT NOT NULL PRIMARY KEY CHECK (node <> ''),
	seq  BIGINT NOT NULL
);

CREATE TABLE console_user (
	id            TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	name          TEXT NOT NULL CHECK (name <> ''),
	role          TEXT NOT NULL CHECK (role IN ('admin', 'network', 'operator', 'desk')),
	operator_id   TEXT REFERENCES operator (id),
	password_hash TEXT NOT NULL,
	disabled      BOOLEAN NOT NULL,
	CHECK ((role = 'operator') = (operator_id IS NOT NULL))
);
CREATE UNIQUE INDEX console_user_name ON console_user (name);

CREATE TABLE console_login (
	token_hash TEXT NOT NULL PRIMARY KEY CHECK (token_hash <> ''),
	user_id    TEXT NOT NULL REFERENCES console_user (id),
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX console_login_expires ON console_login (expires_at);
CREATE INDEX console_login_user ON console_login (user_id);

CREATE TABLE audit (
	id       TEXT NOT NULL PRIMARY KEY,
	acted_at BIGINT NOT NULL,
	actor    TEXT NOT NULL CHECK (actor <> ''),
	action   TEXT NOT NULL CHECK (action <> ''),
	subject  TEXT NOT NULL,
	detail   TEXT NOT NULL
);
CREATE INDEX audit_acted ON audit (acted_at);
