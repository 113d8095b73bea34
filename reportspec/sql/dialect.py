"""The text of a statement for a database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

import sqlglot
from sqlglot import ErrorLevel, exp
from sqlglot.errors import SqlglotError

from reportspec.expression.sandbox import NODES as EXPRESSIONS
from reportspec.expression.trees import HOLDS, READS, SOURCE, SPEAKS, VALUES, alias_of, copied, identifier, names_cte
from reportspec.sql.dialects.check_digits import written_out
from reportspec.sql.dialects.common import ALIKE, quotient, remainder
from reportspec.sql.dialects.generic import NODES
from reportspec.sql.dialects.portable import checked
from reportspec.sql.dialects.rewrite import (
    Dialect,
    Rule,
    Rules,
    Unsupported,
    rewritten,
    rewritten_in_turn,
    with_args,
)
from reportspec.sql.shared_trees import shared_in
from reportspec.sql.wall import Breached, hold

# Databases differ in these among themselves, DuckDB included.
EVERYWHERE: Rules = {exp.Mod: remainder, exp.IntDiv: quotient}
WRITABLE = frozenset(EXPRESSIONS)


def sql_text(tree: exp.Expr, dialect: Dialect, *, pretty: bool = False, loose: Collection[tuple[str, str]] = ()) -> str:
    """The statement for a database; readable and commented if `pretty`. `loose` are the
    columns of the source, with their tables, that hold different texts for equal. Raises Unsupported."""
    [text] = sql_texts(tree, dialect, (pretty,), loose)
    return text


def sql_texts(
    tree: exp.Expr, dialect: Dialect, pretty: Sequence[bool], loose: Collection[tuple[str, str]] = ()
) -> list[str]:
    """The same in several ways, for each of which is said whether it is `pretty`. Raises Unsupported."""
    if loose and dialect.exact is not None:
        tree = _told_apart(tree, dialect.exact, loose)
    if dialect.merges and tree.meta.get(VALUES) and tree.args.get("distinct"):
        # Whoever lists the values merges equal rows itself, byte for byte.
        tree = with_args(tree, distinct=None)
    try:
        lowered_tree = lowered(tree, dialect)
        hold(lowered_tree, dialect.sqlglot, shared_in(tree))
        texts = [_written(lowered_tree, dialect, one) for one in pretty]
    except Breached as breached:
        raise Unsupported(
            f"an expression cannot be written for {dialect.label} so that it says what is meant: `{breached}`"
        ) from None
    except SqlglotError as error:
        raise Unsupported(f"{dialect.label} has no way to say this: {first_words(error)}") from None
    except (LookupError, AttributeError, TypeError, ValueError, RecursionError) as error:
        # Rules and writers take for granted what calls usually have.
        what = type(error).__name__
        raise Unsupported(f"{dialect.label} has no way to say this: {what}") from error
    if dialect.allowed is not None:
        for text in texts:
            _check(text, dialect, tree.meta.get(SPEAKS) == dialect.sqlglot)
    return texts


def _written(found: exp.Expr, dialect: Dialect, pretty: bool) -> str:
    if dialect.allowed is None:
        found = _with_texts(found, dialect, pretty)
        found = _last(found, dialect, pretty)
    return _to_write(found, dialect).sql(
        dialect=dialect.sqlglot,
        pretty=pretty,
        comments=pretty,
        identify=False,
        copy=False,
        unsupported_level=ErrorLevel.WARN if dialect.allowed is None else ErrorLevel.RAISE,
    )


def _with_texts(statement: exp.Expr, dialect: Dialect, pretty: bool) -> exp.Expr:
    """The statement with the texts of those of its CTEs that others have, too, in their places. Readable ones are
    indented there, which a break in a text or a name would not survive: what has one is written each time."""
    shared, ctes = shared_in(statement), statement.args.get("with_")
    if ctes is None:
        return statement
    texts = shared.made((dialect, "text"))
    readable = shared.made((dialect, "readable text"))

    def told(cte: exp.Expr) -> exp.Expr:
        body = cte.this
        if id(body) not in shared.trees:
            return cte
        if id(body) not in texts:
            texts[id(body)] = _to_write(_last(body, dialect, False), dialect).sql(
                dialect=dialect.sqlglot, comments=False, identify=False, copy=False
            )
        text = texts[id(body)]
        if pretty:
            if "\n" in text:
                return cte
            if id(body) not in readable:
                readable[id(body)] = _to_write(_last(body, dialect, True), dialect).sql(
                    dialect=dialect.sqlglot, pretty=True, comments=True, identify=False, copy=False
                )
            text = readable[id(body)]
        return with_args(cte, this=exp.Var(this=text))

    return with_args(statement, with_=with_args(ctes, expressions=[told(cte) for cte in ctes.expressions]))


def _to_write(tree: exp.Expr, dialect: Dialect) -> exp.Expr:
    """What a writer may change. A copy of ours takes a quarter of the time of sqlglot's, which takes longer than the
    writing."""
    return tree if dialect.writes_shared else copied(tree)


def _last(tree: exp.Expr, dialect: Dialect, pretty: bool) -> exp.Expr:
    """The tree with what is done to it before it is written; a readable one is not made for speed."""
    rules = dialect.named if pretty else {**dialect.named, **dialect.sooner}
    return rewritten(tree, rules) if rules else tree


def first_words(error: Exception) -> str:
    """The first line of an error, without the place in SQL that nobody wrote."""
    return str(error).splitlines()[0].split(". Line")[0][:200] if str(error) else "unknown"


def _told_apart(tree: exp.Expr, exact: Rule, loose: Collection[tuple[str, str]]) -> exp.Expr:
    """The statement with every text of the source, wherever it is read, as one that compares byte for
    byte: so do what a mapping says (its joins and conditions too), and all filters and groups over it."""

    def read(select: exp.Expr) -> exp.Expr:
        tables = _read_by(select)
        if not tables:
            return select
        sole = next(iter(tables.values())) if len(tables) == 1 else None

        def column(node: exp.Expr) -> exp.Expr:
            of = node.text("table")
            table = tables.get(of) if of else sole
            return exact(node) if (table, node.name.lower()) in loose else node

        # Sources have been read themselves; a SELECT stands nowhere else.
        changed: dict[str, object] = {
            key: _each_column(value, column)
            for key, value in select.args.items()
            if key not in ("from_", "joins", "with_")
        }
        if select.args.get("joins"):
            changed["joins"] = [
                with_args(join, on=_each_column(join.args.get("on"), column)) for join in select.args["joins"]
            ]
        return with_args(select, **changed)

    return rewritten(tree, {exp.Select: read})


def _read_by(select: exp.Expr) -> dict[str, str]:
    """The tables of the source that a SELECT reads, by the names that it has for them."""
    from_ = select.args.get("from_")
    sources = [from_.this] if from_ is not None else []
    sources += [join.this for join in select.args.get("joins") or ()]
    columns = {}
    for source in sources:
        # What stands between is `SELECT *` of a table, cut or grouped.
        table = source if isinstance(source, exp.Table) else source.find(exp.Table)
        if table is not None and table.meta.get(SOURCE):
            columns[source.alias_or_name] = ".".join(part.name for part in table.parts).lower()
    return columns


def _each_column(part: Any, change: Rule) -> Any:
    if isinstance(part, list):
        return [_each_column(item, change) for item in part]
    return rewritten(part, {exp.Column: change}) if isinstance(part, exp.Expr) else part


def _check(text: str, dialect: Dialect, own: bool) -> None:
    """Read a statement back and look at every node: only what is known to be right for the database
    may stand in it. What a mapping says in the database's own SQL is its author's."""
    assert dialect.allowed is not None
    try:
        tree = sqlglot.parse_one(text, dialect=dialect.sqlglot)
    except SqlglotError as error:
        raise Unsupported(f"{dialect.label} has no way to say this: {first_words(error)}") from None
    known = NODES | dialect.allowed
    for node in tree.walk():
        if isinstance(node, (exp.Anonymous, exp.AnonymousAggFunc)):
            if own or str(node.this).upper() in dialect.functions:
                continue
            raise Unsupported(_unknown(f"the function `{str(node.this).lower()}`", dialect))
        if type(node) in known or (own and type(node) in WRITABLE):
            continue
        name = node.sql_name().lower() if isinstance(node, exp.Func) else node.key
        raise Unsupported(_unknown(f"`{name}`", dialect))


def _unknown(what: str, dialect: Dialect) -> str:
    return (
        f"{what} is not known to be right on {dialect.label}; write the mapping's expression in"
        f" {dialect.label}'s own SQL, with `dialect: {dialect.sqlglot}`"
    )


@cache
def _rules(dialect: Dialect) -> Rules:
    """All that is written otherwise for a database, or refused."""
    rules = {**EVERYWHERE, **dialect.rules}
    if dialect.reading is not None:
        rules[exp.Cast] = _reading(dialect.reading, rules.get(exp.Cast))
    return rules if dialect.canonical else checked(rules, dialect)


def _reading(reading: Rule, other: Rule | None) -> Rule:
    def cast(node: exp.Expr) -> exp.Expr:
        if node._meta and HOLDS in node._meta:
            return reading(node)
        return other(node) if other is not None else node

    return cast


def lowered(tree: exp.Expr, dialect: Dialect) -> exp.Expr:
    """The statement with what the database would do otherwise put in words that it does right."""
    own, shared = "" if dialect.canonical else dialect.sqlglot, shared_in(tree)
    alike = {**ALIKE, exp.Anonymous: written_out(dialect)}
    found = _apart(tree)
    if dialect.before is None:
        found = rewritten_in_turn(found, alike, _rules(dialect), own, dialect.anyhow, (shared, dialect))
    else:
        found = dialect.before(rewritten(found, alike, own, shared=(shared, (dialect, "alike"))))
        found = rewritten(found, _rules(dialect), own, dialect.anyhow, (shared, (dialect, "rules")))
    if dialect.settings and isinstance(found, exp.Select):
        settings = [
            exp.EQ(this=exp.Var(this=name), expression=exp.Literal.number(value))
            for name, value in dialect.settings.items()
        ]
        found = with_args(found, settings=settings)
    return found


def sql_hash(sql: str) -> str:
    """The first 12 hex digits of the SHA-256 of a statement."""
    import hashlib

    return hashlib.sha256(sql.encode()).hexdigest()[:12]


def _apart(tree: exp.Expr) -> exp.Expr:
    """The statement with CTEs called otherwise that have the name of a table of the source."""
    ours = {cte.alias for cte in tree.args["with_"].expressions} if tree.args.get("with_") else set()
    both = {name: f"{name}_rows" for name in ours & source_tables(tree)}
    if not both:
        return tree

    def cte(node: exp.Expr) -> exp.Expr:
        if node.alias not in both:
            return node
        alias = alias_of(both[node.alias])
        alias.comments = node.args["alias"].comments
        return with_args(node, alias=alias)

    def table(node: exp.Expr) -> exp.Expr:
        if node.name not in both or not names_cte(node):
            return node
        alias = node.args.get("alias") or alias_of(node.name)
        return with_args(node, this=identifier(both[node.name]), alias=alias)

    apart = ("apart", frozenset(both))
    return rewritten(tree, {exp.CTE: cte, exp.Table: table}, shared=(shared_in(tree), apart))


def source_tables(tree: exp.Expr) -> frozenset[str]:
    """The source's tables that a statement reads, as a mapping names them."""
    reads: frozenset[str] = tree.meta.get(READS, frozenset())
    return reads
