"""What a report takes grows with the rows of its source, and not with their square. Counted in the steps of SQLite's
machine, which are the same each time: what loops there loops elsewhere too.

Slow: all standard reports are run over the demo and over four times as much.
"""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from reportspec.audit.run import Asking, audited
from reportspec.compile import Program, compile_report
from reportspec.contract.fit import fitted
from reportspec.contract.survey import survey_of, wanted_of
from reportspec.databases.sqlite import SqliteConnection
from reportspec.run.connect import connect
from reportspec.sql.dialect import sql_text
from reportspec.sql.materialize import script
from tests.demo_times import STANDARD, in_sqlite, multiplied, standard_report

EACH = 4000  # steps between two looks, each of which takes longer than hundreds of steps
TIMES = 4
RUNNING = "2026-Q4"  # of which a forecast is made


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Projects over the demo and over more of it."""
    folders = []
    for times in (1, TIMES):
        folder = tmp_path_factory.mktemp(f"times_{times}")
        multiplied(folder / "crm.duckdb", 1500 * times)
        with in_sqlite(folder / "crm.duckdb", folder):
            folders.append(folder)
    return folders


def steps(asked: Program) -> dict[str, int]:
    """The thousands of steps that each statement takes, the survey and what is made for all included."""
    report = asked.report
    surveyed = survey_of(report, asked.trees)
    assert surveyed is not None
    session = connect(report.project.source, wanted_of(report, [*asked.trees, surveyed[1]]))
    assert isinstance(session, SqliteConnection)
    taken, looked = dict[str, int](), 0

    def look() -> int:
        nonlocal looked
        looked += EACH // 1000
        return 0

    try:
        session._raw.set_progress_handler(look, EACH)
        place = session.temporary()
        assert place is not None
        made = script(report.binding, asked.trees, place)
        assert made is not None
        session.run(sql_text(surveyed[1], session.dialect))
        taken["survey"], looked = looked, 0
        for table in made.tables:
            session.keep(table.name, sql_text(table.tree, session.dialect), table.keys)
            taken[table.name], looked = looked, 0
        for query, tree in zip(asked.queries, made.trees, strict=True):
            session.run(sql_text(tree, session.dialect))
            name = f"{query.section} {query.purpose}"
            taken[name], looked = taken.get(name, 0) + looked, 0
    finally:
        session.close()
    return taken


# By day those with the most kinds of statements: history, parts, people, costs.
@pytest.mark.by_day(report=("pipeline", "sales_forecast", "leads", "profitability"))
@pytest.mark.slow
@pytest.mark.parametrize(
    ("report", "period"), [*((report, "2026-Q3") for report in STANDARD), ("sales_forecast", RUNNING)]
)
def test_no_faster_than_the_rows(report: str, period: str, sizes: list[Path]) -> None:
    """Of all standard reports on a quarter that is over, and of the one with windows on one that is not, which are also
    what the chances of deals are learned from."""
    found = []
    for folder in sizes:
        found.append(steps(fitted(compile_report(standard_report(folder, report, period)))))
    small, large = found
    # n log n, and what a larger cache of pages and other plans may add.
    most = 1.3 * TIMES * math.log(1500 * TIMES) / math.log(1500)
    grown = {name: (before, large[name]) for name, before in small.items() if large[name] > most * max(before, 20)}
    assert not grown, f"more than {most:.1f} times as many steps for {TIMES} times as many rows: {grown}"


def steps_of_audit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The thousands of steps of each statement of an audit that is the same of more rows: the survey, and the counts of
    each entity. Examples and records to mend are asked of checks that fail, which may be others."""
    report, taken = standard_report(folder, "pipeline"), list[tuple[str, int]]()
    run = SqliteConnection.run

    def counted(session: SqliteConnection, statement: str, *rest: object) -> object:
        looked = 0

        def look() -> int:
            nonlocal looked
            looked += EACH // 1000
            return 0

        session._raw.set_progress_handler(look, EACH)
        found = run(session, statement, *rest)  # type: ignore[arg-type]
        taken.append((statement[:60], looked))
        return found

    with monkeypatch.context() as patched:
        patched.setattr(SqliteConnection, "run", counted)
        audited(report.project, report.binding, report.now, asking_for=Asking(examples=0))
    return taken


@pytest.mark.slow
def test_an_audit_grows_no_faster_than_the_rows(sizes: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    small, large = (steps_of_audit(folder, monkeypatch) for folder in sizes)
    assert len(small) == len(large) > 20
    most = 1.3 * TIMES * math.log(1500 * TIMES) / math.log(1500)
    pairs = zip(small, large, strict=True)
    grown = {name: (before, after) for (name, before), (_, after) in pairs if after > most * max(before, 20)}
    assert not grown, f"more than {most:.1f} times as many steps for {TIMES} times as many rows: {grown}"
