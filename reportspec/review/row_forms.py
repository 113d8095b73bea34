"""Why a record counts, printed: as text, Markdown, and JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from reportspec.measures.personal_texts import masked
from reportspec.review.explained_row import (
    PartOfFigure,
    RowExplanation,
    ToldCondition,
    ToldRow,
    ToldValue,
)

# What a condition is there for, as it stands before it.
_ASKS = {
    "population": "record",
    "mapping": "mapping",
    "there": "there",
    "from": "time",
    "until": "time",
    "metric": "metric",
    "report": "filter",
}
_LACKS = {
    "missing": "it is left out: it has no value of {fields}",
    "other_currency": "it is left out: there is no exchange rate for its currency at that time",
    "no_currency": "it is left out: it has no value of its amount's currency",
    "incomplete": "it is left out: it lacks what its amount is multiplied by",
}


def as_text(found: Sequence[RowExplanation], personal: bool = False) -> str:
    """The explanation for a terminal."""
    blocks = []
    for one in found:
        lines = [_verdict(one), f"  {_figures(one)}"]
        for part in one.parts:
            lines += ["", *_part_lines(one, part, personal)]
        blocks.append("\n".join(lines))
    return "\n\n\n".join(blocks)


def as_markdown(found: Sequence[RowExplanation], personal: bool = False) -> str:
    """The explanation for a document or a comment."""
    blocks = []
    for one in found:
        lines = [f"## {plain(_verdict(one))}", "", plain(_figures(one))]
        for part in one.parts:
            lines += ["", f"### {plain(_called(part))}"]
            for row in part.rows:
                lines += ["", f"**{plain(_named(part, row, personal) + _row_verdict(one, part, row))}**", ""]
                lines += [
                    f"- {_sign(c)} {_ASKS[c.asks]}: `{code(c.text)}`{plain(_has(c.values, personal))}"
                    for c in row.conditions
                ]
                lines += [f"- value: {plain(listed(row.values, personal))}"]
            lines += [f"\n{plain(line.strip())}" for line in _absent(part, personal)]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def as_json(found: Sequence[RowExplanation], personal: bool = False) -> str:
    """The explanation for programs: personal values are covered in it, too, unless they are asked for."""
    return json.dumps([_data(one, personal) for one in found], ensure_ascii=False, indent=2)


def _data(one: RowExplanation, personal: bool) -> dict[str, Any]:
    told: dict[str, Any] = bare(asdict(one), personal)
    return {**told, "counts": one.counts, "known": one.known}


def bare(value: Any, personal: bool) -> Any:
    """Data as JSON has it, personal values covered unless they are asked for."""
    if isinstance(value, dict):
        if value.keys() == {"field", "value", "type", "personal"}:
            told = ToldValue(**value)
            hidden = told.personal and not personal and told.value is not None
            return {"field": told.field, "value": masked(str(told.value)) if hidden else bare(told.value, personal)}
        return {key: bare(each, personal) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [bare(each, personal) for each in value]
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _verdict(one: RowExplanation) -> str:
    where = f" in {', '.join(one.sections)}" if one.sections else ""
    if not one.known:
        return f"{one.label} ({one.metric}){where}: there is no record with the key {one.key}"
    if any(part.found > 1 for part in one.parts):
        told = "; ".join(dict.fromkeys(_together(one, part) for part in one.parts))
        return f"{one.label} ({one.metric}){where}: of {one.key} {told}"
    return f"{one.label} ({one.metric}){where}: {one.key} {'counts' if one.counts else 'does not count'}"


def _figures(one: RowExplanation) -> str:
    start, end = one.period
    stretch = f"from {start} to before {end}, as of {one.as_of[:16].replace('T', ' ')}"
    text = f"the figure of all is {figure(one.figure, one.unit, one.currency)}"
    if one.counts:
        text += f", without it {figure(one.without, one.unit, one.currency)}"
    return f"{text}; {stretch}"


def _together(one: RowExplanation, part: PartOfFigure) -> str:
    """How many of some rows count, and what they come to."""
    rows = f"{part.counted:,} of {part.found:,} {'row' if part.found == 1 else 'rows'} of {part.entity}"
    told = f"{rows} {'counts' if part.counted == 1 else 'count'}"
    if not part.counted or part.together is None or part.together == part.counted:
        return told
    return f"{told}, with {figure(part.together, part.unit, one.currency)}"


def _called(part: PartOfFigure) -> str:
    return f"{part.label} ({part.metric}), rows of {part.entity} by {part.by}"


def _part_lines(one: RowExplanation, part: PartOfFigure, personal: bool) -> list[str]:
    lines = [f"  {_called(part)}"]
    for row in part.rows:
        lines.append(f"    {_named(part, row, personal)}{_row_verdict(one, part, row)}")
        texts = [f"      {_sign(c)} {_ASKS[c.asks]:<7} {c.text}" for c in row.conditions]
        width = max((len(text) for text in texts), default=0)
        for text, condition in zip(texts, row.conditions, strict=True):
            lines.append(f"{text:<{min(width, 76)}}{_has(condition.values, personal)}")
        lines.append(f"        value   {listed(row.values, personal)}")
    return lines + _absent(part, personal)


def _absent(part: PartOfFigure, personal: bool) -> list[str]:
    """What is said where there are more rows, or none."""
    if part.found > len(part.rows):
        more, counted = part.found - len(part.rows), part.counted - sum(row.counts for row in part.rows)
        which = f"{counted:,} of them count" if counted else "none of them counts"
        return [f"    … and {more:,} more rows of {part.by}; {which}"]
    if part.rows:
        return []
    if not part.left_out:
        return [f"    there is no {part.entity} with this value of {part.by}"]
    lines = []
    for left in part.left_out:
        lines.append(f"    it is no row of {part.entity}: what does not hold of the {left.entity} stands with ✗")
        lines += [f"      {_sign(c)} {_ASKS[c.asks]:<7} {c.text}{_has(c.values, personal)}" for c in left.conditions]
        if left.merged_into is not None:
            lines.append(f"      merged into {shown(left.merged_into, personal)}: what names it counts for that one")
    return lines


def _named(part: PartOfFigure, row: ToldRow, personal: bool) -> str:
    """The key of a row that was found by another field."""
    return f"{shown(row.key, personal)}: " if row.key is not None and row.key.field != part.by else ""


def _row_verdict(one: RowExplanation, part: PartOfFigure, row: ToldRow) -> str:
    if not row.counts:
        failed = sum(not condition.met for condition in row.conditions)
        if failed:
            return f"does not count: {failed} of {len(row.conditions)} conditions do not hold"
        fields = ", ".join(value.field for value in row.values[1:] if value.value is None) or "what is counted"
        return "; ".join(_LACKS[why].format(fields=fields) for why in row.lacks) or f"it has no value of {fields}"
    if row.adds is None or isinstance(row.adds, str):
        return "counts"
    if part.unit == "count" and row.adds == 1:
        return "counts, as 1"
    return f"counts, with {figure(row.adds, part.unit, one.currency)}"


def _sign(condition: ToldCondition) -> str:
    return "✓" if condition.met else "✗"


def _has(values: Iterable[ToldValue], personal: bool) -> str:
    told = listed(values, personal)
    return f"   {told}" if told else ""


def listed(values: Iterable[ToldValue], personal: bool) -> str:
    """Values with their fields, in a line."""
    return ", ".join(f"{value.field} = {shown(value, personal)}" for value in values)


def shown(told: ToldValue, personal: bool) -> str:
    """A value as people read it; a personal one covered unless it is asked for."""
    value = told.value
    if value is None:
        return "(none)"
    if told.personal and not personal:
        return masked(str(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, (int, float, Decimal)):
        return (
            f"{float(value):,.2f}" if told.type == "money" else f"{value:,}" if told.type == "integer" else f"{value:g}"
        )
    return str(value)


def figure(value: Any, unit: str, currency: str | None) -> str:
    """A figure with its unit, as a terminal shows it: a share as a percentage."""
    if value is None:
        return "none"
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if unit == "percent":
        text = f"{float(value) * 100:,.2f} %"
    elif unit == "currency":
        text = f"{float(value):,.2f} {currency or ''}".rstrip()
    else:
        lasts = unit not in ("count", "number", "ratio", "")
        decimals = 2 if lasts and abs(float(value)) >= 0.01 else 4  # seconds of a day are nothing to tell
        text = f"{float(value):,.{decimals}f}".rstrip("0").rstrip(".")
        text = f"{text} {unit}" if lasts else text
    return text.replace("-", "−")


def plain(text: str) -> str:
    """A text whose signs mean nothing in Markdown."""
    return _SIGNS.sub(r"\\\g<0>", text)


_SIGNS = re.compile(r"[\\`*\[\]<>|#]|(?<!\w)_|_(?!\w)")


def code(text: str) -> str:
    """A text that may stand between backticks."""
    return text.replace("`", "'")
