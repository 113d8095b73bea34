"""From a project to its duplicates: the whole way."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlglot import exp

from reportspec.contract.fit import seen
from reportspec.diagnostics import counted
from reportspec.duplicates.clusters import connected, groups_of
from reportspec.duplicates.groups import Found, Group, Money, Pair, Record, Shown, added
from reportspec.duplicates.knowledge import Knowledge, knowledge
from reportspec.duplicates.normal_sql import NICKNAMES, SOURCE, duck, normal_select
from reportspec.duplicates.not_duplicates import pairs_apart
from reportspec.duplicates.pairs_sql import (
    CROSSED,
    bound_select,
    common_select,
    keyed_select,
    keys,
    levels_select,
    lonely_select,
    paired_select,
    weighed_select,
)
from reportspec.duplicates.phones import country_code, national_numbers
from reportspec.duplicates.rows_sql import KEY, money_statement, rows_statement
from reportspec.duplicates.subject import (
    FULL_NAME,
    Compared,
    NothingToCompare,
    Subject,
    columns_of,
    compared_of,
    subject_of,
)
from reportspec.duplicates.survivors import survivor
from reportspec.duplicates.workspace import Workspace, literal_rows, workspace
from reportspec.errors import SourceError
from reportspec.expression.trees import column, literal, named
from reportspec.lazy_dataclass import dataclass
from reportspec.model.rows import Table
from reportspec.model.settings import Project
from reportspec.resolve.binding import Binding
from reportspec.run.connect import wanted_for

_LEAST_PAIRS = 300_000  # that each key may bring, of however few records


@dataclass(frozen=True, slots=True)
class _Weighing:
    """What pairs are weighed by: the comparisons, of how many records a value of each is a share, and how many there
    are."""

    known: Knowledge
    compared: tuple[Compared, ...]
    filled: Mapping[str, int]
    number: int
    records: exp.Table

    def weigh(self, space: Workspace, pairs: exp.Table, least: float | None) -> list[dict[str, Any]]:
        """Pairs with their levels and weights, those of at `least` so many bits."""
        # A table of its own: within one statement DuckDB would compare values again for each place that asks for the
        # level.
        levels = space.keep("levels", levels_select(self.compared, pairs, self.records))
        select = weighed_select(self.compared, self.filled, self.number, self.known, levels, least)
        rows = space.run(select).dicts()
        space.drop("levels")
        return rows

    def levels(self, row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """How far a pair agrees, by the names of levels."""
        named_levels = []
        for one in self.compared:
            place = row[f"g_{one.name}"]
            if place < 0:
                continue
            names = [level.name for level in one.comparison.levels]
            named_levels.append((one.name, names[place] if place < len(names) else "different"))
        if row.get(CROSSED) and not {"same"} & {level for name, level in named_levels if name.endswith("_name")}:
            named_levels = [(n, level) for n, level in named_levels if n not in ("given_name", "family_name")]
            named_levels.insert(0, ("names", "swapped"))
        return tuple(named_levels)


def duplicates_of(project: Project, binding: Binding, entity: str, now: datetime, least: float | None = None) -> Found:
    """The groups of records of an entity, one of the catalogue's choices, that are the same. `least` is the chance from
    which two records are a pair, in place of the catalogue's. Raises ReportspecError."""
    known = knowledge()
    binding = fitted(project, binding)
    subjects = tuple(subject_of(binding, name, known) for name in entity.split("+"))
    compared = compared_of(subjects, known)
    if not any(one.comparison.blocks for one in compared):
        raise NothingToCompare(
            f"too little is known of `{entity}` to find duplicates by: {_listed(compared)}",
            "map names, an email address, a telephone number or the like",
        )
    apart = pairs_apart(project.root, entity)
    statements = [rows_statement(binding, subject, now) for subject in subjects]
    money = [money_statement(binding, subject.entity, now, known) for subject in subjects]
    asked = [*statements, *(tree for tree in money if tree is not None)]
    with workspace(project, binding, asked) as space:
        for index, statement in enumerate(statements):
            space.bring(f"rows_{index}", statement)
        weighing = _weighing(space, subjects, compared, known)
        pairs, too_common = _candidates(space, weighing, only_across=len(subjects) > 1)
        threshold = known.threshold if least is None else least
        rows = weighing.weigh(space, pairs, math.log2(threshold / (1 - threshold)))
        numbers = _numbers(space, subjects, apart)
        held_apart = frozenset(
            (min(numbers[a], numbers[b]), max(numbers[a], numbers[b])) for a, b in apart if {a, b} <= set(numbers)
        )
        groups, weighed, cut = _grouped(space, weighing, rows, held_apart)
        records = _records(space, subjects, compared, [number for group in groups for number in group])
        records = _with_money(space, subjects, money, records)
    made = [_group(weighing, group, weighed, records, subjects) for group in groups]
    unknown = sorted({f"{name} {key}" for pair in apart for name, key in pair} - {f"{n} {k}" for n, k in numbers})
    made.sort(key=lambda group: (-max(pair.bits for pair in group.pairs), group.records[0].key))
    called = tuple(
        (one.name, columns_of(subjects[0], subjects, one)[0].path[-1])
        for one in compared
        if one.comparison.name == "attribute"
    )
    names = tuple(one.name for one in compared)
    return Found(entity, tuple(made), weighing.number, names, len(held_apart), called, too_common, cut, tuple(unknown))


def fitted(project: Project, binding: Binding) -> Binding:
    """The binding for what a server turns out to have. Raises SourceError."""
    tables = frozenset(
        ".".join(piece.name for piece in table.parts)
        for name in knowledge().entities
        if (mapped := binding.source.entities.get(name)) is not None
        for part in mapped.parts
        for table in (part.table, *(join.table for join in part.joins))
    )
    source = seen(project, binding, wanted_for(project, binding, tables))
    return binding if source is binding.source else binding.over(source)


def _listed(compared: Iterable[Compared]) -> str:
    return ", ".join(f"`{one.name}`" for one in compared) or "nothing"


# --- Records as they are compared -----------------------------------------------------------------


def _weighing(
    space: Workspace, subjects: tuple[Subject, ...], compared: tuple[Compared, ...], known: Knowledge
) -> _Weighing:
    """The table of records as they are compared, with how frequent each value is. Raises SourceError."""
    parts: list[exp.Select] = []
    for index, subject in enumerate(subjects):
        select = normal_select(subjects, index, compared, known.words, space.table(f"rows_{index}"))
        if subject.converted and len(subjects) > 1:
            select = select.where(
                duck("NOT COALESCE(CAST(c AS BOOLEAN), FALSE)", c=column("r", "converted")), copy=False
            )
        parts.append(select)
    union: exp.Expr = parts[0] if len(parts) == 1 else exp.Union(this=parts[0], expression=parts[1], distinct=False)
    everything = exp.Select().select(exp.Star(), copy=False)
    everything = everything.from_(exp.Subquery(this=union, alias=_alias("u")), copy=False)
    normal = space.keep("normal", everything)
    _refuse_keys(space, subjects, normal)
    names = [one.name for one in compared]
    phones = [one.name for one in compared if one.comparison.kind == "phone"]
    for name in phones:
        _by_country(space, normal, name)
    countries = [one.name for one in compared if one.comparison.kind == "country"]
    for name in countries:
        _by_code(space, normal, name)
    number = duck("ROW_NUMBER() OVER (ORDER BY s, k)", s=column("u", SOURCE), k=column("u", KEY))
    select = exp.Select().select(named(number, "id"), copy=False)
    for name in (SOURCE, KEY):
        select = select.select(named(column("u", name), name), copy=False)
    select = select.from_(_as(normal, "u"), copy=False)
    for name in names:
        value: exp.Expr = column("u", f"v_{name}")
        if name in phones:
            on = duck(
                "w = x AND c IS NOT DISTINCT FROM y",
                w=column("u", f"w_{name}"),
                x=column(name, "written"),
                c=column("u", "country"),
                y=column(name, "country"),
            )
            select = select.join(_as(space.table(f"of_{name}"), name), on=on, join_type="left", copy=False)
            value = exp.Coalesce(this=column(name, "number"), expressions=[value])
        if name in countries:
            coded = duck("w = x", w=column("u", f"v_{name}"), x=column(name, "written"))
            select = select.join(_as(space.table(f"of_{name}"), name), on=coded, join_type="left", copy=False)
            value = exp.Coalesce(this=column(name, "code"), expressions=[value])
        select = select.select(named(value, f"v_{name}"), copy=False)
    numbered = space.keep("numbered", select)
    records = space.keep("records", _with_frequencies(space, numbered, compared, known))
    counts = exp.Select().select(named(exp.Count(this=exp.Star()), "records"), copy=False)
    for name in names:
        counts = counts.select(named(exp.Count(this=column("n", f"v_{name}")), name), copy=False)
    [row] = _dicts(space.run(counts.from_(_as(numbered, "n"), copy=False)))
    space.drop("normal", "numbered")
    often = {name: row[name] + known.unseen for name in names}
    return _Weighing(known, compared, often, row["records"], records)


def _refuse_keys(space: Workspace, subjects: Sequence[Subject], normal: exp.Table) -> None:
    """Raise SourceError where records have no key, or several have one."""
    select = exp.Select().select(
        named(column("n", SOURCE), SOURCE),
        named(duck("COUNT(*) - COUNT(k)", k=column("n", KEY)), "without"),
        named(duck("COUNT(k) - COUNT(DISTINCT k)", k=column("n", KEY)), "again"),
        copy=False,
    )
    select = select.from_(_as(normal, "n"), copy=False).group_by(column("n", SOURCE), copy=False)
    for row in _dicts(space.run(select)):
        entity = subjects[row[SOURCE]].entity
        if row["without"] or row["again"]:
            what = (
                f"{counted(row['again'], 'row')} with the key of another one"
                if row["again"]
                else f"{counted(row['without'], 'row')} without a key"
            )
            raise SourceError(
                "broken-keys",
                f"`{entity}` has {what}, so that nobody can tell which record is meant",
                "map a key that is each record's own; `reportspec doctor` shows examples",
            )


def _by_country(space: Workspace, normal: exp.Table, name: str) -> None:
    """Have a table of telephone numbers by the rules of their countries: of those that end like others and are yet
    written otherwise, since only of these it decides anything."""
    tail = duck("RIGHT(v, 6)", v=column("n", f"v_{name}"))
    several = exp.Select().select(named(tail, "tail"), copy=False).from_(_as(normal, "n"), copy=False)
    several = several.group_by(tail.copy(), copy=False)
    several = several.having(duck("COUNT(DISTINCT v) > 1", v=column("n", f"v_{name}")), copy=False)
    select = exp.Select().select(
        named(column("n", f"w_{name}"), "written"), named(column("n", "country"), "country"), copy=False
    )
    select = select.distinct(copy=False).from_(_as(normal, "n"), copy=False)
    select = select.where(exp.In(this=tail.copy(), query=exp.Subquery(this=several)), copy=False)
    written = [(row["written"], row["country"]) for row in _dicts(space.run(select))]
    numbers = national_numbers(written)
    rows = tuple((text, country, number) for (text, country), number in numbers.items())
    space.fill(f"of_{name}", Table(("written", "country", "number"), rows))


def _by_code(space: Workspace, normal: exp.Table, name: str) -> None:
    """Have a table of countries as they are written with their codes: `Austria` and `AT` are one."""
    written = column("n", f"v_{name}")
    select = exp.Select().select(named(written, "written"), copy=False).distinct(copy=False)
    select = select.from_(_as(normal, "n"), copy=False).where(duck("w IS NOT NULL", w=written.copy()), copy=False)
    texts = [str(row["written"]) for row in _dicts(space.run(select))]
    rows = tuple((text, (country_code(text) or text).casefold()) for text in texts)
    space.fill(f"of_{name}", Table(("written", "code"), rows))


def _with_frequencies(
    space: Workspace, numbered: exp.Table, compared: Sequence[Compared], known: Knowledge
) -> exp.Select:
    """The records with how many have the value of each comparison (`n_…`), the parts of their addresses, and which
    names a given name is a form of."""
    names = [one.name for one in compared]
    emails = [one.name for one in compared if one.comparison.kind == "email"]
    select = exp.Select().select(exp.Column(this=exp.Star(), table=exp.to_identifier("n", quoted=True)), copy=False)
    select = select.from_(_as(numbered, "n"), copy=False)
    for name in names:
        value = column("o", f"v_{name}")
        counted = exp.Select().select(named(value, "value"), named(exp.Count(this=exp.Star()), "often"), copy=False)
        counted = counted.from_(_as(numbered, "o"), copy=False).group_by(value.copy(), copy=False)
        on = exp.EQ(this=column(f"o_{name}", "value"), expression=column("n", f"v_{name}"))
        select = select.join(exp.Subquery(this=counted, alias=_alias(f"o_{name}")), on=on, join_type="left", copy=False)
        select = select.select(named(column(f"o_{name}", "often"), f"n_{name}"), copy=False)
    for one in compared:
        if one.comparison.words:
            rarest = _rarest_words(numbered, one.name)
            on = exp.EQ(this=column(f"r_{one.name}", "id"), expression=column("n", "id"))
            select = select.join(
                exp.Subquery(this=rarest, alias=_alias(f"r_{one.name}")), on=on, join_type="left", copy=False
            )
            select = select.select(named(column(f"r_{one.name}", "often"), f"w_{one.name}"), copy=False)
    for name in emails:
        for part, place in (("mailbox", 1), ("domain", 2)):
            parted = duck("SPLIT_PART(e, '@', p)", e=column("n", f"v_{name}"), p=literal(place))
            select = select.select(named(parted, f"{part}_{name}"), copy=False)
    if "given_name" in names:
        space.fill("forms", literal_rows({forms[0]: forms for forms in known.words.given_names}))
        listed = exp.Select().select(
            named(column("f", "form"), "form"),
            named(duck("LIST(DISTINCT x)", x=column("f", "name")), "names"),
            copy=False,
        )
        listed = listed.from_(_as(space.table("forms"), "f"), copy=False).group_by(column("f", "form"), copy=False)
        on = exp.EQ(
            this=column("o_forms", "form"), expression=duck("SPLIT_PART(g, ' ', 1)", g=column("n", "v_given_name"))
        )
        select = select.join(exp.Subquery(this=listed, alias=_alias("o_forms")), on=on, join_type="left", copy=False)
        select = select.select(named(column("o_forms", "names"), NICKNAMES), copy=False)
    return select


def _rarest_words(numbered: exp.Table, name: str) -> exp.Select:
    """Each record with how many have the rarest word of its value."""
    words = exp.Select().select(
        named(column("n", "id"), "id"),
        named(duck("UNNEST(LIST_DISTINCT(SPLIT(v, ' ')))", v=column("n", f"v_{name}")), "word"),
        copy=False,
    )
    words = words.from_(_as(numbered, "n"), copy=False)
    counts = exp.Select().select(
        named(column("w", "id"), "id"),
        named(duck("COUNT(*) OVER (PARTITION BY x)", x=column("w", "word")), "often"),
        copy=False,
    )
    counts = counts.from_(exp.Subquery(this=words, alias=_alias("w")), copy=False)
    select = exp.Select().select(
        named(column("c", "id"), "id"), named(exp.Min(this=column("c", "often")), "often"), copy=False
    )
    select = select.from_(exp.Subquery(this=counts, alias=_alias("c")), copy=False)
    return select.group_by(column("c", "id"), copy=False)


# --- Pairs ----------------------------------------------------------------------------------------


def _candidates(space: Workspace, weighing: _Weighing, *, only_across: bool) -> tuple[exp.Table, tuple[int, int]]:
    """The pairs that have one of the keys in common. A key that too many share brings none: its records meet by
    others; how many have such a key, and how many of them meet by no other."""
    budget = max(_LEAST_PAIRS, weighing.number)
    parts: list[exp.Table] = []
    common: list[exp.Table] = []
    for index, key in enumerate(keys(weighing.compared)):
        keyed = space.keep("keyed", keyed_select(weighing.records, key))
        [row] = space.run(bound_select(keyed, budget)).rows
        across = weighing.records if only_across else None
        parts.append(space.keep(f"pairs_{index}", paired_select(keyed, int(row[0]), across)))
        common.append(space.keep(f"common_{index}", common_select(keyed, int(row[0]))))
        space.drop("keyed")
    union: exp.Expr = _pair_of(parts[0])
    for part in parts[1:]:
        union = exp.Union(this=union, expression=_pair_of(part), distinct=True)
    select = exp.Select().select(exp.Star(), copy=False).from_(exp.Subquery(this=union, alias=_alias("u")), copy=False)
    pairs = space.keep("pairs", select.distinct(copy=False))
    space.drop(*(f"pairs_{index}" for index in range(len(parts))))
    [(every, lonely)] = space.run(lonely_select(common, pairs)).rows
    space.drop(*(f"common_{index}" for index in range(len(common))))
    return pairs, (int(every), int(lonely))


def _pair_of(table: exp.Table) -> exp.Select:
    return (
        exp.Select()
        .select(exp.column("a", quoted=True), exp.column("b", quoted=True), copy=False)
        .from_(table, copy=False)
    )


Weighed = dict[tuple[int, int], Mapping[str, Any]]


def _grouped(
    space: Workspace, weighing: _Weighing, rows: Sequence[Mapping[str, Any]], apart: frozenset[tuple[int, int]]
) -> tuple[list[list[int]], Weighed, int]:
    """The groups of records by their numbers, all pairs within them as they were weighed, and how many pairs would have
    made too large a group."""
    known = weighing.known
    edges = [(row["a"], row["b"], row["w"]) for row in rows if (row["a"], row["b"]) not in apart]
    sets, cut = connected(edges, known.largest_group)
    weighed: Weighed = {(row["a"], row["b"]): row for row in rows}
    larger = [records for records in sets if len(records) > 2]
    if larger:
        members = Table(
            ("g", "id"), tuple((str(i), str(record)) for i, records in enumerate(larger) for record in records)
        )
        space.fill("members", members)
        a, b = (duck("CAST(i AS BIGINT)", i=column(side, "id")) for side in ("l", "r"))
        select = exp.Select().select(named(a, "a"), named(b, "b"), copy=False)
        select = select.from_(_as(space.table("members"), "l"), copy=False)
        on = duck("x = y AND a < b", x=column("l", "g"), y=column("r", "g"), a=a.copy(), b=b.copy())
        select = select.join(_as(space.table("members"), "r"), on=on, copy=False)
        within = space.keep("within", select)
        weighed |= {(row["a"], row["b"]): row for row in weighing.weigh(space, within, None)}
    groups = [records for records in sets if len(records) == 2]
    for records in larger:
        groups += groups_of(
            records,
            lambda a, b: weighed[a, b]["w"] if (a, b) in weighed else None,
            apart,
            known.together,
        )
    return groups, weighed, cut


# --- What is told of them -------------------------------------------------------------------------


def _numbers(
    space: Workspace, subjects: Sequence[Subject], apart: Iterable[tuple[tuple[str, str], tuple[str, str]]]
) -> dict[tuple[str, str], int]:
    """The numbers of the records that people say are apart, by their entities and keys."""
    places = {subject.entity: place for place, subject in enumerate(subjects)}
    ends = {end for pair in apart for end in pair}
    if not ends:
        return {}
    space.fill("ends", Table((SOURCE, KEY), tuple((str(places[entity]), key) for entity, key in sorted(ends))))
    select = exp.Select().select(*(named(column("r", name), name) for name in ("id", SOURCE, KEY)), copy=False)
    select = select.from_(_as(space.table("records"), "r"), copy=False)
    on = duck(
        "CAST(s AS INTEGER) = t AND k = l",
        s=column("e", SOURCE), t=column("r", SOURCE), k=column("e", KEY), l=column("r", KEY),
    )  # fmt: skip
    select = select.join(_as(space.table("ends"), "e"), on=on, copy=False)
    return {(subjects[row[SOURCE]].entity, row[KEY]): row["id"] for row in _dicts(space.run(select))}


def _records(
    space: Workspace, subjects: Sequence[Subject], compared: Iterable[Compared], numbers: Sequence[int]
) -> dict[int, Record]:
    """The records of groups as the source has them, by their numbers."""
    if not numbers:
        return {}
    kinds = {one.comparison.name for one in compared} | {FULL_NAME}
    space.fill("chosen", Table(("id",), tuple((str(number),) for number in numbers)))
    records = {}
    for place, subject in enumerate(subjects):
        shown = [c for c in subject.columns if c.comparison in kinds]
        select = exp.Select().select(named(column("r", "id"), "id"), named(column("r", KEY), KEY), copy=False)
        for c in shown:
            select = select.select(named(duck("CAST(x AS VARCHAR)", x=column("o", c.name)), c.name), copy=False)
        for index in range(len(subject.dated)):
            value = duck("CAST(x AS VARCHAR)", x=column("o", f"d{index}"))
            select = select.select(named(value, f"d{index}"), copy=False)
        select = select.from_(_as(space.table("chosen"), "c"), copy=False)
        same = duck("CAST(c AS BIGINT) = i AND s = p", c=column("c", "id"), i=column("r", "id"),
                    s=column("r", SOURCE), p=literal(place))  # fmt: skip
        select = select.join(_as(space.table("records"), "r"), on=same, copy=False)
        key = duck("CAST(k AS VARCHAR) = l", k=column("o", KEY), l=column("r", KEY))
        select = select.join(_as(space.table(f"rows_{place}"), "o"), on=key, copy=False)
        for row in _dicts(space.run(select)):
            values = tuple(
                Shown(".".join(c.path[1:]), c.comparison, text)
                for c in shown
                if (text := _written(row[c.name], c.comparison))
            )
            dates = [row[f"d{index}"] for index in range(len(subject.dated))]
            latest = next((_written(text, "created") for text in dates if text), "")
            records[row["id"]] = Record(subject.entity, row[KEY], values, latest, ())
    return records


def _with_money(
    space: Workspace,
    subjects: Sequence[Subject],
    statements: Sequence[exp.Select | None],
    records: Mapping[int, Record],
) -> dict[int, Record]:
    """The same records with what their open and won deals are worth."""
    worth: dict[tuple[str, str], list[Money]] = defaultdict(list)
    for place, (subject, statement) in enumerate(zip(subjects, statements, strict=True)):
        if statement is None or not records:
            continue
        space.bring(f"money_{place}", statement)
        select = exp.Select().select(
            *(named(duck("CAST(x AS VARCHAR)", x=column("m", name)), name) for name in _OF_MONEY), copy=False
        )
        select = select.from_(_as(space.table(f"money_{place}"), "m"), copy=False)
        keys_chosen = (
            exp.Select().select(column("r", KEY), copy=False).from_(_as(space.table("records"), "r"), copy=False)
        )
        among = exp.In(this=column("r", "id"), query=exp.Subquery(this=_chosen(space)))
        keys_chosen = keys_chosen.where(among, copy=False)
        key = duck("CAST(k AS VARCHAR)", k=column("m", KEY))
        select = select.where(exp.In(this=key, query=exp.Subquery(this=keys_chosen)), copy=False)
        for row in _dicts(space.run(select)):
            # Where sums are floats, what is behind the fourth place is none of the amounts'.
            written = _written(row["amount"], "amount")
            amount = round(Decimal(written), 4).normalize() if written else None
            money = Money(row["status"], row["currency"] or "", int(row["deals"]), amount)
            worth[subject.entity, row[KEY]].append(money)
    return {
        number: replace(record, money=added(worth.get((record.entity, record.key), ())))
        for number, record in records.items()
    }


def _written(text: str | None, comparison: str) -> str:
    """A value as every database writes it: numbers without zeros at their ends, times with a space before the hour."""
    if text is None:
        return ""
    if comparison == "amount":
        try:
            return format(Decimal(text).normalize(), "f")
        except InvalidOperation:
            return text.strip()
    return text.strip().replace("T", " ") if comparison == "created" else text.strip()


_OF_MONEY = (KEY, "status", "currency", "deals", "amount")


def _chosen(space: Workspace) -> exp.Select:
    select = exp.Select().select(duck("CAST(c AS BIGINT)", c=column("c", "id")), copy=False)
    return select.from_(_as(space.table("chosen"), "c"), copy=False)


def _group(
    weighing: _Weighing,
    numbers: Sequence[int],
    weighed: Weighed,
    records: Mapping[int, Record],
    subjects: Sequence[Subject],
) -> Group:
    members = tuple(records[number] for number in numbers)
    pairs = []
    for a in range(len(numbers)):
        for b in range(a + 1, len(numbers)):
            row = weighed[numbers[a], numbers[b]]
            pairs.append(Pair(a, b, row["w"], weighing.levels(row)))
    place, kept_for = survivor(members, weighing.known.gives_way)
    if kept_for == "latest" and all(subject.dated == ("created_at",) for subject in subjects):
        kept_for = "newest"
    return Group(members, tuple(pairs), place, kept_for)


def _dicts(table: Table) -> list[dict[str, Any]]:
    return table.dicts()


def _as(table: exp.Table, alias: str) -> exp.Alias:
    return exp.Alias(this=table, alias=exp.to_identifier(alias, quoted=True))


def _alias(name: str) -> exp.TableAlias:
    return exp.TableAlias(this=exp.to_identifier(name, quoted=True))
