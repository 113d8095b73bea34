"""A spec becomes a checked `Report`, or diagnostics: all that are wrong with it in one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlglot import exp

from reportspec.calendar import (
    GRAINS,
    Align,
    CalendarError,
    Period,
    buckets,
    compared_with,
    default_grain,
    instant,
    parse_as_of,
    parse_period,
    until,
)
from reportspec.calendar.periods import EXAMPLES
from reportspec.catalogue.load import packaged
from reportspec.check.delivery import check_settings, delivery_of
from reportspec.check.for_each import each_of
from reportspec.check.headline_rules import NO_HEADLINE, OFF, headline_rules
from reportspec.check.lacking import There, served
from reportspec.check.mapping import load_mapping, tables_of, with_load, with_types, with_whole_keys
from reportspec.check.named_figures import figures_named
from reportspec.check.own_catalogue import Own, check_names, extended
from reportspec.check.project import (
    NAMES,
    find_project,
    known_language,
    known_locale,
    known_zone,
    load_project,
    shown,
    themed,
)
from reportspec.check.report_goals import check_currency_of_targets, goals_of, tell_unshown
from reportspec.check.sections import check_sections, section_metrics
from reportspec.check.shown import tell_nothing_shown, tell_shared_goals
from reportspec.diagnostics import Diagnostic, meant_by, suggestion
from reportspec.edits import with_edits
from reportspec.expression.sandbox import column_nodes, path_of
from reportspec.languages import base_language, word
from reportspec.lazy_dataclass import dataclass
from reportspec.model.column_ids import SideName
from reportspec.model.domain import Catalogue, Field
from reportspec.model.mapped import SourceMap
from reportspec.model.settings import Project
from reportspec.model.spec import EACH, Report, SectionSpec, second_of, sides_of
from reportspec.resolve.binding import Binding, Unresolved, metrics_needed, settled
from reportspec.resolve.conditions import Bounds, condition, in_words, user_condition
from reportspec.resolve.currencies import mixes_currencies, needs_currency, unnamed_amounts
from reportspec.resolve.document import Document, Place, open_document
from reportspec.resolve.mapped_columns import columns_read
from reportspec.resolve.params import as_read, substitute
from reportspec.sections.context import Context
from reportspec.sections.trend import TrendSection

EMPTY: Mapping[str, Any] = {}


class Checked:
    """What checking a spec gave: the report if it can be built, all diagnostics, and the texts
    of the files that they point into."""

    def __init__(self, report: Report | None, documents: list[Document], spec: Document) -> None:
        self.report = report
        self.texts = {file: text for d in documents for file, text in d.texts().items()}
        told = tuple(p for d in documents for p in d.problems)
        self.diagnostics: tuple[Diagnostic, ...] = with_edits(told, self.texts)
        self.spec_text = spec.text

    @property
    def broken(self) -> bool:
        return self.report is None or any(d.severity == "error" for d in self.diagnostics)


def check_file(
    path: Path,
    now: datetime,
    environment: Mapping[str, str],
    *,
    settings: Mapping[str, str] = EMPTY,
    period: str | None = None,
    name: str | None = None,
    clock: bool = False,
) -> Checked:
    """Check one spec with its project and mapping. `settings` are values for its params, `period`
    stands in for its own; `now` is a time of the report's zone if it names none, and only the `clock`'s
    if nobody has said it. Never raises for what the files hold."""
    document = open_document(path, "report", name or str(path))
    if other := _no_spec(path, document):
        document = replace(document, problems=[])
        document.tell("no-spec", f"this is {other}, not a spec", (), "name specs, or the folder that they are in")
        return Checked(None, [document], document)
    if document.node is None and not document.text and document.broken:  # no file, or none that can be read
        document.problems = [_with_near_name(problem, path) for problem in document.problems]
        return Checked(None, [document], document)
    return check_document(document, find_project(path), now, environment, settings=settings, period=period, clock=clock)


def check_document(
    document: Document,
    project_file: Path | None,
    now: datetime,
    environment: Mapping[str, str],
    *,
    settings: Mapping[str, str] = EMPTY,
    period: str | None = None,
    clock: bool = False,
) -> Checked:
    """Check a spec that has been read, with the project whose file is named."""
    project, project_document = load_project(project_file, environment)
    documents = [document, project_document]
    if project is None or document.node is None:
        return Checked(None, documents, document)
    bound = bind_source(project, project_document)
    documents += bound.documents
    made_binding = _binding(project, bound, document)
    if made_binding is None:
        return Checked(None, documents, document)
    binding, language, locale = made_binding
    if period is not None:
        document.data["period"] = period
        document.options[("period",)] = ("--period", period)
    check_settings(document, project_document)
    document.misshapen_parts = document.broken
    if document.broken and not isinstance(document.data, dict):
        return Checked(None, documents, document)
    report = None
    with document.as_far_as_it_goes():
        if now.tzinfo is None:  # a day of the report's, wherever that is
            now = now.replace(tzinfo=binding.zone)
        data = substitute(document, document.data, settings)
        document.misshapen_parts = document.broken  # also by what params bring
        if clock:
            _check_loaded(project, project_document, now)
        report = _report(document, data, project, binding, language, locale, now, clock)

        def over(source: SourceMap) -> Checked:
            again = replace(document, problems=[])
            narrow = replace(binding.over(source), catalogue=settled(bound.catalogue, source))
            return Checked(_report(again, data, project, narrow, language, locale, now, clock), [again], again)

        report = replace(report, over=over) if report is not None else None
    return Checked(None if document.broken or project_document.broken else report, documents, document)


def _with_near_name(problem: Diagnostic, path: Path) -> Diagnostic:
    """What is said of a file that is not there, with the file beside it or in `specs/` that may be meant."""
    if problem.code != "file-not-found":
        return problem
    for folder in (path.parent, path.parent / "specs"):  # where specs usually are
        try:
            names = [file.name for file in folder.iterdir()]
        except OSError:
            continue
        if path.name in names:
            return replace(problem, help=f"did you mean `{folder / path.name}`?")
        if near := suggestion(path.name, [name for name in names if name not in NAMES or path.name in NAMES]):
            return replace(problem, help=near)
    return problem


def _no_spec(path: Path, document: Document) -> str | None:
    """What a file is that is no spec: each of its keys would be told as a mistake."""
    if path.name in NAMES:
        return "the project's file"
    mapping = document.node is not None and isinstance(document.data, dict) and "entities" in document.data
    return "a mapping" if mapping else None


def _binding(project: Project, bound: BoundSource, document: Document) -> tuple[Binding, str, str] | None:
    if bound.source is None:
        return None
    source, extra = bound.source, bound.extra
    data = document.data if isinstance(document.data, dict) else {}
    zone = str(data.get("timezone") or project.timezone)
    if not known_zone(document, data.get("timezone"), ("timezone",)):
        zone = project.timezone
    source_zone = source.timezone or project.source_timezone or zone
    currency = data.get("currency") or project.currency
    known_language(document, data.get("language"))
    known_locale(document, data.get("locale"))
    language, locale = _speech(project, data)
    binding = Binding(
        settled(bound.catalogue, source),
        source,
        ZoneInfo(zone),
        ZoneInfo(source_zone),
        str(currency).upper() if currency else None,
        extra,
    )
    check_names(binding, bound.own)
    if any(document.broken for document in bound.own.all()):
        return None
    return binding, language, locale


def _speech(project: Project, data: Mapping[str, Any]) -> tuple[str, str]:
    """The language of a report's words and the locale of its numbers and dates. A spec's locale brings its language
    along, unless the spec names another; a spec's language leaves the project's locale as it is."""
    own_language, own = (
        value if isinstance(value, str) and value else None for value in (data.get("language"), data.get("locale"))
    )
    inherited = own or project.language or project.locale
    language = own_language or inherited or "en"
    locale = own or project.locale or own_language or project.language or "en_US"
    return base_language(language), locale.replace("-", "_")


@dataclass(frozen=True, slots=True)
class BoundSource:
    """What a project's catalogue and mapping are, and the documents that they are written in. `source`
    is the mapping without what the source does not have, as far as that is known, `written` all of it."""

    catalogue: Catalogue
    own: Own
    source: SourceMap | None
    written: SourceMap | None
    extra: dict[str, dict[str, Field]]
    documents: list[Document]

    def binding(self, project: Project) -> Binding | None:
        """The catalogue bound to the source, in the project's own time zone and currency."""
        if self.source is None:
            return None
        zone = ZoneInfo(project.timezone)
        source_zone = ZoneInfo(self.source.timezone or project.source_timezone or project.timezone)
        return Binding(
            settled(self.catalogue, self.source), self.source, zone, source_zone, project.currency, self.extra
        )


def extended_catalogue(project: Project) -> tuple[Catalogue, Own]:
    """The packaged catalogue with the project's own on top, and the documents of that."""
    own_catalogue = Own(project.root, shown)
    return extended(packaged(), own_catalogue), own_catalogue


def _check_ignored(document: Document, catalogue: Catalogue, extra: Mapping[str, Mapping[str, Field]]) -> None:
    """That what the project's `checks` shall not tell of is something that checks are about."""
    data = document.data if isinstance(document.data, dict) else {}
    checks = data.get("checks")
    listed = checks.get("ignore") if isinstance(checks, dict) else None
    for index, item in enumerate(listed if isinstance(listed, list) else ()):
        name = str(item.get("check") or "") if isinstance(item, dict) else ""
        if "_" in name and name not in catalogue.audits:
            at = ("checks", "ignore", index, "check")
            document.tell("unknown-audit", f"there is no check `{name}`", at, suggestion(name, catalogue.audits))
        of = str(item.get("of") or "") if isinstance(item, dict) else ""
        head = of.partition(".")[0]
        entity = catalogue.entities.get(head)
        about = list(catalogue.entities)
        if entity is not None:
            expected = (known.name for known in entity.expects)
            names = (*entity.fields, *extra.get(head, ()), *entity.relations, *expected)
            about = [head, *(f"{head}.{name}" for name in names)]
        if of and of not in about:
            help = suggestion(of if entity is not None else head, about)
            document.tell(
                "unknown-field",
                f"no check is about `{of[:80]}`",
                ("checks", "ignore", index, "of"),
                help or "write what the warning is about: an `entity` or an `entity.field`",
            )


def bind_source(project: Project, project_document: Document) -> BoundSource:
    """The packaged catalogue with the project's own on top, and its mapping."""
    catalogue, own_catalogue = extended_catalogue(project)
    path = project.root / project.mapping if project.mapping else None
    source, extra, mapping_document = load_mapping(
        catalogue, project.crm, path, project_document, project.source.dialect
    )
    _check_ignored(project_document, catalogue, extra)
    if source is not None:
        source = with_load(catalogue.loads, source, project_document, project.source.dialect)
    written = source
    if source is not None:
        source = _met(project, catalogue, source, extra)
    documents = [*own_catalogue.all(), *([mapping_document] if mapping_document else [])]
    return BoundSource(catalogue, own_catalogue, source, written, extra, documents)


def _tell_absent(document: Document, project: Project, binding: Binding, entities: Iterable[str]) -> None:
    """Entities of a standard report of which it shows nothing, since a table that the project's own mapping
    reads is not there."""
    for name in entities if project.mapping else ():
        lack = binding.source.lacks.get(name)
        if lack is not None and not lack.column:
            document.tell(
                "unknown-table",
                f"nothing is shown of `{name}`: {lack.text}, from which the mapping reads it",
                ("report",),
                lack.help or "name the table under `files` of the project, or leave the entity out of the mapping",
                warning=True,
            )


def _met(
    project: Project, catalogue: Catalogue, source: SourceMap, extra: Mapping[str, Mapping[str, Field]]
) -> SourceMap:
    """The mapping, where it is known without asking a server which tables and columns there are: what they serve of
    it, with their types."""
    dialect, database = project.source.dialect, project.source.database
    if project.source.kind == "files":
        from reportspec.run.files.look_engine import one_engine

        with one_engine():
            source = _with_reads(project, catalogue, source, extra)
            source = served(source, There(project.source.files, _columns_of_files(project, source), dialect))
            # What is not served is not read: its columns need not be what it takes them for.
            source = _with_reads(project, catalogue, source, extra)
            if source.csv_columns != "typed":
                return source
            return with_types(source, catalogue, _columns_of_files(project, source), dialect)
    if database is None or database.table_types is None or not Path(project.source.path).is_file():
        return source
    columns = database.table_types(project.source.path)
    if columns is None:
        return source
    source = with_types(served(source, There(columns, columns, dialect)), catalogue, columns, dialect)
    whole = database.whole_numbers
    if whole is not None and columns:
        source = with_whole_keys(source, catalogue, columns, partial(whole, project.source.path))
    return source


def _with_reads(
    project: Project, catalogue: Catalogue, source: SourceMap, extra: Mapping[str, Mapping[str, Field]]
) -> SourceMap:
    """The mapping with the columns that are read of files."""
    currency = project.currency or ""
    return replace(source, reads=columns_read(catalogue, source, extra, currency))


def _columns_of_files(project: Project, source: SourceMap) -> Mapping[str, Mapping[str, str]]:
    """The columns that the mapping reads with their types; nothing of what cannot be read now, which is told when it
    is asked for."""
    from reportspec.run.files.loading import file_types

    read = {table for entity in source.entities.values() for part in entity.parts for table in tables_of(part)}
    texts = source.csv_columns == "text"
    return {t: file_types(t, spec, source.reads, texts) for t, spec in project.source.files.items() if t in read}


def _report(
    document: Document,
    data: dict[str, Any],
    project: Project,
    binding: Binding,
    language: str,
    locale: str,
    now: datetime,
    clock: bool,
) -> Report | None:
    type_id = data.get("report", "custom")
    preset, label = _preset(document, binding, type_id, language)
    period, compared = _periods(document, data, preset, project, binding, now)
    compare = compared[0][0] if compared else None
    alignment: Align = compared[0][1] if compared else "day"
    as_of = _as_of(document, data, period, binding)
    if data.get("as_of") is not None and as_of is not None and as_of > now + timedelta(days=1):
        document.tell(
            "bad-date",
            "`as_of` lies in the future: figures are as of now until then",
            ("as_of",),
            "leave it out, or name a day that is over",
            warning=True,
        )
    bounds: dict[str, Bounds] = {}
    conditions: list[exp.Expr] = []
    texts: list[str] = []
    for index, spec in enumerate(data.get("filters") or ()):
        problems_before = len(document.problems)
        tree = None
        with document.as_far_as_it_goes():
            tree = condition(binding, document, spec, ("filters", index), bounds)
        if tree is not None and len(document.problems) == problems_before:
            _check_reach(document, binding, preset, tree, ("filters", index))
            conditions.append(tree)
            texts.append(in_words(binding, spec, language, locale))
    if data.get("where"):
        tree = user_condition(document, binding, str(data["where"]), ("where",), data)
        if tree is not None:
            conditions.append(tree)
            texts.append(as_read(str(data["where"]), data))
    each = each_of(document, binding, data, project.root)
    if each is not None:
        # What names several values is nothing for the one who gets a report of one.
        about = [_is_about(binding, tree, each.dimension.field) for tree in conditions]
        texts = [text for text, others in zip(texts, about, strict=True) if not others]
        conditions.append(each.condition)
        texts.append(in_words(binding, {"field": each.dimension.name, "eq": EACH}, language, locale))
        _check_reach(document, binding, preset, each.condition, ("for_each",))
    goals = goals_of(document, data, binding)
    context = Context(
        document,
        data,
        binding,
        language,
        tuple(conditions),
        bounds,
        _grain(period, data, preset),
        period,
        project.fiscal,
        SIDES[: len(compared)],
        _ended(period, as_of, now, binding),
        systems=bool(project.systems),
        goals=goals,
    )
    sections = check_sections(context, preset, goals)
    tell_unshown(document, data, binding, goals, sections)
    tell_shared_goals(document, data, binding, goals, each)
    tell_nothing_shown(context, sections, strict=project.checks.strict)
    _tell_absent(document, project, binding, context.lacking)
    _check_currency(document, data, sections, project, binding)
    in_texts = figures_named(document, data, sections, binding.catalogue.metrics)
    check_currency_of_targets(document, binding, goals, project.currency)
    delivery = None
    with document.as_far_as_it_goes():
        delivery = delivery_of(document, data, sections, each, project.mail, binding)
    if document.broken or period is None or as_of is None:
        return None
    for item in sections:
        if isinstance(item, TrendSection):
            try:
                buckets(period, item.grain, project.fiscal)
            except CalendarError as error:
                document.tell("too-many-steps", error.message, ("sections",), error.help)
    title = str(data.get("title") or label)
    # A period that is not over is told as it stands now, not as of its end to come.
    reached = min(as_of, until(now, binding.zone))
    sides = sides_of(period, compare, reached, binding.zone, alignment)
    second = second_of(period, compared[1][0], reached, binding.zone, compared[1][1]) if len(compared) > 1 else None
    theme = themed(document, data.get("theme") or {}, project.root, project.theme)
    project = replace(project, theme=theme)
    return Report(
        file=document.file,
        id=type_id,
        type_label=label,
        title=title,
        figures_named=in_texts,
        period=period,
        compare=compare,
        as_of=as_of,
        sides=sides,
        conditions=tuple(conditions),
        filter_texts=tuple(texts),
        goals=goals,
        sections=sections,
        project=project,
        binding=binding,
        locale=locale,
        language=language,
        now=now,
        alignment=alignment,
        second=second,
        headline=headline_rules(preset.get("headline"), language) if data.get("headline") not in OFF else NO_HEADLINE,
        titled=bool(data.get("title")),
        each=each,
        delivery=delivery,
        settings=data["__set__"],
        declared=data.get("params") or {},
        params=data["__params__"],
        movable=clock and data.get("as_of") is None,
        required=document.span(("require",)) if data.get("require") == "audit" else None,
    )


SIDES: tuple[SideName, ...] = ("previous", "second")  # of the periods that a report is compared with, in their order


def _check_loaded(project: Project, document: Document, now: datetime) -> None:
    """Tell of data that were loaded in the future: a mistake, or a zone that was left out."""
    loaded = project.loaded_at
    if loaded is None:
        return
    zone = ZoneInfo(project.timezone)
    if (loaded if isinstance(loaded, datetime) else instant(loaded, zone)) > now:
        document.tell(
            "bad-date",
            "`loaded_at` lies in the future",
            ("loaded_at",),
            "write when the data were loaded, with the offset if it is another zone's: 2026-09-30T06:00Z",
        )


def _check_currency(
    document: Document,
    data: Mapping[str, Any],
    sections: Iterable[SectionSpec],
    project: Project,
    binding: Binding,
) -> None:
    """A report in another currency than the project's has no amounts of which the source does not say
    the currency: they are in the project's."""
    if data.get("currency") is None or project.currency in (None, binding.currency):
        return
    for section in sections:
        for metric in section.metrics:
            for part in metrics_needed(binding.catalogue, metric):
                of = part.of
                if of is None or not (part.unit == "currency" or mixes_currencies(binding, part.entity, of)):
                    continue
                if unnamed_amounts(binding, part.entity, of):
                    _tell_currency(document, project, binding, part.entity)
                    return
        for entity, path in section.paths:
            if len(path) > 1 and binding.resolve(entity, path).field.type == "money":
                field = exp.column(path[-1], table=path[0])
                if len(path) > 2 or not needs_currency(binding, entity, field):
                    _tell_currency(document, project, binding, entity)
                    return


def _tell_currency(document: Document, project: Project, binding: Binding, entity: str) -> None:
    message = f"the source does not say in which currency the amounts of `{entity}` are: they are taken for"
    document.tell(
        "no-currency",
        f"{message} {project.currency}, the project's, and cannot be shown in {binding.currency}",
        ("currency",),
        "leave `currency` out, or map theirs, for example `currency: "
        f"\"'{project.currency}'\"`, and exchange rates (`{binding.catalogue.exchange_rates.entity}`)",
    )


def _check_reach(document: Document, binding: Binding, preset: Mapping[str, Any], tree: exp.Expr, path: Place) -> None:
    """A filter that no section of a standard report can apply would leave nothing of it."""
    entities: dict[str, None] = {}
    for section in preset.get("sections", ()):
        if "records" in section:
            entities[section["records"]["entity"]] = None
        for name in section_metrics(section):
            for part in metrics_needed(binding.catalogue, binding.catalogue.metrics[name]):
                entities[part.entity] = None
    reasons: list[Unresolved] = []
    for entity in entities:
        if entity not in binding.catalogue.entities:
            continue  # told elsewhere
        try:
            binding.need_some(entity, tree, listed=True)
            return
        except Unresolved as why:
            reasons.append(why)
    if reasons:
        document.tell(reasons[0].code, f"no section can apply this filter: {reasons[0].message}", path, reasons[0].help)


def _preset(document: Document, binding: Binding, type_id: Any, language: str) -> tuple[Mapping[str, Any], str]:
    if type_id == "custom":
        return EMPTY, word(language, "titles", "custom")
    report_type = binding.catalogue.reports.get(str(type_id))
    if report_type is None:
        known = [*binding.catalogue.reports, "custom"]
        document.tell(
            "unknown-report",
            f"there is no report type `{str(type_id)[:60]}`",
            ("report",),
            suggestion(str(type_id), known) or f"there are {', '.join(known)}",
        )
        return EMPTY, str(type_id)
    return report_type.preset, report_type.label.get(language) or report_type.label["en"]


def _grain(period: Period | None, data: Mapping[str, Any], preset: Mapping[str, Any]) -> str:
    if data.get("grain") in GRAINS:
        return str(data["grain"])
    if preset.get("grain"):
        return str(preset["grain"])
    return default_grain(period) if period else "month"


def _is_about(binding: Binding, tree: exp.Expr, field: Field) -> bool:
    """Whether a condition names values of a field, or the keys or addresses of its entity's records."""
    telling = (field.name, binding.entity(field.entity).key, "email")
    for node in column_nodes(tree):
        path = path_of(node)
        if len(path) < 2:
            continue
        field_read = binding.resolve(path[0], path).field
        if field_read.entity == field.entity and field_read.name in telling:
            return True
    return False


def _periods(
    document: Document,
    data: Mapping[str, Any],
    preset: Mapping[str, Any],
    project: Project,
    binding: Binding,
    now: datetime,
) -> tuple[Period | None, tuple[tuple[Period, Align], ...]]:
    """The report's period, and what it is compared with, each with how the days of the two meet."""
    today = now.astimezone(binding.zone).date()
    try:
        period = parse_period(data.get("period", "last_month"), today, project.fiscal)
    except CalendarError as error:
        document.tell("bad-period", error.message, _part(("period",), error), error.help)
        # What it is compared with is looked at all the same, from a period that is one.
        _, others = _periods(document, {**data, "period": "last_month"}, preset, project, binding, now)
        return None, others
    asked = data.get("compare", preset.get("compare", "none"))
    several = isinstance(asked, list)
    found: list[tuple[Period, Align]] = []
    for index, one in enumerate(asked if several else [asked]):
        place: Place = ("compare", index) if several else ("compare",)
        other = _other(document, one, place, period, project)
        if other is None and several and one in (None, "none"):
            message = "`none` is no period that another comparison stands beside"
            document.tell("bad-period", message, place, "leave it out of the list")
        elif other is not None and (other[0].start, other[0].end) == (period.start, period.end):
            message = "the comparison is with the report's own period"
            help = "write `previous_period`, `previous_year`, or another period"
            document.tell("bad-period", message, _period_of(one, place), help)
        elif other is not None and any(other[0].start == one.start and other[0].end == one.end for one, _ in found):
            message = "both comparisons are with the same days"
            document.tell("bad-period", message, place, "name another period, or leave one of the two out")
        elif other is not None:
            found.append(other)
    return period, tuple(found)


def _other(
    document: Document, compare: Any, place: Place, period: Period, project: Project
) -> tuple[Period, Align] | None:
    """A period that the report's is compared with, and how the days of the two meet; None where it is with none, or
    what is written is none, which is told."""
    alignment: Align = "day"
    if isinstance(compare, Mapping):
        alignment = "weekday" if compare.get("align") == "weekday" else "day"
        if "period" in compare:
            if "from" in compare or "to" in compare:
                document.tell(
                    "bad-period",
                    "`compare` has a `period` and `from` or `to`",
                    place,
                    "leave one of the two out",
                )
            compare = compare["period"]
    if compare in (None, "none"):
        return None
    try:
        return compared_with(compare, period, project.fiscal, alignment), alignment
    except CalendarError as error:
        meant = _ALSO_COMPARED.get(str(compare).lower().replace("-", "_").replace(" ", "_"))
        help: str | None = meant_by(str(compare), meant) if meant else None
        help = help or suggestion(str(compare), ("previous_period", "previous_year", "none"))
        if help is None and error.help == EXAMPLES:
            help = "write `previous_period`, `previous_year`, `none` or a period such as `2025-Q3`"
        help = help or error.help
        document.tell("bad-period", error.message, _part(place, error), help)
        return None


# What others call the periods that one compares with.
_PERIODS = ("period", "day", "week", "month", "quarter", "half", "year")
_ALSO_COMPARED = dict.fromkeys(
    (
        *(
            "year_ago",
            "a_year_ago",
            "yoy",
            "year_over_year",
            "year_on_year",
            "prior_year",
            "year_before",
            "same_period_last_year",
        ),
        *(
            "anno_precedente",
            "anno_scorso",
            "vorjahr",
            "letztes_jahr",
            "année_précédente",
            "annee_precedente",
            "an_dernier",
        ),
        *("année_dernière", "annee_derniere", "año_anterior", "ano_anterior", "año_pasado", "ano_pasado"),
    ),
    "previous_year",
) | dict.fromkeys(
    (
        *("pop", "mom", "qoq", "wow", "period_over_period", "month_over_month", "quarter_over_quarter"),
        # Those of the report's period, and not of today, as `last_quarter` is.
        *(f"{word}_{what}" for word in ("previous", "prior", "preceding") for what in _PERIODS if what != "year"),
        *("last_period", "previous"),
        *("periodo_precedente", "vorperiode", "vorzeitraum", "période_précédente", "periode_precedente"),
        *("período_anterior", "periodo_anterior"),
        *(f"{what}_precedente" for what in ("mese", "trimestre", "settimana")),
        *("vormonat", "vorquartal", "vorwoche", "mois_précédent", "trimestre_précédent", "mes_anterior"),
        "trimestre_anterior",
    ),
    "previous_period",
)


def _period_of(compare: Any, place: Place) -> Place:
    return (*place, "period") if isinstance(compare, Mapping) and "period" in compare else place


def _part(place: Place, error: CalendarError) -> Place:
    return place if error.part == "whole" else (*place, error.part)


def _ended(period: Period | None, as_of: datetime | None, now: datetime, binding: Binding) -> bool:
    """Whether a report is told at the end of its period or later."""
    if period is None or as_of is None:
        return False
    return min(as_of, until(now, binding.zone)) >= instant(period.end, binding.zone)


def _as_of(document: Document, data: Mapping[str, Any], period: Period | None, binding: Binding) -> datetime | None:
    if data.get("as_of") is not None:
        try:
            as_of = parse_as_of(data["as_of"], binding.zone)
        except CalendarError as error:
            document.tell("bad-date", error.message, ("as_of",), error.help)
            return None
        if period is not None and as_of < instant(period.start, binding.zone):
            document.tell(
                "bad-date",
                f"`as_of` lies before the period, which begins on {period.start}",
                ("as_of",),
                "leave it out (the period's end), or choose an earlier `period`",
            )
        return as_of
    return instant(period.end, binding.zone) if period else None
