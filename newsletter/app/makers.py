"""What somebody made reaches no further than they do: keys and invitations, whenever they are used."""

from __future__ import annotations

from newsletter.app.container import App
from newsletter.operators import Maker, Role, lesser
from newsletter.store.api_keys import ApiKey


def maker_of(app: App, by: str, key: ApiKey | None = None) -> Maker:
    """Who makes something: the program with `key`, else the operator whose address `by` is, else the command line."""
    if key is not None:
        return Maker(parent_id=key.id)
    found = app.store.operators.by_email(by)
    return Maker(operator_id=found[0].id if found else None)


def reach_of(app: App, maker: Maker, role: Role) -> Role | None:
    """What something made for `role` may do now: that, or less where whoever made it may less by now. None: nothing,
    because they were let out, or the key that made it is revoked. The command line may everything.
    """
    while maker.parent_id is not None:  # ends: a key is younger than what made it
        key = app.store.api_keys.by_id(maker.parent_id)
        if key is None or key.revoked_at is not None:
            return None
        role, maker = lesser(role, key.role), key.maker
    if maker.operator_id is None:
        return role
    operator = app.store.operators.by_id(maker.operator_id)
    return lesser(role, operator.role) if operator and operator.disabled_at is None else None
