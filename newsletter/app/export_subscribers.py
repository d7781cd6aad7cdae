"""Subscribers as a file, piece by piece: a million of them are never in memory at once."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from newsletter.app.container import App
from newsletter.app.whole_file import whole_file
from newsletter.audience.subscriber import SubscriberStatus
from newsletter.audience.takeaway import SHAPES, Leaver, Part, Product, as_line, as_object, part_of
from newsletter.errors import InputError

Form = Literal["csv", "ndjson"]
Progress = Callable[[int, int], None]
"""Called with the people that were written, and those there are."""

_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and who is not in it."""

    file: Path
    subscribers: int
    """In the file."""
    unsubscribed_file: Path | None
    """The file beside it, where the product's importer takes no status."""
    unsubscribed: int
    """In that one: who left or is suppressed."""
    pending: int
    """Left out, because they never agreed to be mailed; in our own list they are."""
    without_address: int
    """Suppressed addresses that we have as keyed hashes alone: no list can hold them."""


def export_subscribers(
    app: App, product: Product = Product.OURS, part: Part = Part.SUBSCRIBED, form: Form = "csv"
) -> Iterator[str]:
    """The file in pieces, the header first: everybody with an address, in the order they came. `part` is of those
    products whose list has two; our own has everybody, and so has Ghost's but for the pending.

    Each piece is read by itself, so that no reader of the store is kept open while a slow line takes it. Raises
    InputError, before the first piece, where the product takes no such form or has no such part.
    """
    _require(product, form)
    if part is Part.UNSUBSCRIBED and not SHAPES[product].apart:
        raise InputError(
            f"For {product} those who left stand in the same file, with their status.", next_step="Leave the part out."
        )
    return _pieces(app, product, part, form)


def export_to_file(
    app: App,
    file: Path,
    product: Product = Product.OURS,
    form: Form = "csv",
    *,
    progress: Progress = lambda done, total: None,
    also: Callable[[], None] = lambda: None,
) -> Exported:
    """The same into a file, and into `NAME.unsubscribed.csv` beside it where the product's list has two parts. Both are
    written whole or not at all; `also` is done before they have their names. Raises InputError.
    """
    _require(product, form)
    shape = SHAPES[product]
    beside = file.with_name(f"{file.stem}.unsubscribed{file.suffix or '.csv'}") if shape.apart else None
    counts: Counter[Part | None] = Counter()
    by_status = app.store.subscribers.counts()
    total = sum(by_status.values()) - by_status[SubscriberStatus.ERASED]
    with ExitStack() as stack:
        # what was entered last is named first: the list is never there without those who are not to be in it
        files = {part: stack.enter_context(whole_file(at)) for part, at in _places(file, beside)}
        for out in files.values():
            out.write(_header(product, form).encode())
        done = 0
        for people in _people(app):
            parts: dict[Part | None, list[Leaver]] = {}
            for one in people:
                parts.setdefault(_place(product, one), []).append(one)
            for part, some in parts.items():
                counts[part] += len(some)
                if part is not None:
                    files[part].write(_text(product, form, some).encode())
            done += len(people)
            progress(done, max(done, total))
        also()
    return Exported(
        file,
        counts[Part.SUBSCRIBED],
        beside,
        counts[Part.UNSUBSCRIBED],
        counts[None],
        app.store.exports.suppressed_without_address(),
    )


def export_objects(app: App) -> Iterator[dict[str, object]]:
    """Everybody with an address, as our own lines of JSON have them."""
    for people in _people(app):
        yield from map(as_object, people)


def suppressed_without_address(app: App) -> int:
    """How many suppressed addresses no list can hold, because we have their keyed hashes alone."""
    return app.store.exports.suppressed_without_address()


def _require(product: Product, form: Form) -> None:
    if form != "csv" and product is not Product.OURS:
        raise InputError(f"{product.capitalize()} imports CSV alone.", next_step="Leave the format out.")


def _places(file: Path, beside: Path | None) -> Iterator[tuple[Part, Path]]:
    yield Part.SUBSCRIBED, file
    if beside:
        yield Part.UNSUBSCRIBED, beside


def _place(product: Product, one: Leaver) -> Part | None:
    """In which file of the product somebody stands."""
    if product is Product.OURS:
        return Part.SUBSCRIBED
    part = part_of(one)
    return part if part is None or SHAPES[product].apart else Part.SUBSCRIBED


def _pieces(app: App, product: Product, part: Part, form: Form) -> Iterator[str]:
    if header := _header(product, form):
        yield header
    for people in _people(app):
        if some := [one for one in people if _place(product, one) is part]:
            yield _text(product, form, some)


def _people(app: App) -> Iterator[list[Leaver]]:
    last = 0
    while True:
        people, last = app.store.exports.leavers(last, _AT_ONCE)
        if not people:
            return
        yield people


def _header(product: Product, form: Form) -> str:
    return "" if form == "ndjson" else ",".join(SHAPES[product].columns) + "\n"


def _text(product: Product, form: Form, people: list[Leaver]) -> str:
    if form == "ndjson":
        return "".join(map(as_line, people))
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(SHAPES[product].cells, people))
    return text.getvalue()
