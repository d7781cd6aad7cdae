"""A sample week of invented tools: rich and thin data, long names, one tool twice, a verdict that flipped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from newsletter.comparisons.model import Comparison, Pricing, Review, Tool, Verdict, panel_of, slugify
from newsletter.issues import IssueContent, Item, Publication
from newsletter.selection import Section

NONCE = "5eed0123abcd"
PUBLICATION = Publication(
    name="Weekly AI Tool Verdicts",
    site_url="https://verdicts.example.org",
    postal_address="Verdict Press\nExample Street 1\n12345 Sampletown",
    about_panel="The panel: four reviewers who each ship or skip a tool after a week with it.",
)
SLOT_HEADERS = {
    "List-Unsubscribe": f"<__nl{NONCE}_unsubscribe_url__>, <mailto:leave@verdicts.example.org>",
    "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
}
_TEXTS = {
    "Builder": "{name} does one thing and says what it costs. The first build took nine minutes on a laptop older "
    "than the idea, and the second took two. Its plugin format is a folder of plain files, a bet on the people who "
    "will maintain it rather than on those who will demo it. That earns trust.",
    "Skeptic": "The scenario where {name} breaks is a monorepo with three languages and one tired reviewer. It was "
    "tested on small services, and the numbers in its report stop at fifty thousand lines. Nobody ran it on a Friday.",
    "Futurist": "If agents come to write most patches, {name} is the place where a person still says yes. The thesis "
    "may be early by two years, but the trace format will outlive the product that introduced it.",
    "Founder": "The buyer is a team lead with a card and no procurement department. A business that sells {name} to "
    "them has until spring before the editor vendors give the same thing away. Still, the wedge is real.",
}


def reviews(name: str, marks: str) -> tuple[Review, ...]:
    """Reviews from `84+ 78+ 90+ 52-`: score and verdict of Builder, Skeptic, Futurist, Founder; `.` for none."""
    found = []
    for (reviewer, text), mark in zip(_TEXTS.items(), marks.split(), strict=False):
        if mark != ".":
            verdict = {"+": Verdict.SHIP, "-": Verdict.SKIP}.get(mark[-1])
            digits = mark.rstrip("+-")
            found.append(Review(reviewer, int(digits) if digits else None, verdict, text.format(name=name)))
    return tuple(found)


def tool(name: str, marks: str = "", **facts: Any) -> Tool:
    """One side. `marks` as in `reviews`; the panel follows from them unless given."""
    judged = facts.pop("reviews", None) or reviews(name, marks)
    facts.setdefault("panel", panel_of(judged))
    return Tool(name=name, slug=facts.pop("slug", None) or slugify(name), reviews=judged, **facts)


def item(left: Tool, right: Tool, section: Section = Section.FULL, before: Sequence[tuple[str, str]] = ()) -> Item:
    """An item whose button leads to an invented page."""
    slug = re.sub(r"[^a-z0-9]+", "-", f"{left.slug} vs {right.slug}".lower()).strip("-")
    return Item(Comparison(slug, (left, right)), section, f"https://verdicts.example.org/compare/{slug}", tuple(before))


def content(*items: Item, **changes: Any) -> IssueContent:
    """An issue of these items."""
    facts: dict[str, Any] = {
        "key": "2026-W47",
        "day": date(2026, 11, 16),
        "subject": "Plumbline vs Kestrel, and 14 more verdicts",
        "preheader": "The panel leans Tallow Notes: 100% against 25%.",
        "intro": "",
    }
    return IssueContent(**{**facts, **changes, "items": items})


KESTREL = tool(
    "Kestrel",
    "84+ 78+ 90+ 52-",
    category="Developer Tools",
    tagline="Code review that reads the ticket before it reads the patch",
    pricing=Pricing("Paid", "$18 per seat and month, 14 days free"),
)
PLUMBLINE = tool(
    "Plumbline",
    "88+ 85+ 81+ 74+",
    category="Developer Tools",
    tagline="Finds the commit that bent your architecture",
    pricing=Pricing("Free", "Free / Open Source (MIT)"),
    best_for="Teams with one large repository",
)


def full_week() -> tuple[Item, ...]:
    """Five in full (one of them changed), four reviewers a side where the data allows, and ten in brief."""
    return (
        item(PLUMBLINE, KESTREL),
        item(
            tool(
                "Skills (mattergrove)",
                "71+ 44- 80+ 40-",
                tagline="A shelf of small abilities for your agent",
                pricing=Pricing("Free"),
            ),
            tool(
                "Understudy 3.0 by Halfmoon Instruments",
                "66+ 49- 58- 47-",
                tagline="Records what you do once, and then does it while you watch",
                pricing=Pricing("Paid", "From $40"),
            ),
        ),
        item(
            tool("Tallow Notes", "+ + + +", category="Writing", tagline="Meeting notes that admit what they missed"),
            tool("Rubber Owl", "+ - - -", category="Writing", tagline="Asks why until you know", slug="rubber-owl"),
            Section.CHANGED,
            [("rubber-owl", "Ship")],
        ),
        item(
            tool(
                "Gatepost",
                reviews=(
                    Review(text="The setup is honest about its limits. It asks for one key and says what it reads."),
                    Review(text="This is the second product of its kind this year."),
                ),
                pricing=Pricing("Free", "Free for one person, $9 for a team"),
                tagline="Keeps secrets out of prompts",
            ),
            tool(
                "Quillon", tagline="A proxy that redacts what leaves the house", pricing=Pricing("Freemium", "€0–€20")
            ),
        ),
        item(
            tool(
                "Marlinspike",
                "91+ 90+ 88+ 86+",
                category="Databases",
                tagline="Asks your warehouse in sentences, and shows the SQL it ran so that you can disagree with it",
                pricing=Pricing("Paid", "$0.30 a question"),
            ),
            tool("Ledgerline", "90+ 89+ . 84+", category="Databases", tagline="Spreadsheets with a memory"),
        ),
        *(
            item(
                tool(f"Brief {word}", "70+ 60+ 55- 80+"),
                tool(f"Counter {word}", "50- 60+ 45- 82+"),
                Section.BRIEF,
            )
            for word in ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Gorse", "Hazel", "Ivy")
        ),
        item(tool("Tallow Notes", tagline="Another page, another line"), tool("Bare Bones"), Section.BRIEF),
    )
