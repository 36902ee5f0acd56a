-- Where a session's NAS sent its accounting from: one of a range is asked there.
ALTER TABLE session ADD COLUMN nas_address TEXT NOT NULL DEFAULT '';

-- What somebody wants of a running session, and what became of it. No foreign
-- keys: it stays when the session's row is gone.
CREATE TABLE intent (
	id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	kind        TEXT NOT NULL CHECK (kind IN ('disconnect', 'change')),
	session_key TEXT NOT NULL CHECK (session_key <> ''),
	down_kbps   BIGINT NOT NULL CHECK (down_kbps BETWEEN 0 AND 4294967295),
	up_kbps     BIGINT NOT NULL CHECK (up_kbps BETWEEN 0 AND 4294967295),
	wanted_by   TEXT NOT NULL CHECK (wanted_by <> ''),
	wanted_at   BIGINT NOT NULL,
	state       TEXT NOT NULL CHECK (state IN ('wanted', 'sent', 'ack', 'nak', 'timeout', 'failed', 'unknown', 'expired')),
	sent_at     BIGINT NOT NULL, -- 0 until somebody took it up
	ended_at    BIGINT NOT NULL, -- 0 until it is known what became of it
	instead     BOOLEAN NOT NULL, -- a change was wanted and a disconnect asked for
	cause       BIGINT NOT NULL CHECK (cause BETWEEN 0 AND 4294967295), -- Error-Cause, RFC 5176 §3.5
	detail      TEXT NOT NULL
);
CREATE INDEX intent_wanted ON intent (wanted_at);
CREATE INDEX intent_open ON intent (state, wanted_at) WHERE ended_at = 0;
