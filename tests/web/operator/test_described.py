"""The interface is as its description says, and does what the command line does."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import click
import pytest
import schemathesis
from schemathesis.config import (
    CoveragePhaseConfig,
    GenerationConfig,
    PhasesConfig,
    ProjectConfig,
    ProjectsConfig,
    SchemathesisConfig,
    StatefulPhaseConfig,
)
from schemathesis.engine import Status, from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished

from newsletter.app.api_keys import make_key
from newsletter.app.sign_in import accept_invitation, make_invitation
from newsletter.operators import Role
from newsletter.web import joining
from newsletter.web.site import create_site
from tests.fakes.furnished import doors
from tests.fakes.house import TEMPLATES, Clock, add_active, build_house, draft_week
from tests.test_docs import commands
from tests.web.conftest import Visitor
from tests.web.console.conftest import WORDS
from tests.web.operator.conftest import V1, operator_doors

BESIDE = {
    "config check": "before a service starts; one that runs has good settings",
    "copy-site": "pages that anybody may read, written into a folder",
    "demo": "a service of its own, with sample data",
    "init": "makes the service that would be called",
    "serve": "the service itself",
    "store import": "fills an empty store, in which nobody has a key yet",
}
"""Commands without a call, and why."""


def test_what_the_command_line_can_do_the_interface_can(visitor: Visitor) -> None:
    """Every command stands in the table of the documentation or above, and every call stands in the table."""
    text = (Path(__file__).parents[3] / "docs" / "operator-interface.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(GET|POST|PATCH|DELETE) (/\S+)` \| (.+?) \| (.*?) \|$", text, re.MULTILINE)
    calls = {(method, f"{V1}{path}") for method, path, _, _ in rows}
    keyed = {(door.method, door.route) for door in operator_doors(visitor)}
    public = {(door.method, door.route) for door in doors(visitor.site)}
    assert keyed <= calls <= keyed | public
    told = {name for row in rows for name in re.findall(r"`([a-z -]+?)(?: --[a-z-]+)?`", row[3])}
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
    "POST /api/v1/invitations",  # what is an address
    "POST /api/v1/provider-tests",  # the same
    "POST /api/v1/exports/subscribers",  # which product has a list of two parts, or takes lines of JSON
    "POST /api/v1/keys",  # names of spaces
    "PATCH /api/v1/operators/{operator}",  # who is the only owner
    "POST /api/v1/suppressions",
    "POST /api/v1/imports/subscribers",  # a first line without `email`
    "POST /api/v1/imports/comparisons",  # documents or text
}
"""Beyond what a schema can say; each answers a 422 that says what is wrong."""
HEADERS_REFUSED = ("Idempotency-Key", "If-Match")
"""A name that was another call's; and a mark that Schemathesis sends without its quotes."""


def _how_much(*, all_of_it: bool) -> dict[str, Any]:
    """Who is refused nearly everywhere needs one call of each kind; the rest is asked as an owner."""
    generation = GenerationConfig(max_examples=10 if all_of_it else 1, deterministic=True, database="none")
    phases = PhasesConfig(coverage=CoveragePhaseConfig(enabled=all_of_it), stateful=StatefulPhaseConfig(enabled=False))
    return {"generation": generation, "phases": phases}


@pytest.mark.parametrize("role", [None, Role.VIEWER, Role.OWNER], ids=["nobody", "viewer", "owner"])
def test_the_interface_is_as_it_is_described_whatever_it_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: Role | None
) -> None:
    """Schemathesis asks what the description allows, and what it does not, signed in and not, with every check."""
    monkeypatch.setattr(joining, "EVEN_SECONDS", 0.0)
    app = build_house(tmp_path, Clock(), web={"hosts": ("testserver",)})
    add_active(app, "reader@example.net")
    key = draft_week(app).key
    accept_invitation(app, make_invitation(app, "ada@example.com", Role.OWNER), "", WORDS)
    headers = {"Authorization": f"Bearer {make_key(app, 'schemathesis', role)}"} if role else {}
    make_key(app, "of no use", Role.VIEWER)  # may be revoked
    ids = {"path.key": key, "path.number": 1, "path.operator": 1, "path.key_id": 2 if role else 1}
    project = ProjectConfig(parameters=ids, headers=headers, **_how_much(all_of_it=role is Role.OWNER))
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
                text = answer.content.decode(errors="replace") if answer and answer.content else ""
                label = event.recorder.cases[case].value.operation.label
                for check in checks:
                    beyond = check.name == "positive_data_acceptance" and (
                        label in GOOD_DATA_REFUSED or any(header in text for header in HEADERS_REFUSED)
                    )
                    if check.status is not Status.SUCCESS and not beyond:
                        why = str(check.failure_info.failure) if check.failure_info else ""
                        wrong.append((label, check.name, why, text[:300]))
    app.close()
    assert wrong == [], "\n".join(map(str, wrong))
    assert sum(asked.values()) > 60
    assert set(asked) >= ({200, 202, 409, 422} if role is Role.OWNER else {403} if role else {401}), asked
