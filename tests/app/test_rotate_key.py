"""A new key: old links go on working, unless they are meant to stop."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from newsletter.app.container import App
from newsletter.app.rotate_key import rotate_key
from newsletter.audience.tokens import ReaderToken
from newsletter.errors import ConfigError, TokenError
from tests.conftest import Clock

Make = Callable[..., App]


def test_links_of_before_are_read_and_new_ones_are_of_the_new_key(make_app: Make) -> None:
    before = make_app()
    rotate_key(before)
    after = make_app()
    assert after.signer.read_reader(before.signer.reader(1, 2)) == ReaderToken(1, 2)
    assert after.signer.read_confirmation(before.signer.confirmation(2)) == 2
    with pytest.raises(TokenError):
        before.signer.read_reader(after.signer.reader(1, 2))
    rotate_key(after)
    assert make_app().signer.read_reader(before.signer.reader(1, 2)) == ReaderToken(1, 2)


def test_a_key_that_leaked_can_be_forgotten_with_every_key_before_it(make_app: Make) -> None:
    first = make_app()
    rotate_key(first)
    second = make_app()
    rotate_key(second, forget_old=True)
    third = make_app()
    for app in (first, second):
        with pytest.raises(TokenError):
            third.signer.read_reader(app.signer.reader(1, 2))
    assert third.signer.read_reader(third.signer.reader(1, 2)) == ReaderToken(1, 2)


def test_suppressions_outlive_a_rotation_because_addresses_have_a_key_of_their_own(make_app: Make) -> None:
    app = make_app()
    known = app.store.subscribers.hash_of("reader@example.net")
    rotate_key(app, forget_old=True)
    assert make_app().store.subscribers.hash_of("reader@example.net") == known


def test_a_key_of_the_settings_is_theirs_to_change_and_nothing_is_written(make_app: Make) -> None:
    app = make_app(secret_key="s" * 32)
    before = app.store.meta.signing_key
    with pytest.raises(ConfigError, match="set by `secret_key`") as caught:
        rotate_key(app)
    assert "`old_secret_keys`" in str(caught.value)
    assert app.store.meta.signing_key == before


def test_moving_the_key_of_the_settings_to_the_old_ones_as_told_keeps_its_links(make_app: Make) -> None:
    before = make_app(secret_key="s" * 32)
    after = make_app(secret_key="t" * 32, old_secret_keys=["s" * 32])
    assert after.signer.read_reader(before.signer.reader(1, 2)) == ReaderToken(1, 2)
    with pytest.raises(TokenError):
        before.signer.read_reader(after.signer.reader(1, 2))


def test_the_parts_that_run_are_named_and_those_that_stopped_are_not(app: App, clock: Clock) -> None:
    app.store.meta.beat("ticker", clock())
    clock.advance(minutes=6)
    app.store.meta.beat("sender", clock())
    assert rotate_key(app) == ["sender"]
