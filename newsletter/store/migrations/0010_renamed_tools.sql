-- Tools whose slug was changed: old leads to new, which no row has as its old.
CREATE TABLE renamed_tool (
  old TEXT PRIMARY KEY,
  new TEXT NOT NULL,
  at TEXT NOT NULL,
  operator TEXT NOT NULL
);
CREATE INDEX renamed_tool_new ON renamed_tool (new);
