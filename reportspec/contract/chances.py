"""The chances of rows in lists, learned before the lists are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sqlglot import exp

from reportspec.compile import statement_of
from reportspec.measures.answers import Answers
from reportspec.measures.win_chances import chance_queries, reads_chances, with_chances, without_chances
from reportspec.model.query import Query
from reportspec.model.rows import Table
from reportspec.model.spec import Report
from reportspec.sql.known_order import NOTHING_KNOWN, KnownOrder
from reportspec.sql.materialize import BEFORE, Script, Temporary, script

Sharing = Callable[[Sequence[exp.Expr], Temporary], Script | None]
AskTogether = Callable[[Sequence[exp.Expr], Sharing], Sequence[Table]]


def learned_from(report: Report, asked: Iterable[Query]) -> list[exp.Expr]:
    """The statements that the chances are learned from which lists ask for; none where none does."""
    if not any(reads_chances(report.binding, query) for query in asked) or without_chances(report) is not None:
        return []
    return [statement_of(report, query) for query in chance_queries(report)]


def learned(report: Report, asked: Iterable[Query], ask: AskTogether, known: KnownOrder = NOTHING_KNOWN) -> Report:
    """The report with the chances that its lists ask for. The same where none does; `ask` runs statements together,
    with what several of them are made from made once, by what is `known` of the order of rows."""
    if not any(reads_chances(report.binding, query) for query in asked):
        return report
    none = without_chances(report)
    if none is not None:
        return none
    queries: Sequence[Query] = chance_queries(report)

    def sharing(trees: Sequence[exp.Expr], place: Temporary) -> Script | None:
        return script(report.binding, trees, place, BEFORE, known)

    tables = ask([statement_of(report, query) for query in queries], sharing)
    return with_chances(report, Answers.of(queries, tables))
