from __future__ import annotations

import pytest

from newsletter.rendering.colours import NIGHT, PAPER, contrast


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [("#000000", "#FFFFFF", 21.0), ("#777777", "#FFFFFF", 4.48), ("#1B1A17", PAPER, 16.4), ("#F2EEE4", NIGHT, 15.75)],
)
def test_contrast_is_that_of_wcag_in_either_order(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.05)
