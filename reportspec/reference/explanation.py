"""What a report's figures are made of, in words: each metric's definition, the rows that count, by which time, and
every field down to the tables and columns of the source. No database is asked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace

from sqlglot import exp

from reportspec.compile import Program, compile_report, statement_of
from reportspec.databases import dialect_named
from reportspec.evaluate.evaluate import formula
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.lazy_dataclass import dataclass
from reportspec.model.domain import Derived, Metric
from reportspec.model.mapped import MappedJoin, MappedPart
from reportspec.model.query import AggregateQuery
from reportspec.model.spec import Report
from reportspec.resolve.binding import Binding, Unresolved, metrics_needed
from reportspec.resolve.mapped_columns import OWN
from reportspec.sql.dialect import sql_text


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a field comes from: what the mapping has for it (of each of an entity's tables), or of which fields the
    catalogue makes it."""

    field: str
    source: tuple[str, ...]
    made_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counted:
    """An aggregate that a figure is made of: how it is computed, which rows of which entity there are at all
    (`population`), which of them count (`conditions`), by which time, over which relations others are reached."""

    metric: str
    formula: str
    entity: str
    population: str
    conditions: tuple[str, ...]
    time: str
    history: str  # where states of the past come from, if the source has any
    joins: tuple[str, ...]
    fields: tuple[Origin, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A figure of a report: what it means, and what it is made of; the sections that show it, the report's filters and
    stretch of time, and the statements that fetch it."""

    metric: str
    label: str
    definition: str
    caveat: str
    formula: str
    sections: tuple[str, ...]
    period: str
    filters: tuple[str, ...]
    within: tuple[str, ...]  # what besides holds in a section, with its name
    counted: tuple[Counted, ...]
    tables: tuple[str, ...]
    statements: tuple[str, ...]
    alone: str = ""  # the last SELECT of a statement of this figure alone, in the first section that shows it


def shown_by(report: Report) -> list[str]:
    """The metrics that a report shows, each once."""
    return list(dict.fromkeys(metric.id for section in report.sections for metric in section.metrics))


def explanations(report: Report, metrics: Iterable[Metric], *, sql: bool = True) -> list[Explanation]:
    """What some of a report's metrics are made of, by one compilation of it; without their statements where these are
    not asked for (`sql`)."""
    program, written = compile_report(report), dict[int, str]()
    return [_explained(report, metric, program, written if sql else None) for metric in metrics]


def explained(report: Report, metric: Metric, program: Program | None = None, *, sql: bool = True) -> Explanation:
    """What one of a report's metrics is made of; of a report that is compiled already by its `program`."""
    return _explained(report, metric, program or compile_report(report), {} if sql else None)


def _explained(report: Report, metric: Metric, program: Program, written: dict[int, str] | None) -> Explanation:
    """What a metric is made of; its statements with those that are `written` already, by their places, unless that
    is None: then without."""
    sections = [section for section in report.sections if metric.id in {one.id for one in section.metrics}]
    names = {section.id for section in sections}
    dialect = dialect_named(report.project.source.dialect)
    statements = []
    for place, compiled in enumerate(program):
        if written is None or compiled.query.section not in names or compiled.purpose != "figures":
            continue
        if place not in written:
            written[place] = sql_text(compiled.tree, dialect, pretty=True)
        statements.append(written[place])
    needed = metrics_needed(report.binding.catalogue, metric)
    own = _alone(report, program, names, {part.id for part in needed}) if written is not None else None
    counted = tuple(_counted(report, part) for part in needed)
    columns: dict[str, None] = {}
    for part in counted:
        for origin in part.fields:
            columns |= dict.fromkeys(_tables(report.binding, origin.field))
    period = f"{report.period.start} to before {report.period.end}, in {report.project.timezone}"
    return Explanation(
        metric.id,
        english(metric.label),
        english(metric.description),
        english(metric.caveat) if metric.caveat else "",
        formula(report, metric),
        tuple(section.id for section in sections),
        period,
        tuple(tree.sql("duckdb") for tree in report.conditions),
        _within(report, program, names),
        counted,
        tuple(columns),
        tuple(statements),
        sql_text(own, dialect, pretty=True) if own is not None else "",
    )


def english(texts: Mapping[str, str]) -> str:
    """A text of the catalogue in the language of all that is said around it, whatever the report's is."""
    return texts.get("en") or next(iter(texts.values()), "")


def _alone(report: Report, program: Program, sections: set[str], metrics: set[str]) -> exp.Expr | None:
    """What is counted for some metrics in the report's period: the last SELECT of a statement without the other figures
    of the section, and without what it is grouped by or compared with; None where no section has one of figures."""
    for compiled in program:
        query = compiled.query
        if query.section not in sections or compiled.purpose != "figures" or not isinstance(query, AggregateQuery):
            continue
        measures = [one for one in query.measures if one.metric in metrics and one.keep == "value"]
        side = replace(query.sides[0], buckets=())
        if measures and not side.origins:
            short = replace(query, dimensions=(), measures=tuple(measures), sides=(side,), idle=None)
            # How its rows are made is told in words, and by the statements that are run.
            tree = statement_of(report, short).copy()
            tree.set("with_", None)
            return tree
    return None


def _within(report: Report, program: Program, names: set[str]) -> tuple[str, ...]:
    """The conditions that hold in sections only."""
    of_all = {tree.sql("duckdb") for tree in report.conditions}
    found: dict[str, None] = {}
    for compiled in program:
        query = compiled.query
        if query.section in names and compiled.purpose == "figures":
            texts = [tree.sql("duckdb") for tree in query.conditions]
            found |= dict.fromkeys(f"{query.section}: {text}" for text in texts if text not in of_all)
    return tuple(found)


def _counted(report: Report, metric: Metric) -> Counted:
    binding = report.binding
    entity = binding.catalogue.entities[metric.entity]
    population = english(entity.description)
    conditions = [tree.sql("duckdb") for tree in (entity.where, metric.where) if tree is not None]
    conditions += [tree.sql("duckdb") for tree in report.conditions]
    time = f"{metric.time.sql('duckdb')} in the period" if metric.time is not None else "as of the report's date"
    trees = [
        tree for tree in (metric.of, entity.where, metric.where, metric.time, *report.conditions) if tree is not None
    ]
    origins: dict[str, Origin] = {}
    joins: dict[str, None] = {}
    for tree in trees:
        _follow(binding, metric.entity, tree, origins, joins)
    history = entity.history
    past = ""
    if history is not None and binding.has_entity(history.entity):
        past = history.entity
        while (made := binding.catalogue.entities[past].derived) is not None:
            past = made.source
        for name in binding.source.entities[past].fields if past in binding.source.entities else ():
            _origin(binding, past, name, origins, joins)
    return Counted(
        metric.id,
        formula(report, metric),
        metric.entity,
        population,
        tuple(conditions),
        time,
        past,
        tuple(joins),
        tuple(origins.values()),
    )


def _follow(binding: Binding, base: str, tree: exp.Expr, origins: dict[str, Origin], joins: dict[str, None]) -> None:
    """Note what an expression's names are made of, down to the mapping."""
    for node in column_nodes(tree):
        path = path_of(node)
        if len(path) < 2:
            continue  # an instant, such as `as_of`
        try:
            reference = binding.resolve(base, path)
        except Unresolved:
            continue  # of a filter that another entity's rows are meant by
        at = base
        for step in reference.steps:
            relation = binding.catalogue.entities[at].relations[step]
            key = binding.catalogue.entities[relation.to].key
            joins[f"{at}.{relation.by} = {relation.to}.{key}"] = None
            _origin(binding, at, relation.by, origins, joins)
            if key is not None:
                _origin(binding, relation.to, key, origins, joins)
            at = relation.to
        _origin(binding, reference.field.entity, reference.field.name, origins, joins)


def _origin(binding: Binding, entity: str, name: str, origins: dict[str, Origin], joins: dict[str, None]) -> None:
    field_id = f"{entity}.{name}"
    if field_id in origins:
        return
    known = binding.catalogue.entities[entity]
    field = next((field for field in binding.fields(entity) if field.name == name), None)
    derived = known.derived
    made: exp.Expr | None = None
    start = entity
    if derived is not None and name in derived.fields:
        made, start = derived.fields[name], derived.source
    elif field is not None and field.expr is not None:
        made = field.expr
    elif binding.mapped(entity, name) is None and field is not None and field.default is not None:
        made = field.default
    if made is None:
        origins[field_id] = Origin(field_id, _mapped(binding, entity, name))
        return
    names = tuple(dict.fromkeys(".".join(path_of(node)) for node in column_nodes(made)))
    origins[field_id] = Origin(field_id, (), names)
    trees = [made, *_of_derived(derived)] if derived is not None and start != entity else [made]
    for tree in trees:
        _follow(binding, start, tree, origins, joins)


def _of_derived(derived: Derived) -> Iterable[exp.Expr]:
    return [derived.where] if derived.where is not None else []


def _mapped(binding: Binding, entity: str, name: str) -> tuple[str, ...]:
    mapped = binding.source.entities.get(entity)
    if mapped is None:
        return ()
    if mapped.rows:
        return ("rows of the mapping",)
    dialect = dialect_named(binding.source.dialect).sqlglot
    return tuple(
        f"{_dotted(part.table)}: {_as_written(part.fields[name].sql).sql(dialect)}{_beside(part, name, dialect)}"
        for part in mapped.parts
        if name in part.fields
    )


def _dotted(table: exp.Table) -> str:
    return ".".join(one.name for one in table.parts)


def _beside(part: MappedPart, name: str, dialect: str) -> str:
    """The tables beside its own that a field is read from: which row of each is meant, and what its columns are made
    of where the mapping makes them."""
    said = []
    for join in _joins_of(part, name):
        keys = [f"{_as_written(theirs).sql(dialect)} = {_as_written(ours).sql(dialect)}" for theirs, ours in join.on]
        first = [f"the first by {', '.join(_as_written(one).sql(dialect) for one in join.first)}"] if join.first else []
        made = [
            f"{column} made of {_as_written(join.fields[column]).sql(dialect)}"
            for column in _columns_beside(part.fields[name].sql, join)
            if column in join.fields
        ]
        limit = [f"only where {_as_written(join.where).sql(dialect)}"] if join.where is not None else []
        said.append(
            f"`{join.name}` is `{_dotted(join.table)}` by {'; '.join([' and '.join(keys), *first, *limit, *made])}"
        )
    return f" ({'; '.join(said)})" if said else ""


def _joins_of(part: MappedPart, name: str) -> list[MappedJoin]:
    """The tables beside its own that a field's expression reads."""
    return [join for join in part.joins if _columns_beside(part.fields[name].sql, join)]


def _columns_beside(tree: exp.Expr, join: MappedJoin) -> list[str]:
    return list(dict.fromkeys(node.name for node in tree.find_all(exp.Column) if node.table == join.name))


def _as_written(tree: exp.Expr) -> exp.Expr:
    """A mapping's expression with the names of its own table as people write them."""
    written = tree.copy()
    for node in written.find_all(exp.Column):
        if node.table == OWN:
            node.set("table", None)
        for part in node.find_all(exp.Identifier):
            part.set("quoted", not _PLAIN.fullmatch(part.name))
    return written


_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")


def _tables(binding: Binding, field_id: str) -> list[str]:
    """The columns of the source that the tables of a field's entity are read by, of the field alone."""
    entity, _, name = field_id.partition(".")
    mapped = binding.source.entities.get(entity)
    found: list[str] = []
    for part in mapped.parts if mapped is not None else ():
        if name not in part.fields:
            continue
        of_own = [part.fields[name].sql]
        for join in _joins_of(part, name):
            read = [*(theirs for theirs, _ in join.on), *_made_beside(part.fields[name].sql, join)]
            found += _columns_of(join.table, ("", join.name), read)
            of_own += [ours for _, ours in join.on]
        found = [*_columns_of(part.table, ("", OWN), of_own), *found]
    return list(dict.fromkeys(found))


def _made_beside(tree: exp.Expr, join: MappedJoin) -> list[exp.Expr]:
    """What an expression reads of a table beside its own: its columns, or what the mapping makes of them."""
    return [join.fields.get(name) or exp.column(name) for name in _columns_beside(tree, join)]


def _columns_of(table: exp.Table, called: tuple[str, ...], trees: Iterable[exp.Expr]) -> list[str]:
    """The columns of a table that expressions read, by the names that it has in them."""
    nodes = [node for tree in trees for node in tree.find_all(exp.Column) if node.table in called]
    return [f"{_dotted(table)}.{node.name}" for node in nodes]


# --- as text ---------------------------------------------------------------------------------------------


def as_text(explanations: Iterable[Explanation], *, sql: bool | None) -> str:
    """The explanations for a terminal, with all their statements if these are asked for; of None with one that has the
    figure alone."""
    return "\n\n".join("\n".join(_lines(one, "", "  ", sql=sql)) for one in explanations)


def as_markdown(explanations: Iterable[Explanation], *, sql: bool | None) -> str:
    """The explanations as Markdown, with the same statements."""
    return "\n".join("\n".join(_lines(one, "## ", "- ", sql=sql, fence="```")) + "\n" for one in explanations)


def as_json(explanations: Iterable[Explanation]) -> str:
    """The explanations as JSON, always with their statements."""
    return json.dumps([asdict(one) for one in explanations], ensure_ascii=False, indent=2)


def _lines(one: Explanation, head: str, item: str, *, sql: bool | None, fence: str = "") -> list[str]:
    lines = [f"{head}{one.label} ({one.metric})", *([""] if fence else []), f"{item}what it means: {one.definition}"]
    lines += [f"{item}mind: {one.caveat}"] if one.caveat else []
    lines += [
        f"{item}formula: {one.formula}",
        f"{item}shown in: {', '.join(one.sections)}",
        f"{item}period: {one.period}",
    ]
    lines += [f"{item}filter: {text}" for text in one.filters]
    lines += [f"{item}only in the section {text}" for text in one.within]
    inner = " " * len(item) + item
    for part in one.counted:
        lines.append(f"{item}{part.metric}: {part.formula}")
        lines.append(f"{inner}rows: {part.entity}: {part.population}")
        lines += [f"{inner}counts where: {text}" for text in part.conditions]
        lines.append(f"{inner}by: {part.time}")
        lines += [f"{inner}states of the past: by {part.history}"] if part.history else []
        lines += [f"{inner}joined: {text}" for text in part.joins]
        for origin in part.fields:
            made = " and ".join(origin.source) or f"made of {', '.join(origin.made_of) or 'nothing of the source'}"
            lines.append(f"{inner}{origin.field} ← {made}")
    lines += [f"{item}columns of the source: {', '.join(one.tables)}"] if one.tables else []
    texts = one.statements if sql else (one.alone,) if sql is None and one.alone else ()
    if sql is None and one.alone:
        lines += ["", f"{item}the figure alone, over these rows (`--sql` prints the statements that are run):"]
    for text in texts:
        lines += ["", *([f"{fence}sql"] if fence else []), text, *([fence] if fence else [])]
    return lines
