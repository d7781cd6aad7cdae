-- Every pull of a source of comparisons. problem: what went wrong, or empty; counts: JSON, kind → comparisons;
-- issue_id: the draft that it was made for.
CREATE TABLE source_pull (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  at TEXT NOT NULL,
  problem TEXT NOT NULL,
  counts TEXT NOT NULL,
  issue_id INTEGER REFERENCES issue (id)
);
CREATE INDEX source_pull_of ON source_pull (source, id);
CREATE INDEX source_pull_for ON source_pull (issue_id) WHERE issue_id IS NOT NULL;
