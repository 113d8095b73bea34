"""Which rows made a figure another one than it was at an instant, so far as the source tells: rows that came since,
that were deleted or merged, or that changed. What is told of the past is only what follows from the rows of today and
their history; what does not is said not to be known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from math import isclose
from typing import Any, Literal

from sqlglot import exp

from reportspec.calendar import instant
from reportspec.compile import statement_of
from reportspec.contract.survey import ask
from reportspec.expression.trees import conjuncts
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.arithmetic import metric_value, number
from reportspec.measures.asked import measures_of_rows
from reportspec.measures.metric_columns import all_lengths
from reportspec.model.column_ids import ColumnId
from reportspec.model.domain import Metric
from reportspec.model.query import AggregateQuery
from reportspec.model.spec import Report
from reportspec.resolve.binding import Binding, metrics_needed
from reportspec.review.explained_row import RowAsked, ToldValue, found_by, paths_of, told_value, values_of
from reportspec.sql.column_names import read
from reportspec.sql.counted_rows import Condition, Counting, conditions_asked, touched_rows_statement

How = Literal["came", "gone", "changed", "maybe"]
Number = float | int | None
KNOWN: tuple[How, ...] = ("came", "gone")  # what is taken back; of the others what they were then is not known
MOST_TOUCHED = 100_000  # rows that are looked at
_NAMES = ("name", "full_name", "title", "subject")


@dataclass(frozen=True, slots=True)
class MovedRow:
    """A row that was touched since: `came` (it was created since), `gone` (deleted or merged; all else of it holds),
    `changed` (it counts today; what it was then is not known), or `maybe` (it does not count today, and may have).
    `adds` is what it adds, or would add, today; `why` is what it has of that for which it does not count today; `when`
    it was last touched."""

    how: How
    part: str
    entity: str
    key: str
    name: ToldValue | None
    adds: Any
    why: tuple[ToldValue, ...]
    when: str


@dataclass(frozen=True, slots=True)
class Accounted:
    """How far rows account for a figure's change since it was printed. `then` is what the figure comes to without the
    rows that came and with those that went, `rest` what of the change that leaves (0 where it is all). `sure` is
    whether nothing of it is only likely: that a row which is deleted today counted then. `elsewhere` counts the rows
    that were touched and belong to another row of the table today. `unknown` says why nothing can be told."""

    rows: tuple[MovedRow, ...]
    printed: Number
    today: Number
    then: Number
    rest: Number
    unknown: str = ""
    sure: bool = False
    elsewhere: int = 0

    @property
    def open(self) -> bool:
        """Whether there are rows of which it is not known what they did to the change."""
        return bool(self.elsewhere) or any(row.how not in KNOWN for row in self.rows)

    @property
    def whole(self) -> bool:
        """Whether the rows account for all of it: they come to it, and nothing else may have changed it."""
        return self.rest == 0 and not self.open


@dataclass(frozen=True, slots=True)
class _Part:
    """An aggregate: what its measures come to today, and its touched rows with what each adds to them."""

    counting: Counting
    today: Mapping[ColumnId, Any]
    rows: tuple[tuple[MovedRow, Mapping[ColumnId, Any]], ...]
    elsewhere: int
    cut: bool


def accounted(
    report: Report,
    metric: Metric,
    own: tuple[exp.Expr, ...],
    printed: Number,
    since: datetime | None,
    of_row: tuple[exp.Expr, ...] = (),
) -> Accounted:
    """Which rows made a metric of a settled report another one than was printed, of rows that fulfil some sections'
    `own` conditions, too, and those `of_row` by which they belong to a row of a table. Raises SourceError."""
    binding = report.binding
    conditions = (*report.conditions, *own, *of_row)
    parts = [
        _part(report, Counting(measures_of_rows(binding, part), report.sides[0], conditions), of_row, since)
        for part in metrics_needed(binding.catalogue, metric)
    ]
    today = _value(report, metric, [part.today for part in parts])
    if since is None:
        return Accounted((), printed, today, None, None, "it is not known up to when the data of then went")
    lacking = [part.counting.entity for part in parts if not _times(binding, part.counting.entity)]
    if lacking:
        why = f"the source does not say when rows of `{lacking[0]}` were created or changed"
        return Accounted((), printed, today, None, None, why)
    if any(part.cut for part in parts):
        why = f"more than {MOST_TOUCHED:,} rows changed since"
        return Accounted((), printed, today, None, None, why)
    moved = tuple(row for part in parts for row, _ in part.rows)
    elsewhere = max(part.elsewhere for part in parts)
    if any(_fixed(part.counting) for part in parts):
        why = "a median, percentile, extreme or count of different values is no sum of what rows add"
        return Accounted(moved, printed, today, None, None, why, elsewhere=elsewhere)
    then = _value(report, metric, [_taken_back(part) for part in parts])
    rest = number(then - printed) if then is not None and printed is not None else None
    rest = 0 if (then is None and printed is None) or _same(then, printed) else rest
    sure = not any(row.how == "gone" for row in moved)
    return Accounted(moved, printed, today, then, rest, sure=sure, elsewhere=elsewhere)


def _same(one: Number, other: Number) -> bool:
    return one is not None and other is not None and isclose(one, other, rel_tol=1e-9, abs_tol=1e-6)


def _value(report: Report, metric: Metric, rows: Sequence[Mapping[ColumnId, Any]]) -> Number:
    row: dict[ColumnId, Any] = dict(all_lengths(report))
    for part in rows:
        row |= part
    return number(metric_value(report.binding.catalogue, metric, row, "current", row))


def _fixed(counting: Counting) -> bool:
    """Whether a measure is no sum of what rows add."""
    return any(measure.aggregate not in ("count", "sum") for measure in counting.measures)


def _taken_back(part: _Part) -> Mapping[ColumnId, Any]:
    """What the measures come to without the rows that came, and with those that went."""
    then = dict(part.today)
    for row, added in part.rows:
        if row.how not in KNOWN:
            continue
        sign = -1 if row.how == "came" else 1
        for column, value in added.items():
            if value is not None:
                then[column] = (then.get(column) or 0) + sign * _like(then.get(column), value)
    return then


def _like(kept: Any, value: Any) -> Any:
    """A number as one that it can be added to."""
    if isinstance(kept, float):
        return float(value)
    return Decimal(str(value)) if isinstance(kept, Decimal) and isinstance(value, float) else value


def _part(report: Report, counting: Counting, of_row: tuple[exp.Expr, ...], since: datetime | None) -> _Part:
    binding = report.binding
    query = AggregateQuery("rows", "figures", (), counting.measures, (counting.side,), counting.conditions)
    trees = [statement_of(report, query)]
    times = _times(binding, counting.entity)
    shown: tuple[tuple[str, ...], ...] = ()
    if since is not None and times:
        conditions = conditions_asked(binding, counting)
        shown = _shown(binding, counting, conditions)
        trees.append(touched_rows_statement(binding, counting, shown, times, since, MOST_TOUCHED + 1))
    today, *touched = ask(report, trees)
    rows: list[tuple[MovedRow, Mapping[ColumnId, Any]]] = []
    elsewhere = 0
    conditions = conditions_asked(binding, counting)
    others = {at for at, one in enumerate(conditions) if any(one.tree is tree for tree in of_row)}
    for row in touched[0].dicts() if touched else ():
        found = _moved(report, counting, shown, times, since, row) if since is not None else None
        # A row of another team today need not ever have been one of this.
        if found is not None and any(not row[f"c{at}"] for at in others):
            elsewhere += 1
        elif found is not None:
            rows.append(found)
    cut = bool(touched) and len(touched[0].rows) > MOST_TOUCHED
    return _Part(counting, read(query, today)[0], tuple(rows), elsewhere, cut)


def _times(binding: Binding, entity: str) -> tuple[tuple[str, ...], ...]:
    """The times of an entity's rows that tell of something that happened, as the records have them today; the time of
    creation first."""
    known = binding.entity(entity)
    record = next((one.name for one in known.relations.values() if one.today and one.to == entity), None)
    if known.derived is not None:
        return _of_source(binding, entity)
    names = [known.exists_from] if known.exists_from else []
    names += [one.name for one in binding.fields(entity) if one.type in ("time", "date") and one.change and not one.due]
    given = [name for name in dict.fromkeys(names) if name and binding.mapped(entity, name) is not None]
    return tuple((entity, record, name) if record is not None else (entity, name) for name in given)


def _of_source(binding: Binding, entity: str) -> tuple[tuple[str, ...], ...]:
    """The same of an entity that is made from another one, where a relation leads to that one's records."""
    known = binding.entity(entity)
    source = known.derived.source if known.derived is not None else ""
    for relation in known.relations.values():
        if relation.to == source and binding.entity(source).derived is None:
            names = [path[-1] for path in _times(binding, source)]
            paths = [(entity, relation.name, name) for name in names]
            return tuple(paths) if all(binding.serves(entity, path) for path in paths) else ()
    return ()


def _shown(binding: Binding, counting: Counting, conditions: Sequence[Condition]) -> tuple[tuple[str, ...], ...]:
    """The key of a row, its name, and what is in its conditions."""
    entity = counting.entity
    key = found_by(binding, entity, RowAsked(""))
    name = name_of(binding, entity) or key
    own = conjuncts(binding.entity(entity).where) if binding.entity(entity).derived is None else []
    of_conditions = [path for tree in [*(c.tree for c in conditions), *own] for path in paths_of(tree)]
    return (key, name, *dict.fromkeys(path for path in of_conditions if path not in (key, name)))


def name_of(binding: Binding, entity: str) -> tuple[str, ...] | None:
    """The field that rows of an entity are called by, where the source has one."""
    names = (name for name in _NAMES if binding.field(entity, name) is not None and binding.gives(entity, name))
    name = next(names, None)
    return (entity, name) if name is not None else None


def _moved(
    report: Report,
    counting: Counting,
    shown: Sequence[tuple[str, ...]],
    times: Sequence[tuple[str, ...]],
    since: datetime,
    row: Mapping[str, Any],
) -> tuple[MovedRow, Mapping[ColumnId, Any]] | None:
    """What became of a touched row; None where it was no row of the figure then, nor is one now, or as much of it."""
    binding = report.binding
    instants = [_instant(binding, row[f"t{at}"]) for at in range(len(times))]
    touched = [at for at in instants if at is not None and at > since]
    if not touched:
        return None
    created = instants[0] if binding.entity(counting.entity).exists_from or len(times) > 1 else None
    came = created is not None and created > since
    conditions = conditions_asked(binding, counting)
    failed = [condition for at, condition in enumerate(conditions) if not row[f"c{at}"]]
    entity = binding.entity(counting.entity)
    own = conjuncts(entity.where) if entity.derived is None else []
    absent = [tree for at, tree in enumerate(own) if not row[f"p{at}"]]
    counts = not absent and any(
        row[f"m{at}"]
        for at, measure in enumerate(counting.measures)
        if measure.aggregate == "count" and measure.keep == "value"
    )
    if came and not counts:
        return None
    if row["past"] and not came and _as_then(binding, counting, failed, counts=counts):
        return None
    how: How = "came" if came else "changed" if counts else "gone" if absent and not failed else "maybe"
    which = "m" if how in ("came", "changed") else "v"
    added: dict[ColumnId, Any] = {
        measure.column: row[f"{which}{at}"] for at, measure in enumerate(counting.measures) if measure.keep == "value"
    }
    value = next(iter(added.values()))
    told = {path: told_value(binding, counting.entity, path, row[f"f{at}"]) for at, path in enumerate(shown)}
    why = [told[path] for tree in absent for path in paths_of(tree)]
    why += [value for condition in failed for value in values_of(binding, counting, condition, told, row)]
    moved = MovedRow(
        how,
        counting.measures[0].metric,
        counting.entity,
        str(row["f0"]),
        told[shown[1]] if shown[1] != shown[0] else None,
        float(value) if isinstance(value, (Decimal, float)) else value,
        tuple(dict.fromkeys(why)) if how in ("gone", "maybe") else (),
        max(touched).astimezone(binding.zone).isoformat(" ", "minutes")[:16],
    )
    return moved, added


def _as_then(binding: Binding, counting: Counting, failed: Sequence[Condition], *, counts: bool) -> bool:
    """Whether a row whose state of then the history has is in the figure today as it was then: it does not fulfil what
    it did not fulfil then, or all that it counts by is of then."""

    def of_then(tree: exp.Expr | None) -> bool:
        return tree is not None and all(_has_past(binding, counting.entity, path) for path in paths_of(tree))

    if not counts:
        return any(of_then(one.tree) for one in failed)
    trees = [one.tree for one in conditions_asked(binding, counting) if one.asks != "there"]
    trees += [measure.of for measure in counting.measures if measure.of is not None]
    return all(of_then(tree) for tree in trees)


def _has_past(binding: Binding, entity: str, path: tuple[str, ...]) -> bool:
    """Whether a row's history has what a field was."""
    known = binding.entity(entity)
    if path[:-1] != (entity,) or known.history is None:
        return False
    return path[-1] in (*known.history.outcome.fields, known.history.stage, *binding.past_values(known))


def _instant(binding: Binding, value: Any) -> datetime | None:
    """A time of the source as an instant; a day is its end, so that what is of the day counts as later than any time
    within it."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=binding.source_zone)
    return instant(value, binding.zone) if isinstance(value, date) else None
