"""Come in to operate: a one-time link makes an operator, a password and a code begin a session.

Whoever fails is told the same in the same time, whether the address, the password or the code was wrong.
"""

from __future__ import annotations

import hashlib
import secrets
import threading
from datetime import timedelta

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from newsletter.app.api_keys import ApiKey, all_keys
from newsletter.app.container import App
from newsletter.app.makers import maker_of, reach_of
from newsletter.app.record import note
from newsletter.audience.subscriber import normal_address
from newsletter.errors import InputError, NotFoundError, SignInError, TokenError
from newsletter.operators import INVITE, Operator, Role, checked_password

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP's floor for Argon2id
_DUMMY = _HASHER.hash("nobody has this password")
_AT_ONCE = threading.BoundedSemaphore(2)
"""Each check takes 19 MiB and 50 ms of a core."""
_TRIES, _WINDOW = 5, timedelta(minutes=15)
_STEP = 30
_ISSUER_WORDS = "Address, password or code are not right."


def make_invitation(
    app: App,
    email: str,
    role: Role,
    *,
    by: str = "command line",
    via: str = "command line",
    made_with: ApiKey | None = None,
) -> str:
    """The token of a one-time link for a new operator; `email` '' lets whoever opens it say their own (first run). It
    works while whoever made it may invite: an operator, or the program `made_with` a key.
    """
    token = secrets.token_urlsafe(24)
    with app.store.transaction():
        address, maker = normal_address(email).casefold() if email else "", maker_of(app, by, made_with)
        app.store.operators.invite(_hash(token), address, role, app.now(), maker)
        note(app, by, "invited", detail=f"{email or 'the first operator'} as {role}", via=via)
    return token


def first_door(app: App) -> str | None:
    """The address of a set-up link where there is no operator yet, else None. Each call makes a new one."""
    if app.store.operators.count():
        return None
    return f"{app.settings.site_url}/console/set-up/{make_invitation(app, '', Role.OWNER)}"


def has_operator(app: App) -> bool:
    """Whether anybody came in yet."""
    return app.store.operators.count() > 0


def invited(app: App, token: str) -> tuple[str, Role]:
    """(address or "", role) of an invitation. Raises TokenError where it is used, too old or none, or whoever made it
    may invite nobody any more.
    """
    found = app.store.operators.invitation(_hash(token), app.now() - INVITE)
    if found is None or reach_of(app, found[2], Role.OWNER) is not Role.OWNER:
        raise TokenError(
            "This link was used, or is older than a day.", next_step="`newsletter operators invite` makes a new one."
        )
    return found[:2]


def accept_invitation(app: App, token: str, email: str, password: str) -> str:
    """Make the operator and begin their session: its token. Raises TokenError and InputError."""
    given, role = invited(app, token)
    email = given or normal_address(email).casefold()
    hashed = _HASHER.hash(checked_password(password, email))
    with app.store.transaction():
        if not app.store.operators.use_invitation(_hash(token), app.now()):
            raise TokenError("Somebody used this link this moment.")
        operator_id = app.store.operators.add(email, role, hashed, app.now())
        if operator_id is None:
            operator_id = _come_back(app, email, role, hashed, invited_by_name=bool(given))
        note(app, email, "came in", detail=f"as {role}", via="console")
        return _begin(app, operator_id)


def _come_back(app: App, email: str, role: Role, hashed: str, *, invited_by_name: bool) -> int:
    """Who lost a password or a telephone was invited anew: both are new, and the role is that of the invitation."""
    found = app.store.operators.by_email(email)
    if found is None or not invited_by_name or found[0].disabled_at:
        raise InputError("There is an operator of this address already.", next_step="Sign in.")
    app.store.operators.set_password(found[0].id, hashed)
    app.store.operators.set_totp(found[0].id, None)
    app.store.operators.set_role(found[0].id, role)
    return found[0].id


def sign_in(app: App, email: str, password: str, code: str, *, client: bytes) -> str:
    """The token of a new session. `client` is a keyed hash of where they come from.

    Raises SignInError: wrong (never which of the three), or too often in a quarter of an hour.
    """
    people, now = app.store.operators, app.now()
    typed = app.signer.client("operator", email.strip().casefold())
    if max(people.failures(typed, now - _WINDOW), people.failures(client, now - 4 * _WINDOW) // 4) >= _TRIES:
        raise SignInError("Too many attempts.", next_step="Wait a quarter of an hour.", permanent=False)
    found = people.by_email(email.strip().casefold())
    right = _verified(found[1].password if found else _DUMMY, password)
    if found is None or not right or found[0].disabled_at or not _code_right(app, found[0], code):
        with app.store.transaction():
            for who in (typed, client):
                people.fail(who, now)
        raise SignInError(_ISSUER_WORDS)
    operator, kept = found
    with app.store.transaction():
        if _HASHER.check_needs_rehash(kept.password):
            people.set_password(operator.id, _HASHER.hash(password))
        note(app, operator.email, "signed in", via="console")
        return _begin(app, operator.id)


def signed_in(app: App, token: str) -> Operator | None:
    """Who has this session, while it lasts. Being asked for keeps it alive, noted once a minute."""
    session = app.store.operators.session(_hash(token))
    if session is None or session.operator.disabled_at is not None:
        return None
    if session.over(app.now()):
        app.store.operators.end(_hash(token))
        return None
    if app.now() - session.seen_at > timedelta(minutes=1):
        app.store.operators.seen(_hash(token), app.now())
    return session.operator


def sign_out(app: App, token: str) -> None:
    app.store.operators.end(_hash(token))


def all_operators(app: App) -> list[Operator]:
    """In the order they came."""
    return app.store.operators.all()


def find_operator(app: App, number: int) -> Operator:
    """Raises NotFoundError."""
    found = app.store.operators.by_id(number)
    if found is None:
        raise NotFoundError(f"There is no operator {number}.", next_step="See `newsletter operators list`.")
    return found


def let_in(app: App, email: str, *, allowed: bool, by: str, via: str) -> int:
    """Let somebody sign in, or end their sessions and let them no more. With them go the keys and invitations that they
    made, and come back; how many keys. Raises NotFoundError, and InputError for the last owner: somebody must be able
    to let others in.
    """
    with app.store.transaction():
        found = app.store.operators.by_email(email.strip().casefold())
        if found is None:
            raise NotFoundError(f"There is no operator {email}.", next_step="See `newsletter operators list`.")
        operator = found[0]
        last = operator.role is Role.OWNER and operator.disabled_at is None and app.store.operators.owners() == 1
        if not allowed and last:
            raise InputError(f"{email} is the only owner.", next_step="Invite another owner first.")
        before = _working_keys(app)
        app.store.operators.disable(operator.id, None if allowed else app.now())
        keys = abs(_working_keys(app) - before)
        detail = f"{operator.email}, with {keys} key{'' if keys == 1 else 's'}" if keys else operator.email
        note(app, by, "let in" if allowed else "let out", detail=detail, via=via)
    return keys


def _working_keys(app: App) -> int:
    return sum(key.reach is not None for key in all_keys(app))


def change_role(app: App, email: str, role: Role, *, by: str, via: str) -> None:
    """From their next click on they may do what `role` may. Raises NotFoundError, and InputError for the last owner."""
    with app.store.transaction():
        found = app.store.operators.by_email(email.strip().casefold())
        if found is None:
            raise NotFoundError(f"There is no operator {email}.", next_step="See `newsletter operators list`.")
        operator = found[0]
        last = operator.role is Role.OWNER and operator.disabled_at is None and app.store.operators.owners() == 1
        if role is not Role.OWNER and last:
            raise InputError(f"{email} is the only owner.", next_step="Invite another owner first.")
        app.store.operators.set_role(operator.id, role)
        note(app, by, f"made {role}", detail=operator.email, via=via)


def change_password(app: App, operator: Operator, old: str, new: str) -> str:
    """Ends every session and begins a new one: its token. Raises SignInError and InputError."""
    if not _verified(app.store.operators.secrets(operator.id).password, old):
        raise SignInError("The old password is not right.")
    hashed = _HASHER.hash(checked_password(new, operator.email))
    with app.store.transaction():
        app.store.operators.set_password(operator.id, hashed)
        note(app, operator.email, "changed their password", via="console")
        return _begin(app, operator.id)


def new_totp(app: App, operator: Operator, secret: str = "") -> tuple[str, str]:
    """(secret, otpauth:// address) to show; it counts from confirm_totp() on. A `secret` shown before stays."""
    secret = secret or pyotp.random_base32()
    return secret, pyotp.TOTP(secret).provisioning_uri(name=operator.email, issuer_name=app.settings.name)


def confirm_totp(app: App, operator: Operator, secret: str, code: str) -> None:
    """From now on a code is asked for. Raises SignInError where `code` is not that of `secret` now."""
    if not pyotp.TOTP(secret).verify(code.strip(), for_time=app.now(), valid_window=1):
        raise SignInError("That is not the code of this moment.", next_step="Look at the clock of your telephone.")
    with app.store.transaction():
        app.store.operators.set_totp(operator.id, secret)
        note(app, operator.email, "turned on codes", via="console")


def _code_right(app: App, operator: Operator, code: str) -> bool:
    secret = app.store.operators.secrets(operator.id).totp_secret
    if secret is None:
        return True
    totp, step = pyotp.TOTP(secret), int(app.now().timestamp()) // _STEP
    for place in (step, step - 1, step + 1):
        if secrets.compare_digest(totp.at(place * _STEP), code.strip()):
            return app.store.operators.use_totp_step(operator.id, place)
    return False


def _verified(hashed: str, password: str) -> bool:
    with _AT_ONCE:
        try:
            return _HASHER.verify(hashed, password)
        except (VerifyMismatchError, InvalidHashError):
            return False


def _begin(app: App, operator_id: int) -> str:
    token = secrets.token_urlsafe(32)
    app.store.operators.begin(_hash(token), operator_id, app.now())
    return token


def _hash(token: str) -> bytes:
    """Tokens are random, so that a plain hash is enough; the database alone lets nobody in."""
    return hashlib.sha256(token.encode()).digest()
