from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from newsletter.comparisons.model import Label, PanelVerdict, Review, Verdict, VoteTally
from newsletter.rendering.week import SUMMARY_WORDS, reader_votes, short_names, summary, the


def test_the_summary_counts_a_tool_once_by_its_slug(week: ModuleType) -> None:
    items = [week.item(week.KESTREL, week.PLUMBLINE), week.item(week.PLUMBLINE, week.tool("Quillon"))]
    assert summary(items) == "Three tools, two Ships, one unjudged, one dissent: the Founder skips Kestrel."


def test_one_dissent_is_told_with_who_and_what(week: ModuleType) -> None:
    assert summary([week.item(week.KESTREL, week.PLUMBLINE)]) == (
        "Two tools, two Ships, one dissent: the Founder skips Kestrel."
    )


def test_two_dissents_are_only_counted(week: ModuleType) -> None:
    owl = week.tool("Owl", "40- 40- 90+")
    assert summary([week.item(week.KESTREL, owl)]) == "Two tools, one Ship, one Skip, two dissents."


def test_a_dissent_that_would_make_the_sentence_too_long_is_only_counted(week: ModuleType) -> None:
    long = replace(week.KESTREL, name="A Tool Whose Name Alone Is Longer Than Most Sentences Are")
    assert summary([week.item(long, week.tool("Quillon"))]) == "Two tools, one Ship, one unjudged, one dissent."


def test_the_summary_says_when_one_tool_was_judged_both_ways(week: ModuleType) -> None:
    other = replace(week.KESTREL, panel=PanelVerdict(Label.SKIP, 25), reviews=())
    items = [week.item(other, week.PLUMBLINE), week.item(replace(other, panel=None), week.tool("Quillon", "+ -"))]
    assert summary(items) == "Three tools, one Ship, one Mixed, one Skip."
    again = week.item(replace(other, panel=PanelVerdict(Label.SHIP, 75)), week.PLUMBLINE)
    assert summary([*items, again]) == "Three tools, one Ship, one Mixed, one judged both ways."


def test_a_summary_without_verdicts_only_counts(week: ModuleType) -> None:
    assert summary([week.item(week.tool("One"), week.tool("Two"))]) == "Two tools."


def test_a_summary_of_many_tools_uses_digits_throughout(week: ModuleType) -> None:
    items = [week.item(week.tool(f"A{n}", "+"), week.tool(f"B{n}", "-")) for n in range(7)]
    assert summary(items) == "14 tools, 7 Ships, 7 Skips."


def test_the_summary_of_the_sample_week_has_at_most_sixteen_words(week: ModuleType) -> None:
    assert len(summary(week.full_week()).split()) <= SUMMARY_WORDS


@pytest.mark.parametrize(("reviewer", "said"), [("Founder", "the Founder"), ("Ada Quill", "Ada Quill")])
def test_only_a_role_takes_an_article(reviewer: str, said: str) -> None:
    assert the(reviewer) == said


def test_a_short_name_is_the_fewest_first_words_that_no_other_tool_begins_with() -> None:
    assert short_names(["SmolVLM2 Turbo", "SmolLM3", "Gemma 3n"]) == {
        "SmolVLM2 Turbo": "SmolVLM2",
        "SmolLM3": "SmolLM3",
        "Gemma 3n": "Gemma 3n",
    }
    assert short_names(["Halfmoon Studio One", "Halfmoon Studio Two"]) == {
        "Halfmoon Studio One": "Halfmoon Studio One",
        "Halfmoon Studio Two": "Halfmoon Studio Two",
    }
    assert short_names(["Halfmoon Studio Light", "Halfmoon Desk Light"])["Halfmoon Desk Light"] == "Halfmoon Desk"


def test_a_name_whose_beginning_says_nothing_stays_whole() -> None:
    for name in ("The Very Long Name Of A Tool", "AI Companion for Teams", "Rubber Owl", "C" * 40):
        short = short_names([name])[name]
        assert short in (name, "AI Companion")


def test_readers_are_held_against_the_panel(week: ModuleType) -> None:
    agreeing = replace(week.PLUMBLINE, community=VoteTally(10, 2))
    opposed = replace(week.KESTREL, community=VoteTally(2, 8))
    assert reader_votes(week.item(agreeing, opposed).comparison) == (
        "Readers ship Plumbline 10–2, as the panel does.",
        "Readers skip Kestrel 2–8; the panel ships it.",
    )
    split = replace(week.tool("Quillon"), community=VoteTally(3, 3))
    silent = replace(week.tool("Owl", "+"), community=VoteTally(0, 0))
    assert reader_votes(week.item(split, silent).comparison) == ("Readers split on Quillon 3–3.",)


def test_a_reviewer_without_a_name_is_no_dissenter(week: ModuleType) -> None:
    ships = [Review("Builder", verdict=Verdict.SHIP), Review("Founder", verdict=Verdict.SHIP)]
    owl = week.tool("Owl", reviews=(*ships, Review(verdict=Verdict.SKIP)))
    assert summary([week.item(owl, week.tool("Bare"))]) == "Two tools, one Ship, one unjudged."
