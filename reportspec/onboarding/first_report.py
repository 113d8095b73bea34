"""The first report of a project: which one, of which period, and its making."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from reportspec.diagnostics import Diagnostic, counted
from reportspec.onboarding.basis import Basis
from reportspec.onboarding.drafts import Draft
from reportspec.onboarding.name_words import dated_fields
from reportspec.onboarding.project_files import beside, free_name, written
from reportspec.onboarding.recognise import dated_by
from reportspec.onboarding.wish import NoStart, Started, Tell, Wish

if TYPE_CHECKING:
    from reportspec.building import Built, Order
    from reportspec.resolve.binding import Binding


def made_of(
    wish: Wish, trial: Path, files: Mapping[str, str], tried: Mapping[str, str], report: str, order: Order, tell: Tell
) -> Started:
    """A project with its first report, all written at once at the end: who breaks it off before leaves nothing. The
    report is made in a folder for trial, of files that say the same of it. Raises NoStart."""
    tell("the first report")
    replaced(trial, tried)
    built, pdf = _pdf(trial, f"specs/{report}.yaml", order)
    return left(wish, trial, files, built.diagnostics, report, pdf)


def left(
    wish: Wish,
    trial: Path,
    files: Mapping[str, str],
    told: Iterable[Diagnostic],
    report: str = "",
    pdf: bytes | None = None,
) -> Started:
    """A project as it is written, with its first report where one was made, and what was told of its files in the
    folder for trial. Raises NoStart."""
    folder = wish.folder
    whole: dict[str, str | bytes] = {**files}
    name = f"out/{report}.pdf"
    if pdf is not None:
        name = free_name(folder, name) if wish.again and (folder / name).exists() else name
        whole[name] = pdf
    if wish.again:
        whole = beside(folder, whole)
    try:
        written(folder, whole)
    except FileExistsError as there:
        raise present(str(there)) from None
    except OSError as error:
        raise NoStart(
            f"the project cannot be written: {(error.strerror or str(error)).lower()}",
            "name another folder with `--into`",
            "cannot-write",
        ) from None
    # What is to be confirmed is listed as such.
    moved = tuple(_moved(one, trial, folder, files) for one in told if one.code != "unconfirmed")
    texts = {str(folder / name): text for name, text in files.items()}
    names = tuple(one for one in whole if one != name)
    return Started(names, None if pdf is None else folder / name, (), (), (), moved, texts)


def _moved(told: Diagnostic, trial: Path, folder: Path, files: Mapping[str, str]) -> Diagnostic:
    """What was told of a file in the folder for trial, told of that of the project: it has the same lines."""
    wheres = [f"{one}{os.sep}" for one in (str(trial), os.path.relpath(trial), str(trial.resolve()))]
    message, span = told.message, told.span
    for where in wheres:
        message = message.replace(where, "")
    within = next((where for where in wheres if span is not None and span.file.startswith(where)), None)
    if span is None or within is None:
        return replace(told, message=message)
    name = Path(span.file.removeprefix(within)).as_posix()
    lines = files.get(name, "").splitlines() or [""]
    end = len(lines[min(span.end_line, len(lines)) - 1]) + 1  # paths of files may be shorter there
    first = min(span.column, len(lines[min(span.line, len(lines)) - 1]) + 1)
    span = replace(span, file=str(folder / name), column=first, end_column=min(span.end_column, end))
    return replace(told, message=message, span=span)


def _pdf(folder: Path, spec: str, order: Order) -> tuple[Built, bytes | None]:
    from reportspec.building import build
    from reportspec.errors import ReportspecError
    from reportspec.formats import files_of
    from reportspec.problems import letters_told, problems_of

    built = build(folder / spec, order)
    if built.made is None:
        return built, None
    name = Path(spec).stem
    try:
        files = files_of(built.made.figures[0][1], "pdf", name, built.spec_text)
    except (ReportspecError, OSError) as error:
        return replace(built, diagnostics=(*built.diagnostics, *problems_of(folder / spec, error))), None
    letters = letters_told(Path(spec), built.made.figures[0][1])
    built = replace(built, diagnostics=(*built.diagnostics, *letters))
    return built, files[f"{name}.pdf"]


def period_of(basis: Basis, draft: Draft, now: date) -> tuple[str, str]:
    """The period of the first report: the last whole quarter before the data end, of those that they have."""
    entities, fields = dated_fields()
    columns = [
        basis.tables[block.table].columns[name]
        for block, line in draft.lines()
        if block.entity in entities and line.field in fields and not line.off and not block.off
        for name in line.columns
        if name in basis.tables[block.table].columns
    ]
    if basis.found is not None:
        dated = dated_by(basis.found.crm, entities, fields)
        columns = [
            column
            for theirs, ours in basis.found.tables.items()
            for column in basis.tables[ours].columns.values()
            if (theirs, column.name.lower()) in dated
        ]
    today = now.isoformat()
    ends = [column.newest for column in columns if column.newest and column.newest <= today]
    begins = [column.oldest for column in columns if column.oldest and column.oldest <= today]
    this = date(now.year, (now.month - 1) // 3 * 3 + 1, 1)
    if begins and min(begins) >= this.isoformat():
        return "this_quarter", f"of the data, which begin on {min(begins)}; later `last_quarter`"
    if not ends or (now - date.fromisoformat(max(ends))).days <= 45:
        return "last_quarter", "the quarter before this one"
    newest, oldest = date.fromisoformat(max(ends)), date.fromisoformat(min(begins))
    first = date(newest.year, (newest.month - 1) // 3 * 3 + 1, 1)
    before = date(first.year - (first.month == 1), (first.month - 4) % 12 + 1, 1)
    whole = (newest - first).days >= 75
    chosen = first if whole or oldest >= first else before
    quarter = f"{chosen.year}-Q{(chosen.month + 2) // 3}"
    return quarter, f"of the data, which end on {newest.isoformat()}; `last_quarter` goes on with the calendar"


_SOME, _MUCH = 0.25, 0.4  # of the figures of a report
_FIRST = ("pipeline", "leads", "sales_activity", "conversions", "lost_deals", "sales_cycle")


def best_report(binding: Binding, wins: bool = True) -> str:
    """The standard report of which a source serves most, those that are asked for most first; nothing where it serves
    none. Where deals are won (`wins`), a report of those that are lost alone is not the first that is wanted."""
    from reportspec.reference.catalogue_listing import named_metrics, why_not

    best, share = "", 0.0
    reports = binding.catalogue.reports
    for name in (*_FIRST, *(name for name in reports if name not in _FIRST)):
        if name not in reports:
            continue
        metrics = list(dict.fromkeys(named_metrics(reports[name])))
        part = sum(why_not(binding, metric) is None for metric in metrics) / max(1, len(metrics))
        if part > (_SOME if wins else _MUCH) and name in _FIRST[:1]:
            return name
        if part > share + 0.1:
            best, share = name, part
    return best


def nearest_of(binding: Binding) -> tuple[str, tuple[str, ...]]:
    """Of the standard reports that a source serves nothing of, the one that it is nearest to: of which the fewest
    fields are lacking; and these, with how many figures wait for each."""
    from reportspec.reference.catalogue_listing import named_metrics
    from reportspec.resolve.binding import Missing, Unresolved, need_metric

    rated = []
    for at, name in enumerate(one for one in _FIRST if one in binding.catalogue.reports):
        waiting: Counter[str] = Counter()
        for metric in dict.fromkeys(named_metrics(binding.catalogue.reports[name])):
            try:
                need_metric(binding, binding.catalogue.metrics[metric])
            except Missing as lack:
                waiting[lack.name] += 1
            except Unresolved:
                continue
        entities = [lack.partition(".")[0] for lack in waiting if "." in lack]
        known = sum(waiting[lack] for lack in waiting if lack.partition(".")[0] in binding.source.entities)
        rated.append((-known / max(1, waiting.total()), len(entities), at, name, waiting))
    *_, name, waiting = min(rated)
    return name, tuple(f"{lack} ({counted(number, 'figure')})" for lack, number in waiting.most_common(5))


def overview_of(binding: Binding) -> tuple[str, ...]:
    """Metrics that a source serves, the best known ones first."""
    from reportspec.reference.catalogue_listing import why_not

    metrics = [metric for metric in binding.catalogue.metrics.values() if "." not in metric.id and "(" not in metric.id]
    known_first = sorted(metrics, key=lambda metric: metric.number or 1000)
    return tuple(metric.id for metric in known_first if why_not(binding, metric.id) is None)[:6]


def replaced(folder: Path, files: Mapping[str, str]) -> None:
    for old in (folder / "specs").glob("*.yaml"):
        old.unlink()
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def present(name: str) -> NoStart:
    return NoStart(
        f"`{name}` is there already, and nothing is overwritten",
        "name another folder with `--into`, or move that file away; with `--again` it stays, and what is proposed "
        "otherwise is written beside it; nothing was changed",
        "file-exists",
    )
