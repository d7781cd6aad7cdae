"""The outbox: what it writes, and that nothing else can be read through it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.delivery.provider import Answered, Doubt, Refusal, Refused
from newsletter.errors import NotFoundError
from newsletter.providers.outbox import Outbox
from tests.fakes.mails import batch, message


def sent(outbox: Outbox, size: int = 1, key: str = "2026-W47/1", **changes: object) -> Answered:
    mails = batch(size, key, message(**changes))
    answer = outbox.send(mails, outbox.build(mails), 10)
    assert isinstance(answer, Answered)
    return answer


def test_each_recipient_gets_one_file_under_the_issue(tmp_path: Path) -> None:
    answer = sent(Outbox(tmp_path), 3)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")) == [
        "2026-W47/r0.eml",
        "2026-W47/r1.eml",
        "2026-W47/r2.eml",
    ]
    assert [result.provider_id for result in answer.results] == [
        "2026-W47/r0.eml",
        "2026-W47/r1.eml",
        "2026-W47/r2.eml",
    ]


def test_a_replay_and_a_split_batch_write_the_same_files(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    sent(outbox, 3)
    before = {path.name: path.read_bytes() for path in tmp_path.rglob("*.eml")}
    sent(outbox, 3)
    sent(outbox, 2, "2026-W47/1/left")
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*.eml")} == before


def test_what_a_killed_process_left_half_written_is_no_mail(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    (tmp_path / "2026-W47").mkdir()
    (tmp_path / "2026-W47" / ".r0.1-1.tmp").write_bytes(b"From: half")
    (tmp_path / "notes.txt").write_text("not a folder")
    assert outbox.list_mails() == []
    sent(outbox)
    assert [mail.id for mail in outbox.list_mails()] == ["2026-W47/r0.eml"]


def test_mails_are_listed_newest_first_and_as_many_as_asked(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path, durable=False)
    sent(outbox, 4)
    for number in range(4):
        os.utime(tmp_path / f"2026-W47/r{number}.eml", ns=(0, number * 10**9))
    assert [mail.id for mail in outbox.list_mails(2)] == ["2026-W47/r3.eml", "2026-W47/r2.eml"]
    first = outbox.list_mails(1)[0]
    assert (first.part, first.to, first.subject) == ("2026-W47", "reader3@example.net", "Ship or skip: five verdicts")
    assert first.at == datetime(2026, 11, 20, 7, tzinfo=UTC)


def test_an_outbox_that_was_never_used_is_empty(tmp_path: Path) -> None:
    assert Outbox(tmp_path / "absent").list_mails() == []


def test_a_mail_is_read_back_whole(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    sent(outbox, subject="Wöchentlich")
    content = outbox.read_mail("2026-W47/r0.eml")
    assert content.mail.subject == "Wöchentlich"
    assert ("To", "reader0@example.net") in content.headers
    assert 'href="https://news.example.com/u/token0?a=1&amp;b=2"' in content.html
    assert "https://news.example.com/u/token0?a=1&b=2" in content.text


def test_a_damaged_mail_is_listed_by_its_file_time_and_read_as_empty(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    sent(outbox)
    (tmp_path / "2026-W47/r0.eml").write_bytes(b"")
    os.utime(tmp_path / "2026-W47/r0.eml", (86400, 86400))
    content = outbox.read_mail("2026-W47/r0.eml")
    assert (content.mail.to, content.mail.subject, content.mail.at) == ("", "", datetime(1970, 1, 2, tzinfo=UTC))
    assert content.html == ""


@pytest.mark.parametrize(
    "mail_id",
    [
        "../secret.eml",
        "2026-W47/../../secret.eml",
        "/etc/passwd",
        "2026-W47/r0.eml\n",
        "2026-W47/r9.eml",
        "",
        "a/b/c.eml",
        "2026-W47/link.eml",
        "linked/secret.eml",
        "2026-W47\\r0.eml",
    ],
)
def test_nothing_outside_the_outbox_can_be_read(tmp_path: Path, mail_id: str) -> None:
    outbox = Outbox(tmp_path / "outbox")
    sent(outbox)
    (tmp_path / "secret.eml").write_text("Subject: secret\r\n\r\n")
    (tmp_path / "outbox/2026-W47/link.eml").symlink_to(tmp_path / "secret.eml")
    (tmp_path / "outbox/linked").symlink_to(tmp_path)
    with pytest.raises(NotFoundError):
        outbox.read_mail(mail_id)
    assert [mail.id for mail in outbox.list_mails()] == ["2026-W47/r0.eml"]


def test_a_disk_that_takes_nothing_is_a_definite_no_and_leaves_no_rest(tmp_path: Path) -> None:
    (tmp_path / "2026-W47").write_text("a file where the folder should be")
    mails = batch(2)
    outbox = Outbox(tmp_path)
    answer = outbox.send(mails, outbox.build(mails), 10)
    assert isinstance(answer, Refused)
    assert answer.refusal is Refusal.ACCOUNT
    assert "cannot be written" in answer.detail


def test_a_disk_that_fills_up_half_way_leaves_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, calls = os.write, []

    def full(file: int, data: bytes) -> int:
        calls.append(file)
        if len(calls) > 2:
            raise OSError(28, "No space left on device")
        return real(file, data)

    mails, outbox = batch(4), Outbox(tmp_path)
    request = outbox.build(mails)
    monkeypatch.setattr(os, "write", full)
    assert outbox.send(mails, request, 10) == Refused(
        Refusal.ACCOUNT, "The outbox cannot be written: No space left on device."
    )
    assert list((tmp_path / "2026-W47").iterdir()) == []


def test_a_name_that_cannot_be_given_leaves_its_recipient_in_doubt(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path)
    (tmp_path / "2026-W47/r1.eml").mkdir(parents=True)
    assert [result.rid for result in sent(outbox, 3).results] == ["r0", "r2"]


def test_a_folder_that_cannot_be_synced_is_doubt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def broken(file: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{file}"):
            raise OSError(5, "Input/output error")
        real(file)

    mails, outbox = batch(), Outbox(tmp_path)
    monkeypatch.setattr(os, "fsync", broken)
    assert isinstance(outbox.send(mails, outbox.build(mails), 10), Doubt)


def test_the_deadline_holds_and_nothing_is_named(tmp_path: Path) -> None:
    mails, outbox = batch(2), Outbox(tmp_path)
    answer = outbox.send(mails, outbox.build(mails), 0)
    assert isinstance(answer, Refused)
    assert answer.refusal is Refusal.NOT_CONNECTED
    assert outbox.list_mails() == []
