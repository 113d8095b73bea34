"""What the databases have in common for which SQL is written without having been run: rules, and the
list of what may stand in a statement."""

from __future__ import annotations

from sqlglot import exp

from reportspec.expression.trees import BARE, LANDS, literal, when
from reportspec.sql.dialects.rewrite import rewritten, with_args

# Known to mean the same on each of them, in the forms in which statements use them.
NODES: frozenset[type[exp.Expr]] = frozenset({
    exp.Select, exp.From, exp.Where, exp.Group, exp.Order, exp.Ordered, exp.Limit, exp.Fetch,
    exp.With, exp.CTE, exp.TableAlias, exp.Table, exp.Subquery, exp.Join, exp.Union, exp.Star,
    exp.Column, exp.Identifier, exp.Alias, exp.Literal, exp.National, exp.Null, exp.Boolean,
    exp.Paren, exp.Neg, exp.And, exp.Or, exp.Not, exp.Is, exp.In, exp.Between, exp.Like, exp.Escape,
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod,
    exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Cast, exp.DataType, exp.DataTypeParam,
    exp.Count, exp.Distinct, exp.Sum, exp.Min, exp.Max, exp.Avg, exp.Window, exp.WindowSpec,
    exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile, exp.Lag, exp.Lead, exp.FirstValue,
    exp.LastValue, exp.Lower, exp.Upper, exp.Trim, exp.Abs, exp.Floor, exp.Ceil, exp.Var, exp.Sqrt,
    exp.Collate, exp.Tuple, exp.Replace, exp.Concat, exp.DPipe, exp.Dot,
})  # fmt: skip

_CONDITIONS = (
    exp.And, exp.Or, exp.Not, exp.Is, exp.In, exp.Between, exp.Like, exp.ILike, exp.Escape, exp.EQ,
    exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Exists, exp.NullSafeEQ, exp.NullSafeNEQ,
)  # fmt: skip


def greatest(node: exp.Expr) -> exp.Expr:
    """GREATEST that leaves nulls out, by CASE; many databases let one null decide."""
    greatest: exp.Expr = node.this
    for other in node.expressions:
        missing = exp.Is(this=other, expression=exp.Null())
        first = exp.Or(this=missing, expression=exp.GTE(this=greatest, expression=other))
        greatest = when(first, greatest, other)
    return greatest


def least(node: exp.Expr) -> exp.Expr:
    """LEAST that leaves nulls out, by CASE."""
    least: exp.Expr = node.this
    for other in node.expressions:
        missing = exp.Is(this=other, expression=exp.Null())
        first = exp.Or(this=missing, expression=exp.LTE(this=least, expression=other))
        least = when(first, least, other)
    return least


def within_group(node: exp.Expr) -> exp.Expr:
    """PERCENTILE_CONT(share) WITHIN GROUP (ORDER BY value)."""
    order = exp.Order(expressions=[exp.Ordered(this=node.this, nulls_first=False)])
    return exp.WithinGroup(this=exp.PercentileCont(this=node.expression), expression=order)


def in_capitals(node: exp.Expr) -> exp.Expr:
    """A name of the source; capitals if it was written without quotes."""
    return with_args(node, this=str(node.this).upper()) if node.meta.get(BARE) else node


def without_booleans(tree: exp.Expr) -> exp.Expr:
    """The statement for databases in which a condition is no value: where one is wanted it becomes
    1, 0 or null, and where a condition is wanted of a value it is asked whether that is 1."""
    done: dict[tuple[int, bool], exp.Expr] = {}

    def visit(node: exp.Expr, asked: bool) -> exp.Expr:
        key = (id(node), asked)
        if key not in done:
            done[key] = _condition(node) if asked else _value(node)
        return done[key]

    def _condition(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Paren):
            return with_args(node, this=visit(node.this, True))
        if isinstance(node, (exp.And, exp.Or)):
            left, right = visit(node.this, True), visit(node.expression, True)
            return with_args(node, this=left, expression=right)
        if isinstance(node, exp.Not):
            return with_args(node, this=visit(node.this, True))
        if isinstance(node, exp.Boolean):
            return exp.EQ(this=literal(1), expression=literal(1 if node.this else 0))
        if isinstance(node, _CONDITIONS):
            return inside(node)
        return exp.EQ(this=visit(node, False), expression=literal(1))

    def _value(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Boolean):
            return literal(1 if node.this else 0)
        if isinstance(node, exp.Paren) and isinstance(node.unnest(), _CONDITIONS):
            return visit(node.unnest(), False)
        if isinstance(node, _CONDITIONS):
            asked_of = visit(node, True)
            no = exp.Not(this=exp.Paren(this=asked_of))
            ifs = [exp.If(this=asked_of, true=literal(1)), exp.If(this=no, true=literal(0))]
            return exp.Case(ifs=ifs)
        return inside(node)

    def inside(node: exp.Expr) -> exp.Expr:
        conditions = _asks(node)
        changed: dict[str, object] = {}
        for name, value in node.args.items():
            if isinstance(value, exp.Expr):
                changed[name] = visit(value, name in conditions)
            elif isinstance(value, list):
                changed[name] = [visit(v, False) if isinstance(v, exp.Expr) else v for v in value]
        return with_args(node, **changed) if changed else node

    return visit(tree, False)


def _asks(node: exp.Expr) -> tuple[str, ...]:
    if isinstance(node, (exp.Where, exp.Having, exp.If)):
        return ("this",)
    if isinstance(node, exp.Escape):
        return ("this",)
    return ("on",) if isinstance(node, exp.Join) else ()


def typed_booleans(tree: exp.Expr) -> exp.Expr:
    """Casts to BOOLEAN in a statement without booleans are whole numbers."""

    def cast(node: exp.Expr) -> exp.Expr:
        if node.args["to"].this != exp.DataType.Type.BOOLEAN:
            return node
        to = exp.DataType(this=exp.DataType.Type.INT, nested=False)
        return with_args(node, to=to)

    return rewritten(tree, {exp.Cast: cast})


def lands(node: exp.Expr, *kinds: str) -> bool:
    """Whether a column of the source becomes a field of one of these types here."""
    return node.meta.get(LANDS) in kinds and node.this.find(exp.Column) is not None
