"""The pages of a large newsletter under load, and how long the first look at each of them takes.

`serve` runs in a process of its own, wrk beside it; both share the processors. What is written is counted afterwards.
"""

from __future__ import annotations

import http.client
import itertools
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.house import beside
from benchmarks.table import Line
from benchmarks.town import Town, make_town
from newsletter.app.read_catalogue import PER_PAGE

_DRIVER = Path(__file__).with_name("drive.lua")
_PAGE_SECONDS = 0.100
_P99_SECONDS = 0.150
_TOKEN = re.compile(r"\d+\.\d+\.[\w-]{22}")
_PROXY = {"X-Forwarded-For": "203.0.113.7", "Accept-Encoding": "gzip"}


@dataclass(frozen=True)
class Load:
    """One kind of request: `lines` for the driver, and what must have grown by as many as were sent."""

    name: str
    what: str
    lines: Callable[[Town], Iterator[str]]
    per_second: int
    written: Callable[[Town], int] | None = None

    @property
    def connections(self) -> int:
        """As many as keep it busy."""
        return 16 if self.written else 32


def web(small: bool) -> list[Line]:
    """Everything here."""
    comparisons, subscribers, seconds, runs = (300, 50_000, 1, 1) if small else (10_000, 1_000_000, 8, 3)
    with tempfile.TemporaryDirectory() as name:
        town = make_town(Path(name), comparisons, subscribers)
        try:
            with beside("serve", name) as url:
                lines = _first_looks(town, url)
            if shutil.which("wrk") is None:
                print("web: wrk is not here, so no load is driven (Debian: apt install wrk)", file=sys.stderr)
                return lines
            with beside("serve", name) as url:
                for load in _LOADS:
                    lines += _driven(town, load, url, Path(name), seconds, runs)
        finally:
            town.app.close()
    return lines


def _driven(town: Town, load: Load, url: str, folder: Path, seconds: int, runs: int) -> list[Line]:
    source = load.lines(town)
    if load.written is None:
        _keep(url, _file(folder, source))
    else:
        _drive(url, _file(folder, source, 4_000), load.connections, 1)  # templates are compiled
    found = []
    for _ in range(runs):
        lines = folder / "drive.txt" if load.written is None else _file(folder, source, 4_000 * seconds)
        before = load.written(town) if load.written else 0
        run = _drive(url, lines, load.connections, seconds)
        if run["wrong"]:
            raise RuntimeError(f"{load.name}: {run['wrong']:.0f} of {run['requests']:.0f} requests failed")
        if load.written and load.written(town) - before < run["requests"]:
            raise RuntimeError(f"{load.name}: {run['requests']:.0f} answered, fewer written")
        found.append(run)
    rate = statistics.median(run["requests"] / run["seconds"] for run in found)
    p50, p99 = (statistics.median(run[name] for run in found) for name in ("p50", "p99"))
    target = f"≥ {load.per_second:,}/s, p99 < {_P99_SECONDS * 1000:.0f} ms"
    ok = rate >= load.per_second and p99 < _P99_SECONDS
    figure = f"{rate:,.0f}/s, p50 {p50 * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms"
    what = f"{load.what}; {load.connections} connections, {seconds} s, median of {runs}, wrk beside it"
    return [Line(load.name, what, figure, target, ok)]


def _keep(url: str, lines: Path) -> None:
    """Ask for each twice, and it is kept."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    for line in lines.read_text("ascii").splitlines() * 2:
        _seconds(connection, line.split()[1])
    connection.close()


def _file(folder: Path, lines: Iterable[str], at_most: int | None = None) -> Path:
    path = folder / "drive.txt"
    path.write_text("".join(f"{line}\n" for line in itertools.islice(lines, at_most)), "ascii")
    return path


def _drive(url: str, lines: Path, connections: int, seconds: int) -> dict[str, float]:
    seed = time.time_ns() % 10**9
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", _DRIVER, url, "--", lines, seed]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=True)
    said: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return said


def _issues(town: Town) -> Iterator[str]:
    return (f"GET {path}" for path in ("/issues", *(f"/issues/{key}" for key in town.keys)))


def _comparisons(town: Town) -> Iterator[str]:
    return (f"GET /compare/{slug}" for slug in town.slugs[:200])


def _subscribe(town: Town) -> Iterator[str]:
    return (f"POST /subscribe email=new{number}%40example.com" for number in itertools.count())


def _one_click(town: Town) -> Iterator[str]:
    middle = int(town.app.store.database.value("SELECT max(id) FROM subscriber")) // 2
    tokens = (town.app.signer.reader(1, one) for one in itertools.count(middle))
    return (f"POST /unsubscribe/{token} List-Unsubscribe=One-Click" for token in tokens)


def _votes(town: Town) -> Iterator[str]:
    """Of as many readers, on the tools of an issue."""
    tools = itertools.cycle(town.tools[:40])
    tokens = (town.app.signer.reader(1, one) for one in itertools.count(11))
    return (f"POST /v/{token}/{next(tools)}/ship" for token in tokens)


def _web_votes(town: Town) -> Iterator[str]:
    return (f"POST /tools/{tool}/vote choice=ship" for tool in itertools.cycle(town.tools[:40]))


def _count(sql: str) -> Callable[[Town], int]:
    return lambda town: int(town.app.store.database.value(sql))


_LOADS = (
    Load("archive, kept", "GET /issues and 104 issues in turn", _issues, 2_000),
    Load("comparisons, kept", "GET 200 of them in turn", _comparisons, 2_000),
    Load(
        "one-click",
        "POST as mail clients do, readers who had not left",
        _one_click,
        500,
        _count("SELECT count(*) FROM subscriber WHERE status = 'unsubscribed'"),
    ),
    Load("vote from a mail", "POST, a reader each, 40 tools", _votes, 300, _count("SELECT count(*) FROM vote")),
    Load(
        "vote on the web",
        "POST, a visitor each, 40 tools",
        _web_votes,
        300,
        _count("SELECT count(*) FROM web_vote"),
    ),
    # last: its confirmation mails go out for a while
    Load("subscribe", "POST, new addresses", _subscribe, 200, _count("SELECT count(*) FROM subscriber")),
)


def _looks(town: Town) -> dict[str, tuple[str, str]]:
    """A kind of page → two addresses of it."""
    first, second = (town.app.signer.reader(1, number) for number in (500, 501))
    last = -(-town.app.store.comparisons.count() // PER_PAGE)
    return {
        "home": ("/", "/"),
        "archive": ("/issues", "/issues"),
        "issue": (f"/issues/{town.keys[0]}", f"/issues/{town.keys[-1]}"),
        "comparisons": ("/compare", "/compare?page=2"),
        "comparisons, last page": (f"/compare?page={last}", f"/compare?page={last - 1}"),
        "comparisons of a topic": ("/compare?category=data", "/compare?category=design"),
        "search, rare word": ("/compare?q=amberanvil+7", "/compare?q=juniperjetty"),
        "search, word of every page": ("/compare?q=the", "/compare?q=a"),
        "comparison": (f"/compare/{town.slugs[0]}", f"/compare/{town.slugs[-1]}"),
        "tool": (f"/tools/{town.tools[0]}", f"/tools/{town.tools[-1]}"),
        "feed": ("/feed.xml", "/compare/topics/data/feed.xml"),
        "preferences": (f"/preferences/{first}", f"/preferences/{second}"),
        "saved tools": (f"/saved/{first}", f"/saved/{second}"),
        "vote from a mail": (f"/v/{first}/{town.tools[0]}/ship", f"/v/{second}/{town.tools[1]}/skip"),
        "unsubscribe": (f"/unsubscribe/{first}", f"/unsubscribe/{second}"),
        "health": ("/healthz", "/healthz"),
    }


def _first_looks(town: Town, url: str) -> list[Line]:
    """Each kind of page when it is asked for the first time since the start, then another of its kind, then kept."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    _seconds(connection, "/robots.txt")  # it answers from now on
    lines = []
    for name, (first, another) in _looks(town).items():
        taken = [_seconds(connection, path) for path in (first, another)]
        again = statistics.median([_seconds(connection, another) for _ in range(22)][2:])
        figure = f"{taken[0] * 1000:.1f} ms, another {taken[1] * 1000:.1f} ms, again {again * 1000:.1f} ms"
        ok = max(*taken, again) < _PAGE_SECONDS
        lines.append(
            Line(
                f"first look: {name}",
                f"GET {_TOKEN.sub('TOKEN', first)}",
                figure,
                f"< {_PAGE_SECONDS * 1000:.0f} ms",
                ok,
            )
        )
    seconds = _seconds(connection, "/sitemap.xml")
    lines.append(Line("first look: sitemap", "GET /sitemap.xml, every comparison and tool", f"{seconds * 1000:.0f} ms"))
    connection.close()
    return lines


def _seconds(connection: http.client.HTTPConnection, path: str) -> float:
    began = time.perf_counter()
    connection.request("GET", path, headers=_PROXY)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise RuntimeError(f"GET {path} answered {answer.status}")
    return time.perf_counter() - began
