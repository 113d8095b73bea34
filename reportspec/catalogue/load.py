"""YAML of the catalogue -> entities, metrics and report types.

The packaged files and a user's own go through the same functions. They take plain data that has
passed the JSON Schema, and a `Trouble` that is told of expressions that cannot be used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from sqlglot import exp

from reportspec.catalogue.library import Library, in_digits
from reportspec.catalogue.shelf import Shelf
from reportspec.expression.sandbox import CANONICAL, Refused, parse
from reportspec.languages import with_texts
from reportspec.model.domain import (
    AsOf,
    Catalogue,
    Derived,
    Entity,
    ExchangeRates,
    Expectation,
    Field,
    Forecasting,
    History,
    ListedBy,
    Loads,
    Match,
    Metric,
    Outcome,
    PastValues,
    Relation,
    ReportType,
    States,
    Targets,
)
from reportspec.source import plain, read_yaml

Path = tuple[str | int, ...]
Trouble = Callable[[Path, str], None]  # where in the file, what is wrong


_METRIC = re.compile(r"^  - metric: *(\S+)", re.MULTILINE)
# What one entity of a catalogue may be declared to be.
DECLARED = ("exchange_rates", "targets", "loads", "forecasting")


@lru_cache(maxsize=1)
def packaged() -> Catalogue:
    """The catalogue that ships with reportspec. Its files are read when something in them is asked
    for: an entity's and a report type's file bear its name."""
    entities = _file_names("entities")
    reports = _file_names("reports")
    places = {name: file for file, text in _texts_of("metrics") for name in _METRIC.findall(text)}
    return Catalogue(
        Shelf(entities, lambda name: entity_from(_document("entities", f"{name}.yaml"), _fatal)),
        Library(Shelf(places, lambda name: _metrics_in(places[name])[name]), metric_from),
        Shelf(reports, lambda name: report_type_from(_document("reports", f"{name}.yaml"))),
        Shelf(dict.fromkeys(DECLARED), _declares),
        _tied,
    )


def _declares(kind: str) -> str:
    """The packaged entity that is declared to be a kind of thing."""
    return next(file.removesuffix(".yaml") for file, text in _texts_of("entities") if f"\n{kind}: {{" in text)


@cache
def _tied() -> tuple[str, ...]:
    """The packaged entities whose files say `ties`."""
    return tuple(file.removesuffix(".yaml") for file, text in _texts_of("entities") if "ties:" in text)


def documents(folder: str) -> list[tuple[str, Any]]:
    """The packaged YAML files of one folder of the catalogue, by name: (file name, plain data)."""
    return [(f"{name}.yaml", _document(folder, f"{name}.yaml")) for name in _file_names(folder)]


def _file_names(folder: str) -> dict[str, None]:
    """The names of a folder's YAML files, without the ending."""
    entries = files("reportspec.catalogue").joinpath(folder).iterdir()
    names = sorted(item.name for item in entries if item.name.endswith(".yaml"))
    return {name.removesuffix(".yaml"): None for name in names}


@cache
def _texts_of(folder: str) -> list[tuple[str, str]]:
    root = files("reportspec.catalogue").joinpath(folder)
    return [(f"{name}.yaml", root.joinpath(f"{name}.yaml").read_text(encoding="utf-8")) for name in _file_names(folder)]


@cache
def _metrics_in(file: str) -> dict[str, Any]:
    return {spec["metric"]: spec for spec in _document("metrics", file)["metrics"]}


def _document(folder: str, name: str) -> Any:
    item = files("reportspec.catalogue").joinpath(folder, name)
    node, problems = read_yaml(item.read_bytes(), name)
    if problems or node is None:
        raise ValueError(f"{name}: {problems}")
    return with_texts(plain(node))


def _fatal(path: Path, message: str) -> None:
    raise ValueError(f"{path}: {message}")


def expression(
    text: Any,
    path: Path,
    trouble: Trouble,
    dialect: str = CANONICAL,
    windows: bool = False,
    formula: bool = False,
) -> exp.Expr | None:
    """The tree of an expression in a file, or None with the trouble told."""
    if text is None:
        return None
    try:
        return parse(str(text), dialect, windows=windows, packaged=trouble is _fatal, formula=formula)
    except Refused as refused:
        trouble(path, str(refused))
        return None


def _texts(value: Any, fallback: str = "") -> Mapping[str, str]:
    if isinstance(value, str):
        return {"en": value}
    return value or {"en": fallback}


def _called(spec: Mapping[str, Any]) -> Mapping[str, str]:
    return _texts(spec["label"]) if "label" in spec else {}


def entity_from(data: Mapping[str, Any], trouble: Trouble) -> Entity:
    """An entity from its file's data."""
    name = data["entity"]
    fields = {
        field_name: _field(name, field_name, spec or {}, ("fields", field_name), trouble)
        for field_name, spec in data.get("fields", {}).items()
    }
    relations = {
        relation: Relation(
            relation,
            spec["to"],
            spec["by"],
            bool(spec.get("today", False)),
            _called(spec),
            bool(spec.get("reported", False)),
        )
        for relation, spec in data.get("relations", {}).items()
    }
    ways: list[Derived] = []
    if "derived" in data:
        derived = data["derived"]
        ways = [_derived(derived, ("derived",), trouble)]
        for index, other in enumerate(derived.get("or", ())):
            ways.append(_derived(other, ("derived", "or", index), trouble))
    return Entity(
        name=name,
        label=_texts(data.get("label"), name),
        plural=_texts(data.get("plural"), name),
        description=_texts(data.get("description")),
        key=data.get("key"),
        fields=fields,
        relations=relations,
        roles={to: tuple(path.split(".")) for to, path in data.get("roles", {}).items()},
        where=expression(data.get("where"), ("where",), trouble),
        exists_from=data.get("exists_from"),
        listed_by=_listed_by(data.get("listed_by"), trouble),
        idle_rows=expression(data.get("idle_rows"), ("idle_rows",), trouble),
        order=expression(data.get("order"), ("order",), trouble),
        told_apart_by=tuple(data.get("told_apart_by", ())),
        history=_history(data["history"]) if "history" in data else None,
        derived=ways[0] if ways else None,
        also=tuple(data.get("also", ())),
        otherwise=tuple(ways[1:]),
        expects=_expectations(data.get("expects", {}), trouble),
        follows=data["derived"].get("follows") if ways else None,
        exchange_rates=ExchangeRates(name, **data["exchange_rates"]) if "exchange_rates" in data else None,
        targets=Targets(name, **data["targets"]) if "targets" in data else None,
        loads=Loads(name, **data["loads"]) if "loads" in data else None,
        forecasting=_forecasting(data["forecasting"], trouble) if "forecasting" in data else None,
    )


def _forecasting(data: Mapping[str, Any], trouble: Trouble) -> Forecasting | None:
    names = ("open", "amount", "won", "final", "created", "probability")
    trees = {name: expression(data[name], ("forecasting", name), trouble) for name in names}
    if None in trees.values():
        return None
    return Forecasting(**{**data, **trees, "bands": tuple(data["bands"]), "listed": tuple(data["listed"])})


def _history(data: Mapping[str, Any]) -> History:
    values = data.get("values")
    more = {"states": States(**data["states"]), "outcome": Outcome(**data["outcome"])}
    if values is not None:
        more["values"] = PastValues(**{**values, "fields": tuple(values["fields"])})
    if "with_state" in data:
        more["with_state"] = tuple(data["with_state"])
    return History(**{**data, **more})


def _expectations(data: Mapping[str, Any], trouble: Trouble) -> tuple[Expectation, ...]:
    fields = []
    for name, spec in data.items():
        unless = expression(spec["unless"], ("expects", name, "unless"), trouble)
        if unless is not None:
            texts = _texts(spec["label"]), _texts(spec["costs"])
            flags = bool(spec.get("past", False)), bool(spec.get("wrong", False))
            fields.append(Expectation(name, unless, tuple(spec["about"]), *texts, *flags))
    return tuple(fields)


def _listed_by(spec: Mapping[str, Any] | None, trouble: Trouble) -> ListedBy | None:
    if spec is None:
        return None
    return ListedBy(spec["time"], expression(spec.get("open"), ("listed_by", "open"), trouble))


def _derived(spec: Mapping[str, Any], path: Path, trouble: Trouble) -> Derived:
    match = None
    if "match" in spec:
        on = expression(spec["match"]["on"], (*path, "match", "on"), trouble)
        if on is not None:
            match = Match(spec["match"]["entity"], on, bool(spec["match"].get("keep", False)))
    return Derived(
        spec["from"],
        expression(spec.get("where"), (*path, "where"), trouble),
        tuple(spec.get("group_by", ())),
        {
            key: tree
            for key, text in spec["fields"].items()
            if (tree := expression(text, (*path, "fields", key), trouble, windows=True)) is not None
        },
        match,
        tuple(spec.get("ties", ())),
    )


def _field(entity: str, name: str, spec: Mapping[str, Any], path: Path, trouble: Trouble) -> Field:
    as_of = spec.get("as_of")
    default_label = name.removesuffix("_id").replace("_", " ").capitalize()
    return Field(
        entity=entity,
        name=name,
        type=spec.get("type", "text"),
        label=_texts(spec.get("label"), default_label),
        description=_texts(spec.get("description")),
        unit=spec.get("unit"),
        values=tuple(spec.get("values", ())),
        optional=bool(spec.get("optional", False)),
        also=tuple(spec.get("also", ())),
        default=expression(spec.get("default"), (*path, "default"), trouble),
        expr=expression(spec.get("expr"), (*path, "expr"), trouble),
        currency=spec.get("currency"),
        as_of=AsOf(as_of["event"], as_of.get("before")) if as_of else None,
        value_labels={v: _texts(t) for v, t in (spec.get("value_labels") or {}).items()},
        others=bool(spec.get("others", False)),
        change=bool(spec.get("change", True)),
        due=bool(spec.get("due", False)),
    )


def metric_from(spec: Mapping[str, Any], library: Library, path: Path = (), trouble: Trouble = _fatal) -> Metric:
    """A metric from its data, with the values of its options in it. `library` knows the metrics
    that it refers to, to which its options are handed on."""
    kind = spec["kind"]
    aggregate = kind == "aggregate"
    options: Mapping[str, float] = spec.get("options") or {}

    def tree(key: str) -> exp.Expr | None:
        tree = expression(spec.get(key), (*path, key), trouble, formula=key == "formula")
        return _with_options(tree, options) if tree is not None and options else tree

    def part(key: str) -> str:
        name = spec.get(key, "")
        return library.passed(name, options) if name and options else name

    return Metric(
        id=spec["metric"],
        kind=kind,
        label=_texts(spec.get("label"), spec["metric"].replace("_", " ").capitalize()),
        description=_texts(spec.get("description")),
        unit=spec.get("unit", "count"),
        direction=spec.get("direction", "neutral"),
        category=spec.get("category", "sales"),
        perspective=spec.get("perspective", "business_performance"),
        decimals=spec.get("decimals"),
        caveat=_texts(spec["caveat"]) if "caveat" in spec else {},
        also=tuple(spec.get("also", ())),
        number=spec.get("number"),
        phrases={kind: _texts(texts) for kind, texts in (spec.get("phrases") or {}).items()},
        ahead=bool(spec.get("ahead", False)),
        entity=spec.get("entity", ""),
        aggregate=spec.get("aggregate", ""),
        of=tree("of") if aggregate else None,
        percentile=0.5 if spec.get("aggregate") == "median" else spec.get("percentile"),
        where=tree("where") if aggregate else None,
        time=tree("time") if aggregate else None,
        rate_before=tree("rate_before") if aggregate else None,
        numerator=part("numerator"),
        denominator=part("denominator"),
        base="" if aggregate else part("of"),
        to=spec.get("to", "total"),
        form=spec.get("as", ""),
        formula=tree("formula") if kind == "derived" else None,
        formula_text=spec.get("formula", ""),
    )


def _with_options(tree: exp.Expr, options: Mapping[str, float]) -> exp.Expr:
    """`options.x` becomes its value."""

    def value(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Column) and node.table == "options" and node.name in options:
            number = options[node.name]
            return exp.Literal.number(in_digits(number))
        return node

    return tree.transform(value)


def report_type_from(data: Mapping[str, Any]) -> ReportType:
    """A report type from its file's data."""
    preset = {key: data[key] for key in ("metrics", "group_by", "grain", "compare", "sections") if key in data}
    return ReportType(
        data["report_type"],
        _texts(data.get("label"), data["report_type"]),
        _texts(data.get("description")),
        tuple(_texts(question) for question in data.get("questions", ())),
        preset,
    )
