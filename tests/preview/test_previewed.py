"""What is previewed: built again where a file changed, from what was said already where that did not, and the last
good page where it cannot be built."""

from __future__ import annotations

import csv
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from reportspec.audit import of_report
from reportspec.building import Order, build
from reportspec.databases import database
from reportspec.errors import SourceError
from reportspec.preview.kept_answers import AskAnew, KeptAnswers
from reportspec.preview.previewed import Preview, Previewed
from reportspec.run.connection import Wanted
from tests.loading import load_report
from tests.preview.small import DEALS, NOW, PEOPLE, SPEC, previewed, project, shown


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    return project(tmp_path / "project")


@pytest.fixture
def one(spec: Path) -> Iterator[Previewed]:
    made = previewed(spec)
    yield made
    made.close()


def figures_of(one: Previewed, **chosen: object) -> dict[str, object]:
    """The headline's figures in what is shown."""
    page = shown(one, **chosen).page
    assert page is not None
    return {kpi.column.name: kpi.value for kpi in page.figures.sections[0].kpis}


def save(path: Path, text: str) -> None:
    """Write a file at another time than it was written before."""
    path.write_text(text, encoding="utf-8")
    os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 1_000_000_000))


def test_the_page_has_the_figures_of_the_report(one: Previewed, spec: Path) -> None:
    assert figures_of(one) == {"won_amount": 14200, "close_rate": 0.8}
    built = build(spec, Order(NOW, os.environ))
    page = shown(one).page
    assert page is not None
    assert built.made is not None
    now, then = page.figures, built.made.figures[0][1]
    assert [(s.rows, s.total, s.kpis) for s in now.sections] == [(s.rows, s.total, s.kpis) for s in then.sections]
    assert [one.sql for one in now.statements] == [one.sql for one in then.statements]


def test_a_changed_title_asks_nothing(one: Previewed, spec: Path) -> None:
    first = shown(one)
    assert first.asked > 0
    assert not one.look()
    save(spec, SPEC.replace("title: Won", "title: Sold"))
    assert one.look()
    again = shown(one)
    assert (again.asked, again.page and again.page.title) == (0, "Sold")
    assert again.page != first.page


@pytest.mark.parametrize("way", ["emptied", "moved away", "in parts"])
def test_a_file_is_read_once_it_is_saved_in_whole(one: Previewed, spec: Path, way: str) -> None:
    """Editors empty or move a file before they write it, and the machine may look away in between."""
    assert shown(one).page is not None
    text = SPEC.replace("title: Won", "title: Sold")
    if way == "moved away":
        spec.rename(spec.with_name("won.yaml~"))
    else:
        spec.write_text("" if way == "emptied" else text[:90])
    later = threading.Timer(0.01 if way == "in parts" else 0.2, spec.write_text, (text,))
    later.start()
    again = shown_after_look(one)
    later.join()
    assert (again.diagnostics, again.page and again.page.title) == ((), "Sold")


def test_a_file_that_stays_empty_is_told(one: Previewed, spec: Path) -> None:
    assert shown(one).page is not None
    spec.write_text("")
    assert [problem.code for problem in shown_after_look(one).diagnostics] == ["empty-file"]


def test_an_audit_is_made_again_only_where_data_or_what_is_checked_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted by the audits that are made: a title makes none, a filter, the project's settings and the data one each."""
    head = SPEC.partition("sections:")[0].replace("compare: previous_period\n", "")
    spec = project(tmp_path, head + "sections:\n  - {quality: {show: findings}}\n")
    made: list[str] = []
    real = of_report.audits_of

    def counted(*args: object, **kwargs: object) -> object:
        made.append("audit")
        return real(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(of_report, "audits_of", counted)
    one = previewed(spec)
    counts = []
    for name, old, new in (
        ("won.yaml", "", ""),
        ("won.yaml", "title: Won", "title: Sold"),
        ("won.yaml", "@acme", "@acme.com"),
        ("reportspec.yaml", "currency: EUR", "currency: USD"),
        ("deals.csv", "Hooks", "Nails"),
    ):
        save(
            tmp_path / name, (tmp_path / name).read_text("utf-8").replace(old, new) if old else spec.read_text("utf-8")
        )
        one.look()
        assert shown(one).page is not None, shown(one).diagnostics
        counts.append(len(made))
    one.close()
    assert counts == [1, 1, 2, 3, 4]


def test_a_new_section_asks_for_what_is_new_alone(one: Previewed, spec: Path) -> None:
    first = shown(one)
    save(spec, SPEC + "  - {id: more, kpis: [deals_created_count]}\n")
    again = shown_after_look(one)
    assert 0 < again.asked < first.asked


def shown_after_look(one: Previewed) -> Preview:
    assert one.look()
    return shown(one)


def test_changed_data_are_asked_again(one: Previewed, spec: Path) -> None:
    assert figures_of(one)["won_amount"] == 14200
    save(spec.parent / "deals.csv", DEALS.replace("D1,Shelves,won,4000", "D1,Shelves,won,4001"))
    assert one.look()
    assert figures_of(one)["won_amount"] == 14201


@pytest.mark.parametrize(
    ("name", "before", "after", "figure"),
    [
        ("mapping.yaml", "table: deals\n", "table: deals\n    where: id <> 'D3'\n", 5200),
        ("people.csv", "bo@acme.com", "bo@other.com", 4000),
        ("reportspec.yaml", "deals: deals.csv", "deals: other.csv", 1),
    ],
)
def test_every_file_that_is_read_is_watched(
    one: Previewed, spec: Path, name: str, before: str, after: str, figure: float
) -> None:
    (spec.parent / "other.csv").write_text(DEALS.replace("4000", "1").replace("9000", "0").replace("1200", "0"))
    assert figures_of(one)["won_amount"] == 14200
    one.look()
    save(spec.parent / name, (spec.parent / name).read_text().replace(before, after))
    assert one.look()
    assert figures_of(one)["won_amount"] == figure


def test_a_file_that_comes_is_seen(one: Previewed, spec: Path) -> None:
    save(spec, SPEC.replace("[won_amount, close_rate]", "[won_twice]"))
    broken = shown(one)
    assert [problem.code for problem in broken.diagnostics] == ["unknown-metric"]
    one.look()
    (spec.parent / "metrics").mkdir()
    (spec.parent / "metrics" / "own.yaml").write_text(
        "metrics:\n  - metric: won_twice\n    kind: derived\n    label: {en: Won twice}\n"
        "    description: {en: Twice what was won.}\n    unit: currency\n    direction: up\n    formula: won_amount * 2\n"
    )
    assert one.look()
    assert figures_of(one) == {"won_twice": 28400}


def test_the_last_good_page_stays_with_what_is_wrong_on_top(one: Previewed, spec: Path) -> None:
    good = shown(one).page
    assert good is not None
    save(spec, SPEC.replace("won_amount, close_rate", "won_amont, close_rate"))
    broken = shown_after_look(one)
    assert broken.page is good
    assert broken.stale
    assert [(one.code, one.span and one.span.line) for one in broken.diagnostics] == [("unknown-metric", 12)]
    save(spec, SPEC)
    mended = shown_after_look(one)
    assert mended.page is not None
    assert (mended.stale, mended.diagnostics, mended.page.id) == (False, (), good.id)


def test_a_source_that_cannot_be_read_is_told_and_read_again_once_it_can(one: Previewed, spec: Path) -> None:
    shown(one)
    (spec.parent / "deals.csv").unlink()
    broken = shown_after_look(one)
    assert broken.stale
    assert any("deals.csv" in problem.message for problem in broken.diagnostics)
    save(spec.parent / "deals.csv", DEALS.replace("9000", "8000"))
    assert one.look()
    assert figures_of(one)["won_amount"] == 13200


def test_params_and_period_are_chosen(one: Previewed) -> None:
    assert figures_of(one, settings=(("least", "4000"),))["won_amount"] == 13000
    assert figures_of(one, period="2026-Q2")["won_amount"] == 800
    assert shown(one).params["least"]["value"] == 0
    wrong = shown(one, period="2026-Q9")
    assert [(problem.code, problem.span and problem.span.file) for problem in wrong.diagnostics] == [
        ("bad-period", "--period")
    ]
    assert wrong.stale


EACH = SPEC.replace("filters:", "for_each: user.name\nfilters:").replace("by: [user.name]", "by: [user.team]")


def test_values_of_for_each_are_chosen(tmp_path: Path) -> None:
    one = previewed(project(tmp_path, EACH))
    first = shown(one)
    assert (first.values, first.value, first.diagnostics) == (("Ada Low", "Bo Ny"), "Ada Low", ())
    assert figures_of(one)["won_amount"] == 4000
    assert figures_of(one, each="Bo Ny")["won_amount"] == 10200
    nobody = shown(one, each="Cy")
    assert [problem.code for problem in nobody.diagnostics] == ["no-values"]
    one.close()


def test_the_same_page_keeps_its_address(one: Previewed, spec: Path) -> None:
    first = shown(one).page
    (spec.parent / "notes.txt").write_text("nothing that is read\n")
    one.look()
    (spec.parent / "notes.txt").write_text("nothing that is read, again\n")
    one._next()
    again = shown(one).page
    assert first is not None
    assert again is not None
    assert first.id == again.id


def written(database: Path, statement: str, journal: str = "") -> None:
    """Run a statement in an embedded database, as another program would."""
    if database.suffix == ".duckdb":
        with duckdb.connect(str(database)) as raw:
            raw.execute(statement)
        return
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(f"pragma journal_mode = {journal}")
        connection.execute(statement)


@pytest.mark.parametrize(("name", "journal"), [("crm.duckdb", ""), ("crm.sqlite", "delete"), ("crm.sqlite", "wal")])
def test_an_embedded_database_is_asked_again_once_it_was_written_to(tmp_path: Path, name: str, journal: str) -> None:
    spec = project(tmp_path)
    database = tmp_path / name
    for table, text in (("deals", DEALS), ("people", PEOPLE)):
        header, *rows = csv.reader(text.splitlines())
        kinds = {"amount": "decimal(12, 2)", "closed": "timestamp", "created": "timestamp"}
        columns = ", ".join(f"{column} {kinds.get(column, 'varchar')}" for column in header)
        values = ", ".join(str(tuple(row)).replace("''", "null") for row in rows)
        written(database, f"create table {table} ({columns})", journal)
        written(database, f"insert into {table} values {values}", journal)
    text = (tmp_path / "reportspec.yaml").read_text()
    (tmp_path / "reportspec.yaml").write_text(
        text.replace("source: {files: {deals: deals.csv, people: people.csv}}", f"source: {name}")
    )
    one = previewed(spec)
    assert figures_of(one)["won_amount"] == 14200
    one.look()
    save(spec, SPEC.replace("title: Won", "title: Sold"))
    assert one.look()
    assert shown(one).asked == 0
    assert not one.look()  # reading it is no change
    written(database, "update deals set amount = 8000 where id = 'D3'", journal)
    assert one.look()
    assert figures_of(one)["won_amount"] == 13200
    one.close()


# --- what is kept ----------------------------------------------------------------------------------


def test_answers_of_a_server_are_of_one_state(spec: Path) -> None:
    """Where only asking would tell whether data have changed, what is missing is not put beside what was asked before."""
    answers = KeptAnswers()
    report = load_report(spec, NOW, {}).report
    assert report is not None
    server = replace(report.project.source, kind="url", files={})
    report = replace(report, project=replace(report.project, source=server))
    with answers.building(report):
        assert answers.known("a", lambda: 1) == 1
    with answers.building(report):
        assert answers.known("a", lambda: 2) == 1
    with pytest.raises(AskAnew), answers.building(report):
        answers.known("b", lambda: 3)
    with answers.building(report):
        assert answers.known("a", lambda: 4) == 4


class Session:
    """A session that notes what it is asked, and has two rows of temporary tables."""

    def __init__(self, log: list[str]) -> None:
        self.log = log

    def run(self, sql: str) -> object:
        from reportspec.model.rows import Table

        self.log.append(sql)
        if sql == "fail":
            raise SourceError("query-failed", "no")
        return Table(("x",), ((len(self.log),),))

    def keep(self, name: str, sql: str, keys: object) -> None:
        self.log.append(f"{name}: {sql}")

    def forget(self, name: str) -> None:
        self.log.append(f"-{name}")

    def close(self) -> None:
        self.log.append("closed")


def test_temporary_tables_are_made_for_what_is_not_known_alone(spec: Path) -> None:
    log: list[str] = []
    report = load_report(spec, NOW, {}).report
    assert report is not None
    noting = replace(database("duckdb"), open=lambda source, wanted: Session(log))  # type: ignore[arg-type,return-value]
    report = replace(report, project=replace(report.project, source=replace(report.project.source, database=noting)))
    answers = KeptAnswers()

    def build(table: str, *statements: str) -> None:
        with answers.building(report) as kept:
            database_of = kept.project.source.database
            assert database_of is not None
            session = database_of.open(kept.project.source, Wanted())
            session.keep("t_1", table, ())
            for sql in statements:
                session.run(sql)
            session.close()

    build("one", "from t_1", "other")
    assert log == ["t_1: one", "from t_1", "other"]
    build("one", "from t_1", "other")
    assert len(log) == 3
    build("two", "from t_1", "other")
    assert log[3:] == ["-t_1", "t_1: two", "from t_1"]
    with pytest.raises(SourceError):
        build("two", "fail")
    assert log[6:] == ["fail", "closed"]
    build("two", "more")
    assert log[8:] == ["t_1: two", "more"]
    answers.forget()
    assert log[-1] == "closed"
