"""What nobody else may learn stays in: a whole journey over a real server, and every line written on the way."""

from __future__ import annotations

import http.client
import io
import json
import logging
import re
import socket
import threading
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn

from newsletter.app.container import App
from newsletter.app.tick import tick
from newsletter.audience.subscriber import SubscriberStatus
from newsletter.sender import Sender
from newsletter.web import joining
from newsletter.web.site import create_site
from tests.fakes.furnished import Furnished
from tests.fakes.house import TEMPLATES, Clock, build_house, confirmation_path, deliver_all_mail

CANARY = "canary.of.the.journey@example.net"
NEXT = "canary.that.moved@example.net"
KEY = "a-secret-key-that-must-not-show-0123456789"
API_KEY = "re_canary_of_the_provider"
WEBHOOK_SECRET = "whsec_Y2FuYXJ5LW9mLXRoZS13ZWJob29r"


@dataclass
class Journey:
    """A person with a browser: what they ask for, and what they hold."""

    port: int
    secrets: set[str] = field(default_factory=set)
    cookies: dict[str, str] = field(default_factory=dict)
    answers: list[tuple[str, int]] = field(default_factory=list)

    def ask(self, method: str, path: str, form: dict[str, str] | None = None, **headers: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        body = urllib.parse.urlencode(form or {}) if method == "POST" else None
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **headers}
        if method == "POST":
            sent |= {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, rest = cookie.partition("=")
            self.cookies[name] = rest.partition(";")[0]
            self.secrets |= {self.cookies[name].strip('"')} - {""}
        text = answer.read().decode("utf-8", "replace")
        connection.close()
        self.answers.append((path, answer.status))
        return text

    def hold(self, *secrets: str) -> None:
        self.secrets.update(secrets)


@pytest.fixture
def written(capfd: pytest.CaptureFixture[str]) -> Iterator[io.StringIO]:
    """Every line of every logger, at the lowest level, uvicorn's with its access log included."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(args)s"))
    loggers = [logging.getLogger(name) for name in ("", "uvicorn", "uvicorn.error", "uvicorn.access", "newsletter")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    loggers[0].addHandler(handler)
    yield lines
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
    loggers[0].removeHandler(handler)


@pytest.fixture
def journey(tmp_path: Path, written: io.StringIO) -> Iterator[tuple[App, Journey, Furnished]]:
    """As `newsletter serve` runs it."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    app = build_house(
        tmp_path,
        Clock(),
        site_url=f"http://127.0.0.1:{port}",
        secret_key=KEY,
        delivery={
            "outbox": {"folder": tmp_path / "outbox"},
            "resend": {"api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET},
        },
    )
    house = Furnished(app)
    config = uvicorn.Config(
        create_site(app, TEMPLATES),
        log_config=None,
        log_level="debug",
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield app, Journey(port), house
    server.should_exit = True
    thread.join()
    app.close()


def travel(app: App, person: Journey, monkeypatch: pytest.MonkeyPatch) -> None:
    """Subscribe, confirm, prefer, vote, save, move, leave, come back, be erased; and everything that goes wrong."""
    person.hold(CANARY, NEXT, KEY, API_KEY, WEBHOOK_SECRET, app.store.meta.signing_key.hex())
    person.hold(app.store.meta.hash_key.hex())
    person.ask("GET", "/")
    person.ask("POST", "/subscribe", {"email": CANARY})
    deliver_all_mail(app)
    confirm = confirmation_path(app)
    person.hold(confirm.rpartition("/")[2])
    person.ask("GET", confirm)
    person.ask("POST", confirm)
    reader = app.store.subscribers.by_address(CANARY)
    assert reader is not None
    assert reader.status is SubscriberStatus.ACTIVE
    token = app.signer.reader(1, reader.id)
    person.hold(token, app.signer.reader(0, reader.id))
    person.ask("GET", f"/v/{token}/kestrel/ship")
    person.ask("POST", f"/v/{token}/kestrel/ship")
    person.ask("POST", f"/saved/{token}", {"tool": "kestrel"})
    person.ask("POST", f"/saved/{token}/mail")
    person.ask("POST", "/tools/kestrel/vote", {"choice": "skip", "back": f"/compare/x?token={token}"})
    person.ask("GET", f"/preferences/{token}")
    person.ask("POST", f"/preferences/{token}", {"frequency": "weekly", "zone": "Europe/Berlin"})
    person.ask("GET", f"/preferences/{token}/export")
    person.ask("POST", f"/preferences/{token}/address", {"email": NEXT})
    change = app.signer.address_change(reader.id, app.store.subscribers.hash_of(NEXT))
    person.hold(change)
    person.ask("GET", f"/address/{change}")
    person.ask("POST", f"/address/{change}")
    person.ask("GET", f"/c/{token}")
    person.ask("POST", f"/unsubscribe/{token}", {"List-Unsubscribe": "One-Click"})
    person.ask("POST", f"/unsubscribe/{token}/undo")
    deliver_all_mail(app)
    tick(app)
    # what goes wrong
    person.ask("POST", "/subscribe", {"email": f"{CANARY} is not an address"})
    person.ask("GET", f"/confirm/{token}")
    person.ask("GET", f"/preferences/{confirm.rpartition('/')[2]}")
    person.ask("GET", f"/unsubscribe/{token}x?email={CANARY}")
    person.ask("GET", f"/nowhere/{token}?key={KEY}")
    person.ask("POST", f"/unsubscribe/{token}/pause", {"weeks": CANARY})
    person.ask("POST", "/webhooks/resend", {"secret": WEBHOOK_SECRET}, Authorization=f"Bearer {API_KEY}")
    person.ask("GET", f"/v/{token}/no-such/ship", Host="evil.example")
    person.ask("GET", f"/saved/{token}", Referer=f"http://127.0.0.1:{person.port}/v/{token}/kestrel/ship")

    def burst(*_: object, **__: object) -> None:
        raise ValueError(f"{CANARY} {token} {KEY}")

    for name in ("subscribe", "of_confirmation"):
        with monkeypatch.context() as broken:
            broken.setattr(joining, name, burst)
            person.ask("POST", "/subscribe", {"email": CANARY})
            person.ask("GET", confirm)
    person.ask("POST", f"/preferences/{token}/erase")
    person.ask("GET", f"/preferences/{token}")


def test_neither_address_nor_token_nor_key_is_written_anywhere_on_a_whole_journey(
    journey, written: io.StringIO, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    app, person, _ = journey
    travel(app, person, monkeypatch)
    statuses = dict.fromkeys(status for _, status in person.answers)
    assert set(statuses) >= {200, 303, 400, 404, 421, 422, 500}
    out, err = capfd.readouterr()
    everything = written.getvalue() + out + err
    assert "failed: ValueError at" in everything, "the errors were written, so that this can fail"
    assert len(person.secrets) > 10
    signatures = {secret.rpartition(".")[2] for secret in person.secrets if len(secret.rpartition(".")[2]) > 15}
    assert [secret for secret in (person.secrets | signatures) if secret in urllib.parse.unquote(everything)] == []
    assert re.findall(r"[\w.+-]+@[\w-]+\.\w+", everything) == []


def test_a_send_writes_no_address_and_no_token_either(journey, written: io.StringIO, capfd: pytest.CaptureFixture[str]):
    app, _, house = journey
    sender = Sender(app)
    sender.start()
    deadline = time.monotonic() + 20
    while app.store.issues.by_id(house.issue.id).status != "sent" and time.monotonic() < deadline:
        time.sleep(0.05)
    sender.stop()
    assert app.store.issues.by_id(house.issue.id).status == "sent"
    out, err = capfd.readouterr()
    everything = written.getvalue() + out + err
    assert re.findall(r"[\w.+-]+@[\w-]+\.\w+|\d+\.\d+\.[\w-]{22}", everything) == []


def test_no_page_or_answer_holds_a_key(journey, monkeypatch: pytest.MonkeyPatch):
    app, person, _ = journey
    pages = []
    real = person.ask
    monkeypatch.setattr(person, "ask", lambda *asked, **headers: pages.append(real(*asked, **headers)))
    travel(app, person, monkeypatch)
    keys = (KEY, API_KEY, WEBHOOK_SECRET, app.store.meta.signing_key.hex(), app.store.meta.hash_key.hex())
    assert not [key for key in keys for page in pages if key in page]


def test_what_a_reader_takes_away_is_theirs_and_holds_no_key_and_no_hash(journey):
    app, person, house = journey
    told = json.loads(person.ask("GET", f"/preferences/{app.signer.reader(1, house.ada.id)}/export"))
    text = json.dumps(told)
    assert "ada@example.net" in text
    for secret in ("bob@example.net", "eve@example.net", KEY, app.store.subscribers.hash_of("ada@example.net").hex()):
        assert secret not in text


@pytest.mark.parametrize("thing", ["app", "settings", "signer"])
def test_no_repr_shows_a_key(journey, thing: str):
    app, _, _ = journey
    shown = {"app": repr(app), "settings": repr(app.settings), "signer": repr(app.signer)}[thing]
    assert not [key for key in (KEY, API_KEY, WEBHOOK_SECRET, app.store.meta.signing_key.hex()) if key in shown]
