-- How many reports and how many mails to one person have each status: kept, because the first page of the console shows
-- them, and counting ten million takes two seconds.
CREATE TABLE event_count (status TEXT PRIMARY KEY, n INTEGER NOT NULL CHECK (n >= 0)) WITHOUT ROWID;
INSERT INTO event_count SELECT status, count(*) FROM event GROUP BY status;
CREATE TRIGGER event_came AFTER INSERT ON event BEGIN
  INSERT INTO event_count VALUES (new.status, 1) ON CONFLICT (status) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER event_turned AFTER UPDATE OF status ON event WHEN new.status <> old.status BEGIN
  UPDATE event_count SET n = n - 1 WHERE status = old.status;
  INSERT INTO event_count VALUES (new.status, 1) ON CONFLICT (status) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER event_went AFTER DELETE ON event BEGIN
  UPDATE event_count SET n = n - 1 WHERE status = old.status;
END;

CREATE TABLE message_count (status TEXT PRIMARY KEY, n INTEGER NOT NULL CHECK (n >= 0)) WITHOUT ROWID;
INSERT INTO message_count SELECT status, count(*) FROM message GROUP BY status;
CREATE TRIGGER message_came AFTER INSERT ON message BEGIN
  INSERT INTO message_count VALUES (new.status, 1) ON CONFLICT (status) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER message_turned AFTER UPDATE OF status ON message WHEN new.status <> old.status BEGIN
  UPDATE message_count SET n = n - 1 WHERE status = old.status;
  INSERT INTO message_count VALUES (new.status, 1) ON CONFLICT (status) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER message_went AFTER DELETE ON message BEGIN
  UPDATE message_count SET n = n - 1 WHERE status = old.status;
END;

-- How many an issue would go to is asked by its pages: found by those who would not get it, who are few.
CREATE INDEX subscriber_mailed ON subscriber (address_hash) WHERE status = 'active';
CREATE INDEX subscriber_paused ON subscriber (paused_until, status, address_hash) WHERE paused_until IS NOT NULL;
CREATE INDEX subscriber_choosy ON subscriber (status, paused_until, id, address_hash) WHERE frequency = 'topics';
