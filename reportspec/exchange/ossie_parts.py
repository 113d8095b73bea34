"""What all parts of a file of Ossie have: expressions by dialect, extensions, words for agents."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from reportspec.exchange.foreign import Foreign, Part
from reportspec.exchange.fragments import ANSI

VENDOR = "REPORTSPEC"  # whose extensions are our own
SHARED_VENDOR = "COMMON"  # in version 0.1.1, which has a closed list of vendors
BY = {"by": "reportspec"}  # in the data of our own extensions
_DIALECTS = {"ANSI_SQL": ANSI, "SNOWFLAKE": "snowflake", "DATABRICKS": "databricks", "BIGQUERY": "bigquery"}
NAMES = {"snowflake": "SNOWFLAKE", "databricks": "DATABRICKS", "bigquery": "BIGQUERY"}  # the other way round


def chosen(part: Part, dialect: str) -> tuple[str, str]:
    """The expression of a field or a metric that is read, and its dialect: the source's own, else the standard's, else
    the first that is SQL. Empty where there is none."""
    given: dict[str, str] = {}
    expression = part.part("expression")
    for each in expression.parts("dialects") if expression is not None else ():
        named = _DIALECTS.get(each.text("dialect") or "ANSI_SQL")
        if named is not None and each.text("expression"):
            given.setdefault(named, each.text("expression"))
    for wanted in (dialect, ANSI, *given):
        if wanted in given:
            return given[wanted], wanted
    return "", ""


def own_extension(part: Part) -> dict[str, Any]:
    """What an extension of our own says; empty where there is none."""
    return next((said for each in part.parts("custom_extensions") if (said := _ours(each))), {})


def _ours(extension: Part) -> dict[str, Any]:
    """What one extension says, if it is our own."""
    if extension.text("vendor_name") not in (VENDOR, SHARED_VENDOR):
        return {}
    try:
        data = json.loads(extension.text("data"))
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) and data.get("by") == BY["by"] else {}


def other_keys(foreign: Foreign, what: str, part: Part, known: Iterable[str]) -> None:
    """Tell of what says nothing here: others' extensions, orders to AI, keys that are not known."""
    for each in part.parts("custom_extensions"):
        vendor = each.text("vendor_name")
        if not _ours(each):
            foreign.note(what, f"the extension of {vendor[:40]} is not kept", each.node.span)
    context = part.data("ai_context")
    if isinstance(context, str) or (isinstance(context, dict) and set(context) - {"synonyms"}):
        foreign.note(what, "what `ai_context` tells agents is not kept, but for synonyms", part.at("ai_context"))
    for entry in part.node.entries:
        if entry.key.text not in known and part.has(entry.key.text):
            foreign.note(what, f"its `{entry.key.text[:40]}` says nothing here", entry.key.span)
