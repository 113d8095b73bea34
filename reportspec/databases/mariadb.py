"""MariaDB, which is read as MySQL is but for what stands here."""

from __future__ import annotations

from collections import Counter

from sqlglot import exp

from reportspec.databases import Checkup, Database
from reportspec.databases.mysql import (
    DRIVER,
    INSTANTS,
    KEYS,
    OPTIONS,
    collated,
    collations,
    exact_of,
    indexes,
    may_write,
    reading_of,
    rules_of,
)
from reportspec.expression.trees import alias_of, names_cte
from reportspec.sql.dialects.common import bounded_rows, inlined_or_not, lands_rows, quantiles_by_rank
from reportspec.sql.dialects.rewrite import Dialect, Rules, Unsupported, rewritten, unsaid, with_args
from reportspec.sql.dialects.windows_below import windows_below

MOST_CTES = 64  # in one statement
_LABEL, _COLLATION = "MariaDB", "utf8mb4_nopad_bin"


def fewer_ctes(tree: exp.Expr) -> exp.Expr:
    """The statement with no more CTEs than MariaDB takes: those that are read once stand where they are
    read, which is the same to it. Raises Unsupported where that is not enough."""
    with_ = tree.args.get("with_")
    if with_ is None or len(with_.expressions) <= MOST_CTES:
        return tree
    read = Counter(table.name for table in tree.find_all(exp.Table) if names_cte(table))
    moved: dict[str, exp.Expr] = {}

    def in_place(table: exp.Expr) -> exp.Expr:
        if not names_cte(table) or table.name not in moved:
            return table
        return exp.Subquery(this=moved[table.name], alias=alias_of(table.alias_or_name))

    kept = []
    for cte in with_.expressions:  # each reads only earlier ones
        rows = rewritten(cte.this, {exp.Table: in_place})
        if read[cte.alias] == 1:
            moved[cte.alias] = rows
        else:
            kept.append(with_args(cte, this=rows))
    if len(kept) > MOST_CTES:
        raise Unsupported(
            f"MariaDB takes no statement of so many parts ({len(kept)}, at most {MOST_CTES}): ask for fewer metrics in"
            " one section, the others in another"
        )
    in_places = rewritten(with_args(tree, with_=None), {exp.Table: in_place})
    return with_args(in_places, with_=with_args(with_, expressions=kept))


def _written_down(node: exp.Expr) -> exp.Expr:
    """Rows of the source with a limit that none reaches: MariaDB puts what has none into the
    statement around it, and finds no key for joins on the expressions that keys then are."""
    node, select = inlined_or_not(node), node.this
    if not lands_rows(select) or select.args.get("limit") is not None:
        return node
    most = exp.Limit(expression=exp.Literal.number(2**64 - 1))
    return with_args(node, this=with_args(select, limit=most))


def _replaced(node: exp.Expr) -> exp.Expr:
    if "g" not in str(node.args.get("modifiers") or ""):
        raise Unsupported(unsaid(node, _LABEL))
    parts = [collated(node.this, _COLLATION), node.expression, node.args["replacement"]]
    return exp.Anonymous(this="REGEXP_REPLACE", expressions=parts)


def _extracted(node: exp.Expr) -> exp.Expr:
    group = node.args.get("group")
    match = exp.Anonymous(this="REGEXP_SUBSTR", expressions=[collated(node.this, _COLLATION), node.expression])
    if group is None or str(group.this) == "0":
        return match
    reference = exp.Literal.string("\\" + str(group.this))
    return exp.Anonymous(this="REGEXP_REPLACE", expressions=[match, node.expression, reference])


RULES: Rules = {
    **rules_of(_LABEL, _COLLATION),
    exp.CTE: _written_down,
    exp.RegexpExtract: _extracted,
    exp.RegexpReplace: _replaced,
    exp.Select: lambda select: windows_below(quantiles_by_rank(select)),
}
MARIADB = Dialect(
    "mariadb",
    _LABEL,
    "mysql",
    RULES,
    before=lambda tree: fewer_ctes(bounded_rows(tree)),
    exact=exact_of(_COLLATION),
    reading=reading_of(_COLLATION),
    text_end=r"\z",
    instants=INSTANTS,
    lax=True,
    bytes_kept=False,
    since_1970="from_unixtime",
    keys=KEYS,
)
DATABASE = Database(
    "mariadb",
    _LABEL,
    ("mariadb",),
    "mysql",
    "mariadb://reader:${PASSWORD}@host/crm",
    MARIADB,
    DRIVER.open,
    Checkup(
        "SELECT VERSION()",
        (10, 5),
        may_write,
        collations,
        "GRANT CREATE TEMPORARY TABLES ON … TO …: reports are made many times as quickly",
        indexes,
    ),
    options=OPTIONS,
    schemas_are_databases=True,
)
