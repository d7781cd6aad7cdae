"""Keys of programs, and calls that come twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.app.api_keys import all_keys, key_of, make_key, may, revoke_key
from newsletter.app.container import App
from newsletter.app.idempotency import Answered, Claim, claim_call, forget_answers, give_up, keep_answer
from newsletter.app.tick import tick
from newsletter.errors import InputError, NotFoundError, TransitionError
from newsletter.operators import Right, Role
from tests.fakes.house import Clock, build_house


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def app(tmp_path: Path, clock: Clock) -> Iterator[App]:
    built = build_house(tmp_path, clock)
    yield built
    built.close()


def claimed(app: App, name: str = "one", request: bytes = b"POST /x") -> Claim:
    found = claim_call(app, 1, name, request)
    assert isinstance(found, Claim)
    return found


def test_the_database_does_not_hold_a_key(app: App) -> None:
    made = make_key(app, "nightly", Role.EDITOR)
    connection = sqlite3.connect(app.store.path)
    everything = "\n".join(connection.iterdump())
    connection.close()
    assert made not in everything
    assert made.encode().hex() not in everything.lower()
    found = key_of(app, f"Bearer {made}")
    assert found is not None
    assert (found.name, found.role, found.hint) == ("nightly", Role.EDITOR, made[-4:])


def test_two_keys_are_never_the_same_and_hold_32_random_bytes(app: App) -> None:
    made = {make_key(app, "same", Role.VIEWER) for _ in range(50)}
    assert len(made) == 50
    assert {len(key) for key in made} == {3 + 43}


@pytest.mark.parametrize("way", ["{}", "Basic {}", "Bearer", "Bearer ", "Bearer x{}", "Bearer {}x", "Bearer  {}"])
def test_what_is_not_exactly_a_key_opens_nothing(app: App, way: str) -> None:
    assert key_of(app, way.format(make_key(app, "nightly", Role.OWNER))) is None


def test_the_scheme_may_be_written_in_any_case(app: App) -> None:
    assert key_of(app, f"bearer {make_key(app, 'nightly', Role.OWNER)}") is not None


def test_a_revoked_key_opens_nothing_and_the_others_go_on(app: App) -> None:
    lost, kept = make_key(app, "lost", Role.OWNER), make_key(app, "kept", Role.OWNER)
    revoke_key(app, 1)
    assert key_of(app, f"Bearer {lost}") is None
    assert key_of(app, f"Bearer {kept}") is not None
    with pytest.raises(TransitionError):
        revoke_key(app, 1)
    with pytest.raises(NotFoundError):
        revoke_key(app, 99)


def test_use_is_noted_at_most_once_a_minute(app: App, clock: Clock) -> None:
    made = make_key(app, "nightly", Role.VIEWER)
    first = clock()
    for seconds, noted in ((0, first), (59, first)):
        clock.now = first
        clock.pass_by(seconds=seconds)
        key_of(app, f"Bearer {made}")
        assert all_keys(app)[0].used_at == noted
    clock.pass_by(seconds=1)
    key_of(app, f"Bearer {made}")
    assert all_keys(app)[0].used_at == clock()


def test_a_role_reaches_as_far_as_that_of_an_operator(app: App) -> None:
    for role, reach in ((Role.VIEWER, Right.LOOK), (Role.EDITOR, Right.EDIT), (Role.OWNER, Right.OWN)):
        key = key_of(app, f"Bearer {make_key(app, str(role), role)}")
        assert key is not None
        assert [right for right in Right if may(key, right)] == [right for right in Right if right <= reach]


@pytest.mark.parametrize("name", ["", " \n ", "x" * 61, "a\x1b[2Jb"])
def test_a_name_that_cannot_be_read_is_refused(app: App, name: str) -> None:
    with pytest.raises(InputError, match="name"):
        make_key(app, name, Role.VIEWER)
    assert all_keys(app) == []


def test_a_call_that_comes_again_gets_the_answer_it_got(app: App) -> None:
    keep_answer(app, claimed(app), 201, b'{"done":1}')
    assert claim_call(app, 1, "one", b"POST /x") == Answered(201, b'{"done":1}')


def test_the_name_of_a_call_belongs_to_one_call_of_one_key(app: App) -> None:
    keep_answer(app, claimed(app), 201, b"")
    with pytest.raises(InputError, match="another call"):
        claim_call(app, 1, "one", b"POST /y")
    assert isinstance(claim_call(app, 2, "one", b"POST /x"), Claim)


def test_while_a_call_is_under_way_the_same_call_must_wait(app: App, clock: Clock) -> None:
    claimed(app)
    clock.pass_by(seconds=119)
    with pytest.raises(TransitionError, match="under way"):
        claim_call(app, 1, "one", b"POST /x")


def test_a_call_that_broke_off_is_made_again_and_the_first_cannot_finish_any_more(app: App, clock: Clock) -> None:
    first = claimed(app)
    clock.pass_by(minutes=2)
    second = claimed(app)
    with pytest.raises(TransitionError):
        keep_answer(app, first, 200, b"first")
    keep_answer(app, second, 200, b"second")
    assert claim_call(app, 1, "one", b"POST /x") == Answered(200, b"second")


def test_a_call_that_came_to_nothing_may_be_made_again_and_one_that_was_answered_stays(app: App) -> None:
    give_up(app, claimed(app))
    again = claimed(app, request=b"POST /mended")
    keep_answer(app, again, 200, b"")
    give_up(app, again)
    assert claim_call(app, 1, "one", b"POST /mended") == Answered(200, b"")


def test_answers_are_kept_for_a_day_and_cleaned_by_the_ticker(app: App, clock: Clock) -> None:
    keep_answer(app, claimed(app), 200, b"")
    clock.pass_by(hours=23, minutes=59)
    assert forget_answers(app) == 0
    assert claim_call(app, 1, "one", b"POST /x") == Answered(200, b"")
    clock.pass_by(minutes=2)
    assert isinstance(claim_call(app, 1, "one", b"POST /x"), Claim)
    clock.pass_by(hours=25)
    tick(app)
    assert forget_answers(app) == 0
    assert isinstance(claim_call(app, 1, "one", b"POST /other"), Claim)
