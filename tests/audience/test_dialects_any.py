"""Any file at all is read or refused with a line; our own comes back as it went; plain addresses are not guessed."""

from __future__ import annotations

import csv
import io
import ipaddress
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.audience.addresses import plain_address
from newsletter.audience.arrivals import KINDS, Arrival, BadRow, Standing
from newsletter.audience.dates import moment
from newsletter.audience.dialects import FIELDS, arrivals
from newsletter.audience.products import OURS, PRODUCTS
from newsletter.audience.rows import topics_of
from newsletter.errors import InputError
from newsletter.tables import write_table

# --- addresses


def by_the_rules(text: str) -> str:
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        return ""
    return found.ascii_email or found.normalized


HOSTILE = [
    "INFO@Example.COM",
    "PostMaster@example.com",
    "a@b",
    "a@example",
    "a@x.test",
    "a@x.LOCAL",
    "a@localhost.onion",
    "a@-x.com",
    "a@x-.com",
    "a@x--y.com",
    "a@xn--bcher-kva.example.com",
    "a@XN--BCHER-KVA.example.com",
    "a@ab--cd.com",
    ".a@example.com",
    "a.@example.com",
    "a..b@example.com",
    "a@example..com",
    "a@example.com.",
    "a@.com",
    "a@example.c",
    "a@example.c0m",
    "a@1.2.3.4",
    "a@[1.2.3.4]",
    "a@example.com\n",
    "a@example.com\x00",
    "a@exam\u00adple.com",
    "a@ex\u0430mple.com",
    "\uff41@example.com",
    "a@\uff45xample.com",
    "a＠example.com",
    "a@example。com",
    "Ada <a@example.com>",
    '"a"@example.com',
    "a@example.com,b@example.com",
    "=cmd|'/c calc'!A0@example.com",
    "-a@example.com",
    "+a@example.com",
    "_@example.com",
    "a" * 64 + "@example.com",
    "a" * 65 + "@example.com",
    "a@" + "b" * 63 + ".com",
    "a@" + "b" * 64 + ".com",
    "a@" + "b." * 120 + "com",
    "a@" + "b." * 130 + "com",
    "a@example." + "c" * 63,
    "a@example." + "c" * 64,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_address_is_what_the_rules_say_or_left_to_them(text: str) -> None:
    assert plain_address(text) in ("", by_the_rules(text))


ATOMS = st.text(st.sampled_from("abzAZ059_+-.'\"@ é\u0430\u200b"), max_size=12)
NAMES = st.sampled_from([*"a1-.", "b", "example", "com", "XN--", "--", "test", "Local", "org", "io", "bücher", "。"])


@settings(max_examples=600, deadline=None)
@given(ATOMS, st.lists(NAMES, max_size=8).map("".join))
@example("info", "example.com")
def test_a_plain_address_is_the_one_that_the_rules_make_of_it(local: str, domain: str) -> None:
    text = f"{local}@{domain}"
    plain = plain_address(text)
    if plain:
        assert plain == by_the_rules(text)


@settings(max_examples=300, deadline=None)
@given(
    st.from_regex(r"[A-Za-z0-9_+-]{1,70}(\.[A-Za-z0-9_+-]{1,9}){0,3}", fullmatch=True),
    st.from_regex(r"([A-Za-z0-9]{1,66}(-[A-Za-z0-9]{1,9}){0,2}\.){1,4}[A-Za-z]{1,9}", fullmatch=True),
)
def test_nearly_every_address_is_plain_and_then_the_rules_agree(local: str, domain: str) -> None:
    plain = plain_address(f"{local}@{domain}")
    if plain:
        assert plain == by_the_rules(f"{local}@{domain}")
    else:
        rules = by_the_rules(f"{local}@{domain}")
        assert not rules or len(domain) > 63 or len(domain.rpartition(".")[2]) < 2


@settings(deadline=None)
@given(st.emails())
def test_an_address_is_never_taken_for_another(text: str) -> None:
    assert plain_address(text) in ("", by_the_rules(text))


# --- dates, tags, addresses of the net


@settings(deadline=None)
@given(
    st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30)),
    st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_a_moment_is_read_in_every_form_it_is_written_in(naive: datetime, zone: timezone) -> None:
    there = naive.replace(tzinfo=zone)
    assert moment(there.isoformat()) == moment(f" {there.isoformat(' ')} ") == there
    assert moment(naive.isoformat(" ")) == moment(naive.isoformat() + "Z") == naive.replace(tzinfo=UTC)
    assert moment(f"{naive:%Y-%m-%d %H:%M:%S.%f} UTC") == naive.replace(tzinfo=UTC)
    assert moment(f"{there:%Y-%m-%d %H:%M:%S.%f %z} CEST") == there
    seconds = int(naive.replace(tzinfo=UTC).timestamp())
    assert moment(str(seconds)) == moment(str(seconds * 1000)) == naive.replace(tzinfo=UTC, microsecond=0)


@pytest.mark.parametrize("text", ["", " ", "null", "0000-00-00 00:00:00", "0001-01-01 00:00:00 +0000 UTC", "N/A", "0"])
def test_no_date_is_none(text: str) -> None:
    assert moment(text) is None


@pytest.mark.parametrize(
    "text",
    ["03/04/2026", "4.3.2026", "yesterday", "1889-01-01", "2100-01-01", "12", "9" * 400, "2026-02-30", "²²²²²²²²²²"],
)
def test_a_date_that_is_no_one_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 # the words are Python's own, nobody reads them
        moment(text)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_a_moment_none_or_refused(text: str) -> None:
    with suppress(ValueError):
        found = moment(text)
        assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("cell", "slugs"),
    [
        ("", ()),
        ("AI, Tools ;ai|  ", ("ai", "tools")),
        ('"Deep, dives","Say ""hi"""', ("deep-dives", "say-hi")),
        ('["one", "two, three", 4]', ("one", "two-three")),
        ("['one', 'two']", ("one", "two")),
        ("[]", ()),
        ("!!!,★", ()),
        ("Künstliche Intelligenz", ("kunstliche-intelligenz",)),
    ],
)
def test_tags_become_slugs_in_their_order_each_once(cell: str, slugs: tuple[str, ...]) -> None:
    assert topics_of(cell) == slugs


@settings(deadline=None)
@given(st.one_of(st.ip_addresses(v=4).map(str), st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){3}", fullmatch=True)))
def test_an_address_of_the_net_is_kept_where_ipaddress_knows_it(text: str) -> None:
    reading = arrivals(
        io.BytesIO(f"email,at,ip\na@example.com,2026-01-01,{text}\n".encode()),
        "list.csv",
        columns={"proof_at": "at", "proof_ip": "ip"},
    )
    (row,) = reading.rows
    assert isinstance(row, Arrival)
    try:
        expected = str(ipaddress.ip_address(text))
    except ValueError:
        assert row.proof_ip is None
    else:
        assert row.proof_ip == expected


# --- our own list, there and back

MOMENTS = st.none() | st.datetimes(datetime(1990, 1, 2), datetime(2099, 12, 30), timezones=st.just(UTC))
SLUGS = st.lists(st.from_regex(r"[a-zß-öа-я0-9]{1,6}(-[a-z0-9]{1,4}){0,2}", fullmatch=True).flatmap(
    lambda text: st.just(topics_of(text))
).filter(bool).map(lambda found: found[0]), max_size=4, unique=True).map(tuple)  # fmt: skip
ADDRESSES = st.from_regex(r"[a-z0-9+=_'-]{1,12}@[a-z]{1,8}\.example\.com", fullmatch=True)
PEOPLE = st.builds(
    Arrival,
    line=st.just(0),
    email=ADDRESSES,
    standing=st.sampled_from([Standing.ACTIVE, Standing.UNSUBSCRIBED, Standing.BOUNCED, Standing.COMPLAINED]),
    joined_at=MOMENTS,
    proof_at=MOMENTS,
    left_at=MOMENTS,
    topics=SLUGS,
    frequency=st.sampled_from(["", "weekly", "topics"]),
    zone=st.sampled_from(["", "Europe/Berlin", "America/New_York"]),
    paused_until=MOMENTS,
)
COLUMNS = ("email", "status", "joined_at", "confirmed_at", "topics", "frequency", "zone", "paused_until", "left_at")


def cells(one: Arrival) -> list[str]:
    def written(when: datetime | None) -> str:
        return when.isoformat() if when else ""

    return [one.email, str(one.standing), written(one.joined_at), written(one.proof_at), ",".join(one.topics),
            one.frequency, one.zone, written(one.paused_until), written(one.left_at)]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.lists(PEOPLE, min_size=1, max_size=5),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8-sig", "utf-16"]),
)
def test_our_own_list_comes_back_as_it_went(them: list[Arrival], delimiter: str, encoding: str) -> None:
    text = "".join(write_table([COLUMNS, *map(cells, them)], delimiter))
    reading = arrivals(io.BytesIO(text.encode(encoding)), "list.csv")
    assert reading.dialect == "ours"
    assert [cells(row) for row in reading.rows if isinstance(row, Arrival)] == [cells(one) for one in them]


@settings(max_examples=100, deadline=None)
@given(st.lists(PEOPLE, min_size=1, max_size=5))
@example([Arrival(0, "'@a.example.com", Standing.ACTIVE), Arrival(0, "'+@a.example.com", Standing.ACTIVE)])
def test_our_own_list_as_json_comes_back_as_it_went(them: list[Arrival]) -> None:
    objects = [
        {**dict(zip(COLUMNS, cells(one), strict=True)), "topics": list(one.topics), "left_at": cells(one)[8] or None}
        for one in them
    ]
    text = "".join(json.dumps(keys) + "\n" for keys in objects)
    found = list(arrivals(io.BytesIO(text.encode()), "list.ndjson").rows)
    assert [cells(row) for row in found if isinstance(row, Arrival)] == [cells(one) for one in them]


# --- any bytes at all


def read_or_refused(content: bytes, name: str, **given: object) -> None:
    """Every row is an arrival or a bad row that says what to do, or the file is refused in words."""
    try:
        rows = list(arrivals(io.BytesIO(content), name, **given).rows)  # type: ignore[arg-type] # whatever comes
    except InputError:
        return
    for row in rows:
        if isinstance(row, BadRow):
            assert row.kind in KINDS
            assert row.reason.endswith(".")
            assert row.fix.endswith(".")
            "".join(row.cells).encode()
        else:
            assert row.email == by_the_rules(row.email)
            assert all(when is None or when.tzinfo is UTC for when in (row.joined_at, row.proof_at, row.left_at))
            assert row.standing is not Standing.PENDING or row.proof_at is None


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    read_or_refused(content, "list.csv")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"email\n", b"email;status;confirmed_at\n", b'{"email": ', b"{}\n"]))
def test_any_bytes_below_a_header_are_read_or_refused(content: bytes, header: bytes) -> None:
    read_or_refused(header + content, "list.csv")


CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["a@example.com", "A@EXAMPLE.com", "active", "true", "no", "2026-03-01", "1772323200", "[", "a,b",
                     '{"tags":', '{"tags": [[]]}', "198.51.100.1", "=1+1", "'=1@example.com", "weekly", "0", '"']),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from([[*sorted(sign), "email"] for dialect in PRODUCTS for sign in dialect.signs]),
    st.lists(st.sampled_from([column for dialect in PRODUCTS for column in dialect.columns()]), max_size=6),
    st.lists(st.lists(CELLS, max_size=14), max_size=4),
    st.sampled_from(["list.csv", "subscribed_x.csv", "cleaned_x.csv"]),
    st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(["email", "status", "tags"]), max_size=2),
)
def test_any_rows_below_any_known_header_are_read_or_refused(
    sign: list[str], more: list[str], table: list[list[str]], name: str, columns: dict[str, str]
) -> None:
    text = io.StringIO()
    header = list(dict.fromkeys([*sign, *more]))
    csv.writer(text).writerows([header, *(row[: len(header)] + [""] * (len(header) - len(row)) for row in table)])
    read_or_refused(text.getvalue().encode(errors="replace"), name, columns=columns)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from([*OURS.columns(), "x"]) | st.text(max_size=5),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | CELLS,
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
                max_leaves=4,
            ),
            max_size=6,
        ),
        min_size=1,
        max_size=4,
    )
)
def test_any_json_is_read_or_refused(objects: list[dict[str, object]]) -> None:
    read_or_refused(
        "\n".join(json.dumps({"email": "a@example.com", **keys}) for keys in objects).encode(), "list.ndjson"
    )


def test_json_that_would_break_a_reader_is_one_bad_line() -> None:
    deep, long = "[" * 100_000, "9" * 10_000
    text = f'{{"email": "a@example.com"}}\n{{"email": {deep}\n{{"email": {long}}}\n{{"email": "b@example.com"}}\n'
    kinds = [
        row.kind if isinstance(row, BadRow) else row.email for row in arrivals(io.BytesIO(text.encode()), "x").rows
    ]
    assert kinds == ["a@example.com", "not json", "not json", "b@example.com"]
