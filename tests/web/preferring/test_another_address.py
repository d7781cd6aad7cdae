"""Another address by signed link: the same answer for any, and a button behind the mailed link."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from newsletter.app.change_address import ask_to_change
from newsletter.app.container import App
from newsletter.audience.subscriber import Subscriber, SuppressionReason
from tests.fakes.house import Clock, add_active, deliver_all_mail
from tests.web.preferring.conftest import ADDRESS

Dump = Callable[[], str]
NEW = "quillan@example.com"


def again(app: App, reader: Subscriber) -> Subscriber:
    found = app.store.subscribers.by_id(reader.id)
    assert found is not None
    return found


# another address


def test_every_address_gets_the_same_answer(visitor, app, path, clock: Clock, save):
    add_active(app, "taken@example.net")
    app.store.subscribers.suppress("never@example.net", SuppressionReason.COMPLAINT, clock())
    answers = []
    for address in (NEW, "taken@example.net", "never@example.net"):
        answers.append(save({"email": address}, "/address"))
        clock.pass_by(days=1)
    assert {(answer.status_code, answer.text) for answer in answers} == {(200, answers[0].text)}
    assert "a link is on its way to it" in answers[0].text


def test_the_mailed_link_shows_a_button_and_the_button_changes_the_address(visitor, app, reader, save, dump: Dump):
    save({"email": NEW}, "/address")
    deliver_all_mail(app)
    mail = app.provider.read_mail(app.provider.list_mails(1)[0].id)
    assert mail.mail.to == NEW
    link = re.search(r"/address/[\w.=-]+", mail.text)[0]
    before = dump()
    page = visitor.get(link)
    assert "q…@example.com" in page.text
    assert page.text.count("<button") == 1
    assert dump() == before
    done = visitor.post(link, may_set=("reader",))
    assert "Your address is changed" in done.text
    assert again(app, reader).email == NEW
    assert "Your address is changed" in visitor.get(link).text
    deliver_all_mail(app)
    told = app.provider.read_mail(app.provider.list_mails(1)[0].id)
    assert told.mail.to == ADDRESS
    assert "Your address was changed" in told.text
    assert "q…@example.com" in told.text
    assert visitor.get(re.search(r"/preferences/[\w.=-]+", told.text)[0]).status_code == 200


def test_an_address_taken_meanwhile_is_told_and_nothing_changes(visitor, app, reader, token, dump: Dump):
    ask_to_change(app, token, NEW)
    link = f"/address/{app.signer.address_change(reader.id, app.store.subscribers.hash_of(NEW))}"
    add_active(app, NEW)
    before = dump()
    answer = visitor.post(link)
    assert answer.status_code == 409
    assert "subscription of its own" in answer.text
    assert dump() == before


@pytest.mark.parametrize(
    "address", ["nobody", "a@b", "x@example.com\nBcc: y@example.com", "", "a" * 300 + "@b.example"]
)
def test_what_is_no_address_is_told_and_nothing_changes(save, address, dump: Dump):
    before = dump()
    answer = save({"email": address}, "/address", may_show=(address[:254], "x@example.com", "y@example.com"))
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert dump() == before


def test_a_second_ask_within_a_day_is_told(save):
    save({"email": NEW}, "/address")
    answer = save({"email": "other@example.com"}, "/address", may_show=("other@example.com",))
    assert answer.status_code == 422
    assert "within the last 24 hours" in answer.text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_address_link_that_is_none_is_refused(visitor, reader, method):
    assert visitor.ask(method, "/address/forged").status_code == 400
