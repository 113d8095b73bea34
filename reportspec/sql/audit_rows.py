"""All checks of an audit that are of one entity's rows, in one pass over these.

    rows     the entity's rows, each with 1 or 0 for each check: whether it is looked at, and whether it is broken
    counts   the sums of these, how many rows break no check of severity error, and how many have each field

What is the same in several rows is counted in groups, which are joined by what they have in common, as what is to be
found elsewhere is by distinct keys: no row is there twice. Groups are much cheaper than windows over all rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlglot import exp

from reportspec.calendar import until
from reportspec.expression.sandbox import WRITTEN, column_nodes, path_of
from reportspec.expression.trees import (
    KEY,
    alias_of,
    all_of,
    any_of,
    bare_key,
    cast,
    column,
    copied,
    instant_literal,
    literal,
    named,
    same_key,
    table,
    text_key,
    when,
)
from reportspec.lazy_dataclass import dataclass
from reportspec.model.audits import AuditCheck
from reportspec.model.domain import Entity, Field
from reportspec.model.findings import BY_HISTORY, Check
from reportspec.resolve.audit_conditions import Asked, asked_of, form_of, there, told_by_others
from reportspec.resolve.binding import Binding
from reportspec.resolve.moments import Moment
from reportspec.sql.aggregate import AS_OF
from reportspec.sql.audit_windows import by_groups, by_order, lone_are_right, of_groups
from reportspec.sql.broken_history import apart
from reportspec.sql.broken_keys import in_another_currency
from reportspec.sql.broken_rows import breaks, broken_today, field_of, given, settled_by_history
from reportspec.sql.rates import RATES, has_rates
from reportspec.sql.scope import Joined, Scope
from reportspec.sql.statement import RecordStatement
from reportspec.sql.texts_once import texts_once
from reportspec.sql.unnamed import inherits, unnamed_in

_ROWS = "rows"
# The first of these that a source has says how recent a record is.
LATEST = ("last_activity_at", "updated_at", "closed_at", "created_at")


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Which rows are counted, once all of the entity's have been compared: those for which `conditions` hold, apart
    `by` the values of a field."""

    conditions: tuple[exp.Expr, ...] = ()
    by: tuple[str, ...] = ()


WHOLE = Cut()


@dataclass(frozen=True, slots=True)
class Instants:
    """What dates are held against: those of an entity's `own` rows, which are those of the end of its last day where it
    has ended; what rows of `others` tell of them, that may go on; and how `fresh` the newest is."""

    own: datetime
    others: datetime
    fresh: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """How records are held against checks: `at` which instants, and whether by their `histories`, which takes keys that
    are each of one row."""

    at: Instants
    histories: bool = True


def counts_statement(
    binding: Binding,
    entity: str,
    checks: Sequence[AuditCheck],
    fields: Sequence[str],
    held: Held,
    cut: Cut = WHOLE,
) -> exp.Expr:
    """One row, or of a cut `by` a field one for each of its values (`by`): how many `rows` an entity has, how many are
    `clean` of errors; of each check, by its place, how many rows are looked at (`w0`, …) and broken (`f0`, …), and of
    those that are still open how many (`o0`, …), with what they are worth (`a0`, …); of each of the `fields` how many
    rows have it (`g0`, …). Where the entity has open rows, `open` and `amount` are those of all rows with an error."""
    rows = _Rows(binding, entity, checks, held, cut)
    stake = stake_of(binding, binding.entity(entity))
    if stake is not None:
        is_open, amount = stake
        rows.keep("open", when(rows.scope.compile(is_open, rows.moment), literal(1), literal(0)))
        rows.keep("amount", rows.scope.compile(_amount_tree(amount), rows.moment, (), AS_OF))
    for number, name in enumerate(fields):
        rows.keep(f"g{number}", when(_there(rows, name), literal(1), literal(0)))
    source = rows.select()
    every = exp.Count(this=exp.Star())
    select = exp.Select().select(named(every, "rows"))
    types = {"rows": "integer", "clean": "integer"}
    wrong = [_is_one(f"f{n}") for n, check in enumerate(checks) if check.severity == "error" and check.of_rows]
    error = any_of(wrong) if wrong else exp.Boolean(this=False)
    select = select.select(named(_sum(when(copied(error), literal(0), literal(1))), "clean"), copy=False)
    if stake is not None:
        select = _staked(select, "open", "amount", error, types)
    for number, check in enumerate(checks):
        if check.kind == "fresh_within":
            select = select.select(named(_stale(rows, check, number, held.at.fresh), f"f{number}"), copy=False)
            select = select.select(named(literal(1), f"w{number}"), copy=False)
        elif check.kind == "anomaly":
            select = _measured(rows, select, check, number, types)
        else:
            looked = column(_ROWS, f"w{number}") if number in rows.looking else literal(1)
            select = select.select(named(_sum(column(_ROWS, f"f{number}")), f"f{number}"), copy=False)
            select = select.select(named(_sum(looked), f"w{number}"), copy=False)
            if stake is not None:
                select = _staked(select, f"o{number}", f"a{number}", _is_one(f"f{number}"), types)
        types |= {f"f{number}": "integer", f"w{number}": "integer"}
    for number in range(len(fields)):
        select = select.select(named(_sum(column(_ROWS, f"g{number}")), f"g{number}"), copy=False)
        types[f"g{number}"] = "integer"
    if cut.by:
        select = select.select(named(column(_ROWS, "by"), "by"), copy=False).group_by(column(_ROWS, "by"), copy=False)
        types["by"] = "text"
    select = rows.cut_to(select.from_(exp.Subquery(this=source, alias=alias_of(_ROWS)), copy=False))
    return rows.finish(select, types)


def records_to_mend(
    binding: Binding,
    checks: Sequence[AuditCheck],
    shown: Sequence[tuple[str, ...]],
    held: Held,
    most: int,
    cut: Cut = WHOLE,
) -> exp.Expr:
    """The rows of an entity that break any of some checks, the first `most` by what is `shown`: these fields (`v0`, …),
    of each check by its place whether the row breaks it (`f0`, …), for checks that find a value out of others what most
    of these have (`p0`, …) and how large a share they are (`s0`, …), for those that find several with the same
    something that is alike in all of these and no others (`g0`, …), with how many fields of a row are `filled`, and
    when it was changed (`latest`), where it says so; how many rows there are `available`, and `by`."""
    rows = _Rows(binding, checks[0].entity, checks, held, cut)
    types: dict[str, str] = {}
    for number, path in enumerate(shown):
        rows.keep(f"v{number}", rows.scope.field(path, rows.moment))
        types[f"v{number}"] = binding.resolve(checks[0].entity, path).field.type
    flags = [f"f{number}" for number in range(len(checks))]
    types |= dict.fromkeys(flags, "integer")
    for number in rows.shared:
        types |= {f"p{number}": "text", f"s{number}": "number"}
    types |= {"by": "text"} if cut.by else {}
    rows.keep_shared()
    types |= rows.keep_groups()
    source = rows.select()
    select = exp.Select().select(*(named(column(_ROWS, name), name) for name in types))
    every = exp.Window(this=exp.Count(this=exp.Star()), over="OVER")
    select = select.select(named(every, "available"), copy=False)
    select = rows.cut_to(select.from_(exp.Subquery(this=source, alias=alias_of(_ROWS)), copy=False))
    order = [exp.Ordered(this=column(_ROWS, name), nulls_first=False) for name in types if name.startswith("v")]
    select = (
        select.where(exp.Paren(this=any_of(list(map(_is_one, flags)))), copy=False)
        .order_by(*order, copy=False)
        .limit(most, copy=False)
    )
    return rows.finish(select, {**types, "available": "integer"})


def broken_rows_statement(
    binding: Binding, check: AuditCheck, shown: Sequence[tuple[str, ...]], held: Held, most: int
) -> exp.Expr:
    """The first rows that break a check, by their keys: the fields `shown`, each by its path, as `v0`, `v1`, …"""
    rows = _Rows(binding, check.entity, [check], held)
    types = {}
    for number, path in enumerate(shown):
        rows.keep(f"v{number}", rows.scope.field(path, rows.moment))
        types[f"v{number}"] = binding.resolve(check.entity, path).field.type
    source = rows.select()
    compared = rows.broken[0].find(exp.Window) is not None  # with other rows: all have to be there
    if not compared:  # what is asked of the rows themselves databases ask of those alone that joins leave
        source = source.where(copied(rows.broken[0]), copy=False)
    select = exp.Select().select(*(named(column(_ROWS, name), name) for name in types))
    select = select.from_(exp.Subquery(this=source, alias=alias_of(_ROWS)), copy=False)
    order = [exp.Ordered(this=column(_ROWS, name), nulls_first=False) for name in types]
    select = select.where(_is_one("f0"), copy=False) if compared else select
    select = select.order_by(*order, copy=False).limit(most, copy=False)
    return rows.finish(select, types)


def stake_of(binding: Binding, entity: Entity) -> tuple[exp.Expr, Field] | None:
    """Which rows of an entity are still open, and the amount that each is worth; None where it has none such."""
    still = entity.listed_by.open if entity.listed_by is not None else None
    amounts = [field for field in binding.fields(entity.name) if field.type == "money" and field.currency]
    given_amounts = [field for field in amounts if binding.mapped(entity.name, field.name) is not None]
    if still is None or not given_amounts or any(len(path_of(node)) < 2 for node in column_nodes(still)):
        return None
    if not all(binding.gives(entity.name, path_of(node)[-1]) for node in column_nodes(still)):
        return None
    return still, given_amounts[0]


def _amount_tree(field: Field) -> exp.Expr:
    return exp.column(exp.to_identifier(field.name), exp.to_identifier(field.entity))


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """What is known of rows by what they are alike in: the SELECT and its alias, the keys as they are of a row, and the
    columns of the `values`, by their texts."""

    alias: str
    select: exp.Select
    keys: Sequence[exp.Expr]
    values: dict[str, str]


class _Asked(Scope):
    """The records of an entity, of which conditions take a closing that only the history tells as theirs: figures do.
    What is shown of a record is its own."""

    _asking = False
    by_history = True

    def compile(self, *args: Any, **named_args: Any) -> exp.Expr:
        """As of any scope."""
        before, self._asking = self._asking, True
        try:
            return super().compile(*args, **named_args)
        finally:
            self._asking = before

    def _value(self, alias: str, entity: Entity, field: Field, way: tuple[str, ...], moment: Moment) -> exp.Expr:
        value = super()._value(alias, entity, field, way, moment)
        history = entity.history
        closing = history is not None and field.name == history.outcome.at and self.binding.has_history(entity)
        asked = closing and self._asking and self.by_history and not way
        if not asked or not entity.key or not self.given(entity, entity.key):
            return value
        self._have(Joined((_CLOSING,), _CLOSING, self._closings(entity, field.name)))
        return exp.Coalesce(this=value, expressions=[column(_CLOSING, field.name)])

    def _closings(self, entity: Entity, name: str) -> exp.Join:
        """The join with what the last state of a record has for when it was closed."""
        assert entity.key is not None
        states = self.statement.states(entity.name)
        theirs = field_of(self.statement, states, entity.name, entity.key)
        self.statement.need(states, name)
        last = exp.Is(this=column(states, "valid_until"), expression=exp.Null())
        rows = exp.Select().select(named(bare_key(theirs), "key"), named(column(states, name), name))
        kind = theirs.meta.get(KEY, "")
        key: exp.Expr = column(_CLOSING, "key")
        mine = field_of(self.statement, self.base, entity.name, entity.key)
        on = same_key(text_key(key, kind) if kind else key, mine)
        rows = rows.from_(table(states)).where(last)
        return exp.Join(this=exp.Subquery(this=rows, alias=alias_of(_CLOSING)), side="LEFT", on=on)


_CLOSING = "closing__"


class _Rows:
    """The rows of an entity with what checks ask of each; those that a cut leaves, once all have been compared."""

    def __init__(
        self,
        binding: Binding,
        entity: str,
        checks: Sequence[AuditCheck],
        held: Held,
        cut: Cut = WHOLE,
    ) -> None:
        at = held.at
        self.binding, self.entity, self.fresh = binding, entity, at.fresh
        self.statement = RecordStatement(binding)
        # As reports stand at the end of a day that is named.
        own, others = until(at.own, binding.zone), until(at.others, binding.zone)
        self.moment = Moment("current", own, own, own)
        self.going_on = self.moment if others == own else Moment("previous", others, others, others)
        self.scope = _Asked(self.statement, entity, self.moment)
        self.scope.by_history = held.histories
        self.broken: dict[int, exp.Expr] = {}  # by check, the condition that a row breaks it
        self.looking: set[int] = set()  # the checks that look at some of the rows alone
        self._columns: list[exp.Alias] = []
        self._joins: list[exp.Join] = []
        self.shared: dict[
            int, tuple[exp.Expr, exp.Expr]
        ] = {}  # by check, what most rows like one have, and their share
        self.alike: dict[int, exp.Expr] = {}  # by check, what is the same of all rows that have the same
        self._cut = all_of([self.scope.compile(tree, self.moment, (), AS_OF) for tree in cut.conditions])
        if self._cut is not None:
            self.keep("mine", when(copied(self._cut), literal(1), literal(0)))
        if cut.by:
            self.keep("by", self.scope.field(cut.by, self.moment))
        for number, check in enumerate(checks):
            self._ask(number, check)

    def cut_to(self, select: exp.Select) -> exp.Select:
        """A SELECT over the rows, of those that the cut leaves."""
        return select.where(_is_one("mine"), copy=False) if self._cut is not None else select

    def keep(self, name: str, tree: exp.Expr) -> None:
        """Have one more column."""
        self._columns.append(named(tree, name))

    def keep_shared(self) -> None:
        """Have columns of what most rows like one have in a field."""
        for at, (most, share) in self.shared.items():
            self.keep(f"p{at}", most)
            self.keep(f"s{at}", share)

    def keep_groups(self) -> dict[str, str]:
        """Have columns by which it is said which of the rows that have the same is to be kept; their types."""
        if not self.alike:
            return {}
        fields = self.binding.fields(self.entity)
        given = {field.name: field for field in fields if self.binding.mapped(self.entity, field.name) is not None}
        filled: exp.Expr = literal(0)
        for name in given:
            filled = exp.Add(this=filled, expression=when(_there(self, name), literal(1), literal(0)))
        self.keep("filled", filled)
        types = {"filled": "integer"}
        dated = next((name for name in LATEST if name in given), None)
        if dated is not None:
            self.keep("latest", self.scope.field((self.entity, dated), self.moment))
            types["latest"] = given[dated].type
        for at, tree in self.alike.items():
            self.keep(f"g{at}", tree)
            types[f"g{at}"] = "text"
        return types

    def finish(self, select: exp.Select, types: Mapping[str, str]) -> exp.Expr:
        """The statement of a SELECT over the rows, in which is made once what several checks make of a text."""
        plain = [rows.cte for rows in self.statement.rows() if rows.entity and not rows.made]
        select, ctes = texts_once(select, plain)
        statement = self.statement.finish(select, types)
        for cte in ctes:
            statement.args["with_"].append("expressions", cte)
        return statement

    def select(self) -> exp.Select:
        """The SELECT of the rows."""
        select = self.scope.attach(exp.Select(expressions=self._columns or [named(literal(1), "one")]))
        for join in self._joins:
            select.append("joins", join)
        return select

    def _ask(self, at: int, check: AuditCheck) -> None:
        asked = asked_of(self.binding, check)
        # What others tell, such as the last activity, is asked up to when they go on.
        moment = self.going_on if told_by_others(self.binding, check) else self.moment
        looked = self._looked(self.scope, asked, moment)
        in_order = bool(self._key) and by_order(asked)
        if in_order:  # it is by their keys that rows are told of what is before them
            keyed = exp.Not(this=exp.Is(this=copied(bare_key(self._own_key())), expression=exp.Null()))
            looked = all_of([*([copied(looked)] if looked is not None else []), keyed])
        if looked is not None:
            self.looking.add(at)
            self.keep(f"w{at}", when(copied(looked), literal(1), literal(0)))
        if check.contract is not None:
            self._flag(at, looked, self._contract(check.contract, at))
            return
        if check.kind == "fresh_within":
            [value] = check.of
            past = exp.LTE(this=copied(value), expression=exp.column(exp.to_identifier("as_of")))
            asked_at = Moment("current", self.fresh, self.fresh, self.fresh)
            wanted = self._looked(self.scope, asked, asked_at)
            both = all_of([*([copied(wanted)] if wanted is not None else []), self.scope.compile(past, asked_at)])
            assert both is not None
            self.keep(f"x{at}", when(both, copied(self.scope.compile(value, asked_at))))
        elif check.kind == "anomaly":
            self._measure(at, check)
        elif check.kind in ("same_spelling", "same_format", "determined_by"):
            self._flag(at, looked, self._unlike_most(at, check, asked))
        elif check.kind == "unique":
            self._flag(at, looked, self._repeated(at, check, asked))
        elif check.elsewhere is not None:
            self._flag(at, looked, self._elsewhere(check, at))
        else:
            assert asked.broken is not None
            # Amounts that people compare are in one currency; the catalogue's checks see to theirs.
            written = any(WRITTEN in tree.meta for tree in (check.broken, *check.of) if tree is not None)
            at_day = AS_OF if written else None
            together = of_groups(asked)
            if together is not None:
                self._flag(at, looked, self._alike(at, *together, at_day))
            elif by_groups(asked):
                self._flag(at, looked, self._with_groups(at, asked.broken, at_day))
            elif in_order:
                self._flag(at, looked, self._in_order(at, asked, at_day))
            else:
                self._flag(at, looked, self.scope.compile(asked.broken, moment, (), at_day))

    def _looked(self, scope: Scope, asked: Asked, moment: Moment) -> exp.Expr | None:
        """Which rows are looked at. Amounts that people compare are in one currency, as everywhere."""
        written = asked.when is not None and WRITTEN in asked.when.meta
        filled = scope.compile_optional(asked.filled, moment)
        chosen = scope.compile_optional(asked.when, moment, AS_OF if written else None)
        return all_of([copied(tree) for tree in (chosen, filled) if tree is not None])

    def _flag(self, at: int, looked: exp.Expr | None, broken: exp.Expr) -> None:
        both = all_of([*([copied(looked)] if looked is not None else []), copied(broken)])
        assert both is not None
        self.broken[at] = both
        self.keep(f"f{at}", when(both, literal(1), literal(0)))

    def _contract(self, check: Check, at: int) -> exp.Expr:
        """That a row breaks a check of the source's contract."""
        if check.kind == "repeated-key":
            assert check.field is not None
            key = bare_key(field_of(self.statement, self.scope.base, check.entity, check.field.name))
            several = exp.Window(this=exp.Count(this=copied(key)), partition_by=[key], over="OVER")
            return exp.GT(this=several, expression=literal(1))
        if check.kind == "no-rate":
            return self._unrated(check, at)
        if inherits(self.binding, check):
            return unnamed_in(self.scope, check, self.moment)
        if settled_by_history(self.binding, check):
            return self._whatever_history_says(check, at)
        if check.kind in BY_HISTORY:
            return self._apart_from_history(check, at)
        if check.relation is None:
            return breaks(self.statement, self.scope.base, check)
        target = self.binding.entity(check.relation.to)
        assert target.key is not None
        mine = field_of(self.statement, self.scope.base, check.entity, check.relation.by)
        whole = self.statement.rows_whole(target.name)  # a record that was deleted was there
        theirs = field_of(self.statement, whole, target.name, target.key)
        keys = exp.Select().select(named(bare_key(theirs), "key")).distinct().from_(table(whole))
        absent = self._joined(keys, f"other{at}", mine, theirs.meta.get(KEY, ""))
        return exp.And(this=_filled(mine), expression=absent)

    def _whatever_history_says(self, check: Check, at: int) -> exp.Expr:
        """That a row breaks a check of the source's contract, what its history says for it being read: figures have
        it, and reports count the same rows."""
        key = self.binding.entity(check.entity).key
        assert key is not None
        cte, broken = broken_today(self.statement, check)
        theirs = field_of(self.statement, cte, check.entity, key)
        keys = exp.Select().select(named(bare_key(theirs), "key")).distinct().from_(table(cte)).where(broken)
        mine = field_of(self.statement, self.scope.base, check.entity, key)
        return exp.Not(this=self._joined(keys, f"other{at}", mine, theirs.meta.get(KEY, "")))

    def _apart_from_history(self, check: Check, at: int) -> exp.Expr:
        """That a record says something else than the last row of its history."""
        key = self.binding.entity(check.entity).key
        assert key is not None
        found = exp.Subquery(this=apart(self.statement, check), alias=alias_of("apart"))
        keys = exp.Select().select(named(column("apart", "key0"), "key")).from_(found)
        mine = field_of(self.statement, self.scope.base, check.entity, key)
        return exp.Not(this=self._joined(keys, f"other{at}", mine, mine.meta.get(KEY, "")))

    def _unrated(self, check: Check, at: int) -> exp.Expr:
        """That a row has an amount in a currency that has no rate to the report's on any day."""
        code, foreign = in_another_currency(self.statement, self.scope.base, check)
        if not has_rates(self.binding):
            return foreign
        rated = exp.Select().select(named(column(self.statement.rates(), "currency"), "key")).distinct()
        absent = self._joined(rated.from_(table(RATES)), f"other{at}", code, "")
        return exp.And(this=foreign, expression=absent)

    def _elsewhere(self, check: AuditCheck, at: int) -> exp.Expr:
        """That a value of a row is none of those that another entity has, or one of them."""
        assert check.elsewhere is not None
        [value] = check.of
        entity, key = check.elsewhere
        scope = Scope(self.statement, entity, self.moment)
        theirs = scope.compile(key, self.moment)
        keys = scope.attach(exp.Select().select(named(copied(theirs), "key")).distinct())
        absent = self._joined(keys, f"other{at}", copied(self.scope.compile(value, self.moment)), "")
        return absent if check.kind == "relationship" else exp.Not(this=absent)

    def _joined(self, keys: exp.Select, alias: str, mine: exp.Expr, kind: str) -> exp.Expr:
        """Join distinct keys to the rows; the condition that a row finds none."""
        theirs: exp.Expr = column(alias, "key")
        on = same_key(text_key(theirs, kind) if kind else theirs, copied(mine))
        self._joins.append(exp.Join(this=exp.Subquery(this=keys, alias=alias_of(alias)), side="LEFT", on=on))
        return exp.Is(this=column(alias, "key"), expression=exp.Null())

    def _measure(self, at: int, check: AuditCheck) -> None:
        """What is measured of a row: whether it has a value, or the value in the report's currency."""
        if not check.of:
            return
        [value] = check.of
        if check.measure == "mean":
            self.keep(f"x{at}", self.scope.compile(value, self.moment, (), AS_OF))
        else:
            given = self.scope.compile(there(self.binding, check.entity, value), self.moment)
            self.keep(f"x{at}", when(given, literal(0), literal(1)))

    def _grouped(
        self,
        keys: Sequence[exp.Expr],
        asked: Asked | None,
        having: exp.Expr | None = None,
        at_day: exp.Expr | None = None,
        of: Scope | None = None,
    ) -> tuple[exp.Select, list[exp.Expr]]:
        """The rows that are looked at, by some expressions (`k0`, …), of these the groups for which `having` holds; and
        the expressions as they are of a row."""
        scope = Scope(self.statement, self.entity, self.moment)
        compiled = [copied(bare_key(scope.compile(tree, self.moment))) for tree in keys]
        condition = self._looked(scope, asked, self.moment) if asked is not None else None
        select = scope.attach(exp.Select(expressions=[named(copied(c), f"k{n}") for n, c in enumerate(compiled)]))
        if condition is not None:
            select = select.where(copied(condition), copy=False)
        select = select.group_by(*compiled, copy=False)
        if having is not None:
            select = select.having(copied(scope.compile(having, self.moment, (), at_day)), copy=False)
        return select, [copied(bare_key((of or self.scope).compile(tree, self.moment))) for tree in keys]

    def _beside(self, alias: str, groups: exp.Select, own: Sequence[exp.Expr], more: Sequence[exp.Expr] = ()) -> None:
        """Join groups to the rows by their first keys, of which no two groups have the same."""
        same = [exp.EQ(this=column(alias, f"k{n}"), expression=copied(key)) for n, key in enumerate(own)]
        on = all_of([*same, *more])
        self._joins.append(exp.Join(this=exp.Subquery(this=groups, alias=alias_of(alias)), side="LEFT", on=on))

    def _alike(self, at: int, keys: Sequence[exp.Expr], broken: exp.Expr, at_day: exp.Expr | None) -> exp.Expr:
        """That the rows which have the same are broken together."""
        groups, own = self._grouped(keys, None, broken, at_day)
        self._beside(f"same{at}", groups, own)
        return exp.Not(this=exp.Is(this=column(f"same{at}", "k0"), expression=exp.Null()))

    def _with_groups(self, at: int, broken: exp.Expr, at_day: exp.Expr | None) -> exp.Expr:
        """A condition with windows that have no order, whose values are joined from groups."""
        own = copied(self.scope.compile(broken, self.moment, (), at_day))
        scope = Scope(self.statement, self.entity, self.moment)
        of_groups = copied(scope.compile(broken, self.moment, (), at_day))
        found: dict[str, _Groups] = {}  # by what they are
        columns: dict[int, exp.Expr] = {}
        for window, of_group in zip(own.find_all(exp.Window), of_groups.find_all(exp.Window), strict=True):
            keys, theirs = (one.args.get("partition_by") or [] for one in (window, of_group))
            by = ", ".join(key.sql() for key in keys)
            if by not in found:
                named_keys = [named(copied(key), f"k{n}") for n, key in enumerate(theirs)]
                select = scope.attach(exp.Select(expressions=named_keys))
                select = select.group_by(*map(copied, theirs), copy=False) if theirs else select
                found[by] = _Groups(f"all{at}_{len(found)}", select, [copied(key) for key in keys], {})
            groups, text = found[by], of_group.this.sql()
            if text not in groups.values:
                groups.values[text] = f"a{len(groups.values)}"
                groups.select.append("expressions", named(copied(of_group.this), groups.values[text]))
            columns[id(window)] = column(groups.alias, groups.values[text])
        for groups in found.values():
            if groups.keys:
                self._beside(groups.alias, groups.select, groups.keys)
            else:
                every = exp.Subquery(this=groups.select, alias=alias_of(groups.alias))
                self._joins.append(exp.Join(this=every, kind="CROSS"))
        made = own.transform(lambda node: columns.get(id(node), node), copy=False)
        assert made is not None
        return made

    @property
    def _key(self) -> str:
        """The entity's key, where the source has it."""
        key = self.binding.entity(self.entity).key
        return key if key is not None and self.binding.mapped(self.entity, key) is not None else ""

    def _own_key(self, rows: str = "") -> exp.Expr:
        return field_of(self.statement, rows or self.scope.base, self.entity, self._key)

    def _in_order(self, at: int, asked: Asked, at_day: exp.Expr | None) -> exp.Expr:
        """A condition on what stands before or behind a row, asked of rows that have nothing else: a window takes along
        all that a row has."""
        assert asked.broken is not None
        scope = Scope(self.statement, self.entity, self.moment)
        looked = self._looked(scope, asked, self.moment)
        broken = scope.compile(asked.broken, self.moment, (), at_day)
        both = all_of([copied(one) for one in (looked, broken) if one is not None])
        assert both is not None
        theirs = self._own_key(scope.base)
        select = exp.Select(expressions=[named(bare_key(theirs), "key"), named(when(both, literal(1)), "broken")])
        select = scope.attach(select)
        if alike := lone_are_right(asked):
            several = exp.GT(this=exp.Count(this=exp.Star()), expression=literal(1))
            groups, own = self._grouped(alike, None, of=scope)
            on = all_of([exp.EQ(this=column("several", f"k{n}"), expression=key) for n, key in enumerate(own)])
            joined = exp.Subquery(this=groups.having(several, copy=False), alias=alias_of("several"))
            select.append("joins", exp.Join(this=joined, on=on))
        rows = exp.Subquery(this=select, alias=alias_of("in_order"))
        # Groups, not DISTINCT: of keys that are distinct SQLite thinks that few are left, and looks through all of them
        # for each row, without an index.
        keys = exp.Select().select(named(column("in_order", "key"), "key")).from_(rows)
        keys = keys.where(exp.EQ(this=column("in_order", "broken"), expression=literal(1)), copy=False)
        keys = keys.group_by(column("in_order", "key"), copy=False)
        return exp.Not(this=self._joined(keys, f"other{at}", self._own_key(), theirs.meta.get(KEY, "")))

    def _repeated(self, at: int, check: AuditCheck, asked: Asked) -> exp.Expr:
        """That more rows than may have the same."""
        groups, own = self._grouped(check.of, asked)
        several = exp.GT(this=exp.Count(this=exp.Star()), expression=literal(check.at_most))
        if check.at_most == 1 and self._key:
            scope = Scope(self.statement, self.entity, self.moment)
            first = exp.Min(this=cast(bare_key(scope.field((self.entity, self._key), self.moment)), "VARCHAR"))
            groups = groups.select(named(first, "first"), copy=False)
            self.alike[at] = column(f"same{at}", "first")
        self._beside(f"same{at}", groups.having(several, copy=False), own)
        return exp.Not(this=exp.Is(this=column(f"same{at}", "k0"), expression=exp.Null()))

    def _unlike_most(self, at: int, check: AuditCheck, asked: Asked) -> exp.Expr:
        """That a row's value is not the one that most have of those which are the same in what determines it. Of
        values that as many have, the first counts."""
        [value] = check.of
        if check.kind == "same_spelling":
            lower = exp.Lower(this=exp.Trim(this=copied(value)))
            # A sigma at the end of a word is another small letter, and the same capital.
            final = exp.Replace(this=lower, expression=literal("ς"), replacement=literal("σ"))
            keys: tuple[exp.Expr, ...] = (final,)
        else:
            keys = check.by
        counted = form_of(value) if check.kind == "same_format" else value
        groups, own = self._grouped((*keys, counted), asked)
        groups = groups.select(named(exp.Count(this=exp.Star()), "alike"), copy=False)
        names, last = [f"k{n}" for n in range(len(keys))], f"k{len(keys)}"
        by = [column("counted", name) for name in names]
        often = column("counted", "alike")

        def over(tree: exp.Expr) -> exp.Window:
            return exp.Window(this=tree, partition_by=[copied(key) for key in by], over="OVER")

        order = [
            exp.Ordered(this=copied(often), desc=True, nulls_first=False),
            exp.Ordered(this=column("counted", last), nulls_first=False),
        ]
        place = over(exp.RowNumber())
        place.set("order", exp.Order(expressions=order))
        placed = exp.Select().select(*(named(column("counted", name), name) for name in (*names, last, "alike")))
        placed = placed.select(named(over(exp.Sum(this=copied(often))), "every"), named(place, "place"), copy=False)
        placed = placed.from_(exp.Subquery(this=groups, alias=alias_of("counted")), copy=False)
        alias = f"most{at}"
        first = exp.EQ(this=column(alias, "place"), expression=literal(1))
        self._beside(alias, placed, own[:-1], [first])
        whole = exp.Mul(this=literal(1.0), expression=column(alias, "every"))
        share = exp.Div(this=column(alias, "alike"), expression=exp.Nullif(this=whole, expression=literal(0)))
        if check.kind != "same_format":  # a form is no value to propose
            self.shared[at] = (column(alias, last), share)
        unlike: exp.Expr = exp.NEQ(this=column(alias, last), expression=own[-1])
        if check.kind == "same_spelling":
            return unlike
        least = exp.Mul(this=literal(check.support), expression=column(alias, "every"))
        agreed = exp.GTE(this=column(alias, "alike"), expression=least)
        return exp.And(this=unlike, expression=agreed)


def _there(rows: _Rows, name: str) -> exp.Expr:
    """That a row has a field, and not a blank one."""
    value = field_of(rows.statement, rows.scope.base, rows.entity, name)
    field = rows.binding.field(rows.entity, name)
    assert field is not None
    if field.type in ("text", "key"):
        return _filled(value)
    return exp.Not(this=exp.Is(this=copied(value), expression=exp.Null()))


def _filled(value: exp.Expr) -> exp.Expr:
    """That a text is there, and not blank; a key that is no text in the source is none."""
    if KEY in value.meta:
        return exp.Not(this=exp.Is(this=copied(bare_key(value)), expression=exp.Null()))
    return given(value)


def _stale(rows: _Rows, check: AuditCheck, at: int, now: datetime) -> exp.Expr:
    """1 where rows are looked at and the newest value is older than it may be, else 0."""
    binding, [value] = rows.binding, check.of
    name = path_of(value)[-1]
    oldest = now - timedelta(days=check.days)
    bound = instant_literal(oldest, binding.storage(rows.entity, name), binding.source_zone, binding.zone)
    fresh = exp.GTE(this=exp.Max(this=column(_ROWS, f"x{at}")), expression=bound)
    looked = _sum(column(_ROWS, f"w{at}")) if at in rows.looking else exp.Count(this=exp.Star())
    none = exp.EQ(this=looked, expression=literal(0))
    return when(exp.Or(this=none, expression=fresh), literal(0), literal(1))


def _measured(rows: _Rows, select: exp.Select, check: AuditCheck, at: int, types: dict[str, str]) -> exp.Select:
    """With what an anomaly is looked for in: of how many rows (`w`), and the sum over these (`m`)."""
    value = column(_ROWS, f"x{at}") if check.of else literal(1)
    looked = column(_ROWS, f"w{at}") if at in rows.looking else literal(1)
    both = when(exp.EQ(this=copied(looked), expression=literal(1)), copied(value))
    types[f"m{at}"] = "number"
    total = exp.Sum(this=exp.Mul(this=both, expression=literal(1.0)))
    return select.select(named(literal(0), f"f{at}"), named(_sum(looked), f"w{at}"), named(total, f"m{at}"), copy=False)


def _staked(select: exp.Select, rows: str, worth: str, broken: exp.Expr, types: dict[str, str]) -> exp.Select:
    """With how many of the open rows are broken, and what they are worth."""
    both = exp.And(this=_is_one("open"), expression=exp.Paren(this=copied(broken)))
    types |= {rows: "integer", worth: "money"}
    select = select.select(named(_sum(when(both, literal(1), literal(0))), rows), copy=False)
    return select.select(named(exp.Sum(this=when(copied(both), column(_ROWS, "amount"))), worth), copy=False)


def _is_one(name: str) -> exp.Expr:
    return exp.EQ(this=column(_ROWS, name), expression=literal(1))


def _sum(tree: exp.Expr) -> exp.Expr:
    """A sum that is 0 of no rows."""
    return exp.Coalesce(this=exp.Sum(this=tree), expressions=[literal(0)])
