"""One mail to one recipient over SMTP, with the step at which it failed.

`smtplib` does not tell a connection that broke before DATA from one that broke after it, gives the
refused among several recipients back as a value, and mails to a part of what is no address. So the
commands are sent one by one here, for one recipient, and what the server said is looked at.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

Outcome = Literal["sent", "later", "refused", "doubt"]
_DOTS = re.compile(rb"^\.", re.MULTILINE)
TIMEOUT = 60.0  # seconds for each answer
_HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Answer:
    """How handing over ended: `sent`; `later`, not taken now; `refused`, for good; `doubt`, broken
    off after the server had begun to receive it. `lost` says that the connection is of no more
    use."""

    outcome: Outcome
    said: str
    lost: bool = False


class MailError(Exception):
    """No mail can be sent at all; `temporary` says whether it may do later. No secret is in it."""

    def __init__(self, message: str, help: str | None = None, *, temporary: bool = False) -> None:
        super().__init__(message)
        self.message, self.help, self.temporary = message, help, temporary


class Mailer:
    """A session with the server of a URL: `smtps://` with TLS from the start, `smtp://` with
    STARTTLS, which only a server on this machine may lack. Raises MailError."""

    def __init__(self, url: str, timeout: float = TIMEOUT) -> None:
        parts = _parts(url)
        self._host = parts.hostname or ""
        self._secrets = [unquote(parts.password)] if parts.password else []
        self._secrets += [parts.password] if parts.password else []
        where = f"{self._host}:{parts.port or _port(parts.scheme)}"
        try:
            self._open(parts, timeout)
        except ssl.SSLError as error:
            raise MailError(f"the mail server {where} has no certificate that can be trusted: {self._why(error)}",
                            "a server of your own needs its certificate authority in SSL_CERT_FILE") from None  # fmt: skip
        except smtplib.SMTPAuthenticationError as error:
            raise MailError(f"the mail server {where} refused the login: {self._said(error.smtp_code, error.smtp_error)}",
                            "look at user and password in `deliver.smtp`",
                            temporary=400 <= error.smtp_code < 500) from None  # fmt: skip
        except smtplib.SMTPNotSupportedError as error:
            raise MailError(f"the mail server {where} cannot do it: {self._why(error)}") from None
        except smtplib.SMTPResponseException as error:
            raise MailError(f"the mail server {where} does not want to talk: {self._said(error.smtp_code, error.smtp_error)}",
                            temporary=400 <= error.smtp_code < 500) from None  # fmt: skip
        except (OSError, smtplib.SMTPException) as error:
            raise MailError(f"the mail server {where} cannot be reached: {self._why(error)}",
                            "look at `deliver.smtp` in the project file", temporary=True) from None  # fmt: skip

    def _open(self, parts: SplitResult, timeout: float) -> None:
        port = parts.port or _port(parts.scheme)
        context = ssl.create_default_context()
        if parts.scheme == "smtps":
            self._smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, port, timeout=timeout, context=context
            )
        else:
            self._smtp = smtplib.SMTP(self._host, port, timeout=timeout)
        try:
            self._smtp.ehlo_or_helo_if_needed()
            if parts.scheme == "smtp":
                if self._smtp.has_extn("starttls"):
                    self._smtp.starttls(context=context)
                    self._smtp.ehlo()
                elif self._host not in _HERE:
                    raise MailError(f"the mail server {self._host}:{port} offers no STARTTLS",
                                    "reports are not sent unencrypted: use smtps://, or a server that has it")  # fmt: skip
            if parts.username:
                self._smtp.login(unquote(parts.username), unquote(parts.password or ""))
        except BaseException:
            self.close()
            raise

    @property
    def largest(self) -> int | None:
        """The size that the server takes at most, in bytes, where it says so."""
        size = self._smtp.esmtp_features.get("size", "")
        return int(size) if size.isdigit() and int(size) else None

    def send(
        self, sender: str, recipient: str, message: bytes, begin: Callable[[], None]
    ) -> Answer:
        """Hand a message over to one recipient. `begin` is called when the recipient was taken and
        before the server gets the message; what it raises stops the mail."""
        smtp = self._smtp
        try:
            options = [f"SIZE={len(message)}"] if smtp.has_extn("size") else []
            code, said = smtp.mail(sender, options)
            if code != 250:
                return self._not_taken(code, said)
            code, said = smtp.rcpt(recipient)
            if code not in (250, 251):
                return self._not_taken(code, said)
            smtp.putcmd("data")
            code, said = smtp.getreply()
            if code != 354:
                return self._not_taken(code, said)
        except (OSError, smtplib.SMTPException) as error:
            return Answer("later", self._why(error), lost=True)
        try:
            begin()
        except BaseException:
            # The server waits for a message: nothing but the end of the connection is none.
            self._drop()
            raise
        try:
            # A line that begins with a dot would end the message (RFC 5321, 4.5.2).
            smtp.send(_DOTS.sub(b"..", message.removesuffix(b"\r\n") + b"\r\n") + b".\r\n")
            code, said = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            return Answer("doubt", self._why(error), lost=True)
        if code == 250:
            return Answer("sent", self._said(code, said))
        if code == -1:
            return Answer("doubt", self._said(code, said), lost=True)
        return self._not_taken(code, said)

    def _not_taken(self, code: int, said: bytes | str) -> Answer:
        told = self._said(code, said)
        lost = code in (-1, 421)
        if not lost:
            try:
                lost = self._smtp.rset()[0] != 250
            except (OSError, smtplib.SMTPException):
                lost = True
        return Answer("refused" if 500 <= code < 600 else "later", told, lost)

    def close(self) -> None:
        """Say goodbye, if anybody listens."""
        with contextlib.suppress(OSError, smtplib.SMTPException):
            self._smtp.quit()
        self._drop()

    def _drop(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            self._smtp.close()

    def _said(self, code: int, said: bytes | str) -> str:
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return self._clean(f"{code} {' '.join(text.split())}")

    def _why(self, error: Exception) -> str:
        text = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return self._clean(" ".join(str(text).split()).lower())

    def _clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text[:300]


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise MailError("`deliver.smtp` is no URL of a mail server",
                        "write it as smtps://user:${SMTP_PASSWORD}@smtp.example.com:465; write odd characters of a password as %-codes")  # fmt: skip
    return parts


def _port(scheme: str) -> int:
    return 465 if scheme == "smtps" else 587
