"""Figures on CRMs drawn at random against an oracle in plain Python, which shares nothing with the
program but the texts of the catalogue.

Slow: every CRM that is drawn is answered twice, by SQL and by the oracle."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from reportspec.catalogue.load import packaged
from reportspec.errors import Broken
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.model.domain import Catalogue
from reportspec.model.domain import Metric as CatalogueMetric
from reportspec.model.figures import Figures, Section
from reportspec.resolve.binding import metrics_needed
from reportspec.resolve.emptiness import made_of
from tests.conftest import Draw
from tests.figures.asking import figures
from tests.random_crms.crm import Crm, drawn, frozen, midnight, months_on, written
from tests.random_crms.oracle import (
    BREAKDOWNS,
    DIMENSIONS,
    FILTERS,
    METRICS,
    OF_DEALS,
    OF_ONE_DATE,
    STOCKS,
    Metric,
    Number,
    Period,
    World,
    at_own_end,
    counted,
    figure,
    groups,
    period_of,
    steps,
)

LATER = datetime(2025, 1, 1)


@dataclass(frozen=True)
class Answer:
    """One figure: what was asked, what the program says, what is right."""

    question: str
    metric: str
    said: Any
    right: Number

    @property
    def agree(self) -> bool:
        """Equal but for the order in which numbers are added up."""
        if self.said is None or self.right is None:
            return self.said is self.right
        return bool(self.said == pytest.approx(self.right, rel=1e-9, abs=1e-9))


def asked(crm: Crm, folder: Path, now: datetime, as_of: datetime | None = None, **spec: Any) -> Figures:
    spec = {"report": "custom", "period": crm.period, **spec}
    if as_of is not None:
        spec["as_of"] = as_of.strftime("%Y-%m-%dT%H:%M:%SZ")
    return figures(folder, spec, now.replace(tzinfo=UTC))


def chosen(seed: int) -> frozenset[str]:
    """An eighth of the metrics, another one for each CRM: statements of all would take too long."""
    return frozenset(Random(seed).sample(sorted(METRICS), len(METRICS) // 8))


def names(crm: Crm, wanted: Any) -> list[str]:
    """Those of the metrics that are asked of this CRM."""
    mine = chosen(crm.seed)
    asked_of_it = mine - crm.refused - (frozenset(OF_DEALS) if crm.orders else frozenset())
    return [name for name in wanted if name in asked_of_it]


def over_time() -> list[str]:
    return [name for name in METRICS if name not in OF_ONE_DATE]


def section(found: Figures, key: str) -> Section:
    return next(s for s in found.sections if s.id == key)


def cells(part: Section, metrics: list[str], row: tuple[Any, ...], side: str = "") -> dict[str, Any]:
    by_column = {c.name: value for c, value in zip(part.columns, row, strict=True)}
    return {name: by_column[f"{name}{side}"] for name in metrics}


def tiles(
    found: Figures,
    crm: Crm,
    p: Period,
    question: str,
    wanted: Any,
    pick: Any = None,
    side: str = "",
) -> Iterator[Answer]:
    part = section(found, "tiles")
    metrics = names(crm, wanted)
    for name, said in cells(part, metrics, part.rows[0], side).items():
        yield Answer(
            question,
            name,
            said,
            figure(METRICS[name], p, pick) if pick else figure(METRICS[name], p),
        )


def months(found: Figures, crm: Crm, p: Period, question: str) -> Iterator[Answer]:
    part = section(found, "months")
    metrics = names(crm, over_time())
    for step, row in zip(steps(p), part.rows, strict=True):
        if step.start >= p.w.at:
            continue  # not begun
        own = at_own_end(step)
        for name, said in cells(part, metrics, row).items():
            right = figure(METRICS[name], own if name in STOCKS else step)
            yield Answer(f"{question}, {step.first:%Y-%m}", name, said, right)


def broken_down(found: Figures, crm: Crm, p: Period, question: str) -> Iterator[Answer]:
    for by, wanted in BREAKDOWNS.items():
        metrics = names(crm, wanted)
        if not metrics or (crm.orders and by.startswith(("deal.", "stage."))):
            continue
        part = section(found, by.replace(".", "_"))
        place = next(i for i, c in enumerate(part.columns) if c.role == "dimension")
        rows = {row[place]: cells(part, metrics, row) for row in part.rows}
        of = DIMENSIONS[by]
        for name in metrics:
            for value in groups(METRICS[name], p, of) | set(rows):
                right = figure(METRICS[name], p, lambda w, f: of(w, f) == value)  # noqa: B023
                said = rows[value][name] if value in rows else "no row"
                if said == "no row" and value not in counted(METRICS[name], p, of):
                    continue
                yield Answer(f"{question}, {by} {value}", name, said, right)


def sections(crm: Crm) -> list[dict[str, Any]]:
    metrics = names(crm, METRICS)
    found: list[dict[str, Any]] = [
        {"id": "tiles", "kpis": metrics},
        {
            "id": "months",
            "trend": {"metrics": names(crm, over_time()), "grain": "month", "chart": "none"},
        },
    ]
    for by, wanted in BREAKDOWNS.items():
        if own := names(crm, wanted):
            if not (crm.orders and by.startswith(("deal.", "stage."))):
                found.append(
                    {
                        "id": by.replace(".", "_"),
                        "breakdown": {"metrics": own, "by": [by], "chart": "none"},
                    }
                )
    return found


def previous(crm: Crm, p: Period) -> Period:
    length = (p.after.year - p.first.year) * 12 + p.after.month - p.first.month
    return Period(World(crm, p.start), months_on(p.first, -length), p.first)


def whole(crm: Crm, folder: Path) -> Iterator[Answer]:
    """Totals, months and breakdowns of a period that is over, and the period before it."""
    found = asked(crm, folder, LATER, compare="previous_period", sections=sections(crm))
    p = period_of(crm, crm.period)
    yield from tiles(found, crm, p, "total", METRICS)
    yield from months(found, crm, p, "month")
    yield from broken_down(found, crm, p, "by")
    yield from tiles(found, crm, previous(crm, p), "previous period", METRICS, side="__previous")


def merged(name: str) -> bool:
    """Whether the rows of a metric tell of several of them together."""
    catalogue = packaged()
    return all(
        part.aggregate not in ("count_distinct", "median", "percentile")
        for part in metrics_needed(catalogue, catalogue.metrics[name])
    )


def cut(crm: Crm, folder: Path) -> Iterator[Answer]:
    """The first rows of a breakdown by one metric alone, the others together and the total, in the
    period and the one before: each is the figure of its own rows, those of the others all the rest."""
    wanted = {
        f"s{place}": (name, by)
        for place, (by, name) in enumerate(
            (by, name)
            for by, own in BREAKDOWNS.items()
            for name in names(crm, own)
            if not (crm.orders and by.startswith(("deal.", "stage.")))
        )
    }
    parts = [
        {"id": key, "breakdown": {"metrics": [name], "by": [by], "sort": f"-{name}", "top": 2, "others": True}}
        for key, (name, by) in wanted.items()
    ]
    found = asked(crm, folder, LATER, compare="previous_period", sections=parts)
    p = period_of(crm, crm.period)
    length = (p.after.year - p.first.year) * 12 + p.after.month - p.first.month
    before = Period(World(crm, p.start), months_on(p.first, -length), p.first)
    for key, (name, by) in wanted.items():
        part, of, metric = section(found, key), DIMENSIONS[by], METRICS[name]
        kept = part.rows[:-1] if part.others else part.rows
        first_rows = [row for row in kept if row[0] is not None]  # what has no name is there besides, behind them
        assert len(first_rows) <= (2 if part.others else 3)  # a single one left is named
        assert kept[: len(first_rows)] == tuple(first_rows)
        shown = [row[0] for row in kept]
        there = counted(metric, p, of) | counted(metric, before, of)
        question = f"first of {by}"
        if not part.others:
            yield Answer(f"{question}, groups", name, len(there - set(shown)), 0)
        rows = [
            (value, row, lambda w, f, value=value: of(w, f) == value)  # noqa: B023
            for value, row in zip(shown, kept, strict=True)
        ]
        if part.others:
            assert part.available_rows == len(part.rows)
            first = first_rows[1][1]
            ordered = all(
                first is not None and first >= each - 1e-9
                for value in there - set(shown)
                if (each := figure(metric, p, lambda w, f: of(w, f) == value)) is not None  # noqa: B023
            )
            yield Answer(f"{question}, in order", name, ordered, True)
            if merged(name):
                rows.append(("others", part.rows[-1], lambda w, f: of(w, f) not in shown))  # noqa: B023
            else:
                assert part.rows[-1][1:] == (None, None)
        if part.total is not None:
            rows.append(("total", part.total, lambda w, f: True))
        for value, row, pick in rows:
            for when, place, side in (("", 1, p), (" before", 2, before)):
                right = figure(metric, side, pick)
                if value == "others" and right is None and isinstance(metric, Metric) and metric.how == "sum":
                    # As in a total, what has no amount is left out beside others that have none to leave out.
                    each = [figure(metric, side, lambda w, f: of(w, f) == one) for one in there - set(shown)]  # noqa: B023
                    right = 0 if any(one is not None for one in each) else None
                yield Answer(f"{question}, {value}{when}", name, row[place], right)


def filtered(crm: Crm, folder: Path) -> Iterator[Answer]:
    for by, wanted in FILTERS.items():
        of = DIMENSIONS[by]
        value = "North" if by == "user.team" else "EMEA"
        metrics = names(crm, dict.fromkeys(wanted))
        if not metrics:
            continue
        parts = [{"id": "tiles", "kpis": metrics}]
        found = asked(crm, folder, LATER, filters=[{"field": by, "eq": value}], sections=parts)
        p = period_of(crm, crm.period)
        yield from tiles(found, crm, p, f"{by} = {value}", metrics, lambda w, f: of(w, f) == value)  # noqa: B023


def unfinished(crm: Crm, folder: Path) -> Iterator[Answer]:
    """The period still runs."""
    found = asked(crm, folder, crm.now, sections=sections(crm)[:2])
    p = period_of(crm, crm.period, now=crm.now)
    yield from tiles(found, crm, p, f"now {crm.now}", METRICS)
    yield from months(found, crm, p, f"now {crm.now}, month")


def past(crm: Crm, folder: Path) -> Iterator[Answer]:
    """As of a past instant: what the report said then, on the data as they were."""
    parts = sections(crm)[:1]
    found = asked(crm, folder, LATER, crm.past, sections=parts)
    was = frozen(crm, crm.past)
    then = asked(was, written(was, folder / "frozen"), crm.past, crm.past, sections=parts)
    p = period_of(crm, crm.period, crm.past)
    yield from tiles(found, crm, p, f"as of {crm.past}", METRICS)
    yield from tiles(then, was, period_of(was, crm.period, crm.past, crm.past), f"frozen at {crm.past}", METRICS)


QUESTIONS: dict[str, Callable[[Crm, Path], Iterator[Answer]]] = {
    "whole": whole,
    "cut": cut,
    "filtered": filtered,
    "unfinished": unfinished,
    "past": past,
}


def answered(question: str, crm: Crm, folder: Path) -> list[Answer]:
    """All answers to a question, without metrics that are refused since a table of theirs has no rows: which have none,
    the CRM itself says."""
    while True:
        try:
            return list(QUESTIONS[question](crm, folder))
        except Broken as why:
            told = [re.findall("`([a-z0-9_.]+)`", one.message) for one in why.diagnostics]
            for names_of_it in told:
                assert any(not rows[names_of_it[-1]] for rows in (crm.rows, frozen(crm, crm.past).rows))
            refused = frozenset(names_of_it[0] for names_of_it in told)
            assert not refused <= crm.refused
            crm = replace(crm, refused=crm.refused | refused)


def begins_after(crm: Crm, name: str) -> bool:
    """Whether some times of the tables that a metric is made of begin only within the period compared with, or later: a
    part of it is not compared. A time says so by itself: deals may be older than all that is known of their closings."""
    catalogue, start = packaged(), previous(crm, period_of(crm, crm.period)).start
    tables = {
        table
        for part in metrics_needed(catalogue, catalogue.metrics[name])
        for timed in _timed_by(catalogue, part)
        for table in made_of(catalogue, timed)
    }
    times: dict[tuple[str, str], list[datetime]] = {}
    for table in tables:
        for row in crm.rows.get(table, ()):
            for field, value in row.items():
                if isinstance(value, date):  # a datetime is one
                    at = value if isinstance(value, datetime) else midnight(value)
                    times.setdefault((table, field), []).append(at)
    return any(min(found) >= start for found in times.values())


def _timed_by(catalogue: Catalogue, part: CatalogueMetric) -> set[str]:
    """The entities that a metric's rows are of, and those that its time leads to, or what its rows are made of."""
    found, derived = {part.entity}, catalogue.entities[part.entity].derived
    trees = [(part.entity, part.time)] if part.time is not None else []
    trees += [(derived.source, tree) for tree in derived.fields.values()] if derived is not None else []
    for at, tree in trees:
        for node in column_nodes(tree):
            entity = at
            for step in path_of(node)[1:-1]:
                entity = catalogue.entities[entity].relations[step].to
                found.add(entity)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS)
def test_random_crms(question: str, draw: Draw, tmp_path: Path) -> None:
    """By day of two CRMs, others for each question; by night of 300.

    Slow: each is asked for an eighth of the metrics, in each way."""
    wrong: list[str] = []
    compared = 0
    rounds = draw.rounds(2, 300)
    for number in range(rounds):
        seed = draw.seed + number + rounds * list(QUESTIONS).index(question)
        crm = drawn(seed)
        folder = written(crm, tmp_path / str(number))
        for answer in answered(question, crm, folder):
            compared += 1
            compares = answer.question.endswith(("before", "previous period"))
            if compares and answer.said is None and begins_after(crm, answer.metric):
                continue  # of what had not begun by then nothing is known
            if not answer.agree:
                wrong.append(
                    f"seed {seed}, {crm.period}, {answer.metric}, {answer.question}: {answer.said}, right is {answer.right}"
                )
    assert compared > 15 * rounds
    assert not wrong, "\n".join([f"{len(wrong)} of {compared} figures", *wrong[:40]])
