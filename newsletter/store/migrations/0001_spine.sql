-- Times are ISO 8601 UTC text with microseconds, so that text order is time order. Dates are ISO local dates.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE comparison (
  id INTEGER PRIMARY KEY,
  slug TEXT NOT NULL UNIQUE,
  pair TEXT NOT NULL,
  title TEXT NOT NULL,
  published_on TEXT,
  first_seen_at TEXT NOT NULL,
  archived INTEGER NOT NULL DEFAULT 0,
  document TEXT NOT NULL,
  content_sha256 TEXT NOT NULL,
  changed_at TEXT NOT NULL
);
CREATE INDEX comparison_pair ON comparison (pair);

CREATE TABLE comparison_revision (
  id INTEGER PRIMARY KEY,
  comparison_id INTEGER NOT NULL REFERENCES comparison (id),
  changed_at TEXT NOT NULL,
  document TEXT NOT NULL
);
CREATE INDEX comparison_revision_of ON comparison_revision (comparison_id);

CREATE TABLE subscriber (
  id INTEGER PRIMARY KEY,
  email TEXT,
  address_hash BLOB UNIQUE,
  status TEXT NOT NULL,
  created_at TEXT NOT NULL,
  confirmed_at TEXT,
  unsubscribed_at TEXT,
  paused_until TEXT,
  confirmations INTEGER NOT NULL DEFAULT 0,
  confirmation_at TEXT
);
CREATE INDEX subscriber_status ON subscriber (status);

CREATE TABLE consent (
  id INTEGER PRIMARY KEY,
  subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
  kind TEXT NOT NULL,
  at TEXT NOT NULL,
  source TEXT NOT NULL,
  text_sha256 TEXT NOT NULL,
  ip TEXT
);
CREATE INDEX consent_of ON consent (subscriber_id);
CREATE TABLE consent_text (sha256 TEXT PRIMARY KEY, text TEXT NOT NULL);

CREATE TABLE suppression (
  address_hash BLOB PRIMARY KEY,
  reason TEXT NOT NULL,
  created_at TEXT NOT NULL
);

CREATE TABLE issue (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  slot TEXT NOT NULL,
  corrects INTEGER UNIQUE REFERENCES correction (id),
  slot_at TEXT NOT NULL,
  cutoff_at TEXT NOT NULL,
  status TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  created_at TEXT NOT NULL,
  nonce TEXT NOT NULL,
  subject TEXT NOT NULL DEFAULT '',
  preheader TEXT NOT NULL DEFAULT '',
  intro TEXT NOT NULL DEFAULT '',
  test_sha256 TEXT,
  approved_at TEXT,
  content_sha256 TEXT,
  hold_until TEXT,
  frozen_at TEXT,
  finished_at TEXT,
  manifest TEXT,
  envelope TEXT,
  html TEXT,
  text TEXT,
  frozen INTEGER NOT NULL DEFAULT 0,
  waiting INTEGER NOT NULL DEFAULT 0,
  in_flight INTEGER NOT NULL DEFAULT 0,
  accepted INTEGER NOT NULL DEFAULT 0,
  rejected INTEGER NOT NULL DEFAULT 0,
  suppressed INTEGER NOT NULL DEFAULT 0,
  unknown INTEGER NOT NULL DEFAULT 0,
  cancelled INTEGER NOT NULL DEFAULT 0,
  CHECK (frozen = waiting + in_flight + accepted + rejected + suppressed + unknown + cancelled)
);

-- One issue per slot; the mail of a correction has the slot of the issue that it corrects.
CREATE UNIQUE INDEX issue_slot ON issue (slot) WHERE corrects IS NULL;

CREATE TABLE correction (
  id INTEGER PRIMARY KEY,
  issue_id INTEGER NOT NULL REFERENCES issue (id),
  at TEXT NOT NULL,
  text TEXT NOT NULL,
  reason TEXT NOT NULL
);
CREATE INDEX correction_of ON correction (issue_id);

CREATE TABLE issue_item (
  issue_id INTEGER NOT NULL REFERENCES issue (id),
  comparison_id INTEGER NOT NULL REFERENCES comparison (id),
  position INTEGER NOT NULL,
  section TEXT NOT NULL,
  before TEXT NOT NULL,
  labels TEXT NOT NULL,
  PRIMARY KEY (issue_id, comparison_id)
);
CREATE INDEX issue_item_comparison ON issue_item (comparison_id);

CREATE TABLE issue_choice (
  issue_id INTEGER NOT NULL REFERENCES issue (id),
  comparison_id INTEGER NOT NULL REFERENCES comparison (id),
  rank INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  section TEXT,
  reason TEXT NOT NULL,
  PRIMARY KEY (issue_id, comparison_id)
);

CREATE TABLE delivery (
  issue_id INTEGER NOT NULL REFERENCES issue (id),
  subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
  status TEXT NOT NULL,
  outcome TEXT,
  outcome_at TEXT,
  detail TEXT,
  provider_id BLOB,
  PRIMARY KEY (issue_id, subscriber_id)
) WITHOUT ROWID;

-- A batch is the deliveries of one issue from first_id to last_id that are waiting when it is claimed.
CREATE TABLE batch (
  issue_id INTEGER NOT NULL REFERENCES issue (id),
  number INTEGER NOT NULL,
  first_id INTEGER NOT NULL,
  last_id INTEGER NOT NULL,
  size INTEGER NOT NULL,
  status TEXT NOT NULL,
  provider TEXT,
  owner TEXT,
  lease_until REAL,
  not_before REAL NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  first_sent_at REAL,
  request BLOB,
  body_sha256 BLOB,
  detail TEXT,
  parent INTEGER,
  PRIMARY KEY (issue_id, number)
) WITHOUT ROWID;
CREATE INDEX batch_status ON batch (issue_id, status, number);

CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  subscriber_id INTEGER REFERENCES subscriber (id),
  address TEXT NOT NULL,
  envelope TEXT NOT NULL,
  html TEXT NOT NULL,
  text TEXT NOT NULL,
  created_at TEXT NOT NULL,
  status TEXT NOT NULL,
  provider TEXT,
  owner TEXT,
  lease_until REAL,
  not_before REAL NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  first_sent_at REAL,
  body_sha256 BLOB,
  outcome TEXT,
  provider_id TEXT,
  detail TEXT
);
CREATE INDEX message_status ON message (status);

CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  provider TEXT NOT NULL,
  report_id TEXT NOT NULL,
  raw BLOB NOT NULL,
  received_at TEXT NOT NULL,
  status TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT '',
  UNIQUE (provider, report_id)
);
CREATE INDEX event_status ON event (status);

CREATE TABLE pace (name TEXT PRIMARY KEY, next_at REAL NOT NULL);

CREATE TABLE heartbeat (name TEXT PRIMARY KEY, at TEXT NOT NULL, detail TEXT NOT NULL DEFAULT '');
