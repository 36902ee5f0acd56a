-- Whether a NAS must sign (it was legacy: no), two secrets during a change, its certificate,
-- its port for CoA and Disconnect, and the shared password of its MAC authentication.
ALTER TABLE nas ADD COLUMN signature TEXT NOT NULL DEFAULT 'yes' CHECK (signature IN ('yes', 'auto', 'no'));
UPDATE nas SET signature = 'no' WHERE legacy;
ALTER TABLE nas DROP COLUMN legacy;
ALTER TABLE nas ADD COLUMN old_secret BYTEA NOT NULL DEFAULT ''; -- sealed
ALTER TABLE nas ADD COLUMN old_secret_until_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE nas ADD COLUMN old_secret_used_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE nas ADD COLUMN tls_name TEXT NOT NULL DEFAULT '';
ALTER TABLE nas ADD COLUMN dynauth_port BIGINT NOT NULL DEFAULT 0 CHECK (dynauth_port BETWEEN 0 AND 65535);
ALTER TABLE nas ADD COLUMN mac_password BYTEA NOT NULL DEFAULT ''; -- sealed
CREATE UNIQUE INDEX nas_tls_name ON nas (tls_name) WHERE tls_name <> '';

ALTER TABLE plan ADD COLUMN quota_bytes BIGINT NOT NULL DEFAULT 0 CHECK (quota_bytes >= 0);
ALTER TABLE plan ADD COLUMN role TEXT NOT NULL DEFAULT '';

CREATE TABLE outlet (
	id          TEXT NOT NULL PRIMARY KEY CHECK (id <> ''),
	dwelling_id TEXT NOT NULL REFERENCES dwelling (id),
	nas_id      TEXT NOT NULL REFERENCES nas (id),
	port        TEXT NOT NULL CHECK (port <> '')
);
CREATE UNIQUE INDEX outlet_port ON outlet (nas_id, port);
CREATE INDEX outlet_dwelling ON outlet (dwelling_id);
