"""The systems that a project lists as holding customer data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from reportspec.model.settings import A_YEAR, System
from reportspec.resolve.document import Document


def systems_of(document: Document, listed: Any) -> tuple[System, ...]:
    """The systems that stand under `systems`; days that are none and names that are there twice are told."""
    found: dict[str, System] = {}
    for index, data in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(data, Mapping) or not isinstance(data.get("system"), str):
            continue  # the schema has said so
        name = data["system"]
        if name.casefold() in found:
            what = f"the system `{name[:60]}` is listed already"
            document.tell("bad-value", what, ("systems", index, "system"), "say all of it in one place")
            continue
        found[name.casefold()] = System(
            name=name,
            holds=tuple(map(str, data.get("holds", ()))),
            owner=str(data.get("owner", "")),
            access=tuple(map(str, data.get("access", ()))),
            reviewed=_day(document, data, index, "reviewed"),
            review_every=int(data.get("review_every", A_YEAR)),
            trained=_day(document, data, index, "trained"),
            train_every=int(data.get("train_every", A_YEAR)),
        )
    return tuple(found.values())


def _day(document: Document, data: Mapping[str, Any], index: int, key: str) -> date | None:
    value = data.get(key)
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        document.tell("bad-date", f"`{str(value)[:40]}` is no day", ("systems", index, key), "write `2026-06-30`")
        return None
