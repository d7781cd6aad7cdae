"""Issues, from a draft to a send and its report, by calls."""

from __future__ import annotations

from newsletter.app.container import App
from newsletter.app.hold_issue import end_holds
from newsletter.app.record import what_was_done
from newsletter.issues import IssueStatus
from tests.fakes.house import Clock
from tests.web.operator.conftest import Program, is_problem, status


def test_a_draft_goes_out_by_five_calls(program: Program, app: App, key: str, clock: Clock) -> None:
    whole = program.get(f"/issues/{key}")
    assert whole["audience"]["recipients"] == 3
    assert {choice["outcome"] for choice in whole["choices"]} >= {"in"}
    assert program.get(f"/issues/{key}/checks")["blocked"] is False
    assert "<html" in program.get(f"/issues/{key}/preview")["html"]
    assert "reader" not in program.get(f"/issues/{key}/preview")
    assert program.get(f"/issues/{key}/preview?reader=1")["reader"] == {
        "number": 1,
        "address": "lena@example.org",
        "why_not": "",
    }
    assert program.post(f"/issues/{key}/approve", {}).json()["status"] == "approved"
    held = program.post(f"/issues/{key}/send", {"recipients": 3})
    assert (held.status_code, held.json()["status"]) == (202, "holding")
    clock.pass_by(seconds=60)
    end_holds(app)
    assert program.get(f"/issues/{key}/report")["counts"]["waiting"] == 3
    deeds = [(deed.act, deed.operator, deed.via) for _, deed in what_was_done(app, f"issue {key}")]
    assert deeds == [("sent it", "nightly", "api"), ("approved", "nightly", "api")]


def test_the_wrong_number_sends_nothing(program: Program, app: App, key: str) -> None:
    program.post(f"/issues/{key}/approve", {})
    for body in ({"recipients": 2}, {"recipients": 4}):
        assert is_problem(program.post(f"/issues/{key}/send", body), 409)
    for body in ({}, {"recipients": "3"}, {"recipients": -3}, {"recipients": 3, "force": True}):
        assert is_problem(program.post(f"/issues/{key}/send", body), 422)
    assert status(app, key) is IssueStatus.APPROVED


def test_within_the_minute_a_send_is_undone(program: Program, app: App, key: str, clock: Clock) -> None:
    program.post(f"/issues/{key}/approve", {})
    program.post(f"/issues/{key}/send", {"recipients": 3})
    assert program.post(f"/issues/{key}/undo-send").json()["status"] == "approved"
    clock.pass_by(minutes=9)
    assert end_holds(app) is None
    assert is_problem(program.post(f"/issues/{key}/undo-send"), 409)


def test_pause_resume_and_cancel(program: Program, app: App, key: str, clock: Clock) -> None:
    program.post(f"/issues/{key}/approve", {})
    program.post(f"/issues/{key}/send", {"recipients": 3})
    clock.pass_by(seconds=60)
    end_holds(app)
    for act, after in (("pause", "paused"), ("resume", "sending"), ("pause", "paused"), ("cancel", "cancelled")):
        assert program.post(f"/issues/{key}/{act}").json()["status"] == after
    assert is_problem(program.post(f"/issues/{key}/resume"), 409)
    missed = program.get(f"/issues/{key}/missed?limit=2")
    rest = program.get(f"/issues/{key}/missed?limit=2&cursor={missed['next']}")
    assert [one["email"] for one in missed["missed"] + rest["missed"]] == [
        f"{name}@example.org" for name in ("lena", "omar", "yuki")
    ]
    assert "next" not in rest


def test_everything_on_its_way_is_paused_by_one_call(program: Program, app: App, key: str, clock: Clock) -> None:
    assert is_problem(program.post("/pause-all"), 409)
    program.post(f"/issues/{key}/approve", {})
    program.post(f"/issues/{key}/send", {"recipients": 3})
    clock.pass_by(seconds=60)
    end_holds(app)
    assert [one["status"] for one in program.post("/pause-all").json()["stopped"]] == ["paused"]
    assert status(app, key) is IssueStatus.PAUSED


def test_a_change_is_made_undone_and_refused_where_somebody_was_quicker(program: Program, app: App, key: str) -> None:
    before = program.get(f"/issues/{key}")
    slugs = [place["slug"] for place in before["places"]]
    changed = program.ask(
        "PATCH", f"/issues/{key}", {"seen": before["seen"], "subject": "What we would ship", "drop": slugs[-1:]}
    ).json()
    assert changed["subject"] == "What we would ship"
    assert [place["slug"] for place in changed["places"]] == slugs[:-1]
    late = program.ask("PATCH", f"/issues/{key}", {"seen": before["seen"], "subject": "Mine"})
    assert is_problem(late, 409)
    assert "nightly changed issue" in late.json()["detail"]
    assert program.post(f"/issues/{key}/undo").json()["seen"] == before["seen"]
    assert is_problem(program.post(f"/issues/{key}/undo"), 409)


def test_the_etag_of_an_issue_guards_it_like_its_mark(program: Program, key: str) -> None:
    path = f"/issues/{key}"
    tag = program.ask("GET", path).headers["etag"]
    assert is_problem(program.ask("PATCH", path, {"subject": "Unseen"}), 428)
    done = program.ask("PATCH", path, {"subject": "What we would ship"}, if_match=tag)
    assert (done.status_code, done.headers["etag"]) == (200, f'"{done.json()["seen"]}"')
    assert is_problem(program.ask("PATCH", path, {"subject": "Mine"}, if_match=tag), 412)
    assert is_problem(program.ask("POST", f"{path}/undo", if_match=tag), 412)
    assert program.get(path)["subject"] == "What we would ship"
    assert program.ask("POST", f"{path}/undo", if_match=done.headers["etag"]).headers["etag"] == tag


def test_a_test_is_queued_and_a_bad_address_is_a_problem(program: Program, key: str, app: App) -> None:
    queued = program.post(f"/issues/{key}/test", {"to": "me@example.org"})
    assert queued.status_code == 202
    found = app.store.messages.by_id(queued.json()["mail"])
    assert found is not None
    assert is_problem(program.post(f"/issues/{key}/test", {"to": "nobody"}), 422)


def test_issues_are_listed_in_pages(program: Program, app: App, key: str) -> None:
    for slot in program.get("/schedule")["slots"][1:4]:
        program.post(f"/schedule/{slot['key']}/skip", {})
    first = program.get("/issues?limit=3")
    rest = program.get(f"/issues?limit=3&cursor={first['next']}")
    keys = [one["key"] for one in first["issues"] + rest["issues"]]
    assert keys == sorted(keys, reverse=True)
    assert keys[-1] == key
    assert is_problem(program.ask("GET", "/issues?cursor=2001-W01"), 422)
