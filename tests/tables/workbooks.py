"""Small Excel workbooks, written by hand: what a test needs of the format and nothing else."""

import io
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DAY, MOMENT, TIME = 1, 2, 3
"""Styles of a cell."""


def column(number: int) -> str:
    """1 is A, 27 is AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def cells(rows: Iterable[Sequence[str]]) -> str:
    """The rows of a sheet that holds texts."""
    return "".join(
        f'<row r="{number}">'
        + "".join(
            f'<c r="{column(place)}{number}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
            for place, cell in enumerate(row, 1)
            if cell
        )
        + "</row>"
        for number, row in enumerate(rows, 1)
    )


def workbook(*sheets: str, states: Sequence[str] = (), more: Sequence[tuple[str, bytes]] = ()) -> bytes:
    """An .xlsx of sheets given as the XML of their rows; `states` are visible where not given."""
    given = [*states, *["visible"] * (len(sheets) - len(states))]
    numbers = range(1, len(sheets) + 1)
    listed = "".join(
        f'<sheet name="Sheet {number}" sheetId="{number}" state="{state}" r:id="rId{number}"/>'
        for number, state in zip(numbers, given, strict=True)
    )
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{_LINKS}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in numbers
    )
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1"'
        f' Type="{_LINKS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}'
        f'<Relationship Id="rId99" Type="{_LINKS}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/>'
        '<xf numFmtId="22"/><xf numFmtId="20"/></cellXfs></styleSheet>',
        **{
            f"xl/worksheets/sheet{number}.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'
            for number, rows in zip(numbers, sheets, strict=True)
        },
    }
    out = io.BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
        for name, content in more:
            archive.writestr(name, content)
    return out.getvalue()
