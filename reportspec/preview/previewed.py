"""A spec as it is previewed: built for what was chosen in the page, with what is wrong with it, the last good page
where it cannot be built, and what each figure is made of."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reportspec.building import Built, Order, built_of, load
from reportspec.check.own_catalogue import FOLDERS
from reportspec.check.report import Checked
from reportspec.diagnostics import Diagnostic
from reportspec.errors import ReportspecError
from reportspec.lazy_dataclass import dataclass
from reportspec.preview.figure_details import FigureDetails, details_of
from reportspec.preview.kept_answers import AskAnew, KeptAnswers
from reportspec.preview.source_stamp import source_files
from reportspec.preview.watched_files import WatchedFiles
from reportspec.problems import problems_of
from reportspec.render.figure_marks import mark_of, marked_figure
from reportspec.review.figure_rows import SideAsked
from reportspec.timings import Timings

if TYPE_CHECKING:
    from reportspec.model.figures import Figures
    from reportspec.model.spec import Report

MOST_PAGES = 12  # that are kept
_FRESH = timedelta(minutes=15)  # how long a clock that was read once is still the time of the report


@dataclass(frozen=True, slots=True)
class Choices:
    """What was chosen in the page: values of params that are not their defaults, a period in place of the spec's, a
    value of `for_each`. Empty where nothing was."""

    settings: tuple[tuple[str, str], ...] = ()
    period: str = ""
    each: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A report that was built: its HTML, the report and the figures that it shows, its warnings."""

    id: str
    html: str
    title: str
    report: Report
    figures: Figures
    value: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What there is to show. `page` is the last good one, where it is of before (`stale`) or there is none (None);
    `params` are the spec's, with their values; `period` is the one that the report is of, as it is asked for; `values`
    are those of `for_each`, and `value` the one that is shown; `read` is when the source was first asked for what is
    shown; `seconds` is what building took, `asked` how many statements were run."""

    revision: int
    page: Page | None
    stale: bool
    diagnostics: tuple[Diagnostic, ...]
    texts: Mapping[str, str]
    params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    period: str = ""
    values: tuple[str, ...] = ()
    value: str = ""
    read: datetime | None = None
    seconds: float = 0.0
    asked: int = 0
    source: str = ""


class Previewed:
    """A spec that is previewed. What builds and what asks are let in one at a time."""

    def __init__(self, spec: Path, order: Order, *, personal: bool = False) -> None:
        self.spec, self.personal = spec, personal
        self._order = order
        self._answers = KeptAnswers()
        self._watched = WatchedFiles(spec)
        self._lock = threading.Lock()
        self._built: OrderedDict[tuple[int, Choices], Preview] = OrderedDict()
        self._pages: OrderedDict[str, Page] = OrderedDict()
        self._good: dict[Choices, Page] = {}
        self._values: tuple[str, ...] = ()
        self._now = order.now
        self._files: tuple[Path, ...] = ()
        self.revision = 1
        self.changed = threading.Condition()

    # --- what changes ---------------------------------------------------------------------------

    def look(self) -> bool:
        """Whether any file that the report reads has changed since this was asked last; who waits for it is told."""
        changed = self._watched.changed()
        if changed:
            self._next()
        return changed

    def read_again(self) -> None:
        """Forget what the source has said, and build again."""
        with self._lock:
            self._answers.forget()
            self._now = datetime.now(UTC)
        self._next()

    def wait(self, revision: int, seconds: float) -> int:
        """The revision that there is, as soon as it is another one, or after so many seconds."""
        with self.changed:
            self.changed.wait_for(lambda: self.revision != revision, seconds)
            return self.revision

    def _next(self) -> None:
        with self.changed:
            self.revision += 1
            self.changed.notify_all()

    def close(self) -> None:
        """End what runs in the source."""
        self._answers.close()

    # --- building -------------------------------------------------------------------------------

    def preview(self, choices: Choices) -> Preview:
        """What there is to show, built where it is not yet."""
        with self._lock:
            revision = self.revision
            key = (revision, choices)
            if key not in self._built:
                self._built[key] = self._build(revision, choices)
                while len(self._built) > MOST_PAGES:
                    self._built.popitem(last=False)
            return self._built[key]

    def page(self, id: str) -> Page | None:
        """A page by its id, if it is still kept."""
        return self._pages.get(id)

    def _build(self, revision: int, choices: Choices) -> Preview:
        since, asked, began = time.perf_counter(), self._answers.asked, time.time_ns()
        order = self._order_for(choices)
        checked = load(self.spec, order)
        if order.clock and checked.report is not None and self._answers.outdated(checked.report.project.source):
            self._now = datetime.now(UTC)
            order = self._order_for(choices)
            checked = load(self.spec, order)
        self._watch(checked, began)
        if checked.broken or checked.report is None:
            found = Preview(revision, None, stale=False, diagnostics=checked.diagnostics, texts=checked.texts)
            found = replace(found, values=self._values, value=choices.each)
        else:
            found = self._made(revision, choices, checked, order)
        if found.page is None:
            good = self._good.get(choices) or next(reversed(self._good.values()), None)
            found = replace(found, page=good, stale=good is not None)
        else:
            self._good.pop(choices, None)
            self._good[choices] = found.page
            while len(self._good) > MOST_PAGES:
                self._good.pop(next(iter(self._good)))
        read = self._answers.since if found.page is not None else None
        spent = time.perf_counter() - since
        return replace(found, read=read, seconds=spent, asked=self._answers.asked - asked)

    def _order_for(self, choices: Choices) -> Order:
        """The order for what was chosen. Its clock is that of the time at which the source was read, so that the same
        statements are asked; after a while, and where the source is read again, it is read anew."""
        order = self._order
        if order.clock:
            now = datetime.now(UTC)
            if now - self._now > _FRESH:
                self._now = now
            order = replace(order, now=self._now)
        settings = {**order.settings, **dict(choices.settings)}
        return replace(order, settings=settings, period=choices.period or order.period)

    def _made(self, revision: int, choices: Choices, checked: Checked, order: Order) -> Preview:
        report = checked.report
        assert report is not None
        declared = {name: spec for name, spec in report.declared.items() if isinstance(spec, dict)}
        params = {name: {**spec, "value": report.params.get(name)} for name, spec in declared.items()}
        base = Preview(
            revision,
            None,
            stale=False,
            diagnostics=checked.diagnostics,
            texts=checked.texts,
            params=params,
            period=report.period.name,
            source=report.project.source.label,
        )
        try:
            built = self._asked(checked, report, order, choices)
        except ReportspecError as error:
            return replace(base, diagnostics=(*base.diagnostics, *problems_of(self.spec, error, report)))
        base = replace(base, diagnostics=built.diagnostics, texts={**base.texts, **built.texts})
        if report.each is not None:
            base = replace(base, values=self._values, value=choices.each)
        if built.made is None or built.made.settled is None:
            return base
        value, figures = built.made.figures[0]
        if report.each is not None:
            self._values = built.made.values
            base = replace(base, values=self._values, value=value.value)
        try:
            settled = built.made.settled
            settled = replace(settled, project=replace(settled.project, source=report.project.source))
            page = self._laid_out(settled, figures, value.value, built.spec_text)
        except (ReportspecError, OSError) as error:
            return replace(base, diagnostics=(*base.diagnostics, *problems_of(self.spec, error, report)))
        return replace(base, page=page)

    def _asked(self, checked: Checked, report: Report, order: Order, choices: Choices) -> Built:
        """The figures, over what the source has said already so far as it is of one state. Raises ReportspecError."""
        for _ in range(3):
            try:
                with self._answers.building(report) as kept:
                    only: tuple[str, ...] = (choices.each,) if choices.each else ()
                    if report.each is not None and not only:
                        only = self._first_value(kept)
                    checked.report = kept
                    order = replace(order, only=only)
                    audit = partial(self._audited, checked.texts)
                    return built_of(self.spec, checked, order, Timings(), lambda findings, texts: None, audit)
            except AskAnew:
                continue
        raise AssertionError("nothing is kept, and something is missing beside it")

    def _audited(self, texts: Mapping[str, str], report: Report) -> Report:
        """The report with what it shows of an audit, which is made again where the data or what is checked changed."""
        from reportspec.audit.of_report import audited_by, audits_for, with_audits

        others = tuple(sorted((name, text) for name, text in texts.items() if name != str(self.spec)))
        audits = self._answers.known(("audit", others, audited_by(report)), lambda: audits_for(report))
        return with_audits(report, audits)

    def _first_value(self, report: Report) -> tuple[str, ...]:
        """The first value of `for_each`, which is shown where none was chosen. Raises SourceError."""
        from reportspec.burst.values import values_of
        from reportspec.compile import compile_report, listing
        from reportspec.contract.fit import fitted
        from reportspec.contract.survey import ask

        fit = fitted(compile_report(report)).report
        [table] = ask(fit, [listing(fit)])
        return tuple(one.value for one in values_of(fit, table))[:1]

    def _laid_out(self, report: Report, figures: Figures, value: str, spec_text: str) -> Page:
        """The page of some figures; the one that there is, where it is the same."""
        from reportspec.formats.html import as_html
        from reportspec.spec_copy import spec_copy

        if value:
            from reportspec.burst.burst import report_for

            report = report_for(report, value)
        figures = replace(figures, marked=True)
        html = as_html(figures, spec_copy(spec_text, figures.each))
        same = next((page for page in reversed(self._pages.values()) if page.html == html), None)
        id = same.id if same is not None else secrets.token_urlsafe(8)
        page = Page(id, html, figures.title, report, figures, value)
        self._pages[id] = page
        self._pages.move_to_end(id)
        while len(self._pages) > MOST_PAGES:
            self._pages.popitem(last=False)
        return page

    def _watch(self, checked: Checked, began: int) -> None:
        """Look after all files that a spec was checked with, and those of its source."""
        files = [Path(name) for name in checked.texts if not name.startswith("--")]
        report = checked.report
        root = self._root(checked)
        if root is not None:
            files += [root / folder for folder in FOLDERS]
        if report is not None:
            files += source_files(report.project.source)
            if report.project.source.kind == "files":  # months of an export come and go
                files += {file.parent: None for file in source_files(report.project.source)}
        else:
            files += self._files
        self._files = tuple(dict.fromkeys(files))
        self._watched.reads(files, root, began)

    def _root(self, checked: Checked) -> Path | None:
        from reportspec.check.project import find_project

        if checked.report is not None:
            return checked.report.project.root
        project = find_project(self.spec)
        return project.parent if project is not None else None

    # --- what figures are made of ---------------------------------------------------------------

    def details(self, page_id: str, mark: str, side: SideAsked) -> FigureDetails | None:
        """What a figure of a page is made of; None where there is none such any more. Raises SourceError."""
        page, place = self.page(page_id), mark_of(mark)
        found = marked_figure(page.figures, place) if page is not None and place is not None else None
        if page is None or found is None:
            return None
        with self._lock:
            for _ in range(3):
                try:
                    if not self._answers.stamped:  # of a server rows are those of now
                        return details_of(page.report, found, side)
                    with self._answers.building(page.report) as report:
                        return details_of(report, found, side)
                except AskAnew:
                    continue
        raise AssertionError("nothing is kept, and something is missing beside it")
