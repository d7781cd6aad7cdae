"""`newsletter issues retry`, and the numbers of `issues report`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.app.deliver import Deliverer
from newsletter.app.send_issue import freeze_issue
from newsletter.bootstrap import build_app
from newsletter.delivery.message import Batch, Request
from newsletter.delivery.provider import Outcome, Refusal, Refused
from newsletter.providers.outbox import Outbox
from newsletter.settings import load
from tests.cli.conftest import Run


class Picky(Outbox):
    """Refuses what it is given."""

    def send(self, batch: Batch, request: Request, timeout: float) -> Outcome:
        return Refused(Refusal.CONTENT, "a word it does not like")


@pytest.fixture
def refused(week: Run, key: str) -> str:
    """It was sent, and every one of its three mails was refused."""
    week("issues", "approve", key)
    app = build_app(load())
    picky = replace(app, provider=Picky(app.settings.delivery.outbox.folder))
    freeze_issue(picky, key)
    deliverer = Deliverer(picky, picky.owners.enter(), lambda seconds: False)
    while deliverer.step().worked:
        pass
    app.close()
    return key


def test_what_was_refused_is_shown_asked_about_and_sent_again(week: Run, refused: str, tmp_path: Path) -> None:
    assert "Send issue" in (usage := week("issues", "retry", refused, "--json").usage)
    assert "again to 3 recipients? Add --yes to say so." in " ".join(usage.split())
    week("subscribers", "erase", "eve@example.com", "--yes")
    said = week("issues", "retry", refused, typed="y\n")
    assert said.code == 0, said
    shown = " ".join((said.out + said.err).split())
    assert "ada@example.com a word it does not like" in shown
    assert "again to 2 recipients (1 of those refused left or are suppressed since: nothing for them)?" in shown
    assert f"2 recipients of issue {refused} will get it now" in shown
    sent = week("issues", "send", refused, "--yes", "--json").document
    assert (sent["counts"]["accepted"], sent["counts"]["rejected"]) == (2, 1)
    assert len(list((tmp_path / "outbox").glob("*/*.eml"))) == 2
    assert "left or is suppressed since" in week("issues", "retry", refused, "--yes", "--json").line


def test_where_nothing_was_refused_one_line_says_so(week: Run, key: str) -> None:
    line = week("issues", "retry", key, "--yes", "--json").line
    assert f"Nothing of issue {key} was definitely refused. See `newsletter issues report {key}`." in line


def test_a_report_has_the_same_numbers_for_a_person_and_for_a_program(week: Run, refused: str) -> None:
    figures = {one["name"]: one for one in week("issues", "report", refused, "--json").document["figures"]}
    assert figures["rejected"] == {"name": "rejected", "count": 3, "share": 100.0, "median": None}
    assert figures["no_report"]["count"] is None
    shown = week("issues", "report", refused).out
    rows = {" ".join(line.split()) for line in shown.splitlines()}
    assert {"rejected 3 100.0 %", "no report not known yet", "unsubscribed 0 0.0 %", "ship votes 0 0.0 %"} <= rows


def test_doctor_proves_the_kept_counts(week: Run, refused: str) -> None:
    assert '"untrue_counts": []' in week("doctor", "--json").out
    app = build_app(load())
    app.store.database.change("INSERT INTO delivery_count VALUES (1, 'accepted', 'delivered', 7)")
    app.close()
    said = week("doctor")
    assert said.code == 1
    assert f"Issue {refused}: the kept counts" in said.out
