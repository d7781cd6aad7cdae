"""`newsletter operators …`"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from newsletter.cli.face import Face, common, counted, safe, table

if TYPE_CHECKING:
    from rich.console import Console

    from newsletter.app.api_keys import ApiKey

_ROLES = click.Choice(["viewer", "editor", "owner"])


@click.group("operators")
def operators() -> None:
    """Who may sign in to the console, keys of programs, and what was done."""


@operators.command("invite")
@click.argument("email", required=False, default="")
@click.option("--role", type=_ROLES, default="owner", show_default=True)
@common
def invite(face: Face, email: str, role: str) -> None:
    """Make a one-time link with which somebody comes in; also the way back for who lost a password."""
    from newsletter.app.sign_in import make_invitation
    from newsletter.operators import Role

    url = f"{face.settings.site_url}/console/set-up/{make_invitation(face.app, email, Role(role))}"
    face.answer(
        {"url": url, "role": role, "email": email or None},
        lambda console: console.print(f"Within a day, and once, this lets somebody in as {role}:\n{url}"),
    )


@operators.command("list")
@common
def list_(face: Face) -> None:
    """Everybody who may sign in, and who may not any more."""
    from newsletter.app.sign_in import all_operators

    found = all_operators(face.app)

    def draw(console: Console) -> None:
        rows = table("address", "role", "codes", "state")
        for one in found:
            state = f"let out {one.disabled_at:%Y-%m-%d}" if one.disabled_at else "may sign in"
            rows.add_row(safe(one.email), str(one.role), "on" if one.has_totp else "off", state)
        console.print(rows if found else "Nobody yet: newsletter operators invite")

    face.answer(found, draw)


@operators.command("role")
@click.argument("email")
@click.argument("role", type=_ROLES)
@common
def role_(face: Face, email: str, role: str) -> None:
    """Give somebody another role."""
    from newsletter.app.sign_in import change_role
    from newsletter.operators import Role

    change_role(face.app, email, Role(role), by="command line", via="command line")
    face.answer({"email": email, "role": role}, lambda console: console.print(f"{safe(email)} is {role} from now on."))


@operators.command("disable")
@click.argument("email")
@common
def disable(face: Face, email: str) -> None:
    """End every session of somebody, let them sign in no more, and stop the keys they made. Undo: enable."""
    from newsletter.app.sign_in import let_in

    keys = let_in(face.app, email, allowed=False, by="command line", via="command line")
    more = f" With them went {counted(keys, 'key')} that they made." if keys else ""
    face.answer(
        {"email": email, "allowed": False, "keys": keys}, lambda console: console.print(f"{safe(email)} is out.{more}")
    )


@operators.command("enable")
@click.argument("email")
@common
def enable(face: Face, email: str) -> None:
    """Let somebody sign in again; the keys they made work again too."""
    from newsletter.app.sign_in import let_in

    keys = let_in(face.app, email, allowed=True, by="command line", via="command line")
    more = f" So may {counted(keys, 'key')} that they made." if keys else ""
    face.answer(
        {"email": email, "allowed": True, "keys": keys},
        lambda console: console.print(f"{safe(email)} may come in again.{more}"),
    )


@operators.command("key")
@click.argument("name")
@click.option("--role", type=_ROLES, default="viewer", show_default=True)
@common
def key(face: Face, name: str, role: str) -> None:
    """Make a key for a program that operates through the API, and print it, once."""
    from newsletter.app.api_keys import make_key
    from newsletter.operators import Role

    made = make_key(face.app, name, Role(role))

    def draw(console: Console) -> None:
        console.print(f"This is the key of {safe(name)}, as {role}. It is not shown again:")
        click.echo(made)

    face.answer({"key": made, "name": name, "role": role}, draw)


@operators.command("keys")
@common
def keys(face: Face) -> None:
    """Every key there is: what it may do, and when it was last used."""
    from newsletter.app.api_keys import all_keys

    found = all_keys(face.app)

    def draw(console: Console) -> None:
        rows = table("id", "name", "ends in", "role", "made by", "last used (UTC)", "state")
        for one in found:
            used = f"{one.used_at:%Y-%m-%d %H:%M}" if one.used_at else "never"
            rows.add_row(
                str(one.id), safe(one.name), safe(one.hint), str(one.role), safe(one.made_by), used, _state(one)
            )
        console.print(rows if found else "No keys yet: newsletter operators key NAME")

    face.answer(found, draw)


def _state(key: ApiKey) -> str:
    if key.revoked_at:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    if key.reach is None:
        return "stopped, with its maker"
    return "works" if key.reach is key.role else f"works, as {key.reach}"


@operators.command("revoke")
@click.argument("number", metavar="ID", type=int)
@common
def revoke(face: Face, number: int) -> None:
    """Let a key open nothing more. Cannot be undone; make another."""
    from newsletter.app.api_keys import revoke_key

    revoked = revoke_key(face.app, number)
    face.answer(
        {"id": number, "revoked": True},
        lambda console: console.print(f"Key {number}, {safe(revoked.name)}, is revoked."),
    )


@operators.command("log")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--subject", default="", help="Only what was done to it, like: issue 2026-W48.")
@common
def log(face: Face, limit: int, subject: str) -> None:
    """What was done, by whom, newest first."""
    from newsletter.app.record import what_was_done

    found = [deed for _, deed in what_was_done(face.app, subject, limit)]

    def draw(console: Console) -> None:
        rows = table("when (UTC)", "who", "did", "to", "via")
        for deed in found:
            act = f"{deed.act} ({deed.detail})" if deed.detail else deed.act
            rows.add_row(f"{deed.at:%Y-%m-%d %H:%M}", safe(deed.operator), safe(act), safe(deed.subject), deed.via)
        console.print(rows if found else "Nothing yet.")

    face.answer(found, draw)
