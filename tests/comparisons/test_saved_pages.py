"""The two pages that were saved from the site, where they are at hand: PAGES_DIR, else ../shared/pages."""

import os
from pathlib import Path

import pytest

from newsletter.comparisons.formats import dump_yaml, parse_source
from newsletter.comparisons.model import Comparison, Label, PanelVerdict, Pricing

PAGES = Path(os.environ.get("PAGES_DIR", Path(__file__).parents[3] / "shared" / "pages"))
NAMED, QUOTED = PAGES / "gemma-3n-vs-smolvlm2-turbo.txt", PAGES / "smollm3-vs-smolvlm2-turbo.txt"
REASONS = ("missing", "nothing in it", "no comparison page")

pytestmark = pytest.mark.skipif(
    not NAMED.is_file(), reason="the saved pages are not at hand (PAGES_DIR, else ../shared/pages)"
)


def read(path: Path) -> Comparison:
    parsed = parse_source(path.read_text(encoding="utf-8"), path.name)
    assert parsed.rejects == ()
    (located,) = parsed.located
    assert (located.line, located.notes) == (1, ())
    return located.comparison


def test_the_saved_page_with_names_is_read_in_full() -> None:
    comparison = read(NAMED)
    left, right = comparison.sides
    assert comparison.slug == NAMED.stem
    assert comparison.title == "Gemma 3n vs SmolVLM2 Turbo"
    assert (left.panel, right.panel) == (PanelVerdict(Label.SHIP, 75, 3, 1), PanelVerdict(Label.SHIP, 100, 4, 0))
    rows = NAMED.read_text(encoding="utf-8").split("\n")
    details = rows[rows.index("Pricing") + 1 : rows.index("Best for")]
    assert [side.pricing for side in comparison.sides] == [Pricing("Free", detail) for detail in details]
    for side in comparison.sides:
        assert [each.reviewer for each in side.reviews] == ["Builder", "Skeptic", "Futurist", "Founder"]
        assert side.category == "Developer Tools"
        assert side.best_for == side.tagline
        assert side.tagline is not None
        assert side.tagline.endswith(" phone")
        assert side.description is not None
        assert side.description.startswith(f"{side.name} is ")
        assert side.community is None
        assert side.url is None
    assert [each.score for each in left.reviews] == [84, 78, 87, 52]
    assert [each.score for each in right.reviews] == [85, 78, 82, 72]
    assert [str(each.verdict) for each in left.reviews] == ["ship", "ship", "ship", "skip"]


def test_the_saved_page_with_quotes_is_read_in_full() -> None:
    comparison = read(QUOTED)
    left, right = comparison.sides
    assert comparison.slug == QUOTED.stem
    for side in comparison.sides:
        assert side.panel == PanelVerdict(Label.SHIP, 100)
        assert side.pricing == Pricing("Free")
        assert side.best_for is None
        assert len(side.reviews) == 4
        assert all(each.reviewer is None and each.score is None and each.verdict is None for each in side.reviews)
    assert [(each.text or "")[-4:] for each in left.reviews] == ["run.", "gap.", "ite.", "ion."]
    assert [each.text for each in right.reviews] == [each.text for each in read(NAMED).right.reviews]


@pytest.mark.parametrize("path", [NAMED, QUOTED], ids=["named", "quoted"])
def test_every_line_of_a_saved_page_is_read_or_known_as_furniture(path: Path) -> None:
    read_ = " ".join(dump_yaml([read(path)]).split())
    furniture = {
        "AI tool comparison", "G", "S", "Panel ship", "Community", "Entry", "—", "Decision", "Panel verdict", "Pricing",
        "Best for", "Category", "No community votes yet", "Reviewer scorecard", "Weekly AI Tool Verdicts", "Bookmarks",
    }  # fmt: skip
    for line in path.read_text(encoding="utf-8").split("Get the next comparison")[0].split("\n"):
        text = line.strip("“” ")
        known = not text or text in furniture or " vs " in text or text.startswith("Which one") or text[0].isdigit()
        if not known and " · " not in text:
            assert " ".join(text.split()) in read_.replace("''", "'"), text


@pytest.mark.parametrize("path", [NAMED, QUOTED], ids=["named", "quoted"])
def test_a_saved_page_cut_anywhere_is_whole_or_rejected(path: Path) -> None:
    page = path.read_text(encoding="utf-8")
    whole = read(path)
    box = page.index("Weekly AI Tool Verdicts") + len("Weekly AI Tool Verdicts")
    ends = {*range(0, len(page), 37), *(at for at, character in enumerate(page) if character == "\n")}
    for end in sorted(ends):
        parsed = parse_source(page[:end], "page.txt")
        assert [each.comparison for each in parsed.located] == ([whole] if end >= box else [])
        assert all(any(word in each.reason for word in REASONS) for each in parsed.rejects)
        for each in parse_source(page[:end], "page.txt", partial=True).located:
            assert each.comparison.slug == whole.slug
            assert bool(each.notes) == (end < box)
