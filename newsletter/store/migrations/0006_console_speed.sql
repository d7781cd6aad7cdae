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
CREATE INDEX subscriber_paused ON subscriber (paused_until, status, address_hash) WHERE paused_until IS NOT NULL;
CREATE INDEX subscriber_choosy ON subscriber (status, paused_until, id, address_hash) WHERE frequency = 'topics';

-- Who is active and suppressed all the same: kept, because to find them anew takes a look-up for every suppression.
CREATE TABLE stopped (subscriber_id INTEGER PRIMARY KEY);
INSERT INTO stopped SELECT subscriber.id FROM suppression JOIN subscriber
  ON subscriber.address_hash = suppression.address_hash WHERE subscriber.status = 'active';
CREATE TRIGGER stopped_came AFTER INSERT ON subscriber WHEN new.status = 'active'
  AND EXISTS (SELECT 1 FROM suppression WHERE address_hash = new.address_hash) BEGIN
  INSERT INTO stopped VALUES (new.id) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER stopped_turned AFTER UPDATE OF status, address_hash ON subscriber
WHEN new.status <> old.status OR new.address_hash IS NOT old.address_hash BEGIN
  DELETE FROM stopped WHERE subscriber_id = old.id;
  INSERT INTO stopped SELECT new.id WHERE new.status = 'active'
    AND EXISTS (SELECT 1 FROM suppression WHERE address_hash = new.address_hash);
END;
CREATE TRIGGER stopped_went AFTER DELETE ON subscriber BEGIN
  DELETE FROM stopped WHERE subscriber_id = old.id;
END;
CREATE TRIGGER stopped_by AFTER INSERT ON suppression BEGIN
  INSERT INTO stopped SELECT id FROM subscriber WHERE address_hash = new.address_hash AND status = 'active'
    ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER stopped_no_more AFTER DELETE ON suppression BEGIN
  DELETE FROM stopped WHERE subscriber_id IN (SELECT id FROM subscriber WHERE address_hash = old.address_hash);
END;
