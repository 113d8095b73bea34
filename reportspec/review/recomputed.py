"""A report that was sent, computed again over today's data: which of its figures are others, and which rows did it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sqlglot import exp

from reportspec.building import Order, load, make
from reportspec.calendar import Period
from reportspec.check.project import find_project
from reportspec.check.report import Checked, check_document
from reportspec.compile import compile_report
from reportspec.diagnostics import Diagnostic, in_order
from reportspec.errors import ReportspecError, SourceError
from reportspec.expression.sandbox import parse
from reportspec.lazy_dataclass import dataclass
from reportspec.measures.win_chances import reads_chances
from reportspec.model.spec import EACH, Report, SectionSpec
from reportspec.problems import problems_of
from reportspec.resolve.binding import Unresolved
from reportspec.resolve.document import written_document
from reportspec.review.explained_row import Settled
from reportspec.review.moved_rows import Accounted, accounted
from reportspec.review.printed import SPEC, ChangedCell, Printed, changed_cells, printed_in, rows_of
from reportspec.verify import MISSING, Verified, verified

if TYPE_CHECKING:
    from reportspec.model.figures import Figures

MOST_ACCOUNTED = 30  # figures of which it is looked which rows made them others


@dataclass(frozen=True, slots=True)
class Restatement:
    """What became of the figures of a report that was sent. `changed` has those that are others, each with the rows
    that did it where that can be told; `notes` say what else is to be known (a statement that is another one, filters
    that are), and `lost` which tables there are no more. Where it could not be computed, `why` says so."""

    file: str
    printed: Printed | None
    changed: tuple[tuple[ChangedCell, Accounted | None], ...] = ()
    compared: int = 0
    notes: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    why: str = ""

    @property
    def same(self) -> bool:
        """Whether all figures are the same today."""
        return not (self.why or self.changed or self.lost)


@dataclass(frozen=True, slots=True)
class Recomputing:
    """What is asked: at which instant, the project's file, a spec in place of the copy in the PDF, values for params,
    the environment, a period in place of the one that the PDF has."""

    now: datetime
    project: Path | None
    spec: Path | None
    settings: Mapping[str, str]
    environment: Mapping[str, str]
    period: str | None = None


def recomputed(path: Path, asked: Recomputing) -> tuple[Restatement, tuple[Diagnostic, ...], Mapping[str, str]]:
    """What became of the figures of a PDF; with what is to be told of its spec and its source, and the texts of the
    files that this points into."""
    found = verified(path)
    why = _unfit(found)
    if why:
        return Restatement(str(path), None, why=why), (), {}
    printed = printed_in(path, found.told)
    why = _unknown_spec(printed, asked)
    if why:
        return Restatement(str(path), printed, why=why), (), {}
    checked = _checked(printed, asked)
    told = in_order(checked.diagnostics)
    if checked.broken or checked.report is None:
        what = "the copy of its spec" if asked.spec is None else f"`{asked.spec}`"
        help = "" if asked.spec is not None else "; `--spec FILE` takes another one"
        return (
            Restatement(str(path), printed, why=f"{what} does not pass the checks of today{help}"),
            told,
            checked.texts,
        )
    report = checked.report
    if (report.period.start, report.period.end) != printed.period:
        return Restatement(str(path), printed, why=_of_another_period(printed, report.period)), told, checked.texts
    if report.id != printed.report:
        why = f"`{asked.spec}` is of the type `{report.id}`, and the PDF of `{printed.report}`: name its own spec"
        return Restatement(str(path), printed, why=why), told, checked.texts
    try:
        only = (printed.each[1],) if printed.each is not None else ()
        made = make(asked.spec or Path(SPEC), report, only)
        if not made.figures:
            return Restatement(str(path), printed, why="there is no report of that value today"), told, checked.texts
        return _compared(str(path), printed, report, made.figures[0][1]), told, checked.texts
    except ReportspecError as error:
        problems = problems_of(asked.spec or Path(SPEC), error, report)
        return (
            Restatement(str(path), printed, why="its figures cannot be computed today"),
            (*told, *problems),
            checked.texts,
        )


def _unfit(found: Verified) -> str:
    """Why a PDF is not computed again."""
    if found.intact:
        return ""
    what = (*found.problems, *found.unknown)[0]
    if what == MISSING:
        return what
    return f"it is not known to be as it was built, so that its figures are no one's: {what}"


def _unknown_spec(printed: Printed, asked: Recomputing) -> str:
    if asked.spec is not None:
        return ""
    if printed.each is not None:
        lacks = "whose copy of the spec lacks what is of others"
        return f"it is the report of one value of `for_each`, {lacks}: name the spec by `--spec FILE`"
    return "" if printed.spec is not None else "it has no copy of its spec: name the spec by `--spec FILE`"


def _checked(printed: Printed, asked: Recomputing) -> Checked:
    """The spec as of the report's instant: words such as `last_month` mean what they meant, and where they do not, the
    PDF's own days are named."""
    for wanted in dict.fromkeys((asked.period, _named(printed))):
        checked = _as_of(printed, asked, wanted, printed.as_of)
        report = checked.report
        if report is None or (report.period.start, report.period.end) == printed.period:
            break
    # What the source does not tell of a date that lay in the past already was no figure then, and is none today.
    past = printed.data_as_of is not None and printed.data_as_of > printed.as_of
    if past and report is not None:
        later = _as_of(printed, asked, _named(printed), asked.now)
        if later.report is not None and later.report.reached == report.reached:
            return later
    return checked


def _as_of(printed: Printed, asked: Recomputing, period: str | None, now: datetime) -> Checked:
    """The spec checked as of an instant: the one that is named, else the copy in the PDF."""
    order = Order(now, asked.environment, asked.settings, period)
    if asked.spec is not None:
        return load(asked.spec, order)
    document = written_document(printed.spec or "", "report", SPEC)
    place = asked.project or find_project(Path.cwd() / SPEC)
    return check_document(document, place, order.now, order.environment, settings=order.settings, period=period)


def _named(printed: Printed) -> str:
    """A period as a spec names it: of a month, a quarter or a year by its name, else from its first day to its last."""
    start, end = printed.period
    last = end - timedelta(days=1)
    months = (end.year - start.year) * 12 + end.month - start.month
    if start.day == end.day == 1:
        if months == 1:
            return f"{start.year:04}-{start.month:02}"
        if months == 3 and start.month % 3 == 1:
            return f"{start.year:04}-Q{(start.month + 2) // 3}"
        if months == 12 and start.month == 1:
            return f"{start.year:04}"
    return start.isoformat() if start == last else f"{start.isoformat()}..{last.isoformat()}"


def _of_another_period(printed: Printed, period: Period) -> str:
    start, end = printed.period
    return (
        f"the spec is of {period.start} to before {period.end} and the PDF of {start} to before {end}:"
        " name the PDF's period with `--period`"
    )


def _compared(file: str, printed: Printed, report: Report, figures: Figures) -> Restatement:
    cells, lost, _ = changed_cells(printed.tables, figures)
    filtered, others = printed.filters != figures.filters, _other_statements(printed, figures)
    shown = []
    known: dict[tuple[str, tuple[str, ...]], Accounted | None] = {}
    settled = Settled(report)
    for cell in cells:
        key = (cell.metric, (cell.section, *cell.row))
        of_data = cell.value and bool(cell.metric) and not filtered and cell.section not in others
        if of_data and key not in known and len(known) < MOST_ACCOUNTED:
            known[key] = _accounted(report, settled, printed, cell)
        shown.append((cell, known.get(key) if cell.value else None))
    count = sum(len(rows_of(text)) - 1 for text in printed.tables.values())
    queries = [compiled.query for compiled in compile_report(report) if compiled.query.section in others]
    learned = any(reads_chances(report.binding, query) for query in queries)
    notes = _notes(printed, figures, others, learned=learned)
    return Restatement(file, printed, tuple(shown), count, notes, tuple(lost))


def _other_statements(printed: Printed, figures: Figures) -> list[str]:
    """The sections whose statements are others than they were."""
    now: dict[str, list[str]] = {}
    then: dict[str, list[str]] = {}
    for statement in figures.statements:
        now.setdefault(statement.section, []).append(statement.sql_hash)
    for section, sql in printed.statements:
        then.setdefault(section, []).append(sql)
    return [name for name, of in then.items() if sorted(of) != sorted(now.get(name, of))]


def _notes(printed: Printed, figures: Figures, others: list[str], *, learned: bool) -> tuple[str, ...]:
    """What else is other than it was, so that it is not the data alone; `learned` if statements have chances in them
    that the data taught."""
    notes = []
    if printed.filters != figures.filters:
        then, now = (", ".join(one) or "none" for one in (printed.filters, figures.filters))
        notes.append(f"its filters were {then} and are {now}: give params their values of then with `--set NAME=VALUE`")
    if others:
        why = "the chances in them, which the data teach, " if learned else ""
        notes.append(
            f"the statements of {', '.join(others)} are others than they were: {why}the mapping, the metrics, the"
            f" source's types or the program changed since (then: {printed.made_by}); which rows changed is not looked"
            " for there"
        )
    return tuple(notes)


def _accounted(report: Report, settled: Settled, printed: Printed, cell: ChangedCell) -> Accounted | None:
    """Which rows made a figure another one; None of cells that no condition tells."""
    spec = next((one for one in report.sections if one.id == cell.section), None)
    if spec is None or not (cell.then is None or isinstance(cell.then, float)):
        return None
    own = _of_row(spec, cell)
    if own is None:
        return None
    conditions = (*spec.conditions, *_of_value(report, printed))
    try:
        over = settled.of(cell.metric)
        metric = over.binding.catalogue.metrics[cell.metric]
        return accounted(over, metric, conditions, cell.then, printed.data_as_of, own)
    except (Unresolved, SourceError):
        return None


def _of_row(spec: SectionSpec, cell: ChangedCell) -> tuple[exp.Expr, ...] | None:
    """What the rows of a table's row fulfil: none of a tile; of a table by one field of texts that they have its
    value. None where no condition says it."""
    if not cell.row:
        return ()
    if len(spec.dimensions) != 1 or len(cell.row) != 1 or not cell.row[0]:
        return None
    [dimension] = spec.dimensions
    if dimension.bins or dimension.key or dimension.called or dimension.field.type != "text":
        return None
    if dimension.field.value_labels:
        return None
    name = parse(".".join(dimension.path), packaged=True)
    return (exp.EQ(this=name, expression=exp.Literal.string(cell.row[0])),)


def _of_value(report: Report, printed: Printed) -> tuple[exp.Expr, ...]:
    """That rows belong to the value of `for_each` that the PDF is of."""
    if report.each is None or printed.each is None:
        return ()
    value = printed.each[1]

    def named(node: exp.Expr) -> exp.Expr:
        mark = isinstance(node, exp.Literal) and node.is_string and node.this == EACH
        return exp.Literal.string(value) if mark else node

    return (report.each.condition.copy().transform(named),)
