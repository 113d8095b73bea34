"""What `init` writes: in the form of `fmt`, whole in what an entity is no use without, and settled where a person said."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from reportspec.building import Order
from reportspec.onboarding.start import start
from reportspec.onboarding.wish import Wish
from tests.conftest import RunCli
from tests.onboarding.test_init import NOW

STAGES = ["Qualificazione", "Offerta", "Vinta", "Persa"]


def write(path: Path, head: str, rows: list[list[object]]) -> None:
    """A table as CSV, with semicolons."""
    path.parent.mkdir(exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=";").writerows([head.split(";"), *rows])


def crm(folder: Path, changed: str = "Data modifica") -> None:
    """An Italian CRM's tables, one with letters beyond U+FFFF in its name; `changed` is when a stage began."""
    first = date(2026, 3, 2)
    deals: list[list[object]] = []
    history: list[list[object]] = []
    for i in range(40):
        begun, state = first + timedelta(days=i), STAGES[i % 4]
        over = state if i % 4 > 1 else "Aperta"
        closed = begun + timedelta(days=30) if i % 4 > 1 else ""
        deals.append([f"T-{i}", f"Fornitura {i}", 101 + i % 3, state, over, 1000 + i, "EUR", begun, closed])
        history.append([2 * i, f"T-{i}", "", STAGES[0], f"{begun} 09:30"])
        if i % 4:
            history.append([2 * i + 1, f"T-{i}", STAGES[0], state, f"{begun + timedelta(days=9)} 10:15"])
    head = "ID trattativa;Nome trattativa;ID responsabile;Fase;Stato;Importo;Valuta;Data creazione;Data chiusura"
    write(folder / "trattative 🎉.csv", head, deals)
    write(folder / "storico_fasi.csv", f"ID;ID trattativa;Da fase;A fase;{changed}", history)
    write(folder / "fasi.csv", "ID fase;Fase;Ordine", [[n, name, n] for n, name in enumerate(STAGES, 1)])
    people: list[list[object]] = [
        [101 + n, f"Anna {name}", ["Nord", "Sud", "Centro"][n]] for n, name in enumerate("ABC")
    ]
    write(folder / "utenti.csv", "ID utente;Nome e cognome;Area", people)
    rates: list[list[object]] = [[f"2026-0{m}-01", "CHF", "EUR", f"1.0{m}"] for m in range(1, 9)]
    write(folder / "cambi.csv", "Data;Da;A;Cambio", rates)


def test_what_entities_are_no_use_without_is_found(run_cli: RunCli, tmp_path: Path) -> None:
    crm(tmp_path / "dati 🎉")
    made = run_cli(["init", "dati 🎉", "--into", "p", "--yes"], cwd=tmp_path, env=NOW)
    assert made.returncode == 0, made.stdout + made.stderr
    mapping = yaml.safe_load((tmp_path / "p" / "mapping.yaml").read_text("utf-8"))["entities"]
    assert mapping["deal_stage_history"]["fields"]["entered_at"] == '"Data modifica"'
    assert mapping["fx_rate"]["fields"]["from_currency"] == '"Da"'
    assert mapping["fx_rate"]["fields"]["to_currency"] == '"A"'
    assert mapping["user"]["fields"]["team"] == '"Area"'
    assert "pipeline_id" not in mapping["stage"]["fields"]  # each stage would be a pipeline of its own
    formed = run_cli(["fmt", "--check", "."], cwd=tmp_path / "p")
    assert formed.returncode == 0, formed.stdout + formed.stderr


class Person:
    """Takes what is proposed, and says when a stage began."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def choose(self, question: str, options: list[str], proposed: str) -> str:
        self.asked.append(question)
        return "Momento" if "entered_at" in question else proposed

    def confirm(self, question: str, proposed: bool) -> bool:
        return proposed


def with_another_time(folder: Path) -> Path:
    """The same history, with a second time in it, so that none is the only one."""
    file = folder / "storico_fasi.csv"
    head, *rows = file.read_text("utf-8").splitlines()
    times = [f"{row.rpartition(';')[2]}" for row in rows]
    lines = [f"{head};Registrato", *(f"{row};{time}" for row, time in zip(rows, times, strict=True))]
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def test_the_only_time_of_a_history_is_proposed(run_cli: RunCli, tmp_path: Path) -> None:
    """No word of the catalogue is "Momento"; it is marked as uncertain."""
    crm(tmp_path / "dati", "Momento")
    made = run_cli(["init", "dati", "--into", "p", "--yes"], cwd=tmp_path, env=NOW)
    assert "no column was found for deal_stage_history.entered_at" not in made.stdout + made.stderr
    line = next(x for x in (tmp_path / "p" / "mapping.yaml").read_text("utf-8").splitlines() if "entered_at:" in x)
    assert '"Momento"' in line
    assert "CONFIRM" in line


def test_what_is_missing_is_asked_and_told_and_answers_are_settled(tmp_path: Path) -> None:
    """No word of the catalogue is "Momento": without it the history is no use. A proposal of less than nine in ten but of
    more than eight is not asked."""
    crm(tmp_path / "dati", "Momento")
    with_another_time(tmp_path / "dati")
    order = Order(datetime(2026, 11, 29, tzinfo=UTC), {})
    wish = Wish((str(tmp_path / "dati"),), tmp_path / "p", currency="EUR", timezone="UTC", locale="it_IT")
    person = Person()
    start(wish, order, person, lambda _: None)
    text = (tmp_path / "p" / "mapping.yaml").read_text("utf-8")
    assert yaml.safe_load(text)["entities"]["deal_stage_history"]["fields"]["entered_at"] == '"Momento"'
    settled = [
        question.partition(" ")[0].partition(".")[2] for question in person.asked if ": which column" in question
    ]
    for line in text.split("\n"):
        assert not ("CONFIRM" in line and line.strip().partition(":")[0] in settled), line


def test_without_anybody_to_ask_what_is_missing_is_told(run_cli: RunCli, tmp_path: Path) -> None:
    crm(tmp_path / "dati", "Momento")
    with_another_time(tmp_path / "dati")
    made = run_cli(["init", "dati", "--into", "p", "--yes"], cwd=tmp_path, env=NOW)
    assert "no column was found for deal_stage_history.entered_at" in made.stdout + made.stderr
    assert "`--column deal_stage_history.entered_at=Momento`" in made.stdout + made.stderr


@pytest.mark.parametrize("rows", [[], [["", "", ""]]])
def test_tables_without_rows_are_refused(run_cli: RunCli, tmp_path: Path, rows: list[list[object]]) -> None:
    write(tmp_path / "deals.csv", "id;stage;amount", rows)
    made = run_cli(["init", "deals.csv", "--into", "p", "--yes"], cwd=tmp_path, env=NOW)
    assert made.returncode == 1
    assert "wrong-type" not in made.stderr
    assert not (tmp_path / "p").exists() or not any((tmp_path / "p").iterdir())


STEPS = "S1;P1;Qualification;1;non;non|S2;P1;Gagnée;2;oui;non|S3;P1;Perdue;3;non;oui|R1;P2;À préparer;1;non;non"
STEPS += "|R2;P2;Renouvelée;2;oui;non|R3;P2;Sans suite;3;non;oui"


@pytest.mark.parametrize("said", [True, False])
def test_stages_of_several_pipelines_win_by_what_says_so(said: bool, run_cli: RunCli, tmp_path: Path) -> None:
    """Columns of participles in the feminine say which stages win; where names alone do, and not for each pipeline, the
    line is to be confirmed."""
    rows: list[list[object]] = [list(row.split(";")) for row in STEPS.split("|")]
    head = "ID étape;ID pipeline;Étape;Ordre;Est gagnée;Est perdue"
    if not said:
        rows, head = [row[:4] for row in rows], head.rpartition(";Est gagnée")[0]
    write(tmp_path / "etapes.csv", head, rows)
    deals: list[list[object]] = [
        [f"A{n}", f"Offre {n}", "S1" if n % 2 else "R1", 1000 + n, f"2026-05-{1 + n % 28:02}"] for n in range(40)
    ]
    write(tmp_path / "affaires.csv", "ID affaire;Nom de l'affaire;ID étape;Montant HT;Créée le", deals)
    made = run_cli(["init", "etapes.csv", "affaires.csv", "--into", "p", "--yes"], cwd=tmp_path, env=NOW)
    text = (tmp_path / "p" / "mapping.yaml").read_text("utf-8")
    entities = yaml.safe_load(text)["entities"]
    assert entities["deal"]["fields"]["name"] == '"Nom de l\'affaire"', made.stdout
    stage = entities["stage"]["fields"]
    line = next(line for line in text.splitlines() if line.strip().startswith("is_lost:"))
    if said:
        assert (stage["is_won"], stage["is_lost"]) == ('"Est gagnée"', '"Est perdue"')
    else:
        assert "Perdue" in stage["is_lost"]
        assert "CONFIRM" in line
