"""Whole projects over files: figures by hand, and refusals at their place in the project file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

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
