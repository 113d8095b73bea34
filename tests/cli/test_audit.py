"""`reportspec audit`: its forms, what it keeps, how it ends, and what it says of mistakes."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as Xml

import openpyxl
import pytest
from pypdf import PdfReader

RunCli = Callable[..., subprocess.CompletedProcess[str]]
PROJECT = """version: 1
source: {files: {people: people.csv, sales: sales.csv, users: users.csv}}
mapping: m.yaml
timezone: UTC
currency: EUR
"""
MAPPING = """entities:
  user: {table: users, key: id, fields: {name: name, is_active: active}}
  contact: {table: people, key: id, fields: {email: mail, last_name: name, phone: phone}}
  deal:
    table: sales
    key: id
    fields: {name: name, owner_id: owner, status: status, amount: amount, currency: cur, expected_close_date: due}
"""
PEOPLE = """id,mail,name,phone
1,anna.neri@@host.com,Neri,+39 02 1234987
2,bo@fern-paper.com,<b>|Lang|</b>,5555555555
3,bo@fern-paper.com,Roth,
"""
SALES = """id,name,owner,status,amount,cur,due
D1,One,1,open,100,EUR,2026-12-31
D2,Two,2,open,,EUR,2026-12-31
D3,Three,9,open,300,EUR,2026-01-31
"""
USERS = "id,name,active\n1,Ada,true\n2,Bo,false\n"
FIRST = ["audit", "--today", "2026-11-28"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (
        ("reportspec.yaml", PROJECT),
        ("m.yaml", MAPPING),
        ("people.csv", PEOPLE),
        ("sales.csv", SALES),
        ("users.csv", USERS),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def checks(text: str) -> dict[str, dict[str, object]]:
    """The checks of an audit in JSON that failed, by their names."""
    found = (check for entity in json.loads(text)["entities"] for check in entity["checks"])
    return {check["check"]: check for check in found if check["level"] in ("error", "warning", "info")}


def test_json_has_all_of_it(folder: Path, run_cli: RunCli) -> None:
    done = run_cli([*FIRST, "--format", "json"], cwd=folder)
    assert done.returncode == 1
    data = json.loads(done.stdout)
    entities = {entity["entity"]: entity for entity in data["entities"]}
    # Contacts 1 (its email), 2 and 3 (the same email), deals D2 (no amount, an owner who left) and D3 have an error.
    assert (data["records"], data["without_error"]) == (8, 3)
    assert (entities["deal"]["open_with_error"], entities["deal"]["amount_with_error"]) == (2, 300.0)
    assert entities["contact"]["coverage"] == {"contact_id": 3, "email": 3, "phone": 2, "last_name": 3}
    found = checks(done.stdout)
    assert found["no-partner"]["of"] == "deal.owner"
    assert found["deal_amount_missing"]["looked_at"] == 3
    assert found["deal_close_date_past"]["amount"] == 300.0
    assert found["deal_amount_missing"]["endangers"] == ["open_amount", "won_amount", "new_revenue_amount"]
    lacking = [one for one in entities["contact"]["checks"] if one["level"] == "not_applicable"]
    assert (
        next(one["lacks"] for one in lacking if one["check"] == "contact_stale") == "needs `contact.last_activity_at`"
    )


@pytest.mark.parametrize("form", ["table", "json", "junit", "md"])
def test_personal_values_are_masked_unless_asked_for(form: str, folder: Path, run_cli: RunCli) -> None:
    hidden = run_cli([*FIRST, "--format", form], cwd=folder).stdout
    assert "anna.neri" not in hidden
    assert "5555555555" not in hidden
    if form != "table":  # which has keys alone
        assert "a…@h…" in hidden or "a…" in hidden
        assert "anna.neri@@host.com" in run_cli([*FIRST, "--format", form, "--show-personal"], cwd=folder).stdout


def test_a_page_of_what_was_found(folder: Path, run_cli: RunCli) -> None:
    """The same as the report that shows an audit, with what got worse since; the source is asked once."""
    assert run_cli([*FIRST, "--fail-on", "never"], cwd=folder).returncode == 0
    (folder / "sales.csv").write_text(SALES + "D4,Four,2,open,,EUR,2026-12-31\n", encoding="utf-8")
    asked = ["audit", "--today", "2026-11-29", "--format", "pdf"]
    done = run_cli([*asked, "-o", "a.pdf", "--fail-on", "never"], cwd=folder)
    assert (done.returncode, done.stdout) == (0, "")
    text = " ".join(page.extract_text() for page in PdfReader(folder / "a.pdf").pages)
    assert "Data quality" in text
    assert "Open and won deals without an amount" in text.replace("\n", " ")
    assert "anna.neri" not in text
    shown = run_cli([*asked, "-o", "b.pdf", "--show-personal"], cwd=folder)
    assert shown.returncode == 1  # what fails an audit fails it in every form
    kept = [json.loads(line) for line in (folder / ".reportspec" / "audits.jsonl").read_text("utf-8").splitlines()]
    assert len(kept) == 3
    for wrong, said in (((), "name it with `-o audit.pdf`"), (("-o", "c.pdf", "--changed-since", "last"), "goes with")):
        refused = run_cli([*asked, *wrong], cwd=folder)
        assert refused.returncode == 2
        assert said in refused.stderr


def test_junit_has_a_case_for_each_check(folder: Path, run_cli: RunCli) -> None:
    root = Xml.fromstring(run_cli([*FIRST, "--format", "junit"], cwd=folder).stdout)
    failed = {case.get("name") for case in root.iter("testcase") if case.find("failure") is not None}
    assert failed == {
        "contact_email_invalid",
        "contact_duplicate_email",
        "deal_amount_missing",
        "deal_close_date_past",
        "deal_owner_inactive",
        "no-partner deal.owner",
    }
    for suite in root:
        assert int(suite.get("tests", "")) == len(suite)
        assert int(suite.get("failures", "")) == sum(case.find("failure") is not None for case in suite)


def test_markdown_shows_nothing_of_the_data_as_its_own(folder: Path, run_cli: RunCli) -> None:
    page = run_cli([*FIRST, "--format", "md", "--show-personal"], cwd=folder).stdout
    assert "<b>" not in page
    for line in page.splitlines():
        if line.startswith("| "):
            assert line.replace("\\|", "").count("|") == 9, line


@pytest.mark.parametrize(("fail_on", "code"), [("error", 1), ("warning", 1), ("never", 0)])
def test_what_it_ends_with(fail_on: str, code: int, folder: Path, run_cli: RunCli) -> None:
    assert run_cli([*FIRST, "--fail-on", fail_on], cwd=folder).returncode == code


def test_warnings_alone_fail_only_where_asked(folder: Path, run_cli: RunCli) -> None:
    (folder / "people.csv").write_text("id,mail,name,phone\n1,,Neri,+39 02 1234987\n", encoding="utf-8")
    assert run_cli([*FIRST, "--entity", "contact"], cwd=folder).returncode == 0
    assert run_cli([*FIRST, "--entity", "contact", "--fail-on", "warning"], cwd=folder).returncode == 1


def test_what_got_worse_since_the_last(folder: Path, run_cli: RunCli) -> None:
    since = [*FIRST, "--changed-since", "last"]
    assert run_cli(since, cwd=folder).returncode == 1  # the first: all is new
    for form in ("table", "md"):
        done = run_cli([*since, "--format", form], cwd=folder)
        assert (done.returncode, "Nothing has got worse" in done.stdout) == (0, True)
    (folder / "sales.csv").write_text(SALES + "D4,Four,1,open,,EUR,2026-12-31\n", encoding="utf-8")
    done = run_cli([*since, "--format", "json"], cwd=folder)
    assert done.returncode == 1
    assert {name: check["change"] for name, check in checks(done.stdout).items()} == {"deal_amount_missing": 1}
    kept = (folder / ".reportspec" / "audits.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["broken"]["deal_amount_missing"] for line in kept] == [1, 1, 1, 2]
    assert "anna" not in kept[0]  # nor any other value of the data


ENDLESS = '{"at": "2026-11-01T08:00:00+00:00", "entities": {}, "broken": {"x": 1e400}}\n'


@pytest.mark.parametrize("wrong", ['{"at": "2026"}\n', "{half a li\n{}\n", ENDLESS, f"{'[' * 100_000}\n{{}}\n"])
def test_a_broken_file_of_audits_is_told_by_its_line(wrong: str, folder: Path, run_cli: RunCli) -> None:
    run_cli(FIRST, cwd=folder)
    place = folder / ".reportspec" / "audits.jsonl"
    place.write_text(place.read_text(encoding="utf-8") + wrong, encoding="utf-8")
    done = run_cli(FIRST, cwd=folder)
    assert done.returncode == 1
    assert "line 2 of the file of audits" in done.stderr
    assert "remove the line" in done.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of other systems are no files")
def test_a_pipe_is_no_file_of_audits(folder: Path, run_cli: RunCli) -> None:
    run_cli(FIRST, cwd=folder)
    place = folder / ".reportspec" / "audits.jsonl"
    place.unlink()
    os.mkfifo(place)
    done = run_cli(FIRST, cwd=folder)
    assert done.returncode == 1
    assert "is no file" in done.stderr


def test_a_last_line_that_was_not_written_to_its_end_is_set_aside(folder: Path, run_cli: RunCli) -> None:
    """The audits before it count as before, and the next one follows them."""
    run_cli(FIRST, cwd=folder)
    place = folder / ".reportspec" / "audits.jsonl"
    first = place.read_text(encoding="utf-8")
    for number in (1, 2):
        before = place.read_text(encoding="utf-8")
        place.write_text(before + first[: 40 * number], encoding="utf-8")
        done = run_cli([*FIRST, "--format", "json", "--fail-on", "never"], cwd=folder)
        assert done.returncode == 0
        assert "was not written to its end" in done.stderr
        assert json.loads(done.stdout)["earlier"] == json.loads(first)["at"]
        assert place.read_text(encoding="utf-8").splitlines()[: number + 1] == [first.strip()] * (number + 1)
    aside = folder / ".reportspec" / "audits.broken.jsonl"
    assert aside.read_text(encoding="utf-8") == f"{first[:40]}\n{first[:80]}\n"
    assert "was not written" not in run_cli(FIRST, cwd=folder).stderr


def test_lists_of_an_earlier_audit_go_unless_somebody_wrote_in_them(folder: Path, run_cli: RunCli) -> None:
    """First there is one each for Ada, Bo and nobody, and a file of somebody's; then nothing is to be mended."""
    ada = SALES.replace("D1,One,1,open,100", "D1,One,1,open,")
    (folder / "sales.csv").write_text(ada, encoding="utf-8")
    run_cli([*FIRST, "--repairs", "mend"], cwd=folder)
    mend = folder / "mend"
    assert {path.name for path in mend.iterdir()} == {"ada.csv", "bo.csv", "nobody.csv"}
    (mend / "carla.csv").write_text("mine", encoding="utf-8")
    (mend / "bo.csv").write_text("key,done\nD2,yes\n", encoding="utf-8")
    good = "D1,One,1,open,100,EUR,2026-12-31\n"
    (folder / "sales.csv").write_text(SALES.splitlines()[0] + f"\n{good}", encoding="utf-8")
    (folder / "people.csv").write_text("id,mail,name,phone\n1,anna@fern-paper.com,Neri,+39 02 1234987\n", "utf-8")
    for old in ("ada.csv", None):
        done = run_cli([*FIRST, "--repairs", "mend"], cwd=folder)
        assert {path.name for path in mend.iterdir()} == {"bo.csv", "carla.csv"}
        assert ("ada.csv` is of an earlier audit: it was removed" in done.stderr) == (old is not None)
        assert "bo.csv` is of an earlier audit and was changed since: it stays" in done.stderr


def test_entities_that_no_check_of_severity_error_looks_at_are_in_no_share(folder: Path, run_cli: RunCli) -> None:
    """Of the three kinds of records each has a key, which is checked; products without one are not."""
    (folder / "m.yaml").write_text(MAPPING + "  product: {table: goods, fields: {name: name}}\n", encoding="utf-8")
    files = PROJECT.replace("users: users.csv", "users: users.csv, goods: goods.csv")
    (folder / "reportspec.yaml").write_text(files, encoding="utf-8")
    (folder / "goods.csv").write_text("name\nRack\nBin\n", encoding="utf-8")
    done = run_cli(FIRST, cwd=folder)
    assert " of 8 records " in done.stdout.splitlines()[0]
    assert "no check of severity error was asked of them: Products." in done.stdout


def test_with_specs_only_what_their_figures_are_made_of(folder: Path, run_cli: RunCli) -> None:
    spec = "version: 1\nperiod: 2026-11\nsections:\n  - kpis: [open_amount]\n"
    (folder / "s.yaml").write_text(spec, encoding="utf-8")
    done = run_cli([*FIRST, "s.yaml", "--format", "json"], cwd=folder)
    asked = {entity["entity"] for entity in json.loads(done.stdout)["entities"]}
    assert asked == {"deal"}
    assert set(checks(done.stdout)) == {"deal_amount_missing"}


def test_what_is_known_is_told_with_its_reason(folder: Path, run_cli: RunCli) -> None:
    ignored = "checks: {ignore: [{check: deal_close_date_past, reason: Frame contracts stay open.}]}\n"
    (folder / "reportspec.yaml").write_text(PROJECT + ignored, encoding="utf-8")
    done = run_cli(FIRST, cwd=folder)
    assert "deal_close_date_past, deal.expected_close_date (1): Frame contracts stay open." in done.stdout
    wrong = ignored.replace("deal_close_date_past", "deal_close_date_pasd")
    (folder / "reportspec.yaml").write_text(PROJECT + wrong, encoding="utf-8")
    done = run_cli(FIRST, cwd=folder)
    assert done.returncode == 1
    assert "did you mean `deal_close_date_past`?" in done.stderr


def test_repair_lists(folder: Path, run_cli: RunCli) -> None:
    """One for each owner: D1 is Ada's and of the rarer spelling, D2 is Bo's, D3 of one who is not there; what a
    spreadsheet would take for a formula is marked, also in a link."""
    (folder / "audits").mkdir()
    own = "audits:\n  - {audit: deal_names, same_spelling: deal.name, severity: warning}\n"
    (folder / "audits" / "ours.yaml").write_text(own, encoding="utf-8")
    link = MAPPING.replace("table: sales\n", "table: sales\n    link: https://crm.example.com/deals/{key}?tab=1\n")
    (folder / "m.yaml").write_text(link, encoding="utf-8")
    sales = SALES.replace("D1,One,", "D1,two,").replace("D3,Three,", "=D/3,Two,")
    (folder / "sales.csv").write_text(sales, encoding="utf-8")
    people = PEOPLE.replace("anna.neri@@", "=anna.neri@@")
    (folder / "people.csv").write_text(people, encoding="utf-8")
    done = run_cli([*FIRST, "--repairs", "mend"], cwd=folder)
    assert done.returncode == 1
    assert done.stderr.split() == [str(Path("mend") / f"{name}.csv") for name in ("nobody", "ada", "bo")]
    read = {path.stem: list(csv.DictReader(path.open(encoding="utf-8"))) for path in (folder / "mend").iterdir()}
    [ada] = read["ada"]
    assert (ada["Key"], ada["Link"]) == ("D1", "https://crm.example.com/deals/D1?tab=1")
    assert (ada["Field"], ada["Value"], ada["Proposed"]) == ("deal.name", "two", "Two")
    assert ada["Confidence"] == "0.67"  # two of three
    assert {(row["Key"], row["Field"], row["Proposed"]) for row in read["bo"]} == {
        ("D2", "deal.amount", ""),
        ("D2", "deal.owner.name", ""),
    }
    nobody = {(row["Key"], row["Field"]): row for row in read["nobody"]}
    slip = nobody["1", "contact.email"]
    assert (slip["Value"], slip["Proposed"]) == ("'=anna.neri@@host.com", "'=anna.neri@host.com")
    assert slip["Confidence"] == "0.9"
    late = nobody["'=D/3", "deal.expected_close_date"]
    assert late["Link"] == "https://crm.example.com/deals/%3DD%2F3?tab=1"
    run_cli([*FIRST, "--repairs", "books", "--repairs-as", "xlsx"], cwd=folder)
    sheet = openpyxl.load_workbook(folder / "books" / "nobody.xlsx").active
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert "=anna.neri@host.com" in [cell.value for cell in cells]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]


def test_a_file_that_no_audit_wrote_is_never_lost(folder: Path, run_cli: RunCli) -> None:
    """What somebody has under the name of a list, what somebody wrote in one, a link, a folder: each stays as it is,
    however often, and the list stands beside it; once it is gone the list has its name again."""
    mend = folder / "mend"
    mend.mkdir()
    (folder / "far.csv").write_text("far", encoding="utf-8")
    (mend / "ada.csv").write_text("mine", encoding="utf-8")
    (mend / "bo.csv").symlink_to(folder / "far.csv")
    (mend / "nobody.csv").mkdir()
    sales = SALES.replace("D1,One,1,open,100", "D1,One,1,open,")
    (folder / "sales.csv").write_text(sales, encoding="utf-8")
    for _ in range(2):
        done = run_cli([*FIRST, "--repairs", "mend"], cwd=folder)
        assert {path.name for path in mend.iterdir()} == {
            "ada.csv", "bo.csv", "nobody.csv", "ada-2.csv", "bo-2.csv", "nobody-2.csv",
        }  # fmt: skip
        assert (mend / "ada.csv").read_text(encoding="utf-8") == "mine"
        assert (folder / "far.csv").read_text(encoding="utf-8") == "far"
        for name in ("ada", "bo", "nobody"):
            assert f"{name}.csv` is not as an audit wrote it: it stays, and the list is `{name}-2.csv`" in done.stderr
    (mend / "ada-2.csv").write_text("edited", encoding="utf-8")
    run_cli([*FIRST, "--repairs", "mend"], cwd=folder)
    assert (mend / "ada-2.csv").read_text(encoding="utf-8") == "edited"
    assert "D1" in (mend / "ada-3.csv").read_text(encoding="utf-8")
    (mend / "ada.csv").unlink()
    done = run_cli([*FIRST, "--repairs", "mend"], cwd=folder)
    assert "D1" in (mend / "ada.csv").read_text(encoding="utf-8")
    assert not (mend / "ada-3.csv").exists()
    assert (mend / "ada-2.csv").read_text(encoding="utf-8") == "edited"


def test_which_of_several_records_is_to_be_kept(folder: Path, run_cli: RunCli) -> None:
    """2 and 3 have a phone number more than 1; of them 3 was changed last. 4 and 5 are alike in all: the first key. Of
    all the lists say what they are called, in the language of the project."""
    people = """id,mail,first,name,phone,changed
1,anna@fern-paper.com,Anna,Neri,,2026-11-09 10:00:00
2,Anna@fern-paper.com,Anna,Neri,+39 02 1234987,2026-11-01 10:00:00
3,anna@Fern-paper.com,Anna,Neri,+39 02 1234988,2026-11-02 10:00:00
4,carlo@fern-paper.com,,Blu,+39 02 1234989,2026-11-02 10:00:00
5,carlo@fern-paper.com,,Blu,+39 02 1234990,2026-11-02 10:00:00
"""
    (folder / "people.csv").write_text(people, encoding="utf-8")
    fields = "last_name: name, phone: phone"
    assert fields in MAPPING
    more = MAPPING.replace(fields, f"{fields}, first_name: first, updated_at: changed")
    (folder / "m.yaml").write_text(more, encoding="utf-8")
    (folder / "reportspec.yaml").write_text(PROJECT + "language: de\n", encoding="utf-8")
    run_cli([*FIRST, "--entity", "contact", "--repairs", "mend"], cwd=folder)
    lines = list(csv.DictReader((folder / "mend" / "nobody.csv").open(encoding="utf-8-sig")))
    kept = {line["Schlüssel"]: line["Was zu tun ist"] for line in lines if line["Feld"] == "contact.email"}
    this, other = "Als bleibend vorgeschlagen: dieser Datensatz.", "Als bleibend vorgeschlagen: {}."
    wanted = {"1": other.format(3), "2": other.format(3), "3": this, "4": this, "5": other.format(4)}
    assert {key: remedy.split(". ", 1)[1] for key, remedy in kept.items()} == wanted
    assert {line["Schlüssel"]: line["Name"] for line in lines} == {
        "1": "Anna Neri", "2": "Anna Neri", "3": "Anna Neri", "4": "Blu", "5": "Blu",
    }  # fmt: skip


def test_one_of_several_fields_is_enough(folder: Path, run_cli: RunCli) -> None:
    """Whether a contact was touched is said by its last activity, or by its last change alone; by neither nothing is."""
    people = (
        "id,mail,first,name,phone,changed\n1,a@fern-paper.com,A,N,,2024-11-20\n2,b@fern-paper.com,B,N,,2026-11-20\n"
    )
    (folder / "people.csv").write_text(people, encoding="utf-8")
    for given, broken in (("updated_at", 1), ("last_activity_at", 1), ("created_at", None)):
        more = MAPPING.replace("phone: phone", f"phone: phone, {given}: changed")
        (folder / "m.yaml").write_text(more, encoding="utf-8")
        done = run_cli([*FIRST, "--entity", "contact", "--format", "json"], cwd=folder)
        told = checks(done.stdout).get("contact_stale")
        assert (told["broken"] if told else None) == broken, given


def test_who_was_called_is_not_stale(folder: Path, run_cli: RunCli) -> None:
    """Where the CRM keeps no last activity of a contact, or has none, its activities say it; cancelled ones do not."""
    people = "id,mail,first,name,phone,changed,last\n" + "".join(
        f"{at},{at}@fern-paper.com,A,N,,2020-01-01,{last}\n"
        for at, last in zip("12345", ["", "", "", "2026-02-01", ""], strict=True)
    )
    calls = (
        "id,whom,done,how\n1,1,2026-06-01,done\n2,2,2021-06-01,done\n3,3,2026-06-01,cancelled\n4,4,2020-06-01,done\n"
    )
    (folder / "people.csv").write_text(people, encoding="utf-8")
    (folder / "calls.csv").write_text(calls, encoding="utf-8")
    project = (folder / "reportspec.yaml").read_text(encoding="utf-8")
    (folder / "reportspec.yaml").write_text(project.replace("{people:", "{calls: calls.csv, people:"), encoding="utf-8")
    activity = "\n  activity: {table: calls, key: id, fields: {contact_id: whom, done_at: done, status: how}}\n"
    for given, stale in (
        ("last_activity_at: last, updated_at: changed", "235"),
        ("updated_at: changed", "2345"),
        ("created_at: changed", "24"),
    ):
        mapping = MAPPING.replace("phone: phone", f"phone: phone, {given}").rstrip() + activity
        (folder / "m.yaml").write_text(mapping, encoding="utf-8")
        done = run_cli([*FIRST, "--entity", "contact", "--format", "json", "--examples", "9"], cwd=folder)
        told = checks(done.stdout)["contact_stale"]
        assert [example["key"] for example in told["examples"]] == list(stale), given


OWN = "audits:\n  - {{audit: our_own, {}}}\n"


@pytest.mark.parametrize(
    ("check", "code", "wrong", "help"),
    [
        ("not_null: deal.amont", "unknown-field", "deal.amont", "did you mean `deal.amount`?"),
        ("not_null: dael.amount", "unknown-entity", "dael.amount", "did you mean `deal`?"),
        ("not_null: 1 + 1", "unknown-entity", "1 + 1", "write fields as `entity.field`"),
        ("entity: deal, broken: deal.amount + 1", "bad-expression", "deal.amount + 1", None),
        ("entity: deal, broken: deal.name in (lists.nothing)", "bad-expression", "deal.name in", None),
        ("range: {field: deal.name, min: 0}", "bad-expression", "deal.name", None),
        ("not_null: deal.amount, when: deal.amount", "bad-expression", "deal.amount}", None),
        ("not_null: deal.amount, endangers: [won_amont]", "unknown-metric", "won_amont", "did you mean `won_amount`?"),
        ("unrelated: {field: deal.name, to: nobody.name}", "unknown-entity", "nobody.name", None),
        ("fresh_within: {field: deal.amount, days: 3}", "bad-expression", "deal.amount", None),
        ("format: {field: deal.name, pattern: '(['}", "bad-expression", "'(['", None),
        ("range: {field: deal.amount, min: 10, max: 1}", "bad-value", "10, max", "`min` is the lesser of the two"),
        ("not_null: deal.amount, warn_if: '> 200%'", "bad-value", "'> 200%'", None),
        ("not_null: deal.amount, error_if: '> 100%'", "bad-value", "'> 100%'", None),
        (
            "relationship: {field: deal.owner_id, to: banana}",
            "unknown-entity",
            "banana",
            "write fields as `entity.field`",
        ),
        ("not_null: deal.amount, about: [deal.nothing]", "unknown-field", "deal.nothing", None),
    ],
)
def test_mistakes_in_own_checks_have_their_place(
    check: str, code: str, wrong: str, help: str | None, folder: Path, run_cli: RunCli
) -> None:
    (folder / "audits").mkdir()
    (folder / "audits" / "ours.yaml").write_text(OWN.format(check), encoding="utf-8")
    done = run_cli([*FIRST, "--messages", "json"], cwd=folder)
    assert done.returncode == 1
    [told] = json.loads(done.stdout)
    column = OWN.format(check).splitlines()[1].index(wrong) + 1
    assert (told["code"], told["line"], told["column"]) == (code, 2, column)
    assert help is None or told["help"] == help


def test_a_check_that_the_database_refuses_is_told_and_the_others_are_asked(folder: Path, run_cli: RunCli) -> None:
    (folder / "audits").mkdir()
    lines = "audits:\n  - {audit: is_low, range: {field: deal.amount, min: 200}}\n"
    lines += '  - {audit: cast_of_text, entity: deal, broken: "cast(deal.name as bigint) > 1"}\n'
    lines += '  - {audit: cast_to_fraction, entity: deal, broken: "cast(deal.name as double) > 1"}\n'
    (folder / "audits" / "ours.yaml").write_text(lines, encoding="utf-8")
    done = run_cli([*FIRST, "--format", "json", "--fail-on", "never"], cwd=folder)
    assert done.returncode == 1
    assert "error[refused-check]: the check `cast_of_text` cannot be computed" in done.stderr
    assert "ours.yaml:3:13" in done.stderr
    assert "ours.yaml:4:13" in done.stderr
    found = checks(done.stdout)
    assert found["is_low"]["broken"] == 1  # one of 100
    assert {"cast_of_text", "cast_to_fraction"}.isdisjoint(found)


def test_an_own_check_named_as_one_of_the_catalogue(folder: Path, run_cli: RunCli) -> None:
    (folder / "audits").mkdir()
    (folder / "audits" / "ours.yaml").write_text(
        "audits:\n  - {audit: deal_amount_missing, not_null: deal.amount}\n", encoding="utf-8"
    )
    done = run_cli(FIRST, cwd=folder)
    assert "error[duplicate-audit]" in done.stderr


def test_thresholds(folder: Path, run_cli: RunCli) -> None:
    """Of three deals one is below 200 and one is without an amount; an amount is there in two."""
    (folder / "audits").mkdir()
    bounds = {"few": ">= 50%", "many": "> 50%", "one": "> 0", "two": "> 1"}
    lines = "".join(
        f'  - {{audit: is_{name}, range: {{field: deal.amount, min: 200}}, error_if: "{bound}"}}\n'
        for name, bound in bounds.items()
    )
    (folder / "audits" / "ours.yaml").write_text(f"audits:\n{lines}", encoding="utf-8")
    found = checks(run_cli([*FIRST, "--format", "json"], cwd=folder).stdout)
    levels = {name: found[f"is_{name}"]["level"] for name in bounds}
    assert levels == {"few": "error", "many": "warning", "one": "error", "two": "warning"}


def test_what_does_not_go(folder: Path, run_cli: RunCli, tmp_path_factory: pytest.TempPathFactory) -> None:
    done = run_cli([*FIRST, "--entity", "dael"], cwd=folder)
    assert (done.returncode, "did you mean `deal`?" in done.stderr) == (1, True)
    done = run_cli(FIRST, cwd=tmp_path_factory.mktemp("nowhere"))
    assert (done.returncode, "no-project" in done.stderr) == (1, True)
    (folder / "people.csv").unlink()
    done = run_cli(FIRST, cwd=folder)
    assert (done.returncode, "people.csv" in done.stderr) == (1, True)


def test_numbers_that_are_texts_are_told_and_counted_in_nothing(folder: Path, run_cli: RunCli) -> None:
    """In SQLite a column takes any value: `1,5` is none, and no check of amounts is asked."""
    import sqlite3

    with sqlite3.connect(folder / "crm.sqlite") as raw:
        raw.execute("create table sales (id text, name text, owner text, status text, amount, cur text, due text)")
        raw.execute("insert into sales values ('D1', 'One', '1', 'open', '1,5', 'EUR', '2026-12-31')")
        raw.execute("insert into sales values ('D2', 'Two', '1', 'open', 5, 'EUR', '2026-12-31')")
    raw.close()
    (folder / "reportspec.yaml").write_text(
        "version: 1\nsource: sqlite:///crm.sqlite\nmapping: m.yaml\ntimezone: UTC\ncurrency: EUR\n", encoding="utf-8"
    )
    (folder / "m.yaml").write_text("entities:\n" + MAPPING[MAPPING.index("  deal:") :], encoding="utf-8")
    done = run_cli([*FIRST, "--format", "json"], cwd=folder)
    found = checks(done.stdout)
    assert (found["text-number"]["of"], found["text-number"]["broken"]) == ("deal.amount", 1)
    [deal] = json.loads(done.stdout)["entities"]
    absent = {one["check"]: one["lacks"] for one in deal["checks"] if one["level"] == "not_applicable"}
    assert absent["deal_amount_missing"] == "needs `deal.amount`"


def test_keys_that_are_repeated_multiply_nothing(folder: Path, run_cli: RunCli) -> None:
    (folder / "users.csv").write_text(USERS + "2,Bo,false\n", encoding="utf-8")
    done = run_cli([*FIRST, "--format", "json"], cwd=folder)
    entities = {entity["entity"]: entity for entity in json.loads(done.stdout)["entities"]}
    assert entities["deal"]["records"] == 3
    of_deal = {one["check"]: one for one in entities["deal"]["checks"]}
    assert of_deal["deal_owner_inactive"]["lacks"] == "keys of `user` are repeated"
    assert of_deal["no-partner"]["broken"] == 1
    repeated = next(one for one in entities["user"]["checks"] if one["check"] == "repeated-key")
    assert (repeated["level"], repeated["broken"]) == ("error", 2)


def test_all_mistakes_of_a_file_of_checks_are_told_at_once(folder: Path, run_cli: RunCli) -> None:
    """What is no key, what cannot be read, what names nothing, a name that is taken: each with its line, in one go."""
    (folder / "audits").mkdir()
    lines = [
        "audits:",
        "  - {audit: our_key, not_nul: deal.amount}",
        "  - {audit: our_syntax, entity: deal, when: deal.amont > 1, broken: deal.amount >}",
        "  - {audit: our_field, not_null: deal.amont, endangers: [won_amont]}",
        "  - {audit: deal_no_owner, not_null: deal.nothing}",
        "  - {audit: our_sound, not_null: deal.amount}",
    ]
    (folder / "audits" / "ours.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    done = run_cli([*FIRST, "--messages", "json"], cwd=folder)
    told = sorted((one["line"], one["code"]) for one in json.loads(done.stdout))
    assert {line for line, _ in told} == {2, 3, 4, 5}
    assert told[-6:] == [
        (3, "bad-expression"),
        (3, "unknown-field"),
        (4, "unknown-field"),
        (4, "unknown-metric"),
        (5, "duplicate-audit"),
        (5, "unknown-field"),
    ]


def test_systems_of_the_project_with_what_is_missing_and_overdue(folder: Path, run_cli: RunCli) -> None:
    """On 28 November 2026: a review every 180 days was due on 30 June, trainings a year after the last; to the day none
    is overdue."""
    systems = """systems:
  - {system: CRM, owner: Ada, access: [Sales], reviewed: 2025-11-28, trained: 2026-03-01}
  - {system: Mailer, access: [Marketing], reviewed: 2026-01-01, review_every: 180, trained: 2025-11-27}
  - {system: Old lists, owner: Bo, reviewed: 2026-12-24}
"""
    (folder / "reportspec.yaml").write_text(PROJECT + systems, encoding="utf-8")
    done = run_cli([*FIRST, "--format", "json"], cwd=folder)
    assert {one["system"]: one["to_do"] for one in json.loads(done.stdout)["systems"]} == {
        "CRM": [],
        "Mailer": ["nobody answers for it", "review of access due since 2026-06-30", "training due since 2026-11-27"],
        "Old lists": [
            "who may change data is not listed",
            "the review of 2026-12-24 is yet to come",
            "nobody was trained",
        ],
    }
    for form in ("table", "md"):
        page = run_cli([*FIRST, "--format", form], cwd=folder).stdout
        assert "review of access due since 2026-06-30" in page
    spec = "version: 1\nperiod: 2026-11\nsections:\n  - quality: {show: systems}\n"
    (folder / "s.yaml").write_text(spec, encoding="utf-8")
    asked = ["query", "s.yaml", "--today", "2026-11-28", "--format", "json"]
    assert "review of access due since Jun 30, 2026" in run_cli(asked, cwd=folder).stdout
    (folder / "reportspec.yaml").write_text(PROJECT, encoding="utf-8")
    assert "error[no-systems]" in run_cli(asked, cwd=folder).stderr


def test_mistakes_in_the_list_of_systems(folder: Path, run_cli: RunCli) -> None:
    first = len(PROJECT.splitlines()) + 2
    for systems, wrong in (
        ("  - {system: CRM, reviewed: 2026-02-30}\n  - {system: crm}\n", {("bad-date", 0), ("bad-value", 1)}),
        ("  - {system: CRM, owners: Ada}\n", {("unknown-key", 0)}),
    ):
        (folder / "reportspec.yaml").write_text(f"{PROJECT}systems:\n{systems}", encoding="utf-8")
        done = run_cli([*FIRST, "--messages", "json"], cwd=folder)
        assert {(one["code"], one["line"] - first) for one in json.loads(done.stdout)} == wrong
