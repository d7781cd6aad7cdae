"""What goes out: lists of subscribers, and the whole store out and into an empty one."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from benchmarks.house import make_house
from benchmarks.table import Line
from newsletter.app.container import App
from newsletter.app.export_subscribers import Form, export_to_file
from newsletter.app.store_json import export_store, import_store
from newsletter.audience.takeaway import Product
from newsletter.bootstrap import build_app
from newsletter.settings import load

_TARGET = 50_000
"""Subscribers in a second."""
_LISTS: tuple[tuple[Product, Form], ...] = (
    (Product.OURS, "csv"),
    (Product.OURS, "ndjson"),
    (Product.LISTMONK, "csv"),
    (Product.GHOST, "csv"),
    (Product.BUTTONDOWN, "csv"),
)
Made = TypeVar("Made")


def exports(small: bool) -> list[Line]:
    """Readers with a proof of consent each and two topics every second; one of ten left."""
    count = 500 if small else 100_000
    lines = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        app, _ = make_house(folder, count)
        _furnish(app)
        for product, form in _LISTS:
            seconds, _ = _timed(partial(export_to_file, app, folder / "list.csv", product, form))
            what = f"{count:,} subscribers with proof and topics into {form.upper()}, fsync; 1 process"
            rate = count / seconds
            lines.append(
                Line(f"export, {product}, {form}", what, f"{rate:,.0f}/s", f"≥ {_TARGET:,}/s", rate >= _TARGET)
            )
        seconds, done = _timed(lambda: export_store(app, folder / "all.ndjson"))
        rows, size = sum(done.tables.values()), (folder / "all.ndjson").stat().st_size
        what = f"{rows:,} rows, {size / 1e6:,.0f} MB of JSON, {count:,} subscribers, fsync; 1 process"
        lines.append(Line("store export", what, f"{rows / seconds:,.0f} rows/s ({seconds:.1f} s)"))
        (folder / "new").mkdir()
        (folder / "new" / "newsletter.toml").write_bytes((folder / "newsletter.toml").read_bytes())
        other = build_app(load(folder / "new" / "newsletter.toml"))
        seconds, _ = _timed(lambda: import_store(other, folder / "all.ndjson", dry_run=False))
        lines.append(
            Line("store import", f"{what}, one transaction", f"{rows / seconds:,.0f} rows/s ({seconds:.1f} s)")
        )
        other.close()
        app.close()
    return lines


def _timed(do: Callable[[], Made]) -> tuple[float, Made]:
    start = time.perf_counter()
    made = do()
    return time.perf_counter() - start, made


def _furnish(app: App) -> None:
    database = app.store.database
    with app.store.transaction():
        database.change(
            "INSERT INTO consent (subscriber_id, kind, at, source, text_sha256, ip)"
            " SELECT id, 'confirmed', created_at, 'confirmation', '', '198.51.100.7' FROM subscriber"
        )
        for topic in ("developer-tools", "writing"):
            database.change("INSERT INTO subscriber_topic SELECT id, ? FROM subscriber WHERE id % 2 = 0", (topic,))
        database.change("UPDATE subscriber SET status = 'unsubscribed', unsubscribed_at = created_at WHERE id % 10 = 0")
