from __future__ import annotations

import re
from collections.abc import Callable
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.comparisons.model import Comparison, Label, PanelVerdict, Tool
from newsletter.errors import InputError
from newsletter.issues import Item
from newsletter.rendering.proposals import TOOL_WITHIN, Proposal, propose, propose_preheader, propose_subject
from newsletter.rendering.words import PREHEADER_LIMITS, SUBJECT_LEAST, SUBJECT_LIMIT, one_line
from newsletter.selection import Section

GEMMA = "84+ 78+ 80+ 52-"
SMOL = "88+ 80+ 82+ 72+"


def test_a_lone_dissenter_is_the_subject_and_the_score_comes_after(week: ModuleType) -> None:
    best = propose([week.item(week.tool("Gemma 3n", GEMMA), week.tool("SmolVLM2 Turbo", SMOL))])[0]
    assert best == Proposal(
        "Gemma 3n: three say ship, one says skip",
        "The Founder gives it 52. SmolVLM2 Turbo goes 4–0.",
        "lone dissenter on Gemma 3n: the Founder, 52",
    )


def test_there_are_three_ways_each_with_the_fact_it_rests_on(week: ModuleType) -> None:
    found = propose(week.full_week())
    assert [(one.subject, one.fact) for one in found] == [
        ("Rubber Owl flips from Ship to Skip", "flip: Rubber Owl, Ship → Skip"),
        ("Rubber Owl: one says ship, three say skip", "lone dissenter on Rubber Owl: the Builder"),
        ("Skills: two say ship, two say skip", "split panel on Skills (mattergrove): 2–2"),
    ]


def test_a_landslide_says_who_leads_whom(week: ModuleType) -> None:
    item = week.item(week.tool("Owl", "40- 50-"), week.tool("Tallow Notes", "90+ 91+"))
    assert propose([item])[0].subject == "Tallow Notes leads Owl, 2–0 against 0–2"
    assert propose([item])[0].fact == "landslide: Tallow Notes, 2–0 against 0–2"


def test_a_panel_that_skips_with_one_voice_is_a_fact(week: ModuleType) -> None:
    item = week.item(week.tool("Tallow Notes", "40- 50- 60-"), week.tool("Rubber Owl", "40- 50- 60-"))
    assert propose([item, item])[0].subject == "Tallow Notes: all three say skip"
    two = week.item(week.tool("Tallow Notes", "40- 50-"), week.tool("Rubber Owl", "40- 50-"))
    assert propose([two, two])[0].subject == "Tallow Notes: both say skip, and 1 more verdict"


def test_a_reviewer_with_opposed_verdicts_is_a_fact(week: ModuleType) -> None:
    subjects = [one.subject for one in propose([week.item(week.tool("Gemma 3n", GEMMA), week.tool("SmolVLM2", SMOL))])]
    assert "SmolVLM2 or Gemma 3n: the Founder splits" in subjects


def test_no_lean_is_a_fact_too(week: ModuleType) -> None:
    one, other = (week.tool(name, panel=PanelVerdict(Label.SHIP, 100)) for name in ("SmolLM3", "SmolVLM2 Turbo"))
    best = propose([week.item(one, other)])[0]
    assert best.subject == "SmolLM3 vs SmolVLM2: no lean, both 100%"
    assert best.preheader == "Two tools, two Ships. Everything we know of both tools, on one page."


def test_where_nothing_is_known_the_pair_is_asked_about(week: ModuleType) -> None:
    assert [one.subject for one in propose([week.item(week.tool("A"), week.tool("B"))])] == [
        "A vs B: which one should you ship?",
        "One comparison: which tool should you ship with?",
        "One comparison: what to ship, what to skip",
    ]


def test_a_name_that_does_not_fit_is_left_out_and_never_cut(week: ModuleType) -> None:
    endless = week.item(week.tool("C" * 90, "84+ 60-"), week.tool("D" * 90, "50-"))
    for one in propose([endless, endless]):
        assert "CC" not in one.subject
        assert "…" not in one.preheader
        assert one.subject.startswith("Two comparisons: ")


def test_facts_in_full_come_before_those_in_brief(week: ModuleType) -> None:
    brief = week.item(week.tool("Gemma 3n", GEMMA), week.tool("SmolVLM2", SMOL), Section.BRIEF)
    plain = week.item(week.tool("Plumbline", "80+ 80+"), week.tool("Kestrel", "60+ 60+"))
    assert propose_subject([brief, plain]).startswith("Plumbline leads Kestrel")


def test_the_best_proposal_is_what_a_draft_gets(week: ModuleType) -> None:
    best = propose(week.full_week())[0]
    assert (propose_subject(week.full_week()), propose_preheader(week.full_week())) == (best.subject, best.preheader)


@pytest.mark.parametrize("ask", [propose, propose_subject, propose_preheader])
def test_an_empty_issue_has_no_subject(ask: Callable[[list[Item]], object]) -> None:
    with pytest.raises(InputError, match="no comparison"):
        ask([])


NAMES = st.text(min_size=1, max_size=120).filter(lambda name: bool(one_line(name)))
PANELS = st.builds(PanelVerdict, label=st.sampled_from(Label), share=st.none() | st.integers(0, 100)) | st.builds(
    lambda ship, skip: PanelVerdict(
        Label.of_share(100 * ship / (ship + skip)), 100 * ship // (ship + skip), ship, skip
    ),
    st.integers(0, 5),
    st.integers(1, 5),
)
SIDES = st.builds(
    Tool,
    name=NAMES | st.sampled_from(["Gemma 3n", "SmolVLM2 Turbo", "Owl"]),
    slug=st.sampled_from(["a", "b", "c"]),
    panel=st.none() | PANELS,
    category=st.none() | NAMES,
)
ITEMS = st.builds(
    Item,
    comparison=st.builds(Comparison, slug=st.just("x"), sides=st.tuples(SIDES, SIDES)),
    section=st.sampled_from(Section),
    url=st.just("https://example.org/x"),
    before=st.just((("a", "Ship"),)),
)


@given(st.lists(ITEMS, min_size=1, max_size=25))
def test_proposals_always_fit_an_inbox_line_and_share_no_clause(items: list[Item]) -> None:
    found = propose(items)
    assert len(found) == len({one.subject for one in found}) == 3
    for one in found:
        assert SUBJECT_LEAST <= len(one.subject) <= SUBJECT_LIMIT
        assert one.subject == one_line(one.subject)
        assert PREHEADER_LIMITS[0] <= len(one.preheader) <= PREHEADER_LIMITS[1]
        assert "…" not in {*one.subject, *one.preheader} - set(
            "".join(s.name for i in items for s in i.comparison.sides)
        )


@given(st.lists(st.sampled_from([(GEMMA, SMOL), (SMOL, "50- 40-"), ("70+ 60-", "60+ 60+"), ("", SMOL)]), max_size=4))
def test_a_preheader_repeats_no_clause_of_its_subject(week: ModuleType, marks: list[tuple[str, str]]) -> None:
    pairs = [("Gemma 3n", "Kestrel"), ("Tallow Notes", "Owl"), ("Quillon", "Plumbline"), ("Ledger", "Marlin")]
    items = [
        week.item(week.tool(left, ones), week.tool(right, others))
        for (left, right), (ones, others) in zip(pairs, [*marks, (GEMMA, SMOL)], strict=False)
    ]
    for one in propose(items):
        clauses = [set(re.split(r"[.,:;?] ?", text)) - {""} for text in (one.subject, one.preheader)]
        assert not clauses[0] & clauses[1]
        assert any(
            0 <= one.subject.find(name) + len(name) <= TOOL_WITHIN for pair in pairs for name in pair
        ) or one.subject.startswith(("One comparison", "Two comparisons", "Three comparisons", "Four comparisons"))
