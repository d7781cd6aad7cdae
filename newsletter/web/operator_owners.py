"""Who may come in, and keys of programs, for programs of owners."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

from fastapi import Path
from starlette.requests import Request
from starlette.responses import Response

from newsletter.app.api_keys import ApiKey, all_keys, kept_key, make_key, revoke_key
from newsletter.app.container import App
from newsletter.app.sign_in import all_operators, change_role, find_operator, let_in, make_invitation
from newsletter.operators import Operator, Right
from newsletter.web import operator_owner_shapes as shapes
from newsletter.web.keyed import Keyed
from newsletter.web.operator_issues import After, Limit

OperatorId = Annotated[int, Path(ge=1, le=10**15)]
KeyId = Annotated[int, Path(ge=1, le=10**15)]
_Row = TypeVar("_Row", ApiKey, Operator)


def operator_owners(app: App, keyed: Keyed) -> None:
    """`/api/v1/operators`, `/api/v1/invitations` and `/api/v1/keys`."""
    _operators(app, keyed)
    _keys(app, keyed)


def _operators(app: App, keyed: Keyed) -> None:
    @keyed.get("/operators", "list_operators", right=Right.OWN)
    def list_all(cursor: After = 0, limit: Limit = 20) -> shapes.OperatorList:
        """Everybody who may sign in, and who may not any more."""
        found, after = _page(all_operators(app), cursor, limit)
        return shapes.OperatorList(operators=[shapes.Operator.model_validate(one) for one in found], next=after)

    @keyed.write("POST", "/invitations", "invite", shape=shapes.Invitation, right=Right.OWN, status=201)
    def invite(request: Request, body: shapes.NewInvitation) -> Response:
        """Make a one-time link with which somebody comes in. It works while your key does."""

        def do() -> shapes.Invitation:
            key = keyed.key(request)
            token = make_invitation(app, body.email, body.role, by=key.name, via="api", made_with=key)
            url = f"{app.settings.site_url}/console/set-up/{token}"
            return shapes.Invitation(email=body.email, role=body.role, url=url)

        return keyed.acted(request, "", do, status=201, shown_once=frozenset({"url"}))

    @keyed.write("PATCH", "/operators/{operator}", "edit_operator", 404, shape=shapes.Operator, right=Right.OWN)
    def edit(request: Request, operator: OperatorId, body: shapes.OperatorEdit) -> Response:
        """Give somebody another role; let them out, with every session and key of theirs, or in again."""

        def do() -> shapes.Operator:
            email, by = find_operator(app, operator).email, keyed.key(request).name
            if body.role is not None:
                change_role(app, email, body.role, by=by, via="api")
            if body.allowed is not None:
                let_in(app, email, allowed=body.allowed, by=by, via="api")
            return shapes.Operator.model_validate(find_operator(app, operator))

        return keyed.acted(request, "", do)


def _keys(app: App, keyed: Keyed) -> None:
    @keyed.get("/keys", "list_keys", right=Right.OWN)
    def list_all(cursor: After = 0, limit: Limit = 20) -> shapes.KeyList:
        """Every key, those that open nothing any more too: what it may do, and when it was last used."""
        found, after = _page(all_keys(app), cursor, limit)
        return shapes.KeyList(keys=[shapes.Key.model_validate(one) for one in found], next=after)

    @keyed.write("POST", "/keys", "make_key", shape=shapes.MadeKey, right=Right.OWN, status=201)
    def make(request: Request, body: shapes.NewKey) -> Response:
        """Make a key for another program. It works while yours does."""

        def do() -> shapes.MadeKey:
            key = keyed.key(request)
            made = make_key(app, body.name, body.role, by=key.name, via="api", made_with=key)
            kept = kept_key(app, made)
            assert kept is not None
            return shapes.MadeKey(id=kept.id, name=kept.name, role=kept.role, key=made)

        return keyed.acted(request, "", do, status=201, shown_once=frozenset({"key"}))

    @keyed.write("DELETE", "/keys/{key_id}", "revoke_key", 404, shape=shapes.Revoked, right=Right.OWN)
    def revoke(request: Request, key_id: KeyId) -> Response:
        """Let a key open nothing more, nor those that it made; for good."""

        def do() -> shapes.Revoked:
            revoke_key(app, key_id, by=keyed.key(request).name, via="api")
            return shapes.Revoked(id=key_id, revoked=True)

        return keyed.acted(request, "", do)


def _page(rows: Sequence[_Row], after: int, limit: int) -> tuple[list[_Row], int | None]:
    """(rows behind that id, the id to go on after)."""
    found = [row for row in rows if row.id > after]
    return found[:limit], found[limit - 1].id if len(found) > limit else None
