"""`newsletter operators key | keys | revoke`: keys of programs, from the command line."""

from __future__ import annotations

from newsletter.app.api_keys import make_key
from newsletter.app.sign_in import accept_invitation, make_invitation
from newsletter.bootstrap import build_app
from newsletter.operators import Role
from newsletter.settings import load
from tests.cli.conftest import Run


def test_a_key_is_printed_once_and_listed_by_its_last_four_characters(house: Run) -> None:
    made = house("operators", "key", "nightly build", "--role", "editor", "--json").document
    assert made["key"].startswith("nl_")
    listed = house("operators", "keys", "--json")
    assert made["key"] not in listed.out
    [one] = listed.document
    assert (one["name"], one["role"], one["used_at"]) == ("nightly build", "editor", None)
    assert made["key"].endswith(one["hint"])
    assert "nl_" in house("operators", "key", "by hand").out
    assert "works" in house("operators", "keys").out


def test_a_revoked_key_stays_in_the_list_and_is_revoked_once(house: Run) -> None:
    house("operators", "key", "old")
    assert "Key 1, old, is revoked." in house("operators", "revoke", "1").out
    assert "revoked 20" in house("operators", "keys").out
    assert "Key 1 is revoked already." in house("operators", "revoke", "1").line
    assert "There is no key 9." in house("operators", "revoke", "9").line


def test_a_key_without_a_name_is_none(house: Run) -> None:
    assert "needs a name" in house("operators", "key", "  ").line
    assert "No keys yet" in house("operators", "keys").out


def test_making_and_revoking_stand_in_the_record(house: Run) -> None:
    house("operators", "key", "nightly")
    house("operators", "revoke", "1")
    deeds = house("operators", "log", "--json").document
    assert [(deed["act"], deed["subject"]) for deed in deeds] == [("revoked a key", "key 1"), ("made a key", "key 1")]


def test_the_list_says_which_keys_went_with_their_maker_and_which_may_less_now(house: Run) -> None:
    app = build_app(load())
    for name in ("ada", "bob", "cleo"):
        email = f"{name}@example.org"
        accept_invitation(app, make_invitation(app, email, Role.OWNER), "", "harbour lantern oblique seven")
        make_key(app, f"of {name}", Role.EDITOR, by=email, via="console")
    app.close()
    house("operators", "role", "bob@example.org", "viewer")
    gone = house("operators", "disable", "cleo@example.org")
    assert gone.out == "cleo@example.org is out. With them went 1 key that they made.\n"
    ada, bob, cleo = (line.strip() for line in house("operators", "keys").out.splitlines() if " of " in line)
    assert ada.split()[-1] == "works"
    assert bob.endswith("works, as viewer")
    assert cleo.endswith("stopped, with its maker")
    assert [key["reach"] for key in house("operators", "keys", "--json").document] == ["editor", "viewer", None]
    back = house("operators", "enable", "cleo@example.org")
    assert back.out == "cleo@example.org may come in again. So may 1 key that they made.\n"
