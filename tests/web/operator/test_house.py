"""The schedule, the settings, the record, and what is left before a live send, by calls."""

from __future__ import annotations

import json
from collections.abc import Callable

from newsletter.app.container import App
from tests.web.conftest import Visitor
from tests.web.operator.conftest import Program, is_problem


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


def test_settings_are_told_and_secrets_are_not(open_site: Callable[..., Visitor]) -> None:
    program = Program(open_site(secret_key="hush-hush-hush-hush-hush-hush-hush"))
    told = program.get("/config")
    assert told["settings"]["name"]["value"] == "Weekly AI Tool Verdicts"
    assert "hush" not in json.dumps(told)
    health = program.get("/health")
    assert health["ready"] is False
    assert "provider" in {task["name"] for task in health["tasks"]}
