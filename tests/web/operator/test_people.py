"""Subscribers and suppressions, by calls."""

from __future__ import annotations

from collections.abc import Callable

from newsletter.app.container import App
from newsletter.audience.subscriber import SuppressionReason
from tests.fakes.house import add_active
from tests.web.operator.conftest import Program, is_problem


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
    assert [deed["act"] for deed in program.get(f"/log?subject=subscriber%20{number}")["log"]] == [
        "erased a subscriber",
        "added a subscriber",
    ]


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
