-- Files that were applied, known again by their content, whatever their name. kind: subscribers, comparisons. counts: JSON.
CREATE TABLE import_run (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  name TEXT NOT NULL,
  at TEXT NOT NULL,
  operator TEXT NOT NULL,
  via TEXT NOT NULL,
  counts TEXT NOT NULL
);
CREATE INDEX import_run_of ON import_run (kind, sha256, id);

-- People who came without proof of consent and are to be asked for it, until their mail is queued.
CREATE TABLE reconfirmation (subscriber_id INTEGER PRIMARY KEY REFERENCES subscriber (id), since TEXT NOT NULL);
