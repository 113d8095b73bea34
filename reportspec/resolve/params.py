"""`{{ params.x }}`: values that a spec takes from outside. They stand for values only; in SQL
conditions they become literals of the tree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from sqlglot import exp

from reportspec.catalogue.load import packaged
from reportspec.diagnostics import Span, harmless, suggestion
from reportspec.expression.trees import literal
from reportspec.lazy_pattern import lazy_pattern
from reportspec.resolve.document import Document, Place
from reportspec.schema import check_schema
from reportspec.source import Mapping as MappingNode
from reportspec.source import Node, Scalar, Sequence

_TEMPLATE = lazy_pattern(r"\{\{\s*([A-Za-z_][\w.]*)\s*\}\}")
_IN_SQL = lazy_pattern(r"'\s*\{\{\s*params\.(\w+)\s*\}\}\s*'|\{\{\s*params\.(\w+)\s*\}\}")
LARGEST_NUMBER = 9 * 10**18
LONGEST_TEXT = 2_000
PROSE = ("title", "note", "text")  # of sections: texts in which figures may stand, as in the report's title
_UNTOUCHED = ("deliver", "for_each", "params", "where")


def substitute(document: Document, data: dict[str, Any], settings: Mapping[str, str]) -> dict[str, Any]:
    """The spec's data with its params put in. Conditions in SQL keep theirs for `as_literals`."""
    values = values_of(document, data, settings)
    result: dict[str, Any] = {}
    for key, value in data.items():
        result[key] = value if key in _UNTOUCHED else _put(document, value, values, (key,))
    _hold_limits(document, result)
    result["__params__"] = values
    result["__set__"] = dict(settings)
    return result


def _hold_limits(document: Document, data: Mapping[str, Any]) -> None:
    """What the schema asks of a value holds for one that a param brings as well; but numbers become
    texts where texts stand."""
    if document.node is None or "{{" not in document.text:
        return
    brought: set[Span] = set()
    filled = _filled(document.node, data, brought)
    for problem in check_schema(filled, "report") if brought else ():
        if problem.code == "wrong-type" or problem.span not in brought:
            continue
        if all(problem.span != known.span for known in document.problems):
            help = problem.help or "see the param that stands here: its type, default or --set"
            document.problems.append(replace(problem, help=help))


def _filled(node: Node, data: Any, brought: set[Span]) -> Node:
    """The tree with the values of params in their places, whose spans are added to `brought`."""
    if isinstance(node, MappingNode) and isinstance(data, Mapping):
        return MappingNode(
            tuple(
                replace(entry, value=_filled(entry.value, data[entry.key.text], brought))
                if entry.key.text in data
                else entry
                for entry in node.entries
            ),
            node.span,
        )
    if isinstance(node, Sequence) and isinstance(data, list) and len(data) == len(node.items):
        pairs = zip(node.items, data, strict=True)
        return Sequence(tuple(_filled(item, value, brought) for item, value in pairs), node.span)
    if isinstance(node, Scalar) and isinstance(node.value, str) and _TEMPLATE.search(node.value) and data != node.value:
        brought.add(node.span)
        return replace(node, value=data, text=str(data))
    return node


def values_of(document: Document, data: Mapping[str, Any], settings: Mapping[str, str]) -> dict[str, Any]:
    """The value of each param: what was set, else its default."""
    values_of: dict[str, Any] = {}
    declared = data.get("params") or {}
    for name, given in settings.items():
        document.options[("params", name)] = (f"--set {name[:40]}", given)
        if name not in declared:
            help = suggestion(name, declared) or _has(declared)
            document.tell("unknown-param", f"`{document.file}` has no param `{name[:40]}`", ("params", name), help)
    for name, spec in declared.items():
        path: Place = ("params", name)
        if not isinstance(spec, dict):
            continue
        kind = spec.get("type", "string")
        value = settings.get(name, spec.get("default"))
        if value is None:
            document.tell(
                "missing-param",
                f"the param `{name}` has no value",
                path,
                f"give it a default, or --set {name}=…",
                key=True,
            )
            continue
        try:
            value = _typed(kind, value)
        except ValueError as error:
            default = document.span((*path, "default")) if name not in settings else None
            if default is None or all(problem.span != default for problem in document.problems):  # told already
                document.tell("bad-value", f"the param `{name}` {error}", path)
            continue
        choices = spec.get("choices")
        if choices and value not in choices:
            document.tell(
                "unknown-value",
                f"the param `{name}` cannot be `{str(value)[:50]}`",
                path,
                suggestion(str(value), map(str, choices)) or f"it takes {', '.join(map(str, choices))}",
            )
            continue
        values_of[name] = value
    return values_of


def _has(declared: Mapping[str, Any]) -> str:
    """What params a spec has, for who set another one."""
    return f"it has {', '.join(declared)}" if declared else "it has none: they are declared under `params`"


def in_one_spelling(declared: Mapping[str, Any], settings: Mapping[str, str]) -> dict[str, str]:
    """What is set for params by the values that it means: each written in one way, the default not at all."""
    params = {}
    for name, text in settings.items():
        spec = declared.get(name)
        kind, default = (
            (spec.get("type", "string"), spec.get("default")) if isinstance(spec, dict) else ("string", None)
        )
        try:
            value = _typed(kind, text)
            same = default is not None and value == _typed(kind, default)
        except ValueError:
            value, same = text, False  # which is told, and nothing is sent
        if not same:
            params[name] = _written(value)
    return params


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _typed(kind: str, value: Any) -> Any:
    match kind:
        case "integer" | "number":
            try:
                number = float(value) if not isinstance(value, bool) else None
            except (TypeError, ValueError):
                number = None
            if number is None or number != number or number in (float("inf"), float("-inf")):
                raise ValueError(f"is a number, not `{str(value)[:40]}`")
            if abs(number) > LARGEST_NUMBER:
                raise ValueError(f"is at most {LARGEST_NUMBER:,}")
            if kind == "integer":
                if number != int(number):
                    raise ValueError("is a whole number")
                return int(number)
            return number
        case "boolean":
            if str(value).lower() not in ("true", "false"):
                raise ValueError("is true or false")
            return str(value).lower() == "true"
        case "date":
            try:
                return date.fromisoformat(str(value)).isoformat()
            except ValueError:
                raise ValueError(f"is a date such as 2026-09-30, not `{str(value)[:40]}`") from None
        case _:
            if len(str(value)) > LONGEST_TEXT:
                raise ValueError(f"has at most {LONGEST_TEXT:,} letters")
            if harmless(str(value)) != str(value):
                raise ValueError("has a control character")
            return str(value)


def _put(document: Document, value: Any, values: Mapping[str, Any], path: Place) -> Any:
    if isinstance(value, dict):
        return {k: v if k == "where" else _put(document, v, values, (*path, k)) for k, v in value.items()}
    if isinstance(value, list):
        return [_put(document, v, values, (*path, i)) for i, v in enumerate(value)]
    if not isinstance(value, str) or "{{" not in value:
        return value
    prose = _is_prose(path)
    whole = None if prose else _TEMPLATE.fullmatch(value.strip())
    if whole:
        return _value(document, whole[1], values, path)

    def written(match: re.Match[str]) -> str:
        if prose and match[1].startswith("metrics."):
            return match[0]  # a figure, which is not known yet
        return str(_value(document, match[1], values, path))

    return _TEMPLATE.sub(written, value)


def _value(document: Document, name: str, values: Mapping[str, Any], path: Place) -> Any:
    short = name.removeprefix("params.")
    if name.startswith("params.") and short in values:
        return values[short]
    if not (name.startswith("params.") and short in ((document.data or {}).get("params") or {})):
        known = [f"params.{n}" for n in values]
        document.tell(
            "unknown-param",
            f"`{{{{ {name[:50]} }}}}` stands for nothing here",
            path,
            _instead(document, name, path) or suggestion(name, known) or "declare it under `params:`",
        )
    return ""


def _instead(document: Document, name: str, path: Place) -> str:
    """The way out where a figure is named, or the value that a report is for, in a text that has none of them."""
    head, _, rest = name.partition(".")
    if head == "metrics" or (head == "metric" and not _is_prose(path)):
        return "figures stand in titles, notes, texts and mails only: show it by a section, such as `kpis`"
    if _is_prose(path) and (name in packaged().metrics or head in packaged().metrics):
        return f"did you mean `{{{{ metrics.{name[:50]} }}}}`?"
    if head == "metric" and rest:
        return f"did you mean `{{{{ metrics.{rest[:50]} }}}}`?"
    if head == "report":
        return "`{{ report.period }}` and the like stand in `deliver` alone: a page has them in its head"
    if head == "each":
        if not (document.data or {}).get("for_each"):
            return "`each` is of reports with `for_each`; what differs from run to run is declared under `params:`"
        return (
            "a report of `for_each` says by itself whom it is for; in `deliver` stand `{{ each.value }}` and the like"
        )
    return ""


def _is_prose(path: Place) -> bool:
    """Whether figures may stand in a text."""
    return path[:1] == ("title",) or (path[0] == "sections" and len(path) > 2 and path[2] in PROSE)


def as_literals(document: Document, text: str, data: Mapping[str, Any]) -> tuple[str, dict[str, exp.Expr]]:
    """SQL text with params replaced by names that nothing else has, and the literal for each."""
    values: dict[str, exp.Expr] = {}
    known = data.get("__params__", {})

    def name(match: re.Match[str]) -> str:
        param = match[1] or match[2]
        if param not in known:
            document.tell(
                "unknown-param",
                f"`{{{{ params.{param[:40]} }}}}` stands for nothing here",
                ("params",),
                suggestion(param, known) or "declare it under `params:`",
            )
            return "null"
        values[f"param__{param}"] = literal(known[param])
        return f"param__{param}"

    return _IN_SQL.sub(name, text), values


def as_read(text: str, data: Mapping[str, Any]) -> str:
    """SQL text as people read it: in one line, with the values of params in their places."""
    known = data.get("__params__", {})

    def value(match: re.Match[str]) -> str:
        value = known.get(match[1] or match[2])
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return match[0] if value is None else literal(value).sql("duckdb")

    return " ".join(_IN_SQL.sub(value, text).split())
