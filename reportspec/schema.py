"""JSON Schema errors as diagnostics: each at its place, in plain words, with a guess."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from typing import Any

from reportspec.diagnostics import Advice, Diagnostic, folded_name, meant_by, suggestion
from reportspec.lazy_pattern import lazy_pattern
from reportspec.schema_files import whole_schema
from reportspec.schema_fit import surely_fits
from reportspec.source import Mapping, Node, Scalar, locate, plain

_SIGNS = lazy_pattern(r"[,\[\]{}#:\"'\\]")  # with which a text means something else in a list, or in quotes
_WORDS = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "array": "a list",
    "object": "a map of keys and values",
    "boolean": "true or false",
    "null": "nothing",
}


@cache
def _schema(name: str) -> dict[str, Any]:
    return whole_schema(name)


@cache
def _validator(name: str) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(_schema(name))


def check_schema(node: Node, name: str) -> tuple[Diagnostic, ...]:
    """Everything in a file that its schema does not allow."""
    data = plain(node)
    if surely_fits(data, _schema(name)):
        return ()
    by_place: dict[tuple[Any, ...], Diagnostic] = {}
    for error in _validator(name).iter_errors(data):
        for diagnostic in _explain(error, node):
            key = (
                diagnostic.span,
                diagnostic.code if diagnostic.code == "unknown-key" else diagnostic.message,
            )
            by_place.setdefault(key, diagnostic)
    # What is no value of its key at all need not be told to be none of its values, nor to lack keys.
    wrong = {
        diagnostic.span: diagnostic for diagnostic in reversed(by_place.values()) if diagnostic.code == "wrong-type"
    }
    return tuple(diagnostic for diagnostic in by_place.values() if wrong.get(diagnostic.span, diagnostic) is diagnostic)


# What is added for example where one of several keys is wanted, by the first of them.
_ADDED = {"sections": "add for example `metrics: [won_amount, close_rate]`", "eq": "add for example `gte: 1000`"}
_FEW_KEYS = 12  # of a map, that a message names
_MANY = 200  # keys of one map that are not known


def wrong_types(node: Node, name: str) -> Iterator[tuple[tuple[str | int, ...], tuple[str, ...]]]:
    """The places of a file whose values are of another type than the schema's, and its types."""
    for error in _innermost(node, name):
        if error.validator == "type":
            wanted = error.validator_value
            yield tuple(error.absolute_path), (wanted,) if isinstance(wanted, str) else tuple(wanted)


def too_many(node: Node, name: str) -> Iterator[tuple[tuple[str | int, ...], int]]:
    """The places of a file that have more items or keys than the schema lets them, and how many that is."""
    for error in _innermost(node, name):
        if error.validator in ("maxItems", "maxProperties"):
            yield tuple(error.absolute_path), error.validator_value


def _innermost(node: Node, name: str) -> Iterator[Any]:
    """The errors of a file, in place of each that stands for several branches that of the branch that fits best."""
    from jsonschema.exceptions import best_match

    for error in _validator(name).iter_errors(plain(node)):
        found = error
        while found.validator in ("oneOf", "anyOf") and found.context:
            nearest = best_match([found])
            if nearest is None or nearest is found:
                break
            found = nearest
        yield found


def _explain(error: Any, node: Node) -> Iterator[Diagnostic]:
    path = list(error.absolute_path)
    kind, wanted, value = error.validator, error.validator_value, error.instance
    span = locate(node, path)
    name = f"`{_name(path)}`" if _name(path) else "the file"
    if kind in ("additionalProperties", "unevaluatedProperties"):
        known = list(error.schema.get("properties", {}))
        unknown = _unknown(error)
        listed = _list("it has", known)
        if (written := _key_as_value(value, known)) is not None:
            key, meant = written
            yield Diagnostic(
                "unknown-key",
                f"{name} has no key `{_short(key)}`" if path else f"there is no key `{_short(key)}`",
                locate(node, [*path, key], key=True),
                f"`{meant}` is a key itself: write `{meant}:`, and what it has below it",
            )
            return
        split = _split_filter(value, known)
        for key in unknown[:1] if split else unknown:
            # Of a map of hundreds that are not known none is a key that was misspelt.
            near = split or suggestion(key, known) or _operator_meant(key, known) if len(unknown) < _MANY else None
            yield Diagnostic(
                "unknown-key",
                f"{name} has no key `{_short(key)}`" if path else f"there is no key `{_short(key)}`",
                locate(node, [*path, key], key=True),
                near or listed,
            )
    elif kind == "type":
        types = [wanted] if isinstance(wanted, str) else list(wanted)
        words = " or ".join(_WORDS[t] for t in types)
        yield Diagnostic(
            "wrong-type",
            f"{name} takes {words}, not {_said(value)}",
            span,
            _type_hint(node, path, types, value) or _keys_hint(error.schema, types, value),
        )
    elif kind in ("enum", "const") and "dependentSchemas" in error.absolute_schema_path:
        steps = list(error.absolute_schema_path)
        key = str(steps[steps.index("dependentSchemas") + 1])
        kinds = " or ".join(f"`{v}`" for v in (wanted if kind == "enum" else [wanted]))
        last = str(path[-1])
        yield Diagnostic(
            "contradiction",
            f"`{key}` goes with `{last}:` {kinds}, and here it is {_said(value)}",
            locate(node, [*path[:-1], key], key=True),
            f"leave `{key}` out, or change `{last}:`",
        )
    elif kind in ("enum", "const"):
        values = [str(v) for v in (wanted if kind == "enum" else [wanted])]
        yield Diagnostic(
            "unknown-value",
            f"{name} cannot be {_said(value)}",
            span,
            suggestion(str(value), values) or _list("it takes", values),
        )
    elif kind == "required":
        missing = [key for key in wanted if isinstance(value, dict) and key not in value]
        start = span if not path else locate(node, path, key=isinstance(path[-1], str))
        for key in missing:
            yield Diagnostic("missing-key", f"{name} needs the key `{key}`", start)
    elif kind in ("oneOf", "anyOf"):
        yield from _branches(error, node, path, name, span)
    elif kind == "propertyNames":
        yield Diagnostic("bad-name", f"{name} has a name that cannot be used: {error.message[:80]}", span)
    elif kind == "pattern" and isinstance(value, str) and "propertyNames" in error.absolute_schema_path:
        # The key itself is wrong, not what it says.
        slug = re.sub(r"[^a-z0-9_]+", "_", value.lower()).strip("_")
        yield Diagnostic(
            "bad-name",
            f"{name} cannot have the name {_said(value)}",
            locate(node, [*path, value], key=True),
            Advice(f"names have small letters, digits and `_`: write `{slug}`", value, slug)
            if slug
            else "names have small letters, digits and `_`",
        )
    elif kind == "pattern":
        example = error.schema.get("examples") or []
        share = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", str(value))
        help: str | None = f"write for example `{_plain(example[0])}`" if example else None
        if help and (why := error.schema.get("$comment")):
            help = f"{why}: {help}"
        yes = _YES_OR_NO.get(str(value).strip().lower())
        if yes is not None and any(isinstance(one, bool) for one in example):
            help = Advice(f"write `{yes}`", str(value), yes, sure=True)
        slug = re.sub(r"[^a-z0-9_]+", "_", str(value).lower()).strip("_")
        if path[-1:] == ["id"] and slug and re.search(wanted, slug):
            help = Advice(f"write `{slug}`", str(value), slug)
        if any(isinstance(e, (int, float)) for e in example):
            number = f"{float(share[1]) / 100:g}" if share else _number_meant(str(value))
            if share and number is not None and not _within(float(number), error.schema):
                help = f"it is between {_plain(error.schema['minimum'])} and {_plain(error.schema['maximum'])}"
            elif number is not None:
                help = Advice(f"write `{number}`", str(value), number, sure=True) if share else f"write `{number}`"
        small = str(value).lower()
        if small != value and re.search(wanted, small):
            help = Advice(f"write `{small}`", str(value), small, sure=True)
        yield Diagnostic("bad-value", f"{name} cannot be {_said(value)}", span, help)
    elif kind in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        side = {
            "minimum": "at least",
            "maximum": "at most",
            "exclusiveMinimum": "more than",
            "exclusiveMaximum": "less than",
        }[kind]
        yield Diagnostic("out-of-range", f"{name} must be {side} {wanted}, not {_said(value)}", span)
    elif kind in ("minItems", "minLength", "minProperties"):
        yield Diagnostic("empty-value", f"{name} is empty", span)
    elif kind in ("maxItems", "maxLength", "maxProperties"):
        yield Diagnostic("too-long", f"{name} is too long: {wanted} at most", span)
    elif kind == "uniqueItems":
        yield Diagnostic("repeated-value", f"{name} names something twice", span)
    elif kind in ("not", "dependentRequired", "if"):
        yield Diagnostic(
            "contradiction",
            f"{name}: these keys do not go together",
            span,
            error.schema.get("description"),
        )
    else:
        yield Diagnostic("bad-value", f"{name} cannot be {_said(value)}", span)


_YES_OR_NO = {"yes": "true", "y": "true", "on": "true", "no": "false", "n": "false", "off": "false"}
_THOUSANDS = {"k": 1_000, "m": 1_000_000, "mio": 1_000_000, "mn": 1_000_000, "bn": 1_000_000_000}
_GROUPED = lazy_pattern(r"[0-9]{1,3}(?:([.,'’ \u00a0\u202f])[0-9]{3})(?:\1[0-9]{3})*")


def _within(number: float, schema: dict[str, Any]) -> bool:
    """Whether a number lies between the bounds of a schema that has both."""
    return not {"minimum", "maximum"} <= schema.keys() or schema["minimum"] <= number <= schema["maximum"]


def _number_meant(text: str) -> str | None:
    """A number as YAML has it, of one that people write: `0,4`, `1.200.000`, `1500k`; None where it can be two."""
    found = re.fullmatch(r"([0-9.,'’ \u00a0\u202f]*[0-9])\s*([a-z]*)", text.strip().lower())
    if found is None or found[2] not in ("", *_THOUSANDS):
        return None
    grouped = _GROUPED.fullmatch(found[1])
    if grouped is not None and grouped[1] in ".," and found[1].count(grouped[1]) == 1:
        # 1.200 may be a thousand and two hundred, or little more than one.
        return f"{re.sub('[^0-9]', '', found[1])}` or `{float(found[1].replace(',', '.')):g}" if not found[2] else None
    plain = re.sub(r"[^0-9]", "", found[1]) if grouped is not None else found[1].replace(",", ".")
    try:
        number = float(plain) * _THOUSANDS.get(found[2], 1)
    except ValueError:
        return None
    return f"{number:.0f}" if number == int(number) else f"{number:g}"


def _branches(error: Any, node: Node, path: list[Any], name: str, span: Any) -> Iterator[Diagnostic]:
    """oneOf and anyOf: of branches that only want a key the keys are listed; otherwise the branch
    that fits best is explained."""
    required = [branch.get("required") for branch in error.validator_value]
    if all(required):
        keys = [key for branch in required for key in branch]
        present = [key for key in keys if isinstance(error.instance, dict) and key in error.instance]
        where = locate(node, path, key=bool(path) and isinstance(path[-1], str))
        if len(present) > 1:
            where = locate(node, [*path, present[1]], key=True)
            both = " and ".join(f"`{key}`" for key in present[:3])
            yield Diagnostic("contradiction", f"{both} do not go together here", where, "keep one of them")
        else:
            if "eq" in keys and isinstance(error.instance, dict) and error.instance.keys() - {"field", *keys}:
                return  # what stands beside the field is meant as a comparison, and told
            if _key_as_value(error.instance, keys) is not None:
                return  # one of the keys is there, as the value of another, which is told
            closed = error.schema.get("additionalProperties") is False and isinstance(error.instance, dict)
            if closed and any(suggestion(str(key), keys) for key in _unknown(error)):
                return  # one of the keys is there, misspelt, which is told
            names = ", ".join(f"`{key}`" for key in keys)
            yield Diagnostic("missing-key", f"{name} needs one of {names}", where, _ADDED.get(keys[0]))
        return
    from jsonschema.exceptions import best_match

    nearest = best_match([error]) if error.context else None
    if nearest is None or nearest is error:
        yield Diagnostic("bad-value", f"{name} cannot be {_said(error.instance)}", span)
    else:
        yield from _explain(nearest, node)


def _key_as_value(value: Any, known: Sequence[str]) -> tuple[str, str] | None:
    """The key of a map by which it says of what kind it is, where the kind is itself one of the keys: `kind` and
    `breakdown` of `kind: breakdown`; or None."""
    if not isinstance(value, dict):
        return None
    said = ((key, value[key]) for key in ("kind", "type") if key in value and key not in known)
    return next(((key, meant) for key, meant in said if isinstance(meant, str) and meant in known), None)


def _unknown(error: Any) -> list[str]:
    known, patterns = error.schema.get("properties", {}), error.schema.get("patternProperties", {})
    return [key for key in error.instance if key not in known and not any(re.search(p, key) for p in patterns)]


def _name(path: list[Any]) -> str:
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text[-80:]


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "empty"
    if isinstance(value, (dict, list)):
        return "a map" if isinstance(value, dict) else "a list"
    return f"`{_short(str(value))}`"


def _plain(value: Any) -> str:
    """A value as YAML has it: `true`."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _short(text: str) -> str:
    return text if len(text) <= 50 else text[:49] + "…"


def _list(lead: str, names: list[str]) -> str | None:
    if not names:
        return None
    shown = ", ".join(f"`{n}`" for n in names[:12])
    return f"{lead} {shown}{' …' if len(names) > 12 else ''}"


def _type_hint(node: Node, path: list[Any], types: list[str], value: Any) -> str | None:
    """How a value of another type is meant to be written."""
    lone = isinstance(value, list) and len(value) == 1 and isinstance(value[0], str)
    if "array" in types and isinstance(value, str) and value:
        simple = _short(value) == value and not _SIGNS.search(value)
        return Advice(f"write a list: `[{_short(value)}]`", "", f"[{value}]" if simple else "", simple)
    if types == ["array"] and isinstance(value, dict):
        return "it is a list, also of one: put `- ` before its first key, and two blanks before the others"
    if path[:1] == ["filters"] and len(path) == 2 and isinstance(value, str):
        return _filter_meant(value)
    if "string" in types and lone and _short(value[0]) == value[0]:
        return Advice(f"write it without the brackets: `{value[0]}`", f"[{value[0]}]", value[0], sure=True)
    return _quote_hint(node, path, types)


_COMPARED = {"=": "eq", "==": "eq", "!=": "ne", "<>": "ne", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte"}


# What the comparisons of filters are called elsewhere.
_OPERATORS = {
    **_COMPARED,
    **dict.fromkeys(["equal", "equals", "equal_to", "is"], "eq"),
    **dict.fromkeys(["not", "neq", "not_equal", "not_equals", "is_not"], "ne"),
    **dict.fromkeys(["greater", "greater_than", "more_than", "above", "over", "after"], "gt"),
    **dict.fromkeys(["ge", "at_least", "min", "since", "from", "greater_or_equal", "greater_than_or_equal"], "gte"),
    **dict.fromkeys(["less", "less_than", "below", "under", "before"], "lt"),
    **dict.fromkeys(["le", "at_most", "max", "until", "to", "less_or_equal", "less_than_or_equal"], "lte"),
    **dict.fromkeys(["isin", "is_in", "one_of", "any_of", "values"], "in"),
    **dict.fromkeys(["nin", "notin", "none_of", "is_not_in"], "not_in"),
    **dict.fromkeys(["like", "ilike", "has", "includes"], "contains"),
    **dict.fromkeys(["begins_with", "startswith"], "starts_with"),
    **dict.fromkeys(["null", "isnull", "empty", "is_empty"], "is_null"),
    "range": "between",
}


def _operator_meant(word: str, known: Collection[str]) -> Advice | None:
    """The comparison of a filter that another word or a sign stands for, or None."""
    meant = _OPERATORS.get(folded_name(word))
    return meant_by(word, meant) if meant is not None and meant in known else None


def _split_filter(value: Any, known: Collection[str]) -> str | None:
    """How a filter is written whose comparison and value stand under keys of their own, or None."""
    if not isinstance(value, dict) or "eq" not in known:
        return None
    word = next((value[key] for key in ("op", "operator", "comparison") if key in value), None)
    if not isinstance(word, str) or not {"value", "values"} & value.keys():
        return None
    folded = folded_name(word)
    meant = folded if folded in known else _OPERATORS.get(folded)
    against = value.get("value", value.get("values"))
    simple = not isinstance(against, (dict, list)) and _short(str(against)) == str(against)
    return f"the comparison is the key: write `{meant or 'eq'}: {_plain(against) if simple else '…'}` in place of both"


_ONE_TEXT = lazy_pattern(
    r"\s*([a-z_][a-z0-9_.]*)\s*(=|==|!=|<>|>=|<=|>|<)\s*([^'\"\s()=<>][^'\"()=<>]*?)\s*", re.IGNORECASE
)


def _filter_meant(text: str) -> str:
    """How a filter that is written as one text is meant. A text in a condition stands between single quotes."""
    found = _ONE_TEXT.fullmatch(text)
    if found is None or _short(text) != text:
        return f"write `where: {_short(text)}`, or a map such as `{{field: deal.amount, gt: 1000}}`"
    field, sign, value = found.groups()
    as_map = f"{{field: {field}, {_COMPARED[sign]}: {value}}}"
    word = re.fullmatch(r"[0-9.]+|true|false|null|[a-z_]+(\.[a-z_]+)+", value, re.I) is None
    shown = f"'{value}'" if word else value
    return f"write `{as_map}`, or `where: {field} {sign} {shown}`"


def _keys_hint(schema: Any, types: list[str], value: Any) -> str | None:
    """Which keys a map has, where something else stands in its place."""
    known = list(schema.get("properties", {}))
    if types != ["object"] or not 0 < len(known) <= _FEW_KEYS or isinstance(value, list):
        return None
    needed = schema.get("required") or known[:1]
    first = ", ".join(f"{key}: …" for key in needed)
    others = ", ".join(f"`{key}`" for key in known if key not in needed)
    return f"write `{{{first}}}`" + (f"; it may have {others}, too" if others else "")


def _quote_hint(node: Node, path: list[Any], types: list[str]) -> str | None:
    if "string" not in types or not path:
        return None
    at: Any = node
    for part in path:
        if isinstance(at, Mapping):
            at = at.get(str(part))
        elif at is not None and not isinstance(at, Scalar) and isinstance(part, int) and part < len(at.items):
            at = at.items[part]
    if isinstance(at, Scalar) and at.value is not None:
        whole = _short(at.text) == at.text and at.text.isprintable() and not _SIGNS.search(at.text)
        return Advice(f'quote it: "{_short(at.text)}"', at.text, f'"{at.text}"' if whole else "", whole)
    return None
