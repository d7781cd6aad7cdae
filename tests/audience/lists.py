"""Reading a list in a test."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, datetime

from newsletter.audience.arrivals import Arrival, BadRow, Standing
from newsletter.audience.dialects import Reading, arrivals

SUBSTACK = "email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at"
GHOST = (
    "id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers"
)


def read(
    text: str | bytes,
    name: str = "list.csv",
    columns: Mapping[str, str] | None = None,
    status: Standing | None = None,
) -> tuple[Reading, list[Arrival | BadRow]]:
    content = text.encode() if isinstance(text, str) else text
    reading = arrivals(io.BytesIO(content), name, columns=columns, status=status)
    return reading, list(reading.rows)


def people(
    text: str, name: str = "list.csv", columns: Mapping[str, str] | None = None, status: Standing | None = None
) -> list[Arrival]:
    found = []
    for row in read(text, name, columns, status)[1]:
        assert isinstance(row, Arrival), row
        found.append(row)
    return found


def bad(text: str, name: str = "list.csv", columns: Mapping[str, str] | None = None) -> BadRow:
    (row,) = read(text, name, columns)[1]
    assert isinstance(row, BadRow), row
    return row


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type] # mypy takes tzinfo for one of the parts
