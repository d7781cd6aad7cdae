"""Trying again what was refused, by a program, and the numbers of a report."""

from __future__ import annotations

from newsletter.app.approve_issue import approve_issue
from newsletter.app.container import App
from newsletter.app.send_issue import freeze_issue
from newsletter.delivery.status import DeliveryStatus
from tests.web.operator.conftest import Program, is_problem


def refuse(app: App, key: str) -> None:
    """Two of three were refused, the third got it."""
    approve_issue(app, key)
    issue = freeze_issue(app, key)
    app.store.database.change(
        "UPDATE delivery SET status = CASE subscriber_id WHEN 1 THEN 'accepted' ELSE 'rejected' END, detail = 'full'"
    )
    app.store.database.change("UPDATE batch SET status = 'settled'")
    app.store.issues.shift(issue.id, waiting=-3, accepted=1, rejected=2)
    assert app.store.issues.finish(issue.id, app.now())


def test_a_program_looks_first_names_the_number_and_does_it_once(program: Program, app: App, key: str) -> None:
    assert program.get(f"/issues/{key}/retry")["why_not"] == f"Nothing of issue {key} was definitely refused."
    refuse(app, key)
    look = program.get(f"/issues/{key}/retry")
    assert (look["recipients"], look["left"], look["why_not"]) == (2, 0, "")
    assert look["people"] == [{"email": f"{name}@example.org", "detail": "full"} for name in ("omar", "yuki")]
    for body, status in (({}, 422), ({"recipients": "2"}, 422), ({"recipients": 3}, 409)):
        assert is_problem(program.post(f"/issues/{key}/retry", body), status)
    first, second = (program.post(f"/issues/{key}/retry", {"recipients": 2}, once="again") for _ in range(2))
    assert (first.status_code, first.json()["again"], first.json()["issue"]["status"]) == (202, 2, "sending")
    assert second.content == first.content
    assert is_problem(program.post(f"/issues/{key}/retry", {"recipients": 2}), 409)
    assert app.store.deliveries.in_status(1, DeliveryStatus.WAITING) == [2, 3]


def test_a_report_gives_its_figures_and_leaves_out_what_nobody_can_say(program: Program, app: App, key: str) -> None:
    refuse(app, key)
    figures = {one.pop("name"): one for one in program.get(f"/issues/{key}/report")["figures"]}
    assert figures["rejected"] == {"count": 2, "share": 66.67}
    assert figures["delivered"] == {}
    assert figures["unsubscribed"] == {"count": 0, "share": 0.0}
