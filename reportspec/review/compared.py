"""Two reports held against each other: their definitions, their statements, and their figures, with what the change of
each figure consists of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportspec.building import Order, load, make
from reportspec.compile import Program, compile_report
from reportspec.databases import dialect_named
from reportspec.diagnostics import Diagnostic, in_order
from reportspec.errors import ReportspecError, SourceError
from reportspec.lazy_dataclass import dataclass
from reportspec.model.spec import EACH, Report
from reportspec.problems import problems_of
from reportspec.reference.explanation import explained, shown_by
from reportspec.resolve.binding import Unresolved
from reportspec.review.explained_row import Settled
from reportspec.review.printed import ChangedCell, changed_in_figures, rows_of, tables_of
from reportspec.review.row_changes import Decomposed, decomposed

if TYPE_CHECKING:
    from reportspec.model.figures import Figures

MOST_DECOMPOSED = 30
# What of a metric's explanation is its definition.
_DEFINES = ("definition", "caveat", "formula", "filters", "within", "counted")


@dataclass(frozen=True, slots=True)
class Made:
    """A side of a comparison: how it is called, the report, and its figures."""

    name: str
    report: Report
    figures: Figures


@dataclass(frozen=True, slots=True)
class Unmade:
    """A side that cannot be made, with what is wrong, and the texts of the files that this points into."""

    name: str
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ChangedDefinition:
    """What of a metric's definition is another: its part, and what it was and is. A metric or section that is on one
    side alone has no other text."""

    of: str
    part: str
    then: str
    now: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two reports: definitions, the sections whose statements do (with a unified diff of them),
    and figures, each with what its change consists of where that can be told; of how many cells; and notes."""

    first: str
    second: str
    definitions: tuple[ChangedDefinition, ...]
    statements: tuple[tuple[str, str], ...]
    figures: tuple[tuple[ChangedCell, Decomposed | None], ...]
    compared: int
    notes: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.definitions or self.statements or self.figures)


def beyond(cells: Iterable[ChangedCell], threshold: float) -> list[ChangedCell]:
    """The figures that changed by more than a share of what they were; of texts, and rows of one side, all."""
    return [cell for cell in cells if _share(cell) > threshold]


def _share(cell: ChangedCell) -> float:
    if not isinstance(cell.then, float) or not isinstance(cell.now, float) or not cell.then:
        return float("inf")
    return abs(cell.now - cell.then) / abs(cell.then)


def side(name: str, path: Path, order: Order) -> Made | Unmade:
    """A spec with its figures, those of all values of `for_each` together."""
    checked = load(path, order)
    told = in_order(checked.diagnostics)
    if checked.broken or checked.report is None:
        return Unmade(name, told, checked.texts)
    report = _of_all(checked.report)
    try:
        figures = make(path, report).figures[0][1]
    except ReportspecError as error:
        return Unmade(name, (*told, *problems_of(path, error, report)), checked.texts)
    return Made(name, report, figures)


def _of_all(report: Report) -> Report:
    """The report of all values of `for_each`, with the keys of what it lists, over the very file of its source where
    its path is a link to it."""
    conditions = tuple(
        tree
        for tree in report.conditions
        if not any(node.name == EACH for node in tree.walk() if node.key == "literal")
    )
    source = report.project.source
    if source.path and "://" not in source.path and Path(source.path).exists():
        source = replace(source, path=str(Path(source.path).resolve()))
        report = replace(report, project=replace(report.project, source=source))

    def key_of(entity: str) -> str | None:
        key = report.binding.entity(entity).key
        return key if key is not None and report.binding.gives(entity, key) else None

    sections = tuple(section.keyed(key_of) for section in report.sections)
    return replace(report, sections=sections, conditions=conditions, each=None)


def difference(first: Made, second: Made) -> Difference:
    """What differs between two reports."""
    notes = []
    cells, lost, fresh = changed_in_figures(first.figures, second.figures)
    periods = [(one.report.period.start, one.report.period.end) for one in (first, second)]
    alike = periods[0] == periods[1] and first.report.reached == second.report.reached
    if not alike:
        notes.append("they are of different times, which their statements have in them: those are not compared")
        cells = [cell for cell in cells if cell.value or not cell.metric]  # what came before is of other times, too
    if periods[0] != periods[1]:
        steps = {section.id for section in (*first.figures.sections, *second.figures.sections) if _over_time(section)}
        cells = [cell for cell in cells if cell.section not in steps]
        if steps:
            notes.append(f"the steps of {', '.join(sorted(steps))} are of different periods, and not compared")
    if lost:
        notes.append(f"only in {first.name}, or with other columns: {', '.join(lost)}")
    if fresh:
        notes.append(f"only in {second.name}: {', '.join(fresh)}")
    if first.report.binding.currency != second.report.binding.currency:
        notes.append(f"amounts are in {first.report.binding.currency} and in {second.report.binding.currency}")
    count = sum(len(rows_of(text)) - 1 for _, text in tables_of(second.figures).values())
    return Difference(
        first.name,
        second.name,
        tuple(_definitions(first.report, second.report, alike=alike)),
        tuple(_statements(first, second)) if alike else (),
        tuple(_with_rows(first, second, cells)),
        count,
        tuple(notes),
    )


def _over_time(section: Any) -> bool:
    return any(column.role == "period" for column in section.columns)


def _definitions(first: Report, second: Report, *, alike: bool) -> list[ChangedDefinition]:
    found = []
    sides = [_all_defined(report, alike=alike) for report in (first, second)]
    for name in dict.fromkeys((*sides[0], *sides[1])):
        then, now = sides[0].get(name), sides[1].get(name)
        if then is None or now is None:
            found.append(
                ChangedDefinition(name, "metric", "" if then is None else "shown", "" if now is None else "shown")
            )
            continue
        for part in dict.fromkeys((*then, *now)):
            if then.get(part, "") != now.get(part, ""):
                found.append(ChangedDefinition(name, part, then.get(part, ""), now.get(part, "")))
    sections = [{section.id: section.kind for section in report.sections} for report in (first, second)]
    for name in dict.fromkeys((*sections[0], *sections[1])):
        kinds = [of.get(name, "") for of in sections]
        if kinds[0] != kinds[1]:
            found.append(ChangedDefinition(name, "section", *kinds))
    return found


def _all_defined(report: Report, *, alike: bool) -> dict[str, dict[str, str]]:
    """The definitions of a report's metrics. What is asked besides goes by the period, such as a forecast's; of reports
    of different times what sections themselves say stands for it."""
    program = compile_report(report)
    found = {name: _defined(report, program, name) for name in shown_by(report)}
    for name in () if alike else found:
        sections = [one for one in report.sections if name in {metric.id for metric in one.metrics}]
        found[name]["within"] = _text(
            [f"{one.id}: {tree.sql('duckdb')}" for one in sections for tree in one.conditions]
        )
    return found


def _defined(report: Report, program: Program, name: str) -> dict[str, str]:
    """A metric's definition, by its parts; those of what it is made of with their names before them."""
    told = asdict(explained(report, report.binding.catalogue.metrics[name], program, sql=False))
    parts: dict[str, str] = {}
    for part in _DEFINES:
        if part != "counted":
            parts[part] = _text(told[part])
            continue
        for one in told[part]:
            own = {key: _text(value) for key, value in one.items() if key not in ("metric", "fields")}
            own |= {f["field"]: _text([*f["source"], *f["made_of"]]) for f in one["fields"]}
            parts |= {key if one["metric"] == name else f"{one['metric']}: {key}": text for key, text in own.items()}
    return parts


def _text(value: Any) -> str:
    return "; ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _statements(first: Made, second: Made) -> list[tuple[str, str]]:
    """The sections of both whose statements differ, with a unified diff of these."""
    texts = []
    for made in (first, second):
        by_section: dict[str, list[str]] = {}
        for statement in made.figures.statements:
            by_section.setdefault(statement.section, []).append(statement.sql)
        texts.append(by_section)
    found = []
    for name in texts[0].keys() & texts[1].keys():
        if sorted(texts[0][name]) != sorted(texts[1][name]):
            then, now = (_pretty(made, texts[at][name]) for at, made in enumerate((first, second)))
            diff = unified_diff(then, now, f"{first.name}: {name}", f"{second.name}: {name}", lineterm="")
            found.append((name, "\n".join(diff)))
    return sorted(found)


def _pretty(made: Made, texts: Sequence[str]) -> list[str]:
    from sqlglot import parse_one
    from sqlglot.errors import SqlglotError

    dialect = dialect_named(made.report.project.source.dialect)
    lines = []
    for text in texts:
        try:
            lines += parse_one(text, read=dialect.sqlglot).sql(dialect.sqlglot, pretty=True).splitlines()
        except SqlglotError:
            lines += text.splitlines()
    return lines


def _with_rows(first: Made, second: Made, cells: Sequence[ChangedCell]) -> list[tuple[ChangedCell, Decomposed | None]]:
    """Each figure with what its change consists of, of those that stand in tiles."""
    known: dict[tuple[str, str], Decomposed | None] = {}
    sides = [(made, Settled(made.report)) for made in (first, second)]
    found: list[tuple[ChangedCell, Decomposed | None]] = []
    for cell in cells:
        key = (cell.metric, cell.section)
        if not (cell.value and cell.metric and not cell.row):
            found.append((cell, None))
            continue
        if key not in known and len(known) < MOST_DECOMPOSED:
            known[key] = _decomposed(sides, cell)
        found.append((cell, known.get(key)))
    return found


def _decomposed(made_twice: Sequence[tuple[Made, Settled]], cell: ChangedCell) -> Decomposed | None:
    sides = []
    try:
        for made, settled in made_twice:
            spec = next((one for one in made.report.sections if one.id == cell.section), None)
            metric = made.report.binding.catalogue.metrics.get(cell.metric)
            if spec is None or metric is None:
                return None
            sides.append((settled.of(metric.id), metric, spec.conditions))
        return decomposed(sides[0], sides[1])
    except (Unresolved, SourceError):
        return None
