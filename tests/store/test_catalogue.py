"""The catalogue: what is listed when, found by which words, and read without walking through the whole table."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest

from newsletter.comparisons.model import Comparison, Pricing, Review, Tool
from newsletter.errors import InputError
from newsletter.store.store import Store
from tests.store.ledger import NOW

TODAY = date(2026, 11, 20)


def add(store: Store, left: Tool, right: Tool, day: date | None = TODAY, slug: str = "") -> int:
    comparison = Comparison(slug or f"{left.slug}-vs-{right.slug}", (left, right), day)
    return store.comparisons.add(comparison, NOW, archived=False)


def tool(slug: str, category: str | None = None, **more: Any) -> Tool:
    return Tool(more.pop("name", slug.capitalize()), slug, category=category, **more)


@pytest.fixture
def filled(store: Store) -> Store:
    """Three comparisons of one tool, and one of the future."""
    add(store, tool("heron", "Developer Tools", tagline="Reads the harbour log"), tool("owl", "Design"), TODAY)
    add(store, tool("heron", "developer tools"), tool("wren", "Voice & audio"), date(2026, 11, 19))
    add(store, tool("stork"), tool("heron", "Developer Tools", name="Heron 1"), date(2026, 11, 1))
    add(store, tool("heron", "Design"), tool("finch", "Secret"), date(2026, 11, 21))
    return store


def slugs(found: list) -> list[str]:
    return [one.comparison.slug for one in found]


def test_a_page_is_the_newest_first_and_ends_where_the_list_ends(filled: Store) -> None:
    assert slugs(filled.catalogue.page(TODAY, limit=2)) == ["heron-vs-owl", "heron-vs-wren"]
    assert slugs(filled.catalogue.page(TODAY, limit=2, offset=2)) == ["stork-vs-heron"]
    assert slugs(filled.catalogue.page(TODAY, limit=2, offset=10**9)) == []
    assert filled.catalogue.count(TODAY) == 3


def test_a_topic_has_the_comparisons_with_a_side_of_it_each_once(filled: Store) -> None:
    add(filled, tool("a", "Design"), tool("b", "design"), date(2026, 11, 2))
    assert slugs(filled.catalogue.page(TODAY, topic="design", limit=9)) == ["heron-vs-owl", "a-vs-b"]
    assert filled.catalogue.count(TODAY, topic="design") == 2


def test_topics_are_counted_by_comparison_and_named_as_the_newest_names_them(filled: Store) -> None:
    found = filled.catalogue.topics(TODAY)
    assert [(topic.slug, topic.name, topic.count) for topic in found] == [
        ("developer-tools", "Developer Tools", 3),
        ("design", "Design", 1),
        ("voice-and-audio", "Voice & audio", 1),
    ]
    assert [topic.slug for topic in filled.catalogue.topics(TODAY, filled.catalogue.find("wren", TODAY))] == [
        "developer-tools",
        "voice-and-audio",
    ]
    assert filled.catalogue.topics(TODAY, []) == []


def test_nothing_of_the_future_is_found_by_any_way(filled: Store) -> None:
    catalogue = filled.catalogue
    assert catalogue.by_slug("heron-vs-finch", TODAY) is None
    assert catalogue.find("finch", TODAY) == []
    assert catalogue.count_of_tool("finch", TODAY) == 0
    assert "secret" not in {topic.slug for topic in catalogue.topics(TODAY)}
    listed = catalogue.by_slug("heron-vs-owl", TODAY)
    assert listed is not None
    assert "heron-vs-finch" not in slugs(catalogue.related(listed, TODAY, 9))
    tomorrow = date(2026, 11, 21)
    assert catalogue.by_slug("heron-vs-finch", tomorrow) is not None
    assert len(catalogue.find("finch", tomorrow)) == 1


def _add_and_fail(store: Store) -> None:
    add(store, tool("lost"), tool("owl"))
    raise InputError


def test_texts_of_many_written_together_are_found_and_those_of_a_failure_are_not(store: Store) -> None:
    before = store.catalogue.version
    with store.transaction(), store.comparisons.gathered():
        for number in range(230):
            add(store, tool(f"kite{number}"), tool("owl"))
    assert len(store.catalogue.find("kite7", TODAY)) == 11  # kite7, kite70 to kite79
    assert store.catalogue.version > before
    with pytest.raises(InputError), store.transaction(), store.comparisons.gathered():
        _add_and_fail(store)
    add(store, tool("after"), tool("owl"))
    assert store.catalogue.find("lost", TODAY) == []
    assert len(store.catalogue.find("after", TODAY)) == 1


def test_every_word_must_be_there_and_the_last_may_be_unfinished(filled: Store) -> None:
    assert slugs(filled.catalogue.search("harbour her", TODAY, limit=9)) == ["heron-vs-owl"]
    assert filled.catalogue.find("harb heron", TODAY) == []
    assert len(filled.catalogue.find("HÉRON", TODAY)) == 3


def test_a_title_is_a_better_match_than_a_text(store: Store) -> None:
    add(store, tool("a", description="It says kestrel. " * 3), tool("b"))
    add(store, tool("kestrel"), tool("c", description="Something else entirely, at some length."))
    assert slugs(store.catalogue.search("kestrel", TODAY, limit=9)) == ["kestrel-vs-c", "a-vs-b"]


def test_reviews_prices_and_categories_are_searched_too(store: Store) -> None:
    left = Tool("A", "a", category="Robotics", pricing=Pricing("Paid", "per seat"), best_for="Large repositories",
                reviews=(Review("Skeptic", text="It fails on Fridays."),))  # fmt: skip
    add(store, left, tool("b"))
    for words in ("robotics", "per seat", "large repo", "skeptic fridays"):
        assert len(store.catalogue.find(words, TODAY)) == 1, words


def test_words_with_signs_are_found_as_they_are_written(store: Store) -> None:
    add(store, tool("git-why", name="git-why"), tool("c", name="C++ (notes)"))
    add(store, tool("x", tagline="why we left git behind"), tool("y"))
    assert slugs(store.catalogue.search("git-why", TODAY, limit=9)) == ["git-why-vs-c"]
    assert slugs(store.catalogue.search("c++ & git", TODAY, limit=9)) == ["git-why-vs-c"]


def test_other_scripts_are_found_with_their_vowel_signs(store: Store) -> None:
    add(store, tool("hindi", name="हिन्दी उपकरण"), tool("hebrew", name="כלי בדיקה"))
    assert len(store.catalogue.find("हिन्दी", TODAY)) == 1
    assert len(store.catalogue.find("בדיקה", TODAY)) == 1


@pytest.mark.parametrize(
    "words",
    ['"', "'", "*", "a*", "NEAR(a b)", "a AND", "NOT", "title:a", "(", "-a", "^a", "a\x00b", "…", "___", "%", ";--"],
)
def test_no_sign_of_a_search_is_an_operator(filled: Store, words: str) -> None:
    filled.catalogue.find(words, TODAY)
    filled.catalogue.find(words, TODAY, topic=words)
    filled.catalogue.page(TODAY, topic=words, limit=1)


def test_a_search_goes_by_what_a_comparison_says_now(filled: Store) -> None:
    stored = filled.comparisons.by_slug("heron-vs-owl")
    assert stored is not None
    left = replace(stored.comparison.left, tagline="Watches the quay")
    filled.comparisons.revise(
        stored, replace(stored.comparison, sides=(left, stored.comparison.right)), NOW, "ada@example.com"
    )
    assert filled.catalogue.find("harbour", TODAY) == []
    assert len(filled.catalogue.find("quay", TODAY)) == 1


def test_a_tool_has_its_comparisons_and_its_names_the_newest_first(filled: Store) -> None:
    catalogue = filled.catalogue
    assert slugs(catalogue.of_tool("heron", TODAY)) == ["heron-vs-owl", "heron-vs-wren", "stork-vs-heron"]
    assert slugs(catalogue.of_tool("heron", TODAY, limit=1, offset=1)) == ["heron-vs-wren"]
    assert catalogue.count_of_tool("heron", TODAY) == 3
    assert catalogue.names_of_tool("heron", TODAY) == ["Heron", "Heron 1"]
    assert catalogue.names_of_tool("nobody", TODAY) == []


def test_ids_come_back_in_the_order_they_were_asked_for(filled: Store) -> None:
    assert [one.id for one in filled.catalogue.by_ids([3, 1, 2])] == [3, 1, 2]
    assert filled.catalogue.by_ids([]) == []


def test_related_ones_are_of_the_same_tools_then_of_the_same_topics(filled: Store) -> None:
    listed = filled.catalogue.by_slug("heron-vs-wren", TODAY)
    assert listed is not None
    add(filled, tool("x", "Voice & audio"), tool("y"), TODAY)
    assert slugs(filled.catalogue.related(listed, TODAY, 4)) == ["heron-vs-owl", "stork-vs-heron", "x-vs-y"]
    assert slugs(filled.catalogue.related(listed, TODAY, 1)) == ["heron-vs-owl"]


def test_one_without_a_date_is_listed_on_the_local_day_it_was_seen_and_stays_there(store: Store) -> None:
    evening = datetime(2026, 11, 19, 20, 0, tzinfo=timezone(timedelta(hours=-8)))  # the 20th in UTC
    store.comparisons.add(Comparison("a-vs-b", (tool("a"), tool("b"))), evening, archived=False)
    stored = store.comparisons.by_slug("a-vs-b")
    assert stored is not None
    store.comparisons.revise(
        stored, replace(stored.comparison, sides=(tool("a", "Design"), tool("b"))), NOW, "ada@example.com"
    )
    listed = store.catalogue.by_slug("a-vs-b", date(2026, 11, 19))
    assert listed is not None
    assert listed.listed_on == date(2026, 11, 19)
    assert [topic.slug for topic in store.catalogue.topics(date(2026, 11, 19))] == ["design"]


def test_the_first_page_of_a_list_is_read_from_an_index(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """No plan scans a table, or sorts what it read of one; each question that a page asks is looked at."""
    asked: list[tuple[str, Any]] = []
    database = filled.catalogue._database
    query = type(database).query

    def watch(self, sql, parameters=()):
        asked.append((sql, parameters))
        return query(self, sql, parameters)

    monkeypatch.setattr(type(database), "query", watch)
    listed = filled.catalogue.page(TODAY, limit=24)[0]
    filled.catalogue.page(TODAY, topic="design", limit=24)
    filled.catalogue.of_tool("heron", TODAY, limit=24)
    filled.catalogue.related(listed, TODAY, 4)
    monkeypatch.undo()
    assert len(asked) >= 6
    for sql, parameters in asked:
        plan = [row["detail"] for row in database.query(f"EXPLAIN QUERY PLAN {sql}", parameters)]
        assert not [step for step in plan if step.startswith("SCAN") and "found" not in step], plan
