"""YAML of the catalogue -> entities, metrics, report types and checks of audits.

The packaged files and a user's own go through the same functions. They take plain data that has
passed the JSON Schema, and a `Trouble` that is told of expressions that cannot be used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

from sqlglot import exp

from reportspec.catalogue.library import Library, in_digits
from reportspec.catalogue.shelf import Shelf
from reportspec.expression.sandbox import CANONICAL, PERSONAL_FUNCTIONS, Refused, column_nodes, parse, path_of
from reportspec.expression.trees import all_of, conjuncts, copied, literal
from reportspec.files import packaged as packaged_file
from reportspec.languages import with_texts
from reportspec.model.audits import KINDS, SOME, AuditCheck, AuditKind, Threshold
from reportspec.model.domain import (
    AsOf,
    Catalogue,
    Changes,
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
    Telling,
)
from reportspec.prepared import prepared
from reportspec.source import plain, read_yaml

Path = tuple[str | int, ...]
Trouble = Callable[[Path, str], None]  # where in the file, what is wrong


_METRIC = re.compile(r"^  - metric: *(\S+)", re.MULTILINE)
_AUDIT = re.compile(r"^  - audit: *(\S+)", re.MULTILINE)
_ENDANGERS = re.compile(r"^    endangers: \[(.*)\]$", re.MULTILINE)
# By how many robust standard deviations an anomaly is off: Iglewicz and Hoaglin, How to Detect and Handle Outliers.
USUAL_FACTOR = 3.5
# What one entity of a catalogue may be declared to be.
DECLARED = ("exchange_rates", "targets", "loads", "forecasting")


@lru_cache(maxsize=1)
def packaged() -> Catalogue:
    """The catalogue that ships with reportspec. Its files are read when something in them is asked
    for: an entity's and a report type's file bear its name."""
    entities = _file_names("entities")
    reports = _file_names("reports")
    metrics = {name: entry for _, text in _texts_of("metrics") for name, entry in _entries(text)}
    return Catalogue(
        Shelf(entities, lambda name: entity_from(_document("entities", f"{name}.yaml"), _fatal)),
        Library(Shelf(metrics, lambda name: _entry("metrics", name, metrics[name])), metric_from),
        Shelf(reports, lambda name: report_type_from(_document("reports", f"{name}.yaml"))),
        Shelf(dict.fromkeys(DECLARED), _declares),
        _tied,
        Shelf(_audit_texts(), lambda name: audit_from(_entry("audits", name, _audit_texts()[name]), _lists())),
        _lists(),
        lambda metric: _endangering().get(metric, ()),
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
    entries = packaged_file("catalogue", folder).iterdir()
    names = sorted(item.name for item in entries if item.name.endswith(".yaml"))
    return {name.removesuffix(".yaml"): None for name in names}


@cache
def _texts_of(folder: str) -> list[tuple[str, str]]:
    root = packaged_file("catalogue", folder)
    return [(f"{name}.yaml", root.joinpath(f"{name}.yaml").read_text(encoding="utf-8")) for name in _file_names(folder)]


def _entries(text: str, begin: re.Pattern[str] = _METRIC) -> Iterator[tuple[str, str]]:
    """The metrics of a file by name, each as the text of its entry: a report uses few of many."""
    starts = list(begin.finditer(text))
    ends = [start.start() for start in starts[1:]] + [len(text)]
    for start, end in zip(starts, ends, strict=True):
        yield start[1], text[start.start() : end]


@cache
def _audit_texts() -> dict[str, str]:
    """The checks of audits by name, each as the text of its entry: a report asks few of many."""
    return {name: entry for _, text in _texts_of("audits") for name, entry in _entries(text, _AUDIT)}


@cache
def _endangering() -> dict[str, tuple[str, ...]]:
    """The checks that endanger each metric, as their texts say."""
    found: dict[str, tuple[str, ...]] = {}
    for name, text in _audit_texts().items():
        listed = _ENDANGERS.search(text)
        for metric in listed[1].split(", ") if listed is not None else ():
            found[metric] = (*found.get(metric, ()), name)
    return found


def _lists() -> Mapping[str, tuple[Any, ...]]:
    """The lists of values that checks name, each in a file that bears its name."""
    return Shelf(_file_names("lists"), lambda name: tuple(_document("lists", f"{name}.yaml")["values"]))


def _document(folder: str, name: str) -> Any:
    path = packaged_file("catalogue", folder, name)
    return with_texts(prepared(path, path.read_bytes(), _read))


def _entry(folder: str, name: str, text: str) -> Any:
    """What the text of an entry of a file says, which is a list of it alone."""
    [entry] = prepared(packaged_file("catalogue", folder, f"{name}-entry.yaml"), text.encode(), _read)
    return with_texts(entry)


def _read(text: bytes, name: str) -> Any:
    node, problems = read_yaml(text, name)
    if problems or node is None:
        raise ValueError(f"{name}: {problems}")
    return plain(node)


def _fatal(path: Path, message: str) -> None:
    raise ValueError(f"{path}: {message}")


def expression(
    text: Any,
    path: Path,
    trouble: Trouble,
    dialect: str = CANONICAL,
    windows: bool = False,
    formula: bool = False,
    lists: bool = False,
) -> exp.Expr | None:
    """The tree of an expression in a file, or None with the trouble told."""
    if text is None:
        return None
    try:
        return parse(str(text), dialect, windows=windows, packaged=trouble is _fatal, formula=formula, lists=lists)
    except Refused as refused:
        trouble(path, str(refused))
        return None


def _texts(value: Any, fallback: str = "") -> Mapping[str, str]:
    if isinstance(value, str):
        return {"en": value}
    return value or {"en": fallback}


def _telling(spec: Mapping[str, Any]) -> Telling:
    """How a record that a metric counts is told to need attention."""
    since, until = spec.get("since", ()), spec.get("until", "")
    return Telling(
        _texts(spec["say"]) if "say" in spec else {},
        tuple(tuple(name.split(".")) for name in since),
        tuple(until.split(".")) if until else (),
    )


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
            bool(spec.get("as_recorded", False)),
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
        merged_into=data.get("merged_into"),
        part_of=data.get("part_of"),
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
    names = ("open", "amount", "won", "final", "won_before", "created", "probability")
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
    if "changes" in data:
        more["changes"] = Changes(**data["changes"])
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
        tuple(spec["told_without"].split(".")) if "told_without" in spec else (),
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
        as_of=AsOf(as_of["event"], as_of.get("before"), tuple(as_of.get("always", ()))) if as_of else None,
        value_labels={v: _texts(t) for v, t in (spec.get("value_labels") or {}).items()},
        others=bool(spec.get("others", False)),
        change=bool(spec.get("change", True)),
        due=bool(spec.get("due", False)),
        graded=bool(spec.get("graded", False)),
        decimals=spec.get("decimals"),
        without_history=_texts(spec["label_without_history"]) if "label_without_history" in spec else {},
        personal=bool(spec.get("personal", False)),
        told_where=expression(spec.get("told_where"), (*path, "told_where"), trouble),
    )


def of_what_is_there(metric: Metric, entities: Mapping[str, Entity]) -> Metric:
    """A metric that leaves out rows which are part of a record (a deal's stage changes) that is none: deleted, merged
    into another, or not there."""
    entity = entities.get(metric.entity)
    relation = entity.relations.get(entity.part_of) if entity is not None and entity.part_of else None
    whole = entities.get(relation.to) if relation is not None else None
    if relation is None or whole is None or whole.key is None:
        return metric
    there = parse(f"{metric.entity}.{relation.name}.{whole.key} is not null", packaged=True)
    if there in conjuncts(metric.where):
        return metric
    return replace(metric, where=all_of([*([copied(metric.where)] if metric.where is not None else []), there]))


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
        reason=_telling(spec["reason"]) if "reason" in spec else None,
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
        booked=aggregate and bool(spec.get("booked", False)),
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


def audit_from(
    data: Mapping[str, Any], lists: Mapping[str, tuple[Any, ...]], path: Path = (), trouble: Trouble = _fatal
) -> AuditCheck:
    """A check of an audit from its data; `lists` are those that its expressions may name."""

    def tree(text: Any, *at: str | int) -> exp.Expr | None:
        found = expression(text, (*path, *at), trouble, windows=True)
        return _with_lists(found, lists, (*path, *at), trouble) if found is not None else None

    def trees(given: Any, *at: str | int) -> tuple[exp.Expr, ...]:
        texts = given if isinstance(given, list) else [given]
        found = (tree(text, *at, *([index] if isinstance(given, list) else [])) for index, text in enumerate(texts))
        return tuple(item for item in found if item is not None)

    kind: AuditKind = next(known for known in KINDS if known in data)
    asked = data[kind] if isinstance(data[kind], dict) else {"of": data[kind]}
    key = next((name for name in ("of", "field", "fields") if name in asked), "")
    inside = (key,) if isinstance(data[kind], dict) else ()
    of = trees(asked[key], kind, *inside) if key and kind != "broken" else ()
    other = tree(asked["to"], kind, "to") if "to" in asked else None
    first = next((node for node in (*of, other) if node is not None), None)
    about = tuple(data.get("about") or _own_fields(of))
    broken = tree(data["broken"], "broken") if kind == "broken" else None
    functions = broken.find_all(exp.Anonymous) if broken is not None else ()
    return AuditCheck(
        id=data["audit"],
        kind=kind,
        entity=data.get("entity") or _head(first),
        severity=data.get("severity", "error"),
        when=tree(data.get("when"), "when"),
        broken=broken,
        of=of,
        by=trees(asked["by"], kind, "by") if "by" in asked else (),
        values=tuple(map(str, asked.get("values", ()))),
        pattern=asked.get("pattern", ""),
        least=asked.get("min"),
        most=asked.get("max"),
        days=asked.get("days", 0),
        support=asked.get("support", 0.9),
        at_most=asked.get("at_most", 1),
        measure=asked.get("measure"),
        season=asked.get("season"),
        factor=asked.get("factor", USUAL_FACTOR),
        store_failures=bool(data.get("store_failures", False)),
        when_text=" ".join(str(data.get("when", "")).split()),
        finds_personal=any(str(function.this).upper() in PERSONAL_FUNCTIONS for function in functions),
        elsewhere=(_head(other), other) if other is not None else None,
        about=about,
        warn_if=threshold(data["warn_if"]) if "warn_if" in data else SOME,
        error_if=threshold(data["error_if"]) if "error_if" in data else SOME,
        label=_called(data),
        meaning=_texts(data["meaning"]) if "meaning" in data else {},
        remedy=_texts(data["remedy"]) if "remedy" in data else {},
        endangers=tuple(data.get("endangers", ())),
        estimate_by=data.get("estimate_by", ""),
    )


def threshold(text: str) -> Threshold:
    """The threshold that a text such as `> 10` or `>= 5%` says, which fits its pattern in the schema."""
    number = text.lstrip("<>= ").rstrip("% ")
    share = text.rstrip().endswith("%")
    return Threshold(float(number) / (100 if share else 1), share, or_more=text.startswith(">="))


def _head(tree: exp.Expr | None) -> str:
    """The entity that the first name of an expression begins with."""
    paths = [path_of(node) for node in column_nodes(tree)] if tree is not None else []
    return next((path[0] for path in paths if len(path) > 1), "")


def _own_fields(trees: tuple[exp.Expr, ...]) -> tuple[str, ...]:
    """The fields that expressions name, as they are named."""
    return tuple(dict.fromkeys(".".join(path_of(node)) for tree in trees for node in column_nodes(tree)))


def _with_lists(tree: exp.Expr, lists: Mapping[str, tuple[Any, ...]], path: Path, trouble: Trouble) -> exp.Expr:
    """An expression in which `x in (lists.y)` has the list's values."""

    def values(node: exp.Expr) -> exp.Expr:
        listed = node.expressions[0] if isinstance(node, exp.In) and len(node.expressions) == 1 else None
        if not isinstance(listed, exp.Column) or listed.table != "lists":
            return node
        if listed.name not in lists:
            trouble(path, f"there is no list `{listed.name}`")
            return node
        return exp.In(this=node.this, expressions=[literal(value) for value in lists[listed.name]])

    return copied(tree).transform(values, copy=False)


# The keys of a spec that a report type presets, and what only its type says.
PRESETS = ("metrics", "group_by", "grain", "compare", "sections", "headline")


def report_type_from(data: Mapping[str, Any]) -> ReportType:
    """A report type from its file's data."""
    preset = {key: data[key] for key in PRESETS if key in data}
    return ReportType(
        data["report_type"],
        _texts(data.get("label"), data["report_type"]),
        _texts(data.get("description")),
        tuple(_texts(question) for question in data.get("questions", ())),
        preset,
    )
