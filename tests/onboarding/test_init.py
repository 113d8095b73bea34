"""`reportspec init` as a newcomer meets it: from files to a PDF, with the figures that they hold."""

from __future__ import annotations

import csv
import random
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from tests.conftest import RunCli

NOW = {"REPORTSPEC_NOW": "2026-11-29T12:00:00Z", "TZ": "UTC", "LANG": "C.UTF-8"}
STAGES = ["Primo contatto", "Qualifica", "Offerta inviata", "Negoziazione", "Chiusa vinta", "Chiusa persa"]


def italian(number: float) -> str:
    """A number as Italian spreadsheets write it."""
    return f"{number:,.2f}".replace(",", " ").replace(".", ",").replace(" ", ".")


def deals() -> list[dict[str, object]]:
    """Deals drawn at random, as values."""
    draw = random.Random(5)
    rows: list[dict[str, object]] = []
    for index in range(240):
        created = date(2025, 1, 1) + timedelta(days=draw.randrange(600))
        closing = created + timedelta(days=draw.randrange(5, 120))
        stage = draw.choice(STAGES if closing < date(2026, 11, 1) else STAGES[:4])
        amount = draw.randrange(50000, 9000000) / 100
        rows.append({"n": index, "created": created, "closing": closing, "stage": stage, "amount": amount})
    return rows


def write_italian(folder: Path) -> list[dict[str, object]]:
    """One file as a spreadsheet of Italian Windows exports it: semicolons, cp1252, days first, decimal commas."""
    rows = deals()
    head = "Codice;Nome trattativa;Azienda;Venditore;Fase;Importo;Probabilità;Data creazione;Data chiusura;Fonte"
    lines = [head]
    for row in rows:
        number = int(str(row["n"]))
        lines.append(
            f"T{number + 1000};Fornitura {number};Città {number % 9} Srl;{['Anna Però', 'Luca Bianchi'][number % 2]};"
            f"{row['stage']};€ {italian(float(str(row['amount'])))};{[10, 40][number % 2]}%;"
            f"{row['created']:%d/%m/%Y};{row['closing']:%d/%m/%Y};{['Fiera', 'Web'][number % 2]}"
        )
    (folder / "trattative.csv").write_bytes("\r\n".join(lines).encode("cp1252"))
    return rows


def test_from_a_file_to_a_report(run_cli: RunCli, tmp_path: Path) -> None:
    """One command; the figures are counted here from the rows as they were drawn."""
    rows = write_italian(tmp_path)
    made = run_cli(["init", "trattative.csv", "--into", "p", "--yes"], cwd=tmp_path, env=NOW)
    assert made.returncode == 0, made.stdout + made.stderr
    project = tmp_path / "p"
    assert (project / "out" / "pipeline.pdf").read_bytes().startswith(b"%PDF")
    for name in ("reportspec.yaml", "mapping.yaml", "recipients.csv", ".github/workflows/reports.yml", "AGENTS.md"):
        assert (project / name).is_file()
    settings = yaml.safe_load((project / "reportspec.yaml").read_text())
    assert settings["currency"] == "EUR"
    assert settings["locale"] == "it_IT"
    mapping = yaml.safe_load((project / "mapping.yaml").read_text())["entities"]
    assert [stage["name"] for stage in mapping["stage"]["rows"]] == STAGES
    assert list(csv.reader((project / "recipients.csv").open())) == [
        ["value", "email"],
        ["Anna Però", ""],
        ["Luca Bianchi", ""],
    ]

    quarter = [row for row in rows if "2026-07-01" <= str(row["closing"]) < "2026-10-01"]
    won = [float(str(row["amount"])) for row in quarter if row["stage"] == "Chiusa vinta"]
    lost = [row for row in quarter if row["stage"] == "Chiusa persa"]
    asked = project / "specs" / "asked.yaml"
    asked.write_text(
        "version: 1\nperiod: 2026-Q3\nsections:\n  - kpis: [won_deals_count, won_amount, lost_deals_count]\n"
    )
    answer = run_cli(["query", asked, "--format", "csv"], env=NOW)
    assert answer.returncode == 0, answer.stderr
    assert won
    assert lost
    for expected in (len(won), len(lost)):
        assert f",{expected}" in answer.stdout
    assert f"{sum(won):.2f}".rstrip("0").rstrip(".") in answer.stdout


def test_nothing_is_overwritten(run_cli: RunCli, tmp_path: Path) -> None:
    write_italian(tmp_path)
    (tmp_path / "AGENTS.md").write_text("mine")
    made = run_cli(["init", "trattative.csv", "--yes"], cwd=tmp_path, env=NOW)
    assert made.returncode == 1
    assert "`AGENTS.md` is there already" in made.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["AGENTS.md", "trattative.csv"]
    assert (tmp_path / "AGENTS.md").read_text() == "mine"


def test_without_files_it_begins_with_the_demo(run_cli: RunCli, tmp_path: Path) -> None:
    made = run_cli(["init"], cwd=tmp_path, env=NOW)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "out" / "pipeline.pdf").is_file()
    again = run_cli(["init"], cwd=tmp_path, env=NOW)
    assert again.returncode == 1
    assert "there is a project here already" in again.stderr


def test_a_shipped_crm_is_taken_as_it_is(run_cli: RunCli, tmp_path: Path) -> None:
    from tests.crms.landed import write_tables
    from tests.crms.salesforce.tables import TABLES

    (tmp_path / "export").mkdir()
    write_tables(tmp_path / "export", {f"sf_{name}_data": rows for name, rows in TABLES.items()})
    made = run_cli(["init", "export", "--yes"], cwd=tmp_path, env=NOW)
    assert made.returncode == 0, made.stderr
    assert "recognised as salesforce" in made.stdout
    settings = yaml.safe_load((tmp_path / "reportspec.yaml").read_text())
    assert settings["crm"] == "salesforce"
    assert settings["source"]["files"]["opportunity"] == "export/sf_opportunity_data.csv"
    assert not (tmp_path / "mapping.yaml").exists()


def test_a_database_is_read_without_its_password(run_cli: RunCli, tmp_path: Path) -> None:
    import duckdb

    with duckdb.connect(str(tmp_path / "crm.duckdb")) as raw:
        raw.execute(
            "CREATE TABLE opportunities AS SELECT i AS id, 'Deal ' || i AS title, 'U' || (i % 3) AS rep_id,"
            " CASE i % 4 WHEN 0 THEN 'won' WHEN 1 THEN 'lost' ELSE 'open' END AS state, i * 10.5 AS deal_value,"
            " DATE '2026-06-01' + CAST(i AS INTEGER) AS created_on,"
            " CASE WHEN i % 4 < 2 THEN DATE '2026-07-01' + CAST(i AS INTEGER) END AS closed_on FROM range(60) t(i)"
        )
        raw.execute("CREATE TABLE reps AS SELECT 'U' || i AS id, 'Rep ' || i AS full_name FROM range(3) t(i)")
    made = run_cli(["init", "crm.duckdb", "--yes"], cwd=tmp_path, env=NOW)
    assert made.returncode == 0, made.stdout + made.stderr
    mapping = yaml.safe_load((tmp_path / "mapping.yaml").read_text())["entities"]
    assert mapping["deal"]["table"] == "opportunities"
    assert mapping["deal"]["fields"]["owner_id"] == "rep_id"
    assert mapping["deal"]["fields"]["amount"] == "deal_value"
    assert mapping["user"]["fields"]["name"] == "full_name"


@pytest.mark.parametrize(
    ("files", "args", "said"),
    [
        ({}, ["missing.csv"], "there is no file or folder `missing.csv`"),
        ({"notes.pdf": "x"}, ["notes.pdf"], "is no file of a kind that is read"),
        ({"empty/readme.md": "x"}, ["empty"], "has no file of a kind that is read"),
        ({"a.csv": "colour,shape\nred,round\n"}, ["a.csv"], "none of the tables looks like"),
        ({"a.csv": ""}, ["a.csv"], "a.csv"),
        ({"deals.csv": "id,amount\n1,2\n"}, ["deals.csv", "--column", "deal.amout=x"], "did you mean `deal.amount`?"),
        ({"deals.csv": "id,amount\n1,2\n"}, ["deals.csv", "--crm", "salesforc"], "did you mean `salesforce`?"),
        ({"deals.csv": "id,amount\n1,2\n"}, ["deals.csv", "--column", "deal.amount=amuont"], "did you mean `amount`?"),
    ],
)
def test_mistakes_are_told_kindly(
    files: dict[str, str], args: list[str], said: str, run_cli: RunCli, tmp_path: Path
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    before = sorted(tmp_path.rglob("*"))
    made = run_cli(["init", *args, "--yes"], cwd=tmp_path, env=NOW)
    assert made.returncode == 1, made.stdout
    assert said in made.stderr
    assert "Traceback" not in made.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_without_a_terminal_it_asks_for_a_yes(run_cli: RunCli, tmp_path: Path) -> None:
    write_italian(tmp_path)
    made = run_cli(["init", "trattative.csv"], cwd=tmp_path, env=NOW)
    assert made.returncode == 2
    assert "--yes" in made.stderr
