"""The passes of `sql/`, each by pairs of what goes in and what comes out: a YAML file for each pass. `show` says in a
line what a pair is there for. SQL is sqlglot's own, of no dialect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlglot
import yaml
from sqlglot import exp

from reportspec.catalogue.load import packaged
from reportspec.expression.sandbox import WRITTEN, path_of
from reportspec.expression.trees import AMOUNT, FEW, identifier
from reportspec.expression.types import Kind
from reportspec.model.column_ids import Aggregated
from reportspec.model.mapped import MappedEntity, MappedField, MappedJoin, MappedPart, SourceMap
from reportspec.model.query import Measure
from reportspec.resolve.binding import Binding
from reportspec.resolve.moments import Moment
from reportspec.sql.clock import by_the_report
from reportspec.sql.combine import combined, inlined
from reportspec.sql.ever import ever as ever_met
from reportspec.sql.fold import Case, aggregated
from reportspec.sql.from_clause import Rows
from reportspec.sql.history import select_versions
from reportspec.sql.materialize import Temporary, TemporaryTable, over_rows, rows_before, script
from reportspec.sql.parts import from_part
from reportspec.sql.statement import Statement
from reportspec.sql.windows import Window, any_window, bare
from reportspec.sql.yes_or_no import null_is_no

HERE = Path(__file__).parent
Pair = Mapping[str, Any]
UTC, ROME = ZoneInfo("UTC"), ZoneInfo("Europe/Rome")


def tree(text: str) -> exp.Expr:
    return sqlglot.parse_one(text)


def trees(texts: list[str] | None) -> list[exp.Expr]:
    return [tree(text) for text in texts or ()]


def unquoted(found: exp.Expr) -> str:
    """SQL without the quotes around names, which statements always have."""
    plain = found.copy()
    for node in plain.find_all(exp.Identifier):
        node.set("quoted", False)
    return plain.sql(comments=False)


# --- windows: what a period answers already is not asked again


def window(given: Mapping[str, str]) -> Window:
    """`of` is the time, `from` and `to` are days."""
    start, end = (tree(f"CAST('{given[key]} 00:00:00' AS TIMESTAMP)") for key in ("from", "to"))
    return Window(tree(given["of"]), start, end)


def windows(pair: Pair) -> str:
    if "any" in pair:
        return " AND ".join(unquoted(one) for one in any_window(window(one) for one in pair["any"]))
    within = window(pair["window"])
    if "bare" in pair:
        return unquoted(bare(tree(pair["bare"]), within.end))
    if "value" in pair:
        return unquoted(within.value(tree(pair["value"])))
    left = within.condition(tree(pair["condition"]))
    return "" if left is None else unquoted(left)


# --- ever: what is asked at any of several instants


def ever(pair: Pair) -> str:
    """What a row that meets the condition at one of the instants meets itself."""
    bounds = {"as_of": (tree("CAST('2026-07-05' AS DATE)"), tree("CAST('2026-09-30' AS DATE)"))}
    found = ever_met(tree(pair["condition"]), bounds)
    return "" if found is None else unquoted(found)


# --- fold: aggregates in one step, or in two


def marked(text: str, pair: Pair) -> exp.Expr:
    """The tree, with columns marked that have `few` values or are `amounts`."""
    found = tree(text)
    for node in found.find_all(exp.Column):
        name = node.sql()
        node.meta.update({FEW: True} if name in pair.get("few", ()) else {})
        node.meta.update({AMOUNT: True} if name in pair.get("amounts", ()) else {})
    return found


def case(given: Mapping[str, Any], pair: Pair) -> Case:
    value = marked(given["of"], pair) if "of" in given else None
    keep, column = given.get("keep", "value"), Aggregated(given["as"])
    measure = Measure(column, "deal", given["do"], value, None, None, given.get("at"), keep=keep)
    within = window(given["window"]) if "window" in given else None
    conditions = [*(within.conditions if within else ()), *(marked(text, pair) for text in given.get("where", ()))]
    there, gone = (marked(given[key], pair) if key in given else None for key in ("there", "gone"))
    return Case(given["as"], measure, value, tuple(conditions), within, there, gone)


def fold(pair: Pair) -> str:
    joins = list(tree(f"SELECT 1 FROM deal {' '.join(pair.get('joins', ()))}").args.get("joins") or [])
    small = [join for join in joins if join.this.alias_or_name in pair.get("small", ())]
    rows = Rows(exp.to_table("deal"), joins, small)
    keys = [(name, marked(text, pair)) for name, text in pair.get("keys", {}).items()]
    return unquoted(aggregated(rows, keys, [case(one, pair) for one in pair["cases"]]))


# --- combine: SELECTs as one statement


def combine(pair: Pair) -> str:
    if "statement" in pair:
        found = inlined(tree(pair["statement"]), pair["selects"])  # type: ignore[arg-type]
        return unquoted(found)
    parts = [(tree(text), own.split()) for text, own in pair["parts"].items()]
    found = combined(parts, pair.get("keys", []), pair["columns"], idle=pair.get("idle", False))  # type: ignore[arg-type]
    return unquoted(found)


# --- history: a row for each state


def mapped(entity: str, fields: str) -> MappedEntity:
    found = {name: MappedField(name, exp.Column(this=identifier(name)), None, {}, None) for name in fields.split()}
    return MappedEntity(entity, (MappedPart(exp.to_table(entity), None, found),), found)


SOURCE = {
    "deal": "deal_id stage_id status amount currency closed_at created_at probability loss_reason",
    "stage": "stage_id position is_won is_lost",
    "deal_stage_history": "deal_id stage_id entered_at",
}


def history(pair: Pair) -> str:
    """The SQL of a column (or the FROM, as `from`, or what is asked, as `where`) of the CTE `states` or `versions`."""
    source = {**SOURCE, **pair.get("source", {})}
    entities = {name: mapped(name, fields) for name, fields in source.items()}
    days = {f: MappedField(f, exp.Column(this=identifier(f)), "date", {}, None, "day") for f in pair.get("days", ())}
    if days:
        deal = entities["deal"]
        fields = {**deal.fields, **days}
        entities["deal"] = MappedEntity("deal", (MappedPart(deal.parts[0].table, None, fields),), fields)
    binding = Binding(
        packaged(), SourceMap("m", "duckdb", "UTC", entities, keys=pair.get("keys", "text")), UTC, UTC, "EUR"
    )
    needed = tuple(pair.get("needed", (pair["column"],)))
    stretches = [[datetime.combine(day, time(), UTC) for day in span] for span in pair.get("spans", ())]
    spans = frozenset((first, last) for first, last in stretches) or None
    found = select_versions(binding, binding.entity("deal"), "versions", "deal_row", "states", needed, spans)
    select = next(body for name, body, _ in found if name == pair["in"])
    if pair["column"] == "from":
        bare_select = exp.Select(expressions=[exp.Star()], from_=select.args["from_"], joins=select.args["joins"])
        return unquoted(bare_select)
    if pair["column"] == "where":
        return unquoted(select.args["where"].this) if select.args.get("where") else "nothing"
    return unquoted(next(one.this for one in select.expressions if one.alias == pair["column"]))


# --- clock: what people write goes by the report's clock


def clock(pair: Pair) -> str:
    kinds = {name: Kind[kind.upper()] for name, kind in pair.get("kinds", {"deal.made": "time"}).items()}
    written = tree(pair["written"])
    written.meta[WRITTEN] = True
    found = by_the_report(
        written,
        lambda node: kinds.get(".".join(path_of(node)), Kind.UNKNOWN),
        lambda node: ".".join(path_of(node)) in pair.get("whole_days", ()),
        ZoneInfo(pair.get("source", "UTC")),
        ROME,
        day=pair.get("day", False),
    )
    return unquoted(found)


# --- yes_or_no: nulls read as no


def yes_or_no(pair: Pair) -> str:
    return unquoted(null_is_no(tree(pair["condition"]), lambda node: node.name.startswith("is_")))


# --- parts: the tables that an entity's rows come from


def parts(pair: Pair) -> str:
    fields = {name: MappedField(name, tree(text), None, {}, None) for name, text in pair.get("fields", {}).items()}
    latest = None
    if "latest" in pair:
        latest = (tuple(trees(pair["latest"]["by"])), tuple(ordered(pair["latest"]["order"])))
    joins = [
        MappedJoin(
            name,
            exp.to_table(join["table"]),
            tree(join["where"]) if "where" in join else None,
            tuple((tree(theirs), tree(ours)) for theirs, ours in join["keys"].items()),
            {key: tree(text) for key, text in join.get("fields", {}).items()},
            tuple(ordered(join.get("first", ""))),
        )
        for name, join in pair.get("joins", {}).items()
    ]
    part = MappedPart(exp.to_table(pair["table"]), None, fields, tuple(joins), latest)
    return unquoted(from_part(exp.Select(expressions=[exp.Star()]), part))


def ordered(text: str) -> list[exp.Ordered]:
    found = tree(f"SELECT 1 ORDER BY {text}").args["order"].expressions if text else []
    return list(found)


# --- assemble: the CTEs of a statement, each with what was asked for, in an order in which each reads earlier ones


def assemble(pair: Pair) -> str:
    """`need` is what is asked of entities; with `today` or `whole` before the name, of their rows as such."""
    entities = {name: mapped(name, fields) for name, fields in pair["source"].items()}
    for name, tables in pair.get("unions", {}).items():
        union = tuple(mapped(table, fields).parts[0] for table, fields in tables.items())
        entities[name] = MappedEntity(name, union, {key: one for part in union for key, one in part.fields.items()})
    for name, rows in pair.get("rows", {}).items():
        entities[name] = MappedEntity(name, (), {}, tuple(rows))
    binding = Binding(packaged(), SourceMap("m", "duckdb", "UTC", entities), UTC, UTC, "EUR")
    statement, moment = Statement(binding), Moment("current", *(datetime(2026, 7, 1, tzinfo=UTC),) * 3)
    for asked, fields in pair["need"].items():
        way, _, name = asked.rpartition(" ")
        if asked == "rates":
            statement.rates()
            continue
        if way:
            cte = statement.today(name) if way == "today" else statement.rows_whole(name)
        else:
            cte = statement.instance(name, moment)
        for field in fields:
            statement.need(cte, field)
    return ", ".join(f"{name} AS ({unquoted(body)})" for name, body, _ in statement.ctes())


# --- materialize: what several statements are made from, made once


def materialize(pair: Pair) -> str:
    """Each of the `statements` is a SELECT over CTEs, and what it `need`s of them, as of a `day`; the `survey` is one that
    is asked before them, over tables of their rows."""
    entities = {name: mapped(name, fields) for name, fields in pair["source"].items()}
    binding = Binding(packaged(), SourceMap("m", "duckdb", "UTC", entities), UTC, UTC, "EUR")
    asked = []
    for one in pair["statements"]:
        statement, at = Statement(binding), datetime.fromisoformat(one.get("day", "2026-07-01")).replace(tzinfo=UTC)
        for name, fields in one["need"].items():
            way, _, entity = name.rpartition(" ")
            if name == "rates":
                statement.rates()
                continue
            cte = statement.today(entity) if way else statement.instance(entity, Moment("current", at, at, at))
            for field in fields:
                statement.need(cte, field)
        body = tree(one["select"])
        assert isinstance(body, exp.Select)
        asked.append(statement.finish(body))
    place, shown = Temporary(pair.get("schema", ""), indexes=pair.get("indexes", False)), list[str]()
    if "survey" in pair:
        statement, one = Statement(binding), pair["survey"]
        for name, fields in one["need"].items():
            way, _, entity = name.rpartition(" ")
            cte = statement.rows_whole(entity) if way else statement.rows_only(entity)
            for field in fields:
                statement.need(cte, field)
        body = tree(one["select"])
        assert isinstance(body, exp.Select)
        survey = statement.finish(body)
        place = replace(place, there=tuple(rows_before(binding, survey, script(binding, asked, place))))
        shown = [*map(table_shown, place.there), unquoted(over_rows(survey, place))]
    found = script(binding, asked, place)
    if found is None:
        return "nothing"
    return " // ".join([*shown, *map(table_shown, found.tables), *(unquoted(one) for one in found.trees)])


def table_shown(one: TemporaryTable) -> str:
    return f"{one.name} [{'; '.join(' '.join(key) for key in one.keys)}] AS ({unquoted(one.tree)})"


PASSES: Mapping[str, Callable[[Pair], str]] = {
    one.__name__: one for one in (windows, ever, fold, combine, assemble, history, clock, yes_or_no, parts, materialize)
}
PAIRS = {name: yaml.safe_load((HERE / f"{name}.yaml").read_text(encoding="utf-8")) for name in PASSES}


@pytest.mark.parametrize(
    ("name", "pair"),
    [pytest.param(name, pair, id=f"{name}: {pair['show']}") for name, pairs in PAIRS.items() for pair in pairs],
)
def test_pair(name: str, pair: Pair) -> None:
    wanted = " ".join(pair["sql"].split())
    assert PASSES[name](pair) == wanted


@pytest.mark.parametrize("name", PASSES)
def test_a_pass_has_pairs_that_each_show_something(name: str) -> None:
    shown = [pair["show"] for pair in PAIRS[name]]
    assert len(set(shown)) == len(shown) >= 8
