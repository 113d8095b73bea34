"""reportspec as other programs use it: what the command line does, as functions, with mistakes as
`ReportError`."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

import reportspec
from reportspec import ReportError
from reportspec.deliver import rounds
from tests.deliver.server import Handler, Server
from tests.reading_pdf import page_texts

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ANNA, BEN, OPS, ME = "anna@example.com", "ben@example.com", "ops@example.com", "me@example.com"
PROJECT = """version: 1
source: demo
timezone: Europe/Rome
locale: en_GB
currency: EUR
deliver:
  smtp: smtp://127.0.0.1:{port}
  from: Reports <reports@example.com>
  allow: ["@example.com"]
  outlets: {{archive: {{folder: "archive/{{report}}/{{each}}"}}}}
"""
WON = f"""version: 1
title: Won
period: 2026-Q3
metrics: [won_amount, close_rate]
goals: {{close_rate: 0.9}}
params:
  least: {{type: number, default: 0}}
  strict: {{type: boolean, default: false}}
filters: [{{field: deal.amount, gte: "{{{{ params.least }}}}"}}]
deliver: {{to: {ANNA}, subject: "From {{{{ params.least }}}}, {{{{ params.strict }}}}", attach: [], on_failure: {OPS}}}
"""
EACH = """version: 1
title: Mine
period: 2026-Q3
metrics: [won_amount]
for_each: {field: user.name, recipients: recipients.csv}
deliver: {to: "{{ each.email }}", attach: []}
"""


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def server(handler: Handler) -> Iterator[Server]:
    made = Server(handler)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def folder(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "reportspec.yaml").write_text(PROJECT.format(port=server.port), "utf-8")
    (tmp_path / "won.yaml").write_text(WON, "utf-8")
    (tmp_path / "each.yaml").write_text(EACH, "utf-8")
    rows = f"value,email\nGiulia Rossi,{ANNA}\nCiro Russo,{BEN}\n"
    (tmp_path / "recipients.csv").write_text(rows, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rounds, "FIRST_WAIT", 0.0)
    return tmp_path


def change(folder: Path, old: str, new: str, file: str = "reportspec.yaml") -> None:
    """Change a file of the project."""
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new), "utf-8")


def codes(error: pytest.ExceptionInfo[ReportError]) -> list[str]:
    return [one.code for one in error.value.diagnostics]


# --- build -------------------------------------------------------------------------------------------


def test_build(folder: Path) -> None:
    report = reportspec.build("won.yaml", now=NOW)
    [won, rate] = report.figures.sections[0].kpis
    assert won.value == pytest.approx(2141562, abs=1)  # the oracle's, for the third quarter
    assert rate.goal is not None
    assert rate.goal.state == "missed"
    assert report.sql
    assert all(one.lstrip().upper().startswith(("SELECT", "WITH")) for one in report.sql)
    assert "€2,141,562" in page_texts(report.pdf())[0]
    tables = report.files("csv")
    rows = list(csv.reader(io.StringIO(next(iter(tables.values())).decode("utf-8-sig"))))
    assert any("2141562" in cell for row in rows for cell in row)
    saved = report.save(folder / "out", "md", "csv")
    assert all(path.is_file() for path in saved)
    assert folder / "out" / "won.md" in saved


def test_paths_clocks_periods_and_params(folder: Path) -> None:
    """A path as text or as Path; a time without a zone is UTC; params as what they are."""
    naive = datetime(2026, 11, 1, 12)
    a = reportspec.build(Path("won.yaml"), now=naive, params={"least": None})
    b = reportspec.build(str(folder / "won.yaml"), now=NOW, params={"least": 0, "strict": False})
    assert [kpi.value for kpi in a.figures.sections[0].kpis] == [kpi.value for kpi in b.figures.sections[0].kpis]
    c = reportspec.build("won.yaml", now=NOW, params={"least": 50_000}, period="2026-Q2")
    assert c.figures.period.label == "Q2 2026"
    assert c.figures.sections[0].kpis[0].value != a.figures.sections[0].kpis[0].value


def test_mistakes_are_values(folder: Path) -> None:
    (folder / "wrong.yaml").write_text("version: 1\nperiod: 2026-Q5\nmetrics: [close_rat]\n")
    found = reportspec.validate("wrong.yaml", now=NOW)
    assert [(one.code, one.span.line if one.span else 0) for one in found] == [
        ("bad-period", 2),
        ("unknown-metric", 3),
    ]
    with pytest.raises(ReportError, match=r"wrong\.yaml:3:11") as error:
        reportspec.build("wrong.yaml", now=NOW)
    assert error.value.diagnostics == found
    assert "did you mean `close_rate`?" in str(error.value)
    assert not error.value.temporary
    for path in ("nothing.yaml", folder):
        with pytest.raises(ReportError):
            reportspec.build(path, now=NOW)
    with pytest.raises(ReportError) as error:
        reportspec.build("won.yaml", now=NOW, params={"least": "lots"})
    assert set(codes(error)) == {"bad-value"}
    with pytest.raises(ReportError) as error:
        reportspec.build("won.yaml", now=NOW, period="lately")
    assert codes(error) == ["bad-period"]
    assert reportspec.validate("won.yaml", now=NOW) == ()


def test_a_source_that_is_none(folder: Path) -> None:
    (folder / "crm.duckdb").write_bytes(b"no database" * 1000)
    change(folder, "source: demo", "source: crm.duckdb\ncrm: zoho")
    with pytest.raises(ReportError, match=r"crm\.duckdb") as error:
        reportspec.build("won.yaml", now=NOW)
    assert error.value.diagnostics[-1].span is not None


def test_build_each(folder: Path) -> None:
    ciro, giulia = reportspec.build_each("each.yaml", now=NOW)
    assert (ciro.value, giulia.value) == ("Ciro Russo", "Giulia Rossi")
    assert (ciro.name, giulia.name) == ("each-ciro-russo", "each-giulia-rossi")
    [alone] = reportspec.build_each("each.yaml", now=NOW, each="Giulia Rossi")  # no list of letters
    assert alone.figures.sections[0].kpis[0].value == giulia.figures.sections[0].kpis[0].value
    assert reportspec.build("each.yaml", now=NOW, each="Ciro Russo").value == "Ciro Russo"
    with pytest.raises(ReportError, match="makes 2 reports") as error:
        reportspec.build("each.yaml", now=NOW)
    assert codes(error) == ["each-wanted"]
    with pytest.raises(ReportError, match="no value `Nobody`"):
        reportspec.build_each("each.yaml", now=NOW, each=["Ciro Russo", "Nobody"])
    with pytest.raises(ReportError, match="has no `for_each`"):
        reportspec.build("won.yaml", now=NOW, each="Ciro Russo")
    change(folder, "Ciro Russo", "Nobody Here", "recipients.csv")
    [alone] = reportspec.build_each("each.yaml", now=NOW)
    [warning] = [one for one in alone.warnings if one.code == "no-values"]
    assert "no report for `Nobody Here`" in warning.message
    assert warning.severity == "warning"


# --- send ----------------------------------------------------------------------------------------------


def test_send_and_status(folder: Path, handler: Handler) -> None:
    outcome = reportspec.send("won.yaml", now=NOW, params={"least": 50_000, "strict": True})
    assert [(one.recipient, one.result) for one in outcome.sent] == [(ANNA, "sent")]
    assert outcome.warnings == ()
    [(_, mail)] = handler.mails()
    assert mail["Subject"] == "From 50000, true"
    assert reportspec.send("won.yaml", now=NOW).count("sent") == 1  # other params, another report
    assert handler.mails()[1][1]["Subject"] == "From 0, false"
    assert reportspec.send(Path("won.yaml"), now=datetime(2026, 11, 1, 12)).count("already") == 1
    assert reportspec.send("won.yaml", now=NOW, resend=True).count("sent") == 1
    both = {one.report for one in reportspec.status()}
    assert both == {"won.yaml", "won.yaml?least=50000&strict=true"}
    assert len(reportspec.status(report="won.yaml")) == 2
    assert [one.report for one in reportspec.status(report="won.yaml?least=50000&strict=true")] == [
        "won.yaml?least=50000&strict=true"
    ]
    [one] = reportspec.status(folder / "reportspec.yaml", report="won.yaml?least=50000&strict=true")
    assert (one.recipient, one.state, one.period) == (ANNA, "sent", "2026-07-01 to 2026-09-30")
    assert one.subject == "From 50000, true"
    assert reportspec.status(folder, failed=True) == []


def test_trials(folder: Path, handler: Handler) -> None:
    """A dry run and a rehearsal hand nothing over but what they are for, and say so."""
    change(folder, "attach: []", "attach: [], also: [archive]", "won.yaml")
    outcome = reportspec.send("won.yaml", now=NOW, dry_run=folder / "mails")
    assert [(one.recipient, one.result, one.said) for one in outcome.sent] == [
        (ANNA, "written", str(folder / "mails" / "won-2026-07-01-anna-example-com.eml")),
        ("archive", "skipped", "a dry run hands nothing over"),
    ]
    outcome = reportspec.send("won.yaml", now=NOW, to=ME)
    assert [(one.recipient, one.result, one.said) for one in outcome.sent] == [
        ("archive", "skipped", "a rehearsal hands nothing over"),
        (ME, "sent", f"instead of {ANNA}"),
    ]
    assert [to for to, _ in handler.taken] == [ME]
    assert not (folder / "archive").exists()
    assert reportspec.status() == []
    with pytest.raises(ReportError, match="may not be sent"):
        reportspec.send("won.yaml", now=NOW, to="me@evil.example")
    for nobody in ("", " "):  # it would be sent to everybody
        with pytest.raises(ReportError, match="`to` is empty"):
            reportspec.send("won.yaml", now=NOW, to=nobody)
    assert len(handler.taken) == 1
    # What would fail then is told now.
    change(folder, BEN, "eve@evil.example", "recipients.csv")
    outcome = reportspec.send("each.yaml", now=NOW, to=ME, each="Ciro Russo")
    assert [(one.recipient, one.result) for one in outcome.sent] == [
        ("eve@evil.example", "failed"),
        (ME, "sent"),
    ]


def test_a_dry_run_needs_no_server_and_no_list_but_a_sender(folder: Path) -> None:
    project = folder / "reportspec.yaml"
    lines = project.read_text("utf-8").splitlines()
    project.write_text("\n".join(x for x in lines if "allow:" not in x and "smtp:" not in x))
    outcome = reportspec.send("won.yaml", now=NOW, dry_run="mails")
    [written] = outcome.sent
    mail = message_from_bytes(Path(written.said).read_bytes(), policy=default)
    assert mail["To"] == ANNA
    [warning] = outcome.warnings
    assert warning.message == ("the project's `deliver` lacks `smtp` and `allow`, so that nothing can be sent")
    assert warning.help == "name them in `reportspec.yaml` under `deliver`"
    with pytest.raises(ReportError, match="allows nobody"):
        reportspec.send("won.yaml", now=NOW)
    project.write_text("\n".join(x for x in lines if "from:" not in x))
    with pytest.raises(ReportError, match="a mail needs a sender, and the project names none"):
        reportspec.send("won.yaml", now=NOW, dry_run="mails")


def test_what_variables_leave_empty_is_missed_where_it_is_used(folder: Path) -> None:
    """Specs are checked where the secrets are absent."""
    change(folder, "smtp: smtp://127.0.0.1", "smtp: ${NO_SMTP:-} # smtp://127.0.0.1")
    change(folder, 'folder: "archive/{report}/{each}"', "slack: '${NO_HOOK:-}'")
    change(folder, "attach: []", "attach: [], also: [archive]", "won.yaml")
    assert reportspec.validate("won.yaml", now=NOW) == ()
    with pytest.raises(ReportError, match="names no mail server"):
        reportspec.send("won.yaml", now=NOW)
    change(folder, f"to: {ANNA}, ", "", "won.yaml")
    outcome = reportspec.send("won.yaml", now=NOW)
    [one] = outcome.sent
    assert (one.recipient, one.result) == ("archive", "failed")
    assert "has no address here: is the variable set" in one.said


def test_a_password_that_is_not_set_is_missed_by_sending_only(folder: Path) -> None:
    change(folder, "smtp: smtp://127.0.0.1:", "smtp: smtps://reports:${NOT_SET}@smtp.example.com #")
    [warning] = reportspec.validate("won.yaml", now=NOW)
    assert (warning.code, warning.severity) == ("unset-variable", "warning")
    assert warning.message == "the environment has no variable `NOT_SET`, which sending needs"
    assert warning.span is not None
    assert reportspec.build("won.yaml", now=NOW).figures.sections
    with pytest.raises(ReportError, match="names no mail server") as error:
        reportspec.send("won.yaml", now=NOW)
    assert "`NOT_SET`" in str(error.value)
    # Another ledger than the one that is meant would have all sent again.
    change(folder, "deliver:", "deliver:\n  ledger: ${NOT_SET}")
    assert "error" in {one.severity for one in reportspec.validate("won.yaml", now=NOW)}


def test_no_password_is_shown(folder: Path) -> None:
    change(folder, "smtp: smtp://127.0.0.1:", 'smtp: "smtps://reports:hunter@22!@smtp.example.com:x" #')
    with pytest.raises(ReportError, match="no URL of a mail server") as error:
        reportspec.build("won.yaml", now=NOW)
    assert "smtps://reports:**********@smtp.example.com:x" in str(error.value)
    assert "hunter" not in str(error.value)
    assert "22!" not in str(error.value)


def test_nothing_is_sent_and_why(folder: Path, handler: Handler) -> None:
    change(folder, "smtp: smtp://127.0.0.1:", "smtp: smtp://127.0.0.1:9 # ")
    with pytest.raises(ReportError, match="cannot be reached") as error:
        reportspec.send("won.yaml", now=NOW)
    assert error.value.temporary
    assert codes(error) == ["no-mail", "not-told"]  # nor could those who look after it be told
    (folder / "plain.yaml").write_text("version: 1\nmetrics: [close_rate]\n", "utf-8")
    with pytest.raises(ReportError, match="has no `deliver`") as error:
        reportspec.send("plain.yaml", now=NOW)
    assert not error.value.temporary
    (folder / "wrong.yaml").write_text("version: 1\nmetrics: [close_rat]\ndeliver: {to: x}\n")
    with pytest.raises(ReportError) as error:
        reportspec.send("wrong.yaml", now=NOW)
    assert codes(error) == ["unknown-metric", "bad-address"]
    assert not handler.taken


def test_a_recipient_whom_the_source_lacks_does_not_vanish(folder: Path, handler: Handler) -> None:
    change(folder, "Ciro Russo", "Nobody Here", "recipients.csv")
    outcome = reportspec.send("each.yaml", now=NOW)
    assert [(one.value, one.recipient, one.result) for one in outcome.sent] == [
        ("Nobody Here", "", "failed"),
        ("Giulia Rossi", ANNA, "sent"),
    ]
    why = "`recipients` names it, and the source has no such `user.name`"
    assert outcome.sent[0].said == why
    assert [one.result for one in reportspec.send("each.yaml", now=NOW, each="Giulia Rossi").sent] == ["already"]
    change(folder, "Giulia Rossi", "Nobody Else", "recipients.csv")
    assert reportspec.send("each.yaml", now=NOW).count("failed") == 2
    change(folder, "recipients.csv}", "recipients.csv, where: user.is_active}", "each.yaml")
    assert reportspec.send("each.yaml", now=NOW).sent[0].said == f"{why} for which `where` holds"
    assert [to for to, _ in handler.taken] == [ANNA]


def test_files_of_two_values_that_look_alike_are_called_the_same_each_time(folder: Path) -> None:
    """A value that has its report already does not lend its name to another's."""
    from reportspec.naming import parts_of

    both = parts_of(["Anna Rosler", "Anna Rösler", "Ben"])
    assert both["Ben"] == "ben"
    assert both["Anna Rosler"] != both["Anna Rösler"]
    assert all(one.startswith("anna-rosler-") for one in list(both.values())[:2])
    assert parts_of([""]) == {"": ""}
    change(folder, "attach: []", "attach: md, also: [archive]", "each.yaml")
    reportspec.send("each.yaml", now=NOW, each="Giulia Rossi")
    reportspec.send("each.yaml", now=NOW)
    files = sorted(path.relative_to(folder) for path in (folder / "archive").rglob("*.md"))
    assert files == [Path(f"archive/each/{who}/each-2026-07-01-{who}.md") for who in ("ciro-russo", "giulia-rossi")]


# --- status --------------------------------------------------------------------------------------------


def test_status_without_what_else_the_project_needs(folder: Path) -> None:
    """Who looks has not the passwords of the machine that sends."""
    reportspec.send("won.yaml", now=NOW)
    change(folder, "source: demo", "source: ${NOWHERE_SET}")
    assert [one.state for one in reportspec.status()] == ["sent"]
    change(folder, "deliver:", "deliver:\n  ledger: ${NOWHERE_SET}")
    with pytest.raises(ReportError, match="NOWHERE_SET"):
        reportspec.status()
    (folder / "reportspec.yaml").write_text("[", "utf-8")
    with pytest.raises(ReportError, match="YAML"):
        reportspec.status()


def test_status_of_ledgers_that_are_empty_missing_or_broken(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reportspec.status() == []
    assert not (folder / ".reportspec").exists()  # looking leaves nothing behind
    ledger = folder / ".reportspec" / "ledger.sqlite"
    ledger.parent.mkdir()
    ledger.write_bytes(b"")
    assert reportspec.status(folder / "reportspec.yaml") == []
    ledger.write_bytes(b"no database at all" * 100)
    with pytest.raises(ReportError) as error:
        reportspec.status(folder)
    assert codes(error) == ["no-ledger"]
    monkeypatch.chdir("/")
    with pytest.raises(ReportError, match="no project file"):
        reportspec.status()


def test_every_state_is_told(folder: Path) -> None:
    reportspec.send("won.yaml", now=NOW)
    ledger = folder / ".reportspec" / "ledger.sqlite"
    told = {"claimed": "not taken yet", "data": "in doubt", "sent": "sent", "refused": "refused"}
    for state, word in told.items():
        raw = sqlite3.connect(ledger)
        raw.execute("UPDATE reportspec_deliveries SET state = ? WHERE recipient <> '*'", (state,))
        raw.commit()
        raw.close()
        assert [one.state for one in reportspec.status()] == [word]
        assert len(reportspec.status(failed=True)) == (state != "sent")


def test_what_is_raised_can_be_sent_to_another_process() -> None:
    import pickle

    from reportspec.diagnostics import Diagnostic

    error = reportspec.ReportError([Diagnostic("no-mail", "not now")], {"a": "b"}, temporary=True)
    again = pickle.loads(pickle.dumps(error))
    assert (again.diagnostics, again.texts, again.temporary) == (
        error.diagnostics,
        error.texts,
        True,
    )
    assert str(again) == str(error)
