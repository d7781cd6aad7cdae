"""Who may come in to operate, and who may not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest

from newsletter.app.container import App
from newsletter.app.record import what_was_done
from newsletter.app.sign_in import (
    accept_invitation,
    change_password,
    confirm_totp,
    first_door,
    invited,
    let_in,
    make_invitation,
    new_totp,
    sign_in,
    sign_out,
    signed_in,
)
from newsletter.errors import InputError, SignInError, TokenError
from newsletter.operators import Operator, Right, Role
from tests.conftest import Clock

WORDS = "harbour lantern oblique seven"
HERE = b"here"


@pytest.fixture
def owner(app: App) -> Operator:
    token = accept_invitation(app, make_invitation(app, "", Role.OWNER), "Ada@Example.org", WORDS)
    found = signed_in(app, token)
    assert found is not None
    return found


def test_the_first_operator_comes_in_by_a_link_that_works_once(app: App) -> None:
    link = make_invitation(app, "", Role.OWNER)
    assert invited(app, link) == ("", Role.OWNER)
    session = accept_invitation(app, link, "ada@example.org", WORDS)
    operator = signed_in(app, session)
    assert operator is not None
    assert operator.role is Role.OWNER
    with pytest.raises(TokenError):
        accept_invitation(app, link, "eve@example.org", WORDS)


def test_an_invitation_is_of_no_use_after_a_day(app: App, clock: Clock) -> None:
    link = make_invitation(app, "bob@example.org", Role.EDITOR)
    clock.advance(hours=24)
    with pytest.raises(TokenError, match="older than a day"):
        invited(app, link)


def test_an_invited_operator_cannot_choose_another_address(app: App) -> None:
    link = make_invitation(app, "bob@example.org", Role.VIEWER)
    operator = signed_in(app, accept_invitation(app, link, "eve@example.org", WORDS))
    assert operator is not None
    assert operator.email == "bob@example.org"


@pytest.mark.parametrize("password", ["too short", "a" * 20, "ada@example.org", "x" * 257])
def test_a_password_that_is_easily_guessed_is_refused_and_the_link_goes_on_working(app: App, password: str) -> None:
    link = make_invitation(app, "", Role.OWNER)
    with pytest.raises(InputError):
        accept_invitation(app, link, "ada@example.org", password)
    assert invited(app, link)


def test_wrong_address_wrong_password_and_wrong_code_are_told_alike(app: App, owner: Operator) -> None:
    secret, _ = new_totp(app, owner)
    confirm_totp(app, owner, secret, pyotp.TOTP(secret).at(app.now()))
    told = set()
    for email, password, code in (
        ("nobody@example.org", WORDS, "000000"),
        (owner.email, WORDS + "x", "000000"),
        (owner.email, WORDS, "000000"),
    ):
        with pytest.raises(SignInError) as refused:
            sign_in(app, email, password, code, client=HERE)
        told.add(str(refused.value))
    assert len(told) == 1


def test_a_code_works_once(app: App, owner: Operator, clock: Clock) -> None:
    secret, address = new_totp(app, owner)
    assert address.startswith("otpauth://totp/")
    confirm_totp(app, owner, secret, pyotp.TOTP(secret).at(app.now()))
    code = pyotp.TOTP(secret).at(app.now())
    assert signed_in(app, sign_in(app, owner.email, WORDS, code, client=HERE))
    with pytest.raises(SignInError):
        sign_in(app, owner.email, WORDS, code, client=HERE)
    clock.advance(seconds=30)
    assert sign_in(app, owner.email, WORDS, pyotp.TOTP(secret).at(app.now()), client=HERE)


def test_after_five_failures_nobody_tries_that_address_for_a_quarter_of_an_hour(
    app: App, owner: Operator, clock: Clock
) -> None:
    for place in range(5):
        with pytest.raises(SignInError, match="not right"):
            sign_in(app, owner.email, "wrong", "", client=f"client {place}".encode())
    with pytest.raises(SignInError, match="Too many"):
        sign_in(app, owner.email, WORDS, "", client=b"another")
    with pytest.raises(SignInError, match="not right"):  # told of nobody's account either way
        sign_in(app, "nobody@example.org", WORDS, "", client=b"another")
    clock.advance(minutes=15, seconds=1)
    assert sign_in(app, owner.email, WORDS, "", client=b"another")


def test_a_session_ends_when_idle_and_after_twelve_hours(app: App, owner: Operator, clock: Clock) -> None:
    session = sign_in(app, owner.email, WORDS, "", client=HERE)
    for _ in range(25):
        clock.advance(minutes=28)
        if not signed_in(app, session):
            break
    assert timedelta(hours=11) < clock.now - owner.created_at <= timedelta(hours=12, minutes=28)
    session = sign_in(app, owner.email, WORDS, "", client=HERE)
    clock.advance(minutes=30)
    assert signed_in(app, session) is None


def test_a_new_password_ends_every_session(app: App, owner: Operator) -> None:
    elsewhere = sign_in(app, owner.email, WORDS, "", client=HERE)
    here = change_password(app, owner, WORDS, WORDS + " more")
    assert signed_in(app, elsewhere) is None
    assert signed_in(app, here)
    with pytest.raises(SignInError):
        change_password(app, owner, WORDS, WORDS + " again")
    sign_out(app, here)
    assert signed_in(app, here) is None


def test_somebody_who_is_shut_out_is_out_at_once(app: App, owner: Operator) -> None:
    session = sign_in(app, owner.email, WORDS, "", client=HERE)
    app.store.operators.disable(owner.id, app.now())
    assert signed_in(app, session) is None
    with pytest.raises(SignInError):
        sign_in(app, owner.email, WORDS, "", client=HERE)


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        (Role.VIEWER, {Right.LOOK}),
        (Role.EDITOR, {Right.LOOK, Right.EDIT}),
        (Role.OWNER, {Right.LOOK, Right.EDIT, Right.OWN}),
    ],
)
def test_each_role_may_do_what_the_one_before_may(make_app: Callable[..., App], role: Role, rights: set[Right]) -> None:
    app = make_app()
    operator = signed_in(app, accept_invitation(app, make_invitation(app, "a@example.org", role), "", WORDS))
    assert operator is not None
    assert {right for right in Right if operator.may(right)} == rights


def test_neither_password_nor_code_nor_session_stands_in_the_database(app: App, owner: Operator) -> None:
    session = sign_in(app, owner.email, WORDS, "", client=HERE)
    dump = "\n".join(app.store.database.connection.iterdump())
    assert WORDS not in dump
    assert session not in dump


def test_what_was_done_is_recorded_newest_first(app: App, owner: Operator) -> None:
    assert [deed.act for _, deed in what_was_done(app)] == ["came in", "invited"]
    assert what_was_done(app, limit=1)[0][1].operator == "ada@example.org"


def test_whoever_lost_their_password_is_invited_anew(app: App, owner: Operator) -> None:
    secret, _ = new_totp(app, owner)
    confirm_totp(app, owner, secret, pyotp.TOTP(secret).at(app.now()))
    session = accept_invitation(app, make_invitation(app, owner.email, Role.EDITOR), "", WORDS + " anew")
    operator = signed_in(app, session)
    assert operator is not None
    assert (operator.id, operator.role, operator.has_totp) == (owner.id, Role.EDITOR, False)
    with pytest.raises(SignInError):
        sign_in(app, owner.email, WORDS, "", client=HERE)


def test_a_link_without_a_name_takes_over_nobody(app: App, owner: Operator) -> None:
    with pytest.raises(InputError, match="already"):
        accept_invitation(app, make_invitation(app, "", Role.OWNER), owner.email, WORDS)


def test_the_last_owner_cannot_be_let_out(app: App, owner: Operator) -> None:
    with pytest.raises(InputError, match="only owner"):
        let_in(app, owner.email, allowed=False, by="x", via="x")
    accept_invitation(app, make_invitation(app, "bob@example.org", Role.OWNER), "", WORDS)
    let_in(app, owner.email, allowed=False, by="x", via="x")
    let_in(app, owner.email, allowed=True, by="x", via="x")
    assert sign_in(app, owner.email, WORDS, "", client=HERE)


def test_the_first_run_makes_a_door_and_later_ones_none(app: App) -> None:
    door = first_door(app)
    assert door is not None
    accept_invitation(app, door.rpartition("/")[2], "ada@example.org", WORDS)
    assert first_door(app) is None
