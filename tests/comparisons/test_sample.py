"""The sample week holds what a week can hold, so that everything built on it meets every case."""

import csv
import re
from collections import Counter

import pytest
from email_validator import validate_email

from newsletter.comparisons.formats import parse_source
from newsletter.comparisons.model import Comparison, Label, Review
from newsletter.sample import sample_path


@pytest.fixture(scope="module")
def week() -> list[Comparison]:
    parsed = parse_source(sample_path("comparisons.yaml").read_text(encoding="utf-8"), "comparisons.yaml")
    assert parsed.rejects == ()
    return [each.comparison for each in parsed.located]


def test_the_sample_week_has_thirteen_comparisons_with_different_slugs_and_pairs(week: list[Comparison]) -> None:
    assert len({each.slug for each in week}) == len({each.pair for each in week}) == len(week) == 13


def test_the_sample_week_has_every_label_and_every_gap(week: list[Comparison]) -> None:
    sides = [side for each in week for side in each.sides]
    assert {side.panel.label for side in sides if side.panel} == set(Label)
    assert any(all(side.panel and side.panel.label is Label.SHIP for side in each.sides) for each in week)
    assert any(side.panel and side.panel.tally == "2–2" for side in sides)
    assert any(side.reviews and side.mean_score is None and side.reviews[0].verdict for side in sides)
    assert any(all(len(side.reviews) > 1 and side.reviews[0].reviewer is None for side in each.sides) for each in week)
    assert any(all(side.panel and side.panel.ship is None and not side.reviews for side in each.sides) for each in week)
    assert sum(len(each.left.reviews) != len(each.right.reviews) for each in week) >= 3
    assert sum(each.left.category != each.right.category for each in week) == 2
    assert sum(side.community is not None for side in sides) == 2
    assert max(len(side.name) for side in sides) > 70
    assert [str(each.published_on) for each in week if each.published_on] == ["2026-11-17", "2026-11-18"]


def test_one_tool_of_the_sample_is_in_two_comparisons_with_another_tagline(week: list[Comparison]) -> None:
    slugs = Counter(side.slug for each in week for side in each.sides)
    assert [slug for slug, count in slugs.items() if count > 1] == ["ottersheaf"]
    taglines = {side.tagline for each in week for side in each.sides if side.slug == "ottersheaf"}
    assert len(taglines) == 2


@pytest.mark.parametrize(
    "text", ["<customer-name>", "<commit-hash>", "→", "{{x}}", "75%", '"what happens', "(tarnwell)"]
)
def test_the_sample_holds_text_that_templates_stumble_over(text: str) -> None:
    assert text in sample_path("comparisons.yaml").read_text(encoding="utf-8")


def test_every_review_of_the_sample_has_two_to_four_sentences_that_can_stand_alone(week: list[Comparison]) -> None:
    reviews: list[Review] = [review for each in week for side in each.sides for review in side.reviews]
    assert len(reviews) > 60
    for review in reviews:
        assert review.text is not None
        assert 40 <= len(review.text.split()) <= 90, review.text
        assert 2 <= len(re.findall(r"[.!?](?:\s|$)", review.text)) <= 4, review.text
        assert not re.match(r"(This|That|It|They|He|She|The answer|Still|But|And)\b", review.text), review.text


def test_the_sample_subscribers_are_25_different_valid_addresses_of_nobody() -> None:
    with sample_path("subscribers.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    addresses = [row["email"] for row in rows]
    assert len(set(addresses)) == len(rows) == 25
    for address in addresses:
        validate_email(address, check_deliverability=False)
        assert address.endswith(("@example.com", "@example.org", "@example.net"))
    assert sum("+" in address for address in addresses) >= 3
    assert max(len(address.split("@")[0]) for address in addresses) > 50
    assert all(row["consented_at"].endswith("Z") and row["consent_source"] for row in rows)


def test_a_sample_file_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(FileNotFoundError, match=r"no sample file 'nothing\.csv'"):
        sample_path("nothing.csv")
