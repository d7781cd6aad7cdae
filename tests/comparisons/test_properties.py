"""What holds for every comparison and every text."""

import string
from datetime import date

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.comparisons.formats import (
    DOCUMENT_SCHEMA,
    content_sha256,
    dump_json,
    dump_yaml,
    from_document,
    parse_source,
    to_document,
)
from newsletter.comparisons.model import (
    Comparison,
    Label,
    PanelVerdict,
    Pricing,
    Review,
    Tool,
    Verdict,
    VoteTally,
    pair_key,
    panel_of,
    panel_of_counts,
    slugify,
)

SLOW = [HealthCheck.too_slow]
"""A comparison is drawn field by field, which takes its time on a machine that is busy."""
SPICE = [
    *(
        "no",
        "~",
        "null",
        "1e3",
        "3.0",
        "75%",
        "{{x}}",
        "<b>",
        "→",
        "- a",
        "# b",
        "a: b",
        "'",
        '"',
        "\\",
        "|",
        ">",
        "&a",
    ),
    *("*a", "!x", "---", "...", "“”", "😀", "%", "@", "`", "  ", "\u200d", "\u00a0", "\ufeff", "\t"),
]
FORBIDDEN = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff"

characters = st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp"), exclude_characters=FORBIDDEN)
pieces = st.one_of(
    st.text(characters, max_size=8), st.text(string.ascii_letters + " ", max_size=60), st.sampled_from(SPICE)
)
one_line = st.lists(pieces, min_size=1, max_size=3).map(lambda parts: " ".join(parts).strip() or "x")
text = st.lists(pieces, min_size=1, max_size=5).map(lambda parts: "\n".join(parts).strip() or "x")
names = st.tuples(one_line, st.sampled_from("abcß日٣")).map("".join)
scores = st.integers(0, 100)
maybe = st.none()
reviews = st.builds(
    Review, maybe | one_line, maybe | scores, maybe | st.sampled_from(Verdict), maybe | text
).map(lambda review: Review(text="x") if review == Review() else review)  # fmt: skip
votes = st.tuples(st.integers(1, 999), st.integers(0, 999)).flatmap(st.permutations).map(lambda two: (two[0], two[1]))
urls = st.from_regex(r"https?://[a-z0-9.-]{1,9}\.example(:80)?(/[!-\[\]-~é]{0,9})?", fullmatch=True)


@st.composite
def tools(draw: st.DrawFn) -> Tool:
    """A side in the form that reading gives: its panel is the one that follows from what is known."""
    name = draw(names)
    said = tuple(draw(st.lists(reviews, max_size=4)))
    panel = panel_of(said)
    if panel is None:
        share = draw(scores)
        panel = draw(
            st.one_of(
                maybe,
                st.sampled_from(Label).map(PanelVerdict),
                st.just(PanelVerdict(Label.of_share(share), share)),
                votes.map(lambda counts: panel_of_counts(*counts)),
            )
        )
    return Tool(
        name=name,
        slug=slugify(name),
        url=draw(maybe | urls),
        category=draw(maybe | one_line),
        tagline=draw(maybe | one_line),
        description=draw(maybe | text),
        pricing=draw(maybe | st.builds(Pricing, one_line, maybe | text) | st.builds(Pricing, maybe, text)),
        best_for=draw(maybe | one_line),
        panel=panel,
        community=draw(maybe | votes.map(lambda counts: VoteTally(*counts))),
        reviews=said,
    )


@st.composite
def comparisons(draw: st.DrawFn) -> Comparison:
    left, right = draw(st.tuples(tools(), tools()).filter(lambda sides: sides[0].slug != sides[1].slug))
    return Comparison(
        draw(st.just(pair_key(left.slug, right.slug)) | names.map(slugify)),
        (left, right),
        draw(maybe | st.dates(date(1, 1, 1))),
        draw(maybe | urls),
    )


@settings(max_examples=60, suppress_health_check=SLOW)
@given(comparisons())
def test_a_comparison_survives_its_document(comparison: Comparison) -> None:
    document = to_document(comparison)
    assert from_document(document) == comparison
    assert to_document(from_document(document)) == document


@settings(max_examples=60, suppress_health_check=SLOW)
@given(comparisons())
def test_a_document_fits_the_published_schema(comparison: Comparison) -> None:
    jsonschema.Draft202012Validator(DOCUMENT_SCHEMA).validate(to_document(comparison))


@settings(max_examples=40, suppress_health_check=SLOW)
@given(st.lists(comparisons(), max_size=3))
def test_comparisons_survive_yaml_and_json(given_: list[Comparison]) -> None:
    for name, dump in (("a.yaml", dump_yaml), ("a.json", dump_json)):
        parsed = parse_source(dump(given_), name)
        if given_:
            assert parsed.rejects == ()
        assert [each.comparison for each in parsed.located] == given_
        assert [content_sha256(each.comparison) for each in parsed.located] == [content_sha256(each) for each in given_]


mutation = st.tuples(
    st.sampled_from(["cut", "drop", "double", "swap", "insert", "break"]), st.integers(0, 10**6), st.integers(0, 10**6)
)
WORDS = [
    *(
        "Builder",
        "84/100 · ship",
        "—",
        "“",
        "”",
        "Decision",
        "Entry",
        "Panel ship",
        "50%",
        "Mixed",
        "Community",
        "Pricing",
    ),
    *("Weekly AI Tool Verdicts", "AI tool comparison", "A vs B", "\x00", "\u2028", "0 ship / 0 skip", "999/100", ""),
]
SIGNS = [*SPICE, "\n", "sides:", "name: ", "[", "{", "}", ",", '"']


def mutate(page: str, changes: list[tuple[str, int, int]]) -> str:
    """The page with some of its lines cut off, dropped, doubled, swapped, broken, or with strange ones between."""
    found = page.split("\n")
    for kind, one, two in changes:
        here, there = one % max(1, len(found)), two % max(1, len(found))
        if not found:
            break
        if kind == "cut":
            found = found[: here + 1]
        elif kind == "drop":
            del found[here]
        elif kind == "double":
            found.insert(there, found[here])
        elif kind == "swap":
            found[here], found[there] = found[there], found[here]
        elif kind == "insert":
            found.insert(here, WORDS[two % len(WORDS)])
        else:
            found[here] = found[here][: two % (len(found[here]) + 1)]
    return "\n".join(found)


def check_parsed(text: str, name: str, partial: bool = False) -> None:
    parsed = parse_source(text, name, partial=partial)
    assert parsed.located or parsed.rejects
    count = text.count("\n") + text.count("\r") + 1
    for reject in parsed.rejects:
        assert 1 <= reject.line <= count
        assert reject.reason.endswith(".")
        assert reject.fix.endswith((".", "?"))
    for each in parsed.located:
        assert 1 <= each.line <= count
        assert from_document(to_document(each.comparison)) == each.comparison


@pytest.mark.parametrize("layout", ["named_page", "quoted_page"])
@settings(max_examples=200)
@given(changes=st.lists(mutation, min_size=1, max_size=8), partial=st.booleans())
def test_the_page_parser_never_raises_and_gives_only_comparisons_that_can_be_exported(
    layout: str, request: pytest.FixtureRequest, changes: list[tuple[str, int, int]], partial: bool
) -> None:
    check_parsed(mutate(request.getfixturevalue(layout), changes), "page.txt", partial)


@settings(max_examples=150)
@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(SIGNS), max_size=20).map("".join)))
def test_no_text_at_all_makes_reading_raise(text: str) -> None:
    for name in ("a.yaml", "a.json", "a.txt"):
        check_parsed(text, name)


@settings(max_examples=60, suppress_health_check=SLOW)
@given(comparisons(), st.lists(mutation, min_size=1, max_size=4))
def test_a_damaged_document_is_read_or_rejected_with_a_line_of_the_file(
    comparison: Comparison, changes: list[tuple[str, int, int]]
) -> None:
    check_parsed(mutate(dump_yaml([comparison]), changes), "a.yaml")
    check_parsed(mutate(dump_json([comparison]), changes), "a.json")
