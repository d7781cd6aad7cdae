-- What readers choose. frequency: `weekly`, or `topics` (no issue without a match). zone: '' is the newsletter's own.
ALTER TABLE subscriber ADD COLUMN frequency TEXT NOT NULL DEFAULT 'weekly';
ALTER TABLE subscriber ADD COLUMN zone TEXT NOT NULL DEFAULT '';

-- Since when somebody has waited for a confirmation because too many people asked in one hour.
ALTER TABLE subscriber ADD COLUMN waiting_since TEXT;
CREATE INDEX subscriber_waiting ON subscriber (waiting_since) WHERE waiting_since IS NOT NULL;
CREATE INDEX subscriber_confirmation ON subscriber (confirmation_at) WHERE confirmation_at IS NOT NULL;

CREATE TABLE subscriber_topic (
  subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
  topic TEXT NOT NULL,
  PRIMARY KEY (subscriber_id, topic)
) WITHOUT ROWID;

-- The topics of a frozen issue: what `frequency = 'topics'` is matched with.
CREATE TABLE issue_topic (
  issue_id INTEGER NOT NULL REFERENCES issue (id),
  topic TEXT NOT NULL,
  PRIMARY KEY (issue_id, topic)
) WITHOUT ROWID;

ALTER TABLE consent ADD COLUMN text_version TEXT NOT NULL DEFAULT '';

-- One address that a subscriber asked to change to; the newest asked for is the one that counts.
CREATE TABLE address_change (
  subscriber_id INTEGER PRIMARY KEY REFERENCES subscriber (id),
  email TEXT NOT NULL,
  asked_at TEXT NOT NULL
);

-- Mails that somebody can have sent to an address which is not known to be theirs.
CREATE TABLE mail_allowance (
  address_hash BLOB NOT NULL,
  purpose TEXT NOT NULL,
  times INTEGER NOT NULL,
  last_at TEXT NOT NULL,
  PRIMARY KEY (address_hash, purpose)
) WITHOUT ROWID;

CREATE INDEX mail_allowance_last ON mail_allowance (last_at);

CREATE TABLE leaving (
  id INTEGER PRIMARY KEY,
  subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
  at TEXT NOT NULL,
  reason TEXT NOT NULL,
  words TEXT NOT NULL DEFAULT ''
);
CREATE INDEX leaving_of ON leaving (subscriber_id);

-- What holds an address, to be found when it is to be forgotten: built requests, mails, and reports as they came.
CREATE INDEX batch_request ON batch (issue_id) WHERE request IS NOT NULL;
CREATE INDEX message_of ON message (subscriber_id) WHERE subscriber_id IS NOT NULL;
CREATE INDEX event_raw ON event (received_at) WHERE raw <> X'';

-- The catalogue: comparisons as readers look for them. listed_on is published_on, else the day first seen.
ALTER TABLE comparison ADD COLUMN listed_on TEXT NOT NULL DEFAULT '';
UPDATE comparison SET listed_on = COALESCE(published_on, substr(first_seen_at, 1, 10));
CREATE INDEX comparison_listed ON comparison (listed_on, id);

-- topic is the slug of category; both are '' where the side has none.
CREATE TABLE comparison_tool (
  comparison_id INTEGER NOT NULL REFERENCES comparison (id),
  side INTEGER NOT NULL,
  tool TEXT NOT NULL,
  name TEXT NOT NULL,
  topic TEXT NOT NULL,
  category TEXT NOT NULL,
  listed_on TEXT NOT NULL,
  PRIMARY KEY (comparison_id, side)
) WITHOUT ROWID;
CREATE INDEX comparison_tool_tool ON comparison_tool (tool, listed_on, comparison_id);
CREATE INDEX comparison_tool_topic ON comparison_tool (topic, listed_on, comparison_id);

CREATE TABLE comparison_text (id INTEGER PRIMARY KEY REFERENCES comparison (id), title TEXT NOT NULL, words TEXT NOT NULL);
CREATE VIRTUAL TABLE comparison_text_fts USING fts5 (
  title, words, content = "comparison_text", content_rowid = "id", tokenize = "unicode61 remove_diacritics 2", prefix = "2 3"
);
CREATE TRIGGER comparison_text_added AFTER INSERT ON comparison_text BEGIN
  INSERT INTO comparison_text_fts (rowid, title, words) VALUES (new.id, new.title, new.words);
END;
CREATE TRIGGER comparison_text_removed AFTER DELETE ON comparison_text BEGIN
  INSERT INTO comparison_text_fts (comparison_text_fts, rowid, title, words) VALUES ('delete', old.id, old.title, old.words);
END;
CREATE TRIGGER comparison_text_changed AFTER UPDATE ON comparison_text BEGIN
  INSERT INTO comparison_text_fts (comparison_text_fts, rowid, title, words) VALUES ('delete', old.id, old.title, old.words);
  INSERT INTO comparison_text_fts (rowid, title, words) VALUES (new.id, new.title, new.words);
END;

-- One changeable vote per reader and tool. choice: NULL is a vote taken back, kept while that can be undone. client: a keyed
-- hash of who pressed the button, for a short time; before: what the reader had chosen until that client came.
CREATE TABLE vote (
  subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
  tool TEXT NOT NULL,
  choice TEXT,
  at TEXT NOT NULL,
  client BLOB,
  before TEXT,
  PRIMARY KEY (subscriber_id, tool)
) WITHOUT ROWID;
CREATE INDEX vote_client ON vote (client, at) WHERE client IS NOT NULL;

-- Votes of people we do not know, counted apart. voter: a keyed hash of the address they come from.
CREATE TABLE web_vote (
  voter BLOB NOT NULL,
  tool TEXT NOT NULL,
  choice TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (voter, tool)
) WITHOUT ROWID;
CREATE INDEX web_vote_at ON web_vote (at);

-- Kept, never counted. changes only grows: pages that show a tally are kept by it.
CREATE TABLE tally (
  tool TEXT PRIMARY KEY,
  ship INTEGER NOT NULL DEFAULT 0,
  skip INTEGER NOT NULL DEFAULT 0,
  web_ship INTEGER NOT NULL DEFAULT 0,
  web_skip INTEGER NOT NULL DEFAULT 0,
  changes INTEGER NOT NULL DEFAULT 0,
  CHECK (ship >= 0 AND skip >= 0 AND web_ship >= 0 AND web_skip >= 0)
) WITHOUT ROWID;

-- How readers had voted when an issue was drafted: what it says of them must not change once it was looked at.
CREATE TABLE issue_tally (
  issue_id INTEGER NOT NULL REFERENCES issue (id),
  tool TEXT NOT NULL,
  ship INTEGER NOT NULL,
  skip INTEGER NOT NULL,
  PRIMARY KEY (issue_id, tool)
) WITHOUT ROWID;

-- Somebody opened the link that no person sees: what this client does beside it is a program's doing.
CREATE TABLE canary (
  id INTEGER PRIMARY KEY,
  subscriber_id INTEGER NOT NULL,
  client BLOB NOT NULL,
  at TEXT NOT NULL
);
CREATE INDEX canary_client ON canary (client, at);

CREATE TABLE saved_tool (
  subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
  tool TEXT NOT NULL,
  at TEXT NOT NULL,
  PRIMARY KEY (subscriber_id, tool)
) WITHOUT ROWID;
CREATE INDEX saved_tool_tool ON saved_tool (tool, subscriber_id);
