"""`newsletter issues …`: from the draft to the report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.app.deliver import Deliverer
from newsletter.app.send_issue import freeze_issue
from newsletter.bootstrap import build_app
from newsletter.delivery.message import Batch, Request
from newsletter.delivery.provider import Doubt, Outcome
from newsletter.providers.outbox import Outbox
from newsletter.settings import load
from tests.cli.conftest import Run, code_in, newest_mail
from tests.fakes.resend_server import API_KEY, FakeResend

UNKNOWN_KEY = "There is no issue 2020-W07."


def live(folder: Path, url: str = "http://127.0.0.1:9") -> None:
    """The settings as they are, with Resend as the provider."""
    config = folder / "newsletter.toml"
    text = config.read_text("utf-8").partition("[schedule]")[0]
    config.write_text(
        text + f'[delivery]\nprovider = "resend"\n[delivery.resend]\napi_key = "{API_KEY}"\nbase_url = "{url}"\n',
        "utf-8",
    )


def test_a_draft_tells_why_each_comparison_is_in_or_out(week: Run) -> None:
    told = week("issues", "draft", "--json").document
    assert told["issue"]["status"] == "draft"
    assert told["audience"] == {"active": 3, "paused": 0, "off_topic": 0, "suppressed": 0, "recipients": 3}
    assert [place["slug"] for place in told["places"]]
    assert all(choice["reason"].endswith(".") for choice in told["choices"])
    key = told["issue"]["key"]
    assert f"Issue {key} is drafted already." in week("issues", "draft", "--json").line
    assert week("issues", "draft", "--again", "--json").document["places"] == told["places"]
    shown = week("issues", "show", key)
    assert "Why" in shown.out
    assert "3 recipients" in shown.out


def test_a_week_with_too_little_is_refused_with_what_to_do(house: Run) -> None:
    assert "newsletter comparisons import" in house("issues", "draft", "--json").line
    assert "No issues yet." in house("issues", "list").out
    assert "Write year and ISO week, like 2026-W47." in house("issues", "draft", "--slot", "soon").line


@pytest.mark.parametrize(
    "words",
    [
        ["show"],
        ["edit", "--subject", "A subject of some length"],
        ["preview"],
        ["check"],
        ["test", "--to", "me@example.com"],
        ["approve"],
        ["send", "--yes"],
        ["pause"],
        ["resume"],
        ["cancel", "--yes"],
        ["report"],
        ["settle"],
    ],
    ids=lambda words: words[0],
)
def test_every_command_says_so_where_there_is_no_such_issue(house: Run, words: list[str]) -> None:
    assert UNKNOWN_KEY in house("issues", words[0], "2020-W07", *words[1:], "--json").line


def test_issues_are_listed(week: Run, key: str) -> None:
    assert [issue["key"] for issue in week("issues", "list", "--json").document] == [key]
    assert key in week("issues", "list").out


def test_texts_order_and_content_can_be_edited(week: Run, key: str) -> None:
    places = [place["slug"] for place in week("issues", "show", key, "--json").document["places"]]
    told = week(
        *("issues", "edit", key, "--subject", "Seven verdicts, one surprise", "--intro", "Hello.\n\nA quiet week."),
        *("--order", places[-1], "--drop", places[0], "--brief", places[1], "--json"),
    ).document
    assert told["issue"]["subject"] == "Seven verdicts, one surprise"
    slugs = {place["slug"]: place["section"] for place in told["places"]}
    assert places[0] not in slugs
    assert slugs[places[1]] == "brief"
    back = week("issues", "edit", key, "--add", places[0], "--json").document
    assert places[0] in [place["slug"] for place in back["places"]]


def test_an_edit_that_cannot_be_is_refused(week: Run, key: str) -> None:
    assert "Say what to change" in week("issues", "edit", key).usage
    assert "nobody-vs-nothing is not in this issue." in week("issues", "edit", key, "--drop", "nobody-vs-nothing").line
    assert "line break" in week("issues", "edit", key, "--subject", "Two\nlines of subject").line


def test_a_preview_shows_both_parts_with_dead_links(week: Run, key: str, tmp_path: Path) -> None:
    seen = week("issues", "preview", key, "--json").document
    assert seen["html_bytes"] == len(seen["html"].encode())
    assert "http://localhost:8000/unsubscribe/test" in seen["text"]
    assert week("issues", "preview", key, "--text").out.rstrip("\n") == seen["text"].rstrip("\n")
    assert week("issues", "preview", key, "--html").out.startswith("<!doctype html>")
    assert "HTML part:" in week("issues", "preview", key).out
    assert week("issues", "preview", key, "--out", "issue.html", "--json").document["bytes"] == seen["html_bytes"]
    assert (tmp_path / "issue.html").read_text("utf-8") == seen["html"]
    assert "nowhere/issue.html: No such file" in week("issues", "preview", key, "--out", "nowhere/issue.html").line


def test_a_preview_is_that_of_any_reader_and_says_why_they_would_not_get_it(week: Run, key: str) -> None:
    reader = "ada@example.com"
    seen = week("issues", "preview", key, "--as", reader, "--json").document
    assert (seen["reader"]["address"], seen["reader"]["why_not"]) == (reader, "")
    assert "since the day you confirmed" not in seen["text"]
    assert "http://localhost:8000/unsubscribe/test" in seen["text"]
    week("subscribers", "pause", reader, "--weeks", "4")
    told = week("issues", "preview", key, "--as", reader, "--text")
    assert f"{reader} does not get it: They are paused until" in told.err
    assert "does not get it" not in told.out
    assert (
        "There is no subscriber nobody@example.org."
        in week("issues", "preview", key, "--as", "nobody@example.org").line
    )


def test_checks_pass_for_the_outbox_and_are_blocked_for_a_live_provider(week: Run, key: str, tmp_path: Path) -> None:
    assert week("issues", "check", key, "--json").document["blocked"] is False
    assert "Nothing blocks it." in week("issues", "check", key).out
    live(tmp_path)
    said = week("issues", "check", key, "--json")
    found = json.loads(said.out)
    assert (said.code, found["blocked"]) == (1, True)
    open_tasks = {task["name"] for task in found["tasks"] if not task["done"]}
    assert {"site address", "unsubscribe page", "test"} <= open_tasks
    assert week("issues", "check", key).code == 1


def test_the_code_in_a_test_mail_approves_exactly_this_content_and_an_edit_voids_it(
    week: Run, key: str, tmp_path: Path
) -> None:
    sent = week("issues", "test", key, "--to", "me@example.com", "--json").document
    assert sent == {"to": "me@example.com", "provider": "outbox"}
    mail = newest_mail(tmp_path / "outbox")
    assert "http://localhost:8000/unsubscribe/test" in mail
    code = code_in(mail)
    assert "This code is not of the issue as it is now." in week("issues", "approve", key, "--code", "AAAAAA").line
    approved = week("issues", "approve", key, "--code", code.lower(), "--json").document
    assert (approved["status"], approved["test_sha256"]) == ("approved", approved["content_sha256"])
    edited = week("issues", "edit", key, "--subject", "Something else altogether", "--json").document["issue"]
    assert (edited["status"], edited["content_sha256"]) == ("draft", None)
    assert "This code is not of the issue" in week("issues", "approve", key, "--code", code).line
    assert "from there it cannot become sending" in week("issues", "send", key, "--yes", "--json").line


def test_a_test_to_no_address_is_refused(week: Run, key: str) -> None:
    assert "me@" in week("issues", "test", key, "--to", "me@").line
    assert "--to" in week("issues", "test", key).usage


def test_sending_asks_reports_and_cannot_be_done_twice(week: Run, key: str, tmp_path: Path) -> None:
    week("issues", "approve", key)
    told = week("issues", "send", key, "--dry-run", "--json").document
    assert told == {
        "key": key,
        "active": 3,
        "paused": 0,
        "off_topic": 0,
        "suppressed": 0,
        "recipients": 3,
        "provider": "outbox",
    }
    usage = week("issues", "send", key, "--json").usage
    assert "goes to 3 recipients through outbox. Send it? Add --yes to say so." in usage
    assert week("issues", "send", key, typed="n\n").code == 1
    assert not list((tmp_path / "outbox").glob(f"{key}*/*.eml"))
    report = week("issues", "send", key, "--yes", "--json").document
    assert (report["status"], report["counts"]["accepted"], report["sums_up"]) == ("sent", 3, True)
    assert len(list((tmp_path / "outbox").glob("*/*.eml"))) == 3
    assert f"Issue {key} is sent" in week("issues", "send", key, "--yes").line
    assert week("issues", "report", key, "--json").document["counts"]["accepted"] == 3
    assert "3 recipients = 3 accepted." in week("issues", "report", key).out


def test_a_person_at_a_terminal_sees_a_bar_and_the_report(week: Run, key: str) -> None:
    week("issues", "approve", key)
    said = week("issues", "send", key, typed="y\n")
    assert said.code == 0, said
    assert "3/3" in said.err
    assert f"Issue {key} is sent" in said.out


def test_content_that_changed_after_approval_is_not_sent(week: Run, key: str, tmp_path: Path) -> None:
    week("issues", "approve", key)
    config = tmp_path / "newsletter.toml"
    config.write_text(config.read_text("utf-8").replace("1 Test Street", "2 Test Street"), "utf-8")
    line = week("issues", "send", key, "--yes", "--json").line
    assert f"Issue {key} is not what was approved" in line
    assert week("issues", "show", key, "--json").document["issue"]["status"] == "draft"


def test_a_live_send_is_refused_naming_every_open_task(week: Run, key: str, tmp_path: Path) -> None:
    config = tmp_path / "newsletter.toml"
    config.write_text(config.read_text("utf-8").replace("http://localhost:8000", "https://verdicts.invalid"), "utf-8")
    week("issues", "test", key, "--to", "me@example.com")
    week("issues", "approve", key, "--code", code_in(newest_mail(tmp_path / "outbox")))
    live(tmp_path)
    config.write_text(config.read_text("utf-8").replace(API_KEY, ""), "utf-8")
    line = week("issues", "send", key, "--yes", "--json").line
    assert line == (
        "Error: A live send is refused: credentials: no API key; unsubscribe page:"
        " https://verdicts.invalid/unsubscribe/test does not answer as this newsletter."
        " Set delivery.resend.api_key. Start `newsletter serve` and let your web server pass that address on to it."
    )
    assert week("issues", "show", key, "--json").document["issue"]["counts"]["frozen"] == 0


def test_pause_resume_and_cancel_hold_an_issue_that_is_sending(week: Run, key: str, tmp_path: Path) -> None:
    week("issues", "approve", key)
    assert "from there it cannot become paused" in week("issues", "pause", key, "--json").line
    app = build_app(load())
    freeze_issue(app, key)
    app.close()
    assert week("issues", "pause", key, "--json").document["status"] == "paused"
    assert "from there it cannot become paused" in week("issues", "pause", key).line
    assert week("issues", "resume", key, "--json").document["status"] == "sending"
    assert "from there it cannot become sending" in week("issues", "resume", key).line
    assert f"newsletter issues resume {key}" in week("issues", "pause", key).out
    assert "Add --yes" in week("issues", "cancel", key, "--json").usage
    cancelled = week("issues", "cancel", key, "--yes", "--json").document
    assert (cancelled["status"], cancelled["counts"]["cancelled"]) == ("cancelled", 3)
    assert "from there it cannot become cancelled" in week("issues", "cancel", key, "--yes").line
    assert not (tmp_path / "outbox").exists()


class Silent(Outbox):
    """Never says whether it took anything, and knows no keys."""

    capabilities = replace(Outbox.capabilities, replay_seconds=0.0)

    def send(self, batch: Batch, request: Request, timeout: float) -> Outcome:
        return Doubt("no answer within 30 seconds")


def unknown_issue(key: str) -> None:
    """It was sent, and nobody can say whether any of it arrived."""
    app = build_app(load())
    silent = replace(app, provider=Silent(app.settings.delivery.outbox.folder))
    freeze_issue(silent, key)
    assert Deliverer(silent, silent.owners.enter(), lambda seconds: False).step().worked
    issue = app.store.issues.by_key(key)
    assert issue is not None
    assert issue.counts.unknown == 3
    app.close()


def test_what_is_unknown_is_shown_with_its_evidence_and_settled_as_sent(week: Run, key: str) -> None:
    week("issues", "approve", key)
    assert week("issues", "settle", key, "--json").document == {"unknown": []}
    assert f"Nothing of issue {key} is unknown." in week("issues", "settle", key, "--sent").line
    unknown_issue(key)
    evidence = week("issues", "settle", key, "--leave", "--json").document["unknown"]
    assert [item["address"] for item in evidence] == ["ada@example.com", "bob@example.com", "eve@example.com"]
    assert (evidence[0]["provider"], evidence[0]["detail"]) == ("outbox", "no answer within 30 seconds")
    assert "say --sent, --not-sent or --leave" in " ".join(week("issues", "settle", key).out.split())
    assert "is not unknown" in week("issues", "settle", key, "--sent", "--to", "zoe@example.com", "--json").line
    assert week("issues", "settle", key, "--sent", "--to", "ada@example.com", "--json").document["settled"] == 1
    told = week("issues", "settle", key, "--sent", "--json").document
    assert (told["settled"], told["issue"]["counts"]["accepted"], told["issue"]["status"]) == (2, 3, "sent")


def test_what_is_settled_as_not_sent_goes_out_now(week: Run, key: str, tmp_path: Path) -> None:
    week("issues", "approve", key)
    unknown_issue(key)
    assert "Add --yes" in week("issues", "settle", key, "--not-sent", "--json").usage
    told = week("issues", "settle", key, "--not-sent", "--yes", "--json").document
    assert (told["settled"], told["issue"]["status"]) == (3, "sending")
    assert week("issues", "send", key, "--yes", "--json").document["counts"]["accepted"] == 3
    assert len(list((tmp_path / "outbox").glob("*/*.eml"))) == 3


def test_a_confirmed_test_through_a_live_provider_still_needs_the_unsubscribe_page(
    week: Run, key: str, tmp_path: Path
) -> None:
    with FakeResend() as resend:
        live(tmp_path, resend.url)
        config = tmp_path / "newsletter.toml"
        config.write_text(
            config.read_text("utf-8").replace("http://localhost:8000", "https://verdicts.invalid"), "utf-8"
        )
        assert week("issues", "test", key, "--to", "me@example.com", "--json").document["provider"] == "resend"
        (sent,) = [json.loads(request["body"])[0] for request in resend.requests]
        assert "Nobody has confirmed receiving a test" in week("issues", "approve", key).line
        assert (
            week("issues", "approve", key, "--code", code_in(sent["text"]), "--json").document["status"] == "approved"
        )
        line = week("issues", "send", key, "--yes", "--json").line
        assert line.startswith(
            "Error: A live send is refused: unsubscribe page: https://verdicts.invalid/unsubscribe/test"
        )
        assert len(resend.requests) == 1


def test_a_test_that_the_provider_refuses_is_told_with_its_reason(week: Run, key: str, tmp_path: Path) -> None:
    live(tmp_path)
    config = tmp_path / "newsletter.toml"
    config.write_text(config.read_text("utf-8").replace(API_KEY, ""), "utf-8")
    line = week("issues", "test", key, "--to", "me@example.com", "--json").line
    assert "not accepted by resend: No API key is set: delivery.resend.api_key" in line


def test_a_sent_issue_is_corrected_on_the_web_and_by_a_mail_of_its_own(week: Run, key: str) -> None:
    assert (
        "there is nothing that readers have to put right" in week("issues", "correct", key, "--text", "x", "--yes").line
    )
    assert week("issues", "approve", key).code == 0
    assert week("issues", "send", key, "--yes", "--json").code == 0
    assert week("issues", "send", key).line == f"Error: Issue {key} is sent: its recipients are settled."
    assert week("issues", "correct", key, "--text", "x", "--mail", "--yes").code == 2
    plain = week("issues", "correct", key, "--text", "It is $12.", "--yes", "--json").document
    assert plain["mail"] is None
    mailed = week("issues", "correct", key, "--text", "No, $13.", "--mail", "--reason", "it matters", "--yes")
    assert f"Its mail is drafted as {key}-c2, for 3 recipients" in mailed.out
    assert week("issues", "approve", f"{key}-c2").code == 0
    report = week("issues", "send", f"{key}-c2", "--yes", "--json").document
    assert report["counts"]["accepted"] == 3
