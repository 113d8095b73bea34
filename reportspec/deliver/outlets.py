"""Ways out beside mail: a folder, a store of fsspec's, a webhook, Slack. One interface: take a parcel."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, InvalidURL
from pathlib import Path
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from reportspec.deliver.template import kpis, of_kpi
from reportspec.diagnostics import harmless, harmless_json, one_line
from reportspec.files import write_whole
from reportspec.model.figures import Figures, PeriodFigures
from reportspec.model.mail import Outlet
from reportspec.render.locale import formats_for

TIMEOUT = 30  # seconds for an answer of a webhook, at most
_LEAST = 5  # seconds, however little is left
STORING = 30  # seconds that a store has in any case, and more where more is left
_GRACE = 0.5  # seconds after which a limit holds that a connection has not kept by itself


class OutletError(Exception):
    """A parcel was not taken; `temporary` says whether another try may do, `doubt` that it may have
    been taken all the same. `of_all` is what concerns others as well: the message without what is this
    parcel's, such as its path. No secret is in it."""

    def __init__(self, message: str, *, temporary: bool = True, doubt: bool = False, of_all: str = "") -> None:
        super().__init__(message)
        self.message, self.temporary, self.doubt = message, temporary, doubt
        self.of_all = of_all or message


@dataclass(frozen=True, slots=True)
class Parcel:
    """A report as outlets get it: names for the parts of patterns, files, figures, links."""

    names: dict[str, str]  # report, period, each
    files: tuple[tuple[str, bytes], ...]
    figures: Figures
    links: tuple[tuple[str, str], ...] = ()


class Way(Protocol):
    """A way out."""

    def take(self, parcel: Parcel) -> str:
        """Hand over; what came of it in words. Taking the same again changes nothing, but for
        messages. Raises OutletError."""


def way(outlet: Outlet, root: Path, seconds: float | None = None) -> Way:
    """The way out that an outlet of the project means; it is waited for so many seconds."""
    within = min(TIMEOUT, max(_LEAST, TIMEOUT if seconds is None else seconds))
    match outlet.kind:
        case "folder":
            return _Folder(outlet, root)
        case "store":
            return _Store(outlet, max(STORING, seconds or 0))
        case "slack":
            return _Message(outlet, slack, within)
        case _:
            return _Message(outlet, webhook, within)


def _in_time(seconds: float, take: Callable[[], str]) -> str:
    """What `take` gives. Raises TimeoutError if that takes longer, whatever holds it up: a connection's
    own limit is for each piece that comes. What was begun is left alone then, and ends with the program."""
    got: list[str] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            got.append(take())
        except BaseException as error:  # it is raised where it is waited for
            failed.append(error)

    taking = threading.Thread(target=run, name="outlet", daemon=True)
    taking.start()
    taking.join(seconds)
    if failed:
        raise failed[0]
    if not got:
        raise TimeoutError
    return got[0]


def links(outlet: Outlet, parcel: Parcel) -> tuple[tuple[str, str], ...]:
    """The files of a parcel with the addresses that they have after an outlet took them."""
    if not outlet.link:
        return ()
    base = filled(outlet.link, parcel.names).rstrip("/")
    return tuple((name, f"{base}/{name}") for name, _ in parcel.files)


def filled(pattern: str, names: dict[str, str]) -> str:
    """A pattern with its parts put in: names of data are single parts of paths, whatever they say."""
    return re.sub(r"\{(\w+)\}", lambda found: names.get(found[1], ""), pattern)


@dataclass(frozen=True, slots=True)
class _Folder:
    outlet: Outlet
    root: Path

    def take(self, parcel: Parcel) -> str:
        if not self.outlet.target:
            raise _no_target(self.outlet)
        folder = self.root / filled(self.outlet.target, parcel.names)
        try:
            for name, data in parcel.files:
                write_whole(folder / name, data)
        except OSError as error:
            why = (error.strerror or type(error).__name__).lower()
            raise OutletError(
                f"`{folder}` cannot be written: {why}",
                of_all=f"the folder `{self.outlet.name}` cannot be written: {why}",
            ) from None
        return str(folder)


# Where the first part of a path is a bucket, which is not to be made because its name was misspelt.
_BUCKETS = ("s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oss", "oci", "tos", "r2")
# What another try does not mend, by the names that the stores' own packages have for it.
_FOR_GOOD = (PermissionError, FileNotFoundError, IsADirectoryError, NotADirectoryError, ValueError, NotImplementedError)
_FOR_GOOD_NAMED = ("NoCredentialsError", "PartialCredentialsError", "ParamValidationError", "ProfileNotFound")


@dataclass(frozen=True, slots=True)
class _Store:
    outlet: Outlet
    within: float  # seconds

    def take(self, parcel: Parcel) -> str:
        if not self.outlet.target:
            raise _no_target(self.outlet)
        try:
            return _in_time(self.within, lambda: self._take(parcel))
        except TimeoutError as error:
            # It can be stored once more: the same files have the same names.
            why = _why(error, self.within)
            raise OutletError(f"the store `{self.outlet.name}` did not take it: {why}") from None

    def _take(self, parcel: Parcel) -> str:
        try:
            import fsspec  # type: ignore[import-untyped,unused-ignore]
        except ImportError:
            raise OutletError('the store needs fsspec: pip install "reportspec[store]"', temporary=False) from None
        place, _, query = filled(self.outlet.target, parcel.names).partition("?")
        place = place.rstrip("/")
        name = f"the store `{self.outlet.name}`"
        try:
            for file, data in parcel.files:
                address = f"{place}/{file}" + (f"?{query}" if query else "")
                system, path = fsspec.core.url_to_fs(address)
                own = (system.protocol,) if isinstance(system.protocol, str) else system.protocol
                if not set(own) & set(_BUCKETS):
                    system.makedirs(path.rpartition("/")[0], exist_ok=True)
                system.pipe_file(path, data)
        except ImportError as error:
            raise OutletError(f"{name} needs another package: {error}", temporary=False) from None
        except Exception as error:  # what file systems raise is their own
            kind = type(error).__name__
            good = isinstance(error, _FOR_GOOD) or kind in _FOR_GOOD_NAMED
            said = without_secrets(str(error), self.outlet.target)
            why = f"{kind}: {said}" if said else kind
            raise OutletError(
                f"{name} did not take it: {why}",
                temporary=not good,
                of_all=f"{name} did not take it: {kind}",  # paths may be in what it said
            ) from None
        return without_secrets(place, self.outlet.target)


class _Still(HTTPRedirectHandler):
    """Follows nothing: a hook that leads elsewhere would take the figures there."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class _Message:
    outlet: Outlet
    write: Callable[[Parcel], dict[str, Any]]
    within: float  # seconds

    def take(self, parcel: Parcel) -> str:
        if not self.outlet.target:
            raise _no_target(self.outlet)
        data = harmless_json(json.dumps(self.write(parcel), ensure_ascii=False)).encode()
        try:
            return _in_time(self.within + _GRACE, lambda: self._post(data))
        except TimeoutError as error:
            # It may have the message: nobody knows what became of it.
            name, why = f"the {self.outlet.kind} `{self.outlet.name}`", _why(error, self.within)
            raise OutletError(f"{name} did not answer: {why}", doubt=True) from None

    def _post(self, data: bytes) -> str:
        head = {"Content-Type": "application/json; charset=utf-8"}
        name = f"the {self.outlet.kind} `{self.outlet.name}`"
        try:
            request = Request(self.outlet.target, data, head)
            with build_opener(_Still).open(request, timeout=self.within) as answer:
                return f"{answer.status}"
        except HTTPError as error:
            said = self._answered(error)
            later = error.code in (408, 425, 429) or error.code >= 500
            raise OutletError(f"{name} answered {said}", temporary=later) from None
        except URLError as error:  # before all of it was handed over
            raise OutletError(f"{name} cannot be reached: {_why(error.reason, self.within)}") from None
        except (InvalidURL, ValueError):
            raise OutletError(f"{name} has no address that can be used", temporary=False) from None
        except (OSError, HTTPException) as error:
            # It has the message, and its answer is missing: nobody knows what became of it.
            raise OutletError(f"{name} did not answer: {_why(error, self.within)}", doubt=True) from None

    def _answered(self, error: HTTPError) -> str:
        """A status in words, and what is said beside it in a few plain words, as Slack does."""
        try:
            phrase = HTTPStatus(error.code).phrase
        except ValueError:
            phrase = ""
        if 300 <= error.code < 400:
            return f"{error.code} {phrase}: it leads elsewhere, which is not followed; name that address"
        try:
            body = error.read(200).decode("utf-8", "replace").strip()
        except (OSError, HTTPException):
            body = ""
        plain = re.fullmatch(r"[\w .,:'-]{1,80}", body, re.ASCII)
        said = without_secrets(body, self.outlet.target) if plain else ""
        return f"{error.code} {phrase}".strip() + (f": {said}" if said else "")


def _no_target(outlet: Outlet) -> OutletError:
    said = f"the {outlet.kind} `{outlet.name}` has no address here: is the variable set that it is read from?"
    return OutletError(said, temporary=False)


def _why(error: object, within: float) -> str:
    """Why a connection failed, without the address that it was to."""
    if isinstance(error, TimeoutError):
        return f"it took longer than {round(within, 1):g} seconds"
    said = getattr(error, "strerror", None) or type(error).__name__
    return str(said).lower()


_SECRET_NAME = re.compile(r"KEY|SECRET|TOKEN|PASSW|CREDENTIAL|SIGNATURE|DSN", re.IGNORECASE)
_AWS_KEY = re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b")
_USER = re.compile(r"://[^/\s'\"]*@")
_QUERY = re.compile(r"(://[^\s'\"?]*)\?[^\s'\"]*")
_LONGEST = 300


def without_secrets(text: str, target: str) -> str:
    """What a store or hook said, in one line: without users and passwords of addresses, what stands
    behind their `?`, AWS keys, and what the target or the environment has of this."""
    text = " ".join(text.split())
    for secret in sorted(_secrets(target), key=len, reverse=True):
        text = text.replace(secret, "***")
    text = _QUERY.sub(r"\1", _USER.sub("://", text))
    text = _AWS_KEY.sub("***", text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _secrets(target: str) -> set[str]:
    found = {v for k, v in os.environ.items() if _SECRET_NAME.search(k) and len(v) >= 8}
    try:
        parts = urlsplit(target)
    except ValueError:
        return found
    user = parts.netloc.rpartition("@")[0]
    own = {user, *user.split(":"), parts.query}
    own |= {one.partition("=")[2] for one in parts.query.split("&")}
    own |= {unquote(one) for one in own}
    if parts.scheme in ("http", "https"):  # of a hook the path is its password
        own |= {parts.path, *parts.path.split("/")}
    return found | {one for one in own if len(one) >= 4}


def webhook(parcel: Parcel) -> dict[str, Any]:
    """The figures of the tiles for programs: numbers as they are, and as text."""
    figures, formats = parcel.figures, formats_for(parcel.figures)
    return {
        "report": figures.report,
        "title": figures.title,
        "period": _stretch(figures.period),
        "compare": _stretch(figures.compare) if figures.compare else None,
        "notices": list(figures.notices),
        "as_of": figures.as_of.isoformat(),
        "data_as_of": figures.data_as_of.isoformat() if figures.data_as_of else None,
        "for_each": list(figures.each) if figures.each else None,
        "filters": list(figures.filters),
        "metrics": {
            name: {
                "label": kpi.column.label,
                "value": float(kpi.value) if isinstance(kpi.value, (int, float)) else None,
                "text": of_kpi(kpi, "text", formats),
                "change": kpi.change,
                "goal": kpi.goal.target if kpi.goal else None,
                "state": kpi.goal.state if kpi.goal else None,
            }
            for name, kpi in kpis(figures).items()
        },
        "files": dict(parcel.links),
    }


def _stretch(period: PeriodFigures) -> dict[str, str]:
    return {
        "label": period.label,
        "start": period.start.isoformat(),
        "end": period.end.isoformat(),
    }


def slack(parcel: Parcel) -> dict[str, Any]:
    """A message in Slack's blocks: a heading, the tiles two by two, links."""
    figures, formats = parcel.figures, formats_for(parcel.figures)
    fields = []
    for kpi in list(kpis(figures).values())[:10]:
        said = f"*{_slack(kpi.column.label)}*\n{_slack(of_kpi(kpi, 'text', formats))}"
        if kpi.change is not None:
            said += f" ({_slack(of_kpi(kpi, 'change', formats))})"
        if kpi.goal is not None:
            said += f"\n{_slack(of_kpi(kpi, 'state', formats))}"
        fields.append({"type": "mrkdwn", "text": said[:2000]})
    heading = one_line(f"{figures.title} · {figures.period.label}")
    blocks: list[dict[str, Any]] = [{"type": "header", "text": {"type": "plain_text", "text": heading[:150]}}]
    for text in figures.notices:
        context = {"type": "mrkdwn", "text": _slack(text)[:2000]}
        blocks.append({"type": "context", "elements": [context]})
    if figures.filters:
        context = {"type": "mrkdwn", "text": _slack("; ".join(figures.filters))[:2000]}
        blocks.append({"type": "context", "elements": [context]})
    if fields:
        blocks.append({"type": "section", "fields": fields})
    if parcel.links:
        said = " · ".join(f"<{url}|{_slack(name)}>" for name, url in parcel.links)
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": said[:3000]}})
    return {"text": _slack(heading)[:300], "blocks": blocks}


def _slack(text: str) -> str:
    """Text as text: Slack makes mentions and links of what stands between < and >."""
    text = harmless(text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\u00a0", " ")
