"""Bursting: one report for each value of a field. Of few values each has its own statements, which
are the same with another literal; of many one statement serves all where its rows can be told
apart by the value that they were computed for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from reportspec.diagnostics import Diagnostic
from reportspec.errors import SourceError
from reportspec.evaluate.evaluate import rows_read
from reportspec.expression.sandbox import path_of
from reportspec.model.figures import Figures
from reportspec.model.findings import Check, Finding
from reportspec.model.query import AggregateQuery, Query
from reportspec.model.rows import Table
from reportspec.model.spec import EACH, GoalSpec, Report
from reportspec.naming import parts_of
from reportspec.sql.aggregate import aggregate_statement
from reportspec.sql.guard import unguarded, unparted
from reportspec.sql.records import AVAILABLE, BY, records_statement
from reportspec.sql.values import values_statement

if TYPE_CHECKING:
    from reportspec.run.execute import Result


@dataclass(frozen=True, slots=True)
class Value:
    """One value of the field, with what texts may say of it (`each.email`), and a `part` of names that
    no other value has. `several` names what its rows disagree in: two people of one name, whose
    reports could not be told apart."""

    value: str
    more: Mapping[str, str]
    part: str
    several: tuple[str, ...] = ()


def listing(report: Report) -> exp.Expr:
    """The statement that finds the values."""
    each = report.each
    assert each is not None
    field = each.dimension.field
    names = (field.name, *(path[-1] for _, path in each.fields))
    return values_statement(report.binding, field.entity, names, report.sides[0], each.conditions)


def values_of(report: Report, table: Table) -> tuple[Value, ...]:
    """The values in order: those of which a row is chosen and, if there is a file of the project's own,
    that have a row in it. A namesake who is not chosen counts all the same: the figures are of both."""
    each = report.each
    assert each is not None
    rows: dict[str, list[tuple[str, ...]]] = {}
    wanted = set()
    for value, *more, chosen in table.rows:
        if value is not None and str(value) != "":
            told = tuple("" if one is None else str(one) for one in more)
            rows.setdefault(str(value), []).append(told)
            if chosen:
                wanted.add(str(value))
    names = [name for name, _ in each.fields]
    # Of all values, so that a report is called the same whichever others are built beside it.
    parts = parts_of(rows)
    found = []
    for value in sorted(wanted):
        own = (each.table or {}).get(value)
        if each.table is not None and own is None:
            continue
        distinct = list(dict.fromkeys(rows[value]))
        several = tuple(name for at, name in enumerate(names) if len({row[at] for row in distinct}) > 1)
        known: dict[str, str] = dict(zip(names, distinct[0], strict=True))
        known |= own or {}
        found.append(Value(value, {**known, "value": value}, parts[value], several))
    return tuple(found)


def without_row(report: Report, table: Table) -> list[Finding]:
    """The names in the file of recipients that the source does not have."""
    each = report.each
    assert each is not None
    there = {str(row[0]) for row in table.rows if row[0] is not None}
    lone = tuple(sorted(set(each.table or {}) - there))
    field = each.dimension.field
    check = Check("unknown-recipient", field.entity, field, names=lone)
    near = tuple((one, 0) for one in sorted(there))
    return [Finding(check, len(lone), len(each.table or {}), near)] if lone else []


def alike(values: Iterable[str]) -> tuple[str, ...]:
    """Those of the values that a database might hold for one of the others: they differ in case,
    accents, blanks, width or marks that are not seen."""
    groups: dict[str, list[str]] = {}
    for value in dict.fromkeys(values):
        groups.setdefault(_skeleton(value), []).append(value)
    return tuple(value for group in groups.values() if len(group) > 1 for value in group)


def _skeleton(value: str) -> str:
    """What is left of a text for the most careless comparison."""
    parts = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", value).casefold())
    return "".join(letter for letter in parts if unicodedata.category(letter)[0] in "LNS")


def taken_for(report: Report, value: str) -> exp.Expr:
    """The statement that finds what the database takes for a value: see `check_apart`."""
    each = report.each
    assert each is not None
    field = each.dimension.field
    own = put(each.condition, value)
    return values_statement(report.binding, field.entity, (field.name,), report.sides[0], (), (own,))


def check_apart(report: Report, value: str, table: Table) -> None:
    """That the database takes nothing for a value but itself. Raises SourceError, which names the two:
    each would get the other's figures."""
    assert report.each is not None
    name = report.each.dimension.name
    for found, _ in table.rows:
        if str(found) != value:
            raise SourceError(
                "values-alike",
                f"the database takes `{_plain(str(found))}` and `{_plain(value)}` "
                f"for one `{name}`: each would get the figures of both",
                "compare the column byte for byte in the mapping, or "
                "use a field that tells them apart, such as `user.email`",
            )


def _plain(text: str) -> str:
    """A value in a message: on one line, without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else " " for letter in text)[:80]


def put(tree: exp.Expr, value: str) -> exp.Expr:
    """The statement for one value."""
    made = tree.copy()
    for one in made.find_all(exp.Literal):
        if one.is_string and one.this == EACH:
            one.set("this", value)
    return made


def report_for(report: Report, value: str) -> Report:
    """The report as it is evaluated for one value: its filter in words, and its goals only."""
    each = report.each
    assert each is not None
    goals = {name: _goal_for(goal, each.dimension.name, value) for name, goal in report.goals.items()}
    return replace(
        report,
        goals=goals,
        filter_texts=tuple(text.replace(EACH, value) for text in report.filter_texts),
        conditions=tuple(put(tree, value) for tree in report.conditions),
    )


def _goal_for(goal: GoalSpec, name: str, value: str) -> GoalSpec:
    """Of targets by the same field the value's own, for its tile too; of those by another one none
    whose row the value does not have."""
    if goal.by is None:
        return goal
    if goal.by.name == name:
        own = goal.targets.get(value)
        return replace(goal, target=own, targets={value: own} if own is not None else {})
    return replace(goal, targets={})


SHARED_FROM = 8  # values from which on a statement for all of them is worth what it takes


@dataclass(frozen=True, slots=True)
class Shared:
    """A statement for all values: its rows have theirs in `column`. `always` says that one for a
    single value gives a row even of nothing."""

    tree: exp.Expr
    column: str
    always: bool


def shared_statement(report: Report, query: Query) -> Shared | None:
    """The statement of a query for all values, or None where it cannot be shown to keep them
    apart."""
    each = report.each
    assert each is not None
    told = [one for one in query.conditions if _names_value(one)]
    if len(told) != 1 or not isinstance(told[0], exp.EQ):
        return None
    own = told[0].this  # the field that equals the value
    if isinstance(query, AggregateQuery):
        there = exp.Not(this=exp.Is(this=own, expression=exp.Null()))
        many = replace(
            query,
            dimensions=(each.dimension, *query.dimensions),
            conditions=(*_lasting(query.conditions), there),
            idle_conditions=_lasting(query.idle_conditions),
            cut=there,
        )
        name, always = "d0", not query.dimensions and not query.bucketed
        tree = aggregate_statement(report.binding, many)
    else:
        listed = replace(query, conditions=_lasting(query.conditions), by=path_of(own))
        name, always = BY, False
        tree = records_statement(report.binding, listed)
    if _names_value(tree) or unparted(tree, name, each.dimension.field.name) is not None:
        return None
    return Shared(tree, name, always)


@dataclass(frozen=True, slots=True)
class Unowned:
    """Rows in which the field is empty: they count in the whole, and in the report of no value.
    `what` is a metric or the id of a list, `rows` how many of its rows they are."""

    what: str
    rows: int


class Burst(list[tuple[Value, Figures]]):
    """The figures of each value, what they leave out of the whole, and what is told of the source,
    which is that of all."""

    def __init__(
        self,
        made: Iterable[tuple[Value, Figures]],
        unowned: Iterable[Unowned],
        told: Iterable[Diagnostic] = (),
    ) -> None:
        super().__init__(made)
        self.unowned, self.warnings = tuple(unowned), tuple(told)


def of_nobody(report: Report, queries: Sequence[Query]) -> list[tuple[Query, exp.Expr]]:
    """The statements that count the rows which belong to no value: of each metric once, and of each list
    of records."""
    sections = {section.id: section for section in report.sections}
    found: list[tuple[Query, exp.Expr]] = []
    seen: set[str] = set()
    for query in queries:
        section = sections.get(query.section)
        metrics = {metric.id for metric in section.metrics} if section is not None else set()
        if isinstance(query, AggregateQuery) and metrics <= seen:
            continue
        tree = _of_nobody(report, query)
        if tree is not None:
            seen |= metrics
            found.append((query, tree))
    return found


def _of_nobody(report: Report, query: Query) -> exp.Expr | None:
    """The statement for one query, or None where it asks for nothing that adds up to its section's
    figures."""
    told = [one for one in query.conditions if _names_value(one)]
    if len(told) != 1 or not isinstance(told[0], exp.EQ):
        return None
    own = told[0].this
    empty = exp.Or(
        this=exp.Is(this=own, expression=exp.Null()),
        expression=exp.EQ(this=own.copy(), expression=exp.Literal.string("")),
    )
    conditions = (*_lasting(query.conditions), empty)
    if not isinstance(query, AggregateQuery):
        return records_statement(report.binding, replace(query, conditions=conditions, limit=1))
    if query.purpose != "figures":
        return None
    whole = replace(
        query,
        dimensions=(),
        sides=(replace(query.sides[0], buckets=()),),
        conditions=conditions,
        idle=None,
        idle_conditions=(),
    )
    return aggregate_statement(report.binding, whole)


def unowned(report: Report, found: Sequence[tuple[Query, Table]]) -> tuple[Unowned, ...]:
    """How many rows belong to no value: of each metric, and of each list of records."""
    sections = {section.id: section for section in report.sections}
    counts: dict[str, int] = {}
    for query, table in found:
        rows = table.dicts()
        if not isinstance(query, AggregateQuery):
            counts[query.section] = int(rows[0][AVAILABLE]) if rows else 0
            continue
        section = sections.get(query.section)
        for metric in section.metrics if section is not None else ():
            counts.setdefault(metric.id, rows_read(report, metric, rows) or 0)
    return tuple(Unowned(what, rows) for what, rows in counts.items() if rows)


def _names_value(tree: exp.Expr) -> bool:
    return any(one.is_string and one.this == EACH for one in tree.find_all(exp.Literal))


def _lasting(conditions: tuple[exp.Expr, ...]) -> tuple[exp.Expr, ...]:
    return tuple(one for one in conditions if not _names_value(one))


def nobody(values: Collection[str]) -> str:
    """A value that no row has: what statements give where there is nothing."""
    return sha256("\0".join(sorted(values)).encode("utf-8", "surrogatepass")).hexdigest()


def parted(shared: Shared, table: Table, nothing: Table | None) -> tuple[dict[str, Table], Table]:
    """The rows of a shared statement by their value, as its own statement would give them, and what
    that gives where there is nothing. Of a statement that gives a row of `nothing` too, what a value
    has no rows of is as in that."""
    place = table.columns.index(shared.column)
    names = [name for at, name in enumerate(table.columns) if at != place]
    if shared.column == "d0":
        names = [_earlier(name) for name in names]
    rows: dict[str, list[tuple[Any, ...]]] = {}
    for row in table.rows:
        if row[place] is not None:
            rows.setdefault(str(row[place]), []).append((*row[:place], *row[place + 1 :]))
    if nothing is not None:
        least = [nothing.rows[0][nothing.columns.index(name)] for name in names]
        for found in rows.values():
            found[:] = [
                tuple(none if cell is None else cell for cell, none in zip(row, least, strict=True)) for row in found
            ]
    tables = {value: Table(tuple(names), tuple(found)) for value, found in rows.items()}
    return tables, nothing or Table(tuple(names), ())


_DIMENSION = re.compile(r"d(\d+)")


def _earlier(name: str) -> str:
    """`d0` of `d1`: the value stands before the query's own dimensions."""
    found = _DIMENSION.fullmatch(name)
    return f"d{int(found[1]) - 1}" if found else name


def check_filter(report: Report, queries: Sequence[Query], trees: Sequence[exp.Expr], value: str) -> None:
    """That each statement can return rows of the value only. Raises SourceError, which stops the
    report: it would be a mistake of the program, and is looked for before anything is sent."""
    assert report.each is not None
    field = report.each.dimension.field.name
    for query, tree in zip(queries, trees, strict=True):
        why = unguarded(tree, value, field)
        if why is not None:
            raise SourceError(
                "unfiltered",
                f"a statement of the section `{query.section}` is not cut to one value: {why}",
                "leave the section out, or build the report for all",
            )


def check_results(asked: Sequence[exp.Expr], found: Sequence[Result]) -> None:
    """That each result is that of the statement which it is taken for. Raises SourceError."""
    for tree, result in zip(asked, found, strict=False):
        if result.tree is not tree:
            raise SourceError(
                "mixed-up",
                "the database's answers came in another order than they were asked for",
                "build it again; if it comes back, please report it",
            )


def check_figures(figures: Figures) -> None:
    """That no row of the figures names another value. Raises SourceError."""
    if figures.each is None:
        return
    name, value = figures.each
    for section in figures.sections:
        for place, column in enumerate(section.columns):
            if column.name != name:
                continue
            for row in section.rows:
                if row[place] is not None and str(row[place]) != value:
                    raise SourceError(
                        "unfiltered",
                        f"the section `{section.id}` has a row of another `{name}`",
                        "leave the section out, or build the report for all",
                    )


def chosen(values: Sequence[Value], only: Collection[str]) -> tuple[Value, ...]:
    """The values that were asked for by name; all if none was."""
    return tuple(one for one in values if not only or one.value in only)
