"""One mail to one recipient over SMTP, with the step at which it failed.

`smtplib` does not tell a connection that broke before DATA from one that broke after it, gives the
refused among several recipients back as a value, and mails to a part of what is no address. So the
commands are sent one by one here, for one recipient, and what the server said is looked at.
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Literal
from urllib.parse import SplitResult, unquote, urlsplit

from reportspec.errors import MailError
from reportspec.lazy_dataclass import dataclass

Outcome = Literal["sent", "later", "refused", "doubt"]
_DOTS = re.compile(rb"^\.", re.MULTILINE)
TIMEOUT = 60.0  # seconds for each answer; the last one may be given more
_GOODBYE = 5.0  # seconds for the answer to QUIT, on which nothing depends
_CHUNK = 65536  # bytes that have to leave within the timeout
_LONGEST = 100_000  # bytes of an answer
# What a server says where it wants another login than it got, of whatever command (RFC 4954, 6).
_NO_LOGIN = (530, 534, 535, 538)
_HERE = ("localhost", "127.0.0.1", "::1")


_LOGIN = "look at user and password in `deliver.smtp`"


@dataclass(frozen=True, slots=True)
class Answer:
    """How handing over ended: `sent`; `later`, not taken now; `refused`, for good; `doubt`, broken
    off after the server had begun to receive it. `lost` says that the connection is of no more
    use, `silent` that an answer was waited for in vain."""

    outcome: Outcome
    said: str
    lost: bool = False
    silent: bool = False


class _Lines:
    """What a server says. All of an answer has to be there in time: the timeout of a socket is one
    for each byte, so that a server that drips could hold a run for days."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock, self._read = sock, b""

    def begin(self, seconds: float) -> None:
        """From now on, an answer is waited for."""
        self._until, self._room = time.monotonic() + seconds, _LONGEST

    def readline(self, limit: int) -> bytes:
        """The next line, with its end; cut to the limit."""
        while b"\n" not in self._read and len(self._read) < limit:
            left = self._until - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self._sock.settimeout(left)
            more = self._sock.recv(4096)
            if not more:
                break
            self._read += more
        end = self._read.find(b"\n") + 1
        line = self._read[: min(end or limit, limit)]
        self._read = self._read[len(line) :]
        self._room -= len(line)
        if self._room < 0:
            raise OSError("the answer has no end")
        return line

    def close(self) -> None:
        """Nothing: the socket is another's."""


class _Session(smtplib.SMTP):
    """As the standard library's, with an end to the waiting."""

    within: float | None = None  # seconds for the next answer, where it is not the timeout

    def getreply(self) -> tuple[int, bytes]:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected("there is no connection")
        if self.file is None:
            self.file = _Lines(self.sock)
        self.file.begin(self.within or self.timeout)
        try:
            return super().getreply()
        finally:
            self.within = None
            if self.sock is not None:
                self.sock.settimeout(self.timeout)


class _SafeSession(_Session, smtplib.SMTP_SSL):
    """The same with TLS from the start."""


class Mailer:
    """A session with the server of a URL: `smtps://` with TLS from the start, `smtp://` with
    STARTTLS, which only a server on this machine may lack. Each answer is waited for so many seconds
    (`timeout`), the one after a mail also longer (`last`): before it servers look for viruses.
    Raises MailError."""

    def __init__(self, url: str, timeout: float | None = None, last: float = 0) -> None:
        timeout = TIMEOUT if timeout is None else timeout
        self._last = max(timeout, last)
        parts = _parts(url)
        self._host = parts.hostname or ""
        self._secrets = _secrets(unquote(parts.username or ""), parts.password or "")
        where = f"{self._host}:{parts.port or _port(parts.scheme)}"
        try:
            self._open(parts, timeout)
        except ssl.SSLCertVerificationError as error:
            raise MailError(
                f"the mail server {where} has no certificate that can be trusted: {error.verify_message}",
                "a server of your own needs its certificate authority in SSL_CERT_FILE",
            ) from None
        except ssl.SSLError as error:
            raise MailError(
                f"there is no TLS connection to the mail server {where}: {self._why(error)}",
                "smtps:// is for ports that begin with TLS (mostly 465), smtp:// for STARTTLS (mostly 587)",
                temporary=isinstance(error, ssl.SSLEOFError),
            ) from None
        except smtplib.SMTPAuthenticationError as error:
            raise MailError(
                f"the mail server {where} refused the login: {self._said(error.smtp_code, error.smtp_error)}",
                _LOGIN,
                temporary=400 <= error.smtp_code < 500,
            ) from None
        except smtplib.SMTPNotSupportedError as error:
            raise MailError(f"the mail server {where} cannot do it: {self._why(error)}") from None
        except smtplib.SMTPResponseException as error:
            raise MailError(
                f"the mail server {where} does not want to talk: {self._said(error.smtp_code, error.smtp_error)}",
                temporary=400 <= error.smtp_code < 500,
            ) from None
        except (OSError, smtplib.SMTPException) as error:
            raise MailError(
                f"the mail server {where} cannot be reached: {self._why(error)}",
                "look at `deliver.smtp` in the project file",
                temporary=True,
            ) from None

    def _open(self, parts: SplitResult, timeout: float) -> None:
        port = parts.port or _port(parts.scheme)
        context = ssl.create_default_context()
        if parts.scheme == "smtps":
            self._smtp: _Session = _SafeSession(self._host, port, timeout=timeout, context=context)
        else:
            self._smtp = _Session(self._host, port, timeout=timeout)
        try:
            self._smtp.ehlo_or_helo_if_needed()
            if parts.scheme == "smtp":
                if self._smtp.has_extn("starttls"):
                    self._smtp.starttls(context=context)
                    self._smtp.ehlo()
                elif self._host not in _HERE:
                    raise MailError(
                        f"the mail server {self._host}:{port} offers no STARTTLS",
                        "reports are not sent unencrypted: use smtps://, or a server that has it",
                    )
            if parts.username:
                self._login(unquote(parts.username), unquote(parts.password or ""))
        except BaseException:
            self.close()
            raise

    def _login(self, user: str, password: str) -> None:
        if not (user + password).isascii():
            raise MailError(
                "user or password in `deliver.smtp` have letters beyond ASCII, which SMTP does not carry",
                "use a password of ASCII letters",
            )
        try:
            self._smtp.login(user, password)
        except smtplib.SMTPResponseException:
            raise
        except smtplib.SMTPServerDisconnected:
            raise
        except smtplib.SMTPException:  # no AUTH, or no way of it that is known
            raise MailError(
                f"the mail server {self._host} offers no login that can be used",
                "use smtps:// or STARTTLS if it wants TLS first; leave user and password out if it wants none",
            ) from None
        except ValueError:  # its text may hold a part of the password
            raise MailError(
                f"the mail server {self._host} answers the login with what is none",
                "look whether it is a mail server",
                temporary=True,
            ) from None

    @property
    def largest(self) -> int | None:
        """The size that the server takes at most, in bytes, where it says so."""
        size = self._smtp.esmtp_features.get("size", "")
        return int(size) if size.isdecimal() and int(size) else None

    def send(self, sender: str, recipient: str, message: bytes, begin: Callable[[], None]) -> Answer:
        """Hand a message over to one recipient. `begin` is called when the recipient was taken and
        before the server gets the message; what it raises stops the mail. Raises MailError where the
        server wants another login, which is no fault of the recipient's."""
        answer = self._announced(sender, recipient, len(message))
        if answer is not None:
            return answer
        try:
            begin()
        except BaseException:
            # The server waits for a message: nothing but the end of the connection is none.
            self._drop()
            raise
        return self._handed(message)

    def _announced(self, sender: str, recipient: str, size: int) -> Answer | None:
        """Say from whom a mail comes, and to whom it goes; the answer of a server that does not want it."""
        smtp = self._smtp
        try:
            options = [f"SIZE={size}"] if smtp.has_extn("size") else []
            # The first digit is what counts (RFC 5321, 4.2.1).
            code, reply = smtp.mail(sender, options)
            if not 200 <= code < 300:
                return self._not_taken(code, reply)
            code, reply = smtp.rcpt(recipient)
            if not 200 <= code < 300:
                return self._not_taken(code, reply)
            smtp.putcmd("data")
            code, reply = smtp.getreply()
            if not 300 <= code < 400:
                return self._not_taken(code, reply)
        except (OSError, smtplib.SMTPException) as error:
            return self._lost("later", self._why(error), silent=_in_vain(error))
        return None

    def _handed(self, message: bytes) -> Answer:
        """Give the server the message that it waits for."""
        smtp = self._smtp
        try:
            # A line that begins with a dot would end the message (RFC 5321, 4.5.2).
            body = _DOTS.sub(b"..", message.removesuffix(b"\r\n") + b"\r\n") + b".\r\n"
            for at in range(0, len(body), _CHUNK):  # a slow line has its time for each
                smtp.send(body[at : at + _CHUNK])
            smtp.within = self._last
            code, reply = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            if _in_vain(error):
                why = "the server did not say in time whether it took the mail, so it may have"
                return self._lost("doubt", why, silent=True)
            return self._lost("doubt", self._why(error))
        except BaseException:
            self._drop()  # after Ctrl-C a goodbye would be a line of the message
            raise
        if 200 <= code < 300:
            return Answer("sent", self._said(code, reply))
        if not 400 <= code < 600:  # no answer to a message: it may have been taken
            return self._lost("doubt", self._said(code, reply))
        return self._not_taken(code, reply, begun=True)

    def _not_taken(self, code: int, said: bytes | str, *, begun: bool = False) -> Answer:
        reason = self._said(code, said)
        if code in _NO_LOGIN and not begun:
            raise MailError(f"the mail server {self._host} takes no mail with this login: {reason}", _LOGIN)
        outcome: Outcome = "refused" if 500 <= code < 600 else "later"
        if not 400 <= code < 600 or code == 421:
            # No answer to what was asked: server and client are apart, and it may wait for a message by now.
            return self._lost(outcome, reason)
        try:
            lost, silent = self._smtp.rset()[0] != 250, False
        except (OSError, smtplib.SMTPException) as error:
            lost, silent = True, _in_vain(error)
        return self._lost(outcome, reason, silent=silent) if lost else Answer(outcome, reason)

    def _lost(self, outcome: Outcome, said: str, *, silent: bool = False) -> Answer:
        self._drop()
        return Answer(outcome, said, lost=True, silent=silent)

    def close(self) -> None:
        """Say goodbye, if anybody listens."""
        self._smtp.within = min(_GOODBYE, self._smtp.timeout)
        with contextlib.suppress(OSError, smtplib.SMTPException):
            self._smtp.quit()
        self._drop()

    def _drop(self) -> None:
        with contextlib.suppress(OSError, AttributeError):
            self._smtp.close()

    def _said(self, code: int, said: bytes | str) -> str:
        text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        return self._clean(f"{code} {text}" if code >= 0 else f"this is no answer of SMTP: {text}")

    def _why(self, error: Exception) -> str:
        text = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return self._clean(str(text)).lower()

    def _clean(self, text: str) -> str:
        """One line without secrets, and without what a terminal would obey."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        text = "".join(letter if letter.isprintable() else " " for letter in text)
        return " ".join(text.split())[:300]


def _in_vain(error: Exception) -> bool:
    """Whether something was waited for that did not come: smtplib says of it that the connection is
    closed, which it is only since."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def _secrets(user: str, password: str) -> list[str]:
    """What must not be shown of a login, as it is written, meant, and spoken (RFC 4616, 4954)."""
    if not password:
        return []
    meant = unquote(password)
    spoken = (meant, f"\0{user}\0{meant}", f"{user}\0{user}\0{meant}")
    coded = {b64encode(word_spoken.encode()).decode() for word_spoken in spoken}
    return sorted({password, meant, *coded}, key=len, reverse=True)


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port, (parts.hostname or "").encode("idna")
    except ValueError:
        parts = SplitResult("", "", "", "", "")
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise MailError(
            "`deliver.smtp` is no URL of a mail server",
            "write it as smtps://user:${SMTP_PASSWORD}@smtp.example.com:465; "
            "write odd characters of a password as %-codes",
        )
    return parts


def _port(scheme: str) -> int:
    return 465 if scheme == "smtps" else 587
