"""What somebody made reaches no further than they do, and what was done stays on record."""

from __future__ import annotations

import sqlite3
from importlib.resources import files

import pytest

from newsletter.app.api_keys import all_keys, kept_key, key_of, make_key, may, revoke_key
from newsletter.app.container import App
from newsletter.app.makers import maker_of, reach_of
from newsletter.app.record import what_was_done
from newsletter.app.sign_in import (
    accept_invitation,
    change_password,
    change_role,
    invited,
    let_in,
    make_invitation,
    signed_in,
)
from newsletter.errors import TokenError
from newsletter.operators import Maker, Operator, Right, Role

ADA, BOB = "ada@example.org", "bob@example.org"
WORDS = "harbour lantern oblique seven"


@pytest.fixture
def bob(app: App) -> Operator:
    """An owner, beside Ada."""
    accept_invitation(app, make_invitation(app, ADA, Role.OWNER), "", WORDS)
    found = signed_in(app, accept_invitation(app, make_invitation(app, BOB, Role.OWNER), "", WORDS))
    assert found is not None
    return found


def reach(app: App, key: str) -> Role | None:
    found = kept_key(app, key)
    assert found is not None
    return found.reach


def test_a_key_is_that_of_the_operator_whose_address_made_it(app: App, bob: Operator) -> None:
    make_key(app, "his", Role.OWNER, by=BOB, via="console")
    make_key(app, "ours", Role.OWNER)
    assert [(key.made_by, key.maker) for key in all_keys(app)] == [(BOB, Maker(bob.id)), ("command line", Maker())]


def test_a_key_with_the_name_of_an_operator_is_not_that_operator(app: App, bob: Operator) -> None:
    """What a key makes is the key's, whatever it is called."""
    found = kept_key(app, make_key(app, BOB, Role.OWNER))
    assert found is not None
    assert maker_of(app, found.name, found) == Maker(parent_id=found.id)


@pytest.mark.parametrize("role", [*Role])
@pytest.mark.parametrize("maker", [*Role])
def test_a_key_may_the_lesser_of_what_it_was_made_for_and_what_its_maker_may(
    app: App, bob: Operator, role: Role, maker: Role
) -> None:
    key = make_key(app, "his", role, by=BOB)
    change_role(app, BOB, maker, by=ADA, via="console")
    found = key_of(app, f"Bearer {key}")
    assert found is not None
    order = [*Role]
    assert found.reach is order[min(order.index(role), order.index(maker))]
    assert may(found, Right.OWN) is (role is maker is Role.OWNER)


def test_who_is_let_out_has_no_keys_and_who_is_let_in_again_has_them_back(app: App, bob: Operator) -> None:
    key, revoked = make_key(app, "his", Role.EDITOR, by=BOB), make_key(app, "gone", Role.EDITOR, by=BOB)
    revoke_key(app, 2)
    assert let_in(app, BOB, allowed=False, by=ADA, via="console") == 1
    assert key_of(app, f"Bearer {key}") is None
    assert let_in(app, BOB, allowed=False, by=ADA, via="console") == 0
    assert let_in(app, BOB, allowed=True, by=ADA, via="console") == 1
    assert [reach(app, one) for one in (key, revoked)] == [Role.EDITOR, None]


def test_a_new_password_leaves_keys_as_they_are(app: App, bob: Operator) -> None:
    key = make_key(app, "his", Role.EDITOR, by=BOB)
    change_password(app, bob, WORDS, WORDS + " anew")
    assert reach(app, key) is Role.EDITOR


def test_a_chain_of_keys_ends_where_any_of_them_does(app: App, bob: Operator) -> None:
    first = make_key(app, "first", Role.OWNER, by=BOB)
    second = make_key(app, "second", Role.EDITOR, by="first", made_with=kept_key(app, first))
    third = make_key(app, "third", Role.OWNER, by="second", made_with=kept_key(app, second))
    assert [reach(app, key) for key in (first, second, third)] == [Role.OWNER, Role.EDITOR, Role.EDITOR]
    change_role(app, BOB, Role.VIEWER, by=ADA, via="console")
    assert {reach(app, key) for key in (first, second, third)} == {Role.VIEWER}
    change_role(app, BOB, Role.OWNER, by=ADA, via="console")
    revoke_key(app, 2)
    assert [reach(app, key) for key in (first, second, third)] == [Role.OWNER, None, None]


def test_a_maker_who_is_nobody_reaches_nowhere(app: App) -> None:
    assert reach_of(app, Maker(operator_id=9), Role.VIEWER) is None
    assert reach_of(app, Maker(parent_id=9), Role.VIEWER) is None
    assert reach_of(app, Maker(), Role.OWNER) is Role.OWNER


def test_an_invitation_waits_while_its_maker_may_invite_nobody(app: App, bob: Operator) -> None:
    link = make_invitation(app, "eve@example.org", Role.VIEWER, by=BOB, via="console")
    change_role(app, BOB, Role.EDITOR, by=ADA, via="console")
    for attempt in (lambda: invited(app, link), lambda: accept_invitation(app, link, "", WORDS)):
        with pytest.raises(TokenError):
            attempt()
    change_role(app, BOB, Role.OWNER, by=ADA, via="console")
    assert invited(app, link) == ("eve@example.org", Role.VIEWER)


def test_keys_of_before_belong_to_the_operators_who_made_them() -> None:
    folder = files("newsletter.store") / "migrations"
    connection = sqlite3.connect(":memory:")
    for name in ("0001_spine", "0002_readers", "0003_operators"):
        connection.executescript((folder / f"{name}.sql").read_text("utf-8"))
    connection.execute("INSERT INTO operator VALUES (7, ?, 'owner', '', NULL, 0, '2026', NULL)", (BOB,))
    for number, by in enumerate((BOB, "command line"), 1):
        connection.execute(
            "INSERT INTO api_key VALUES (?, ?, 'x', 'abcd', 'viewer', ?, '', NULL, NULL)", (number, by, by)
        )
    connection.executescript((folder / "0005_keys.sql").read_text("utf-8"))
    found = connection.execute("SELECT operator_id, parent_id FROM api_key ORDER BY id").fetchall()
    connection.close()
    assert found == [(7, None), (None, None)]


def test_no_entry_of_the_record_can_be_changed_or_taken_out(app: App, bob: Operator) -> None:
    before = what_was_done(app)
    connection = sqlite3.connect(app.store.path)
    for sql in ("UPDATE audit SET operator = 'somebody else'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(sql)
    connection.close()
    assert what_was_done(app) == before != []
