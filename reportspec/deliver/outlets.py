"""Ways out beside mail: a folder, a store of fsspec's, a webhook, Slack. One interface: take a parcel."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from reportspec.check.model import Outlet
from reportspec.deliver.words import kpis, of_kpi
from reportspec.figures import Figures
from reportspec.files import write_whole
from reportspec.render.locale import formats_for

TIMEOUT = 30  # seconds for an answer of a webhook


class OutletError(Exception):
    """A parcel was not taken; `temporary` says whether another try may do. No secret is in it."""

    def __init__(self, message: str, *, temporary: bool = True) -> None:
        super().__init__(message)
        self.message, self.temporary = message, temporary


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


def way(outlet: Outlet, root: Path) -> Way:
    """The way out that an outlet of the project means."""
    match outlet.kind:
        case "folder":
            return _Folder(outlet, root)
        case "store":
            return _Store(outlet)
        case "slack":
            return _Message(outlet, slack)
        case _:
            return _Message(outlet, webhook)


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
        folder = self.root / filled(self.outlet.target, parcel.names)
        try:
            for name, data in parcel.files:
                write_whole(folder / name, data)
        except OSError as error:
            raise OutletError(
                f"`{folder}` cannot be written: {(error.strerror or str(error)).lower()}"
            ) from None
        return str(folder)


@dataclass(frozen=True, slots=True)
class _Store:
    outlet: Outlet

    def take(self, parcel: Parcel) -> str:
        try:
            import fsspec  # type: ignore[import-untyped,unused-ignore]
        except ImportError:
            raise OutletError(
                'the store needs fsspec: pip install "reportspec[store]"', temporary=False
            ) from None
        place = filled(self.outlet.target, parcel.names).rstrip("/")
        try:
            for name, data in parcel.files:
                with fsspec.open(f"{place}/{name}", "wb") as file:
                    file.write(data)
        except ImportError as error:
            raise OutletError(
                f"the store `{self.outlet.name}` needs another package: {error}", temporary=False
            ) from None
        except Exception as error:  # what file systems raise is their own
            raise OutletError(
                f"the store `{self.outlet.name}` did not take it: {type(error).__name__}"
            ) from None
        return place.partition("?")[0].rpartition("@")[2]


class _Still(HTTPRedirectHandler):
    """Follows nothing: a hook that leads elsewhere would take the figures there."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class _Message:
    outlet: Outlet
    write: Any

    def take(self, parcel: Parcel) -> str:
        data = json.dumps(self.write(parcel), ensure_ascii=False).encode()
        request = Request(
            self.outlet.target, data, {"Content-Type": "application/json; charset=utf-8"}
        )
        name = f"the {self.outlet.kind} `{self.outlet.name}`"
        try:
            with build_opener(_Still).open(request, timeout=TIMEOUT) as answer:
                return f"{answer.status}"
        except HTTPError as error:
            later = error.code == 429 or error.code >= 500
            raise OutletError(f"{name} answered {error.code}", temporary=later) from None
        except (URLError, OSError, ValueError) as error:
            why = getattr(error, "reason", error)
            said = getattr(why, "strerror", None) or type(why).__name__
            raise OutletError(f"{name} cannot be reached: {str(said).lower()}") from None


def webhook(parcel: Parcel) -> dict[str, Any]:
    """The figures of the tiles for programs: numbers as they are, and as text."""
    figures, formats = parcel.figures, formats_for(parcel.figures)
    return {
        "report": figures.report,
        "title": figures.title,
        "period": {
            "label": figures.period.label,
            "start": figures.period.start.isoformat(),
            "end": figures.period.end.isoformat(),
        },
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
    heading = f"{figures.title} · {figures.period.label}"
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": heading[:150]}}
    ]
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
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\u00a0", " ")
    )
