-- Who revised a comparison: an operator, a key, `command line`; empty for what was revised before this was kept.
ALTER TABLE comparison_revision ADD COLUMN operator TEXT NOT NULL DEFAULT '';
