"""Any other list, and our own: what is found, what has to be named, and what makes a row a bad one."""

from __future__ import annotations

from shlex import quote

import pytest

from newsletter.audience.arrivals import KINDS, Arrival, BadRow, Standing, instructions
from newsletter.audience.dialects import recognise
from newsletter.errors import InputError
from tests.audience.lists import GHOST, SUBSTACK, at, bad, people, read
from tests.tables.workbooks import cells, workbook

# --- any other list


@pytest.mark.parametrize("name", ["email", "E-Mail", " Email Address ", "e-mail_address", "MAIL", "subscriber email"])
def test_the_column_with_the_addresses_is_found_under_its_usual_names(name: str) -> None:
    reading, rows = read(f"name,{name},created_at,tags\nAda,ada@example.com,2025-01-01,x\n")
    assert (reading.dialect, rows) == ("plain", [Arrival(2, "ada@example.com", Standing.ACTIVE)])
    assert reading.header == ("name", name.strip(), "created_at", "tags")


def test_of_very_many_columns_the_first_are_named() -> None:
    with pytest.raises(InputError, match=r"The columns are: c0, c1, .*, c29 and 170 more\."):
        read(",".join(f"c{number}" for number in range(200)) + "\n")


def test_a_column_called_email_goes_before_one_called_mail() -> None:
    assert people("mail,email\na@example.com,b@example.com\n")[0].email == "b@example.com"


def test_a_list_without_addresses_is_refused_and_names_what_is_there_and_what_helps() -> None:
    with pytest.raises(InputError) as caught:
        read("name,since\nA,2025\n")
    assert str(caught.value) == (
        "The first line needs a column called email. The columns are: name, since. "
        "Name the column with the addresses `email`, or say which one it is: `--column email=…`."
    )


@pytest.mark.parametrize(
    "column",
    ["status", "State", "subscribed", "Unsubscribed At", "opt-out", "EMAIL_BLACKLISTED", "Email Subscriber Status",
     "bounced", "Marketing Consent", "Accepts Email Marketing", "is_active", "do not email", "opted_in", "confirmed"],
)  # fmt: skip
def test_a_column_that_may_say_who_left_is_never_overlooked(column: str) -> None:
    text = f"email,{column}\na@example.com,no\n"
    with pytest.raises(InputError) as caught:
        read(text)
    assert str(caught.value) == (
        f"The column {column} may say who unsubscribed, and this list is of no kind that we know. "
        f"Have it read with `--column {quote(f'status={column}')}`, or say that all of them are subscribed with "
        "`--status active`."
    )
    assert people(text, status=Standing.ACTIVE)[0].standing is Standing.ACTIVE
    assert people(text, columns={"status": column}) != []


@pytest.mark.parametrize(
    ("word", "standing"),
    [
        ("Yes", Standing.ACTIVE),
        ("subscribed", Standing.ACTIVE),
        ("Opted-in", Standing.ACTIVE),
        ("unconfirmed", Standing.PENDING),
        ("FALSE", Standing.UNSUBSCRIBED),
        ("un-subscribed", Standing.UNSUBSCRIBED),
        ("hard bounce", Standing.BOUNCED),
        ("Spam complaint", Standing.COMPLAINED),
        ("blocked", Standing.DISABLED),
    ],
)
def test_a_column_named_as_the_status_says_how_they_stand(word: str, standing: Standing) -> None:
    (one,) = people(f"email,State\na@example.com,{word}\n", columns={"status": "state"})
    assert one.standing is standing


@pytest.mark.parametrize(
    ("column", "cell", "standing"),
    [
        ("unsubscribed", "no", Standing.ACTIVE),
        ("unsubscribed", "", Standing.ACTIVE),
        ("unsubscribed", "yes", Standing.UNSUBSCRIBED),
        ("Unsubscribed at", "2025-03-01", Standing.UNSUBSCRIBED),
        ("bounced", "1", Standing.BOUNCED),
        ("spam complaints", "1", Standing.COMPLAINED),
        ("unsubscribed", "complaint", Standing.COMPLAINED),
    ],
)
def test_a_column_that_says_who_left_is_read_the_other_way_round(column: str, cell: str, standing: Standing) -> None:
    (one,) = people(f"email,{column}\na@example.com,{cell}\n", columns={"status": column})
    assert one.standing is standing


def test_a_word_of_a_status_that_says_nothing_makes_a_bad_row_that_says_so() -> None:
    row = bad("email,status\na@example.com,VIP\n", columns={"status": "status"})
    assert (row.column, row.reason, row.kind) == ("status", "Its status 'VIP' is none that we know.", "unknown status")
    assert row.fix == "Write active, pending or unsubscribed."


def test_any_list_is_read_by_naming_its_columns() -> None:
    text = "Adresse;Seit;Zugestimmt;IP;Abgemeldet;Themen\n\
a@example.com;2024-01-01;2024-01-02T10:00;198.51.100.1;;KI|Werkzeuge\n\
b@example.com;1704067200;;;2025-01-01;\n"
    columns = {"email": "Adresse", "joined_at": "Seit", "proof_at": "zugestimmt", "proof_ip": "IP"}
    first, second = people(text, columns={**columns, "left_at": "Abgemeldet", "topics": "Themen"})
    assert first == Arrival(
        2,
        "a@example.com",
        Standing.ACTIVE,
        at(2024, 1, 1),
        at(2024, 1, 2, 10),
        "198.51.100.1",
        topics=("ki", "werkzeuge"),
    )
    assert (second.standing, second.joined_at, second.left_at) == (
        Standing.UNSUBSCRIBED,
        at(2024, 1, 1),
        at(2025, 1, 1),
    )


def test_a_named_column_goes_before_what_a_known_list_has_for_it() -> None:
    text = f"{GHOST},agreed\n1,a@example.com,,,true,false,,2024-01-01,,,,2024-02-02\n"
    assert people(text, columns={"proof_at": "agreed"})[0].proof_at == at(2024, 2, 2)
    with pytest.raises(InputError, match=r"There is no column 'when' for proof_at\. The columns are: id, email, "):
        read(text, columns={"proof_at": "when"})
    with pytest.raises(InputError, match=r"'shoe' is nothing we keep of a subscriber\. It is one of email, status, "):
        read(text, columns={"shoe": "name"})


def test_the_status_that_somebody_gives_goes_before_everything_in_the_file() -> None:
    text = f"{SUBSTACK}\noff@example.com,false,,other,true,2024-03-01,\n"
    assert people(text, status=Standing.PENDING)[0].standing is Standing.PENDING
    assert recognise(SUBSTACK.split(","), "list.csv", status=Standing.PENDING).name == "substack"


def test_a_workbook_is_read_as_the_list_that_it_holds() -> None:
    row = ["", "a@example.com", "", "", "true", "", "", "2024-01-01T00:00:00Z", "", "one, two"]
    content = workbook(cells([GHOST.split(","), row]))
    reading, found = read(content, "members.xlsx")
    assert (reading.dialect, reading.encoding) == ("ghost", "xlsx")
    assert found == [Arrival(2, "a@example.com", Standing.ACTIVE, at(2024, 1, 1), topics=("one", "two"))]


# --- bad rows


def test_bad_rows_keep_their_line_their_cells_and_what_to_do() -> None:
    text = "name,email\nN,nobody\nE,\na@example.com\n,,\nA,a@example.com,extra\n , \nB,b@example.com,,\n"
    rows = read(text)[1]
    assert [(row.line, row.kind) for row in rows if isinstance(row, BadRow)] == [
        (2, "not an address"),
        (3, "no address"),
        (4, "ragged"),
        (6, "ragged"),
    ]
    first, second, third = rows[:3]
    assert isinstance(first, BadRow)
    assert isinstance(second, BadRow)
    assert isinstance(third, BadRow)
    assert (first.cells, first.column) == (("N", "nobody"), "email")
    assert first.reason.startswith("'nobody' is not an e-mail address: ")
    assert (second.reason, second.fix) == ("It has no e-mail address.", "Write it in, or take the row out.")
    assert (third.reason, third.column) == ("It has 1 cell, the first line has 2.", "")
    assert rows[4:] == [Arrival(8, "b@example.com", Standing.ACTIVE)]


def test_a_date_of_consent_that_cannot_be_read_is_mended_and_another_is_left_out() -> None:
    columns = {"proof_at": "agreed", "joined_at": "since", "proof_ip": "from"}
    row = bad("email,agreed,since,from\na@example.com,03/04/2026,,\n", columns=columns)
    assert (row.column, row.reason, row.kind) == ("agreed", "The date '03/04/2026' cannot be read.", "bad date")
    assert row.fix == "Write it like 2026-03-01 10:00, or empty the cell."
    (one,) = people("email,agreed,since,from\na@example.com,2026-03-04,last spring,mars\n", columns=columns)
    assert (one.proof_at, one.joined_at, one.proof_ip) == (at(2026, 3, 4), None, None)


def test_who_left_is_not_lost_for_a_date_that_cannot_be_read() -> None:
    text = "email,agreed,status\na@example.com,once,unsubscribed\n"
    (one,) = people(text, columns={"proof_at": "agreed", "status": "status"})
    assert (one.standing, one.proof_at) == (Standing.UNSUBSCRIBED, None)


def test_what_is_wrong_is_told_as_instructions_counted_by_kind() -> None:
    assert instructions({"ragged": 1, "no address": 3, "bad date": 0, "not an address": 1_200}) == [
        "3 rows have no e-mail address: write them in, or take the rows out.",
        "1,200 rows have something else where their e-mail address should be: correct them, or take the rows out.",
        "1 row has more or fewer cells than the first line: give it as many, and quote a cell that holds the sign "
        "between cells.",
    ]
    assert len(instructions(dict.fromkeys(KINDS, 2))) == len(instructions(dict.fromkeys(KINDS, 1))) == len(KINDS)
    assert instructions({}) == []


def test_the_rejects_of_a_list_are_read_as_that_list_once_they_are_mended() -> None:
    columns = "email,status,joined_at,confirmed_at,suppression"
    text = f"line,reason,fix,{columns}\n7,It has no e-mail address.,Write it in.,'+a@example.com,active,,2026-01-02,\n"
    assert read(text)[0].dialect == "ours"
    assert people(text) == [Arrival(2, "+a@example.com", Standing.ACTIVE, proof_at=at(2026, 1, 2))]
    text = f"line,reason,fix,{GHOST}\n7,Bad.,Mend.,1,'-a@example.com,,,true,false,,2024-01-01,,,\n"
    assert read(text)[0].dialect == "ghost"
    assert people(text)[0].email == "-a@example.com"


# --- a JSON object per line


def test_a_json_object_per_line_is_read_by_its_keys_and_later_ones_may_hold_more() -> None:
    text = '\n{"email": "a@example.com", "status": "active", "confirmed_at": "2026-03-01T10:00:00+00:00"}\n\
{"email": "b@example.com", "status": "unsubscribed", "left_at": 1772323200, "topics": ["go", "rust"], "x": 1}\n'
    reading, rows = read(text, "list.txt")
    assert (reading.dialect, reading.encoding) == ("ours", "utf-8")
    assert rows == [
        Arrival(2, "a@example.com", Standing.ACTIVE, proof_at=at(2026, 3, 1, 10)),
        Arrival(3, "b@example.com", Standing.UNSUBSCRIBED, left_at=at(2026, 3, 1), topics=("go", "rust")),
    ]


def test_json_keys_can_be_named_as_columns_can_and_bad_lines_are_told() -> None:
    text = (
        '{"who": "a@example.com"}\n{"who": "b@example.com"\n[1]\n{"who": null}\n{"who": "c@example.com", "ok": true}\n'
    )
    reading, rows = read(text, "list.ndjson", {"email": "who"})
    assert reading.dialect == "plain"
    assert [(row.line, row.kind if isinstance(row, BadRow) else row.email) for row in rows] == [
        (1, "a@example.com"),
        (2, "not json"),
        (3, "not json"),
        (5, "c@example.com"),
    ]
    assert read('{"email": "a@example.com"}\n'.encode("utf-16"))[0].encoding.startswith("utf-16")
    with pytest.raises(InputError, match=r"list\.ndjson, line 1 is no JSON object\. Write one object per line\."):
        read('{"email": \n', "list.ndjson")


def test_a_json_key_that_may_say_who_left_is_not_overlooked_where_it_comes_later() -> None:
    text = '{"email": "a@example.com"}\n{"email": "b@example.com", "Unsubscribed": true}\n'
    with pytest.raises(InputError, match=r"The column Unsubscribed may say who unsubscribed"):
        read(text)
    assert len(people(text, status=Standing.ACTIVE)) == 2
    text = '{"email": "a@example.com", "unsubscribed": null}\n{"email": "b@example.com", "Unsubscribed": true}\n'
    standings = [one.standing for one in people(text, columns={"status": "unsubscribed"})]
    assert standings == [Standing.ACTIVE, Standing.UNSUBSCRIBED]


def test_half_a_character_that_json_can_write_reaches_nobody() -> None:
    (row,) = read('{"email": "\\ud800@example.com", "name": "\\ud800"}\n')[1]
    assert isinstance(row, BadRow)
    assert "".join(row.cells).encode()


def test_our_own_list_keeps_what_readers_chose_and_why_somebody_is_never_mailed() -> None:
    text = "email,status,joined_at,confirmed_at,topics,frequency,zone,paused_until,left_at,suppression\n\
'+a@example.com,active,2026-01-01T00:00:00+00:00,2026-01-02T00:00:00+00:00,go,topics,Europe/Berlin,2026-12-01T00:00:00+00:00,,\n\
b@example.com,active,,,,,,,,hard_bounce\n\
c@example.com,unsubscribed,,,,,,,2026-02-01T00:00:00+00:00,complaint\n\
d@example.com,active,,,,,,,,operator\n\
e@example.com,active,,,,monthly,,,,\n\
f@example.com,active,,,,,Mars/Base,,,\n\
g@example.com,active,,,,,,soon,,\n"
    reading, rows = read(text)
    assert reading.dialect == "ours"
    assert rows[0] == Arrival(
        2, "+a@example.com", Standing.ACTIVE, at(2026, 1, 1), at(2026, 1, 2), None, None, ("go",), "topics",
        "Europe/Berlin", at(2026, 12, 1),
    )  # fmt: skip
    standings = [row.standing for row in rows if isinstance(row, Arrival)]
    assert standings[1:] == [Standing.BOUNCED, Standing.COMPLAINED, Standing.DISABLED]
    assert [(row.column, row.kind) for row in rows if isinstance(row, BadRow)] == [
        ("frequency", "unknown value"),
        ("zone", "unknown value"),
        ("paused_until", "bad date"),
    ]
