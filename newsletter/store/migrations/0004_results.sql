-- What came of each issue, kept: counting a million deliveries, or votes, takes too long for a page.

-- Deliveries that a report stands for.
CREATE TABLE delivery_count (
  issue_id INTEGER NOT NULL REFERENCES issue (id),
  status TEXT NOT NULL,
  outcome TEXT NOT NULL,
  n INTEGER NOT NULL CHECK (n >= 0),
  PRIMARY KEY (issue_id, status, outcome)
) WITHOUT ROWID;
INSERT INTO delivery_count
  SELECT issue_id, status, outcome, count(*) FROM delivery WHERE outcome IS NOT NULL GROUP BY issue_id, status, outcome;
CREATE TRIGGER delivery_came AFTER INSERT ON delivery WHEN new.outcome IS NOT NULL BEGIN
  INSERT INTO delivery_count VALUES (new.issue_id, new.status, new.outcome, 1)
    ON CONFLICT (issue_id, status, outcome) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER delivery_turned AFTER UPDATE OF status, outcome ON delivery
WHEN (old.outcome IS NOT NULL OR new.outcome IS NOT NULL)
  AND (old.status <> new.status OR old.outcome IS NOT new.outcome) BEGIN
  UPDATE delivery_count SET n = n - 1
    WHERE issue_id = old.issue_id AND status = old.status AND outcome = old.outcome;
  INSERT INTO delivery_count SELECT new.issue_id, new.status, new.outcome, 1 WHERE new.outcome IS NOT NULL
    ON CONFLICT (issue_id, status, outcome) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER delivery_went AFTER DELETE ON delivery WHEN old.outcome IS NOT NULL BEGIN
  UPDATE delivery_count SET n = n - 1
    WHERE issue_id = old.issue_id AND status = old.status AND outcome = old.outcome;
END;

-- Who did not get an issue, to be found among a million who did. What is still on its way is not in it.
CREATE INDEX delivery_missed ON delivery (issue_id, subscriber_id, status)
  WHERE status IN ('rejected', 'suppressed', 'unknown', 'cancelled')
  OR outcome IN ('rejected', 'hard_bounce', 'soft_bounce');

-- What can still be done something about, of each kind by itself.
CREATE INDEX delivery_open ON delivery (issue_id, status, subscriber_id) WHERE status IN ('rejected', 'unknown');

-- The issue in whose mail a vote was cast, and the one of the vote before it; NULL: on a page.
ALTER TABLE vote ADD COLUMN issue_id INTEGER;
ALTER TABLE vote ADD COLUMN before_issue_id INTEGER;
CREATE TABLE vote_count (
  issue_id INTEGER NOT NULL,
  choice TEXT NOT NULL,
  n INTEGER NOT NULL CHECK (n >= 0),
  PRIMARY KEY (issue_id, choice)
) WITHOUT ROWID;
CREATE TRIGGER vote_came AFTER INSERT ON vote WHEN new.issue_id IS NOT NULL AND new.choice IS NOT NULL BEGIN
  INSERT INTO vote_count VALUES (new.issue_id, new.choice, 1) ON CONFLICT (issue_id, choice) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER vote_turned AFTER UPDATE OF choice, issue_id ON vote
WHEN old.choice IS NOT new.choice OR old.issue_id IS NOT new.issue_id BEGIN
  UPDATE vote_count SET n = n - 1 WHERE issue_id = old.issue_id AND choice = old.choice;
  INSERT INTO vote_count SELECT new.issue_id, new.choice, 1 WHERE new.issue_id IS NOT NULL AND new.choice IS NOT NULL
    ON CONFLICT (issue_id, choice) DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER vote_went AFTER DELETE ON vote BEGIN
  UPDATE vote_count SET n = n - 1 WHERE issue_id = old.issue_id AND choice = old.choice;
END;

-- Who left, and did not come back, by a link of which issue. Of those who left before this was kept: the newest issue that
-- they had got by then.
CREATE TABLE issue_leaving (
  issue_id INTEGER NOT NULL REFERENCES issue (id),
  subscriber_id INTEGER NOT NULL REFERENCES subscriber (id),
  at TEXT NOT NULL,
  PRIMARY KEY (issue_id, subscriber_id)
) WITHOUT ROWID;
CREATE INDEX issue_leaving_of ON issue_leaving (subscriber_id);
INSERT INTO issue_leaving
  -- CROSS JOIN: issue by issue, each by the whole key; else every delivery would be read for everybody who left
  SELECT (SELECT issue.id FROM issue CROSS JOIN delivery
      WHERE delivery.issue_id = issue.id AND delivery.subscriber_id = subscriber.id AND delivery.status = 'accepted'
      AND issue.frozen_at <= subscriber.unsubscribed_at ORDER BY issue.frozen_at DESC LIMIT 1) AS last, id, unsubscribed_at
  FROM subscriber WHERE unsubscribed_at IS NOT NULL AND status = 'unsubscribed' AND last IS NOT NULL
  AND EXISTS (SELECT 1 FROM consent WHERE consent.subscriber_id = subscriber.id AND kind = 'unsubscribed'
    AND source IN ('unsubscribe page', 'one-click unsubscribe'));
