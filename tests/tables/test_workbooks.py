"""Excel workbooks: the first visible sheet, or one line that says why not."""

import io
import struct
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.tables import Table, TableError, open_table
from tests.tables.workbooks import DAY, MOMENT, TIME, cells, workbook

SHEET = cells([["name", "score"], ["Kestrel", "84"]])


def read(content: bytes) -> Table:
    return open_table(io.BytesIO(content), "week.xlsx")


def refusal(content: bytes) -> str:
    with pytest.raises(TableError) as raised:
        list(read(content).rows)
    return str(raised.value)


def fault_of(content: bytes) -> TableError | None:
    try:
        list(read(content).rows)
    except TableError as error:
        return error
    return None


def test_the_first_visible_sheet_is_read_whatever_the_name_of_the_file() -> None:
    book = workbook(cells([["secret"]]), SHEET, cells([["third"]]), states=["hidden", "visible"])
    table = open_table(io.BytesIO(book), "week.csv")
    assert (table.header, table.encoding, table.delimiter) == (("name", "score"), "xlsx", "")
    assert list(table.rows) == [(2, ("Kestrel", "84"))]


def test_values_read_as_they_would_stand_in_a_csv_file() -> None:
    values = f"""<row r="4"><c r="B4"><v>84</v></c><c r="C4"><v>2.5</v></c>
        <c r="D4" t="b"><v>1</v></c><c r="E4" s="{DAY}"><v>46344</v></c><c r="F4" s="{MOMENT}"><v>46344.5</v></c>
        <c r="G4" s="{TIME}"><v>0.25</v></c><c r="H4"><v>1E+20</v></c></row>"""
    table = read(workbook(cells([[], ["", *"abcdefgh"]]) + values))
    assert table.header == tuple("abcdefgh")
    said = ("84", "2.5", "TRUE", "2026-11-18", "2026-11-18T12:00:00", "06:00:00", "1e+20", "")
    assert list(table.rows) == [(4, said)]


def test_rows_without_anything_are_passed_over_and_counted() -> None:
    table = read(workbook(cells([["a", "b"], [], ["", " "], ["x"], ["1", "2", "3"]])))
    assert list(table.rows) == [(4, ("x", "")), (5, ("1", "2", "3"))]


@settings(max_examples=60)
@given(
    st.lists(
        st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=9), max_size=3).filter(
            lambda row: bool("".join(row).strip())
        ),
        max_size=4,
    )
)
def test_texts_come_out_of_a_workbook_as_they_went_in(rows: list[list[str]]) -> None:
    found = [list(row.cells) for row in read(workbook(cells([["a", "b", "c"], *rows]))).rows]
    kept = [row[: max(place for place, cell in enumerate(row, 1) if cell.strip())] for row in rows]
    assert found == [row + [""] * (3 - len(row)) for row in kept]


def archive(*names: str, content: bytes = b"x") -> bytes:
    out = io.BytesIO()
    with ZipFile(out, "w") as made:
        for name in names:
            made.writestr(name, content)
    return out.getvalue()


def far_apart() -> bytes:
    return workbook('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')


def lying() -> bytes:
    """A part that unpacks to more than the directory says."""
    out = io.BytesIO(workbook(cells([["a"]] + [["b" * 200]] * 2000)))
    with ZipFile(out) as made:
        part = made.getinfo("xl/worksheets/sheet1.xml")
    content = bytearray(out.getvalue())
    size = struct.pack("<I", part.file_size)
    assert content.count(size) >= 1
    return bytes(content.replace(size, struct.pack("<I", 500)))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (workbook(SHEET, states=["hidden"]), "week.xlsx: there is no visible sheet in it. Save it as CSV."),
        (workbook(""), "week.xlsx: the first visible sheet is empty."),
        (workbook(cells([["a", "", "b"]])), "week.xlsx, row 1: column 2 has no name."),
        (workbook(cells([["a"], ["x" * 100_001]])), "week.xlsx, row 2: a cell of the row that begins here holds more"),
        (workbook(cells([["a"], ["x"] * 1001])), "week.xlsx, row 2: there are 1,001 columns"),
        (far_apart(), "week.xlsx: a sheet has cells too far apart. Save it as CSV."),
        (lying(), "week.xlsx: the workbook is damaged. Save it as CSV."),
        (workbook(SHEET)[:-300], "week.xlsx: the workbook is damaged."),
        (workbook("<row><c r='A1'><"), "week.xlsx: the workbook is damaged."),
        (
            archive("mimetype", content=b"application/vnd.oasis.opendocument.spreadsheet"),
            "an OpenDocument file (.ods).",
        ),
        (archive("Index/Document.iwa"), "week.xlsx: this is a Numbers document. Save it as CSV."),
        (archive("xl/workbook.bin"), "week.xlsx: this is a binary Excel workbook (.xlsb). Save it as CSV."),
        (archive("members.csv"), "week.xlsx: this is a zip archive. Unpack it, and import what is in it."),
        (archive("big", content=b"x" * 20_000_001), "week.xlsx: the workbook is larger than 20 MB."),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(content: bytes, says: str) -> None:
    assert says in refusal(content)


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is() -> None:
    out = io.BytesIO(workbook(SHEET))
    with ZipFile(out, "a", ZIP_DEFLATED) as made, made.open("xl/worksheets/sheet2.xml", "w") as part:
        for _ in range(201):
            part.write(bytes(1_000_000))
    assert refusal(out.getvalue()) == "week.xlsx: the workbook unpacks to more than 200 MB. Save it as CSV."


def test_pictures_in_a_workbook_are_left_packed() -> None:
    book = workbook(SHEET, more=[("xl/media/image1.png", b"x" * 1000)])
    assert read(book).header == ("name", "score")


@settings(max_examples=150)
@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=6), st.booleans())
@example([(0, 0)], True)
def test_a_damaged_workbook_is_a_table_or_refused(changes: list[tuple[int, int]], inside: bool) -> None:
    content = bytearray(workbook(SHEET))
    if inside:  # the parts themselves, in a whole archive
        with ZipFile(io.BytesIO(content)) as whole:
            parts = {name: bytearray(whole.read(name)) for name in whole.namelist()}
        for place, byte in changes:
            part = parts[sorted(parts)[place % len(parts)]]
            part[place % len(part)] = byte
        out = io.BytesIO()
        with ZipFile(out, "w") as made:
            for name, part in parts.items():
                made.writestr(name, bytes(part))
        content = bytearray(out.getvalue())
    else:
        for place, byte in changes:
            content[place % len(content)] = byte
    fault = fault_of(bytes(content))
    assert fault is None or fault.next_step
