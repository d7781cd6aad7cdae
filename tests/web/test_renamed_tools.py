"""A tool under its old slug: pages lead to the new address, and buttons of old pages and mails still count."""

from __future__ import annotations

import pytest

from newsletter.app.container import App
from newsletter.app.rename_tool import rename_tool
from newsletter.app.vote import votes_on
from tests.fakes.house import add_active, add_comparison
from tests.rendering.week import full_week
from tests.web.conftest import Visitor


@pytest.fixture
def old(app: App) -> str:
    """The slug that a tool had; it is called `renamed` now."""
    add_comparison(app, full_week()[0].comparison)
    slug = app.store.comparisons.all()[0].comparison.left.slug
    rename_tool(app, slug, "renamed", by="ada@example.com", via="console")
    return slug


def test_the_old_page_leads_to_the_new_one_for_good(visitor: Visitor, old: str) -> None:
    answer = visitor.ask("GET", f"/tools/{old}?page=1")
    assert (answer.status_code, answer.headers["location"]) == (308, "/tools/renamed")
    assert visitor.ask("GET", "/tools/renamed").status_code == 200
    assert visitor.ask("GET", f"/api/v1/tools/{old}").json()["slug"] == "renamed"


def test_a_vote_from_an_old_page_and_one_from_an_old_mail_count_for_the_tool(
    visitor: Visitor, app: App, old: str
) -> None:
    visitor.ask("POST", f"/tools/{old}/vote", data={"choice": "ship"})
    assert votes_on(app, ["renamed"])["renamed"].tally.web.ship == 1
    reader = add_active(app, "ada@example.net")
    link = f"/v/{app.signer.reader(0, reader.id)}/{old}/ship"
    assert visitor.ask("GET", link).status_code == 200
    assert visitor.post(link, may_set=("reader",)).status_code == 200
    assert votes_on(app, ["renamed"])["renamed"].tally.readers.ship == 1
