"""`when` of `deliver`: the condition on which a report is sent, and whether it can hold at all."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import ceil, floor
from typing import Any

from reportspec.catalogue.library import UnknownMetric, reference
from reportspec.diagnostics import suggestion
from reportspec.lazy_pattern import lazy_pattern
from reportspec.model.domain import Catalogue, Metric
from reportspec.model.mail import Condition
from reportspec.model.spec import SectionSpec
from reportspec.resolve.document import Document, Place
from reportspec.sections.kpis import KpisSection

SIGNS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "!=": operator.ne,
}
WORDS = ("always", "goal_missed", "goal_at_risk", "not_empty", "changed")
_COMPARISON = lazy_pattern(
    r"\s*([A-Za-z_][\w.()=, ]*?)\s*(<=|>=|!=|<>|<|>|==|=)\s*(-?\d{1,18}(?:\.\d{1,18})?)\s*(%?)\s*"
)
_RUNNING = lazy_pattern(r"today|this_\w+|\w+_to_date")  # periods that are never over
_PLACE: Place = ("deliver", "when")
Comparison = tuple[str, str, float]  # a metric, a sign, a number


def condition_of(
    document: Document, data: Mapping[str, Any], sections: Sequence[SectionSpec], catalogue: Catalogue
) -> Condition:
    """The condition that a spec names; `always` where it is wrong, with the mistake told."""
    when = str(data["deliver"].get("when") or "always")
    if when in WORDS:
        if when.startswith("goal_") and not document.broken:  # goals that are wrong are none yet
            _check_goals(document, data, sections, when)
        return Condition(when)  # type: ignore[arg-type]
    if not any(sign in when for sign in "<>="):
        document.tell(
            "bad-condition",
            f"`{when[:60]}` is no condition",
            _PLACE,
            suggestion(when, WORDS) or f"there are {', '.join(WORDS)}, and comparisons such as `close_rate < 0.3`",
        )
        return Condition("always")
    first, *more = re.split(r"\s+(and|or)\s+", when, flags=re.IGNORECASE)
    joiners = {joiner.lower() for joiner in more[::2]}
    if len(joiners) > 1:
        help = "send the report by two specs"
        document.tell("bad-condition", "`and` and `or` cannot be mixed", _PLACE, help)
        return Condition("always")
    tiles = tiles_of(sections)
    found = [_comparison(document, data, part.strip(), tiles, sections) for part in (first, *more[1::2])]
    comparisons = tuple(comparison for comparison in found if comparison is not None)
    every = "or" not in joiners
    if len(comparisons) == len(found):
        _check_holds(document, comparisons, every, tiles, catalogue)
    return Condition("compare", comparisons, every)


def tiles_of(sections: Iterable[SectionSpec]) -> dict[str, Metric]:
    """The metrics that a report shows in tiles, by their ids."""
    return {metric.id: metric for section in sections if isinstance(section, KpisSection) for metric in section.metrics}


def told_apart(document: Document, sections: Iterable[SectionSpec], name: str, place: Place, part: str = "") -> None:
    """Tell of a metric's name that stands for several figures: of tiles in sections whose `where` differs, of which
    none is the report's own."""
    tiles = [one for one in sections if isinstance(one, KpisSection) and any(tile.id == name for tile in one.metrics)]
    if len({one.conditions for one in tiles}) < 2 or not all(one.conditions for one in tiles):
        return
    whose = " and ".join(f"`{one.id}`" for one in tiles)
    document.tell(
        "ambiguous-figure",
        f"`{name[:60]}` has several tiles, each of a part of the report's rows, so that it is not known which is meant",
        place,
        f"the sections {whose} have a `where` each: keep the metric in one of them, or add it to a section `kpis`"
        " without `where`, whose tile is the report's figure",
        part=part,
    )


def lost_with_others(document: Document, data: Mapping[str, Any], tiles: Iterable[str], name: str) -> bool:
    """Whether a metric lacks its tile because something else is wrong, which is told: its section was not made."""
    if not document.broken:
        return False
    sections = [one for one in data.get("sections") or () if isinstance(one, dict)]
    lists = [data.get("metrics"), *(one.get("kpis") for one in sections)]
    written = {_id(str(one)) for listed in lists if isinstance(listed, list) for one in listed}
    return name in written or not any(True for _ in tiles)


def _comparison(
    document: Document,
    data: Mapping[str, Any],
    part: str,
    tiles: Mapping[str, Metric],
    sections: Sequence[SectionSpec],
) -> Comparison | None:
    match = _COMPARISON.fullmatch(part)
    if match is None:
        if part in WORDS:
            message, help = f"`{part}` stands alone", "write it without `and` and `or`"
        else:
            message, help = (
                f"`{part[:60]}` is no comparison",
                "write for example `close_rate < 0.3`",
            )
        document.tell("bad-condition", message, _PLACE, help)
        return None
    name, sign = _id(match[1]), {"==": "=", "<>": "!="}.get(match[2], match[2])
    if name not in tiles:
        if lost_with_others(document, data, tiles, name):
            return None
        document.tell(
            "unknown-metric",
            f"`{name[:60]}` is in no tile of this report",
            _PLACE,
            suggestion(name, tiles) or "add it to `metrics`, or to a section `kpis`",
        )
        return None
    told_apart(document, sections, name, _PLACE)
    number = float(match[3]) / (100 if match[4] else 1)
    if tiles[name].unit == "percent" and abs(number) > 1.5 and not match[4]:
        document.tell(
            "suspicious-condition",
            f"`{name}` is a fraction: {match[3]} means {number * 100:,.0f} %",
            _PLACE,
            f"write `{name} {sign} {match[3]}%`",
            warning=True,
        )
    return name, sign, number


# --- conditions that cannot hold ------------------------------------------------------------------


def _check_goals(document: Document, data: Mapping[str, Any], sections: Sequence[SectionSpec], word: str) -> None:
    """A goal is judged in its metric's tile, or in the section of a goal by a dimension."""
    goals = data.get("goals") or {}
    judged = any(section.judged for section in sections)
    tiles = tiles_of(section for section in sections if not section.conditions)
    if not goals:
        message = f"`{word}` never holds, since the report has no goals: it would never be sent"
        help = "add for example `goals: {close_rate: 0.35}`"
    elif not judged and not {_id(name) for name in goals} & set(tiles):
        message = f"`{word}` never holds, since no goal is of a tile: the report would never be sent"
        help = "add a metric that has a goal to `metrics`, or to a section `kpis`"
    elif word == "goal_missed" and _RUNNING.fullmatch(str(data.get("period"))):
        message = f"`goal_missed` never holds of `{data['period']}`: nothing is missed while its period runs"
        help = "write `goal_at_risk`, or take a period that is over, such as `last_month`"
    else:
        return
    document.tell("never-sent", message, _PLACE, help, warning=True)


def _id(name: str) -> str:
    """A metric's reference in its normal form, if it is one."""
    try:
        return reference(name).id
    except UnknownMetric:
        return name


def _check_holds(
    document: Document,
    comparisons: Sequence[Comparison],
    every: bool,
    tiles: Mapping[str, Metric],
    catalogue: Catalogue,
) -> None:
    """Warn of comparisons that no figure satisfies; of those that are joined by `or` each is asked
    for itself."""
    groups = [
        [comparison for comparison in comparisons if comparison[0] == name]
        for name in dict.fromkeys(c[0] for c in comparisons)
    ]
    for group in groups if every else [[comparison] for comparison in comparisons]:
        metric = tiles[group[0][0]]
        if _can_hold([comparison[1:] for comparison in group], _whole(metric), _positive(catalogue, metric)):
            continue
        listed = " and ".join(f"{name} {sign} {number:g}" for name, sign, number in group)
        why = f": `{metric.id}` is {'a count' if _whole(metric) else 'never below 0'}"
        end = ", so the report would never be sent" if every or len(comparisons) == 1 else ""
        document.tell(
            "never-sent",
            f"`{listed}` never holds{why if len(group) == 1 else ''}{end}",
            _PLACE,
            "look at the signs and the numbers",
            warning=True,
        )


def _can_hold(bounds: Sequence[tuple[str, float]], whole: bool, positive: bool) -> bool:
    """Whether a number satisfies all bounds. What is between two neighbouring bounds is all alike, so
    that a number of each stretch is enough."""
    edges = sorted({number for _, number in bounds} | ({0.0} if positive else set()))
    between = {(low + high) / 2 for low, high in pairwise(edges)}
    far = 1 + max(map(abs, edges))  # of numbers to which adding 1 changes nothing
    beyond = {edges[0] - far, edges[-1] + far}
    if whole:
        near = {float(at + step) for edge in edges for at in (floor(edge), ceil(edge)) for step in (-1, 0, 1)}
        near |= {float(floor(number)) for number in between | beyond}
    else:
        near = {*edges, *between, *beyond}
    return any(
        all(SIGNS[sign](value, number) for sign, number in bounds) for value in near if value >= 0 or not positive
    )


def _whole(metric: Metric) -> bool:
    return metric.kind == "aggregate" and metric.aggregate in ("count", "count_distinct")


def _positive(catalogue: Catalogue, metric: Metric) -> bool:
    """Whether a metric counts, or divides what was counted: then it is not below zero."""
    names = {"ratio": (metric.numerator, metric.denominator), "share": (metric.base,)}
    parts = [catalogue.metrics[name] for name in names.get(metric.kind, ())]
    return _whole(metric) or (bool(parts) and all(map(_whole, parts)))
