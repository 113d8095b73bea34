"""The preview's server: for one browser on this machine, and nobody else.

It listens on the loopback address alone. Every address has a token that cannot be guessed; the `Host` of a request has
to be the server's own, so that no name that leads here is of use, and a page of another origin is refused. Pages may
load nothing from elsewhere and run nothing but the preview's own script; a report runs none at all.
"""

from __future__ import annotations

import errno
import json
import secrets
import threading
from collections.abc import Callable, Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from reportspec.diagnostics import as_data as diagnostic_data
from reportspec.diagnostics import bug_sentence, excerpt, harmless
from reportspec.errors import ReportspecError
from reportspec.lazy_dataclass import dataclass
from reportspec.preview.figure_details import as_data
from reportspec.preview.previewed import Choices, Preview, Previewed
from reportspec.problems import problems_of
from reportspec.review.figure_rows import SideAsked

LOOPBACK = "127.0.0.1"
_NAMES = (LOOPBACK, "localhost")
_BEAT = 15.0  # seconds after which a page that nothing happens to hears that the server is there
_LONGEST = 20_000  # signs of a request's address
MOST_WAITING = 20  # pages that wait for changes at once
_FILES = {
    "": ("preview.html", "text/html"),
    "preview.css": ("preview.css", "text/css"),
    "preview.js": ("preview.js", "text/javascript"),
}
_OWN_PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-src 'self';"
    " img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# What the data says is shown, and never runs.
_REPORT = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'"
)
_ALWAYS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class PortTaken(Exception):
    """The port that was asked for cannot be had: `why` says it in words."""

    def __init__(self, port: int, why: str) -> None:
        super().__init__(why)
        self.port, self.why = port, why


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered with."""

    status: int
    body: bytes
    media_type: str = "application/json"
    policy: str = "default-src 'none'; frame-ancestors 'none'"
    to: str = ""  # another address


class PreviewServer(ThreadingHTTPServer):
    """A server on the loopback address; port 0 takes one that is free. Raises PortTaken."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = False  # another program may listen there
    request_queue_size = 32

    def __init__(self, previewed: Previewed, port: int = 0, tell: Callable[[str], None] = lambda text: None) -> None:
        """`tell` hears of what should not have happened."""
        self.previewed, self._tell = previewed, tell
        self.token = secrets.token_urlsafe(24)
        self._once = secrets.token_urlsafe(24)
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)
        self.ending = threading.Event()
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
                raise PortTaken(port, (error.strerror or str(error)).lower()) from None
            raise
        except OverflowError:
            raise PortTaken(port, "ports go up to 65535") from None

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    @property
    def address(self) -> str:
        """The address of the page, with its token."""
        return f"http://{LOOPBACK}:{self.port}/{self.token}/"

    @property
    def once(self) -> str:
        """An address that leads to the page once: who sees it later among a browser's arguments cannot use it."""
        return f"http://{LOOPBACK}:{self.port}/open/{self._once}"

    def end(self) -> None:
        """End the server and all that wait for it."""
        self.ending.set()
        with self.previewed.changed:
            self.previewed.changed.notify_all()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a browser that goes away is no error of ours."""

    def failed(self, error: Exception) -> None:
        """Tell of what should not have happened, and go on: the next change may be built."""
        self._tell(bug_sentence(error))

    # --- what may be asked ----------------------------------------------------------------------

    def refused(self, method: str, headers: Message[str, str] | Mapping[str, str]) -> Answer | None:
        """Why a request is not answered, whatever it asks for; None where it is."""
        host = (headers.get("Host") or "").lower()
        own = {f"{name}:{self.port}" for name in _NAMES}
        if host not in own:
            return _plain(421, "This server answers to its own name alone.")
        origin = headers.get("Origin")
        if origin is not None and origin.lower() not in {f"http://{name}" for name in own}:
            return _plain(403, "Pages of other origins may not ask.")
        site = headers.get("Sec-Fetch-Site")
        if site is not None and site not in ("same-origin", "none"):
            return _plain(403, "Pages of other origins may not ask.")
        if method == "POST" and origin is None:
            return _plain(403, "A request that changes something says where it comes from.")
        return None

    def answer(self, method: str, target: str) -> Answer:
        """What an address is answered with, of a request that may be."""
        parts = urlsplit(target)
        head, _, rest = parts.path.lstrip("/").partition("/")
        if method == "GET" and head == "open" and secrets.compare_digest(rest.encode(), self._once.encode()):
            self._once = secrets.token_urlsafe(24)
            return Answer(303, b"", "text/plain", to=f"/{self.token}/")
        if not secrets.compare_digest(head.encode(), self.token.encode()):
            return _plain(404, "There is nothing here. The preview's whole address stands in the terminal.")
        asked = dict(parse_qsl(parts.query, keep_blank_values=True)) if rest != "state" else {}
        if method == "POST":
            return self._read_again() if rest == "read-again" else _plain(404, "There is nothing here.")
        if rest in _FILES:
            name, media_type = _FILES[rest]
            body = files("reportspec.preview").joinpath("page", name).read_bytes()
            return Answer(200, body, media_type, _OWN_PAGE)
        if rest == "state":
            return _json(self._state(self.previewed.preview(_choices(parts.query))))
        if rest.startswith("report/"):
            page = self.previewed.page(rest.removeprefix("report/"))
            if page is None:
                return _plain(404, "The report has been built anew since.")
            return Answer(200, page.html.encode(), "text/html", _REPORT)
        if rest == "figure":
            return self._figure(asked)
        return _plain(404, "There is nothing here.")

    def _read_again(self) -> Answer:
        self.previewed.read_again()
        return _json({"revision": self.previewed.revision})

    def _state(self, found: Preview) -> dict[str, Any]:
        """What there is to show, as data."""
        spec = self.previewed.spec
        return {
            "revision": found.revision,
            "spec": str(spec),
            "title": found.page.title if found.page is not None else spec.name,
            "page": found.page.id if found.page is not None else None,
            "stale": found.stale,
            "diagnostics": [
                {**diagnostic_data(one), "excerpt": [list(line) for line in excerpt(one, found.texts)]}
                for one in found.diagnostics
            ],
            "params": [
                {
                    "name": name,
                    "type": param.get("type", "string"),
                    "choices": [_written(choice) for choice in param.get("choices", ())],
                    "default": _written(param.get("default")),
                    "value": _written(param.get("value")),
                }
                for name, param in found.params.items()
            ],
            "period": found.period,
            "values": list(found.values),
            "value": found.value,
            "read": found.read.astimezone().strftime("%H:%M:%S") if found.read is not None else "",
            "seconds": round(found.seconds, 2),
            "asked": found.asked,
            "source": found.source,
        }

    def _figure(self, asked: Mapping[str, str]) -> Answer:
        side: SideAsked = "previous" if asked.get("side") == "previous" else "current"
        try:
            details = self.previewed.details(asked.get("page", ""), asked.get("at", ""), side)
        except ReportspecError as error:
            return _json({"problem": problems_of(self.previewed.spec, error)[0].message}, 502)
        if details is None:
            return _json({"problem": "The report has been built anew since: choose the figure again."}, 404)
        return _json(as_data(details, self.previewed.personal))

    def may_wait(self) -> bool:
        """Whether one more page may wait for changes; who does says when it no longer does (`waited`)."""
        return self._waiting.acquire(blocking=False)

    def waited(self) -> None:
        """One page less waits."""
        self._waiting.release()


class _Handler(BaseHTTPRequestHandler):
    """One request."""

    server: PreviewServer
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds that a browser may take to say what it wants

    def version_string(self) -> str:
        """Nothing of what runs here."""
        return "reportspec"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: addresses have the token in them."""

    def do_GET(self) -> None:
        """Answer a request for something."""
        refused = self.server.refused("GET", self.headers)
        path = urlsplit(self.path).path if len(self.path) <= _LONGEST else ""
        if refused is None and secrets.compare_digest(path.encode(), f"/{self.server.token}/events".encode()):
            self._events()
        else:
            self._give(refused or self._answered("GET"))

    def do_POST(self) -> None:
        """Answer a request to do something; what it brings is not read."""
        self.close_connection = True
        self._give(self.server.refused("POST", self.headers) or self._answered("POST"))

    def _answered(self, method: str) -> Answer:
        if len(self.path) > _LONGEST:
            return _plain(414, "This address is too long.")
        try:
            return self.server.answer(method, self.path)
        except Exception as error:
            self.server.failed(error)
            return _plain(500, "reportspec has a bug, which the terminal tells.")

    def _give(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in _ALWAYS.items():
            self.send_header(name, value)
        self.send_header("Content-Security-Policy", answer.policy)
        self.send_header("Content-Type", f"{answer.media_type}; charset=utf-8")
        self.send_header("Content-Length", str(len(answer.body)))
        if answer.to:
            self.send_header("Location", answer.to)
        self.end_headers()
        self.wfile.write(answer.body)

    def _events(self) -> None:
        """Tell the page of every change, as it comes."""
        server = self.server
        self.close_connection = True
        if not server.may_wait():
            self._give(_plain(503, "Too many pages of this preview are open: close some."))
            return
        try:
            self.send_response(200)
            for name, value in _ALWAYS.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "text/event-stream; charset=utf-8")
            self.end_headers()
            revision = -1
            while not server.ending.is_set():
                now = server.previewed.wait(revision, _BEAT)
                text = f"data: {now}\n\n" if now != revision else ": still here\n\n"
                revision = now
                self.wfile.write(text.encode())
                self.wfile.flush()
        except OSError:
            return
        finally:
            server.waited()


def _choices(query: str) -> Choices:
    """What was chosen in the page, by its address."""
    pairs = parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    settings = {name.removeprefix("set."): value for name, value in pairs if name.startswith("set.")}
    return Choices(tuple(sorted(settings.items())), given.get("period", "").strip(), given.get("each", ""))


def _written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _json(data: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(data, ensure_ascii=False, default=str).encode("utf-8", "replace"))


def _plain(status: int, text: str) -> Answer:
    return Answer(status, f"{harmless(text)}\n".encode(), "text/plain")
