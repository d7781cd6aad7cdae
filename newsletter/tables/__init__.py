"""Tables that people bring and take away: CSV in any of its forms, and Excel workbooks."""

from newsletter.tables.cells import inert_cell, plain_cell, write_table
from newsletter.tables.encodings import text_of
from newsletter.tables.reading import open_table
from newsletter.tables.table import Table, TableError, TableRow

__all__ = ["Table", "TableError", "TableRow", "inert_cell", "open_table", "plain_cell", "text_of", "write_table"]
