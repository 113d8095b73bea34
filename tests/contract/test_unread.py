"""What a column cannot be read as is told with the table, the field, the column, the rows and a line to write, on
every database, and never in a database's own words alone."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec import doctor
from reportspec.databases import dialect_named
from reportspec.diagnostics import Diagnostic
from reportspec.errors import Broken, SourceError
from reportspec.holds import held
from tests.engines.servers import Given
from tests.engines.shapes import landed, shared_out
from tests.figures.asking import NOW, figures, rows
from tests.loading import load_report

KINDS = ("duckdb", "sqlite", "postgres", "mariadb")
COLUMNS = (
    ("id", "VARCHAR"),
    ("amount", "DECIMAL(14,2)"),
    ("status", "VARCHAR"),
    ("made", "TIMESTAMP"),
    ("closed", "VARCHAR"),
    ("gone", "VARCHAR"),
    ("big", "DOUBLE"),
)
FIELDS = {"amount": "amount", "status": "status", "created_at": "made", "closed_at": "closed"}
KPIS: dict[str, Any] = {
    "report": "custom",
    "period": "2026-Q3",
    "sections": [{"id": "a", "kpis": ["won_amount"]}],
}
MADE = datetime(2026, 7, 1)


def row(number: int = 1, closed: str = "2026-08-01", gone: str = "no", big: float = 5.0) -> tuple[Any, ...]:
    return (f"k{number}", Decimal("100.50"), "won", MADE, closed, gone, big)


def project(folder: Path, source: Any, prefix: str, fields: dict[str, str]) -> Path:
    deal = {"table": f"{prefix}d", "key": "id", "fields": fields}
    mapping = {"timezone": "UTC", "dialect": "duckdb", "entities": {"deal": deal}}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    own = {"version": 1, "source": source, "mapping": "m.yaml", "currency": "EUR"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    return folder


def refused(folder: Path, spec: dict[str, Any] = KPIS) -> list[Diagnostic]:
    with pytest.raises(Broken) as told:
        figures(folder, spec)
    return list(told.value.diagnostics)


def on(kind: str, given: list[tuple[Any, ...]], folder: Path, **fields: str) -> list[Diagnostic]:
    """What is told of a table of deals, with the database's own name of it put as `d`."""
    with landed(kind, [Given("d", COLUMNS, given)], lambda *_: None, folder / "db") as found:
        told = refused(project(folder, found.url, found.prefix, {**FIELDS, **fields}))
        return [
            Diagnostic(
                d.code, d.message.replace(found.prefix, "") if found.prefix else d.message, d.span, d.help, d.notes
            )
            for d in told
        ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("given", "field", "column", "wrong", "said"),
    shared_out(
        [
            (row(2, closed="5 October"), "closed_at", "closed", "5 October", "is no time"),
            (row(2, closed="2026-02-30"), "closed_at", "closed", "2026-02-30", "is no time"),
            (row(2, closed="294277-01-01 00:00:00"), "closed_at", "closed", "294277-01-01 00:00:00", "is no time"),
            *(
                (row(2, closed=text), "closed_at", "closed", text, "is no time")
                for text in ("2026-08-01T00:00:00+99:00", "2026-08-01T00:00:00+15:00", "2026-08-01T00:00:00+02:60")
            ),
            (row(2, gone="maybe"), "is_deleted", "gone", "maybe", "is neither yes nor no"),
        ],
        "kind",
    ),
)
def test_texts_that_say_nothing(
    kind: str, given: tuple[Any, ...], field: str, column: str, wrong: str, said: str, tmp_path: Path
) -> None:
    table = Given("d", COLUMNS, [row(1), given])
    fields = {**FIELDS, "is_deleted": "gone"}
    with landed(kind, [table], lambda *_: None, tmp_path / "db") as found:
        [told] = refused(project(tmp_path, found.url, found.prefix, fields))
        assert told.code == "unreadable-value"
        assert told.message == (f"`{found.prefix}d` has 1 row whose `deal.{field}` (column `{column}`) {said}")
        assert told.notes == (f"for example `{wrong}` (1 row)",)
        assert told.span is not None
        assert told.help is not None
        # The line that it offers reads the rest: of a deal without a day of closing there is no sum.
        line = told.help.partition("`")[2].rpartition("`")[0]
        name, _, text = line.partition(": ")
        project(tmp_path, found.url, found.prefix, {**fields, name: yaml.safe_load(text)})
        expected = Decimal("201.00") if field == "is_deleted" else Decimal("100.50")
        assert rows(figures(tmp_path, KPIS), "a") == [{"won_amount": expected}]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("offset", shared_out(["+14:00", "-12:00", "+05:45", "+0530", "-03", "Z"], "kind"))
def test_offsets_that_there_are(kind: str, offset: str, tmp_path: Path) -> None:
    table = Given("d", COLUMNS, [row(1, closed=f"2026-08-01T12:00:00{offset}")])
    with landed(kind, [table], lambda *_: None, tmp_path / "db") as found:
        project(tmp_path, found.url, found.prefix, FIELDS)
        assert rows(figures(tmp_path, KPIS), "a") == [{"won_amount": Decimal("100.50")}]


@pytest.mark.parametrize("kind", KINDS)
def test_a_number_as_a_time(kind: str, tmp_path: Path) -> None:
    [told] = on(kind, [row()], tmp_path, closed_at="amount")
    assert told.code == "unfit-column"
    assert told.span is not None
    if kind == "sqlite":  # whose columns may hold anything
        assert told.message == (
            "`deal.closed_at` (a time) and `deal.amount` (an amount) are both read from the column `amount` of `d`"
        )
        return
    assert told.message == "`deal.closed_at` is a time, and column `amount` of `d` holds numbers"
    assert told.help is not None
    assert told.help.startswith("name the column that has a time; of seconds since 1970 write `closed_at:")


@pytest.mark.parametrize("kind", ["duckdb", "postgres", "mariadb"])
@pytest.mark.parametrize(("field", "said"), [("amount", "is an amount"), ("is_deleted", "is yes or no")])
def test_a_time_as_something_else(kind: str, field: str, said: str, tmp_path: Path) -> None:
    [told] = on(kind, [row()], tmp_path, **{field: "made"})
    assert told.code == "unfit-column"
    assert told.message == f"`deal.{field}` {said}, and column `made` of `d` holds times"


@pytest.mark.parametrize("kind", KINDS)
def test_an_amount_that_none_can_be(kind: str, tmp_path: Path) -> None:
    """MariaDB would make the largest of it, in silence."""
    [told] = on(kind, [row(1), row(2, big=1e30)], tmp_path, amount="big")
    assert told.message.startswith("`d` has 1 row whose `deal.amount` (column `big`) is")
    assert "large" in told.message
    [note] = told.notes
    assert note.startswith("for example `")


@pytest.mark.parametrize("kind", ["duckdb", "postgres"])
def test_seconds_beyond_the_calendar(kind: str, tmp_path: Path) -> None:
    given = [row(1, big=1_785_542_400.0), row(2, big=1e18)]
    [told] = on(kind, given, tmp_path, closed_at="to_timestamp(big)")
    assert told.message == "`d` has 1 row whose `deal.closed_at` (column `big`) is no time"
    assert told.span is not None


def test_a_column_that_nobody_reads_may_be_anything(tmp_path: Path) -> None:
    """What a report does not read is not its matter."""
    table = Given("d", COLUMNS, [row(1, gone="maybe")])
    with landed("duckdb", [table], lambda *_: None, tmp_path / "db") as found:
        fields = {**FIELDS, "expected_close_date": "amount"}
        project(tmp_path, found.url, found.prefix, fields)
        assert rows(figures(tmp_path, KPIS), "a") == [{"won_amount": Decimal("100.50")}]


@pytest.mark.parametrize("column", ["name", "status"])
def test_texts_of_sqlite_that_are_not_in_utf8(column: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.sqlite")) as raw:
        raw.execute("create table d (id, name, amount, status, made, closed)")
        raw.execute("insert into d values (1, 'a', 5, 'won', '2026-07-01', '2026-08-01')")
        raw.execute(f"update d set {column} = cast(x'4dfc6c6c6572' as text)")
        raw.commit()
    records = {"id": "r", "records": {"entity": "deal", "fields": ["deal.name"]}}
    spec = {**KPIS, "sections": [*KPIS["sections"], records]}
    folder = project(tmp_path, "sqlite:///x.sqlite", "", {**FIELDS, "name": "name"})
    [told] = refused(folder, spec)
    assert told.message == (
        f"`deal.{column}` (column `{column}`) of `d` cannot be read: a text of the source is not in UTF-8"
    )
    assert told.notes == ("for example `M�ller`",)


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [("postgres", "0044-03-15 00:00:00 BC"), ("postgres", "-infinity")],
)
def test_times_that_a_database_has_and_no_calendar(kind: str, wrong: str, tmp_path: Path) -> None:
    table = Given("d", COLUMNS, [row(1), row(2)])
    with landed(kind, [table], lambda *_: None, tmp_path / "db") as found:
        import sqlalchemy as sa

        from tests.engines.servers import driven

        engine = sa.create_engine(driven(found.url))
        with engine.begin() as raw:
            if kind == "mariadb":
                raw.exec_driver_sql("set sql_mode = ''")
            raw.exec_driver_sql(f"update {found.prefix}d set made = '{wrong}' where id = 'k2'")
        engine.dispose()
        records = {"id": "r", "records": {"entity": "deal", "fields": ["deal.created_at"]}}
        project(tmp_path, found.url, found.prefix, FIELDS)
        [told] = refused(tmp_path, {**KPIS, "sections": [records]})
        assert told.message == (f"`{found.prefix}d` has 1 row whose `deal.created_at` (column `made`) is no time")
        [note] = told.notes
        assert note.startswith(f"for example `{wrong}")


@pytest.mark.parametrize("wrong", ["infinity", "2026-08-01"])
def test_what_fails_is_named_and_not_what_stands_beside_it(wrong: str, tmp_path: Path) -> None:
    """A time that no calendar has is a warning where nobody lists it, and stays one where a condition fails."""
    columns = tuple((name, "TIMESTAMP" if name == "closed" else kind) for name, kind in COLUMNS)
    given = [row(n, closed=datetime(2026, 8, 1)) for n in (1, 2)]  # type: ignore[arg-type]
    with landed("postgres", [Given("d", columns, given)], lambda *_: None, tmp_path / "db") as found:
        import psycopg

        with psycopg.connect(found.url, autocommit=True) as raw:
            raw.execute(f"update {found.prefix}d set closed = '{wrong}' where id = 'k2'".encode())
        project(tmp_path, found.url, found.prefix, {**FIELDS, "name": "gone"})
        total = Decimal("100.50") if wrong == "infinity" else Decimal("201.00")
        assert rows(figures(tmp_path, KPIS), "a") == [{"won_amount": total}]
        failing = {"id": "b", "where": "cast(deal.name as integer) > 3", "kpis": ["won_amount"]}
        [told] = refused(tmp_path, {**KPIS, "sections": [failing]})
    assert told.code == "bad-expression"
    assert told.message.startswith("`CAST(deal.name AS INT) > 3` cannot be computed of the rows")


@pytest.mark.parametrize("kind", KINDS)
def test_a_blank_where_values_are_declared(kind: str, tmp_path: Path) -> None:
    """It means nothing: the line that is offered says so, and reads the rest."""
    blank = ("k2", Decimal("7.00"), "", MADE, "2026-08-01", "no", 5.0)
    with landed(kind, [Given("d", COLUMNS, [row(1), blank])], lambda *_: None, tmp_path / "db") as found:
        [told] = refused(project(tmp_path, found.url, found.prefix, FIELDS))
        assert told.code == "undeclared-value"
        line = "case when status in ('') then null else status end"
        assert told.help == f'write in the mapping: `status: "{line}"`'
        project(tmp_path, found.url, found.prefix, {**FIELDS, "status": line})
        assert rows(figures(tmp_path, KPIS), "a") == [{"won_amount": Decimal("100.50")}]


@pytest.mark.parametrize("offset", ["+99:00", "+15:00", "-02:60", "+9900", " +15:00"])
@pytest.mark.parametrize("day", ["2026-08-01T00:00:00", "01.08.2026 00:00"])
def test_offsets_of_files_that_there_are_not(day: str, offset: str, tmp_path: Path) -> None:
    lines = [
        "id,amount,status,made,closed,gone,big",
        f"1,5,won,2026-07-01,{day}{offset},no,1",
        f"2,5,won,2026-07-01,{day.replace('01T', '21T').replace('01.08', '21.08')}+02:00,no,1",
    ]
    (tmp_path / "d.csv").write_text("\n".join(lines), "utf-8")
    project(tmp_path, {"files": {"d": "d.csv"}}, "", FIELDS)
    with pytest.raises(SourceError) as told:
        figures(tmp_path, KPIS)
    assert not isinstance(told.value, Broken)  # its place is where the project names the file
    assert told.value.code == "unreadable-value"
    assert "`d.csv` (table `d`): the column `closed` for `deal.closed_at`" in told.value.message
    assert offset.strip() in told.value.message


def test_the_name_of_a_zone_is_told(tmp_path: Path) -> None:
    lines = ["id,amount,status,made,closed,gone,big", "1,5,won,2026-07-01,2026-08-01T10:00:00 CET,no,1"]
    (tmp_path / "d.csv").write_text("\n".join(lines), "utf-8")
    project(tmp_path, {"files": {"d": "d.csv"}}, "", FIELDS)
    with pytest.raises(SourceError) as told:
        figures(tmp_path, KPIS)
    assert told.value.help is not None
    assert told.value.help.startswith("`CET` names a zone and is not read")


@pytest.mark.parametrize("kind", KINDS)
def test_doctor_tells_the_same(kind: str, tmp_path: Path) -> None:
    table = Given("d", COLUMNS, [row(1), row(2, gone="maybe")])
    with landed(kind, [table], lambda *_: None, tmp_path / "db") as found:
        for fields, said in (
            (
                {"is_deleted": "gone"},
                f"`{found.prefix}d` has 1 row whose `deal.is_deleted` (column `gone`) is neither yes nor no",
            ),
            ({"expected_close_date": "amount"}, "`deal.expected_close_date`"),
        ):
            folder = project(tmp_path, found.url, found.prefix, {**FIELDS, **fields})
            (folder / "s.yaml").write_text(yaml.safe_dump({"version": 1, **KPIS}), "utf-8")
            checked = load_report(folder / "s.yaml", NOW, {})
            assert checked.report is not None
            report = checked.report
            told = [
                f for f in doctor.source(report.project, report.binding.source, report.binding) if f.level == "error"
            ]
            assert [f.what for f in told] == ["rows"]
            assert told[0].said.startswith(said)


@pytest.mark.parametrize("kind", ["TIME", "time(6)", "TIME WITHOUT TIME ZONE", "TIMETZ"])
def test_a_time_of_a_day_is_no_time(kind: str) -> None:
    assert held(kind, dialect_named("mariadb")) == "hour"


@pytest.mark.parametrize("engine", ["duckdb", "postgres", "mariadb"])
def test_an_hour_is_not_read_as_todays(engine: str, tmp_path: Path) -> None:
    """MariaDB would make today at ten of `10:00:00`."""
    columns = tuple((name, "TIME" if name == "closed" else kind) for name, kind in COLUMNS)
    with landed(engine, [Given("d", columns, [row(closed="10:00:00")])], lambda *_: None, tmp_path / "db") as found:
        [told] = refused(project(tmp_path, found.url, found.prefix, FIELDS))
    assert told.code == "unfit-column"
    assert "`deal.closed_at` is a time, and column `closed`" in told.message
    assert told.message.endswith("holds times of a day, without the day")


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
@pytest.mark.parametrize(("field", "said"), [("is_deleted", "is yes or no"), ("amount", "is an amount")])
def test_bits_are_neither_numbers_nor_yes_and_no(engine: str, field: str, said: str, tmp_path: Path) -> None:
    """The line that is offered reads them: the one deal whose bit is set is deleted; of three bits, 101 are 5."""
    flag = field == "is_deleted"
    columns = tuple((name, "VARCHAR" if name == "gone" else kind) for name, kind in COLUMNS)
    given = [row(1, gone="0" if flag else "000"), row(2, gone="1" if flag else "101")]
    with landed(engine, [Given("d", columns, given)], lambda *_: None, tmp_path / "db") as found:
        how = f"alter table {found.prefix}d alter gone type bit{{}} using cast(gone as bit{{}})"
        _alter(engine, found.url, how, 1 if flag else 3)
        [told] = refused(project(tmp_path, found.url, found.prefix, {**FIELDS, field: "gone"}))
        assert told.code == "unfit-column"
        assert told.message == f"`deal.{field}` {said}, and column `gone` of `{found.prefix}d` holds bits"
        assert told.help is not None
        line = yaml.safe_load(told.help.partition("`")[2].rpartition("`")[0])
        project(tmp_path, found.url, found.prefix, {**FIELDS, **line})
        expected = Decimal("100.50") if flag else Decimal(5)
        assert rows(figures(tmp_path, KPIS), "a") == [{"won_amount": expected}]


def _alter(engine: str, url: str, statement: str, bits: int) -> None:
    """Make bits of a column: so many each where a database says how many."""
    if engine == "duckdb":
        import duckdb

        with duckdb.connect(url.removeprefix("duckdb:///")) as raw:
            raw.execute(statement.format("", ""))
        return
    import psycopg

    with psycopg.connect(url, autocommit=True) as raw:
        raw.execute(statement.format(f"({bits})", f"({bits})").encode())


OTHER = {
    "postgres": (
        "daterange", "int4range", "nummultirange", "tstzrange", "interval", "uuid", "point", "inet", "xml",
        "interval day to second",
    ),
    "duckdb": ("INTERVAL", "UUID"),
    "clickhouse": ("Nullable(UUID)",),
}  # fmt: skip
LISTS = {
    "postgres": ("date[]", "integer[]", "character varying(20)[]"),
    "duckdb": ("DATE[]", "DECIMAL(10,2)[3]", "STRUCT(a INTEGER)", "MAP(VARCHAR, INTEGER)"),
    "clickhouse": ("Array(Date)", "Tuple(Int32, Date)", "Map(String, Date)", "Array(Nullable(UUID))"),
    "spark": ("array<string>", "map<string,int>", "struct<a:int>"),
}
AS_EVER = {
    "postgres": {
        "integer": "number",
        "money": "",
        "jsonb": "json",
        "text": "text",
        "int_status": "number",
        "date": "day",
    },
    "duckdb": {"ENUM('ARRAY', 'DATERANGE')": "text", "INTEGER": "number", "HUGEINT": "number", "DOUBLE": "number"},
    "clickhouse": {"LowCardinality(String)": "text", "Int256": "number"},
    "mariadb": {"YEAR": "year", "YEAR(4)": "year", "INTEGER(11)": "number", "POINT": "other"},
}


@pytest.mark.parametrize("kind", OTHER)
def test_types_of_no_single_value(kind: str) -> None:
    for name in OTHER[kind]:
        assert held(name, dialect_named(kind)) == "other", name


@pytest.mark.parametrize("kind", LISTS)
def test_types_of_lists_and_records(kind: str) -> None:
    for name in LISTS[kind]:
        assert held(name, dialect_named(kind)) == "list", name


@pytest.mark.parametrize("kind", AS_EVER)
def test_types_that_only_look_like_them(kind: str) -> None:
    for name, wanted in AS_EVER[kind].items():
        assert held(name, dialect_named(kind)) == wanted, name
