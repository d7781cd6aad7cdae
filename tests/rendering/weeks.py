"""Weeks of every kind for the golden files: rich, thin, single, all Skip, twenty, other scripts, hostile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from newsletter.comparisons.model import Label, PanelVerdict, Pricing, Review, Tool, Verdict, VoteTally
from newsletter.issues import IssueContent, Item
from newsletter.rendering.proposals import propose
from newsletter.selection import Section
from tests.rendering.week import KESTREL, PLUMBLINE, content, full_week, item, reviews, tool

HOSTILE = "<script>alert(1)</script>\"'{{ 7*7 }} %recipient.name% \u202e&copy;\r\nBcc: x@example.org"


def week_of(*items: Item, **more: object) -> IssueContent:
    """An issue of these items, with the subject and preheader that would be proposed."""
    best = propose(items)[0]
    return replace(content(*items, subject=best.subject, preheader=best.preheader), **more)


def rich() -> IssueContent:
    """Everything at once: a dated change, votes, one tool in two comparisons, a reviewer of one side only."""
    first, second, changed, thin, tie, *briefs = full_week()
    changed = replace(changed, changed_on=date(2026, 11, 14), before_scores=(("rubber-owl", "Skeptic", 72),))
    fallen = replace(changed.comparison.right, reviews=reviews("Rubber Owl", "61+ 48- 55- 40-"))
    changed = replace(changed, comparison=replace(changed.comparison, sides=(changed.comparison.left, fallen)))
    voted = replace(first.comparison.left, community=VoteTally(41, 9))
    first = replace(first, comparison=replace(first.comparison, sides=(voted, first.comparison.right)))
    again = item(PLUMBLINE, tool("Quillon Review", "80+ 81+ 79+ 70+", tagline="Reads a change twice"))
    last_week = item(replace(KESTREL, community=VoteTally(2, 8)), replace(PLUMBLINE, community=VoteTally(12, 3)))
    return week_of(first, second, changed, thin, tie, again, *briefs[:3], voted=(last_week,))


def thin() -> IssueContent:
    """No names, no scores, and in the last comparison neither a panel."""
    said = (
        "Setup is a folder of plain files that anyone can read and keep.",
        "A repository without good tests gets very little from such a tool.",
    )
    one = tool("Gatepost", panel=PanelVerdict(Label.SHIP, 100), reviews=(Review(text=said[0]), Review(text=said[1])))
    two = tool("Quillon", panel=PanelVerdict(Label.SHIP, 100), reviews=(Review(text="This one is fast."),))
    three = tool("Larder", reviews=(Review(verdict=Verdict.SHIP), Review(verdict=Verdict.SKIP)), panel=None)
    four = tool("Pantry", panel=PanelVerdict(Label.MIXED), pricing=Pricing("Free"))
    return week_of(item(one, two), item(three, four), item(tool("Bare"), tool("Bones", tagline="Less is less")))


def single() -> IssueContent:
    return week_of(item(KESTREL, PLUMBLINE))


def all_skip() -> IssueContent:
    return week_of(
        item(
            tool("Moth Trap", "30- 41- 22- 35-", tagline="Catches what flies by"), tool("Wet Lint", "40- 44- 39- 38-")
        ),
        item(tool("Damp Match", "12- 20- 18- 9-"), tool("Dry Ink", "- - - -")),
    )


def twenty() -> IssueContent:
    pairs = [
        item(tool(f"Alpha {n}", "70+ 60+ 55- 80+"), tool(f"Beta {n}", "50- 60+ 45- 82+"), section)
        for n, section in enumerate([Section.FULL] * 5 + [Section.BRIEF] * 15)
    ]
    return week_of(*pairs)


def scripts() -> IssueContent:
    """Right to left, CJK, and a name of combining marks."""
    hebrew = tool("קורא הקוד", "80+ 70+ 75+ 50-", tagline="קורא כל שינוי לפני שהוא נכנס")
    arabic = tool("المراجع الذكي", "60- 65+ 70+ 55-", tagline="يراجع كل طلب دمج", category="أدوات")
    chinese = tool("文字校对助手", "88+ 79+", tagline="把每一次提交都读一遍", best_for="大型代码库")
    combining = tool("Zoë Ångström", "72+ 71+", tagline="Writes in every accent, e\u0301 included")
    return week_of(item(hebrew, arabic), item(chinese, combining))


def hostile() -> IssueContent:
    evil = Tool(
        HOSTILE,
        "evil",
        category=HOSTILE,
        tagline=HOSTILE,
        best_for=f"{HOSTILE} too",
        pricing=Pricing(HOSTILE, HOSTILE),
        panel=PanelVerdict(Label.SHIP, 100, 1, 0),
        reviews=(Review(HOSTILE, 80, Verdict.SHIP, f"{HOSTILE} is a sentence that stands alone, <b>so</b> it seems."),),
    )
    return week_of(item(evil, KESTREL), item(KESTREL, evil, Section.BRIEF), intro=HOSTILE)


WEEKS: dict[str, Callable[[], IssueContent]] = {
    "rich": rich,
    "thin": thin,
    "single": single,
    "all-skip": all_skip,
    "twenty": twenty,
    "scripts": scripts,
    "hostile": hostile,
}
