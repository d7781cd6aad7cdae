"""The outbox: a provider that writes .eml files into a folder, for trying things out and for looking at what was sent.

A mail's file is named by its recipient's id, so sending a batch again writes the same bytes to the same files: nobody
gets a second copy, however often a batch is replayed.
"""

from __future__ import annotations

import email
import email.policy
import heapq
import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import lru_cache
from pathlib import Path

from newsletter.delivery.message import Batch, Message, Request
from newsletter.delivery.provider import (
    Answered,
    Capabilities,
    Doubt,
    Outcome,
    Refusal,
    Refused,
    SendResult,
    SendStatus,
)
from newsletter.errors import NotFoundError
from newsletter.net.dial import Deadline
from newsletter.providers._fields import require_batch
from newsletter.providers._mime import MimeTemplate

_ID = re.compile(r"[A-Za-z0-9_-]+/[A-Za-z0-9_-]+\.eml")
_HEAD_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class OutboxMail:
    """One mail of the outbox, as a list shows it."""

    id: str
    """File name within the outbox, `2026-W47/81.eml`."""
    part: str
    """The first part of its batch's key: for an issue, the issue key."""
    to: str
    subject: str
    at: datetime
    """Its Date header, aware UTC; the file's time where it has none."""


@dataclass(frozen=True, slots=True)
class OutboxContent:
    """One whole mail."""

    mail: OutboxMail
    headers: tuple[tuple[str, str], ...]
    """In order, decoded."""
    html: str
    text: str


class Outbox:
    """Writes mails to `folder`, one file per recipient."""

    name = "outbox"
    capabilities = Capabilities(
        max_batch=100,
        max_bytes=64_000_000,
        live=False,
        replay_seconds=100 * 365 * 86400.0,  # for ever: the same key writes the same files again
        loopback_links=True,
    )

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        """`durable`: a mail that was accepted survives a power failure.

        On ext4 with a virtual disk, mails of 65 KB by the hundred: about 1,600 per second durable, 3,000 to 13,000 not.
        A killed process loses nothing in either case.
        """
        self.folder = folder
        self._durable = durable
        self._template: Callable[[Message], MimeTemplate] = lru_cache(maxsize=8)(MimeTemplate)
        self._known = lru_cache(maxsize=1000)(lambda mail_id, written: self._glance(mail_id))
        """Reading a head takes 0.4 ms, and a list has two hundred. `written`: when, so that a changed file is read."""

    def __repr__(self) -> str:
        return f"Outbox({str(self.folder)!r})"

    def build(self, batch: Batch) -> Request:
        """One part per recipient: the bytes of its .eml file. InputError where one cannot be built."""
        require_batch(batch)
        build = self._template(batch.message).build
        return Request(tuple(build(recipient) for recipient in batch.recipients))

    def send(self, batch: Batch, request: Request, timeout: float) -> Outcome:
        """Write all under temporary names, then give each its own name at once.

        Refused where the disk does not take them all; none has its name then.
        """
        deadline = Deadline(timeout)
        part = batch.key.partition("/")[0]
        folder = self.folder / part
        mark = f"{os.getpid()}-{threading.get_ident()}.tmp"  # two senders of one batch do not write into one file
        names = [recipient.rid for recipient in batch.recipients]
        try:
            new = not folder.is_dir()
            folder.mkdir(parents=True, exist_ok=True)
            self._write([folder / f".{name}.{mark}" for name in names], request.parts, deadline)
        except OSError as error:
            for name in names:
                with suppress(OSError):
                    (folder / f".{name}.{mark}").unlink(missing_ok=True)
            why = Refusal.NOT_CONNECTED if isinstance(error, TimeoutError) else Refusal.ACCOUNT
            return Refused(why, f"The outbox cannot be written: {error.strerror or error}.")
        results = []
        for name in names:
            try:
                os.replace(folder / f".{name}.{mark}", folder / f"{name}.eml")
            except OSError:
                continue  # left out of the answer: in doubt, and replayed
            results.append(SendResult(name, SendStatus.ACCEPTED, f"{part}/{name}.eml"))
        if self._durable:
            try:
                _sync_folder(folder)
                if new:
                    _sync_folder(self.folder)
            except OSError as error:
                return Doubt(f"The outbox was written, but perhaps not to the disk: {error.strerror}.")
        return Answered(tuple(results))

    def close(self) -> None:
        """Nothing is held open."""

    def list_mails(self, limit: int = 100) -> list[OutboxMail]:
        """The newest mails by the time they were written, newest first."""
        newest = heapq.nlargest(limit, self._files())
        return [mail for written, mail_id in newest if (mail := self._known(mail_id, written)) is not None]

    def read_mail(self, mail_id: str) -> OutboxContent:
        """One mail by its id; NotFoundError where there is none, or where the id is not one."""
        mail = self._glance(mail_id) if _ID.fullmatch(mail_id) else None
        if mail is None:
            raise NotFoundError("There is no such mail in the outbox.", next_step="See the list of mails.")
        parsed = email.message_from_bytes((self.folder / mail_id).read_bytes(), policy=email.policy.default)
        return OutboxContent(
            mail,
            tuple((name, str(value)) for name, value in parsed.items()),
            html=_content(parsed, "html"),
            text=_content(parsed, "plain"),
        )

    def read_raw(self, mail_id: str) -> bytes:
        """The bytes of a mail's file; NotFoundError as read_mail()."""
        self.read_mail(mail_id)
        return (self.folder / mail_id).read_bytes()

    def _write(self, paths: list[Path], parts: tuple[bytes, ...], deadline: Deadline) -> None:
        files: list[int] = []
        try:
            for path, part in zip(paths, parts, strict=True):
                deadline.remaining()
                files.append(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
                left = memoryview(part)
                while left:
                    left = left[os.write(files[-1], left) :]
            if self._durable:
                for file in files:  # all written first: the disk then takes them together
                    os.fsync(file)
        finally:
            for file in files:
                os.close(file)

    def _files(self) -> Iterator[tuple[int, str]]:
        """Time written (ns) and id of every mail."""
        if not self.folder.is_dir():
            return
        with os.scandir(self.folder) as entries:
            parts = [entry for entry in entries if entry.is_dir(follow_symlinks=False)]
        for part in parts:
            with os.scandir(part.path) as files:
                for file in files:
                    mail_id = f"{part.name}/{file.name}"
                    if _ID.fullmatch(mail_id) and file.is_file(follow_symlinks=False):
                        yield file.stat(follow_symlinks=False).st_mtime_ns, mail_id

    def _glance(self, mail_id: str) -> OutboxMail | None:
        path = self.folder / mail_id
        if path.is_symlink() or path.parent.is_symlink() or not path.is_file():
            return None
        with path.open("rb") as file:
            raw = file.read(_HEAD_BYTES).partition(b"\r\n\r\n")[0]
        head = email.message_from_bytes(raw, policy=email.policy.default)
        dated = getattr(head["Date"], "datetime", None)
        at = dated.astimezone(UTC) if dated else datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return OutboxMail(mail_id, mail_id.partition("/")[0], str(head["To"] or ""), str(head["Subject"] or ""), at)


def _content(parsed: EmailMessage, kind: str) -> str:
    part = parsed.get_body((kind,))
    return str(part.get_content()) if part is not None else ""


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
