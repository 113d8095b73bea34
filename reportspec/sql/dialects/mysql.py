"""MySQL and MariaDB. Texts compare there as the column's collation likes, mostly without regard to
case and trailing blanks; here they compare exactly, as they do elsewhere."""

from __future__ import annotations

from collections import Counter

from sqlglot import exp

from reportspec.expression.sandbox import WRITTEN
from reportspec.expression.trees import LANDS, SOURCE, alias_of, literal, when
from reportspec.sql.dialects.common import (
    NUMBER,
    division,
    elapsed,
    fitting,
    half_up,
    inlined_or_not,
    is_zoned,
    minutes_ahead,
    nulls_by_case,
    quantiles_by_rank,
    unit_of,
)
from reportspec.sql.dialects.generic import greatest, least
from reportspec.sql.dialects.portable import whole
from reportspec.sql.dialects.reading import parts_of, plain_day, told_of, yes_or_no, zone_of
from reportspec.sql.dialects.rewrite import (
    TEXTS,
    TIMES,
    WHOLES,
    Dialect,
    Rules,
    Unsupported,
    is_text_literal,
    refusing,
    rewritten,
    snippet,
    two_names,
    type_of,
    unsaid,
    with_args,
)

UNREAD = "a value"  # how the text begins in which a value is told that cannot be read
_LONGEST = 400  # the parts of a time that is written once for each change of a clock
MOST_CTES = 64  # of MariaDB in one statement
_COPIED = "copied"  # in the meta of a call: it makes a text that is nobody else's


# Dates that there are not (`2026-02-30`) are null there, which must not pass for an empty value.
_READ_DAY = """
CASE WHEN REGEXP_INSTR(t, e) > 0 AND NOT CAST(LEFT(t, 10) AS DATE) IS NULL THEN CAST(LEFT(t, 10) AS DATE)
WHEN t <> '' THEN CAST(error AS DATE) END
"""
# `0000-00-00` stands for no day there, and so does a day without a month or a day of it.
_KNOWN = "CASE WHEN MONTH(x) <> 0 AND DAYOFMONTH(x) <> 0 THEN x END"
_OFFSET = "REGEXP_SUBSTR(t, '[+-][0-9]{2}(:?[0-9]{2})?$')"
_READ_UTC = f"""
DATE_SUB(CAST(REGEXP_SUBSTR(t, '^[0-9-]{{10}}[ T][0-9:]+([.][0-9]{{1,6}})?') AS DATETIME(6)), INTERVAL
(CASE WHEN REGEXP_INSTR(t, 'Z$|C$') > 0 THEN 0 ELSE CASE WHEN {_OFFSET} LIKE '-%' THEN -1 ELSE 1 END
* (CAST(SUBSTRING({_OFFSET}, 2, 2) AS SIGNED) * 60
+ CASE WHEN LENGTH({_OFFSET}) > 3 THEN CAST(RIGHT({_OFFSET}, 2) AS SIGNED) ELSE 0 END) END) MINUTE)
"""
_READ_TIME = """
CASE WHEN REGEXP_INSTR(t, c) > 0 AND NOT w IS NULL THEN w
WHEN REGEXP_INSTR(t, i) > 0 AND NOT u IS NULL THEN DATE_ADD(u, INTERVAL (m) MINUTE)
WHEN t <> '' THEN CAST(error AS DATETIME(6)) END
"""


def fewer_ctes(tree: exp.Expr) -> exp.Expr:
    """The statement with no more CTEs than MariaDB takes: those that are read once stand where they are
    read, which is the same to it. Raises Unsupported where that is not enough."""
    with_ = tree.args.get("with_")
    if with_ is None or len(with_.expressions) <= MOST_CTES:
        return tree
    read = Counter(table.name for table in tree.find_all(exp.Table) if not _of_source(table))
    moved: dict[str, exp.Expr] = {}

    def in_place(table: exp.Expr) -> exp.Expr:
        if _of_source(table) or table.name not in moved:
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
    found = rewritten(with_args(tree, with_=None), {exp.Table: in_place})
    return with_args(found, with_=with_args(with_, expressions=kept))


def _of_source(table: exp.Expr) -> bool:
    return bool(table.text("db") or table.meta.get(SOURCE))


def _dialect(name: str, label: str, collation: str) -> Dialect:
    def sql(text: str, **parts: exp.Expr) -> exp.Expr:
        return snippet("mysql", text, **parts)

    def collated(tree: exp.Expr) -> exp.Expr:
        return exp.Collate(this=tree, expression=exp.Var(this=collation))

    def own_text(tree: exp.Expr) -> exp.Expr:
        """A text in memory of its own. A cast to CHAR hands on its own memory, in which REPLACE,
        LPAD, RPAD and CONCAT_WS write: who asks for the text once more finds it changed."""
        copied = exp.Anonymous(this="CONCAT", expressions=[tree])
        copied.meta[_COPIED] = True
        return copied

    def once_apart(value: exp.Expr) -> exp.Expr | None:
        """The text that is told apart already, within others that only do the same once more: each
        costs as much as the join on it."""
        found: exp.Expr | None = None
        while True:
            if isinstance(value, exp.Collate):
                found = value if value.this.meta.get(_COPIED) else found
                value = value.this
            elif value.meta.get(_COPIED) or (isinstance(value, exp.Cast) and value.is_type(*exp.DataType.TEXT_TYPES)):
                value = value.expressions[0] if value.meta.get(_COPIED) else value.this
            else:
                return found

    def landed(node: exp.Expr) -> exp.Expr:
        value = node.this
        if node.meta.get(LANDS) in ("date", "time") and isinstance(value, exp.Column):
            return with_args(node, this=sql(_KNOWN, x=value))
        if node.meta.get(LANDS) not in ("text", "key") or not node.this.find(exp.Column):
            return node
        apart = once_apart(value)
        if apart is not None:
            return with_args(node, this=apart)
        return with_args(node, this=told_apart(value))

    def told_apart(value: exp.Expr) -> exp.Expr:
        return collated(own_text(sql("CONVERT(x USING utf8mb4)", x=value)))

    def exact(node: exp.Expr) -> exp.Expr:
        """A comparison with a text that is written out."""
        changed = {
            key: collated(value)
            for key, value in node.args.items()
            if isinstance(value, exp.Expr) and is_text_literal(value)
        }
        return with_args(node, **changed) if changed else node

    def exact_in(node: exp.Expr) -> exp.Expr:
        items = [collated(v) if is_text_literal(v) else v for v in node.expressions]
        return with_args(node, expressions=items) if items else node

    def cast(node: exp.Expr) -> exp.Expr:
        kind, value = type_of(node), node.this
        if kind in TIMES:
            zoned = is_zoned(value)
            if zoned is not None:
                at, source, target = zoned
                minutes = ahead(at, source, target)
                value = sql("DATE_ADD(x, INTERVAL (m) MINUTE)", x=at, m=minutes)
            to = exp.DataType(
                this=exp.DataType.Type.DATETIME,
                expressions=[exp.DataTypeParam(this=exp.Literal.number(6))],
                nested=False,
            )
            return exp.Cast(this=value, to=to)
        if kind == "DATE":
            zoned = is_zoned(value)
            if zoned is not None:
                at, source, target = zoned
                minutes = ahead(at, source, target)
                return sql("CAST(DATE_ADD(x, INTERVAL (m) MINUTE) AS DATE)", x=at, m=minutes)
        if kind == "BOOLEAN":
            return sql(
                "CASE WHEN LOWER(CAST(x AS CHAR)) IN ('true', 't', 'yes', 'y', '1') OR x + 0 <> 0 THEN TRUE"
                " WHEN LOWER(CAST(x AS CHAR)) IN ('false', 'f', 'no', "
                "'n') OR REGEXP_INSTR(x, number) > 0 THEN FALSE END",
                x=value,
                number=exp.Literal.string(NUMBER),
            )
        if kind in ("DOUBLE", "DECIMAL", *WHOLES) and node.meta.get(WRITTEN):
            return readable(value, fitting(value, node.args["to"], node))
        if kind in TEXTS and not is_text_literal(value):
            return collated(own_text(node))
        return node

    def ahead(at: exp.Expr, source: str, target: str) -> exp.Expr:
        if sum(1 for _ in at.walk()) > _LONGEST:
            raise Unsupported(f"{label} has no short way to move a time that is reckoned from others to another zone")
        return minutes_ahead(source, target, at)

    def difference(node: exp.Expr) -> exp.Expr:
        unit, later, earlier = unit_of(node), node.this, node.expression
        if unit == "DAY":
            return sql("DATEDIFF(b, a)", b=later, a=earlier)
        if unit == "MICROSECOND":
            return elapsed(sql("TIMESTAMPDIFF(MICROSECOND, a, b)", b=later, a=earlier), node)
        if unit == "YEAR":
            return sql("(YEAR(b) - YEAR(a))", b=later, a=earlier)
        if unit == "MONTH":
            return sql("((YEAR(b) - YEAR(a)) * 12 + MONTH(b) - MONTH(a))", b=later, a=earlier)
        begins = {
            "SECOND": "%Y-%m-%d %H:%i:%s",
            "MINUTE": "%Y-%m-%d %H:%i:00",
            "HOUR": "%Y-%m-%d %H:00:00",
        }
        if unit not in begins:
            raise Unsupported(unsaid(node, label))
        form = exp.Literal.string(begins[unit])
        # Units that have begun in between, not those that are over.
        whole = [exp.Anonymous(this="DATE_FORMAT", expressions=[x, form]) for x in (earlier, later)]
        return exp.Anonymous(this="TIMESTAMPDIFF", expressions=[exp.Var(this=unit), *whole])

    def part(node: exp.Expr) -> exp.Expr:
        name, value = str(node.this.name).upper(), node.expression
        if name in ("DOY", "DAYOFYEAR"):
            return exp.Anonymous(this="DAYOFYEAR", expressions=[value])
        if name in ("ISOYEAR", "YEAROFWEEKISO"):
            return sql("FLOOR(YEARWEEK(x, 3) / 100)", x=value)
        if name.startswith("EPOCH"):
            raise Unsupported(unsaid(node, label))
        if name in ("WEEK", "WEEKISO"):
            return exp.Anonymous(this="WEEK", expressions=[value, literal(3)])
        if name in ("ISODOW", "DAYOFWEEKISO"):
            return exp.Paren(
                this=exp.Add(this=exp.Anonymous(this="WEEKDAY", expressions=[value]), expression=literal(1))
            )
        if name in ("DOW", "DAYOFWEEK"):
            days = exp.Anonymous(this="DAYOFWEEK", expressions=[value])
            return exp.Paren(this=exp.Sub(this=days, expression=literal(1)))
        return node

    def readable(value: exp.Expr, made: exp.Expr) -> exp.Expr:
        """What a cast makes, null of a text that is no number: the server would make 0 of it."""
        number = exp.Literal.string(NUMBER)
        found = exp.Anonymous(this="REGEXP_INSTR", expressions=[value, number])
        return when(exp.GT(this=found, expression=literal(0)), made)

    def tried(node: exp.Expr) -> exp.Expr:
        kind = type_of(node)
        if kind not in ("DOUBLE", "FLOAT", "DECIMAL", *WHOLES):
            raise Unsupported(unsaid(node, label))
        number: exp.Expr = exp.Cast(this=node.this, to=exp.DataType(this=exp.DataType.Type.DOUBLE, nested=False))
        made = number
        if kind in WHOLES:
            made = exp.Cast(this=half_up(exp.Round(this=number)), to=node.args["to"])
        elif kind == "DECIMAL":
            made = exp.Cast(this=node.this, to=node.args["to"])
        return readable(node.this, fitting(number, node.args["to"], made))

    def exact_between(node: exp.Expr) -> exp.Expr:
        ends = {k: collated(v) for k in ("low", "high") if is_text_literal(v := node.args[k])}
        return with_args(node, **ends) if ends else node

    def matches(node: exp.Expr) -> exp.Expr:
        found = exp.Anonymous(this="REGEXP_INSTR", expressions=[collated(node.this), node.expression])
        return exp.Paren(this=exp.GT(this=found, expression=literal(0)))

    def replaced(node: exp.Expr) -> exp.Expr:
        if name != "mariadb" or "g" not in str(node.args.get("modifiers") or ""):
            raise Unsupported(unsaid(node, label))
        parts = [collated(node.this), node.expression, node.args["replacement"]]
        return exp.Anonymous(this="REGEXP_REPLACE", expressions=parts)

    def extracted(node: exp.Expr) -> exp.Expr:
        group = node.args.get("group")
        if name != "mariadb":
            raise Unsupported(unsaid(node, label))
        whole = exp.Anonymous(this="REGEXP_SUBSTR", expressions=[collated(node.this), node.expression])
        if group is None or str(group.this) == "0":
            return whole
        said = exp.Literal.string("\\" + str(group.this))
        return exp.Anonymous(this="REGEXP_REPLACE", expressions=[whole, node.expression, said])

    def split(node: exp.Expr) -> exp.Expr:
        text = """CASE WHEN (CHAR_LENGTH(x) - CHAR_LENGTH(REPLACE(x, p, ''))) >= (n - 1) * CHAR_LENGTH(p)
            THEN SUBSTRING_INDEX(SUBSTRING_INDEX(x, p, n), p, -1) WHEN NOT x IS NULL THEN '' END"""
        parts = {"x": node.this, "p": node.args["delimiter"], "n": node.args["part_index"]}
        return sql(text, **parts)

    def starts(node: exp.Expr) -> exp.Expr:
        return sql("LEFT(x, CHAR_LENGTH(p)) = p", x=node.this, p=collated(node.expression))

    def ends_with(node: exp.Expr) -> exp.Expr:
        return sql("RIGHT(x, CHAR_LENGTH(p)) = p", x=node.this, p=collated(node.expression))

    def contains(node: exp.Expr) -> exp.Expr:
        return sql("LOCATE(p, x) > 0", x=node.this, p=collated(node.expression))

    def truncated(node: exp.Expr) -> exp.Expr:
        unit = unit_of(node)
        texts = {
            "DAY": "CAST(x AS DATE)",
            "WEEK": "DATE_SUB(CAST(x AS DATE), INTERVAL WEEKDAY(x) DAY)",
            "MONTH": "CAST(DATE_FORMAT(x, '%Y-%m-01') AS DATE)",
            "QUARTER": "DATE_ADD(MAKEDATE(YEAR(x), 1), INTERVAL (QUARTER(x) - 1) * 3 MONTH)",
            "YEAR": "MAKEDATE(YEAR(x), 1)",
        }
        return sql(texts[unit], x=node.this) if unit in texts else node

    def left(node: exp.Expr) -> exp.Expr:
        if whole(node.expression) >= 0:
            return node
        n = exp.Paren(this=node.expression)
        return sql("LEFT(x, CASE WHEN n < 0 THEN GREATEST(CHAR_LENGTH(x) + n, 0) ELSE n END)", x=node.this, n=n)

    def right(node: exp.Expr) -> exp.Expr:
        if whole(node.expression) >= 0:
            return node
        n = exp.Paren(this=node.expression)
        return sql("RIGHT(x, CASE WHEN n < 0 THEN GREATEST(CHAR_LENGTH(x) + n, 0) ELSE n END)", x=node.this, n=n)

    def concat(node: exp.Expr) -> exp.Expr:
        return exp.Concat(expressions=[node.this, node.expression], safe=False)

    def plain_text(value: exp.Expr) -> exp.Expr:
        return collated(sql("CONVERT(x USING utf8mb4)", x=value))

    def overflow(value: exp.Expr, said: str) -> exp.Expr:
        """An error, for which SELECTs have no word: a number that is too large. The server shows
        its expression, and so what is said."""
        return sql("EXP(710 + LENGTH(CONCAT(s, x)))", s=exp.Literal.string(UNREAD + said), x=value)

    def read(node: exp.Expr) -> exp.Expr:
        kind = type_of(node)
        if plain_day(node):
            return node
        if kind == "BOOLEAN":
            return yes_or_no(
                node, plain_text, lambda x, said: exp.Paren(this=exp.Is(this=overflow(x, said), expression=exp.Null()))
            )
        parts = parts_of(node, plain_text)
        error = overflow(parts["t"], told_of(node))
        if kind == "DATE":
            return sql(_READ_DAY, **parts, error=error)
        parts["w"] = sql("CAST(LEFT(t, 26) AS DATETIME(6))", t=parts["t"])
        parts["u"] = sql(_READ_UTC, **parts)
        ahead = exp.Paren(this=minutes_ahead("UTC", zone_of(node), parts["u"]))
        return sql(_READ_TIME, **parts, m=ahead, error=error)

    def written_down(node: exp.Expr) -> exp.Expr:
        """Rows of the source with a limit that none reaches: MariaDB puts what has none into the
        statement around it, and finds no key for joins on the expressions that keys then are."""
        node, select = inlined_or_not(node), node.this
        lands = isinstance(select, exp.Select) and any(LANDS in one.meta for one in select.expressions)
        if name != "mariadb" or not lands or select.args.get("limit") is not None:
            return node
        most = exp.Limit(expression=exp.Literal.number(2**64 - 1))
        return with_args(node, this=with_args(select, limit=most))

    rules: Rules = {
        exp.Order: nulls_by_case,
        exp.CTE: written_down,
        exp.Alias: landed,
        exp.EQ: exact,
        exp.NEQ: exact,
        exp.LT: exact,
        exp.LTE: exact,
        exp.GT: exact,
        exp.GTE: exact,
        exp.Like: exact,
        exp.In: exact_in,
        exp.Cast: cast,
        exp.DateDiff: difference,
        **refusing(label, exp.TimeToUnix, exp.RegexpFullMatch, exp.DateFromParts, exp.Initcap),
        exp.Between: exact_between,
        exp.Contains: contains,
        exp.DateTrunc: truncated,
        exp.EndsWith: ends_with,
        exp.Extract: part,
        exp.RegexpExtract: extracted,
        exp.RegexpLike: matches,
        exp.RegexpReplace: replaced,
        exp.Round: half_up,
        exp.SplitPart: split,
        exp.StartsWith: starts,
        exp.TimestampTrunc: truncated,
        exp.TryCast: tried,
        exp.Div: division,
        exp.DPipe: concat,
        exp.Greatest: lambda node: greatest(exact(exact_in(node))),
        exp.Left: left,
        exp.Right: right,
        exp.Table: two_names(label),
        exp.Least: lambda node: least(exact(exact_in(node))),
        exp.Select: quantiles_by_rank,
    }
    if name == "mariadb":
        return Dialect(name, label, "mysql", rules, before=fewer_ctes, exact=told_apart, reading=read)
    traits = {
        "zones": "by offsets, 1970 to 2050",
        "percentiles": "by rank",
        "names": "as written",
        "text": "exact, by collation",
        "read only": "by the session",
    }
    return Dialect(
        name,
        label,
        "mysql",
        rules,
        allowed=_ALLOWED,
        functions=_FUNCTIONS,
        traits=traits,
        exact=told_apart,
        reading=read,
    )


_ALLOWED: frozenset[type[exp.Expr]] = frozenset(
    {
        exp.DateDiff,
        exp.TimestampDiff,
        exp.TsOrDsToTimestamp,
        exp.DateAdd,
        exp.DateSub,
        exp.Interval,
        exp.CharacterSet,
        exp.TimeToStr,
        exp.TsOrDsToDate,
        exp.TsOrDsAdd,
        exp.DateTrunc,
        exp.TimestampTrunc,
        exp.Year,
        exp.Month,
        exp.DayOfMonth,
        exp.Quarter,
        exp.DayOfWeek,
        exp.CastToStrType,
        exp.CharacterSetProperty,
    }
)
_FUNCTIONS = frozenset({"WEEKDAY", "MAKEDATE"})
MYSQL = _dialect("mysql", "MySQL", "utf8mb4_0900_bin")
MARIADB = _dialect("mariadb", "MariaDB", "utf8mb4_nopad_bin")
