"""The panel verdict that follows from what is given, and every way in which what is given contradicts itself."""

from __future__ import annotations

from collections.abc import Sequence

from newsletter.comparisons.model import Label, PanelVerdict, Review, Verdict, panel_of, panel_of_counts


def settle_panel(
    label: Label | None, share: int | None, counts: tuple[int, int] | None, reviews: Sequence[Review]
) -> tuple[PanelVerdict | None, list[str]]:
    """The verdict (None where nothing is known), and one sentence per contradiction.

    `counts` are ship and skip votes, at least one in all. A share may be off its counts by rounding. Reviews count
    where each of them has a verdict; fewer reviews than votes are fine while they can be among those votes.
    """
    exact = None if counts is None else counts[0] * 100 / sum(counts)
    wrong = []
    if counts is not None and exact is not None and share is not None and abs(share - exact) >= 1:
        wrong.append(f"The share is {share} %, but {_tally(counts)} is {exact:.0f} %.")
    measure = share if exact is None else exact
    implied = None if measure is None else Label.of_share(measure)
    if label is not None and implied is not None and label is not implied:
        why = f"a share of {share} %" if counts is None else _tally(counts)
        wrong.append(f"The label is {label}, but {why} is {implied}.")

    derived = panel_of(reviews)
    if derived is not None:
        wrong += _against_reviews(label, share, counts, derived, reviews)
    if counts is not None:
        return panel_of_counts(*counts), wrong
    if derived is not None:
        return derived, wrong
    known = label or implied
    return (PanelVerdict(label=known, share=share) if known else None), wrong


def _against_reviews(
    label: Label | None,
    share: int | None,
    counts: tuple[int, int] | None,
    derived: PanelVerdict,
    reviews: Sequence[Review],
) -> list[str]:
    ship = sum(review.verdict is Verdict.SHIP for review in reviews)
    skip = len(reviews) - ship
    says = f"the reviews say {derived.label} ({_tally((ship, skip))})"
    if counts is not None:
        if sum(counts) == len(reviews) and counts != (ship, skip):
            return [f"The panel says {_tally(counts)}, but {says}."]
        if ship > counts[0] or skip > counts[1]:
            return [f"The panel says {_tally(counts)}, which cannot be where {says}."]
        return []
    if share is not None:
        exact = ship * 100 / len(reviews)
        return [f"The panel's share is {share} %, but {says}."] if abs(share - exact) >= 1 else []
    if label is not None and label is not derived.label:
        return [f"The panel says {label}, but {says}."]
    return []


def _tally(counts: tuple[int, int]) -> str:
    return f"{counts[0]} ship / {counts[1]} skip"
