"""A call under a name is done once; errors, and what is put on record."""

from __future__ import annotations

import pytest

from newsletter.app.container import App
from newsletter.app.idempotency import claim_call
from newsletter.app.record import what_was_done
from newsletter.errors import NewsletterError, StoreError, TransitionError
from newsletter.issues import IssueStatus
from newsletter.web import keyed, operator_issues
from newsletter.web.keyed import STATUSES
from tests.web.operator.conftest import V1, Program, is_problem, status


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
