"""Who is the same in a firm of which it is known by hand, and what is told of them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import openpyxl
import pytest
import yaml

from reportspec.languages import languages
from tests.conftest import RunCli
from tests.duplicates.conftest import Ask, sets
from tests.duplicates.people import ENTITIES, SAME


@pytest.mark.parametrize("entity", ENTITIES)
def test_what_is_the_same_is_found_and_nothing_else(firm: Path, ask: Ask, entity: str) -> None:
    assert sets(ask(firm, "--entity", entity)) == sorted(SAME[entity], key=min)


def test_the_most_complete_record_is_kept_and_reasons_are_words(firm: Path, ask: Ask) -> None:
    found = ask(firm)
    groups = {min(record["key"] for record in group["records"]): group for group in found["groups"]}
    assert groups["C01"]["keep"] == {"entity": "contact", "key": "C01", "reason": "changed last"}
    second = next(record for record in groups["C01"]["records"] if record["key"] == "C02")
    assert second["reason"].startswith(
        "same first name; same email; same phone; same company; last name differs by one letter"
    )
    third = next(record for record in groups["C01"]["records"] if record["key"] == "C03")
    assert "two forms of one first name" in third["reason"]
    assert groups["C06"]["keep"]["reason"] == "has the most fields filled"
    swapped = next(record for record in groups["C08"]["records"] if record["key"] == "C09")
    assert "first and last name swapped" in swapped["reason"]


def test_money_is_what_deals_of_the_group_are_worth(firm: Path, ask: Ask) -> None:
    groups = {min(record["key"] for record in group["records"]): group for group in ask(firm)["groups"]}
    # C01: D1 open 12,000, D3 won 12,000; C02: D2 open 12,000.
    assert groups["C01"]["at_stake"] == [
        {"status": "open", "currency": "EUR", "deals": 2, "amount": "24000"},
        {"status": "won", "currency": "EUR", "deals": 1, "amount": "12000"},
    ]
    # Euros and dollars stay apart; what is lost is not at stake.
    assert groups["C08"]["at_stake"] == [
        {"status": "won", "currency": "EUR", "deals": 1, "amount": "5000.5"},
        {"status": "won", "currency": "USD", "deals": 1, "amount": "700"},
    ]
    assert groups["C17"]["at_stake"] == []
    deals = ask(firm, "--entity", "deal")
    assert deals["at_stake"] == [{"status": "open", "currency": "EUR", "deals": 2, "amount": "24000"}]


def test_a_lead_gives_way_to_a_contact(firm: Path, ask: Ask) -> None:
    for group in ask(firm, "--entity", "lead+contact")["groups"]:
        assert group["keep"]["entity"] == "contact"


def test_pairs_that_people_keep_apart_are_none(firm: Path, ask: Ask, run_cli: RunCli) -> None:
    (firm / "not_duplicates.csv").write_text("entity,a,b\ncontact,C09,C08\ncontact,C02,C03\nlead,C06,C07\n")
    found = ask(firm)
    assert found["kept_apart"] == 2
    groups = sets(found)
    assert not any({"C08", "C09"} <= group or {"C02", "C03"} <= group for group in groups)
    assert {"C06", "C07"} in groups
    (firm / "not_duplicates.csv").write_text("entity,a,b\ncontact,C08,C99\n")
    done = run_cli(["duplicates", firm])
    assert done.returncode == 0
    assert "`contact C99`" in done.stderr


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\nC1,C2\n", "begin it with the line `entity,a,b`"),
        ("entity,a,b\ncontact,C08\n", "a line has an entity and two keys"),
        ('entity,a,b\ncontact,"C08,C09\n', "it is no CSV"),
        ("", "begin it with the line"),
        ("entity,a,b\nfoo,1,2\n", "not_duplicates.csv:2: there is no `foo`"),
        ("entity,a,b\ncontact,C1,C2\nlead,1,1\n", "not_duplicates.csv:3: `1` is held apart from itself"),
    ],
)
def test_a_wrong_list_is_told_at_its_line(firm: Path, run_cli: RunCli, text: str, told: str) -> None:
    (firm / "not_duplicates.csv").write_text(text)
    done = run_cli(["duplicates", firm])
    assert done.returncode == 1
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_personal_data_are_masked_unless_asked_for(firm: Path, run_cli: RunCli) -> None:
    """Slow: duplicates are looked for in each form."""
    for form in ("table", "json", "csv"):
        hidden = run_cli(["duplicates", firm, "--format", form]).stdout
        for personal in ("Giovanni", "Rossi", "giovanni", "8765", "612345987", "García"):
            assert personal not in hidden, form
        assert "C01" in hidden
        shown = run_cli(["duplicates", firm, "--format", form, "--show-personal"]).stdout
        assert "giovanni.rossi@acmespa.example" in shown


def test_rows_are_of_all_records_of_groups(firm: Path, run_cli: RunCli, tmp_path: Path) -> None:
    text = run_cli(["duplicates", firm, "--format", "csv", "--show-personal"]).stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["key"] for row in rows} == set.union(*SAME["contact"])
    assert sum(row["keep"] == "yes" for row in rows) == len(SAME["contact"])
    first = next(row for row in rows if row["key"] == "C01")
    assert (first["open"], first["won"]) == ("12,000\xa0EUR", "12,000\xa0EUR")
    # A number that begins with a plus is no formula.
    assert first["phone"] == "'+39 02 8765 4321"
    done = run_cli(["duplicates", firm, "--format", "xlsx", "-o", tmp_path / "d.xlsx"])
    assert done.returncode == 0, done.stderr
    sheet = openpyxl.load_workbook(tmp_path / "d.xlsx").active
    assert sheet is not None
    assert sheet.max_row == len(rows) + 1
    assert run_cli(["duplicates", firm, "--format", "xlsx"]).returncode == 2


def test_a_higher_chance_leaves_fewer_pairs(firm: Path, ask: Ask) -> None:
    groups = [len(ask(firm, "--min", chance)["groups"]) for chance in ("0.5", "0.99", "0.9999")]
    assert groups == sorted(groups, reverse=True)
    assert groups[0] > groups[-1]


@pytest.mark.parametrize("language", languages())
def test_every_language_tells_it(firm: Path, run_cli: RunCli, language: str) -> None:
    project = yaml.safe_load((firm / "reportspec.yaml").read_text())
    (firm / "reportspec.yaml").write_text(yaml.safe_dump({**project, "language": language}))
    done = run_cli(["duplicates", firm, "--entity", "lead+contact"])
    assert done.returncode == 0, done.stderr
    words = {
        "de": "E-Mail gleich",
        "en": "same email",
        "es": "correo igual",
        "fr": "e-mail identique",
        "it": "email uguale",
    }
    assert words[language] in done.stdout


def test_what_cannot_be_compared_is_said(firm: Path, run_cli: RunCli, tmp_path: Path) -> None:
    mapping = yaml.safe_load((firm / "mapping.yaml").read_text())
    del mapping["entities"]["lead"]
    mapping["entities"]["contact"]["fields"] = {"contact_id": "contact_id"}
    (firm / "mapping.yaml").write_text(yaml.safe_dump(mapping))
    done = run_cli(["duplicates", firm, "--entity", "lead"])
    assert (done.returncode, "map `lead` in the mapping" in done.stderr) == (1, True)
    done = run_cli(["duplicates", firm])
    assert (done.returncode, "no field of `contact` is mapped" in done.stderr) == (1, True)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run_cli(["duplicates", empty]).returncode == 1


def test_keys_that_are_not_each_records_own_are_refused(firm: Path, run_cli: RunCli) -> None:
    mapping = yaml.safe_load((firm / "mapping.yaml").read_text())
    mapping["entities"]["contact"]["fields"]["contact_id"] = "account_id"
    (firm / "mapping.yaml").write_text(yaml.safe_dump(mapping))
    done = run_cli(["duplicates", firm])
    assert done.returncode == 1
    # 22 contacts of 10 accounts
    assert "has 12 rows with the key of another one" in done.stderr


def test_a_source_without_rows_has_no_duplicates(firm: Path, run_cli: RunCli) -> None:
    import duckdb

    with duckdb.connect(str(firm / "firm.duckdb")) as raw:
        raw.execute("delete from contact")
    done = run_cli(["duplicates", firm])
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Contacts: no duplicates")
