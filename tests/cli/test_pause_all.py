"""`newsletter issues pause-all`: everything stops with one word."""

from __future__ import annotations

from newsletter.app.record import what_was_done
from newsletter.app.send_issue import freeze_issue
from newsletter.bootstrap import build_app
from newsletter.settings import load
from tests.cli.conftest import Run


def test_everything_is_paused_recorded_and_told_how_to_go_on(week: Run, key: str) -> None:
    assert "Nothing is on its way" in week("issues", "pause-all", "--json").line
    week("issues", "approve", key)
    app = build_app(load())
    freeze_issue(app, key)
    assert f"Go on with: newsletter issues resume {key}" in week("issues", "pause-all").out.replace("\n", " ")
    assert "paused it, with everything else" in [deed.act for _, deed in what_was_done(app, f"issue {key}")]
    app.close()
    week("issues", "resume", key)
    assert [one["status"] for one in week("issues", "pause-all", "--json").document] == ["paused"]
