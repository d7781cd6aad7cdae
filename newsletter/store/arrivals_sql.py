"""The statements of Arrivals: temporary tables, the plan as one SELECT, and what applies it."""

from __future__ import annotations

TABLES = (
    "CREATE TEMPORARY TABLE arrival (number INTEGER PRIMARY KEY, line INTEGER NOT NULL, email TEXT NOT NULL,"
    " address_hash BLOB NOT NULL, standing TEXT NOT NULL, joined_at TEXT, proof_at TEXT, proof_ip TEXT, left_at TEXT,"
    " frequency TEXT NOT NULL, zone TEXT NOT NULL, paused_until TEXT)",
    "CREATE TEMPORARY TABLE arrival_topic (number INTEGER NOT NULL, topic TEXT NOT NULL, PRIMARY KEY (number, topic))",
    "CREATE TEMPORARY TABLE arrival_bad (number INTEGER PRIMARY KEY, line INTEGER NOT NULL, cells TEXT NOT NULL,"
    " place TEXT NOT NULL, reason TEXT NOT NULL, fix TEXT NOT NULL, kind TEXT NOT NULL)",
    "CREATE TEMPORARY TABLE arrival_twice (number INTEGER PRIMARY KEY, first INTEGER NOT NULL)",
    # person: the subscriber who has the address already
    "CREATE TEMPORARY TABLE arrival_plan (number INTEGER PRIMARY KEY, kind TEXT NOT NULL, why TEXT NOT NULL,"
    " person INTEGER)",
    "CREATE INDEX arrival_plan_person ON arrival_plan (person) WHERE person IS NOT NULL",
)

# Of an address that stands there several times the row counts that says most against mailing it, else the first.
TWICE = """
INSERT INTO arrival_twice
SELECT number, first FROM (
  SELECT number, first_value(number) OVER (PARTITION BY address_hash ORDER BY CASE standing WHEN 'complained' THEN 0
    WHEN 'bounced' THEN 1 WHEN 'unsubscribed' THEN 2 WHEN 'disabled' THEN 3 ELSE 4 END, number) AS first FROM arrival
) AS ranked WHERE first <> number
"""

# :ours is our own list, in which alone the rest of somebody's story stands: who left there has left here and stays a
# subscriber, and what they were before they asked anew and their pause are known.
_PROVEN = "(arrival.standing = 'active' AND (arrival.proof_at IS NOT NULL OR :vouched))"
_NO_TOPICS = """(
  EXISTS (SELECT 1 FROM arrival_topic WHERE arrival_topic.number = arrival.number)
  AND NOT EXISTS (SELECT 1 FROM subscriber_topic WHERE subscriber_id = subscriber.id)
  AND NOT EXISTS (SELECT 1 FROM consent WHERE subscriber_id = subscriber.id AND consent.kind = 'preferences')
)"""
_NO_PROOF = """NOT EXISTS (
  SELECT 1 FROM consent WHERE subscriber_id = subscriber.id
  AND consent.kind IN ('confirmed', 'imported', 'resubscribed')
)"""

# Materialized, or else the whole of it is weighed again for every mention of the verdict.
PLAN = f"""
WITH weighed AS MATERIALIZED (
  SELECT arrival.number AS number, subscriber.id AS person, CASE
    WHEN arrival_twice.number IS NOT NULL THEN 'duplicate'
    WHEN suppression.reason IS NOT NULL AND NOT (
      (arrival.standing = 'complained' AND suppression.reason IN ('hard_bounce', 'operator'))
      OR (arrival.standing = 'bounced' AND suppression.reason = 'operator')) THEN 'suppressed ' || suppression.reason
    WHEN arrival.standing IN ('complained', 'bounced') THEN
      CASE WHEN suppression.reason IS NULL AND subscriber.status = 'active' THEN 'suppressing stops'
      ELSE 'suppressing' END
    WHEN subscriber.status = 'unsubscribed' OR subscriber.unsubscribed_at IS NOT NULL THEN 'unsubscribed'
    WHEN arrival.standing = 'unsubscribed' AND subscriber.id IS NULL AND :ours THEN 'new left'
    WHEN arrival.standing IN ('unsubscribed', 'disabled') THEN
      CASE WHEN subscriber.status = 'active' THEN 'suppressing stops' ELSE 'suppressing' END
    WHEN subscriber.id IS NULL AND {_PROVEN} THEN 'new'
    WHEN subscriber.id IS NULL AND :reconfirm AND arrival.standing = 'active' THEN 'flagged asked'
    WHEN subscriber.id IS NULL THEN 'flagged'
    WHEN subscriber.status = 'pending' AND {_PROVEN} AND {_NO_TOPICS} THEN 'changed activated, topics'
    WHEN subscriber.status = 'pending' AND {_PROVEN} THEN 'changed activated'
    WHEN subscriber.status = 'pending' AND :reconfirm AND arrival.standing = 'active'
      AND subscriber.confirmations = 0 AND NOT EXISTS
      (SELECT 1 FROM reconfirmation WHERE subscriber_id = subscriber.id) THEN 'flagged asked'
    WHEN subscriber.status = 'active' AND {_PROVEN} AND {_NO_PROOF} AND {_NO_TOPICS} THEN 'changed proof, topics'
    WHEN subscriber.status = 'active' AND {_PROVEN} AND {_NO_PROOF} THEN 'changed proof'
    WHEN subscriber.status = 'active' AND arrival.standing = 'active' AND {_NO_TOPICS} THEN 'changed topics'
    ELSE 'unchanged' END AS verdict
  FROM arrival
  LEFT JOIN arrival_twice ON arrival_twice.number = arrival.number
  LEFT JOIN suppression ON suppression.address_hash = arrival.address_hash
  LEFT JOIN subscriber ON subscriber.address_hash = arrival.address_hash
)
INSERT INTO arrival_plan
SELECT number,
  CASE WHEN verdict LIKE '% %' THEN substr(verdict, 1, instr(verdict, ' ') - 1) ELSE verdict END,
  CASE WHEN verdict LIKE '% %' THEN substr(verdict, instr(verdict, ' ') + 1) ELSE '' END,
  person
FROM weighed
"""

FIRST = """
SELECT arrival.line, arrival.email, why, arrival.standing, one.line AS first_line
FROM arrival_plan JOIN arrival ON arrival.number = arrival_plan.number
LEFT JOIN arrival_twice ON arrival_twice.number = arrival_plan.number
LEFT JOIN arrival AS one ON one.number = arrival_twice.first
WHERE kind = :kind ORDER BY arrival_plan.number LIMIT :limit
"""

_PLANNED = "arrival_plan JOIN arrival ON arrival.number = arrival_plan.number"
# A newcomer's id is counted on from the last one's, :base; looking it up by the address would take longer.
_ID = "COALESCE(person, :base + arrival_plan.number)"
LAST = "SELECT COALESCE(max(id), 0) FROM subscriber"
_NEWCOMER = "kind IN ('new', 'flagged') AND person IS NULL"
_SOURCE = ":name || ', line ' || arrival.line"
_STOPPED = f"(SELECT person FROM {_PLANNED} WHERE kind = 'suppressing' AND person IS NOT NULL)"
_LEAVING = (
    f"(SELECT person FROM {_PLANNED} WHERE kind = 'suppressing' AND person IS NOT NULL AND standing = 'unsubscribed')"
)

COME = f"""
INSERT INTO subscriber
  (id, email, address_hash, status, created_at, confirmed_at, unsubscribed_at, paused_until, frequency, zone)
SELECT :base + arrival_plan.number, email, address_hash,
  CASE WHEN why = 'left' THEN 'unsubscribed' WHEN kind = 'new' THEN 'active' ELSE 'pending' END,
  COALESCE(joined_at, proof_at, CASE WHEN why = 'left' THEN left_at END, :now),
  CASE WHEN kind = 'new' AND why = '' THEN COALESCE(proof_at, joined_at, :now) WHEN :ours THEN proof_at END,
  CASE WHEN why = 'left' THEN COALESCE(left_at, :now) WHEN kind = 'flagged' AND :ours THEN left_at END,
  paused_until,
  CASE WHEN frequency = 'topics' AND EXISTS (SELECT 1 FROM arrival_topic WHERE arrival_topic.number = arrival.number)
    THEN 'topics' ELSE 'weekly' END,
  zone
FROM {_PLANNED} WHERE {_NEWCOMER} ORDER BY arrival_plan.number
"""

NEWCOMERS = f"SELECT count(*) FROM arrival_plan WHERE {_NEWCOMER}"

APPLY = (
    f"""
UPDATE subscriber SET status = 'active', confirmations = 0, confirmation_at = NULL, waiting_since = NULL,
  paused_until = NULL, confirmed_at = (SELECT COALESCE(proof_at, :now) FROM {_PLANNED} WHERE person = subscriber.id
    AND why LIKE 'activated%')
WHERE status = 'pending' AND id IN (SELECT person FROM arrival_plan WHERE why LIKE 'activated%')
""",
    # the record of each proof; who was flagged before is asked now, and that is recorded when it is done
    f"""
INSERT INTO consent (subscriber_id, kind, at, source, text_sha256, ip)
SELECT {_ID},
  CASE WHEN why = 'left' THEN 'unsubscribed' WHEN kind = 'flagged' THEN 'imported_without_proof' ELSE 'imported' END,
  CASE WHEN why = 'left' THEN COALESCE(left_at, :now) WHEN kind = 'flagged' THEN :now ELSE COALESCE(proof_at, :now) END,
  {_SOURCE},
  CASE WHEN why = 'left' OR (kind <> 'flagged' AND proof_at IS NOT NULL) THEN '' ELSE :text_sha256 END,
  CASE WHEN why <> 'left' AND kind <> 'flagged' AND proof_at >= :ips_since THEN proof_ip END
FROM {_PLANNED}
WHERE ({_NEWCOMER}) OR (kind = 'changed' AND why <> 'topics')
ORDER BY arrival_plan.number
""",
    f"""
INSERT INTO consent (subscriber_id, kind, at, source, text_sha256)
SELECT person, 'preferences', :now, {_SOURCE}, '' FROM {_PLANNED} WHERE kind = 'changed' AND why LIKE '%topics'
""",
    f"""
INSERT INTO subscriber_topic
SELECT {_ID}, topic FROM arrival_topic JOIN arrival_plan ON arrival_plan.number = arrival_topic.number
WHERE ({_NEWCOMER}) OR (kind = 'changed' AND why LIKE '%topics')
ON CONFLICT DO NOTHING
""",
    f"""
INSERT INTO reconfirmation
SELECT {_ID}, :now FROM {_PLANNED} WHERE kind = 'flagged' AND why = 'asked' ON CONFLICT DO NOTHING
""",
    f"""
INSERT INTO consent (subscriber_id, kind, at, source, text_sha256)
SELECT person, 'unsubscribed', COALESCE(left_at, :now), {_SOURCE}, '' FROM {_PLANNED}
WHERE kind = 'suppressing' AND person IS NOT NULL AND standing = 'unsubscribed'
""",
    f"""
UPDATE subscriber SET status = 'unsubscribed', waiting_since = NULL,
  confirmations = CASE status WHEN 'active' THEN 0 ELSE confirmations END,
  unsubscribed_at = (SELECT COALESCE(left_at, :now) FROM {_PLANNED} WHERE person = subscriber.id
    AND kind = 'suppressing')
WHERE status IN ('active', 'pending') AND id IN {_LEAVING}
""",
    f"DELETE FROM reconfirmation WHERE subscriber_id IN {_STOPPED}",
    # the mails to them that no sender has taken yet
    f"""
UPDATE message SET status = 'cancelled', html = '', text = '', key = key || '/called-back/' || id
WHERE kind IN ('welcome', 'confirmation') AND status = 'waiting' AND owner IS NULL AND subscriber_id IN {_STOPPED}
""",
    f"""
INSERT INTO suppression (address_hash, reason, created_at, words)
SELECT address_hash,
  CASE standing WHEN 'complained' THEN 'complaint' WHEN 'bounced' THEN 'hard_bounce' ELSE 'operator' END,
  COALESCE(left_at, :now),
  CASE standing WHEN 'unsubscribed' THEN 'Had unsubscribed elsewhere: ' || {_SOURCE}
    WHEN 'disabled' THEN 'Mail was turned off elsewhere: ' || {_SOURCE} ELSE '' END
FROM {_PLANNED} WHERE kind = 'suppressing'
ON CONFLICT (address_hash) DO UPDATE SET reason = excluded.reason, words = excluded.words
WHERE (suppression.reason = 'hard_bounce' AND excluded.reason = 'complaint')
  OR (suppression.reason = 'operator' AND excluded.reason <> 'operator')
""",
)
