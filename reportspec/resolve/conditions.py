"""Filters become expression trees; impossible and contradictory ones are told."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlglot import exp

from reportspec.calendar import (
    CalendarError,
    Fiscal,
    instant,
    parse_as_of,
    parse_period,
)
from reportspec.diagnostics import Advice, did_you_mean, meant_by, suggestion, surely_meant
from reportspec.expression.sandbox import Refused, column_nodes, parse, path_of
from reportspec.expression.trees import LARGEST_NUMBER, PLACED, all_of, any_of, literal, moment_of
from reportspec.expression.types import CONDITION, Mistyped, expect
from reportspec.languages import vocabulary
from reportspec.languages.numbers import money_in, number_in
from reportspec.lazy_dataclass import dataclass
from reportspec.model.domain import Field
from reportspec.model.spec import EACH
from reportspec.resolve.binding import INSTANTS, MOST_STEPS, Binding
from reportspec.resolve.called import called
from reportspec.resolve.document import Document, Place

OPERATORS = (
    "eq",
    "ne",
    "gt",
    "gte",
    "lt",
    "lte",
    "in",
    "not_in",
    "between",
    "contains",
    "starts_with",
    "ends_with",
    "is_null",
)
_COMPARE: dict[str, type[exp.Binary]] = {
    "eq": exp.EQ,
    "ne": exp.NEQ,
    "gt": exp.GT,
    "gte": exp.GTE,
    "lt": exp.LT,
    "lte": exp.LTE,
}

_ALL_DIGITS = 1e16  # floats below it are written digit by digit


class BadValue(Exception):
    """A filter's value does not fit its field; the message says why."""

    def __init__(self, message: str, help: str | None = None) -> None:
        super().__init__(message)
        self.message, self.help = message, help


@dataclass(slots=True)
class Bounds:
    """What the filters on one field leave, to find those that leave nothing."""

    low: Any = None
    high: Any = None
    allowed: set[Any] | None = None
    denied: set[Any] = field(default_factory=set)
    null: bool | None = None

    def add(self, operator: str, value: Any) -> None:
        """Narrow by one operator."""
        match operator:
            case "eq":
                self._only({_folded(value)})
            case "in":
                self._only({_folded(v) for v in value})
            case "ne":
                self.denied.add(_folded(value))
            case "not_in":
                self.denied |= {_folded(v) for v in value}
            case "gt" | "gte":
                self.low = value if self.low is None else max(self.low, value)
            case "lt" | "lte":
                self.high = value if self.high is None else min(self.high, value)
            case "between":
                self.add("gte", value[0])
                self.add("lte", value[1])
            case "is_null":
                self.null = value if self.null in (None, value) else None
        if operator != "is_null":
            self.null = False if self.null is None else self.null

    def _only(self, values: set[Any]) -> None:
        self.allowed = values if self.allowed is None else self.allowed & values

    def impossible(self) -> bool:
        """Whether no value can pass."""
        if self.null and (self.allowed is not None or self.low is not None or self.high is not None):
            return True
        if self.low is not None and self.high is not None and self.low > self.high:
            return True
        if self.allowed is None:
            return False
        left = self.allowed - self.denied
        if self.low is not None:
            left = {v for v in left if type(v) is not type(self.low) or v >= self.low}
        if self.high is not None:
            left = {v for v in left if type(v) is not type(self.high) or v <= self.high}
        return not left


def _folded(value: Any) -> Any:
    return value


def condition(
    binding: Binding, document: Document, spec: Any, path: Place, bounds: dict[str, Bounds]
) -> exp.Expr | None:
    """The tree of one condition, or None with the mistake told."""
    if not isinstance(spec, Mapping) or not ("any" in spec or "field" in spec):
        return None  # the schema has said so
    if "any" in spec:
        parts = [condition(binding, document, s, (*path, "any", i), {}) for i, s in enumerate(spec["any"])]
        return any_of([p for p in parts if p is not None]) if all(p is not None for p in parts) and parts else None
    name = str(spec["field"])
    field = field_named(binding, document, name, (*path, "field"))
    if field is None:
        return None
    trees: list[exp.Expr] = []
    for operator in OPERATORS:
        if operator not in spec:
            continue
        try:
            value = _typed(binding, field, operator, spec[operator])
            _tell_thousands(document, field, spec[operator], (*path, operator))
            tree = _tree(binding, field, name, operator, value)
            _placed(tree, document, (*path, operator))
            trees.append(tree)
            track = bounds.setdefault(name, Bounds())
            before = track.impossible()
            for kind, known in _on_the_clock(binding, field, operator, value):
                track.add(kind, known)
            if track.impossible() and not before:
                document.tell(
                    "contradiction",
                    f"no `{name}` can satisfy all the filters on it",
                    (*path, operator),
                    "the report would be empty",
                    key=True,
                )
        except BadValue as bad:
            at, written = document.span((*path, operator)), document.written((*path, operator))
            if any(problem.span == at for problem in document.problems) or (spec[operator] == "" and "{{" in written):
                continue  # the schema has said so, or what is wrong with the param has been told
            help = _unquoted(written, spec[operator]) or bad.help
            document.tell("bad-value", bad.message, (*path, operator), help)
    return all_of(trees)


def _placed(tree: exp.Expr, document: Document, path: Place) -> None:
    """Note where the spec says a condition and each text in it: what is wrong with them may show only
    when the source is asked."""
    tree.meta[PLACED] = document.span(path)
    listed = tree.find(exp.In)
    for index, item in enumerate(listed.expressions if listed is not None else ()):
        item.meta[PLACED] = document.span((*path, index))


def by_another_word(binding: Binding, parts: Sequence[str]) -> str | None:
    """``did you mean `deal.name`?`` for `opportunity.name`, or None."""
    if len(parts) < 2:
        return None
    for entity in binding.catalogue.entities.values():
        if parts[0].lower() in entity.also:
            names = [field.name for field in binding.fields(entity.name)]
            name = parts[-1] if parts[-1] in names else did_you_mean(parts[-1], names)
            if name is None:
                return f"did you mean a field of `{entity.name}`?"
            return meant_by(".".join(parts), f"{entity.name}.{name}")
    return None


def _by_its_last_part(binding: Binding, name: str) -> str | None:
    """``did you mean `user.name`?`` for `agent`, and `deal.amount` for `amuont`: by what fields are called without
    their entity, and by other words for entities, whose records have names."""
    if "." in name:
        return None
    called: dict[str, str] = {}
    for entity in binding.catalogue.entities.values():
        fields = [field.name for field in binding.fields(entity.name)]
        for last in fields:
            called[last] = min(called.get(last, f"{entity.name}.{last}"), f"{entity.name}.{last}", key=_shortest)
    for entity in binding.catalogue.entities.values():
        if binding.field(entity.name, "name") is not None:
            for word in (entity.name, *entity.also):
                called.setdefault(word, f"{entity.name}.name")
    near = did_you_mean(name, called)
    return meant_by(name, called[near]) if near is not None else None


def _shortest(name: str) -> tuple[int, str]:
    return len(name), name


def field_named(binding: Binding, document: Document, name: str, path: Place) -> Field | None:
    """The field of that name (its last two parts decide), or None with the mistake told."""
    parts = name.split(".")
    entities = binding.catalogue.entities
    if len(parts) > MOST_STEPS + 2:
        document.tell(
            "unknown-field",
            f"a field's name has at most {MOST_STEPS + 2} parts, not {len(parts):,}",
            path,
            "start from an entity that is nearer to the field",
        )
        return None
    if len(parts) < 2 or parts[0] not in entities:
        everything = [f.id for e in entities for f in binding.fields(e)]
        document.tell(
            "unknown-field",
            f"there is no field `{name[:60]}`",
            path,
            by_another_word(binding, parts)
            or _by_its_last_part(binding, name)
            or suggestion(name, everything)
            or "fields are written `entity.field`, for example `deal.amount`",
        )
        return None
    at = parts[0]
    for step in parts[1:-1]:
        relation = entities[at].relations.get(step)
        if relation is None:
            document.tell(
                "unknown-field", f"`{at}` has no relation `{step}`", path, suggestion(step, entities[at].relations)
            )
            return None
        at = relation.to
    field = binding.field(at, parts[-1])
    if field is None:
        names = [f.name for f in binding.fields(at)]
        called = _called_by(binding, at, parts[-1])
        meant = called or did_you_mean(parts[-1], names)
        surely = called is None and meant is not None and surely_meant(parts[-1], meant, names)
        near = meant_by(".".join(parts), ".".join((*parts[:-1], meant)), sure=surely) if meant else None
        if near is None:
            others = [f.id for e in entities for f in binding.fields(e)]
            near = suggestion(parts[-1], others)
        document.tell(
            "unknown-field",
            f"`{at}` has no field `{parts[-1][:60]}`",
            path,
            near or f"it has {', '.join(names[:10])}; a mapping can add fields",
        )
    return field


def _called_by(binding: Binding, entity: str, name: str) -> str | None:
    """`owner.name` for `owner`, which leads to a record and is no field."""
    relation = binding.catalogue.entities[entity].relations.get(name)
    return f"{name}.name" if relation is not None and binding.field(relation.to, "name") is not None else None


def _typed(binding: Binding, found: Field, operator: str, value: Any) -> Any:
    if operator == "is_null":
        if not isinstance(value, bool):
            raise BadValue("`is_null` takes true or false")
        return value
    if operator in ("in", "not_in"):
        if not isinstance(value, list) or not value:
            raise BadValue(f"`{operator}` takes a list with at least one value")
        return [_one(binding, found, v) for v in value]
    if operator == "between":
        if not isinstance(value, list) or len(value) != 2:
            raise BadValue("`between` takes two values: [low, high]")
        low, high = (_one(binding, found, v) for v in value)
        ends = (low, high)
        if isinstance(low, datetime) is not isinstance(high, datetime):  # a day and an instant
            ends = (_first(binding, low), _last(binding, high))
        if ends[0] > ends[1]:
            raise BadValue("the first value of `between` is larger than the second")
        return [low, high]
    if operator in ("contains", "starts_with", "ends_with"):
        if found.type not in ("text", "key"):
            raise BadValue(f"`{operator}` is for text, and `{found.id}` is {a_kind(found)}")
        if not isinstance(value, str):
            raise BadValue(f"`{operator}` takes text, not `{value}`", f'quote it: "{value}"')
        return _one(binding, replace(found, values=()), value)
    if isinstance(value, list):
        raise BadValue(f"`{operator}` takes one value", "use `in` for several")
    if operator in ("gt", "gte", "lt", "lte") and found.type in ("text", "key", "boolean"):
        raise BadValue(f"`{operator}` is for numbers and dates, and `{found.id}` is {a_kind(found)}")
    return _one(binding, found, value)


def a_kind(found: Field) -> str:
    """What a field is, as a sentence says it: `a whole number`."""
    return {
        "text": "text",
        "key": "a key",
        "integer": "a whole number",
        "number": "a number",
        "money": "an amount",
        "boolean": "true or false",
        "date": "a date",
        "time": "a time",
    }[found.type]


def _one(binding: Binding, found: Field, value: Any) -> Any:
    if value is None:
        raise BadValue("a value is missing", "use `is_null: true` for empty fields")
    match found.type:
        case "text" | "key":
            text = value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
            if found.values and text not in (*found.values, EACH):
                raise BadValue(
                    f"`{found.id}` is never `{text[:50]}`",
                    suggestion(text, found.values) or f"it is one of {', '.join(found.values)}",
                )
            if any(sign == "\0" or "\ud800" <= sign <= "\udfff" for sign in text):
                raise BadValue("no database's text has a NUL or half a character in it")
            return text
        case "boolean":
            if not isinstance(value, bool):
                raise BadValue(f"`{found.id}` is true or false, not `{str(value)[:50]}`", "write true or false")
            return value
        case "date" | "time":
            return _day_or_time(binding, value)
        case _:
            if isinstance(value, str) and _NUMBER.fullmatch(value):
                large = in_thousands(value)
                help = f"a point begins decimals: without quotes write {large}, or {float(value):g} if that is meant"
                raise BadValue(
                    f'`{found.id}` is {a_kind(found)}, not text: `"{value[:50]}"`',
                    help if large else "leave the quotes out",
                )
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                help = "write a number without signs, blanks and separators of thousands, for example `5000`"
                raise BadValue(f"`{found.id}` is {a_kind(found)}, not `{str(value)[:50]}`", help)
            if not abs(value) < LARGEST_NUMBER:
                raise BadValue(f"`{str(value)[:50]}` is beyond the numbers that databases have")
            return value


_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")
_THOUSANDS = re.compile(r"-?[1-9]\d{0,2}\.\d{3}")


def in_thousands(written: str) -> str:
    """The number that `1.200` is where a point separates thousands, `1200`; empty of what cannot be one such."""
    return written.replace(".", "") if _THOUSANDS.fullmatch(written) else ""


def _tell_thousands(document: Document, found: Field, value: Any, path: Place) -> None:
    """Warn of numbers of an amount or a count that seem to be a thousand times as much."""
    places = [(*path, at) for at in range(len(value))] if isinstance(value, list) else [path]
    for place in places if found.type in ("money", "integer") else ():
        written = document.written(place)
        if large := in_thousands(written):
            document.tell(
                "suspicious-number",
                f"`{written}` is {float(written):g}: a point begins decimals",
                place,
                f"write {large} for a thousand times as much",
                warning=True,
            )


def _unquoted(written: str, value: Any) -> Advice | None:
    """The way out for a number in quotes where a number is meant, unless it may be in thousands."""
    if in_thousands(str(value)):
        return None
    quoted = isinstance(value, str) and written in (f'"{value}"', f"'{value}'") and _NUMBER.fullmatch(value)
    return Advice(f"leave the quotes out: `{value}`", written, value, sure=True) if quoted else None


def _day_or_time(binding: Binding, value: Any) -> date | datetime:
    text = str(value)
    try:
        if re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", text):
            return parse_period(text, date(2000, 1, 1), Fiscal()).start
        return parse_as_of(text, binding.zone)
    except CalendarError as error:
        raise BadValue(error.message, error.help) from None


def _first(binding: Binding, value: date | datetime) -> datetime:
    """The instant, or the one in which a day begins in the report's zone."""
    return value if isinstance(value, datetime) else instant(value, binding.zone)


def _last(binding: Binding, value: date | datetime) -> datetime:
    """The instant, or the last one of a day."""
    if isinstance(value, datetime):
        return value
    return instant(value + timedelta(days=1), binding.zone) - timedelta(microseconds=1)


def _on_the_clock(binding: Binding, found: Field, operator: str, value: Any) -> list[tuple[str, Any]]:
    """What an operator says of a field, in values that compare: days and instants become instants."""
    if found.type not in ("date", "time") or operator == "is_null":
        return [(operator, value)]
    match operator:
        case "gte" | "lt":
            edge = _first(binding, value)
            return [(operator, edge if operator == "gte" else edge - timedelta(microseconds=1))]
        case "gt" | "lte":
            edge = _last(binding, value)
            return [(operator, edge if operator == "lte" else edge + timedelta(microseconds=1))]
        case "between":
            return [(operator, [_first(binding, value[0]), _last(binding, value[1])])]
        case "eq" | "in":
            days = value if operator == "in" else [value]
            low = min(_first(binding, day) for day in days)
            high = max(_last(binding, day) for day in days)
            whole = not any(isinstance(day, datetime) for day in days)
            return [("between", [low, high]), *([(operator, value)] if whole else [])]
        case _:
            return [(operator, value)]


def _tree(binding: Binding, found: Field, name: str, operator: str, value: Any) -> exp.Expr:
    target = _column(name)
    if operator == "is_null":
        null = exp.Is(this=target, expression=exp.Null())
        return null if value else exp.Not(this=null)
    if found.type in ("date", "time"):
        return _time_tree(binding, found, target, operator, value)
    if operator in ("in", "not_in"):
        inside = exp.In(this=target, expressions=[literal(v) for v in value])
        return inside if operator == "in" else exp.Not(this=inside)
    if operator == "between":
        return exp.Between(this=target, low=literal(value[0]), high=literal(value[1]))
    if operator in ("contains", "starts_with", "ends_with"):
        escaped = re.sub(r"([\\%_])", r"\\\1", str(value).lower())
        pattern = {
            "contains": f"%{escaped}%",
            "starts_with": f"{escaped}%",
            "ends_with": f"%{escaped}",
        }[operator]
        like = exp.Like(this=exp.Lower(this=target), expression=exp.Literal.string(pattern))
        return exp.Escape(this=like, expression=exp.Literal.string("\\"))
    return _COMPARE[operator](this=target, expression=literal(value))


def _time_tree(binding: Binding, found: Field, target: exp.Expr, operator: str, value: Any) -> exp.Expr:
    """Days mean the report's days: `lte` a day includes all of it."""

    def at(moment: date | datetime, after: bool = False) -> exp.Expr:
        if isinstance(moment, datetime):
            return moment_of(moment, found.entity, found.name)
        day = moment + timedelta(days=1) if after else moment
        return moment_of(instant(day, binding.zone), found.entity, found.name)

    def on(day: date | datetime) -> exp.Expr:
        if isinstance(day, datetime):
            return exp.EQ(this=target.copy(), expression=at(day))
        return exp.And(
            this=exp.GTE(this=target.copy(), expression=at(day)),
            expression=exp.LT(this=target.copy(), expression=at(day, after=True)),
        )

    match operator:
        case "eq":
            return on(value)
        case "ne":
            return exp.Not(this=exp.Paren(this=on(value)))
        case "in":
            return any_of([on(v) for v in value])
        case "not_in":
            return exp.Not(this=exp.Paren(this=any_of([on(v) for v in value])))
        case "between":
            tree = all_of(
                [
                    _time_tree(binding, found, target, "gte", value[0]),
                    _time_tree(binding, found, target, "lte", value[1]),
                ]
            )
            assert tree is not None
            return tree
        case "gt":
            whole = not isinstance(value, datetime)
            return (exp.GTE if whole else exp.GT)(this=target.copy(), expression=at(value, after=whole))
        case "gte":
            return exp.GTE(this=target.copy(), expression=at(value))
        case "lt":
            return exp.LT(this=target.copy(), expression=at(value))
        case _:
            whole = not isinstance(value, datetime)
            return (exp.LT if whole else exp.LTE)(this=target.copy(), expression=at(value, after=whole))


def _column(name: str) -> exp.Expr:
    tree: exp.Expr | None = None
    first, *rest = name.split(".")
    tree = exp.column(exp.to_identifier(rest[0]), table=exp.to_identifier(first))
    for part in rest[1:]:
        tree = exp.Dot(this=tree, expression=exp.to_identifier(part))
    return tree


_SIGNS = {"eq": "=", "ne": "≠", "gt": ">", "gte": "≥", "lt": "<", "lte": "≤"}


def in_words(binding: Binding, spec: Any, language: str, locale: str) -> str:
    """A condition for the report's reader: `Amount ≥ €1,000`."""
    words = vocabulary(language)["conditions"]
    if "any" in spec:
        return f" {words['or']} ".join(in_words(binding, s, language, locale) for s in spec["any"])
    path = tuple(str(spec["field"]).split("."))
    label = called(binding, path[0], path, language)
    is_money = binding.resolve(path[0], path).field.type == "money"
    shown = partial(_shown, language=language, locale=locale, currency=binding.currency if is_money else None)
    texts = []
    for operator in OPERATORS:
        if operator not in spec:
            continue
        value = spec[operator]
        if operator == "is_null":
            texts.append(words["null"] if value else words["not_null"])
        elif operator == "between":
            texts.append(words["between"].format(*map(shown, value)))
        elif isinstance(value, list):
            texts.append(f"{words[operator]} {', '.join(map(shown, value))}")
        else:
            texts.append(f"{_SIGNS.get(operator) or words[operator]} {shown(value)}")
    return f"{label} {', '.join(texts)}"


def _shown(value: Any, language: str, locale: str, currency: str | None) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value)
    whole = isinstance(value, float) and value.is_integer() and abs(value) < _ALL_DIGITS
    number = int(value) if whole else value
    return money_in(language, locale, number, currency, ",") if currency else number_in(language, locale, number)


def _beside_text(binding: Binding, node: exp.Expr) -> bool:
    """Whether a word is compared with a field that holds texts: it is likely one of them."""
    other = node.parent
    if not isinstance(other, (exp.EQ, exp.NEQ, exp.In, exp.Like)):
        return False
    beside = other.this if other.this is not node else other.args.get("expression")
    if not isinstance(beside, (exp.Column, exp.Dot)) or len(path := path_of(beside)) < 2:
        return False
    entities, at = binding.catalogue.entities, path[0]
    for step in path[1:-1]:
        relation = entities[at].relations.get(step) if at in entities else None
        if relation is None:
            return False
        at = relation.to
    field = binding.field(at, path[-1]) if at in entities else None
    return field is not None and field.type == "text"


def user_condition(
    document: Document, binding: Binding, text: str, path: Place, data: Mapping[str, Any]
) -> exp.Expr | None:
    """A condition that a user wrote as SQL, with its params as literals, or None with the mistake told."""
    from reportspec.resolve.params import as_literals

    prepared, values = as_literals(document, text, data)
    try:
        tree = parse(prepared)
    except Refused as refused:
        document.tell("bad-expression", str(refused), path, notes=(f"in: {text.strip()[:120]}",))
        return None
    for node in column_nodes(tree):
        names = path_of(node)
        if len(names) == 1 and names[0] in values:
            value = values[names[0]].copy()
            tree = value if node is tree else tree
            node.replace(value)
        elif len(names) == 1 and names[0] in INSTANTS:
            continue
        elif len(names) == 1 and isinstance(node.this, exp.Identifier) and node.this.quoted:
            document.tell(
                "bad-expression",
                f'`"{names[0][:40]}"` would be a name: texts stand in single quotes',
                path,
                f"write `'{names[0][:40]}'`",
            )
            return None
        elif len(names) == 1 and _beside_text(binding, node):
            document.tell(
                "bad-expression",
                f"`{names[0][:40]}` is no field: texts stand in single quotes",
                path,
                f"write `'{names[0][:40]}'`",
            )
            return None
        elif field_named(binding, document, ".".join(names), path) is None:
            return None
    try:
        expect(tree, CONDITION, binding.kinds(), "where")
    except Mistyped as wrong:
        document.tell("bad-expression", wrong.message, path, wrong.help, notes=(f"in: {text.strip()[:120]}",))
        return None
    tree.meta[PLACED] = document.span(path)
    return tree
