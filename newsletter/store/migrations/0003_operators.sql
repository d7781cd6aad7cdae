-- Who may sign in, where they are signed in, and what they did.

CREATE TABLE operator (
  id INTEGER PRIMARY KEY,
  email TEXT NOT NULL UNIQUE,
  role TEXT NOT NULL,
  password TEXT NOT NULL,
  totp_secret TEXT,
  totp_step INTEGER NOT NULL DEFAULT 0,
  created_at TEXT NOT NULL,
  disabled_at TEXT
);

-- Set-up links and invitations: the hash of the token, for whom, and whether it was used.
CREATE TABLE invitation (
  token_hash BLOB PRIMARY KEY,
  email TEXT NOT NULL DEFAULT '',
  role TEXT NOT NULL,
  made_at TEXT NOT NULL,
  used_at TEXT
) WITHOUT ROWID;

CREATE TABLE session (
  token_hash BLOB PRIMARY KEY,
  operator_id INTEGER NOT NULL REFERENCES operator (id),
  began_at TEXT NOT NULL,
  seen_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_of ON session (operator_id);

-- who: a keyed hash of the address that was typed, or of where it came from.
CREATE TABLE sign_in_failure (who BLOB NOT NULL, at TEXT NOT NULL);
CREATE INDEX sign_in_failure_of ON sign_in_failure (who, at);

-- Append-only. subject: what it was done to, like `issue 2026-W48`; via: console, api, command line.
CREATE TABLE audit (
  id INTEGER PRIMARY KEY,
  at TEXT NOT NULL,
  operator TEXT NOT NULL,
  act TEXT NOT NULL,
  subject TEXT NOT NULL DEFAULT '',
  detail TEXT NOT NULL DEFAULT '',
  via TEXT NOT NULL
);
CREATE INDEX audit_subject ON audit (subject, id);

CREATE TABLE api_key (
  id INTEGER PRIMARY KEY,
  key_hash BLOB NOT NULL UNIQUE,
  name TEXT NOT NULL,
  hint TEXT NOT NULL,
  role TEXT NOT NULL,
  made_by TEXT NOT NULL,
  made_at TEXT NOT NULL,
  used_at TEXT,
  revoked_at TEXT
);

-- What an unsafe call of the API was answered, so that a repeat under its key is answered the same and does nothing.
CREATE TABLE idempotency (
  key_hash BLOB PRIMARY KEY,
  request_sha256 BLOB NOT NULL,
  at TEXT NOT NULL,
  status INTEGER,
  body BLOB
) WITHOUT ROWID;

-- What an issue said before each change of its content, so that a change can be undone. content: JSON, as snapshot() makes it.
CREATE TABLE issue_edit (
  id INTEGER PRIMARY KEY,
  issue_id INTEGER NOT NULL REFERENCES issue (id),
  at TEXT NOT NULL,
  operator TEXT NOT NULL,
  content TEXT NOT NULL
);
CREATE INDEX issue_edit_of ON issue_edit (issue_id, id);

-- Readers as an operator looks for them: by a part of their address, and by topic.
CREATE INDEX subscriber_email ON subscriber (email COLLATE NOCASE, status) WHERE email IS NOT NULL;
CREATE INDEX subscriber_topic_topic ON subscriber_topic (topic, subscriber_id);

-- words: why an operator suppressed it; empty for every other reason.
ALTER TABLE suppression ADD COLUMN words TEXT NOT NULL DEFAULT '';
CREATE INDEX suppression_reason ON suppression (reason);

-- How many subscribers have each status: kept, because counting a million of them takes too long for a page.
CREATE TABLE subscriber_count (status TEXT PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO subscriber_count SELECT status, count(*) FROM subscriber GROUP BY status;
CREATE TRIGGER subscriber_came AFTER INSERT ON subscriber BEGIN
  INSERT INTO subscriber_count VALUES (new.status, 1) ON CONFLICT (status) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER subscriber_turned AFTER UPDATE OF status ON subscriber WHEN new.status <> old.status BEGIN
  UPDATE subscriber_count SET n = n - 1 WHERE status = old.status;
  INSERT INTO subscriber_count VALUES (new.status, 1) ON CONFLICT (status) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER subscriber_went AFTER DELETE ON subscriber BEGIN
  UPDATE subscriber_count SET n = n - 1 WHERE status = old.status;
END;

-- Who came and who left, week by week.
CREATE INDEX subscriber_confirmed ON subscriber (confirmed_at);
CREATE INDEX subscriber_left ON subscriber (unsubscribed_at) WHERE unsubscribed_at IS NOT NULL;
