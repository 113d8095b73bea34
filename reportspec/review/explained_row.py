"""Why a record counts in a figure, or does not: each condition of the metric held against the record's values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from typing import Any

from sqlglot import exp

from reportspec.calendar import instant
from reportspec.compile import compile_report, statement_of
from reportspec.contract.fit import fitted
from reportspec.contract.survey import answered, ask
from reportspec.expression.sandbox import column_nodes, parse, path_of
from reportspec.expression.trees import conjuncts, copied
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.arithmetic import metric_value, number
from reportspec.measures.asked import measures_of_rows
from reportspec.measures.metric_columns import all_lengths
from reportspec.model.column_ids import Aggregated, ColumnId
from reportspec.model.domain import Metric
from reportspec.model.query import AggregateQuery
from reportspec.model.spec import EACH, Report
from reportspec.reference.explanation import english
from reportspec.resolve.binding import Binding, Unresolved, metrics_needed
from reportspec.sql.column_names import read
from reportspec.sql.counted_rows import (
    ANCHOR,
    AVAILABLE,
    COUNTED,
    Condition,
    Counting,
    conditions_asked,
    left_out_statement,
    made_of_statement,
    rows_statement,
    survivor_statement,
)

MOST_ROWS = 20  # of one key that are shown
_BY_FIELD = re.compile(r"([a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)+)=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RowAsked:
    """Which rows are meant: those that have a value of a field (`by`), or of the key of a metric's entity."""

    value: str
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToldValue:
    """What a row has of a field, by its dotted name; `personal` values are covered unless they are asked for."""

    field: str
    value: Any
    type: str
    personal: bool


@dataclass(frozen=True, slots=True)
class ToldCondition:
    """A condition and whether the row fulfils it: what it is there for (one of `Asks`, `population` or `mapping`), how
    it is written, and what the row has of each field in it."""

    asks: str
    text: str
    met: bool
    values: tuple[ToldValue, ...] = ()


@dataclass(frozen=True, slots=True)
class ToldRow:
    """A row: whether it counts, what it adds (an amount in the report's currency), what it lacks that would be added
    (`missing`, `other_currency`, `incomplete`; `no_currency` where it has none at all), its conditions, the fields that
    its value is made of, and its key, where it has one."""

    counts: bool
    adds: Any
    lacks: tuple[str, ...]
    conditions: tuple[ToldCondition, ...]
    values: tuple[ToldValue, ...]
    key: ToldValue | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A record that is no row of the entity at all: of which entity it is one, what it does not fulfil, and which
    record is left of it where it was merged into another."""

    entity: str
    conditions: tuple[ToldCondition, ...]
    merged_into: ToldValue | None = None


@dataclass(frozen=True, slots=True)
class PartOfFigure:
    """An aggregate that the figure is made of, with the first of its rows of the key, those that count before all
    others, or why it has none of it (`left_out`): how many rows there are (`found`), how many of them count
    (`counted`), and what it comes to over these (`together`)."""

    metric: str
    label: str
    unit: str
    entity: str
    by: str
    rows: tuple[ToldRow, ...]
    found: int = 0
    counted: int = 0
    together: float | int | None = None
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True)
class RowExplanation:
    """A figure of a report, and why a record counts in it or does not; `sections` show it so. `without` is the figure
    that there would be without the record. Of a spec with `for_each` it is the figure of all values."""

    metric: str
    label: str
    unit: str
    currency: str | None
    key: str
    period: tuple[str, str]
    as_of: str
    sections: tuple[str, ...]
    figure: float | int | None
    without: float | int | None
    parts: tuple[PartOfFigure, ...] = field(default_factory=tuple)

    @property
    def counts(self) -> bool:
        """Whether any row of the record counts."""
        return any(part.counted for part in self.parts)

    @property
    def known(self) -> bool:
        """Whether the source has the record."""
        return any(part.rows or part.left_out for part in self.parts)


def row_asked(text: str, binding: Binding) -> RowAsked:
    """What `KEY` or `FIELD=KEY` means. Raises Unresolved for a field that there is not."""
    match = _BY_FIELD.fullmatch(text)
    if match is None or match[1].split(".")[0] not in binding.catalogue.entities:
        return RowAsked(text)
    path = tuple(match[1].split("."))
    binding.need_reference(path[0], binding.resolve(path[0], path))
    return RowAsked(match[2], path)


def explained_row(report: Report, metric_id: str, asked: RowAsked) -> list[RowExplanation]:
    """Why a record counts in a figure, for each way in which sections of the report show it. Raises SourceError, and
    Unresolved where it is not known by which field the rows of the metric's entity are to be found."""
    report = settled_report(report, metric_id)
    found: dict[tuple[exp.Expr, ...], list[str]] = {}
    for section in report.sections:
        found.setdefault(section.conditions, []).append(section.id)
    metric = report.binding.catalogue.metrics[metric_id]
    return [explained_so(report, metric, asked, own, tuple(names)) for own, names in found.items()]


def settled_report(report: Report, metric_id: str) -> Report:
    """The report as its figures are made: over the types of its source, and as of where the data end; with the sections
    alone that show the metric, of all values of `for_each` together. Raises SourceError."""
    sections = tuple(one for one in report.sections if metric_id in {metric.id for metric in one.metrics})
    conditions = tuple(tree for tree in report.conditions if not _names_value(tree))
    cut = replace(report, sections=sections, conditions=conditions, each=None)
    return answered(fitted(compile_report(cut))).program.report


class Settled:
    """What `settled_report` makes of one report, asked once for the metrics of the same sections."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._known: dict[tuple[str, ...], Report] = {}

    def of(self, metric_id: str) -> Report:
        """The report as the figures of a metric are made. Raises SourceError."""
        shown = tuple(s.id for s in self._report.sections if metric_id in {metric.id for metric in s.metrics})
        if shown not in self._known:
            self._known[shown] = settled_report(self._report, metric_id)
        return self._known[shown]


def _names_value(tree: exp.Expr) -> bool:
    return any(text.is_string and text.this == EACH for text in tree.find_all(exp.Literal))


def explained_so(
    report: Report, metric: Metric, asked: RowAsked, own: tuple[exp.Expr, ...], sections: tuple[str, ...]
) -> RowExplanation:
    """Why a record counts in a metric of a settled report, of rows that fulfil some sections' `own` conditions, too.
    Raises SourceError and Unresolved."""
    binding, side = report.binding, report.sides[0]
    every: dict[ColumnId, Any] = {}
    others: dict[ColumnId, Any] = {}
    parts = []
    for part in metrics_needed(binding.catalogue, metric):
        counting = Counting(measures_of_rows(binding, part), side, (*report.conditions, *own))
        part_told, whole, rest = _part(report, part, counting, asked)
        every |= whole
        others |= rest
        parts.append(part_told)
    lengths = all_lengths(report)
    figure, without = (
        number(metric_value(binding.catalogue, metric, {**row, **lengths}, "current", {**row, **lengths}))
        for row in (every, others)
    )
    return RowExplanation(
        metric.id,
        english(metric.label),
        metric.unit,
        binding.currency,
        asked.value,
        (side.start.isoformat(), side.end.isoformat()),
        side.as_of.astimezone(binding.zone).isoformat(),
        sections,
        figure,
        without,
        tuple(parts),
    )


def _part(
    report: Report, part: Metric, counting: Counting, asked: RowAsked
) -> tuple[PartOfFigure, Mapping[ColumnId, Any], Mapping[ColumnId, Any]]:
    """An aggregate with its rows of the key, and what its measures come to with and without them."""
    binding = report.binding
    by = found_by(binding, counting.entity, asked)
    key, value = parse(".".join(by), packaged=True), exp.Literal.string(asked.value)
    mine = exp.EQ(this=key, expression=value)
    none = exp.Is(this=copied(key), expression=exp.Null())
    not_mine = exp.Or(this=exp.NEQ(this=copied(key), expression=copied(value)), expression=none)
    conditions = conditions_asked(binding, counting)
    own = _own_key(binding, counting.entity)
    shown = fields_told(binding, part, conditions, *dict.fromkeys([*([own] if own else []), by]))
    whole = AggregateQuery("row", "figures", (), counting.measures, (counting.side,), counting.conditions)
    rest = replace(whole, conditions=(*whole.conditions, exp.Paren(this=not_mine)))
    these = replace(whole, conditions=(*whole.conditions, mine))
    rows = rows_statement(binding, counting, shown, only=mine, most=MOST_ROWS)
    queries = (whole, rest, these)
    table, *answers = ask(report, [rows, *(statement_of(report, query) for query in queries)])
    every, others, own_rows = (read(query, answer)[0] for query, answer in zip(queries, answers, strict=True))
    found = table.dicts()
    lengths = all_lengths(report)
    told = [told_row(report, part, counting, conditions, shown, row, own) for row in found]
    entity = binding.entity(counting.entity)
    answer = PartOfFigure(
        part.id,
        english(part.label),
        part.unit,
        entity.name,
        ".".join(by),
        tuple(told),
        int(found[0][AVAILABLE]) if found else 0,
        int(found[0][COUNTED] or 0) if found else 0,
        number(metric_value(binding.catalogue, part, {**own_rows, **lengths}, "current", {**own_rows, **lengths})),
        () if told else tuple(_left_out(report, entity.name, by, asked.value)),
    )
    return answer, every, others


def _own_key(binding: Binding, entity: str) -> tuple[str, ...] | None:
    """The key of an entity's rows, where the source has it."""
    key = binding.entity(entity).key
    return (entity, key) if key is not None and binding.gives(entity, key) else None


def found_by(binding: Binding, entity: str, asked: RowAsked) -> tuple[str, ...]:
    """The field by which an entity's rows are found: the one that is asked by, the entity's key, or, of an entity
    that has none, its first field that is one. Raises Unresolved."""
    if asked.by:
        binding.need_reference(entity, binding.resolve(entity, asked.by))
        return asked.by
    key = binding.entity(entity).key
    keys = [one.name for one in binding.fields(entity) if one.type == "key" and one.expr is None]
    names = [key] if key else keys  # the owner of a deal names no deal
    for name in names:
        if binding.gives(entity, name):
            return (entity, name)
    raise Unresolved(
        "no-key",
        f"rows of `{entity}` have no key",
        f"say by which field: `--row {entity}.FIELD=VALUE`" + (", or map its `key`" if key else ""),
    )


def fields_told(
    binding: Binding, part: Metric, conditions: Sequence[Condition], *first: tuple[str, ...]
) -> tuple[tuple[str, ...], ...]:
    """The fields that a row is told by, those in its conditions, and those that its value is made of, each once."""
    entity = binding.entity(part.entity)
    trees = [condition.tree for condition in conditions] + [part.of]
    paths = dict.fromkeys(first)
    if entity.exists_from and any(condition.asks == "there" for condition in conditions):
        paths[(entity.name, entity.exists_from)] = None
    paths |= dict.fromkeys(path for tree in trees for path in paths_of(tree))
    currencies = []
    for path in paths:
        reached = binding.resolve(part.entity, path).field
        if reached.currency is not None and binding.gives(reached.entity, reached.currency):
            currencies.append((*path[:-1], reached.currency))
    return tuple(dict.fromkeys([*paths, *currencies]))


def paths_of(tree: exp.Expr | None) -> list[tuple[str, ...]]:
    """The fields that an expression names, by their paths."""
    return [path for node in column_nodes(tree) if len(path := path_of(node)) > 1] if tree is not None else []


def told_row(
    report: Report,
    part: Metric,
    counting: Counting,
    conditions: Sequence[Condition],
    shown: Sequence[tuple[str, ...]],
    row: Mapping[str, Any],
    key: tuple[str, ...] | None = None,
) -> ToldRow:
    """A row of `rows_statement` with those fields."""
    binding = report.binding
    values = {path: told_value(binding, part.entity, path, row[f"f{at}"]) for at, path in enumerate(shown)}
    told = tuple(
        _condition(
            report, part, counting, condition, values_of(binding, counting, condition, values, row), row[f"c{at}"]
        )
        for at, condition in enumerate(conditions)
    )
    added: dict[str, Any] = {}
    lacks: list[str] = []
    own = paths_of(part.of)
    currencies = [values[path].value for path in shown if _is_currency(binding, part, own, path)]
    for at, measure in enumerate(counting.measures):
        if measure.keep != "value" and row[f"m{at}"]:
            lacks.append(measure.keep if measure.keep != "other_currency" or all(currencies) else "no_currency")
        elif measure.keep == "value" and isinstance(measure.column, Aggregated):
            added[measure.column.part] = row[f"m{at}"]
    counted = added.get("n", added.get("value"))
    of_value = dict.fromkeys([shown[0], *own, *(path for path in shown if _is_currency(binding, part, own, path))])
    value = next((v for name, v in added.items() if name != "n"), None)
    return ToldRow(
        bool(counted),
        value if counted else None,
        tuple(dict.fromkeys(lacks)),
        told,
        tuple(values[path] for path in of_value),
        values[key] if key is not None else None,
    )


def _is_currency(binding: Binding, part: Metric, own: Iterable[tuple[str, ...]], path: tuple[str, ...]) -> bool:
    """Whether a field is the currency of one of some amounts."""
    return any(
        path == (*amount[:-1], currency)
        for amount in own
        if (currency := binding.resolve(part.entity, amount).field.currency) is not None
    )


def told_value(binding: Binding, entity: str, path: tuple[str, ...], value: Any) -> ToldValue:
    """What a row has of a field, seen from an entity; a time by the report's clock."""
    reached = binding.resolve(entity, path).field
    if isinstance(value, datetime):
        value = value.replace(tzinfo=binding.source_zone).astimezone(binding.zone).replace(tzinfo=None)
    return ToldValue(".".join(path), value, reached.type, reached.personal)


def values_of(
    binding: Binding,
    counting: Counting,
    condition: Condition,
    values: Mapping[tuple[str, ...], ToldValue],
    row: Mapping[str, Any],
) -> tuple[ToldValue, ...]:
    """What a row has of each field in one of its conditions, as the condition reads it."""
    paths = paths_of(condition.tree)
    if condition.asks in ("from", "until") and ANCHOR in row:
        return (told_value(binding, counting.entity, paths[0], row[ANCHOR]),)
    if condition.asks == "there":
        paths = [(counting.entity, binding.entity(counting.entity).exists_from or "")]
    return tuple(values[path] for path in dict.fromkeys(paths) if path in values)


def _condition(
    report: Report, part: Metric, counting: Counting, condition: Condition, values: tuple[ToldValue, ...], met: Any
) -> ToldCondition:
    zone, side = report.binding.zone, counting.side
    if condition.asks == "there":
        text = f"there before {_instant(side.as_of.astimezone(zone))}"
    elif condition.tree is None:
        raise AssertionError(condition.asks)
    elif condition.asks == "from":
        text = f"{condition.tree.sql('duckdb')} from {side.start.isoformat()} on"
    elif condition.asks == "until":
        end = instant(side.end, zone)
        end = end if part.ahead else min(end, side.as_of)
        text = f"{condition.tree.sql('duckdb')} before {_instant(end.astimezone(zone))}"
    else:
        text = condition.tree.sql("duckdb")
    return ToldCondition(condition.asks, text, bool(met), values)


def _instant(at: datetime) -> str:
    """An instant of the report's clock, a midnight as its day."""
    return at.date().isoformat() if at.time() == datetime.min.time() else at.isoformat(" ", "minutes")[:16]


def _left_out(report: Report, entity: str, by: tuple[str, ...], value: str) -> list[LeftOut]:
    """Why there is no row of an entity with a key: what its record does not fulfil, down to the tables."""
    binding = report.binding
    name: str | None = by[-1]
    found: list[LeftOut] = []
    while name is not None and by[0] == entity and len(by) == 2:
        known = binding.entity(entity)
        if known.derived is None:
            return found + _of_mapping(report, entity, name, value)
        trees = conjuncts(known.derived.where)
        paths = tuple(dict.fromkeys(path for tree in trees for path in paths_of(tree)))
        statement = made_of_statement(binding, entity, name, value, report.sides[0], paths)
        if statement is None:
            return found
        for row in ask(report, [statement])[0].dicts():
            values = {
                path: told_value(binding, known.derived.source, path, row[f"f{at}"]) for at, path in enumerate(paths)
            }
            told = [
                ToldCondition(
                    "population",
                    tree.sql("duckdb"),
                    bool(row[f"c{at}"]),
                    tuple(values[p] for p in dict.fromkeys(paths_of(tree))),
                )
                for at, tree in enumerate(trees)
            ]
            found.append(LeftOut(known.derived.source, tuple(told)))
        if found:
            return found
        tree = known.derived.fields[name]
        entity = known.derived.source
        by = path_of(tree) if isinstance(tree, (exp.Column, exp.Dot)) else ()
        name = by[-1] if by else None
    return found


def _survivor(report: Report, entity: str, key: str, value: str) -> ToldValue | None:
    """The key of the record that is left of a merged one, under which counts what names it."""
    binding = report.binding
    if key != binding.entity(entity).key or not binding.merges(entity):
        return None
    [table] = ask(report, [survivor_statement(binding, entity, value)])
    return told_value(binding, entity, (entity, key), table.rows[0][0]) if table.rows else None


def _of_mapping(report: Report, entity: str, key: str, value: str) -> list[LeftOut]:
    """Of a record that the mapping gives and that is no row of its entity, such as a deleted one, what it is; of one
    that the mapping itself leaves out, how."""
    binding = report.binding
    mapped = binding.source.entities.get(entity)
    if mapped is None or key not in mapped.fields:
        return []
    trees = conjuncts(binding.entity(entity).where)
    of = tuple(dict.fromkeys(path[-1] for tree in trees for path in paths_of(tree)))
    [table] = ask(report, [left_out_statement(binding, entity, key, value, of)])
    for row in table.dicts():
        values = {name: told_value(binding, entity, (entity, name), row[f"f{at}"]) for at, name in enumerate(of)}
        told = [
            ToldCondition(
                "population",
                tree.sql("duckdb"),
                bool(row[f"c{at}"]),
                tuple(values[p[-1]] for p in dict.fromkeys(paths_of(tree))),
            )
            for at, tree in enumerate(trees)
        ]
        return [LeftOut(entity, tuple(told), _survivor(report, entity, key, value))]
    conditions = [part.where for part in mapped.parts if part.where is not None]
    if not conditions:
        return []
    whole = replace(mapped, parts=tuple(replace(part, where=None) for part in mapped.parts))
    over = binding.over(replace(binding.source, entities={**binding.source.entities, entity: whole}))
    [table] = ask(replace(report, binding=over), [left_out_statement(over, entity, key, value, ())])
    if not table.rows:
        return []
    told = [ToldCondition("mapping", tree.sql("duckdb"), met=False) for tree in conditions]
    return [LeftOut(entity, tuple(told))]
