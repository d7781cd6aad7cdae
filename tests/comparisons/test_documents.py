"""Documents: what becomes of each field, and what is refused, with its line."""

import json
from datetime import date, datetime

import pytest

from newsletter.comparisons.formats import Reject, content_sha256, from_document, parse_source, to_document
from newsletter.comparisons.model import (
    Comparison,
    Label,
    PanelVerdict,
    Pricing,
    Review,
    Tool,
    Verdict,
    VoteTally,
)
from newsletter.errors import InputError

FULL = """\
slug: larch-and-alder
published_on: 2026-11-18
url: https://example.com/compare/larch-and-alder
sides:
  - name: Larch
    slug: larch-app
    url: https://larch.example/@team?x=1#top
    category: Developer Tools
    tagline: Keeps the "old" build → running
    description: |
      First paragraph with 75% and <placeholder>.

      Second paragraph.
    pricing: {entry: Free, detail: Free / Open Source (MIT)}
    best_for: Old builds
    panel: {share: 75, ship: 3, skip: 1, label: Ship}
    community: {ship: 10, skip: 2}
    reviews:
      - {reviewer: Builder, score: 84, verdict: ship, text: Builds.}
      - {score: 0}
  - name: Alder
"""


def rejects(text: str, name: str = "week.yaml") -> tuple[Reject, ...]:
    parsed = parse_source(text, name)
    assert not parsed.located
    return parsed.rejects


def side_rejects(*lines: str) -> list[tuple[int, str, str]]:
    """What is wrong with a side that starts in line 2, its further fields from line 3 on."""
    text = "\n".join(["sides:", "  - name: Larch", *(f"    {line}" for line in lines), "  - name: Alder", ""])
    return [(each.line, each.reason, each.fix) for each in rejects(text)]


def test_every_field_of_a_document_is_read() -> None:
    (located,) = parse_source(FULL, "week.yaml").located
    assert located.line == 1
    assert located.notes == ()
    assert located.comparison == Comparison(
        slug="larch-and-alder",
        published_on=date(2026, 11, 18),
        url="https://example.com/compare/larch-and-alder",
        sides=(
            Tool(
                name="Larch",
                slug="larch-app",
                url="https://larch.example/@team?x=1#top",
                category="Developer Tools",
                tagline='Keeps the "old" build → running',
                description="First paragraph with 75% and <placeholder>.\n\nSecond paragraph.",
                pricing=Pricing("Free", "Free / Open Source (MIT)"),
                best_for="Old builds",
                panel=PanelVerdict(Label.SHIP, 75, 3, 1),
                community=VoteTally(10, 2),
                reviews=(Review("Builder", 84, Verdict.SHIP, "Builds."), Review(score=0)),
            ),
            Tool("Alder", "alder"),
        ),
    )


def test_two_names_are_enough_and_the_slug_is_that_of_the_unordered_pair() -> None:
    here = parse_source("sides: [{name: Zinnia}, {name: Aster & Co}]", "a.yml").located[0].comparison
    there = parse_source("sides: [{name: Aster & Co}, {name: Zinnia}]", "a.yml").located[0].comparison
    assert here.slug == there.slug == "aster-and-co-vs-zinnia"
    assert here.left.name == "Zinnia"


def test_the_canonical_document_has_the_published_key_order_and_nothing_that_is_unknown() -> None:
    document = to_document(parse_source(FULL, "week.yaml").located[0].comparison)
    assert list(document) == ["slug", "published_on", "url", "sides"]
    assert list(document["sides"][0]) == [
        "name", "slug", "url", "category", "tagline", "description", "pricing", "best_for", "panel", "community",
        "reviews",
    ]  # fmt: skip
    assert document["sides"][0]["panel"] == {"share": 75, "ship": 3, "skip": 1, "label": "Ship"}
    assert document["sides"][0]["reviews"][1] == {"score": 0}
    assert document["sides"][1] == {"name": "Alder", "slug": "alder"}


def test_the_same_content_in_another_key_order_has_the_same_hash_and_other_content_another() -> None:
    comparison = parse_source(FULL, "week.yaml").located[0].comparison
    turned = json.dumps(to_document(comparison), sort_keys=True)
    assert content_sha256(parse_source(turned, "x.json").located[0].comparison) == content_sha256(comparison)
    revised = parse_source(FULL.replace("score: 84", "score: 85"), "week.yaml").located[0].comparison
    assert content_sha256(revised) != content_sha256(comparison)
    assert len(content_sha256(comparison)) == 64


def test_an_unknown_key_is_named_with_its_line_and_the_nearest_known_key() -> None:
    assert side_rejects("taglin: x", "zzz: y") == [
        (3, "Left side: `taglin` is not a known key.", "Did you mean `tagline`?"),
        (
            4,
            "Left side: `zzz` is not a known key.",
            "Known here: name, slug, url, category, tagline, description, pricing, best_for, panel, community, "
            "reviews.",
        ),
    ]
    nested = side_rejects("panel: {shares: 4}", "reviews:", "  - name: Builder")
    assert [line for line, _, _ in nested] == [3, 5]
    assert "Left side, panel: `shares`" in nested[0][1]
    assert "Left side, review 1: `name`" in nested[1][1]


@pytest.mark.parametrize(
    "line",
    ["tagline:", 'tagline: ""', "tagline: ~", "tagline: null", 'tagline: "  "', "pricing: {}", "reviews: []", "panel:"],
)
def test_an_empty_field_is_an_error_that_says_to_leave_it_out(line: str) -> None:
    ((number, reason, fix),) = side_rejects(line)
    assert number == 3
    assert reason.endswith("is empty.")
    assert fix.startswith("Leave it out")


def test_a_quoted_null_is_a_name_like_any_other() -> None:
    comparison = parse_source("sides: [{name: 'null'}, {name: '~x'}]", "a.yaml").located[0].comparison
    assert comparison.left.name == "null"


@pytest.mark.parametrize(
    "name", ["No", "no", "yes", "1e3", "3.0", "0x1F", "75%", "2026-11-18", "1_000", "12:30", "=", "on"]
)
def test_a_name_stays_the_text_that_was_written(name: str) -> None:
    text = f"sides:\n- {{name: {name}, slug: one}}\n- {{name: Alder}}\n"
    assert parse_source(text, "a.yaml").located[0].comparison.left.name == name


def test_all_errors_of_a_document_are_told_at_once_each_with_its_line() -> None:
    text = """\
slug: Not A Slug
published_on: 18.11.2026
url: ftp://example.com/
sides:
  - slug: larch
    category: [a]
    pricing: Free
  - name: Alder
    community: {ship: 3}
    reviews:
      - score: 101
      - verdict: maybe
      - text
      - {}
"""
    found = [(each.line, each.reason) for each in rejects(text)]
    assert found == [
        (1, "`Not A Slug` is not a slug."),
        (2, "`18.11.2026` is not a date."),
        (3, "`url` is not an address that can be linked: it does not start with https:// or http://."),
        (5, "Left side: `name` is missing."),
        (6, "Left side: `category` is not text."),
        (7, "Left side: `pricing` is not a mapping."),
        (9, "Right side, community: `skip` is missing."),
        (11, "Right side, review 1: `score` is not a whole number from 0 to 100."),
        (12, "Right side, review 2: `maybe` is not a verdict."),
        (13, "Right side, review 3: this is not a mapping."),
        (14, "Right side, review 4: The review is empty."),
    ]


def test_a_bad_document_does_not_hide_the_good_ones_of_its_source() -> None:
    text = "- sides: [{name: A}, {name: B}]\n- sides: [{name: C}]\n- hello\n- sides: [{name: D}, {name: E}]\n"
    parsed = parse_source(text, "many.yaml")
    assert [(each.line, each.comparison.slug) for each in parsed.located] == [(1, "a-vs-b"), (4, "d-vs-e")]
    assert [(each.source, each.line, each.reason) for each in parsed.rejects] == [
        ("many.yaml", 2, "`sides` has one."),
        ("many.yaml", 3, "This is not a comparison document."),
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("slug: a", "`sides` is missing."),
        ("sides: Larch vs Alder", "`sides` is not a list."),
        ("sides: [Larch, {name: Alder}]", "Left side: this is not a mapping."),
        ("sides: [{name: A}, {name: B}, {name: C}]", "`sides` has 3."),
        ("sides: [{name: A b}, {name: a-b}]", "Both sides have the slug `a-b`."),
        ("sides: [{name: '!?'}, {name: B}]", "Left side: The name '!?' has no letter or digit to make a slug of."),
    ],
)
def test_a_document_needs_two_different_named_sides(text: str, reason: str) -> None:
    assert [each.reason for each in rejects(text)] == [reason]


@pytest.mark.parametrize(
    "score", ["101", "-1", "1.5", "'84'", "ten", "1e1", "084", "99999999999999999999", "true", "8_4"]
)
def test_a_score_is_a_whole_number_from_0_to_100(score: str) -> None:
    ((line, reason, _),) = side_rejects("reviews:", f"  - score: {score}")
    assert (line, reason) == (4, "Left side, review 1: `score` is not a whole number from 0 to 100.")


@pytest.mark.parametrize("day", ["2026-02-30", "2026-11-18T00:00:00", "20261118", "18 November 2026", "2026-W47"])
def test_a_date_is_an_iso_date(day: str) -> None:
    (reject,) = rejects(f"published_on: '{day}'\nsides: [{{name: A}}, {{name: B}}]")
    assert (reject.line, reject.reason) == (1, f"`{day}` is not a date.")


@pytest.mark.parametrize("slug", ["Larch", "-a", "a-", "a--b", "a_b", "a b", "a/b", "../a"])
def test_a_slug_is_small_letters_and_digits_with_single_hyphens(slug: str) -> None:
    ((line, reason, _),) = side_rejects(f"slug: '{slug}'")
    assert (line, reason) == (3, f"Left side: `{slug}` is not a slug.")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("javascript:alert(1)", "does not start with"),
        ("//example.com/", "does not start with"),
        ("https://a@example.com/", "an @ before"),
        ("https://example.com\\@evil.example/", "an @ before"),
        ("https://example.com/a\\b", "backslash or white space"),
        ("https://example.com/a b", "backslash or white space"),
        ("https://exämple.com/", "not ASCII"),
        ("https://", "cannot be read"),
        ("https:///path", "cannot be read"),
        ("https://example.com:99999/", "cannot be read"),
        ("https://example.com:0/", "cannot be read"),
        ("https://[::1/", "cannot be read"),
        ("https://exa%6dple.com/", "cannot be read"),
        ("https://example.com/" + "a" * 2000, "longer than 2000"),
    ],
)
def test_an_address_that_hides_where_it_leads_is_refused(url: str, why: str) -> None:
    ((line, reason, _),) = side_rejects(f"url: '{url}'")
    assert line == 3
    assert why in reason


@pytest.mark.parametrize(
    "url", ["http://localhost:8000", "https://[::1]:8/x", "https://example.com/Größe?q=1", "HTTPS://a.b/"]
)
def test_ordinary_addresses_are_kept_as_they_are(url: str) -> None:
    text = f"url: '{url}'\nsides: [{{name: A}}, {{name: B}}]"
    if url.startswith("HTTPS"):
        assert rejects(text)[0].line == 1
    else:
        assert parse_source(text, "a.yaml").located[0].comparison.url == url


@pytest.mark.parametrize(
    "character", ["\\u0000", "\\u001b", "\\u0085", "\\u2028", "\\u202e", "\\u2066", "\\ud800", "\\uffff"]
)
def test_a_control_character_in_any_text_is_an_error(character: str) -> None:
    text = f'{{"sides": [{{"name": "A"}},\n{{"name": "B",\n"description": "a{character}b"}}]}}'
    (reject,) = rejects(text, "a.json")
    assert reject.line == 3
    assert f"(U+{character[2:].upper()})" in reject.reason


def test_a_raw_control_character_is_found_before_anything_is_parsed() -> None:
    text = "sides:\n- name: A\x1b[31m\x07\n- name: B\n  tagline: \x00\n"
    for name in ("a.yaml", "a.json", "a.txt"):
        assert [each.line for each in rejects(text, name)] == [2, 4]
    assert len(rejects("\x00\n" * 1000)) == 20


def test_newline_and_tab_may_stand_in_a_text_but_a_name_has_one_line() -> None:
    text = '{"sides": [{"name": "A", "description": "a\\r\\nb\\tc"}, {"name": "B"}]}'
    assert parse_source(text, "a.json").located[0].comparison.left.description == "a\nb\tc"
    ((line, reason, _),) = side_rejects("tagline: |", "  one", "  two")
    assert (line, reason) == (3, "Left side: `tagline` has more than one line.")


def test_no_votes_yet_is_the_same_as_not_given() -> None:
    text = "sides: [{name: A, community: {ship: 0, skip: 0}}, {name: B}]"
    comparison = parse_source(text, "a.yaml").located[0].comparison
    assert comparison.left.community is None
    counted = Tool("A", "a", community=VoteTally(0, 0))
    assert "community" not in to_document(Comparison("a-vs-b", (counted, Tool("B", "b"))))["sides"][0]


def test_plain_values_become_a_comparison() -> None:
    document = {
        "published_on": date(2026, 11, 18),
        "sides": ({"name": "A", "reviews": [{"verdict": "skip"}]}, {"name": "B", "panel": {"label": "Mixed"}}),
    }
    comparison = from_document(document)
    assert comparison.published_on == date(2026, 11, 18)
    assert comparison.left.panel == PanelVerdict(Label.SKIP, 0, 0, 1)
    assert comparison.right.panel == PanelVerdict(Label.MIXED)


def test_plain_values_that_cannot_be_used_raise_one_error_with_all_reasons() -> None:
    with pytest.raises(InputError) as caught:
        from_document({"published_on": datetime(2026, 11, 18), "sides": [{"name": 3}, {"name": "B", "x": b"y"}]})
    assert caught.value.what == (
        "`published_on` is not text. Left side: `name` is not text. Right side: `x` is not a known key."
    )
    assert "in quotes" in caught.value.next_step


def test_plain_values_nested_without_end_are_refused_too() -> None:
    endless: dict[str, object] = {"name": "A"}
    endless["sides"] = [endless, endless]
    with pytest.raises(InputError, match="not a known key"):
        from_document(endless)
