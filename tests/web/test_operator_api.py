"""The operator's part of the API: who may what, that a call is done once, and that it is as its description says."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
import schemathesis
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.engine import Status, from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished

from newsletter.app.api_keys import make_key, revoke_key
from newsletter.app.container import App
from newsletter.app.hold_issue import end_holds
from newsletter.app.idempotency import claim_call
from newsletter.app.record import what_was_done
from newsletter.audience.subscriber import SuppressionReason
from newsletter.comparisons.formats import dump_yaml, to_document
from newsletter.errors import NewsletterError, StoreError, TransitionError
from newsletter.issues import IssueStatus
from newsletter.operators import RIGHTS, Right, Role
from newsletter.web import joining, keyed, operator_issues
from newsletter.web.keyed import STATUSES, Keyed
from newsletter.web.site import create_site
from tests.fakes.furnished import Door, Furnished, doors
from tests.fakes.house import TEMPLATES, Clock, add_active, build_house, draft_week
from tests.rendering.week import full_week
from tests.test_docs import commands
from tests.web.conftest import Visitor
from tests.web.console.conftest import Desk

V1 = "/api/v1"
WHICH = "0" * 32
"""A suppression that is none."""
ELSEWHERE = {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"}


class Program:
    """A program that operates with a key, from another site than ours."""

    def __init__(self, visitor: Visitor, role: Role = Role.OWNER, name: str = "nightly") -> None:
        self.key = make_key(visitor.app, name, role)
        self._visitor = visitor

    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, *, once: str = "") -> httpx.Response:
        return self.ask("POST", path, body, once=once)

    def ask(self, method: str, path: str, body: Any = None, *, once: str = "") -> httpx.Response:
        headers = {"authorization": f"Bearer {self.key}", **ELSEWHERE}
        if once:
            headers["idempotency-key"] = once
        options = {} if body is None else {"json": body}
        return self._visitor.ask(method, f"{V1}{path}", headers=headers, **options)


@pytest.fixture
def program(visitor: Visitor) -> Program:
    return Program(visitor)


@pytest.fixture
def key(app: App) -> str:
    """A drafted week, and three readers."""
    for name in ("lena", "omar", "yuki"):
        add_active(app, f"{name}@example.org")
    return draft_week(app).key


def status(app: App, key: str) -> IssueStatus:
    found = app.store.issues.by_key(key)
    assert found is not None
    return found.status


def is_problem(answer: httpx.Response, status: int) -> bool:
    return (
        answer.status_code == status
        and answer.headers["content-type"] == "application/problem+json"
        and answer.headers["cache-control"] == "no-store"
        and answer.json()["status"] == status
        and bool(answer.json()["detail"])
    )


def rights_of(visitor: Visitor) -> dict[tuple[str, str], Right]:
    keyed: Keyed = visitor.site.state.keyed
    return keyed.rights


def operator_doors(visitor: Visitor) -> list[Door]:
    return [Door(method, route) for method, route in rights_of(visitor)]


def test_every_operator_route_of_the_site_names_its_right_and_is_told_in_the_description(visitor: Visitor) -> None:
    described = visitor.get(f"{V1}/openapi.json").json()
    secured = {
        (method.upper(), path)
        for path, methods in described["paths"].items()
        for method, told in methods.items()
        if told.get("security") == [{"key": []}]
    }
    assert secured == {(door.method, door.route) for door in operator_doors(visitor)}
    assert not secured & {(door.method, door.route) for door in doors(visitor.site)}
    assert len(secured) > 30
    assert described["components"]["securitySchemes"]["key"]["scheme"] == "bearer"


@pytest.mark.parametrize("sent", ["", "Bearer nl_wrong", "Bearer", "Basic bmxfOng=", "nl_naked"])
def test_without_a_key_that_works_every_route_answers_401_and_does_nothing(visitor: Visitor, sent: str) -> None:
    house = Furnished(visitor.app)
    before = house.rows()
    for door in operator_doors(visitor):
        headers = {"authorization": sent} if sent else {}
        answer = visitor.ask(door.method, house.path(door, which=WHICH), headers=headers, content=b"{}")
        assert is_problem(answer, 401), (door, answer.status_code, answer.text)
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert house.rows() == before


def test_the_cookie_of_a_session_opens_nothing_here(visitor: Visitor) -> None:
    house, desk = Furnished(visitor.app), Desk(visitor, Role.OWNER, "ada")
    assert desk.knock("GET", "/console") == 200
    for door in operator_doors(visitor):
        assert desk.knock(door.method, house.path(door, which=WHICH)) == 401, door


def test_a_revoked_key_opens_nothing(visitor: Visitor, app: App) -> None:
    program = Program(visitor)
    assert program.ask("GET", "/log").status_code == 200
    revoke_key(app, 1)
    assert is_problem(program.ask("GET", "/log"), 401)


@pytest.mark.parametrize("role", [*Role])
def test_no_key_does_more_than_its_role(visitor: Visitor, role: Role) -> None:
    house, program = Furnished(visitor.app), Program(visitor, role)
    rights = rights_of(visitor)
    before = house.rows(but=("api_key",))
    refused = 0
    for (method, route), right in rights.items():
        path = house.path(Door(method, route), which=WHICH).removeprefix(V1)
        if RIGHTS[role] < right:
            assert is_problem(program.ask(method, path, {}), 403), route
            refused += 1
        elif method == "GET":
            assert program.ask(method, path).status_code == 200, route
    assert house.rows(but=("api_key",)) == before
    assert (refused > 0) == (role is not Role.OWNER)
    assert {Right.LOOK, Right.EDIT, Right.OWN} == set(rights.values())


def test_another_site_cannot_borrow_the_browser_of_an_operator(visitor: Visitor, app: App, key: str) -> None:
    """A key with a cookie, Basic (which browsers send by themselves) or nothing is held to the rule of every form."""
    made = make_key(app, "nightly", Role.OWNER)
    for headers in (
        {},
        {"authorization": "Basic YTpi"},
        {"authorization": f"Bearer {made}", "cookie": "session=stolen"},
        {"cookie": "session=stolen"},
    ):
        answer = visitor.post(f"{V1}/issues/{key}/approve", json={}, headers={**ELSEWHERE, **headers})
        assert is_problem(answer, 403), headers
    preflight = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}
    asked = visitor.ask("OPTIONS", f"{V1}/issues/{key}/approve", headers={**ELSEWHERE, **preflight})
    assert "access-control-allow-origin" not in asked.headers
    assert "access-control-allow-headers" not in asked.headers
    assert status(app, key) is IssueStatus.DRAFT


def test_no_other_site_reaches_any_of_it_without_a_key(visitor: Visitor) -> None:
    house = Furnished(visitor.app)
    before = house.rows()
    for door in operator_doors(visitor):
        if door.method != "GET":
            assert is_problem(
                visitor.ask(door.method, house.path(door, which=WHICH), headers=ELSEWHERE, content=b"{}"), 403
            ), door
    assert house.rows() == before


def test_a_key_lets_nobody_write_where_pages_do(visitor: Visitor, app: App) -> None:
    headers = {**ELSEWHERE, "authorization": f"Bearer {make_key(app, 'nightly', Role.OWNER)}"}
    for path in ("/subscribe", "/console/sign-in", "/saved"):
        assert visitor.post(path, data={"email": "new@example.net"}, headers=headers).status_code == 403


def test_a_draft_goes_out_by_five_calls(program: Program, app: App, key: str, clock: Clock) -> None:
    whole = program.get(f"/issues/{key}")
    assert whole["audience"]["recipients"] == 3
    assert {choice["outcome"] for choice in whole["choices"]} >= {"in"}
    assert program.get(f"/issues/{key}/checks")["blocked"] is False
    assert "<html" in program.get(f"/issues/{key}/preview")["html"]
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


def test_a_test_is_queued_and_a_bad_address_is_a_problem(program: Program, key: str, app: App) -> None:
    queued = program.post(f"/issues/{key}/test", {"to": "me@example.org"})
    assert queued.status_code == 202
    found = app.store.messages.by_id(queued.json()["mail"])
    assert found is not None
    assert is_problem(program.post(f"/issues/{key}/test", {"to": "nobody"}), 422)


def test_a_call_under_a_name_is_done_once_and_answered_the_same(program: Program, app: App, key: str) -> None:
    first, second = (program.post(f"/issues/{key}/test", {"to": "me@example.org"}, once="test-1") for _ in range(2))
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert (first.headers.get("idempotency-replayed"), second.headers["idempotency-replayed"]) == (None, "true")
    assert len(what_was_done(app, f"issue {key}")) == 1
    other = program.post(f"/issues/{key}/test", {"to": "you@example.org"}, once="test-1")
    assert is_problem(other, 422)
    assert "another call" in other.json()["detail"]


def test_a_call_that_was_refused_may_be_mended_under_its_name(program: Program, key: str) -> None:
    assert program.post(f"/issues/{key}/send", {"recipients": 3}, once="go").status_code == 409
    assert program.post(f"/issues/{key}/send", {"nonsense": 3}, once="go").status_code == 422
    program.post(f"/issues/{key}/approve", {})
    assert program.post(f"/issues/{key}/send", {"recipients": 3}, once="go").status_code == 202
    assert program.post(f"/issues/{key}/send", {"recipients": 3}, once="go").status_code == 202


def test_while_a_call_is_under_way_the_same_call_waits(
    program: Program, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    real = operator_issues.queue_test

    def meanwhile(app: App, key: str, address: str) -> int:
        with pytest.raises(TransitionError, match="under way"):
            claim_call(app, 1, "one", f"POST {V1}/issues/{key}/test?\n".encode() + b'{"to":"me@example.org"}')
        seen.append(1)
        return real(app, key, address)

    monkeypatch.setattr(operator_issues, "queue_test", meanwhile)
    assert program.post(f"/issues/{key}/test", {"to": "me@example.org"}, once="one").status_code == 202
    assert seen == [1]


@pytest.mark.parametrize("name", ["a b", "x" * 256, "caf\u00e9".encode().decode("latin-1")])
def test_a_name_of_a_call_that_is_none_is_a_problem(program: Program, key: str, name: str) -> None:
    answer = program._visitor.post(
        f"{V1}/issues/{key}/pause",
        headers={b"authorization": f"Bearer {program.key}".encode(), b"idempotency-key": name.encode("latin-1")},
    )
    assert is_problem(answer, 422)


def test_an_act_whose_answer_cannot_be_kept_is_not_done(
    program: Program, app: App, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreError("/var/secret.db: the disk is full.")

    monkeypatch.setattr(keyed, "keep_answer", full)
    answer = program.post(f"/issues/{key}/approve", {}, once="go")
    assert is_problem(answer, 503)
    assert "secret" not in answer.text
    assert status(app, key) is IssueStatus.DRAFT
    assert what_was_done(app, f"issue {key}") == []


def test_every_error_of_ours_has_a_status(program: Program) -> None:
    kinds = {kind for kind in NewsletterError.__subclasses__() if kind.__module__ == "newsletter.errors"}
    beyond = {kind.__name__ for kind in kinds - set(STATUSES)}
    assert beyond == {"TokenError", "SignInError"}  # no link and no password is taken here


def test_comparisons_go_in_and_come_out_again(program: Program) -> None:
    documents = [to_document(item.comparison) for item in full_week()]
    tried = program.post("/imports/comparisons?dry_run=true", {"documents": documents, "archive": False}).json()
    assert (tried["applied"], tried["counts"]["new"]) == (False, len(documents))
    assert program.get("/exports/comparisons")["documents"] == []
    yaml = dump_yaml([item.comparison for item in full_week()])
    body = {"text": yaml, "format": "yaml", "archive": False}
    assert program.post("/imports/comparisons", body).json()["counts"]["new"] == len(documents)
    again = program.get("/exports/comparisons")["documents"]
    assert sorted(one["slug"] for one in again) == sorted(one["slug"] for one in documents)
    done = program.post("/imports/comparisons", {"documents": again, "archive": False}).json()
    assert done["counts"] == {"new": 0, "changed": 0, "unchanged": len(documents), "rejected": 0}
    assert is_problem(program.post("/imports/comparisons", {"archive": False}), 422)
    assert program.post("/issues", {}).status_code == 201


def test_a_comparison_is_changed_dated_and_put_away(program: Program, app: App) -> None:
    documents = [to_document(item.comparison) for item in full_week()]
    program.post("/imports/comparisons", {"documents": documents, "archive": False})
    left, right = documents[0]["sides"]
    document = documents[0] | {"sides": [left | {"tagline": "Läufer 🏃: the “quiet” one"}, right]}
    path = f"/comparisons/{document['slug']}"
    changed = program.ask("PATCH", path, {"document": document}).json()
    [change] = changed["changes"]
    assert (change["before"], change["after"]) == (left["tagline"], "Läufer 🏃: the “quiet” one")
    assert program.ask("PATCH", path, {"document": document}).json()["changed"] is False
    assert program.ask("PATCH", path, {"published_on": "2026-12-24", "archived": True}).json()["changed"] is True
    stored = app.store.comparisons.by_slug(document["slug"])
    assert stored is not None
    assert (str(stored.comparison.published_on), stored.archived) == ("2026-12-24", True)
    assert is_problem(program.ask("PATCH", path, {"document": documents[1], "archived": False}), 422)
    again = app.store.comparisons.by_slug(document["slug"])
    assert again is not None
    assert again.archived
    assert is_problem(program.ask("PATCH", "/comparisons/none-of-ours", {"archived": True}), 404)


def test_what_an_address_takes_is_told_where_it_is_asked_for_something_else(program: Program, key: str) -> None:
    refused = program.ask("PUT", f"/issues/{key}")
    assert is_problem(refused, 405)
    assert refused.headers["allow"] == "GET, PATCH"


def test_subscribers_are_added_imported_found_and_erased(program: Program, dump: Callable[[], str]) -> None:
    added = program.post("/subscribers", {"email": "ada@example.net", "consent": "told us at a fair"}, once="ada")
    assert (added.status_code, added.json()["status"]) == (201, "active")
    csv = "email\nbob@example.net\nnonsense\neve@example.net\n"
    body = {"csv": csv, "consent": "Form on example.com"}
    assert program.post("/imports/subscribers?dry_run=true", body).json()["applied"] is False
    assert program.get("/subscribers")["counts"]["active"] == 1
    done = program.post("/imports/subscribers", body).json()
    assert (done["counts"]["new"], [row["line"] for row in done["rejects"]]) == (2, [3])
    first = program.get("/subscribers?limit=2")
    rest = program.get(f"/subscribers?limit=2&cursor={first['next']}")
    people = first["subscribers"] + rest["subscribers"]
    assert [one["email"][:3] for one in people] == ["ada", "bob", "eve"]
    [bob] = program.get("/subscribers?search=BOB@&status=active")["subscribers"]
    assert program.get(f"/subscribers/{bob['id']}")["consents"][0]["text"] == "Form on example.com"
    number = added.json()["id"]
    assert program.ask("DELETE", f"/subscribers/{number}").json() == {"id": number, "erased": True}
    assert is_problem(program.ask("DELETE", f"/subscribers/{number}"), 404)
    assert program.get(f"/subscribers/{number}")["subscriber"]["status"] == "erased"
    assert "ada@example.net" not in dump()


def test_an_address_is_suppressed_and_lifted_and_a_bounce_stays(program: Program, app: App) -> None:
    added = program.post("/suppressions", {"email": "stop@example.net", "reason": "asked on the telephone"})
    assert (added.status_code, "stop@example.net" in added.text) == (201, False)
    app.store.subscribers.suppress("gone@example.net", SuppressionReason.HARD_BOUNCE, app.now())
    first = program.get("/suppressions?limit=1")
    rest = program.get(f"/suppressions?limit=1&cursor={first['next']}")
    bounced, asked = *first["suppressions"], *rest["suppressions"]
    assert (bounced["reason"], asked["words"]) == ("hard_bounce", "asked on the telephone")
    assert program.ask("DELETE", f"/suppressions/{asked['key']}").status_code == 200
    assert is_problem(program.ask("DELETE", f"/suppressions/{asked['key']}"), 404)
    assert is_problem(program.ask("DELETE", f"/suppressions/{bounced['key']}"), 409)


def test_who_asks_is_paused_and_unsubscribed(program: Program, app: App) -> None:
    number = add_active(app, "lena@example.org").id
    paused = program.post(f"/subscribers/{number}/pause", {"weeks": 4}).json()
    assert paused["paused_until"]
    assert "paused_until" not in program.post(f"/subscribers/{number}/pause", {"weeks": 0}).json()
    assert is_problem(program.post(f"/subscribers/{number}/pause", {"weeks": 5}), 422)
    assert is_problem(program.post(f"/subscribers/{number}/resend"), 409)
    assert program.post(f"/subscribers/{number}/unsubscribe").json()["status"] == "unsubscribed"
    assert is_problem(program.post(f"/subscribers/{number}/unsubscribe"), 409)
    asked = program.post("/subscribers", {"email": "new@example.org"}).json()
    assert (asked["status"], asked["confirmation_sent"]) == ("pending", True)
    assert is_problem(program.post(f"/subscribers/{asked['id']}/resend"), 409)


def test_an_import_may_be_larger_than_a_form_and_nothing_else_may(program: Program, key: str) -> None:
    csv = "email\n" + "".join(f"reader{number:06}@example.net\n" for number in range(4000))
    assert len(csv) > 64 * 1024
    body = {"csv": csv, "consent": "Form"}
    assert program.post("/imports/subscribers?dry_run=true", body).json()["counts"]["new"] == 4000
    assert is_problem(program.post("/subscribers", {"email": "x" * 70_000}), 413)
    assert is_problem(program.post("/imports/subscribers", {"csv": "x" * 1_100_000, "consent": "Form"}), 413)


def test_a_slot_is_skipped(program: Program, app: App) -> None:
    slot = program.get("/schedule")["slots"][1]["key"]
    assert program.post(f"/schedule/{slot}/skip", {"reason": "Holidays."}).json()["status"] == "skipped"
    assert program.get("/schedule")["slots"][1]["status"] == "skipped"
    assert program.get(f"/issues/{slot}")["reason"] == "Holidays."
    assert is_problem(program.post("/schedule/2026-W99/skip", {}), 422)


def test_what_was_done_is_read_in_pages(program: Program, key: str) -> None:
    for _ in range(3):
        program.post(f"/issues/{key}/approve", {})
    seen, after = [], ""
    while True:
        page = program.get(f"/log?limit=2{after}")
        seen += [deed["act"] for deed in page["log"]]
        if "next" not in page:
            break
        after = f"&cursor={page['next']}"
    assert seen == ["approved"] * 3 + ["made a key"]


def test_issues_are_listed_in_pages(program: Program, app: App, key: str) -> None:
    for slot in program.get("/schedule")["slots"][1:4]:
        program.post(f"/schedule/{slot['key']}/skip", {})
    first = program.get("/issues?limit=3")
    rest = program.get(f"/issues?limit=3&cursor={first['next']}")
    keys = [one["key"] for one in first["issues"] + rest["issues"]]
    assert keys == sorted(keys, reverse=True)
    assert keys[-1] == key
    assert is_problem(program.ask("GET", "/issues?cursor=2001-W01"), 422)


def test_settings_are_told_and_secrets_are_not(open_site: Callable[..., Visitor]) -> None:
    program = Program(open_site(secret_key="hush-hush-hush-hush-hush-hush-hush"))
    told = program.get("/config")
    assert told["settings"]["name"]["value"] == "Weekly AI Tool Verdicts"
    assert "hush" not in json.dumps(told)
    health = program.get("/health")
    assert health["ready"] is False
    assert "provider" in {task["name"] for task in health["tasks"]}


BESIDE = {
    "backup": "a file on the machine",
    "comparisons schema": "stands in openapi.json",
    "config check": "a service that runs has good settings",
    "config rotate-key": "wants the service to be started anew",
    "config test-mail": "a mail to oneself, to set the machine up",
    "demo": "a service of its own",
    "init": "a file on the machine",
    "operators disable": "for owners, at the console",
    "operators enable": "the same",
    "operators invite": "the same",
    "operators key": "a key makes no keys",
    "operators keys": "the same",
    "operators list": "for owners, at the console",
    "operators revoke": "the same",
    "operators role": "for owners, at the console",
    "serve": "the service itself",
    "subscribers form": "a page of a site of one's own",
}
"""Commands without a call, and why."""


def test_what_the_command_line_can_do_the_interface_can(visitor: Visitor) -> None:
    """Every command stands in the table of the documentation or above, and every call stands in the table."""
    text = (Path(__file__).parents[2] / "docs" / "operator-interface.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(GET|POST|PATCH|DELETE) (/\S+)` \| (.+?) \| (.*?) \|$", text, re.MULTILINE)
    calls = {(method, f"{V1}{path}") for method, path, _, _ in rows}
    keyed = {(door.method, door.route) for door in operator_doors(visitor)}
    public = {(door.method, door.route) for door in doors(visitor.site)}
    assert keyed <= calls <= keyed | public
    told = {name for row in rows for name in re.findall(r"`([a-z -]+)`", row[3])}
    assert told.isdisjoint(BESIDE)
    assert told | set(BESIDE) == {name for name, command in commands().items() if not isinstance(command, click.Group)}


GOOD_DATA_REFUSED = {
    "PATCH /api/v1/issues/{key}",  # texts of spaces, slugs that are not there
    "GET /api/v1/issues",  # which cursor is one of ours
    "POST /api/v1/issues",  # weeks that a year has
    "PATCH /api/v1/comparisons/{slug}",  # another two tools
    "POST /api/v1/schedule/{key}/skip",  # the same
    "POST /api/v1/issues/{key}/test",  # what is an address
    "POST /api/v1/issues/{key}/approve",  # which code is right
    "POST /api/v1/issues/{key}/settle",
    "POST /api/v1/issues/{key}/correct",  # texts of spaces
    "POST /api/v1/subscribers",
    "POST /api/v1/suppressions",
    "POST /api/v1/imports/subscribers",  # a first line without `email`
    "POST /api/v1/imports/comparisons",  # documents or text
}
"""Beyond what a schema can say; each answers a 422 that says what is wrong."""


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.OWNER], ids=["nobody", "viewer", "owner"])
def test_the_interface_is_as_it_is_described_whatever_it_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: Role | None
) -> None:
    """Schemathesis asks what the description allows, and what it does not, signed in and not, with every check."""
    monkeypatch.setattr(joining, "EVEN_SECONDS", 0.0)
    app = build_house(tmp_path, Clock(), web={"hosts": ("testserver",)})
    add_active(app, "reader@example.net")
    key = draft_week(app).key
    headers = {"Authorization": f"Bearer {make_key(app, 'schemathesis', role)}"} if role else {}
    generation = GenerationConfig(max_examples=12 if role is Role.OWNER else 3, deterministic=True, database="none")
    project = ProjectConfig(generation=generation, parameters={"path.key": key, "path.number": 1}, headers=headers)
    config = SchemathesisConfig(seed=1, projects=ProjectsConfig(default=project))
    described = schemathesis.openapi.from_asgi(f"{V1}/openapi.json", create_site(app, TEMPLATES), config=config)
    asked: Counter[int] = Counter()
    wrong = []
    for event in from_schema(described.include(tag="operators")).execute():
        assert not isinstance(event, FatalError | NonFatalError), event
        if isinstance(event, ScenarioFinished):
            for case, checks in event.recorder.checks.items():
                answer = event.recorder.interactions[case].response
                asked[answer.status_code if answer else 0] += 1
                text = answer.content.decode() if answer and answer.content else ""
                label = event.recorder.cases[case].value.operation.label
                for check in checks:
                    beyond = check.name == "positive_data_acceptance" and (
                        "Idempotency-Key" in text or label in GOOD_DATA_REFUSED
                    )
                    if check.status is not Status.SUCCESS and not beyond:
                        why = str(check.failure_info.failure) if check.failure_info else ""
                        wrong.append((label, check.name, why, text[:300]))
    app.close()
    assert wrong == [], "\n".join(map(str, wrong))
    assert sum(asked.values()) > 60
    assert set(asked) >= ({200, 202, 409, 422} if role is Role.OWNER else {403} if role else {401}), asked
