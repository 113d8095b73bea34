"""A mail server that keeps what it gets and behaves as badly as it is told to."""

from __future__ import annotations

import asyncio
import ssl
from collections import defaultdict
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult


@dataclass
class Handler:
    """Answers by recipient: `rcpt` and `data` have the replies to give, one after the other, before
    the mail is taken. A reply of `drop`, `hang` or `drop after` breaks off instead: before the mail
    is taken, never answering, or when it was taken and before the answer."""

    rcpt: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    data: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    die_after: int | None = None
    slow: float = 0.0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.rcpt[address]:
            reply = self.rcpt[address].pop(0)
            if reply == "drop":
                server.transport.abort()
                return "421 gone"
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        address = envelope.rcpt_tos[0]
        assert len(envelope.rcpt_tos) == 1, "one recipient a mail"
        if self.slow:
            await asyncio.sleep(self.slow)
        if self.die_after is not None and len(self.taken) >= self.die_after:
            server.transport.abort()
            return "421 dead"
        reply = self.data[address].pop(0) if self.data[address] else ""
        if reply == "hang":
            await asyncio.sleep(30)
        if reply == "drop":
            server.transport.abort()
            return "421 gone"
        if reply and reply != "drop after":
            return reply
        self.taken.append((address, bytes(envelope.content)))
        if reply == "drop after":
            server.transport.abort()
        return "250 taken"

    def copies(self, address: str) -> list[bytes]:
        """What an address was sent."""
        return [content for to, content in self.taken if to == address]

    def mails(self) -> list[tuple[str, EmailMessage]]:
        """All that was taken, parsed."""
        return [(to, message_from_bytes(content, policy=default)) for to, content in self.taken]  # type: ignore[misc]


class Server(Controller):
    """A server on a port of this machine."""

    def __init__(self, handler: Handler, **options: Any) -> None:
        self.options = {key: options.pop(key) for key in list(options) if key not in ("ssl_context",)}
        super().__init__(handler, hostname="127.0.0.1", port=0, **options)

    def factory(self) -> SMTP:
        return SMTP(self.handler, timeout=60, **self.options)

    def start(self) -> None:
        # The port is chosen by the system: the base class would look for it at 0.
        import threading

        self.loop = asyncio.new_event_loop()
        started = threading.Event()

        def run() -> None:
            asyncio.set_event_loop(self.loop)
            self.server = self.loop.run_until_complete(self._create_server())
            self.port = self.server.sockets[0].getsockname()[1]
            started.set()
            self.loop.run_forever()

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        assert started.wait(10)

    def stop(self, no_assert: bool = False) -> None:
        def end() -> None:
            self.server.close()
            self.loop.stop()

        self.loop.call_soon_threadsafe(end)
        if self._thread is not None:
            self._thread.join(10)


def login(user: str, password: str) -> Any:
    """An authenticator that knows one user."""

    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        good = data.login == user.encode() and data.password == password.encode()
        return AuthResult(success=good, handled=good)

    return check


def tls_context(certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
