"""Rows of other people's CSV files."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.audience.imports import BadRow, Row, delimiter_of, email_column, read_rows
from newsletter.errors import InputError


def rows(text: str) -> list[Row | BadRow]:
    return list(read_rows(io.StringIO(text, newline="")))


@pytest.mark.parametrize("name", ["email", "E-Mail", " Email Address ", "e-mail_address", "MAIL", "subscriber email"])
def test_the_column_with_the_addresses_is_found_under_its_usual_names(name: str) -> None:
    assert email_column(["name", name, "since"]) == 1


def test_a_column_called_email_goes_before_one_called_mail() -> None:
    assert email_column(["mail", "email"]) == 1


def test_a_header_without_such_a_column_is_refused_and_names_what_is_there() -> None:
    with pytest.raises(InputError, match=r"The columns are: name, since\."):
        rows("name,since\nA,2025\n")
    with pytest.raises(InputError, match=r"The columns are: none with a name\."):
        email_column(["", " "])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_the_one_the_first_line_holds_most_of(delimiter: str) -> None:
    assert delimiter_of(f"name{delimiter}e-mail{delimiter}since\n") == delimiter
    assert rows(f"name{delimiter}email\nA{delimiter}a@example.com\n") == [Row(2, "a@example.com")]


def test_a_single_column_needs_no_delimiter() -> None:
    assert rows("email\na@example.com") == [Row(2, "a@example.com")]


def test_a_byte_order_mark_before_the_header_does_no_harm() -> None:
    assert rows("\ufeffemail,name\na@example.com,A\n") == [Row(2, "a@example.com")]


def test_quoted_cells_may_hold_delimiters_and_line_breaks_and_lines_stay_the_files_own() -> None:
    text = 'email,note\r\na@example.com,"one, two\r\nthree"\r\n\r\n , \r\nb@example.com,x\r\n'
    assert rows(text) == [Row(2, "a@example.com"), Row(6, "b@example.com")]


def test_bad_rows_keep_their_line_their_cells_and_a_reason() -> None:
    found = rows("email,name\nnobody,N\n,Empty\na@example.com\na@example.com,A,extra\nb@example.com,B\n")
    assert [row.line for row in found] == [2, 3, 4, 5, 6]
    assert [row.reason for row in found if isinstance(row, BadRow)][1:] == [
        "It has no e-mail address.",
        "It has 1 cell, the first line has 2.",
        "It has 3 cells, the first line has 2.",
    ]
    first = found[0]
    assert isinstance(first, BadRow)
    assert first.cells == ("nobody", "N")
    assert first.reason.startswith("'nobody' is not an e-mail address")
    assert found[-1] == Row(6, "b@example.com")


@pytest.mark.parametrize("text", ["", "\n", "  \n"])
def test_an_empty_file_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"The file is empty\."):
        rows(text)


def test_a_cell_without_end_is_refused_with_its_line() -> None:
    with pytest.raises(InputError, match=r"Line \d+ is not CSV: field larger"):
        rows("email,name\na@example.com,A\nb@example.com," + "x" * 100_001 + "\n")


@given(st.lists(st.lists(st.text(st.characters(exclude_characters="\r\n\x00"), max_size=8), max_size=4), max_size=5))
def test_any_cells_become_rows_or_bad_rows_in_order(table: list[list[str]]) -> None:
    text = "email,name\n" + "".join(",".join(cells) + "\n" for cells in table)
    try:
        found = rows(text)
    except InputError:
        return
    assert [row.line for row in found] == sorted(row.line for row in found)
