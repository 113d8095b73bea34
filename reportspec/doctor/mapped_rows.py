"""Whether the rows of all that is mapped keep to what the mapping and the catalogue say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from reportspec.diagnostics import counted
from reportspec.doctor.finding import Finding, of_diagnostic
from reportspec.errors import SourceError
from reportspec.model.domain import Metric
from reportspec.model.settings import SourceSpec
from reportspec.resolve.binding import Binding, Unresolved, need_metric
from reportspec.run.connection import Connection, Wanted


def rows(
    session: Connection,
    source: SourceSpec,
    wanted: Wanted,
    binding: Binding,
    lacking: frozenset[str],
) -> Iterator[Finding]:
    """Whether the rows of all that is mapped keep to what the mapping and the catalogue say."""
    from reportspec.contract.checks import checks_of
    from reportspec.contract.old_rates import rates_old_on
    from reportspec.contract.unread import unfit_columns
    from reportspec.contract.verdict import diagnostic, findings_of
    from reportspec.run.execute import ask
    from reportspec.sql.survey_sql import survey_statement

    read = {
        name: frozenset(mapped.fields)
        for name, mapped in binding.source.entities.items()
        if mapped.parts and name not in lacking
    }
    if not read:
        return
    unfit = unfit_columns(binding, read)
    if unfit:
        yield from map(of_diagnostic, unfit)
        return
    checks = checks_of(binding, read, metrics=_served(binding), now=datetime.now(UTC).date())
    try:
        survey = ask(session, wanted, survey_statement(binding, read, checks, datetime.now(UTC)))
        findings = findings_of(binding, checks, survey, lambda tree: ask(session, wanted, tree))
        today = datetime.now(binding.zone).date()
        findings += rates_old_on(today, binding, lambda tree: ask(session, wanted, tree), read)
    except SourceError as error:
        yield from _unread(session, source, wanted, binding, read) or [
            Finding("error", "rows", error.message, error.help)
        ]
        return
    for finding in findings:
        yield of_diagnostic(diagnostic(binding, finding, refused=finding.check.refuses))
    if not findings:
        yield Finding(
            "ok",
            "rows",
            f"the keys, values and relations of {counted(len(read), 'entity')} are as mapped",
        )


def _served(binding: Binding) -> Iterator[Metric]:
    """The metrics that the source can serve."""
    for metric in binding.catalogue.metrics.values():
        try:
            need_metric(binding, metric)
        except Unresolved:
            continue
        yield metric


def _unread(
    session: Connection, source: SourceSpec, wanted: Wanted, binding: Binding, read: Mapping[str, frozenset[str]]
) -> list[Finding]:
    """Which fields cannot be read, after a statement that failed."""
    from reportspec.contract.unread import unreadable_fields
    from reportspec.run.execute import ask, asking

    with suppress(SourceError):
        if source.typed_before:  # a file is opened once
            problems = unreadable_fields(binding, read, lambda tree: ask(session, wanted, tree))
        else:
            with asking(source, wanted) as again:
                problems = unreadable_fields(binding, read, again)
        return [of_diagnostic(problem) for problem in problems]
    return []
