"""PostgreSQL. Texts are ordered by their code points, whatever the database's collation is."""

from __future__ import annotations

from sqlglot import exp

from reportspec.expression.trees import FLAG, TEXT, identifier, literal, when
from reportspec.sql.dialects.common import (
    NUMBER,
    division,
    double,
    fitting,
    half_up,
    nulls_last,
    turned,
    unit_of,
)
from reportspec.sql.dialects.reading import parts_of, plain_day, yes_or_no
from reportspec.sql.dialects.rewrite import (
    TEXTS,
    WHOLES,
    Dialect,
    Rules,
    Unsupported,
    refusing,
    snippet,
    type_of,
    unsaid,
    with_args,
)


def by_code_points(node: exp.Expr) -> exp.Expr:
    """An item of ORDER BY: texts go by their code points, so that a cut list has the same rows."""
    if not node.this.meta.get(TEXT):
        return node
    return with_args(node, this=exp.Collate(this=node.this, expression=identifier("C")))


def _exact(value: exp.Expr) -> exp.Expr:
    """A text that is no `citext` and has a collation that tells all texts apart."""
    text = exp.Cast(this=value, to=exp.DataType(this=exp.DataType.Type.TEXT, nested=False))
    return exp.Collate(this=text, expression=identifier("C"))


def _division(node: exp.Expr) -> exp.Expr:
    return node if node.args.get("typed") else division(node)


def _tried(node: exp.Expr) -> exp.Expr:
    """TRY_CAST by a look at the text first; a day that its month has not is none."""
    kind = type_of(node)
    text = exp.Cast(this=node.this, to=exp.DataType(this=exp.DataType.Type.TEXT, nested=False))
    if kind in ("DOUBLE", "FLOAT", "DECIMAL", *WHOLES):
        exact = exp.Cast(this=text, to=exp.DataType(this=exp.DataType.Type.DECIMAL, nested=False))
        number: exp.Expr = double(text)
        if kind in WHOLES or kind == "DECIMAL":
            number = fitting(exact, node.args["to"], exp.Cast(this=exact, to=node.args["to"]))
        return when(exp.RegexpLike(this=text, expression=exp.Literal.string(NUMBER)), number)
    if kind == "DATE":
        return snippet("postgres", _DAY, x=text)
    if kind in TEXTS:
        return text
    raise Unsupported(unsaid(node, "PostgreSQL"))


def _extracted(node: exp.Expr) -> exp.Expr:
    """The first group of a pattern; no match is an empty text."""
    group = node.args.get("group")
    if group is None or str(group.this) != "1":
        raise Unsupported(unsaid(node, "PostgreSQL"))
    found = exp.Anonymous(this="SUBSTRING", expressions=[node.this, node.expression])
    empty = exp.Coalesce(this=found, expressions=[exp.Literal.string("")])
    return when(exp.Not(this=exp.Is(this=node.this, expression=exp.Null())), empty)


def _flag(node: exp.Expr) -> exp.Expr:
    """A condition to group by, as it is: PostgreSQL expects two groups of it, of a CASE any number,
    for which it would give up grouping rows in memory and side by side."""
    return node.args["ifs"][0].this if node.meta.get(FLAG) else node


def _flagged(node: exp.Expr) -> exp.Expr:
    if not node.meta.get(FLAG):
        return node
    return node.this if str(node.expression.this) == "1" else exp.Not(this=node.this)


def _difference(node: exp.Expr) -> exp.Expr:
    """Microseconds between two times. EXTRACT gives decimals, which are slow; DATE_PART's doubles
    are exact for stretches of less than 285 years."""
    if unit_of(node) != "MICROSECOND":
        return node
    # Where the clock is turned, as instants: the session's zone is the source's.
    kind = exp.DataType.Type.TIMESTAMPTZ if turned(node) else exp.DataType.Type.TIMESTAMP
    ends = [exp.Cast(this=end, to=exp.DataType(this=kind, nested=False)) for end in (node.this, node.expression)]
    stretch = exp.Sub(this=ends[0], expression=ends[1])
    seconds = exp.Anonymous(this="DATE_PART", expressions=[exp.Literal.string("epoch"), stretch])
    micros = exp.Mul(this=seconds, expression=exp.Literal.number(1_000_000))
    return exp.Cast(this=micros, to=exp.DataType(this=exp.DataType.Type.BIGINT, nested=False))


def _int(tree: exp.Expr) -> exp.Expr:
    return exp.Cast(this=tree, to=exp.DataType(this=exp.DataType.Type.INT, nested=False))


_DAY = """
CASE WHEN x ~ '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$'
THEN CASE WHEN CAST(SUBSTRING(x FROM 9 FOR 2) AS INT) <= CAST(EXTRACT(DAY FROM
  CAST(SUBSTRING(x FROM 1 FOR 8) || '01' AS DATE) + INTERVAL '1 MONTH' - INTERVAL '1 DAY') AS INT)
THEN CAST(x AS DATE) END END
"""
_TIME = r"""
CASE WHEN t ~ c THEN CAST(LEFT(t, 26) AS TIMESTAMP)
WHEN t ~ i THEN CAST(REGEXP_REPLACE(t, '([.][0-9]{6})[0-9]+', '\1') AS TIMESTAMPTZ) AT TIME ZONE z
WHEN t <> '' THEN CAST('`' || t || '`' || s AS TIMESTAMP) END
"""
_WRITTEN_DAY = """
CASE WHEN t ~ e THEN CAST(LEFT(t, 10) AS DATE) WHEN t <> '' THEN CAST('`' || t || '`' || s AS DATE) END
"""


def _read(node: exp.Expr) -> exp.Expr:
    """A cast of what cannot be read is an error that shows it, with what is said of it."""
    if plain_day(node):
        return node
    if type_of(node) == "BOOLEAN":
        return yes_or_no(
            node,
            _exact,
            lambda x, said: snippet("postgres", "CAST('`' || x || '`' || s AS BOOLEAN)", x=x, s=literal(said)),
        )
    form = _WRITTEN_DAY if type_of(node) == "DATE" else _TIME
    return snippet("postgres", form, **parts_of(node, _exact))


RULES: Rules = {
    **refusing("PostgreSQL", exp.RegexpFullMatch),
    exp.Contains: lambda node: snippet("postgres", "(STRPOS(x, p) > 0)", x=node.this, p=node.expression),
    exp.DateDiff: _difference,
    exp.DateFromParts: lambda node: exp.Anonymous(
        this="MAKE_DATE", expressions=[_int(node.args[k]) for k in ("year", "month", "day")]
    ),
    exp.EndsWith: lambda node: snippet("postgres", "(RIGHT(x, LENGTH(p)) = p)", x=node.this, p=node.expression),
    exp.RegexpExtract: _extracted,
    exp.Round: half_up,
    exp.TryCast: _tried,
    exp.Order: nulls_last,
    exp.Ordered: by_code_points,
    exp.Div: _division,
    exp.Case: _flag,
    exp.EQ: _flagged,
}
POSTGRES = Dialect("postgres", "PostgreSQL", "postgres", RULES, exact=_exact, reading=_read)
