"""Whole projects over files: figures by hand, and refusals at their place in the project file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import yaml

from reportspec.api import ReportError, build

MAPPING = {
    "entities": {
        "deal": {
            "table": "deals",
            "key": "id",
            "fields": {
                "status": "status",
                "amount": "amount",
                "created_at": "created",
                "closed_at": "closed",
                "source": "source",
                "month": {"sql": "strftime(closed, '%m')", "type": "text"},
            },
        }
    }
}
SPEC = "version: 1\nperiod: 2026\nsections: [{id: k, kpis: [won_amount, won_deals_count]}]\n"
HEADER = "id,status,amount,created,closed,source\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "m.yaml").write_text(json.dumps(MAPPING), encoding="utf-8")
    (tmp_path / "s.yaml").write_text(SPEC, encoding="utf-8")
    return tmp_path


def declare(project: Path, data: bytes | str, **said: object) -> None:
    (project / "deals.csv").write_bytes(data.encode() if isinstance(data, str) else data)
    own = {
        "version": 1,
        "source": {"files": {"deals": {"path": "deals.csv", **said} if said else "deals.csv"}},
        "mapping": "m.yaml",
        "currency": "EUR",
        "timezone": "UTC",
    }
    (project / "reportspec.yaml").write_text(yaml.safe_dump(own, sort_keys=False), encoding="utf-8")


def won(project: Path) -> tuple[object, object]:
    report = build(project / "s.yaml")
    (section,) = (one for one in report.figures.sections if one.id == "k")
    amount, count = (kpi.value for kpi in section.kpis)
    return float(amount or 0), count


def mistakes(project: Path) -> list[tuple[str, int]]:
    with pytest.raises(ReportError) as found:
        build(project / "s.yaml")
    return [(one.code, one.span.line if one.span else 0) for one in found.value.diagnostics]


def test_dates_of_two_readings(project: Path) -> None:
    rows = "1,won,100,01/02/2026,03/04/2026,W\n2,won,10,01/02/2025,05/04/2026,W\n"
    declare(project, HEADER + rows)
    assert mistakes(project) == [("unclear-date", 4), ("unclear-date", 4)]
    declare(project, HEADER + rows, date_format="%d/%m/%Y")
    assert won(project) == (110, 2)


def test_a_spreadsheet_of_another_country(project: Path) -> None:
    rows = "Umsatz\n\n1;won;1.234,50 €;14/03/2026 10:00;14/03/2026 10:00;Messe Köln\n2;won;10,50 €;02/01/2026 09:00;;\n"
    data = rows.replace("\n\n", "\n" + HEADER.replace(",", ";"))
    declare(project, data.encode("cp1252"), encoding="cp1252", skip=1)
    assert won(project) == (1234.5, 1)


def test_no_deal_is_closed_yet_and_no_deal_at_all(project: Path) -> None:
    for rows in ("1,open,5,2026-01-05 10:00:00,,W\n", ""):
        declare(project, HEADER + rows)
        assert won(project) == (0, 0)


def test_a_row_of_totals_may_be_left_out_by_the_mapping(project: Path) -> None:
    declare(project, HEADER + "1,won,100,2026-02-01,2026-03-04,W\n,,100,,,\n")
    assert mistakes(project) == [("totals-row", 4)]
    mapping = json.loads(json.dumps(MAPPING))
    mapping["entities"]["deal"]["where"] = "id IS NOT NULL"
    (project / "m.yaml").write_text(json.dumps(mapping), encoding="utf-8")
    assert won(project) == (100, 1)


@pytest.mark.parametrize("key", ["null", '"null"'])
def test_words_for_nothing(key: str, project: Path) -> None:
    declare(project, HEADER + "1,won,100,2026-02-01,2026-03-04,W\n2,won,N/A,2026-02-01,-,W\n", skip=0)
    text = (project / "reportspec.yaml").read_text(encoding="utf-8")
    said = text.replace("skip: 0", f'{key}: ["N/A", "-"]')
    (project / "reportspec.yaml").write_text(said, encoding="utf-8")
    assert won(project) == (100, 1)


def mapped(project: Path, **fields: object) -> None:
    mapping = json.loads(json.dumps(MAPPING))
    mapping["entities"]["deal"]["fields"].update(fields)
    (project / "m.yaml").write_text(json.dumps(mapping), encoding="utf-8")


@pytest.mark.parametrize(
    "expression",
    [
        "amount",
        "coalesce(amount, 0)",
        "case when status = 'won' then amount end",
        "case when amount > 0 then amount else 0 end",
        "amount * 1",
        "round(amount + 0, 2)",
    ],
)
def test_a_number_of_two_readings_wherever_it_is_read(expression: str, project: Path) -> None:
    """1.500 and 2.000 are 3.5, or 3500: what is proposed for a column does it for an expression, too."""
    mapped(project, amount=expression)
    rows = HEADER + "1,won,1.500,2026-02-01,2026-03-04,W\n2,won,2.000,2026-02-01,2026-03-04,W\n"
    declare(project, rows)
    assert mistakes(project) == [("unclear-number", 4)]
    declare(project, rows, decimal=".")
    assert won(project) == (3.5, 2)
    declare(project, rows, decimal=",", thousands=".")
    assert won(project) == (3500, 2)
    declare(project, rows.replace("2.000", "2.25"))  # which says what the dot is
    assert won(project) == (3.75, 2)


def test_texts_that_only_look_like_numbers(project: Path) -> None:
    mapped(project, source="case when source = '1.500' then 'new' else source end")
    declare(project, HEADER + "1,won,5,2026-02-01,2026-03-04,1.500\n2,won,2,2026-02-01,2026-03-04,2.000\n")
    assert won(project) == (7, 2)


@pytest.mark.parametrize(
    ("amount", "currency", "right"),
    [
        ("$100", "EUR", False),
        ("£100", " usd", False),
        ("EUR 100", "USD", False),
        ("$100", "", None),  # in no currency, which is told of, and in no figure
        ("€100", "eur ", True),
        ("€100", "EUR", True),
        ("0.50 €", "GBP", False),
    ],
)
@pytest.mark.parametrize("says", ["source", "case when source <> 'x' then source end"])
def test_a_sign_against_the_currency_of_its_row(
    amount: str, currency: str, right: bool | None, says: str, project: Path
) -> None:
    mapped(project, currency=says)
    rows = f"1,won,{amount},2026-02-01,2026-03-04,{currency}\n2,won,7,2026-02-01,2026-03-04,EUR\n"
    declare(project, HEADER + rows)
    if right is not False:
        assert won(project) == (107 if right else 7, 2)
    else:
        assert mistakes(project) == [("other-currency", 4)]


@pytest.mark.parametrize("kind", ["DATE", "TIMESTAMP", "TIMESTAMPTZ"])
@pytest.mark.parametrize("value", ["-infinity", "infinity", "0001-01-01"])
@pytest.mark.parametrize("column", ["created", "closed"])
def test_times_without_end(column: str, value: str, kind: str, project: Path) -> None:
    """They are in no period, and of them it is told; 7 is of the other deal."""
    declare(project, "")
    text = (project / "reportspec.yaml").read_text(encoding="utf-8").replace("deals.csv", "deals.parquet")
    (project / "reportspec.yaml").write_text(text.replace("UTC", "Europe/Rome"), encoding="utf-8")
    other = {"created": "closed", "closed": "created"}[column]
    given = [("1", 100, value, "2026-02-01"), ("2", 7, "2026-03-04", "2026-03-04")]
    rows = ", ".join(f"('{n}', 'won', {amount}, {kind} '{a}', {kind} '{b}', 'W')" for n, amount, a, b in given)
    with duckdb.connect() as raw:
        names = f"id, status, amount, {column}, {other}, source"
        raw.execute(f"COPY (SELECT * FROM (VALUES {rows}) AS t({names})) TO '{project / 'deals.parquet'}'")
    report = build(project / "s.yaml")
    (section,) = (one for one in report.figures.sections if one.id == "k")
    assert float(section.kpis[0].value or 0) == (107 if column == "created" else 7)


def test_a_misspelt_column_that_nobody_else_reads(project: Path) -> None:
    mapped(project, amount="amuont")
    declare(project, HEADER + "1,won,100,2026-02-01,2026-03-04,W\n")
    with pytest.raises(ReportError) as found:
        build(project / "s.yaml")
    [one] = found.value.diagnostics
    assert (one.code, one.help) == ("unknown-column", "did you mean `amount`?")


@pytest.mark.parametrize("text", ["[]", "[1, 2]", ""])
def test_json_without_objects(text: str, project: Path) -> None:
    declare(project, "")
    said = (project / "reportspec.yaml").read_text(encoding="utf-8").replace("deals.csv", "deals.json")
    (project / "reportspec.yaml").write_text(said, encoding="utf-8")
    (project / "deals.json").write_text(text, encoding="utf-8")
    with pytest.raises(ReportError) as found:
        build(project / "s.yaml")
    assert {one.code for one in found.value.diagnostics} == {"no-rows"}
    assert "`[{…}, {…}]`" in (found.value.diagnostics[0].help or "")


SAID = {
    "encoding: cp12522": "unknown-encoding",
    "date_format: dd/mm/yyyy": "bad-format",
    'date_format: "%d/%m"': "bad-format",
    'date_format: "%H:%M %p %d/%m/%Y"': "bad-format",
    "{decimal: '.', thousands: '.'}": "contradiction",
    "delimiter: ';;'": "bad-value",
    "columns: [a, A]": "repeated-value",
    "skip: -1": "out-of-range",
    "sheets: 1": "unknown-key",
}


@pytest.mark.parametrize("said", SAID)
def test_what_is_said_wrongly(said: str, project: Path) -> None:
    declare(project, HEADER, **yaml.safe_load(said))
    assert SAID[said] in [code for code, _ in mistakes(project)]


def test_letters_of_spreadsheets_are_translated(project: Path) -> None:
    declare(project, HEADER, date_format="dd/mm/yyyy hh:mm")
    with pytest.raises(ReportError) as found:
        build(project / "s.yaml")
    assert found.value.diagnostics[0].help == 'write `"%d/%m/%Y %H:%M"`'


def test_the_doctor_says_how_files_were_read(
    project: Path, run_cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    declare(project, HEADER.replace(",", ";") + '1;won;"1.234,50";13/03/2026;14/03/2026;W\n')
    done = run_cli(["doctor", project, "--format", "json"])
    (found,) = (one for one in json.loads(done.stdout) if one["what"] == "files")
    assert found["said"] == (
        '`deals` from deals.csv: UTF-8, semicolon, 6 columns; 1 row; amount: decimal: ",", thousands: ".";'
        ' created: date_format: "%d/%m/%Y"; closed: date_format: "%d/%m/%Y"'
    )
    declare(project, HEADER + "1,won,5,03/04/2026,,W\n2,won\n")
    done = run_cli(["doctor", project, "--format", "json"])
    (found,) = (one for one in json.loads(done.stdout) if one["what"] == "files")
    assert (done.returncode, found["level"]) == (1, "error")
    assert "line 3: the row has 2 fields" in found["said"]
