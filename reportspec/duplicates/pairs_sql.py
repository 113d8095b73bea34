"""Which pairs of records are compared at all, and what each weighs: SQL over the table of values as they are compared.

The weights are those of Fellegi and Sunter (A theory for record linkage, 1969): for each comparison log2 of how often
two records of the same thing agree so far, over how often others do. They are fixed in the catalogue, but for how
frequent a value is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from sqlglot import exp

from reportspec.duplicates.knowledge import Knowledge, Level
from reportspec.duplicates.normal_sql import SOURCE, duck
from reportspec.duplicates.subject import Compared
from reportspec.expression.trees import any_of, cast, column, literal, named

LEFT, RIGHT = "l", "r"
CROSSED = "crossed"
_NAMES = ("given_name", "family_name")


def _bare(text: str) -> str:
    """DuckDB's SQL for a text in which `ä`, `ae` and `a` are one: people write their names so in addresses."""
    return f"REGEXP_REPLACE(STRIP_ACCENTS({text}), '([aou])e', '\\1', 'g')"


# What a level means, of values `l` and `r`. Some need more: nicknames (`ln`, `rn`), the mailbox and the domain of an
# address (`lm`, `ld`), the value of another comparison (`lx`, `rx`).
LEVELS: Mapping[str, str] = {
    "same": "l = r",
    "nickname": "LIST_HAS_ANY(ln, rn)",
    "one_letter": "ABS(LENGTH(l) - LENGTH(r)) <= 1 AND LEVENSHTEIN(l, r) <= 1",
    "two_letters": "ABS(LENGTH(l) - LENGTH(r)) <= 2 AND LEVENSHTEIN(l, r) <= 2",
    "one_digit": "ABS(LENGTH(l) - LENGTH(r)) <= 1 AND LEVENSHTEIN(l, r) <= 1",
    "two_digits": "ABS(LENGTH(l) - LENGTH(r)) <= 2 AND LEVENSHTEIN(l, r) <= 2",
    "close": "JARO_WINKLER_SIMILARITY(l, r) >= 0.92 OR (ABS(LENGTH(l) - LENGTH(r)) <= 1 AND LEVENSHTEIN(l, r) <= 1)",
    "similar": "JARO_WINKLER_SIMILARITY(l, r) >= 0.82"
    " OR (LENGTH(l) > 4 AND ABS(LENGTH(l) - LENGTH(r)) <= 2 AND LEVENSHTEIN(l, r) <= 2)",
    "initial": "LENGTH(l) = 1 AND STARTS_WITH(r, l) OR LENGTH(r) = 1 AND STARTS_WITH(l, r)",
    "longer": "STARTS_WITH(l, r || ' ') OR STARTS_WITH(r, l || ' ')",
    "same_area": "LEFT(l, 3) = LEFT(r, 3)",
    "same_mailbox": "lm = rm AND LENGTH(lm) > 4",
    "named_mailbox": "JARO_WINKLER_SIMILARITY(lm, rm) >= 0.85"
    " AND (LEVENSHTEIN(ld, rd) > 2 OR ld = rd AND (REPLACE(lm, lx, '') <> REPLACE(rm, rx, '')"
    " OR LEVENSHTEIN(lx, rx) > 1) OR REGEXP_REPLACE(ld, '[^0-9]', '', 'g')"
    " <> REGEXP_REPLACE(rd, '[^0-9]', '', 'g'))"
    f" AND CONTAINS({_bare('lm')}, LEFT({_bare('lx')}, 4)) AND CONTAINS({_bare('rm')}, LEFT({_bare('rx')}, 4))",
    "two_parts": "CAST(LEFT(l, 4) = LEFT(r, 4) AS INTEGER) + CAST(SUBSTR(l, 5, 2) = SUBSTR(r, 5, 2) AS INTEGER)"
    " + CAST(SUBSTR(l, 7) = SUBSTR(r, 7) AS INTEGER) = 2"
    " OR (LEFT(l, 4) = LEFT(r, 4) AND SUBSTR(l, 5, 2) = SUBSTR(r, 7) AND SUBSTR(l, 7) = SUBSTR(r, 5, 2))",
    "same_year": "LEFT(l, 4) = LEFT(r, 4) AND (SUBSTR(l, 5) IN ('', '0101') OR SUBSTR(r, 5) IN ('', '0101'))",
    "near": "ABS(TRY_CAST(LEFT(l, 4) AS INTEGER) - TRY_CAST(LEFT(r, 4) AS INTEGER)) IN (0, 1, 10)"
    " AND ABS(TRY_CAST(SUBSTR(l, 5, 2) AS INTEGER) - TRY_CAST(SUBSTR(r, 5, 2) AS INTEGER)) <= 1"
    " AND ABS(TRY_CAST(SUBSTR(l, 7) AS INTEGER) - TRY_CAST(SUBSTR(r, 7) AS INTEGER)) <= 3",
    "within_week": "ABS(TRY_STRPTIME(l, '%Y%m%d')::DATE - TRY_STRPTIME(r, '%Y%m%d')::DATE) <= 7",
    "crossed": "l = rx OR r = lx",
}
# Levels that look at the value of another comparison too: which one, or (empty) the one that is crossed.
OTHERS: Mapping[str, str] = {"crossed": "", "named_mailbox": "family_name"}
# Of addresses of mail both parts count: long ones of one provider are alike as a whole. Names of companies with other
# numbers in them are others.
_SAME_DOMAIN = "ld = rd"
_SIMILAR_MAILBOX = "JARO_WINKLER_SIMILARITY(lm, rm) >= 0.85"
_NUMBERS = "REGEXP_REPLACE(l, '[^0-9]', '', 'g') = REGEXP_REPLACE(r, '[^0-9]', '', 'g')"
# Names of companies and deals are held against each other by the words that they do not share: two steelworks, or two
# deals of one customer, have a word in common and are told apart by the others.
_REST = (
    "LIST_TRANSFORM([[LIST_AGGREGATE(LIST_FILTER(SPLIT(l, ' '), LAMBDA x : NOT LIST_CONTAINS(SPLIT(r, ' '), x)),"
    " 'string_agg', ''), LIST_AGGREGATE(LIST_FILTER(SPLIT(r, ' '), LAMBDA x : NOT LIST_CONTAINS(SPLIT(l, ' '), x)),"
    " 'string_agg', '')]], LAMBDA t : LENGTH(COALESCE(t[1], '')) + LENGTH(COALESCE(t[2], '')) <= 2"
    " OR JARO_WINKLER_SIMILARITY(COALESCE(t[1], ''), COALESCE(t[2], '')) >= 0.85"
    " OR (LENGTH(t[1]) > 4 AND LEVENSHTEIN(t[1], t[2]) <= 1) OR (LENGTH(t[1]) > 8 AND LEVENSHTEIN(t[1], t[2]) <= 2))[1]"
)
# Of a name of one or two letters one is half of it or all: it is another name. So is one with another number.
_NOT_SHORT = "LEAST(LENGTH(l), LENGTH(r)) > 2"
_ONE_NUMBER = f"NOT REGEXP_MATCHES(l, '[0-9]') OR NOT REGEXP_MATCHES(r, '[0-9]') OR {_NUMBERS}"
_OF_KIND: Mapping[tuple[str, str], str] = {
    **{
        (name, level): f"CASE WHEN {_NOT_SHORT} AND ({LEVELS[level]}) THEN {_ONE_NUMBER} ELSE FALSE END"
        for name in _NAMES
        for level in ("one_letter", "close", "similar")
    },
    ("email", "similar"): f"NOT {_SAME_DOMAIN} AND {_SIMILAR_MAILBOX} AND JARO_WINKLER_SIMILARITY(ld, rd) >= 0.85",
    ("email", "similar_mailbox"): f"{_SAME_DOMAIN} AND {_SIMILAR_MAILBOX}",
    # Jaro and Winkler's measure costs a tenth of Levenshtein's, and rules out most.
    ("email", "one_letter"): "LENGTH(lm) > 3 AND JARO_WINKLER_SIMILARITY(lm, rm) >= 0.8 AND " + LEVELS["one_letter"],
    ("email", "two_letters"): "JARO_WINKLER_SIMILARITY(lm, rm) >= 0.75 AND " + LEVELS["two_letters"],
    ("company", "close"): f"CASE WHEN ({LEVELS['close']}) AND {_NUMBERS} THEN {_REST} ELSE FALSE END",
    ("company", "similar"): f"CASE WHEN ({LEVELS['similar']}) AND {_NUMBERS} THEN {_REST} ELSE FALSE END",
    ("deal_name", "close"): f"CASE WHEN ({LEVELS['close']}) AND {_NUMBERS} THEN {_REST} ELSE FALSE END",
    ("amount", "close"): "ABS(TRY_CAST(l AS DOUBLE) - TRY_CAST(r AS DOUBLE))"
    " <= 0.05 * GREATEST(ABS(TRY_CAST(l AS DOUBLE)), ABS(TRY_CAST(r AS DOUBLE)))",
    **{(kind, "close"): LEVELS["close"].replace("0.92", "0.9") for kind in ("text", "address")},
}


def value(side: str, name: str) -> exp.Column:
    """The value of a comparison on one side of a pair."""
    return column(side, f"v_{name}")


def word_occurrences(side: str, name: str) -> exp.Column:
    """How many records have the rarest word of that value, of names of companies."""
    return column(side, f"w_{name}")


def occurrences(side: str, name: str) -> exp.Column:
    """How many records have that value."""
    return column(side, f"n_{name}")


# --- Which pairs ----------------------------------------------------------------------------------


def keys(compared: Iterable[Compared]) -> list[exp.Expr]:
    """What records must have in common to be compared: each an expression over a record `l`, null where it has none.
    One of several values (of a list) is enough, as names may be swapped."""
    names = {one.name: one.comparison for one in compared}
    blocking = [name for name, comparison in names.items() if comparison.blocks]
    made: list[exp.Expr] = [value(LEFT, name) for name in blocking]
    for index, name in enumerate(blocking):
        made += [_both(name, other) for other in blocking[index + 1 :]]
    if set(_NAMES) <= set(names):
        given, family = (value(LEFT, name) for name in _NAMES)
        starts = duck("[LEFT(g, 3), LEFT(f, 3)]", g=given, f=family)
        made.append(duck("LEAST(LEFT(g, 3), LEFT(f, 3)) || '|' || GREATEST(LEFT(g, 3), LEFT(f, 3))", g=given, f=family))
        for name in blocking:
            if name not in _NAMES:
                made.append(_each(starts, value(LEFT, name)))
        for name, comparison in names.items():
            if comparison.kind == "date":
                longer = duck("[LEFT(g, 4), LEFT(f, 4)]", g=given, f=family)
                made.append(_each(longer, duck("'y' || LEFT(d, 4)", d=value(LEFT, name))))
                made.append(_each(longer, duck("'d' || SUBSTR(d, 5)", d=value(LEFT, name))))
    for name, comparison in names.items():
        if comparison.kind == "email":
            made.append(duck("SPLIT_PART(e, '@', 1)", e=value(LEFT, name)))
            made.append(duck("SPLIT_PART(e, '@', 2)", e=value(LEFT, name)))
            if set(_NAMES) <= set(names):
                made.append(_each(duck("[LEFT(g, 3), LEFT(f, 3)]", g=value(LEFT, _NAMES[0]), f=value(LEFT, _NAMES[1])),
                                  duck("SPLIT_PART(e, '@', 2)", e=value(LEFT, name))))  # fmt: skip
        if comparison.kind == "company" and comparison.group == "thing":
            made.append(duck("LEFT(c, 5)", c=value(LEFT, name)))
            made.append(duck("SPLIT_PART(c, ' ', 1)", c=value(LEFT, name)))
    return made


def _both(name: str, other: str) -> exp.Expr:
    first, second = value(LEFT, name), value(LEFT, other)
    if {name, other} == set(_NAMES):
        return duck("LEAST(a, b) || '|' || GREATEST(a, b)", a=first, b=second)
    return duck("a || '|' || b", a=first, b=second)


def _each(values: exp.Expr, other: exp.Expr) -> exp.Expr:
    return duck(
        "LIST_TRANSFORM(LIST_FILTER(LIST_DISTINCT(v), LAMBDA t : t <> ''), LAMBDA t : t || '|' || o)", v=values, o=other
    )


def keyed_select(records: exp.Table, key: exp.Expr) -> exp.Select:
    """Each record with the hash of its key, and how many have the same: those that share it with another one."""
    many = isinstance(key, exp.Anonymous) or key.find(exp.Transform, exp.List, exp.Array) is not None
    parts = duck("UNNEST(k)", k=key) if many else key
    inner = exp.Select().select(named(column(LEFT, "id"), "id"), named(parts, "k"), copy=False)
    inner = inner.from_(_as(records, LEFT), copy=False)
    counted = duck("COUNT(*) OVER (PARTITION BY k)", k=column("x", "k"))
    hashed = exp.Select().select(
        named(column("x", "id"), "id"),
        named(duck("HASH(k)", k=column("x", "k")), "k"),
        named(counted, "n"),
        copy=False,
    )
    hashed = hashed.from_(exp.Subquery(this=inner, alias=_alias("x")), copy=False)
    hashed = hashed.where(duck("NOT k IS NULL", k=column("x", "k")), copy=False)
    return hashed.qualify(duck("n > 1", n=exp.column("n", quoted=True)), copy=False)


def bound_select(keyed: exp.Table, budget: int) -> exp.Select:
    """The size of a block from which on blocks are too large to be compared: those of all smaller ones make at the most
    `budget` pairs."""
    sizes = exp.Select().select(
        named(column("k", "n"), "n"),
        named(duck("COUNT(*) * (n - 1) / 2", n=column("k", "n")), "p"),
        copy=False,
    )
    sizes = sizes.from_(_as(keyed, "k"), copy=False).group_by(column("k", "n"), copy=False)
    running = exp.Select().select(
        named(column("s", "n"), "n"),
        named(duck("SUM(p) OVER (ORDER BY n)", p=column("s", "p"), n=column("s", "n")), "t"),
        copy=False,
    )
    running = running.from_(exp.Subquery(this=sizes, alias=_alias("s")), copy=False)
    select = exp.Select().select(named(duck("COALESCE(MAX(n), 0)", n=column("t", "n")), "n"), copy=False)
    select = select.from_(exp.Subquery(this=running, alias=_alias("t")), copy=False)
    return select.where(exp.LTE(this=column("t", "t"), expression=literal(budget)), copy=False)


def paired_select(keyed: exp.Table, largest: int, records: exp.Table | None) -> exp.Select:
    """The pairs of records that share a key which at the most `largest` have; of `records` only those of different
    sources."""
    select = exp.Select().select(named(column(LEFT, "id"), "a"), named(column(RIGHT, "id"), "b"), copy=False)
    select = select.from_(_as(keyed, LEFT), copy=False)
    on = duck(
        "lk = rk AND li < ri",
        lk=column(LEFT, "k"),
        rk=column(RIGHT, "k"),
        li=column(LEFT, "id"),
        ri=column(RIGHT, "id"),
    )
    select = select.join(_as(keyed, RIGHT), on=on, copy=False)
    select = select.where(exp.LTE(this=column(LEFT, "n"), expression=literal(largest)), copy=False)
    if records is not None:
        for side in (LEFT, RIGHT):
            on = exp.EQ(this=column(f"{side}s", "id"), expression=column(side, "id"))
            select = select.join(_as(records, f"{side}s"), on=on, copy=False)
        select = select.where(
            exp.NEQ(this=column(f"{LEFT}s", SOURCE), expression=column(f"{RIGHT}s", SOURCE)), copy=False
        )
    return select


def common_select(keyed: exp.Table, largest: int) -> exp.Select:
    """The records whose key more than `largest` have."""
    select = exp.Select().select(named(column("k", "id"), "id"), copy=False).distinct(copy=False)
    select = select.from_(_as(keyed, "k"), copy=False)
    return select.where(exp.GT(this=column("k", "n"), expression=literal(largest)), copy=False)


def lonely_select(common: list[exp.Table], pairs: exp.Table) -> exp.Select:
    """How many records have a key that is too common, and how many of these are in no pair."""

    def ids(table: exp.Table, name: str) -> exp.Select:
        return exp.Select().select(named(exp.column(name, quoted=True), "id"), copy=False).from_(table, copy=False)

    def together(parts: list[exp.Select]) -> exp.Expr:
        union: exp.Expr = parts[0]
        for part in parts[1:]:
            union = exp.Union(this=union, expression=part, distinct=True)
        return union

    every = exp.Subquery(this=together([ids(table, "id") for table in common]), alias=_alias("c"))
    met = exp.Subquery(this=together([ids(pairs, "a"), ids(pairs, "b")]), alias=_alias("p"))
    alone = duck("COUNT(DISTINCT CASE WHEN m IS NULL THEN i END)", m=column("p", "id"), i=column("c", "id"))
    number = duck("COUNT(DISTINCT i)", i=column("c", "id"))
    select = exp.Select().select(named(number, "every"), named(alone, "lonely"), copy=False)
    select = select.from_(every, copy=False)
    on = exp.EQ(this=column("c", "id"), expression=column("p", "id"))
    return select.join(met, on=on, join_type="left", copy=False)


# --- What they weigh ------------------------------------------------------------------------------


def levels_select(compared: tuple[Compared, ...], pairs: exp.Table, records: exp.Table) -> exp.Select:
    """Each pair with the level (`g_…`) at which it agrees in each comparison, -1 where one of both has no value, and
    the number of records that have the more frequent value (`n_…`) and the rarer one (`m_…`), of names of companies the
    number of those that have its rarest word."""
    names = {one.name for one in compared}
    select = exp.Select().select(named(column("p", "a"), "a"), named(column("p", "b"), "b"), copy=False)
    for one in compared:
        level = _level(one, names)
        often = exp.Greatest(this=occurrences(LEFT, one.name), expressions=[occurrences(RIGHT, one.name)])
        if one.comparison.words:
            # Of two names that are alike, the one whose words are more common says how little that means.
            rarer: exp.Expr = exp.Greatest(
                this=word_occurrences(LEFT, one.name), expressions=[word_occurrences(RIGHT, one.name)]
            )
        else:
            rarer = exp.Least(this=occurrences(LEFT, one.name), expressions=[occurrences(RIGHT, one.name)])
        select = select.select(
            named(cast(level, "TINYINT"), f"g_{one.name}"),
            named(cast(often, "INT"), f"n_{one.name}"),
            named(cast(rarer, "INT"), f"m_{one.name}"),
            copy=False,
        )
    if set(_NAMES) <= names:
        select = select.select(named(_crossed(), CROSSED), copy=False)
    select = select.from_(_as(pairs, "p"), copy=False)
    for side, end in ((LEFT, "a"), (RIGHT, "b")):
        on = exp.EQ(this=column(side, "id"), expression=column("p", end))
        select = select.join(_as(records, side), on=on, copy=False)
    return select


def _level(one: Compared, names: set[str]) -> exp.Expr:
    ends = {LEFT: value(LEFT, one.name), RIGHT: value(RIGHT, one.name)}
    nothing = any_of([exp.Is(this=end, expression=exp.Null()) for end in ends.values()])
    ifs = [exp.If(this=nothing, true=literal(-1))]
    for index, level in enumerate(one.comparison.levels):
        if level.name in OTHERS and _other(one, level) not in names:
            continue
        ifs.append(exp.If(this=_agrees(one, level), true=literal(index)))
    return exp.Case(ifs=ifs, default=literal(len(one.comparison.levels)))


def _other(one: Compared, level: Level) -> str:
    return OTHERS[level.name] or one.comparison.crosses


def _agrees(one: Compared, level: Level) -> exp.Expr:
    parts = {LEFT: value(LEFT, one.name), RIGHT: value(RIGHT, one.name)}
    if level.name == "nickname":
        parts |= {f"{side}n": column(side, "nicknames") for side in (LEFT, RIGHT)}
    if one.comparison.kind == "email":
        for side in (LEFT, RIGHT):
            parts |= {f"{side}m": column(side, f"mailbox_{one.name}"), f"{side}d": column(side, f"domain_{one.name}")}
    if level.name in OTHERS:
        parts |= {f"{side}x": value(side, _other(one, level)) for side in (LEFT, RIGHT)}
    return duck(_OF_KIND.get((one.comparison.kind, level.name)) or LEVELS[level.name], **parts)


_CROSSED = """
(NOT lg IS NULL AND NOT rf IS NULL OR NOT lf IS NULL AND NOT rg IS NULL)
AND (lg IS NULL OR rf IS NULL OR lg = rf OR JARO_WINKLER_SIMILARITY(lg, rf) >= 0.9)
AND (lf IS NULL OR rg IS NULL OR lf = rg OR JARO_WINKLER_SIMILARITY(lf, rg) >= 0.9)
"""


def _crossed() -> exp.Expr:
    parts = {f"{side}{name[0]}": value(side, name) for side in (LEFT, RIGHT) for name in _NAMES}
    return duck(_CROSSED, **parts)


def weighed_select(
    compared: tuple[Compared, ...],
    filled: Mapping[str, int],
    number: int,
    known: Knowledge,
    levels: exp.Table,
    least: float | None,
) -> exp.Select:
    """The pairs of a table of levels with their weight in bits (`w`), those of at `least` so much. `filled` has of
    how many records a value of each comparison is a share, `number` how many there are."""
    doubt = math.log2(max(number, 2))
    groups: dict[str, list[exp.Expr]] = {}
    names = sorted((one for one in compared if one.name in _NAMES), key=lambda one: _NAMES.index(one.name))
    swapped = len(names) == 2
    personal = [one for one in compared if one.comparison.personal]
    for one in compared:
        if swapped and one.name in _NAMES:
            continue
        weight = _weight(one, filled[one.name])
        if one.comparison.within and one.comparison.within in filled:
            weight = _within(weight, one)
        if one.comparison.shared is not None and swapped:
            weight = _shared(weight, names, personal, one.comparison.shared)
        groups.setdefault(one.comparison.group, []).append(weight)
    if swapped:
        groups.setdefault(names[0].comparison.group, []).append(_weight_of_names(names, filled, known))
    total: exp.Expr = literal(-doubt)
    for group, weights in groups.items():
        bits = weights[0]
        for weight in weights[1:]:
            bits = exp.Add(this=bits, expression=weight)
        most = max(doubt + known.limits[group], 1.0)
        limited = exp.Least(this=exp.Paren(this=bits), expressions=[literal(most)])
        total = exp.Add(this=total, expression=limited)
    inner = exp.Select().select(exp.Star(), named(total, "w"), copy=False)
    inner = inner.from_(_as(levels, "g"), copy=False)
    if least is None:
        return inner
    outer = exp.Select().select(exp.Star(), copy=False).from_(exp.Subquery(this=inner, alias=_alias("w")), copy=False)
    return outer.where(exp.GTE(this=column("w", "w"), expression=literal(least)), copy=False)


def _weight(one: Compared, filled: int) -> exp.Expr:
    comparison = one.comparison
    level = column("g", f"g_{one.name}")
    ifs = [exp.If(this=exp.EQ(this=level, expression=literal(-1)), true=literal(0.0))]
    for index, agreed in enumerate(comparison.levels):
        bits = _bits(one, agreed, filled)
        ifs.append(exp.If(this=exp.EQ(this=level, expression=literal(index)), true=bits))
    return exp.Case(ifs=ifs, default=literal(math.log2(comparison.different)))


def _bits(one: Compared, level: Level, filled: int) -> exp.Expr:
    """Of a level, how much more often two records of the same thing agree so than two others, in bits."""
    comparison = one.comparison
    often, rarer = column("g", f"n_{one.name}"), column("g", f"m_{one.name}")
    if not level.spread:
        if comparison.words:
            chance = duck("b * GREATEST(n - 1, 1) * GREATEST(n - 1, 1)", b=literal(level.by_chance), n=rarer)
        elif comparison.identifies:
            return literal(math.log2(level.agrees / level.by_chance))
        else:
            # A slip is rare, a name is not: where both values are frequent, they are two names that are alike.
            chance = duck(
                "GREATEST(b, CAST(n AS DOUBLE) / f)", b=literal(level.by_chance), n=rarer, f=literal(max(filled, 1))
            )
        fixed = literal(math.log2(level.agrees / level.by_chance))
        return duck(
            "CASE WHEN c > b THEN GREATEST(LOG2(m / LEAST(1.0, c)), LEAST(fixed, 0)) ELSE fixed END",
            c=chance,
            b=literal(level.by_chance),
            m=literal(level.agrees),
            fixed=fixed,
        )
    if comparison.identifies:
        chance = duck("r * (n - 1) * (n - 1)", r=literal(comparison.rarest), n=often)
    else:
        chance = duck(
            "s * GREATEST(CAST(n AS DOUBLE) / f, r)",
            s=literal(level.spread),
            n=often,
            f=literal(max(filled, 1)),
            r=literal(comparison.rarest),
        )
    return duck(
        "GREATEST(LOG2(m / LEAST(1.0, GREATEST(c, least))), 0)",
        m=literal(level.agrees),
        c=chance,
        least=literal(comparison.rarest),
    )


def _within(weight: exp.Expr, one: Compared) -> exp.Expr:
    """The weight of what hangs on another comparison: where that agrees, a value is a share of the records that have
    the other's value, since contacts of one customer are few."""
    given = duck(
        "GREATEST(LOG2(a / LEAST(1.0, CAST(n AS DOUBLE) / GREATEST(o, 1))), 0)",
        a=literal(one.comparison.levels[0].agrees),
        n=column("g", f"n_{one.name}"),
        o=column("g", f"n_{one.comparison.within}"),
    )
    both = duck("x = 0 AND y = 0", x=column("g", f"g_{one.name}"), y=column("g", f"g_{one.comparison.within}"))
    return exp.Case(ifs=[exp.If(this=both, true=exp.Least(this=weight, expressions=[given]))], default=weight)


def _shared(weight: exp.Expr, names: list[Compared], personal: list[Compared], most: float) -> exp.Expr:
    """The weight of what people of other names have in common too, unless what is `personal` is nearly the same."""
    differ = duck(
        "(g = d OR h = e) AND NOT crossed",
        g=column("g", f"g_{names[0].name}"),
        d=literal(len(names[0].comparison.levels)),
        h=column("g", f"g_{names[1].name}"),
        e=literal(len(names[1].comparison.levels)),
        crossed=column("g", CROSSED),
    )
    for one in personal:
        # The first two levels: the same but for a slip.
        other = duck("NOT g IN (0, 1)", g=column("g", f"g_{one.name}"))
        differ = exp.And(this=exp.Paren(this=differ), expression=other)
    return exp.Case(ifs=[exp.If(this=differ, true=exp.Least(this=weight, expressions=[literal(most)]))], default=weight)


def _weight_of_names(names: list[Compared], filled: Mapping[str, int], known: Knowledge) -> exp.Expr:
    """First and last name together, as they stand or swapped."""
    bits = [exp.Paren(this=_weight(one, filled[one.name])) for one in names]
    # Neither agrees more than loosely (the last level), and one not at all.
    differ = duck(
        "a >= x - 1 AND b >= y - 1 AND (a = x OR b = y)",
        a=column("g", f"g_{names[0].name}"),
        b=column("g", f"g_{names[1].name}"),
        x=literal(len(names[0].comparison.levels)),
        y=literal(len(names[1].comparison.levels)),
    )
    # What a swapped pair is worth: as much as similar names are, and more where they are rare.
    rare = [
        duck(
            "CASE WHEN n IS NULL THEN 0 ELSE LEAST(-LOG2(GREATEST(CAST(n AS DOUBLE) / f, r)), 6) END",
            n=column("g", f"n_{one.name}"),
            f=literal(max(filled[one.name], 1)),
            r=literal(one.comparison.rarest),
        )
        for one in names
    ]
    return duck(
        "CASE WHEN crossed THEN GREATEST(a + b, s + c + d) WHEN differ THEN a + b + penalty ELSE a + b END",
        crossed=column("g", CROSSED),
        differ=differ,
        a=bits[0],
        b=bits[1],
        s=literal(math.log2(known.crossed)),
        c=rare[0],
        d=rare[1],
        penalty=literal(known.both_names_differ),
    )


def _as(table: exp.Table, alias: str) -> exp.Alias:
    return exp.Alias(this=table, alias=exp.to_identifier(alias, quoted=True))


def _alias(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(name, quoted=True))


__all__ = ["bound_select", "cast", "keyed_select", "keys", "levels_select", "paired_select", "weighed_select"]
