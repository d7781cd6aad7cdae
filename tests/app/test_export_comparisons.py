"""Comparisons go out and come into an empty store equal, in every form."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.app.container import App
from newsletter.app.import_comparisons import import_comparisons
from newsletter.app.look_up import list_comparisons
from newsletter.comparisons.formats import dump_as
from newsletter.comparisons.model import Comparison
from tests.comparisons.test_properties import comparisons
from tests.fakes.house import Clock, build_house


def kept(app: App) -> dict[str, Comparison]:
    return {stored.comparison.slug: stored.comparison for stored in list_comparisons(app)}


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    st.lists(comparisons(), min_size=1, max_size=3, unique_by=lambda one: one.slug),
    st.sampled_from(["yaml", "json", "csv", "tsv"]),
)
def test_what_goes_out_comes_in_equal(items: list[Comparison], form: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "new").mkdir()
        app, other = build_house(folder, Clock()), build_house(folder / "new", Clock())
        for item in items:
            app.store.comparisons.add(item, app.now(), archived=False)
        file = folder / f"all.{form}"
        file.write_text(dump_as(form, kept(app).values()), encoding="utf-8", newline="")
        done = import_comparisons(other, [file])
        assert (done.counts["new"], done.counts["rejected"]) == (len(items), 0), done
        assert kept(other) == kept(app)
        app.close()
        other.close()
