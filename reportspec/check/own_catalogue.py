"""A project's own entities, metrics, report types and checks of audits, on top of the packaged ones.

They are files in the catalogue's language in the folders `entities/`, `metrics/`, `report_types/` and `audits/`
beside the project file. Names in them are checked against the catalogue that they
become a part of, and against the fields that the project's mapping adds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from sqlglot import exp

from reportspec.calendar import Fiscal, Period
from reportspec.catalogue.library import Library, UnknownMetric, reference, specified
from reportspec.catalogue.load import DECLARED, audit_from, entity_from, metric_from, of_what_is_there, report_type_from
from reportspec.check.kinds import fitting, of_metrics
from reportspec.check.units import with_unit
from reportspec.diagnostics import Diagnostic, did_you_mean, meant_by, suggestion
from reportspec.expression.sandbox import Refused, column_nodes, need_pattern, path_of
from reportspec.expression.trees import literal
from reportspec.expression.types import ANY, CONDITION, MOMENT, NUMBER, TEXT, Kind, Mistyped, Named, expect
from reportspec.measures.arithmetic import not_in_formulas
from reportspec.model.audits import AuditCheck
from reportspec.model.domain import Catalogue, Derived, Entity, Field, Metric
from reportspec.resolve.binding import INSTANTS, PERIOD_LENGTHS, Binding, Missing, Unresolved, metrics_needed, parts
from reportspec.resolve.currencies import mixes_currencies
from reportspec.resolve.document import Document, Place, open_document
from reportspec.source.file_patterns import Unmet, matched
from reportspec.source.regular import is_yaml

_OF_SPECS = ("metrics", "group_by", "grain", "compare", "sections")
FOLDERS = {"entities": "entity", "metrics": "metrics", "report_types": "report_type", "audits": "audits"}


class Own:
    """The documents of a project's own catalogue, by folder."""

    def __init__(self, root: Path, shown: Any) -> None:
        self.documents: dict[str, list[Document]] = {}
        # Each check of an audit as far as it can be read, with its document and its place in it: what is wrong with one
        # of its names is told beside what is wrong with others, and with the file.
        self.audits: list[tuple[Document, Place, AuditCheck]] = []
        for folder, schema in FOLDERS.items():
            met = matched(root, f"{folder}/*")
            inside = sorted({*met.files, *(one.path for one in met.unmet if not one.shut)})
            files = [file for file in inside if is_yaml(file) and file.name[0] != "."]
            self.documents[folder] = [
                *(_opened(file, schema, shown(file)) for file in files),
                *(_shut(one, shown(one.path)) for one in met.unmet if one.shut),
            ]

    def all(self) -> list[Document]:
        """All documents, in the order in which they are read."""
        return [document for documents in self.documents.values() for document in documents]

    def usable(self, folder: str) -> Iterable[Document]:
        """The documents of a folder that are within their schema."""
        return (one for one in self.documents[folder] if not one.broken and one.node is not None)


def _shut(folder: Unmet, name: str) -> Document:
    """What stands for the files of a folder that cannot be listed."""
    return Document(name, "", None, None, [Diagnostic("unreadable-file", folder.message, help=folder.help)])


def _opened(file: Path, schema: str, name: str) -> Document:
    """A file of the catalogue. One in which nothing stands yet, as a shell makes it before a command prints into it, is
    passed over and told."""
    document = open_document(file, schema, name)
    if [problem.code for problem in document.problems] == ["empty-file"]:
        help = "write into it, or delete it: it is passed over"
        document.problems = [replace(document.problems[0], severity="warning", help=help)]
    return document


def extended(base: Catalogue, own: Own) -> Catalogue:
    """The catalogue with a project's own parts. What is wrong is told to their documents; names
    are not looked up yet (`check_names` does, once the mapping is known)."""
    if not own.all():
        return base
    entities = dict(base.entities)
    made: dict[str, Document] = {}
    for document in own.usable("entities"):
        entity = entity_from(document.data, _teller(document))
        if entity.name in base.entities:
            document.tell(
                "duplicate-entity",
                f"the catalogue has an entity `{entity.name}` already",
                ("entity",),
                "take another name; fields are added to an entity by the mapping",
            )
        for kind in DECLARED:
            if kind in document.data:
                document.tell(
                    "duplicate-entity",
                    f"the catalogue has its {kind.replace('_', ' ')} in `{base.declared[kind]}` already",
                    (kind,),
                    f"map `{base.declared[kind]}`",
                )
        if not document.broken:
            entities[entity.name] = entity
            made[entity.name] = document
    for name in _made_of_themselves(entities, made):
        made[name].tell(
            "circular-entity",
            f"`{name}` is itself what its rows are made from",
            ("derived", "from"),
            "name an entity that is mapped, or one that is made of such",
        )
        del entities[name]
    metrics = dict(base.metrics.data)
    for document in own.usable("metrics"):
        for index, spec in enumerate(document.data["metrics"]):
            name = spec["metric"]
            if name in metrics:
                document.tell(
                    "duplicate-metric",
                    f"there is a metric `{name}` already",
                    ("metrics", index, "metric"),
                    "take another name, or use a variant of it",
                )
            else:
                metrics[name] = spec
    reports = dict(base.reports)
    for document in own.usable("report_types"):
        report = report_type_from(document.data)
        if report.id in base.reports:
            document.tell(
                "duplicate-report",
                f"there is a report type `{report.id}` already",
                ("report_type",),
                "take another name",
            )
        else:
            reports[report.id] = report
    audits = dict(base.audits)
    own.audits = [*_own_audits(own, base, audits)]
    tied = (*base.tied(), *(name for name in entities if name not in base.entities))

    def build(spec: Mapping[str, Any], library: Library) -> Metric:
        """A metric of the catalogue as it is without a project's own; one of these as far as it can be read: what
        cannot is told where it is checked, and then no report is made."""
        if spec["metric"] in base.metrics.data:
            return base.metrics.build(spec, library)
        metric = metric_from(spec, library, (), lambda path, message: None)
        return of_what_is_there(with_unit(metric, spec, entities), entities)

    ours = [check for name, check in audits.items() if name not in base.audits]

    def endangering(metric: str) -> tuple[str, ...]:
        return (*base.endangering(metric), *(check.id for check in ours if metric in check.endangers))

    return replace(
        base,
        entities=entities,
        metrics=Library(metrics, build),
        reports=reports,
        tied=lambda: tied,
        audits=audits,
        endangering=endangering,
    )


def _made_of_themselves(entities: Mapping[str, Entity], own: Iterable[str]) -> list[str]:
    """Which entities of a project are derived from themselves, be it by way of others."""

    def sources(name: str) -> set[str]:
        entity = entities.get(name)
        ways = (entity.derived, *entity.otherwise) if entity is not None else ()
        return {at for way in ways if way for at in (way.source, *((way.match.entity,) if way.match else ()))}

    circular = []
    for name in own:
        reached, ahead = set[str](), sources(name)
        while ahead:
            reached |= ahead
            ahead = set().union(*map(sources, ahead)) - reached
        if name in reached:
            circular.append(name)
    return circular


def _own_audits(
    own: Own, base: Catalogue, known: dict[str, AuditCheck]
) -> Iterator[tuple[Document, Place, AuditCheck]]:
    """The checks of a project's own audits; those that are wrong in nothing are added to the `known` ones."""
    for document in own.documents["audits"]:
        listed = document.data.get("audits") if isinstance(document.data, dict) else None
        lines = {problem.span.line for problem in document.problems if problem.span is not None}
        for index, spec in enumerate(listed if isinstance(listed, list) else ()):
            at: Place = ("audits", index)
            span = document.span(at)
            if span is None or any(span.line <= line <= span.end_line for line in lines):
                continue  # it is not what its schema wants, which is told
            name = spec["audit"]
            if name in known:
                what = f"there is a check `{name}` already"
                document.tell("duplicate-audit", what, (*at, "audit"), "take another name")
            before = len(document.problems)
            check = audit_from(spec, base.lists, at, _teller(document))
            if len(document.problems) == before and name not in known:
                known[name] = check
            yield document, at, check


def _teller(document: Document, base: Place = ()) -> Any:
    return lambda path, message: document.tell("bad-expression", message, (*base, *path))


def check_names(binding: Binding, own: Own) -> None:
    """Look up every name in a project's own catalogue; what is wrong is told to the documents."""
    for document in own.usable("entities"):
        entity = binding.catalogue.entities.get(str(document.data["entity"]))
        if entity is not None:
            _check_entity(binding, document, entity)
    for document in own.usable("metrics"):
        for index, spec in enumerate(document.data["metrics"]):
            _check_metric(binding, document, spec, ("metrics", index))
    for document, at, check in own.audits:
        _check_audit(binding, document, document.data["audits"][at[-1]], check, at)
    if any(document.broken for document in own.documents["entities"] + own.documents["metrics"]):
        return  # what report types are made of is wrong itself
    for document in own.usable("report_types"):
        _check_report(binding, document)


def _check_entity(binding: Binding, document: Document, entity: Entity) -> None:
    names = entity.fields
    if entity.key is not None and entity.key not in names:
        document.tell(
            "unknown-field", f"the key `{entity.key}` is no field of it", ("key",), suggestion(entity.key, names)
        )
    into = entity.merged_into
    if into is not None and (into not in names or entity.fields[into].type != "key"):
        keys = [name for name, field in entity.fields.items() if field.type == "key"]
        told = f"`{into}`, which is to say what a record was merged into, is no key of it"
        document.tell("unknown-field", told, ("merged_into",), suggestion(into, keys))
    if entity.part_of is not None and entity.part_of not in entity.relations:
        told = f"`{entity.part_of}`, to which its rows are said to belong, is no relation of it"
        document.tell("unknown-field", told, ("part_of",), suggestion(entity.part_of, entity.relations))
    for name, relation in entity.relations.items():
        path: Place = ("relations", name)
        target = binding.catalogue.entities.get(relation.to)
        if target is None:
            document.tell(
                "unknown-entity",
                f"there is no entity `{relation.to}`",
                (*path, "to"),
                suggestion(relation.to, binding.catalogue.entities),
            )
        elif target.key is None:
            document.tell("no-key", f"`{relation.to}` has no key, so no relation can lead to it", (*path, "to"))
        if relation.by not in names:
            document.tell(
                "unknown-field", f"`{relation.by}` is no field of it", (*path, "by"), suggestion(relation.by, names)
            )
    for key, tree, takes in (
        ("where", entity.where, CONDITION),
        ("order", entity.order, ANY),
        ("idle_rows", entity.idle_rows, CONDITION),
    ):
        _look_up(binding, document, entity.name, tree, (key,), takes)
    for number, way in enumerate(entity.told_apart_by):
        tree = exp.column(*(exp.to_identifier(step) for step in reversed((entity.name, *way.split(".")))))
        _look_up(binding, document, entity.name, tree, ("told_apart_by", number), ANY)
    for expectation in entity.expects:
        at = ("expects", expectation.name)
        _look_up(binding, document, entity.name, expectation.unless, (*at, "unless"), CONDITION)
        far = [path_of(node) for node in column_nodes(expectation.unless)]
        if any(len(path) != 2 or path[0] != entity.name for path in far):
            document.tell(
                "bad-expression",
                "an expectation is about the entity's own fields alone",
                (*at, "unless"),
                f"name fields as `{entity.name}.…`",
            )
        of_row = [field for field in expectation.about if field not in names]
        if of_row:
            document.tell(
                "unknown-field", f"`{of_row[0]}` is no field of it", (*at, "about"), suggestion(of_row[0], names)
            )
    if entity.listed_by is not None:
        _look_up(binding, document, entity.name, entity.listed_by.open, ("listed_by", "open"), CONDITION)
        if entity.listed_by.time not in names:
            document.tell(
                "unknown-field",
                f"`{entity.listed_by.time}` is no field of it",
                ("listed_by", "time"),
                suggestion(entity.listed_by.time, names),
            )
    for name, field in entity.fields.items():
        takes = fitting(field)
        _look_up(binding, document, entity.name, field.expr, ("fields", name, "expr"), takes)
        _one_currency(binding, document, entity.name, field, field.expr, ("fields", name, "expr"))
        _look_up(binding, document, entity.name, field.default, ("fields", name, "default"), takes)
        if entity.derived is not None and field.expr is None and name not in entity.derived.fields:
            document.tell(
                "missing-key",
                f"`derived` does not say how `{name}` is made",
                ("fields", name),
                f"add it under `derived: fields: {name}:`",
                key=True,
            )
    if entity.follows is not None:
        leader = binding.catalogue.entities.get(entity.follows)
        if leader is None or not leader.derived or leader.name == entity.name:
            document.tell(
                "unknown-entity",
                f"there is no other derived entity `{entity.follows}`",
                ("derived", "follows"),
                suggestion(entity.follows, binding.catalogue.entities),
            )
        elif len(leader.otherwise) != len(entity.otherwise):
            document.tell(
                "bad-value",
                f"`{leader.name}` is made in {len(leader.otherwise) + 1} ways, this in {len(entity.otherwise) + 1}",
                ("derived", "follows"),
                "write as many, in the same order",
            )
    ways = [(entity.derived, ("derived",))] if entity.derived else []
    for derived, path in ways:
        _check_derived(binding, document, entity, derived, path)


def _check_derived(binding: Binding, document: Document, entity: Entity, derived: Derived, path: Place) -> None:
    for name in [derived.source] + ([derived.match.entity] if derived.match else []):
        if name not in binding.catalogue.entities:
            document.tell(
                "unknown-entity",
                f"there is no entity `{name}`",
                (*path, "from"),
                suggestion(name, binding.catalogue.entities),
            )
            return
    paired = derived.match.entity if derived.match else None
    _look_up(binding, document, derived.source, derived.where, (*path, "where"), CONDITION, paired)
    if derived.match is not None:
        at = (*path, "match", "on")
        _look_up(binding, document, derived.source, derived.match.on, at, CONDITION, paired)
    if derived.told_without:
        asked = exp.column(*(exp.to_identifier(step) for step in reversed(derived.told_without)))
        _look_up(binding, document, derived.source, asked, (*path, "told_without"), ANY, paired)
    for name in derived.ties:
        if binding.field(derived.source, name) is None or name not in derived.fields:
            document.tell(
                "unknown-field",
                f"`{derived.source}` has no field `{name}` that `fields` below has too",
                (*path, "ties"),
                suggestion(name, derived.fields),
            )
    for name, tree in derived.fields.items():
        takes = fitting(entity.fields[name]) if name in entity.fields else ANY
        _look_up(binding, document, derived.source, tree, (*path, "fields", name), takes, paired)
        _one_currency(binding, document, derived.source, entity.fields.get(name), tree, (*path, "fields", name))
        if name not in entity.fields:
            document.tell(
                "unknown-field",
                f"`{name}` is not among the fields below",
                (*path, "fields", name),
                f"add it under `fields:`, with its type: `{name}: {{type: text}}`",
                key=True,
            )


def _look_up(
    binding: Binding,
    document: Document,
    base: str,
    tree: exp.Expr | None,
    path: Place,
    takes: frozenset[Kind],
    paired: str | None = None,
) -> None:
    """Tell of names in an expression that mean nothing, and of values of a kind that does not belong
    where they stand."""
    before = len(document.problems)
    for node in column_nodes(tree) if tree is not None else ():
        names = path_of(node)
        if len(names) == 1 and names[0] in INSTANTS:
            continue
        if names[0] == paired and len(names) == 2 and binding.field(*names) is not None:
            continue
        try:
            binding.resolve(base, names)
        except Missing:
            continue
        except Unresolved as why:
            document.tell(why.code, why.message, path, why.help or _near(binding, base, names))
    if tree is not None and len(document.problems) == before:
        _type(document, tree, takes, binding.kinds(base, paired), path)
        if len(document.problems) == before:
            _declared(binding, document, base, tree, path)


def _declared(binding: Binding, document: Document, base: str, tree: exp.Expr, path: Place) -> None:
    """Tell of texts that a field with declared values is compared with and can never be: the CRM's own words for what
    the mapping translates (`deal.status = 'Closed Won'`) would count nothing."""
    told = set[tuple[str, str]]()
    for node in tree.find_all(exp.EQ, exp.NEQ, exp.In):
        sides = [one.unnest() for one in (node.this, *(node.expressions or [node.expression])) if one is not None]
        texts = [one.this for one in sides if isinstance(one, exp.Literal) and one.is_string]
        for column in sides if texts else ():
            if not isinstance(column, (exp.Column, exp.Dot)) or len(path_of(column)) < 2:
                continue
            try:
                field = binding.resolve(base, path_of(column)).field
            except Unresolved:
                continue
            for text in texts if field.closed and field.type == "text" else ():
                if text not in field.values and (field.id, text) not in told:
                    told.add((field.id, text))
                    help = suggestion(text, field.values) or f"it is one of {', '.join(field.values)}"
                    document.tell("bad-value", f"`{field.id}` is never `{text[:50]}`", path, help)


def _one_currency(
    binding: Binding, document: Document, base: str, field: Field | None, tree: exp.Expr | None, path: Place
) -> None:
    """Tell of a field that is made of amounts of several currencies as if they were of one."""
    if tree is None or field is None or field.currency:
        return
    rest = tree.copy().transform(lambda node: literal(1) if _converts(node) else node)
    try:
        mixed = mixes_currencies(binding, base, rest)
    except Unresolved:
        return  # told already, or of the entity that rows are paired with
    if mixed:
        document.tell(
            "bad-expression",
            "its amounts may be in several currencies",
            path,
            "write `converted(amount, time)` for each amount, or name the field of their currency under `currency`",
        )


def _converts(node: exp.Expr) -> bool:
    return isinstance(node, exp.Anonymous) and str(node.this).upper() == "CONVERTED"


def _type(document: Document, tree: exp.Expr, takes: frozenset[Kind], named: Named, path: Place) -> None:
    try:
        expect(tree, takes, named, str(path[-1]))
    except Mistyped as wrong:
        document.tell("bad-expression", wrong.message, path, wrong.help)


def _near(binding: Binding, base: str, names: Sequence[str]) -> str | None:
    """The field that was likely meant: one of the entity that the expression is about before those of
    others."""
    entities = binding.catalogue.entities
    base_entity = names[0] if names[0] in entities and len(names) > 1 else base
    near = did_you_mean(names[-1], [f.name for f in binding.fields(base_entity)]) if base_entity in entities else None
    if near is not None:
        return meant_by(".".join(names), f"{base_entity}.{near}")
    return suggestion(".".join(names), [f.id for e in entities for f in binding.fields(e)])


DEEPEST = 20  # metrics that are made of one another
_ADDED = frozenset({"sum", "average", "median", "percentile"})


def _check_metric(binding: Binding, document: Document, spec: Mapping[str, Any], path: Place) -> None:
    library = binding.catalogue.metrics
    name = str(spec["metric"])
    for variant in (None, *(spec.get("variants") or {})):
        at = path if variant is None else (*path, "variants", variant)
        wanted = reference(name if variant is None else f"{name}.{variant}")
        before = len(document.problems)
        try:
            metric = metric_from(specified(spec, wanted), library, at, _teller(document))
        except UnknownMetric as why:
            document.tell("unknown-metric", f"no metric named `{why.part}`", at, suggestion(why.part, why.known))
            continue
        if len(document.problems) == before:
            _check_parts(binding, document, metric, at)


def _check_parts(binding: Binding, document: Document, metric: Metric, path: Place) -> None:
    if metric.kind == "aggregate":
        if metric.entity not in binding.catalogue.entities:
            document.tell(
                "unknown-entity",
                f"there is no entity `{metric.entity}`",
                (*path, "entity"),
                suggestion(metric.entity, binding.catalogue.entities),
            )
            return
        for key, tree, takes in (
            ("of", metric.of, NUMBER if metric.aggregate in _ADDED else ANY),
            ("where", metric.where, CONDITION),
            ("time", metric.time, MOMENT),
            ("rate_before", metric.rate_before, MOMENT),
        ):
            _look_up(binding, document, metric.entity, tree, (*path, key), takes)
        _check_reason(binding, document, metric, (*path, "reason"))
        return
    if metric.formula is not None:
        _type(document, metric.formula, NUMBER, of_metrics, (*path, "formula"))
        if (other := not_in_formulas(metric.formula)) is not None:
            help = "there are `+`, `-`, `*`, `/`, `coalesce`, `greatest`, `least` and `sqrt`"
            document.tell("bad-expression", f"`{other}` may not be used in a formula", (*path, "formula"), help)
    if metric.kind == "relative" and metric.to == "others":
        _check_others(binding, document, metric, path)
    circular = False
    keys = {metric.numerator: "numerator", metric.denominator: "denominator", metric.base: "of"}
    for name in parts(metric):
        at = (*path, keys.get(name, "formula"))
        try:
            binding.catalogue.metrics[name]
        except UnknownMetric as why:
            known = why.known if why.what != "metric" else (*why.known, *PERIOD_LENGTHS)
            document.tell(
                "unknown-metric",
                f"no {why.what} named `{why.part}`",
                at,
                suggestion(why.part, known) or "`reportspec catalog metrics` lists them",
            )
            continue
        if _leads_to(binding, name, metric.id):
            document.tell("circular-metric", f"`{name}` is itself made of `{metric.id}`", at)
            circular = True
    # One that is made of a metric that goes too deep is no mistake of its own.
    if not circular and sum(1 for _ in islice(_levels(binding, metric), DEEPEST + 3)) == DEEPEST + 2:
        document.tell(
            "too-deep",
            f"`{metric.id}` is made of metrics that are made of others, and so on: {DEEPEST} deep at most",
            path,
            "write out some of them",
        )


def _check_reason(binding: Binding, document: Document, metric: Metric, path: Place) -> None:
    """The times by which a reason is told."""
    told = metric.reason
    if told is None:
        return
    places: list[tuple[Place, tuple[str, ...]]] = [((*path, "since", at), name) for at, name in enumerate(told.since)]
    places += [((*path, "until"), told.until)] if told.until else []
    for place, name in places:
        _look_up(binding, document, metric.entity, _of_path(name), place, MOMENT)


def _of_path(path: tuple[str, ...]) -> exp.Expr:
    """A field's name as an expression."""
    names = [exp.to_identifier(name) for name in path]
    tree: exp.Expr = exp.Column(this=names[1], table=names[0]) if len(names) > 1 else exp.Column(this=names[0])
    for name in names[2:]:
        tree = exp.Dot(this=tree, expression=name)
    return tree


def _check_others(binding: Binding, document: Document, metric: Metric, path: Place) -> None:
    """What all other rows come to is computed by taking a row away from the total."""
    try:
        needed = metrics_needed(binding.catalogue, binding.catalogue.metrics[metric.base])
    except UnknownMetric:
        return  # told where parts are looked up
    for part in needed:
        if part.aggregate not in ("count", "sum", "average"):
            document.tell(
                "not-additive",
                f"`{part.id}` cannot be computed for all other rows from its total",
                (*path, "to"),
                "compare with `total`, or use a count, a sum or a mean",
            )


def _levels(binding: Binding, metric: Metric) -> Iterator[set[str]]:
    """The metrics that one is made of, then those that these are made of, and so on; without an end
    where one is made of itself."""
    level = {metric.id}
    while level:
        seen: set[str] = set()
        for name in level:
            with suppress(UnknownMetric):
                seen.update(parts(metric if name == metric.id else binding.catalogue.metrics[name]))
        level = seen
        yield level


def _leads_to(binding: Binding, name: str, target: str) -> bool:
    """Whether a metric is, or is made of, another one."""
    seen, coming = set(), [name]
    while coming:
        name = coming.pop()
        if name == target:
            return True
        if name not in seen:
            seen.add(name)
            with suppress(UnknownMetric):
                coming += parts(binding.catalogue.metrics[name])
    return False


# What each kind of check takes where it asks for a value.
_ASKED: Mapping[str, frozenset[Kind]] = {
    "format": TEXT,
    "accepted_values": TEXT,
    "same_spelling": TEXT,
    "same_format": TEXT,
    "range": NUMBER,
    "fresh_within": MOMENT,
}


def _check_audit(binding: Binding, document: Document, spec: Mapping[str, Any], check: AuditCheck, path: Place) -> None:
    """Look up every name of a check of an audit."""
    entities = binding.catalogue.entities
    asked = spec[check.kind]
    place: Place = (*path, check.kind)
    key = "fields" if isinstance(asked, dict) and "fields" in asked else "field"
    of: Place = (*place, key) if isinstance(asked, dict) else place
    if check.entity not in entities:
        unread = next((p for p in document.problems if p.code == "bad-expression" and _within(document, p, path)), None)
        if not check.entity and unread is not None:
            return  # which says that the expression with its name cannot be read
        head = check.entity
        what = f"there is no entity `{head}`" if head else "it names no field of an entity"
        help = suggestion(head, entities) or "write fields as `entity.field`"
        document.tell("unknown-entity", what, (*path, "entity") if "entity" in spec else of, help)
        return
    told = {problem.span for problem in document.problems}

    def look(base: str, tree: exp.Expr | None, at: Place, takes: frozenset[Kind]) -> None:
        if document.span(at) not in told:  # which is what cannot be read
            _look_up(binding, document, base, tree, at, takes)

    _check_bounds(document, spec, check, path)
    look(check.entity, check.when, (*path, "when"), CONDITION)
    look(check.entity, check.broken, (*path, "broken"), CONDITION)
    listed = asked.get(key) if isinstance(asked, dict) else asked
    for index, tree in enumerate(check.of):
        takes = NUMBER if check.measure == "mean" else _ASKED.get(check.kind, ANY)
        at = (*of, index) if isinstance(listed, list) else of
        look(check.entity, tree, at, takes)
    for index, tree in enumerate(check.by):
        at = (*place, "by", index) if isinstance(asked["by"], list) else (*place, "by")
        look(check.entity, tree, at, ANY)
    if check.elsewhere is not None:
        other, tree = check.elsewhere
        if other in entities:
            look(other, tree, (*place, "to"), ANY)
        else:
            document.tell(
                "unknown-entity",
                f"there is no entity `{other}`" if other else "it names no field of an entity",
                (*path, check.kind, "to"),
                suggestion(other, entities) or "write fields as `entity.field`",
            )
    for index, name in enumerate(spec.get("about") or ()):
        tree = exp.column(*(exp.to_identifier(step) for step in reversed(name.split("."))))
        look(check.entity, tree, (*path, "about", index), ANY)
    if check.estimate_by:
        tree = exp.column(*(exp.to_identifier(step) for step in reversed(check.estimate_by.split("."))))
        look(check.entity, tree, (*path, "estimate_by"), ANY)
    for index, name in enumerate(check.endangers):
        try:
            binding.catalogue.metrics[name]
        except UnknownMetric as why:
            document.tell(
                "unknown-metric",
                f"no {why.what} named `{why.part}`",
                (*path, "endangers", index),
                suggestion(why.part, why.known) or "`reportspec catalog metrics` lists them",
            )


def _within(document: Document, problem: Diagnostic, path: Place) -> bool:
    """Whether a mistake stands within a part of the file."""
    part, span = document.span(path), problem.span
    return part is not None and span is not None and part.line <= span.line <= part.end_line


def _check_bounds(document: Document, spec: Mapping[str, Any], check: AuditCheck, path: Place) -> None:
    """A pattern must be one, some value must lie within a range, and a share can be reached only below the whole."""
    if check.pattern:
        try:
            need_pattern(check.pattern)
        except Refused as why:
            document.tell("bad-expression", str(why), (*path, check.kind, "pattern"))
    if check.least is not None and check.most is not None and check.least > check.most:
        document.tell(
            "bad-value",
            f"no number is at least {check.least:g} and at most {check.most:g}",
            (*path, check.kind, "min"),
            "`min` is the lesser of the two",
        )
    for key, limit in (("warn_if", check.warn_if), ("error_if", check.error_if)):
        if key in spec and limit.share and (limit.number > 1 or (limit.number == 1 and not limit.or_more)):
            what = f"`{spec[key]}` can never be: no more than all rows are broken"
            document.tell("bad-value", what, (*path, key), "give a share below 100 %, or a number of rows")


# What a source lacks is said in the report, section by section: a type may ask for more than one has.
_OF_THE_SOURCE = ("unmapped-field", "no-currency", "no-trend")
_ANY_YEAR = Period(date(2024, 1, 1), date(2025, 1, 1), "year", "2024")


def _check_report(binding: Binding, document: Document) -> None:
    """A report type is held against all that a spec with the same sections is held against, by the same
    code, with the places in its own file."""
    from reportspec.check.headline_rules import check_headline
    from reportspec.check.sections import check_sections
    from reportspec.sections.asked_metrics import find_metric
    from reportspec.sections.context import Context

    data = {key: value for key, value in document.data.items() if key in _OF_SPECS}
    trial = replace(document, problems=[])
    context = Context(trial, {**data, "__params__": {}}, binding, "en", (), {}, "month", _ANY_YEAR, Fiscal(), ())
    check_sections(context, {}, {})
    for index, name in enumerate(data.get("metrics") or ()):
        find_metric(binding, trial, str(name), ("metrics", index))
    check_headline(trial, document.data)
    document.problems += [
        problem
        for problem in dict.fromkeys(trial.problems)
        if problem.code not in _OF_THE_SOURCE and problem not in document.problems
    ]
