"""The panel: what follows from what, and which contradictions are errors."""

import pytest

from newsletter.comparisons.formats import parse_source
from newsletter.comparisons.model import Label, PanelVerdict


def read(panel: str = "", verdicts: str = "") -> tuple[PanelVerdict | None, list[str]]:
    """The left side's panel, or the reasons why there is none. `verdicts`: `+` ships, `-` skips, `?` says neither."""
    words = {"+": "verdict: ship", "-": "verdict: skip", "?": "text: Hm."}
    fields = ["name: A"]
    if panel:
        fields.append(f"panel: {{{panel}}}")
    if verdicts:
        fields.append(f"reviews: [{', '.join('{' + words[each] + '}' for each in verdicts)}]")
    parsed = parse_source(f"sides: [{{{', '.join(fields)}}}, {{name: B}}]", "a.yaml")
    reasons = [reject.reason for reject in parsed.rejects]
    return (parsed.located[0].comparison.left.panel if parsed.located else None), reasons


@pytest.mark.parametrize(
    ("panel", "verdicts", "expected"),
    [
        ("", "", None),
        ("", "+?-", None),
        ("", "+++-", PanelVerdict(Label.SHIP, 75, 3, 1)),
        ("", "+-", PanelVerdict(Label.MIXED, 50, 1, 1)),
        ("", "---", PanelVerdict(Label.SKIP, 0, 0, 3)),
        ("label: Skip", "", PanelVerdict(Label.SKIP)),
        ("share: 50", "", PanelVerdict(Label.MIXED, 50)),
        ("share: 49", "", PanelVerdict(Label.SKIP, 49)),
        ("share: 100, label: Ship", "", PanelVerdict(Label.SHIP, 100)),
        ("ship: 2, skip: 1", "", PanelVerdict(Label.SHIP, 67, 2, 1)),
        ("ship: 2, skip: 1, share: 66", "", PanelVerdict(Label.SHIP, 67, 2, 1)),
        ("ship: 101, skip: 100, share: 50, label: Ship", "", PanelVerdict(Label.SHIP, 50, 101, 100)),
        ("share: 67", "++-", PanelVerdict(Label.SHIP, 67, 2, 1)),
        ("label: Mixed", "+-", PanelVerdict(Label.MIXED, 50, 1, 1)),
        ("share: 20", "+?", PanelVerdict(Label.SKIP, 20)),
        ("ship: 3, skip: 1", "+-", PanelVerdict(Label.SHIP, 75, 3, 1)),
    ],
)
def test_the_panel_is_what_follows_from_what_is_given(panel: str, verdicts: str, expected: PanelVerdict | None) -> None:
    assert read(panel, verdicts) == (expected, [])


@pytest.mark.parametrize(
    ("panel", "verdicts", "reason"),
    [
        ("share: 75, label: Skip", "", "Left side: The label is Skip, but a share of 75 % is Ship."),
        ("share: 50, label: Ship", "", "Left side: The label is Ship, but a share of 50 % is Mixed."),
        ("ship: 1, skip: 3, label: Ship", "", "Left side: The label is Ship, but 1 ship / 3 skip is Skip."),
        ("ship: 2, skip: 1, share: 65", "", "Left side: The share is 65 %, but 2 ship / 1 skip is 67 %."),
        ("share: 100", "++-", "Left side: The panel's share is 100 %, but the reviews say Ship (2 ship / 1 skip)."),
        ("label: Skip", "++-", "Left side: The panel says Skip, but the reviews say Ship (2 ship / 1 skip)."),
        (
            "ship: 2, skip: 2",
            "+++-",
            "Left side: The panel says 2 ship / 2 skip, but the reviews say Ship (3 ship / 1 skip).",
        ),
        (
            "ship: 3, skip: 1",
            "--",
            "Left side: The panel says 3 ship / 1 skip, which cannot be where the reviews say Skip (0 ship / 2 skip).",
        ),
        ("ship: 0, skip: 0", "", "Left side, panel: A panel needs a vote at least."),
        ("ship: 3", "", "Left side, panel: `skip` is missing."),
        ("skip: 3, label: ship", "", "Left side, panel: `ship` is not a label."),
    ],
)
def test_a_contradiction_is_an_error_that_names_both(panel: str, verdicts: str, reason: str) -> None:
    found, reasons = read(panel, verdicts)
    assert found is None
    assert reason in reasons


def test_several_contradictions_are_told_together() -> None:
    _, reasons = read("ship: 1, skip: 3, share: 75, label: Ship")
    assert len(reasons) == 2
