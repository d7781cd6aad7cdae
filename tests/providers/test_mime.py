"""A mail that is joined from encoded pieces is the mail that was meant."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.delivery.message import Recipient, Sender
from newsletter.errors import InputError
from newsletter.providers._mime import MimeTemplate, quoted_printable
from newsletter.rendering.personalise import Segments, literal
from tests.fakes.mails import MESSAGE, message, reader

TEXT = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs"], exclude_characters="\r"),
        st.sampled_from(" .=\t\n_-é漢😀"),
    ),
    max_size=200,
)
LONG = st.builds(lambda piece, times: piece * times, TEXT, st.integers(1, 12))
HEADER = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=150)


def parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


@settings(max_examples=150, deadline=None)
@given(st.lists(LONG, min_size=3, max_size=3), TEXT, TEXT)
@example(["a ", " ", ""], "x ", "\n")
@example([".", "\n.\n", "\n..\n"], ".", ".\n.")
@example(["<p>\r\nb\r\n", "=3D=", "=" * 200], "?a=b" * 40, " ")
@example(["x" * 76 + "\n", "é" * 76, "y" * 75], "--=_0a1b2c3d4e5f", "漢" * 30)
def test_a_parsed_mail_holds_exactly_the_filled_html_and_text(literals: list[str], one: str, two: str) -> None:
    html = Segments(tuple(literals), ("one", "two"), "html")
    text = Segments(tuple(reversed(literals)), ("two", "one"), "text")
    values = {"unsubscribe": "https://example.com/u", "one": one, "two": two}
    raw = MimeTemplate(message(html=html, text=text)).build(Recipient("r1", "reader@example.net", values))
    mail = parsed(raw)
    assert mail.defects == []
    assert body(mail, "html") == html.fill(values).replace("\r\n", "\n")
    assert body(mail, "plain") == text.fill(values).replace("\r\n", "\n")
    payload = raw.partition(b"\r\n\r\n")[2]
    assert max(len(line) for line in payload.split(b"\r\n")) <= 76
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")


def test_a_lone_carriage_return_is_data_and_not_a_line_end() -> None:
    assert quoted_printable("a\rb\r\nc\nd") == "a=0Db\r\nc\r\nd"


def test_a_space_before_a_line_end_is_encoded() -> None:
    assert quoted_printable("a \nb\t\nc ") == "a=20\r\nb=09\r\nc=20"


def test_an_escape_is_never_torn_apart_by_a_line_break() -> None:
    for before in range(70, 80):
        for line in quoted_printable("x" * before + "===").split("\r\n"):
            assert re.fullmatch(r"(?:x|=3D)*=?", line), line


@settings(max_examples=150, deadline=None)
@given(HEADER, HEADER)
@example("=?utf-8?q?hi?=", "=?x")
@example("a" * 500 + " b", "Ünï" * 40)
@example('Smith, Ann (of "V\\W") <x@y>; and: co.', "x" * 200)
def test_subject_and_sender_name_survive_in_any_script(name: str, subject: str) -> None:
    raw = MimeTemplate(message(sender=Sender(name, "news@example.com"), subject=subject)).build(reader(1))
    head = raw.partition(b"\r\n\r\n")[0]
    mail = parsed(raw)
    assert str(mail["Subject"]) == subject.strip(" ")
    # By the older parser: the newer one, in Python 3.11, leaves spaces between the encoded words of a name.
    words, address = parseaddr(email.message_from_bytes(raw)["From"].replace("\r\n", ""))
    assert (str(make_header(decode_header(words))), address) == (" ".join(name.split()), "news@example.com")
    assert max(len(line) for line in head.split(b"\r\n")) <= 998


def test_the_headers_are_those_of_the_message_and_its_recipient() -> None:
    mail = parsed(MimeTemplate(MESSAGE).build(reader(7)))
    assert dict(mail.items()) == {
        "To": "reader7@example.net",
        "Message-ID": "<r7.0a1b2c3d4e5f@example.com>",
        "List-Unsubscribe": "<https://news.example.com/u/token7?a=1&b=2>, <mailto:leave@example.com>",
        "From": "Weekly Verdicts <news@example.com>",
        "Reply-To": "editor@example.com",
        "Subject": "Ship or skip: five verdicts",
        "Date": "Fri, 20 Nov 2026 07:00:00 +0000",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": "<verdicts.example.com>",
        "MIME-Version": "1.0",
        "Content-Type": 'multipart/alternative; boundary="=_0a1b2c3d4e5f"',
    }
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_a_message_without_reply_to_and_name_has_neither() -> None:
    mail = parsed(MimeTemplate(message(reply_to=None, sender=Sender("", "news@example.com"))).build(reader(1)))
    assert mail["Reply-To"] is None
    assert mail["From"] == "news@example.com"


def test_a_long_header_is_folded_at_its_spaces() -> None:
    value = " ".join(f"<https://example.com/{'x' * 40}/{number}>," for number in range(9))
    raw = MimeTemplate(message(headers=(("X-Links", literal(value)),))).build(reader(1))
    line = raw.partition(b"X-Links:")[2].partition(b"\r\nMIME-Version")[0]
    assert line.count(b"\r\n ") >= 7
    assert str(parsed(raw)["X-Links"]) == value


def test_html_values_are_escaped_and_text_values_are_not() -> None:
    mail = parsed(MimeTemplate(MESSAGE).build(reader(1, note='<b>"&')))
    assert "&lt;b&gt;&quot;&amp;" in body(mail, "html")
    assert '<b>"&' in body(mail, "plain")


@pytest.mark.parametrize("bad", ["a\nBcc: x@example.com", "a\r", "a\x00b", "a\x85b", "a\u2028b", "tab\there", "\ud800"])
def test_control_characters_never_reach_a_header(bad: str) -> None:
    with pytest.raises(InputError, match="control character"):
        MimeTemplate(message(subject=bad))
    with pytest.raises(InputError, match="control character"):
        MimeTemplate(message(sender=Sender(bad, "news@example.com")))
    with pytest.raises(InputError, match="control character"):
        MimeTemplate(message(headers=(("X-A", literal(bad)),)))
    with pytest.raises(InputError, match="control character"):
        MimeTemplate(MESSAGE).build(reader(1, unsubscribe=f"https://example.com/{bad}"))


@pytest.mark.parametrize("name", ["X A", "X:A", "X-A\n", "", "X-é", "subject", "List-Id"])
def test_a_header_name_must_be_one_and_stand_alone(name: str) -> None:
    with pytest.raises(InputError, match="header"):
        MimeTemplate(message(headers=(("List-Id", literal("x")), (name, literal("x")))))


@pytest.mark.parametrize(
    "address", ["a@b\n", "a b@c", "<a@b>", "a@b>", "a,b@c", "a", "ä@example.com", "a@" + "x" * 260]
)
def test_an_address_that_is_not_a_plain_one_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="address of the sender"):
        MimeTemplate(message(sender=Sender("x", address)))
    with pytest.raises(InputError, match="address of Reply-To"):
        MimeTemplate(message(reply_to=address))


def test_nonce_and_date_must_be_usable() -> None:
    with pytest.raises(InputError, match="nonce"):
        MimeTemplate(message(nonce="0a1b2c3\n"))
    with pytest.raises(InputError, match="time zone"):
        MimeTemplate(message(at=datetime(2026, 11, 20, tzinfo=UTC).replace(tzinfo=None)))


def test_a_missing_value_is_named_with_its_recipient() -> None:
    with pytest.raises(InputError, match="r9 has no value for the slot 'note'"):
        MimeTemplate(MESSAGE).build(Recipient("r9", "a@example.com", {"unsubscribe": "x"}))


def test_half_a_character_is_refused() -> None:
    with pytest.raises(InputError, match="surrogate"):
        MimeTemplate(MESSAGE).build(reader(1, note="\ud83d"))


def test_a_header_line_that_cannot_be_folded_below_998_is_refused() -> None:
    with pytest.raises(InputError, match="longer than 998"):
        MimeTemplate(message(headers=(("X-Long", literal("x" * 1000)),)))
