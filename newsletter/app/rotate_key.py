"""Change the key that signs links."""

from __future__ import annotations

from datetime import timedelta

from newsletter.app.container import App
from newsletter.errors import ConfigError

_ALIVE = timedelta(minutes=5)


def rotate_key(app: App, *, forget_old: bool = False) -> list[str]:
    """Make a new key, kept in the database, for every link from now on. Links of the keys before go on working, unless
    these are forgotten: then no link that was ever sent works, and no browser is known any more.

    Returns the parts that run now, like `sender`: they know the new key once they are started again. Raises ConfigError
    where the settings give the key: it is theirs to change.
    """
    if app.settings.secret_key.get_secret_value():
        raise ConfigError(
            "The key is set by `secret_key`, and a key kept in the database would sign nothing.",
            next_step="Move its value to the front of `old_secret_keys`, set a new one, and restart.",
        )
    app.store.meta.rotate_signing_key(app.now(), keep_old=not forget_old)
    beats = app.store.meta.heartbeats()
    return [name for name, (at, _) in beats.items() if app.now() - at < _ALIVE]
