-- What somebody made opens no more than they may themselves: the operator or the key that made a key or an invitation;
-- neither where it was made on the command line.

ALTER TABLE api_key ADD COLUMN operator_id INTEGER REFERENCES operator (id);
ALTER TABLE api_key ADD COLUMN parent_id INTEGER REFERENCES api_key (id);
UPDATE api_key SET operator_id = (SELECT id FROM operator WHERE email = made_by);

ALTER TABLE invitation ADD COLUMN operator_id INTEGER REFERENCES operator (id);
ALTER TABLE invitation ADD COLUMN parent_id INTEGER REFERENCES api_key (id);

-- The record is only ever added to.
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN
  SELECT RAISE(ABORT, 'the record is append-only');
END;
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit BEGIN
  SELECT RAISE(ABORT, 'the record is append-only');
END;
