"""`reportspec init` as a newcomer meets it: from files to a PDF, with the figures that they hold."""

from __future__ import annotations

import csv
import random
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from reportspec.building import Built, Order, build
from reportspec.files import write_together
from reportspec.onboarding.start import start
from reportspec.onboarding.wish import NoStart, Takes, Wish
from tests.conftest import RunCli

NOW = {"REPORTSPEC_NOW": "2026-11-29T12:00:00Z", "TZ": "UTC", "LANG": "C.UTF-8"}
STAGES = ["Primo contatto", "Qualifica", "Offerta inviata", "Negoziazione", "Chiusa vinta", "Chiusa persa"]


@pytest.fixture(autouse=True)
def _host(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `init` proposes where files say nothing is read off the environment; no clock of the host is asked."""
    monkeypatch.setenv("TZ", NOW["TZ"])
    monkeypatch.setenv("LANG", NOW["LANG"])


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


def test_until_it_is_whole_there_is_nothing_of_a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever kills it while it looks, tries and builds leaves the folder as it was."""
    write_italian(tmp_path)
    target, seen = tmp_path / "p", list[bool]()

    def looked(name: str) -> None:
        seen.append(target.exists())

    def building(path: Path, order: Order) -> Built:
        looked("")
        return build(path, order)

    monkeypatch.setattr("reportspec.building.build", building)
    order = Order(datetime(2026, 11, 29, 12, tzinfo=UTC), {})
    made = start(Wish((str(tmp_path / "trattative.csv"),), target), order, Takes(), looked)
    assert len(seen) > 4
    assert not any(seen)
    assert made.pdf == target / "out" / "pipeline.pdf"
    assert sorted(path.name for path in target.rglob("*") if path.is_file()) == [
        ".gitignore", "AGENTS.md", "mapping.yaml", "pipeline.pdf", "pipeline.yaml", "recipients.csv", "reports.yml",
        "reportspec.yaml",
    ]  # fmt: skip


@pytest.mark.parametrize("at", range(4))
def test_files_are_written_together_or_not_at_all(at: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken off at any of the names, and where one of the files has come to be there meanwhile."""
    files = {tmp_path / f"{number}" / "a.txt": b"x" * number for number in range(1, 4)}
    replace, done = Path.replace, list[Path]()

    def replacing(self: Path, other: Path) -> Path:
        if len(done) == at < 3:
            raise OSError("full")
        done.append(other)
        return replace(self, other)

    monkeypatch.setattr(Path, "replace", replacing)
    if at < 3:
        with pytest.raises(OSError, match="full"):
            write_together(files)
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]
        return
    write_together(files)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files
    with pytest.raises(FileExistsError):
        write_together({tmp_path / "new.txt": b"new", **files})
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files


def test_columns_that_are_nowhere_are_told_before_anything_is_held_against_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_italian(tmp_path)
    order, told = Order(datetime(2026, 11, 29, 12, tzinfo=UTC), {}), list[str]()
    wish = Wish((str(tmp_path / "trattative.csv"),), tmp_path / "p", columns={"deal.amuont": "Importo"})
    with pytest.raises(NoStart, match=r"no field `deal\.amuont`"):
        start(wish, order, Takes(), told.append)
    assert told == []  # no file was opened
    monkeypatch.setattr("reportspec.onboarding.start.propose", lambda *_: pytest.fail("too late"))
    with pytest.raises(NoStart, match="no table has a column `Improto`"):
        start(replace(wish, columns={"deal.amount": "Improto"}), order, Takes(), told.append)


def test_without_files_it_begins_with_the_demo(run_cli: RunCli, tmp_path: Path) -> None:
    made = run_cli(["init"], cwd=tmp_path, env=NOW)
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "out" / "pipeline.pdf").is_file()
    again = run_cli(["init"], cwd=tmp_path, env=NOW)
    assert again.returncode == 1
    assert "there is a project here already" in again.stderr


def test_the_commands_of_the_ten_minutes_make_a_report(run_cli: RunCli, tmp_path: Path, checkout: Path) -> None:
    """As `docs/start.md` has them, over the tables of a shipped CRM under names of files of their own.

    Slow: a project is begun, and reports are built."""
    from tests.crms.landed import write_tables
    from tests.crms.salesforce.tables import TABLES

    (tmp_path / "export").mkdir()
    write_tables(tmp_path / "export", {f"sf_{name}_data": rows for name, rows in TABLES.items()})
    page = (checkout / "docs" / "start.md").read_text(encoding="utf-8")
    first, second = re.findall(r"^```sh\nreportspec (.*)\n```$", page, re.MULTILINE)
    made = run_cli([*first.split(), "--yes"], cwd=tmp_path, env=NOW)
    assert made.returncode == 0, made.stderr
    assert "recognised as salesforce" in made.stdout
    project = tmp_path / "reports"
    settings = yaml.safe_load((project / "reportspec.yaml").read_text())
    assert settings["crm"] == "salesforce"
    assert settings["source"]["files"]["opportunity"] == "../export/sf_opportunity_data.csv"
    assert not (project / "mapping.yaml").exists()
    built = run_cli(second.split(), cwd=project, env=NOW)
    assert built.returncode == 0, built.stderr
    assert "out/pipeline.pdf" in built.stdout


def test_the_hooks_for_pre_commit_are_some(checkout: Path) -> None:
    from pre_commit.clientlib import load_manifest

    from reportspec.cli import COMMANDS

    taken = {}
    for hook in load_manifest(str(checkout / ".pre-commit-hooks.yaml")):
        program, command = hook["entry"].split()
        assert program == "reportspec"
        assert command in COMMANDS
        taken[command] = [
            name
            for name in (
                "specs/q3.yaml",
                "a/specs/b/x.yml",
                "specs/reportspec.yaml",
                "mapping.yaml",
                "metrics/a.yaml",
                "x.yaml",
            )
            if re.search(hook["files"], name) and not re.search(hook["exclude"], name)
        ]
    assert taken == {
        "validate": ["specs/q3.yaml", "a/specs/b/x.yml"],
        "fmt": ["specs/q3.yaml", "a/specs/b/x.yml", "specs/reportspec.yaml", "mapping.yaml", "metrics/a.yaml"],
    }


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
        ({"a.csv": "colour,shape\nred,round\nblue,flat\n"}, ["a.csv"], "`a` (colour, shape)"),
        ({"a.csv": "colour,shape\nred,round\nblue,flat\n"}, ["a.csv"], "`--column deal.name=colour`"),
        ({"a.csv": "a,b b\n1,2\n2,3\n"}, ["a.csv"], "`--column 'deal.amount=b b'`"),
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


def write(folder: Path, name: str, columns: str, rows: list[list[object]]) -> None:
    """A table as CSV."""
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns.split(), *rows])


def test_tables_are_told_by_their_values_and_keys(run_cli: RunCli, tmp_path: Path) -> None:
    """Deals in a table that is called after the pipeline, people in one that is called after teams, stages' changes in
    a log: names alone would take each for another."""
    data = tmp_path / "data"
    data.mkdir()
    agents = [f"Agent {letter}" for letter in "ABC"]
    stages = ["Engaging", "Won", "Lost"]
    deals = [
        [
            f"X{i}",
            agents[i % 3],
            stages[i % 3],
            date(2026, 4, 1) + timedelta(days=i),
            "" if i % 3 == 0 else date(2026, 7, 1) + timedelta(days=i),
            i * 10,
        ]
        for i in range(60)
    ]
    write(data, "sales_pipeline.csv", "opportunity_id sales_agent deal_stage engage_date close_date close_value", deals)
    write(data, "teams.csv", "sales_agent manager", [[agent, "Boss"] for agent in agents])
    log = [
        [f"X{i}", stage, date(2026, 4, 1) + timedelta(days=i)]
        for i in range(60)
        for stage in {stages[0], stages[i % 3]}
    ]
    write(data, "log.csv", "ref moved_to moved_on", log)
    art = [
        [i, ["Anruf", "Termin"][i % 2], f"X{i}", date(2026, 8, 1), ["erledigt", "geplant"][i % 2]] for i in range(20)
    ]
    write(data, "tasks.csv", "nr art opportunity_id date status", art)
    made = run_cli(["init", "data", "--yes"], cwd=tmp_path, env=NOW)
    assert made.returncode == 0, made.stdout + made.stderr
    mapping = yaml.safe_load((tmp_path / "mapping.yaml").read_text())["entities"]
    deal = mapping["deal"]
    assert deal["table"] == "sales_pipeline"
    assert deal["key"] == "opportunity_id"
    assert deal["fields"]["created_at"] == "engage_date"
    assert deal["fields"]["amount"] == "close_value"
    assert "'won'" in deal["fields"]["status"]
    assert mapping["user"]["table"] == "teams"
    assert mapping["user"]["key"] == "sales_agent"
    history = mapping["deal_stage_history"]
    assert history["table"] == "log"
    assert history["fields"]["deal_id"] == "ref"
    assert history["fields"]["stage_id"] == "moved_to"
    assert "CONFIRM" in (tmp_path / "mapping.yaml").read_text()


def test_a_person_is_asked_and_answers_count(tmp_path: Path) -> None:
    """Dates that can be read in two ways, a stage that no word knows, and a column that fits less."""
    from datetime import UTC, datetime

    from reportspec.building import Order
    from reportspec.onboarding.start import start
    from reportspec.onboarding.wish import Wish

    write(
        tmp_path,
        "deals.csv",
        "id stage net_worth created close_date",
        [
            [i, ["Won", "Lost", "Parked"][i % 3], 100 + i, f"0{i % 9 + 1}/03/2026", f"0{i % 9 + 1}/08/2026"]
            for i in range(30)
        ],
    )
    asked: list[str] = []

    class Person:
        def choose(self, question: str, options: list[str], proposed: str) -> str:
            asked.append(question)
            return "lost" if "`Parked`" in question else proposed

        def confirm(self, question: str, proposed: bool) -> bool:
            return proposed

    wish = Wish(
        (str(tmp_path / "deals.csv"),),
        tmp_path / "p",
        currency="EUR",
        timezone="UTC",
        locale="de_DE",
        date_order="DMY",
        columns={"deal.amount": "net_worth"},
    )
    made = start(wish, Order(datetime(2026, 11, 29, tzinfo=UTC), {}), Person(), lambda name: None)
    assert made.pdf is not None
    mapping = yaml.safe_load((tmp_path / "p" / "mapping.yaml").read_text())["entities"]
    assert "trim(stage) in ('Lost', 'Parked') then 'lost'" in mapping["deal"]["fields"]["status"]
    assert mapping["deal"]["fields"]["amount"] == "net_worth"
    settings = yaml.safe_load((tmp_path / "p" / "reportspec.yaml").read_text())
    assert settings["source"]["files"]["deals"]["date_format"]["created"] == "%d/%m/%Y"
    assert any("`Parked`" in question for question in asked)
