"""The public interface: what it tells, what it takes, and that it is as its own description says."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import jsonschema
import pytest
import schemathesis
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.engine import Status, from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.engine.recorder import CheckNode

from newsletter.app.container import App
from newsletter.app.vote import vote_as_reader
from newsletter.comparisons.formats import DOCUMENT_SCHEMA, from_document
from newsletter.comparisons.model import Comparison, Tool, Verdict
from newsletter.errors import StoreError
from newsletter.web import api, joining
from newsletter.web.site import create_site
from tests.fakes.house import TEMPLATES, Clock, add_active, add_comparison, build_house, deliver_all_mail
from tests.rendering.week import KESTREL, PLUMBLINE, full_week, tool

V1 = "/api/v1"


def fill(app: App) -> None:
    for item in full_week():
        add_comparison(app, item.comparison)


def all_pages(visitor, query: str) -> list[list[str]]:
    """The slugs of every page, by following `next`."""
    pages, after = [], ""
    while True:
        answer = visitor.get(f"{V1}/comparisons?{query}{after}").json()
        pages.append([one["slug"] for one in answer["comparisons"]])
        if "next" not in answer:
            return pages
        after = f"&cursor={answer['next']}"


def test_the_pages_of_a_list_hold_every_comparison_once_though_one_is_listed_meanwhile(visitor, app: App):
    fill(app)
    first = visitor.get(f"{V1}/comparisons?limit=6").json()
    add_comparison(app, Comparison("newest-vs-newer", (tool("Newest"), tool("Newer"))))
    seen = [one["slug"] for one in first["comparisons"]]
    after = first["next"]
    while after:
        answer = visitor.get(f"{V1}/comparisons?limit=6&cursor={after}").json()
        seen += [one["slug"] for one in answer["comparisons"]]
        after = answer.get("next")
    assert len(seen) == len(set(seen)) == len(full_week())


def test_a_list_may_be_of_one_topic_and_by_words(visitor, app: App):
    fill(app)
    assert all_pages(visitor, "topic=databases") == [["marlinspike-vs-ledgerline"]]
    assert all_pages(visitor, "topic=databases&q=kestrel") == [[]]
    assert all_pages(visitor, "q=ledgerl") == [["marlinspike-vs-ledgerline"]]
    pages = all_pages(visitor, "q=brief&limit=4")
    assert [len(page) for page in pages] == [4, 4, 1]
    assert len({slug for page in pages for slug in page}) == 9


def test_the_pages_of_a_topic_follow_one_another(visitor, app: App):
    for name, day in (("Dawn", 17), ("Noon", 18), ("Dusk", 18), ("Midnight", 16)):
        sides = (tool(name, category="Time"), tool(f"Anti{name}", category="Time"))
        add_comparison(app, Comparison(name.lower(), sides, published_on=date(2026, 11, day)))
        add_comparison(app, Comparison(f"other-than-{name.lower()}", (tool("One"), tool("Two"))))
    assert all_pages(visitor, "topic=time&limit=1") == [["dusk"], ["noon"], ["dawn"], ["midnight"]]
    assert all_pages(visitor, "topic=time&limit=2") == [["dusk", "noon"], ["dawn", "midnight"]]


def test_a_comparison_in_a_list_says_where_the_panel_leans(visitor, app: App):
    fill(app)
    (found,) = visitor.get(f"{V1}/comparisons?q=plumbline+kestrel").json()["comparisons"]
    assert found == {
        "slug": "plumbline-vs-kestrel",
        "title": "Plumbline vs Kestrel",
        "lean": "Panel leans Plumbline: 4–0 against 3–1.",
        "leader": "plumbline",
        "listed_on": "2026-11-19",
        "url": "http://localhost:8000/compare/plumbline-vs-kestrel",
        "sides": [
            {"tool": "plumbline", "name": "Plumbline", "category": "Developer Tools", "label": "Ship", "share": 100},
            {"tool": "kestrel", "name": "Kestrel", "category": "Developer Tools", "label": "Ship", "share": 75},
        ],
    }


@pytest.mark.parametrize(
    "query", ["cursor=abc", "cursor=5", "cursor=2026-02-31.1", "q=a&cursor=2026-11-19.4", "limit=0", "limit=101"]
)
def test_what_cannot_be_asked_for_is_a_problem_document(visitor, query):
    answer = visitor.get(f"{V1}/comparisons?{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert answer.json()["title"] == "Unprocessable Entity"
    assert answer.json()["detail"]


def test_one_comparison_is_the_document_that_imports_again_with_its_votes(visitor, app: App):
    comparison = Comparison("plumbline-vs-kestrel", (PLUMBLINE, KESTREL), published_on=date(2026, 11, 18))
    add_comparison(app, comparison)
    vote_as_reader(app, add_active(app, "reader@example.net"), "kestrel", Verdict.SKIP, None)
    visitor.post(f"{V1}/tools/kestrel/vote", json={"choice": "ship"})
    found = visitor.get(f"{V1}/comparisons/plumbline-vs-kestrel").json()
    jsonschema.validate(found["comparison"], DOCUMENT_SCHEMA)
    assert from_document(found["comparison"]) == comparison
    assert (found["leader"], found["listed_on"]) == ("plumbline", "2026-11-18")
    nobody = {"ship": 0, "skip": 0}
    assert found["votes"] == {
        "plumbline": {"readers": nobody, "web": nobody},
        "kestrel": {"readers": {"ship": 0, "skip": 1}, "web": {"ship": 1, "skip": 0}},
    }


def test_nothing_is_told_of_a_comparison_before_its_day(visitor, app: App, clock):
    coming = Comparison(
        "soon-vs-later", (tool("Soon", category="Time"), tool("Later")), published_on=date(2026, 11, 21)
    )
    add_comparison(app, coming)
    for path in ("comparisons/soon-vs-later", "tools/soon"):
        assert visitor.get(f"{V1}/{path}").status_code == 404
    assert visitor.post(f"{V1}/tools/soon/vote", json={"choice": "ship"}).status_code == 404
    assert visitor.get(f"{V1}/topics").json() == {"topics": []}
    assert all_pages(visitor, "q=soon") == all_pages(visitor, "cursor=2999-01-01.9") == [[]]
    clock.pass_by(hours=39, minutes=1)  # midnight in Berlin
    for path in ("comparisons/soon-vs-later", "tools/soon"):
        assert visitor.get(f"{V1}/{path}").status_code == 200


def test_topics_tell_how_many_they_hold_and_where_their_feed_is(visitor, app: App):
    fill(app)
    topics = visitor.get(f"{V1}/topics").json()["topics"]
    assert [(topic["name"], topic["comparisons"]) for topic in topics] == [
        ("Databases", 1),
        ("Developer Tools", 1),
        ("Writing", 1),
    ]
    for topic in topics:
        assert visitor.get(topic["feed"].removeprefix("http://localhost:8000")).status_code == 200


def test_a_tool_gathers_its_comparisons(visitor, app: App):
    fill(app)
    found = visitor.get(f"{V1}/tools/tallow-notes").json()
    assert [one["slug"] for one in found["comparisons"]] == ["tallow-notes-vs-bare-bones", "tallow-notes-vs-rubber-owl"]
    assert (found["name"], found["url"]) == ("Tallow Notes", "http://localhost:8000/tools/tallow-notes")


def test_a_visitor_has_one_vote_on_a_tool_which_can_be_changed_and_taken_back(visitor, app: App):
    fill(app)
    for choice, ship, skip in (("ship", 1, 0), ("ship", 1, 0), ("skip", 0, 1), (None, 0, 0)):
        answer = visitor.post(f"{V1}/tools/kestrel/vote", json={"choice": choice})
        assert answer.headers["cache-control"] == "no-store"
        assert answer.json() == {
            "choice": choice,
            "votes": {"readers": {"ship": 0, "skip": 0}, "web": {"ship": ship, "skip": skip}},
        }
    visitor.post(f"{V1}/tools/kestrel/vote", json={"choice": "ship"})
    visitor.post(f"{V1}/tools/kestrel/vote", json={"choice": "ship"}, peer="198.51.100.4")
    assert visitor.get(f"{V1}/tools/kestrel").json()["votes"]["web"] == {"ship": 2, "skip": 0}


@pytest.mark.parametrize("body", [{}, {"choice": "maybe"}, {"choice": "ship", "weight": 9}, [], "ship"])
def test_a_vote_that_is_none_counts_nothing(visitor, app: App, body):
    fill(app)
    assert visitor.post(f"{V1}/tools/kestrel/vote", json=body).status_code == 422
    assert visitor.get(f"{V1}/tools/kestrel").json()["votes"]["web"] == {"ship": 0, "skip": 0}


def test_many_votes_in_a_minute_are_asked_to_wait_and_neighbours_are_not(visitor, app: App, clock):
    fill(app)
    statuses = [visitor.post(f"{V1}/tools/kestrel/vote", json={"choice": "ship"}).status_code for _ in range(20)]
    assert set(statuses) == {200}
    refused = visitor.post(f"{V1}/tools/kestrel/vote", json={"choice": "skip"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    assert refused.json()["status"] == 429
    assert visitor.post(f"{V1}/tools/kestrel/vote", json={"choice": "ship"}, peer="198.51.100.4").status_code == 200
    clock.pass_by(seconds=60)
    assert visitor.post(f"{V1}/tools/kestrel/vote", json={"choice": "skip"}).status_code == 200


def test_another_site_cannot_vote_through_a_visitors_browser(visitor, app: App):
    fill(app)
    headers = {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"}
    answer = visitor.post(f"{V1}/tools/kestrel/vote", json={"choice": "ship"}, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert visitor.get(f"{V1}/tools/kestrel").json()["votes"]["web"] == {"ship": 0, "skip": 0}


def test_a_form_of_another_site_cannot_be_read_as_a_vote(visitor, app: App):
    """`text/plain` needs no leave from the browser, and a body that looks like JSON is not taken for it."""
    fill(app)
    headers = {"content-type": "text/plain"}
    answer = visitor.post(f"{V1}/tools/kestrel/vote", content=b'{"choice": "ship"}', headers=headers)
    assert answer.status_code == 422


def test_every_address_gets_the_same_answer_to_asking_for_the_newsletter(visitor, app: App, clock):
    add_active(app, "known@example.net")
    answers = [
        visitor.post(f"{V1}/subscribe", json={"email": address}) for address in ("new@example.net", "known@example.net")
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {
        (202, '{"detail":"If that address can receive our mail, a link is on its way."}')
    }
    assert sorted(answers[0].headers) == sorted(answers[1].headers)
    deliver_all_mail(app)
    assert "new@example.net" in [mail.to for mail in app.provider.list_mails()]


def test_what_is_no_address_is_said_to_be_none(visitor):
    answer = visitor.post(f"{V1}/subscribe", json={"email": "nobody"})
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_a_site_that_the_settings_name_may_ask_and_read_the_answer_and_no_other_may(open_site):
    visitor = open_site(web={"form_origins": ("https://named.example",)})
    body = {"email": "reader@example.net"}
    named = {"origin": "https://named.example", "sec-fetch-site": "cross-site"}
    taken = visitor.post(f"{V1}/subscribe", json=body, headers=named)
    assert (taken.status_code, taken.headers["access-control-allow-origin"]) == (202, "https://named.example")
    other = visitor.post(f"{V1}/subscribe", json=body, headers={**named, "origin": "https://other.example"})
    assert other.status_code == 403
    assert "access-control-allow-origin" not in other.headers


def test_the_form_and_the_interface_share_one_allowance(visitor):
    for number in range(3):
        visitor.post("/subscribe", data={"email": f"form{number}@example.net"}, may_set=("asked",))
        visitor.post(f"{V1}/subscribe", json={"email": f"json{number}@example.net"})
    refused = visitor.post(f"{V1}/subscribe", json={"email": "one@example.net"})
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")


def test_every_error_is_a_problem_document_that_tells_no_secret(visitor, app: App, monkeypatch):
    def full(*_: object) -> None:
        raise StoreError("/var/secret.db: the disk is full.")

    monkeypatch.setattr(api, "every_topic", full)
    answer = visitor.get(f"{V1}/topics")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
    assert "secret" not in answer.text
    for method, path, status in (
        ("GET", f"{V1}/nowhere", 404),
        ("GET", f"{V1}/subscribe", 405),
        ("DELETE", f"{V1}/topics", 405),
    ):
        answer = visitor.ask(method, path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert answer.json()["status"] == status
        assert answer.headers["cache-control"] == "no-store"


def test_a_body_that_is_too_large_is_a_problem_document(visitor):
    answer = visitor.post(f"{V1}/subscribe", content=b"x" * 70_000, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")


def test_an_answer_is_kept_by_its_tag_until_a_vote_changes_it(visitor, app: App):
    fill(app)
    first = visitor.get(f"{V1}/tools/kestrel")
    first = visitor.get(f"{V1}/tools/kestrel")
    again = visitor.get(f"{V1}/tools/kestrel", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    visitor.post(f"{V1}/tools/kestrel/vote", json={"choice": "ship"})
    changed = visitor.get(f"{V1}/tools/kestrel", headers={"if-none-match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.json()["votes"]["web"]["ship"] == 1


def test_names_of_another_script_and_signs_are_told_as_they_are(visitor, app: App):
    hostile = replace(Tool("</script><b>", "läufer"), category="C & D")
    add_comparison(app, Comparison("läufer-vs-東京", (hostile, Tool("東京", "東京"))))
    found = visitor.get(f"{V1}/comparisons?limit=1")
    assert found.headers["content-type"] == "application/json"
    (one,) = found.json()["comparisons"]
    assert one["url"] == "http://localhost:8000/compare/l%C3%A4ufer-vs-%E6%9D%B1%E4%BA%AC"
    assert one["sides"][0] == {"tool": "läufer", "name": "</script><b>", "category": "C & D"}
    assert visitor.get(f"{V1}/comparisons/läufer-vs-東京").status_code == 200


def test_the_description_names_every_address_and_nothing_from_elsewhere(visitor):
    answer = visitor.get(f"{V1}/openapi.json")
    description = answer.json()
    assert description["openapi"] == "3.1.0"
    public = [
        path
        for path, methods in description["paths"].items()
        if any("security" not in told for told in methods.values())
    ]
    assert sorted(public) == [
        f"{V1}/comparisons",
        f"{V1}/comparisons/{{slug}}",
        f"{V1}/subscribe",
        f"{V1}/tools/{{slug}}",
        f"{V1}/tools/{{slug}}/vote",
        f"{V1}/topics",
    ]
    assert "HTTPValidationError" not in json.dumps(description)
    for problem in ("/docs", "/redoc", "/openapi.json"):
        assert visitor.get(problem).status_code == 404


def test_every_address_of_the_documentation_answers_as_it_says(visitor, app: App):
    fill(app)
    text = (Path(__file__).parents[2] / "docs" / "public-interface.md").read_text(encoding="utf-8")
    reads = re.findall(r"^\| `(?:GET )?(/\S+)`", text, re.MULTILINE)
    writes = re.findall(r"^\| `POST (\S+)` \| `(\{.+?\})`", text, re.MULTILINE)
    assert len(reads) == 9
    assert [visitor.get(path).status_code for path in reads] == [200] * 9
    assert [visitor.post(path, json=json.loads(body)).status_code for path, body in writes] == [200, 202]


BEYOND_A_SCHEMA = {
    ("POST /api/v1/subscribe", "positive_data_acceptance"),  # what is an address
    ("GET /api/v1/comparisons", "positive_data_acceptance"),  # which cursor is one of ours
}


class HastyClock(Clock):
    """Never tells the same time twice, so that nobody is told to wait for long."""

    def __call__(self) -> datetime:
        self.pass_by(seconds=4)
        return self.now


@pytest.mark.parametrize("parameters", [{}, {"path.slug": "kestrel"}], ids=["any slug", "a slug that there is"])
def test_the_interface_is_as_it_is_described_whatever_it_is_asked(tmp_path, monkeypatch, parameters):
    """Schemathesis asks what the description allows, and what it does not, and makes every check it has."""
    monkeypatch.setattr(joining, "EVEN_SECONDS", 0.0)
    app = build_house(tmp_path, HastyClock(), web={"hosts": ("testserver",)})
    fill(app)
    add_comparison(app, Comparison("kestrel", (KESTREL, PLUMBLINE)))
    generation = GenerationConfig(max_examples=40, deterministic=True, database="none")
    project = ProjectConfig(generation=generation, parameters=parameters)
    config = SchemathesisConfig(seed=1, projects=ProjectsConfig(default=project))
    described = schemathesis.openapi.from_asgi(f"{V1}/openapi.json", create_site(app, TEMPLATES), config=config)
    asked: Counter[int] = Counter()
    wrong = []
    for event in from_schema(described.exclude(tag="operators")).execute():
        assert not isinstance(event, FatalError | NonFatalError), event
        if isinstance(event, ScenarioFinished):
            for case, checks in event.recorder.checks.items():
                answer = event.recorder.interactions[case].response
                asked[answer.status_code if answer else 0] += 1
                wrong += [(event.label, *_told(check)) for check in checks if check.status is not Status.SUCCESS]
    app.close()
    assert [one for one in wrong if one[:2] not in BEYOND_A_SCHEMA] == []
    assert sum(asked.values()) > 200
    assert {200, 202, 404, 405, 422} - ({404} if parameters else set()) <= set(asked)


def _told(check: CheckNode) -> tuple[str, str]:
    return check.name, str(check.failure_info.failure) if check.failure_info else ""
