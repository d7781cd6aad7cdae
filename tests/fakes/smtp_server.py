"""A mail server that says what it is told to, step by step, and drips, hangs up or falls silent on demand."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time

DEFAULTS = {
    "greeting": "220 fake.example.com ready",
    "EHLO": "250-fake.example.com\r\n250 SIZE 1000000",
    "MAIL": "250 2.1.0 fine",
    "RCPT": "250 2.1.5 fine",
    "DATA": "354 go on",
    "dot": "250 2.0.0 queued",
    "RSET": "250 2.0.0 forgotten",
    "QUIT": "221 bye",
}
RESET, SILENCE, HANG_UP = "<reset>", "<silence>", "<hang up>"


class ScriptedSmtp:
    """Each step's answers in `says` are used up one by one, the default follows. An answer beginning with `<drip>`
    comes at one byte per 50 ms. Every command is kept in `heard`, every mail in `mails`.
    """

    def __init__(
        self, says: dict[str, list[str]] | None = None, tls: ssl.SSLContext | None = None, *, tls_first: bool = False
    ) -> None:
        self._says = {step: list(answers) for step, answers in (says or {}).items()}
        self._tls = tls
        self._tls_first = tls_first
        self.heard: list[str] = []
        self.mails: list[bytes] = []
        self.connections = 0
        self._last = ""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._over = threading.Event()
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> ScriptedSmtp:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join()
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.close()

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                sock, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._tls_first:
                sock = self._secured(sock)
            file = sock.makefile("rb")
            if not self._say(sock, "greeting"):
                return
            while line := file.readline():
                words = line.decode("ascii", "replace").strip()
                self.heard.append(words)
                step = words[:4].upper()
                going, said = self._say(sock, step), self._last
                if not going:
                    return
                if step == "STAR" and said.startswith("220") and self._tls is not None:
                    sock = self._secured(sock)
                    file = sock.makefile("rb")
                if step == "DATA" and said.startswith("354"):
                    mail = b""
                    while (line := file.readline()) not in (b".\r\n", b""):
                        mail += line
                    self.mails.append(mail)
                    if not self._say(sock, "dot"):
                        return
                if step == "QUIT" or said.startswith("421"):
                    sock.close()
                    return

    def _secured(self, sock: socket.socket) -> socket.socket:
        assert self._tls is not None
        secured = self._tls.wrap_socket(sock, server_side=True)
        self._open.append(secured)
        return secured

    def _say(self, sock: socket.socket, step: str) -> bool:
        queued = self._says.get(step)
        said = self._last = queued.pop(0) if queued else DEFAULTS.get(step, "502 not known here")
        if said == RESET:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
        elif said == HANG_UP:
            sock.shutdown(socket.SHUT_RDWR)
        elif said == SILENCE:
            self._over.wait(5)
        elif said.startswith("<drip>"):
            for byte in said.removeprefix("<drip>").encode() + b"\r\n":
                sock.sendall(bytes([byte]))
                time.sleep(0.05)
            return True
        else:
            sock.sendall(said.encode() + b"\r\n")
            return True
        return False
