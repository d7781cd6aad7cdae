"""Whatever bytes arrive, an import is whole or not at all, and says what it did: a thousand damaged files."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from newsletter.app.container import App
from newsletter.app.import_comparisons import Upload, import_uploads
from newsletter.app.import_subscribers import Wanted, import_upload
from newsletter.comparisons.formats import dump_csv, dump_json, dump_yaml
from newsletter.errors import InputError
from tests.rendering.week import full_week

SPICE = [
    b"\x00",
    b"\xff\xfe",
    b'"',
    b"\n",
    b"\r",
    b";",
    b"\t",
    b",",
    b"{",
    b"- ",
    b"@",
    b"=1+1",
    b"\xf0\x9f\x8c\xb2",
    b"'",
]
PAGE = (Path(__file__).parents[1] / "pages").glob("*")
PEOPLE = (
    b"email,status,created_at,confirmed_at,unsubscribed_at\n"
    b"ada@example.net,active,2026-01-02T03:04:05+00:00,2026-01-02T03:05:00+00:00,\n"
    b'"bob@example.net",unsubscribed,2026-01-02,2026-01-02,2026-02-03\n'
    b"eve@example.net,pending,2026-01-02,,\n"
)


def damaged(content: bytes, dice: random.Random) -> bytes:
    """The content with a few of its bytes cut, doubled, exchanged or spiced."""
    found = bytearray(content)
    for _ in range(dice.randint(1, 6)):
        here = dice.randrange(len(found) + 1)
        match dice.randrange(5):
            case 0:
                del found[here:]
            case 1:
                del found[here : here + dice.randint(1, 40)]
            case 2:
                found[here:here] = dice.choice(SPICE)
            case 3:
                found[here:here] = found[here : here + dice.randint(1, 200)]
            case _:
                found[here : here + 1] = bytes([dice.randrange(256)])
    return bytes(found)


def rows_of(app: App, *tables: str) -> list[tuple[object, ...]]:
    return [tuple(row) for table in tables for row in app.store.database.query(f"SELECT * FROM {table}")]


WEEK = [item.comparison for item in full_week()[:3]]
SOURCES: dict[str, Callable[[], bytes]] = {
    "week.yaml": lambda: dump_yaml(WEEK).encode(),
    "week.json": lambda: dump_json(WEEK).encode(),
    "week.csv": lambda: dump_csv(WEEK).encode(),
    "week.tsv": lambda: dump_csv(WEEK).replace(",", "\t").encode("utf-16"),
    "page.txt": lambda: min(PAGE).read_bytes(),
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_damaged_file_of_comparisons_is_applied_whole_or_not_at_all(app: App, name: str) -> None:
    dice, content = random.Random(name), SOURCES[name]()
    applied = 0
    for _ in range(120):
        upload = Upload(name, damaged(content, dice))
        before = rows_of(app, "comparison", "comparison_revision", "comparison_tool")
        plan = import_uploads(app, [upload])
        assert rows_of(app, "comparison", "comparison_revision", "comparison_tool") == before
        done = import_uploads(app, [upload], seen=plan.marks)
        assert done.counts == plan.counts
        after = rows_of(app, "comparison", "comparison_revision", "comparison_tool")
        if done.counts["rejected"]:
            assert done.counts["new"] == done.counts["changed"] == 0
            assert all(entry.line >= 1 for entry in done.entries)
            assert all(entry.reason and entry.fix for entry in done.entries)
        assert (after != before) == bool(done.counts["new"] or done.counts["changed"])
        applied += after != before
    assert applied or name == "page.txt"


@pytest.mark.parametrize("name", ["people.csv", "people.ndjson", "subscribed_members_export.csv"])
def test_a_damaged_list_of_subscribers_is_applied_as_its_plan_says_or_refused_in_one_line(app: App, name: str) -> None:
    dice = random.Random(name)
    content = PEOPLE
    if name.endswith("ndjson"):
        content = b'{"email": "ada@example.net", "status": "active", "confirmed_at": "2026-01-02"}\n' * 3
    elif name.startswith("subscribed"):
        content = b"Email Address,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,CONFIRM_IP,TAGS\n" + (
            b"ada@example.net,2,2025-03-01 10:00:00,203.0.113.7,2025-03-01 10:00:00,203.0.113.7,\n" * 3
        )
    tables = ("subscriber", "consent", "suppression", "subscriber_topic")
    told: list[str] = []
    applied = 0
    for number in range(150):
        upload = damaged(content.replace(b"example.net", b"%d.example.net" % (number % 7)), dice)
        before = rows_of(app, *tables)
        wanted = Wanted("They ticked the box at the fair.")
        try:
            plan = import_upload(app, name, upload, wanted=wanted, shown=None)
        except InputError as error:
            told.append(str(error))
            assert rows_of(app, *tables) == before
            continue
        assert rows_of(app, *tables) == before
        done = import_upload(app, name, upload, wanted=wanted, shown=plan.mark)
        assert done.counts == plan.counts
        applied += rows_of(app, *tables) != before
    assert told
    assert not any("\n" in line for line in told)
    assert applied
