"""Rendering an issue, and making a mail of it for each reader."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from datetime import date

import jinja2

from benchmarks.table import Line
from newsletter.audience.tokens import Signer
from newsletter.bootstrap import templates_folder
from newsletter.comparisons.formats import parse_source
from newsletter.issues import IssueContent, Item, Publication
from newsletter.rendering.mjml import mail_environment, render_issue, split_mail
from newsletter.rendering.personalise import Segments, slot
from newsletter.rendering.slots import reader_slots
from newsletter.sample import sample_path
from newsletter.selection import Section

NONCE = "0123456789abcdef"


def rendering(small: bool) -> list[Line]:
    """20 comparisons: five in full, fifteen in brief, as a week with the default settings would have at most."""
    environment = mail_environment(jinja2.FileSystemLoader(templates_folder()))
    content = _twenty()
    publication = Publication("Weekly AI Tool Verdicts", "https://verdicts.example.com", "1 Test Street")
    mail = render_issue(environment, publication, content, NONCE)
    seconds = median_seconds(lambda: render_issue(environment, publication, content, NONCE), 20 if small else 100)
    sizes = f"{len(mail.html.encode()):,} bytes of HTML and {len(mail.text.encode()):,} of text"
    what = f"20 comparisons (5 in full) to {sizes}"
    return [Line("render", what + "; 1 process", f"{seconds * 1000:.1f} ms", "< 10 ms", seconds < 0.010)]


def _twenty() -> IssueContent:
    path = sample_path("comparisons.yaml")
    found = [located.comparison for located in parse_source(path.read_text("utf-8"), path.name).located]
    items = []
    for number in range(20):
        comparison = found[number % len(found)]
        section = Section.FULL if number < 5 else Section.BRIEF
        items.append(Item(comparison, section, f"https://verdicts.example.com/compare/{comparison.slug}-{number}"))
    return IssueContent(
        "2026-W47", date(2026, 11, 16), "Twenty verdicts", "One of them is a surprise.", "", tuple(items)
    )


def personalising(small: bool) -> list[Line]:
    """HTML and text of together 60,000 bytes and three slots, filled for one reader after another."""
    readers = 20_000 if small else 200_000
    link = slot(NONCE, "unsubscribe_url")
    known = frozenset({"unsubscribe_url"})
    html = Segments.split(f"{'x' * 27_000}{link}{'y' * 25_000}{link}</html>", NONCE, "html", known)
    text = Segments.split(f"{'z' * 7_900}{link}\n", NONCE, "text", known)
    signer = Signer(b"a key for measuring")
    urls = [f"https://verdicts.example.com/unsubscribe/{signer.reader(1, number)}" for number in range(readers)]

    def ready() -> None:
        for url in urls:
            values = {"unsubscribe_url": url}
            html.fill(values)
            text.fill(values)

    def signing() -> None:
        for number in range(readers):
            values = {"unsubscribe_url": f"https://verdicts.example.com/unsubscribe/{signer.reader(1, number)}"}
            html.fill(values)
            text.fill(values)

    lines = []
    for name, act, target in (("personalise", ready, 200_000), ("personalise, signing", signing, 100_000)):
        rate = readers / median_seconds(act, 3)
        what = f"{readers:,} readers, 60,000 bytes of HTML and text, 3 slots, " + (
            "tokens ready" if act is ready else "one HMAC-SHA256 token each"
        )
        lines.append(Line(name, what + "; 1 process", f"{rate:,.0f}/s", f"> {target:,}/s", rate > target))
    return [*lines, _whole_week(signer, readers // 10)]


def _whole_week(signer: Signer, readers: int) -> Line:
    """A real issue with every slot it has: links to vote and marks of what was saved among them."""
    environment = mail_environment(jinja2.FileSystemLoader(templates_folder()))
    site = "https://verdicts.example.com"
    mail = render_issue(environment, Publication("Weekly AI Tool Verdicts", site, "1 Test Street"), _twenty(), NONCE)
    html, text = split_mail(mail, NONCE)

    def fill() -> None:
        for number in range(readers):
            values = reader_slots(site, signer.reader(1, number), date(2026, 3, 14), mail.tools)
            html.fill(values)
            text.fill(values)

    rate = readers / median_seconds(fill, 3)
    size, slots = len(mail.html) + len(mail.text), len(html.slots) + len(text.slots)
    what = f"{readers:,} readers, a week of 20 comparisons: {size:,} characters, {slots} slots, all values made"
    return Line("personalise, a week", what + "; 1 process", f"{rate:,.0f}/s", "> 30,000/s", rate > 30_000)


def median_seconds(act: Callable[[], object], times: int) -> float:
    """The median of so many runs, after one to warm up."""
    act()
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)
