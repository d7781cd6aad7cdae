"""Every screen of the console over a newsletter of many years: in turn, and by two operators while an issue is sent.

The screens are those that the site itself names, so that a new one is measured without a word here, or is told as
missed where it wants a value that nobody named.
"""

from __future__ import annotations

import http.client
import re
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from benchmarks.house import beside
from benchmarks.table import Line
from benchmarks.years import Years, address_of, make_years
from newsletter.app.send_issue import pause_issue, resume_issue
from newsletter.app.sign_in import make_invitation
from newsletter.bootstrap import templates_folder
from newsletter.operators import Role
from newsletter.web.console.gate import HOME
from newsletter.web.site import create_site

_P95_SECONDS = 0.300
_CLIENTS, _BETWEEN_SECONDS = 2, 0.2
_STREAMS = ("text/csv", "text/event-stream")
"""Of these the first bytes are waited for, and not the end."""
_QUERIES = {f"{HOME}/comparisons/{{slug}}/restore": "?revision=1"}
"""What a route asks for besides its path."""
_PASSWORD = "harbour lantern oblique seven"


@dataclass(frozen=True)
class Screen:
    """One page, or one that is asked for in a way of its own; `paths` are taken in turn."""

    name: str
    paths: tuple[str, ...]


def console(small: bool) -> list[Line]:
    """Everything here."""
    comparisons, subscribers, issues, times = (300, 5_000, 3, 2) if small else (10_000, 1_000_000, 11, 20)
    with tempfile.TemporaryDirectory() as name:
        years = make_years(Path(name), comparisons, subscribers, issues)
        try:
            return measured(years, Path(name), times)
        finally:
            years.app.close()


def measured(years: Years, folder: Path, times: int) -> list[Line]:
    """Each screen so many `times`, alone and then under load. Nothing is sent until the load begins."""
    screens = screens_of(years)
    pause_issue(years.app, years.sending)
    with beside("pages", str(folder), "paced") as url:
        cookie = _come_in(years, url)
        shut = _first_looks(url, cookie, screens)
        screens = [screen for screen in screens if screen.name not in {name for name, _, _ in shut}]
        alone = _walk(url, cookie, screens, times)
        resume_issue(years.app, years.sending)
        with ThreadPoolExecutor(_CLIENTS) as pool:
            each = -(-times // _CLIENTS)
            halves = list(pool.map(lambda _: _walk(url, cookie, screens, each, _BETWEEN_SECONDS), range(_CLIENTS)))
        both = {screen.name: [second for half in halves for second in half[screen.name]] for screen in screens}
        now = years.app.store.issues.by_key(years.sending)
        assert now is not None
        if now.counts.waiting == now.counts.frozen:
            raise RuntimeError("nothing was sent beside the pages")
    lines = [_line(screen, alone[screen.name], both[screen.name]) for screen in screens]
    return lines + [Line(f"console: {name}", f"GET {path}", told, "to be measured", False) for name, path, told in shut]


def _line(screen: Screen, alone: list[float], both: list[float]) -> Line:
    ok = max(_p95(alone), _p95(both)) < _P95_SECONDS
    told = [f"p50 {statistics.median(one) * 1000:.0f}, p95 {_p95(one) * 1000:.0f} ms" for one in (alone, both)]
    what = f"GET {screen.paths[0]}; {len(alone)} times alone, {len(both)} by {_CLIENTS} while an issue is sent"
    return Line(
        f"console: {screen.name}", what, f"{told[0]}; busy {told[1]}", f"p95 < {_P95_SECONDS * 1000:.0f} ms", ok
    )


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * 0.95))]


def _come_in(years: Years, url: str) -> str:
    """The cookie of an owner who has just signed up."""
    path = f"{HOME}/set-up/{make_invitation(years.app, 'bea@example.com', Role.OWNER)}"
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    connection.request("POST", path, urlencode({"password": _PASSWORD}), headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    cookie = (answer.headers["set-cookie"] or "").partition(";")[0]
    if answer.status != 303 or not cookie:
        raise RuntimeError(f"nobody could sign in: {answer.status}")
    return cookie


def _first_looks(url: str, cookie: str, screens: list[Screen]) -> list[tuple[str, str, str]]:
    """Templates are compiled from now on. (name, path, answer) of what wants a value that it did not get."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    found = []
    for screen in screens:
        for path in screen.paths:
            try:
                _seconds(connection, cookie, path)
            except RuntimeError as error:
                found.append((screen.name, path, str(error)))
                break
    connection.close()
    return found


def _walk(url: str, cookie: str, screens: list[Screen], times: int, between: float = 0.0) -> dict[str, list[float]]:
    """Screen → seconds of each look at it; `between`: seconds until the next look."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    found: dict[str, list[float]] = {screen.name: [] for screen in screens}
    for number in range(times):
        for screen in screens:
            found[screen.name].append(_seconds(connection, cookie, screen.paths[number % len(screen.paths)]))
            time.sleep(between)
    connection.close()
    return found


def _seconds(connection: http.client.HTTPConnection, cookie: str, path: str) -> float:
    began = time.perf_counter()
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    if answer.headers.get_content_type() in _STREAMS:
        answer.read(1)
        taken = time.perf_counter() - began
        connection.close()  # and begins anew with the next request
    else:
        answer.read()
        taken = time.perf_counter() - began
    if answer.status not in (200, 303):
        raise RuntimeError(f"GET {path} answered {answer.status}")
    return taken


def screens_of(years: Years) -> list[Screen]:
    """Every route of the console that is read, then the ways in which the long lists are asked."""
    rights = create_site(years.app, templates_folder()).state.gate.rights
    routes = [path for method, path in rights if method == "GET"]
    found = []
    for route in routes:
        known = _values(years, route)
        names = re.findall(r"{(\w+)}", route)
        values = {name: known.get(name, ["1"]) for name in names}
        length = max((len(one) for one in values.values()), default=1)
        paths = [
            route.format(**{name: one[place % len(one)] for name, one in values.items()}) for place in range(length)
        ]
        found.append(Screen(route.removeprefix(HOME) or "/", tuple(path + _QUERIES.get(route, "") for path in paths)))
    return found + _asked(years)


def _values(years: Years, route: str) -> dict[str, list[str]]:
    """What stands for each name in a route."""
    slugs = years.tools if "/tools/" in route else years.slugs
    mails = years.app.settings.delivery.outbox.folder / "2020-W01"
    return {
        "key": [years.sent[0], years.sending, years.draft, years.approved, years.sent[-1]],
        "number": [str(one * years.subscribers // 7 + 1) for one in range(1, 6)],
        "slug": slugs[:: max(1, len(slugs) // 5)][:5],
        "part": [mails.name],
        "name": [mail.name for mail in sorted(mails.iterdir())[:5]],
    }


def _asked(years: Years) -> list[Screen]:
    people = f"{HOME}/subscribers"
    middle = years.subscribers // 2
    oldest = str(years.app.store.database.value("SELECT min(rowid) + 500 FROM suppression"))

    def screen(name: str, path: str, *asked: dict[str, str]) -> Screen:
        return Screen(name, tuple(f"{path}?{urlencode(one)}" for one in asked))

    family, exact = address_of(middle).split(".")[1].split("@")[0], address_of(middle)
    return [
        screen("subscribers, deep", people, {"after": "500"}, {"after": str(middle)}),
        screen("subscribers, of a status", people, *({"status": one} for one in ("pending", "unsubscribed", "erased"))),
        screen("subscribers, of a status, deep", people, {"status": "unsubscribed", "after": str(middle)}),
        screen("subscribers, of a topic", people, {"topic": "music"}, {"topic": "writing"}),
        screen(
            "subscribers, of both",
            people,
            {"topic": "music", "status": "pending"},
            {"topic": "data", "status": "erased"},
        ),
        screen("search, one address", people, {"q": exact}),
        screen("search, an address of nobody", people, {"q": "nobody@example.com"}),
        screen("search, begins", people, {"q": "ja", "how": "begins"}, {"q": "zz", "how": "begins"}),
        screen("search, begins, of a status", people, {"q": "jonas", "how": "begins", "status": "pending"}),
        screen("search, holds, common", people, {"q": "example"}, {"q": "a"}, {"q": ".gomez"}),
        screen("search, holds, rare", people, {"q": family}, {"q": f"{family}@post"}),
        screen("search, holds, nobody", people, {"q": "zzqzz"}, {"q": "nobody-has-this"}, {"q": "qx"}),
        screen(
            "search, holds, of a status", people, {"q": "works", "status": "pending"}, {"q": family, "status": "erased"}
        ),
        screen("search, holds, of a topic", people, {"q": "petra", "topic": "data"}, {"q": "petra", "topic": "music"}),
        screen(
            "search, holds, deep", people, {"q": "example", "after": str(middle)}, {"q": "7@mail", "after": str(middle)}
        ),
        screen("suppressions, of a reason", f"{HOME}/suppressions", {"reason": "complaint"}, {"reason": "operator"}),
        screen("suppressions, deep", f"{HOME}/suppressions", {"before": oldest}),
        screen("suppressions, one address", f"{HOME}/suppressions", {"q": exact}),
        screen("comparisons, search", f"{HOME}/comparisons", {"q": "amberanvil"}, {"q": "the"}, {"q": "zzqzz"}),
        screen("comparisons, of the archive", f"{HOME}/comparisons", {"kind": "archive"}, {"kind": "new"}),
        screen("log, deep", f"{HOME}/log", {"before": "100"}, {"before": str(years.subscribers // 10)}),
        screen("log, of a subject", f"{HOME}/log", {"subject": "subscriber 5"}, {"subject": "nothing"}),
        Screen("issue, sent", (f"{HOME}/issues/{years.sent[0]}",)),
        Screen("issue, draft", (f"{HOME}/issues/{years.draft}",)),
        Screen("issue, a correction", (f"{HOME}/issues/{years.correction}",)),
        Screen("review of an approved issue", (f"{HOME}/issues/{years.approved}/review",)),
        Screen("review of a correction", (f"{HOME}/issues/{years.correction}/review",)),
    ]
