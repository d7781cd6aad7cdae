"""A message, recipients and a batch to send in tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from newsletter.delivery.message import Batch, Message, Recipient, Sender, Stream
from newsletter.rendering.personalise import Segments, literal

MESSAGE = Message(
    sender=Sender("Weekly Verdicts", "news@example.com"),
    reply_to="editor@example.com",
    subject="Ship or skip: five verdicts",
    html=Segments(('<p>Hello</p><a href="', '">Unsubscribe</a><p>', "</p>"), ("unsubscribe", "note"), "html"),
    text=Segments(("Hello\nUnsubscribe: ", "\n", ""), ("unsubscribe", "note"), "text"),
    headers=(
        ("List-Unsubscribe", Segments(("<", ">, <mailto:leave@example.com>"), ("unsubscribe",))),
        ("List-Unsubscribe-Post", literal("List-Unsubscribe=One-Click")),
        ("List-Id", literal("<verdicts.example.com>")),
    ),
    stream=Stream.BROADCAST,
    at=datetime(2026, 11, 20, 7, 0, tzinfo=UTC),
    nonce="0a1b2c3d4e5f",
)


def message(**changes: Any) -> Message:
    return replace(MESSAGE, **changes)


def reader(number: int, address: str = "", **values: str) -> Recipient:
    filled = {"unsubscribe": f"https://news.example.com/u/token{number}?a=1&b=2", "note": "", **values}
    return Recipient(f"r{number}", address or f"reader{number}@example.net", filled)


def batch(size: int = 1, key: str = "2026-W47/1", of: Message = MESSAGE) -> Batch:
    return Batch(key, of, tuple(reader(number) for number in range(size)))
