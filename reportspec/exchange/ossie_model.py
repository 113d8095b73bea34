"""Files of Apache Ossie: datasets as entities, relationships as relations, metrics as metrics of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from reportspec.catalogue.load import packaged
from reportspec.diagnostics import Diagnostic
from reportspec.exchange.fields import keep, type_of
from reportspec.exchange.fitting_names import fitting_name
from reportspec.exchange.foreign import LeftOut, Model, NotRead, Part, Table
from reportspec.exchange.fragments import ANSI, is_name, read, sqlglot_dialect, written
from reportspec.exchange.ossie_metrics import Datasets, metrics_of
from reportspec.exchange.ossie_parts import chosen, other_keys, own_extension
from reportspec.expression.sandbox import Refused, table_name

KNOWN = re.compile(r"0\.1\.\d+|0\.2\.0\.dev0")
_EXPECTED = frozenset(
    ["name", "description", "ai_context", "datasets", "relationships", "metrics", "custom_extensions"]
)


def take_ossie(model: Model, parts: str, times: Mapping[str, str]) -> None:
    """What a file of Ossie has, into a model; `parts` says which parts of tables' names count, `times` by
    which field the metrics of a dataset count. Raises NotRead."""
    foreign, root = model.foreign, model.foreign.root
    version = root.text("version")
    texts = {foreign.file: foreign.text}
    if not root.has("semantic_model"):
        what = "the file has no `semantic_model`"
        raise NotRead(Diagnostic("no-model", what, root.node.span, "name a file of Apache Ossie"), texts=texts)
    if not KNOWN.fullmatch(version):
        what = f"the version `{version[:40]}` is none that is known" if version else "the file says no `version`"
        help = "0.1.0, 0.1.1 and 0.2.0.dev0 are read"
        raise NotRead(Diagnostic("unknown-version", what, root.at("version"), help), texts=texts)
    for part in root.parts("semantic_model"):
        other_keys(foreign, "the model", part, _EXPECTED)
        datasets = Datasets(model, dict(times))
        model.titles += [text for text in (part.text("name"), part.text("description")) if text]
        for each in part.parts("datasets"):
            _dataset(model, datasets, each, parts)
        _keyless(model, part.parts("relationships"))
        for each in part.parts("relationships"):
            _relationship(model, datasets, each)
        metrics_of(datasets, part.parts("metrics"))
    for name in times:
        if name not in model.tables:
            raise NotRead(
                Diagnostic("unknown-dataset", f"`--time` names `{name[:60]}`, which is no dataset of the file"),
                texts=texts,
            )


def _dataset(model: Model, datasets: Datasets, part: Part, parts: str) -> None:
    name = part.text("name")
    what = f"dataset `{name}`"
    try:
        if not name or name in model.tables:
            raise LeftOut("another one has its name" if name else "it has no name")
        table = _table(model, part, name, parts)
    except LeftOut as left:
        model.foreign.leave(what, left.why, left.place or part.place)
        return
    model.tables[name] = table
    datasets.tables[name] = table
    if table.entity != name:
        model.foreign.note(what, f"it is called `{table.entity}` here", part.place)
    for each in part.parts("fields"):
        _field(model, datasets, table, each)
    _key(model, table, part)
    known = ["name", "source", "primary_key", "unique_keys", "description", "ai_context", "fields", "custom_extensions"]
    other_keys(model.foreign, what, part, known)


def _table(model: Model, part: Part, name: str, parts: str) -> Table:
    known = packaged().entities
    canonical = own_extension(part).get("canonical") is True and name in known and known[name].derived is None
    taken = {*model.entities, *(table.entity for table in model.tables.values())}
    entity = name if canonical else fitting_name(name, taken, model.tool)
    source, where = _source(part, parts, model.dialect)
    table = Table(name, entity, source, part.place, "", part.text("description"), where, canonical=canonical)
    own = own_extension(part).get("entity")
    if isinstance(own, dict) and own.get("entity") == entity:
        table.data = own
    return table


def _source(part: Part, parts: str, dialect: str) -> tuple[str, str]:
    """The table of a dataset, and which of its rows are meant. Raises LeftOut."""
    source = part.text("source")
    try:
        names = table_name(source)
        where = ""
    except Refused:
        names, where = _of_query(part, source, dialect)
    wanted = {"full": names, "schema": names[-2:], "name": names[-1:]}[parts]
    return ".".join(name.sql(dialect=sqlglot_dialect(dialect)) for name in wanted), where


def _of_query(part: Part, source: str, dialect: str) -> tuple[list[exp.Identifier], str]:
    """The table and the condition of a query that does nothing but choose rows."""
    place = part.at("source")
    if len(source) > 20_000:
        raise LeftOut("its `source` is too long", place)
    try:
        query = sqlglot.parse_one(source, dialect="")
    except (SqlglotError, RecursionError, ValueError, TypeError, AttributeError, LookupError):
        raise LeftOut("its `source` is neither a table nor a query that can be read", place) from None
    table = query.args["from_"].this if isinstance(query, exp.Select) and query.args.get("from_") else None
    said = {key for key, value in query.args.items() if value}
    plain = isinstance(table, exp.Table) and {key for key, value in table.args.items() if value} <= {
        "this",
        "db",
        "catalog",
    }
    if not plain or not said <= {"expressions", "from_", "where"} or [type(e) for e in query.expressions] != [exp.Star]:
        raise LeftOut("its `source` is a query: make a view of it, and name that", place)
    where = query.args.get("where")
    condition = written(read(written(where.this, ANSI), ANSI), dialect) if where is not None else ""
    assert isinstance(table, exp.Table)
    names = [each for each in table.parts if isinstance(each, exp.Identifier)]
    if len(names) != len(table.parts):
        raise LeftOut("its `source` is a query: make a view of it, and name that", place)
    return names, condition


def _field(model: Model, datasets: Datasets, table: Table, part: Part) -> None:
    name = part.text("name")
    what = f"field `{table.name}.{name}`"
    try:
        if not name or name in datasets.fields.get(table.name, {}):
            raise LeftOut("another one has its name" if name else "it has no name")
        with model.foreign.whole():
            text, dialect = chosen(part, model.dialect)
        if not text:
            raise LeftOut("it has no expression in SQL", part.at("expression"))
        sql = text if is_name(text) else written(read(text, dialect), model.dialect)
        told = own_extension(part).get("type")
        dimension = part.part("dimension")
        is_time = dimension is not None and dimension.flag("is_time") is True
        kind = type_of(part.text("datatype"), "time" if is_time and not part.text("datatype") else "")
        kind = told if isinstance(told, str) else kind
        made = keep(model, table, name, part, kind, sql)
    except LeftOut as left:
        model.foreign.leave(what, left.why, left.place or part.place)
        return
    datasets.fields.setdefault(table.name, {})[name] = made
    known = ["name", "expression", "dimension", "label", "description", "datatype", "ai_context", "custom_extensions"]
    other_keys(model.foreign, what, part, known)


def _key(model: Model, table: Table, part: Part) -> None:
    """The key of a dataset: the first of its primary and unique ones that is one column."""
    keys = [part.texts("primary_key")] if part.has("primary_key") else []
    place = part.at("primary_key") if keys else part.at("unique_keys")
    listed = part.data("unique_keys")
    keys += [key for key in listed if isinstance(key, list)] if isinstance(listed, list) else []
    single = [key[0] for key in keys if len(key) == 1 and isinstance(key[0], str)]
    if single:
        try:
            table.key = key_field(model, table, single[0], part)
        except LeftOut as left:
            model.foreign.leave(f"the key of dataset `{table.name}`", left.why, place)
    elif any(keys):
        model.foreign.leave(f"the key of dataset `{table.name}`", "it has several columns", place)


def _keyless(model: Model, relationships: Sequence[Part]) -> None:
    """Datasets that say no key have the column that relationships lead to, where all lead to one."""
    led: dict[str, dict[str, Part]] = {}
    for each in relationships:
        columns = each.texts("to_columns")
        if len(columns) == 1:
            led.setdefault(each.text("to"), {}).setdefault(columns[0], each)
    for name, leading in led.items():
        table = model.tables.get(name)
        if table is not None and not table.key and len(leading) == 1:
            [(column, part)] = leading.items()
            table.key = key_field(model, table, column, part)


def key_field(model: Model, table: Table, column: str, part: Part) -> str:
    """The field of a column by which rows are told apart, or lead elsewhere. Raises LeftOut."""
    sql = (
        column
        if is_name(column)
        else exp.to_identifier(column, quoted=True).sql(dialect=sqlglot_dialect(model.dialect))
    )
    for known in table.fields.values():
        if known.sql == sql:
            known.type = "key" if known.type in ("", "text", "integer") else known.type
            return known.name
    bare = Part(type(part.node)((), part.node.span), part.wrong)
    return keep(model, table, column, bare, "key", sql)


def _side(model: Model, part: Part, key: str) -> Table:
    found = model.tables.get(part.text(key))
    if found is None:
        raise LeftOut(f"there is no dataset `{part.text(key)[:60]}`", part.at(key))
    return found


def _relationship(model: Model, datasets: Datasets, part: Part) -> None:
    name = part.text("name")
    try:
        table, aim = (_side(model, part, key) for key in ("from", "to"))
        with model.foreign.whole():
            columns = [part.texts(key) for key in ("from_columns", "to_columns")]
        if [len(each) for each in columns] != [1, 1]:
            raise LeftOut("it leads by several columns", part.at("from_columns"))
        by = key_field(model, table, columns[0][0], part)
        to = key_field(model, aim, columns[1][0], part)
        if aim.key != to:
            raise LeftOut(f"`{columns[1][0]}` is not known to be the key of `{aim.name}`", part.at("to_columns"))
    except LeftOut as left:
        model.foreign.leave(f"relationship `{name}`", left.why, left.place or part.place)
        return
    told = own_extension(part).get("relation")
    if table.canonical:
        known = packaged().entities[table.entity].relations
        wanted = told if isinstance(told, str) and told in known else ""
        if not wanted:
            model.foreign.leave(f"relationship `{name}`", f"`{table.entity}` has no such relation here", part.place)
            return
    else:
        taken = {*table.fields, *table.relations}
        wanted = str(told) if isinstance(told, str) else aim.name
        wanted = fitting_name(wanted if wanted not in taken else name, taken, "to")
        table.relations[wanted] = (aim.entity, by)
    datasets.ways.setdefault(table.name, {}).setdefault(aim.name, []).append(wanted)
    known_keys = ["name", "from", "to", "from_columns", "to_columns", "ai_context", "custom_extensions"]
    other_keys(model.foreign, f"relationship `{name}`", part, known_keys)
