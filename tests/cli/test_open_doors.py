"""What is no file, lies outside, is empty, or would be obeyed by a terminal."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from reportspec.cli import cli
from reportspec.diagnostics import render_text
from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
PROJECT = "version: 1\nsource: demo\ntimezone: Europe/Rome\ncurrency: EUR\n"
SPEC = "version: 1\nreport: custom\nmetrics: [won_amount]\n"


def codes(folder: Path, spec: str = SPEC, project: str = PROJECT) -> list[str]:
    """The codes of all mistakes, which must have a place."""
    (folder / "reportspec.yaml").write_text(project, encoding="utf-8")
    (folder / "s.yaml").write_text(spec, encoding="utf-8")
    checked = load_report(folder / "s.yaml", NOW, {})
    assert all(told.span is not None for told in checked.diagnostics)
    return [told.code for told in checked.diagnostics]


@pytest.mark.parametrize("command", ["validate", "compile", "query", "build", "send"])
def test_an_empty_path_is_no_folder(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    codes(tmp_path)
    assert CliRunner().invoke(cli, [command, ""]).exit_code == 2


@pytest.mark.parametrize("option", ["--each", "--to"])
@pytest.mark.parametrize("given", ["", " "])
def test_an_empty_option_does_not_mean_all(option: str, given: str, tmp_path: Path) -> None:
    codes(tmp_path)
    assert CliRunner().invoke(cli, ["send", str(tmp_path / "s.yaml"), option, given]).exit_code == 2


def outside(folder: Path) -> dict[str, str]:
    """Names of files that a project must not read."""
    project = folder / "project"
    project.mkdir()
    for ending in ("svg", "ttf", "csv"):
        (folder / f"x.{ending}").write_text("<svg/>", encoding="utf-8")
        (project / f"link.{ending}").symlink_to(folder / f"x.{ending}")
        os.mkfifo(project / f"pipe.{ending}")
        (project / f"zero.{ending}").symlink_to("/dev/zero")
    return {
        "absolute": f"{folder}/x.",
        "above": "../x.",
        "link": "link.",
        "pipe": "pipe.",
        "zero": "zero.",
    }


@pytest.mark.parametrize("where", ["absolute", "above", "link", "pipe", "zero"])
def test_files_outside(where: str, tmp_path: Path) -> None:
    name = outside(tmp_path)[where]
    project = tmp_path / "project"
    assert codes(project, SPEC + f"theme: {{logo: '{name}svg'}}\n") == ["bad-logo"]
    fonts = f"theme: {{fonts: {{regular: '{name}ttf', bold: '{name}ttf'}}}}\n"
    assert codes(project, SPEC + fonts) == ["bad-font", "bad-font"]
    each = f"for_each: {{field: user.name, recipients: '{name}csv'}}\n"
    assert codes(project, SPEC + each) == ["bad-recipients"]


@pytest.mark.parametrize("letter", ["x1b", "u202e", "u2028", "u0085", "x07"])
def test_orders_in_texts(letter: str, tmp_path: Path) -> None:
    assert codes(tmp_path, SPEC + f'title: "a\\{letter}b"\n') == ["control-character"]
    checked = load_report(tmp_path / "s.yaml", NOW, {})
    assert "\x1b" not in render_text(checked.diagnostics, checked.texts)


SIZES = {
    "sections": "sections: [" + "{text: a}, " * 10_000 + "]\n",
    "bins": "sections: [{breakdown: {metrics: [won_amount], by: [{field: deal.amount, bins: "
    + str(list(range(5_000)))
    + "}]}}]\n",
    "title": f"title: {'a' * 90_000}\n",
    "names": f"group_by: {[f'user.n{n}' for n in range(90_000)]}\n",
    "number": f"filters: [{{field: deal.amount, gt: {'9' * 400}}}]\n",
    "locale": "locale: {a: b}\n",
    "parts": f"filters: [{{field: 'user{'.manager' * 1500}.name', eq: a}}]\n",
    "where": f"where: user{'.manager' * 300}.name = 'a'\n",
    "option": "sections: [{kpis: ['renewal_rate(grace_days=99999999999999999999)']}]\n",
    "fine_option": "sections: [{kpis: ['renewal_rate(grace_days=0.000000001)']}]\n",
    "limit": "sections: [{records: {entity: deal, fields: [deal.name], limit: 100000000}}]\n",
}


@pytest.mark.parametrize("name", SIZES)
def test_sizes(name: str, tmp_path: Path) -> None:
    assert codes(tmp_path, SPEC + SIZES[name])


@pytest.mark.parametrize("now", ["0001-01-01", "9999-12-31", "9999-12-31T23:59:59-12:00", "x"])
def test_clocks_at_the_end_of_time(now: str, tmp_path: Path) -> None:
    codes(tmp_path)
    ran = CliRunner(env={"REPORTSPEC_NOW": now}).invoke(cli, ["validate", str(tmp_path / "s.yaml")])
    assert ran.exit_code == 2


@pytest.mark.parametrize(
    ("kind", "default", "code"),
    [
        ("integer", "1000000000", "out-of-range"),
        ("integer", "-5", "out-of-range"),
        ("string", "abc", "bad-value"),
        ("string", "''", "bad-value"),
        ("integer", "20", ""),
    ],
)
def test_limits_hold_for_params(kind: str, default: str, code: str, tmp_path: Path) -> None:
    params = f"params: {{n: {{type: {kind}, default: {default}}}}}\n"
    for section in (
        "{records: {entity: deal, fields: [deal.name], limit: '{{ params.n }}'}}",
        "{breakdown: {metrics: [won_amount], by: [user.name], top: '{{ params.n }}'}}",
    ):
        told = codes(tmp_path, f"{SPEC}{params}sections: [{section}]\n")
        assert told == ([code] if code else [])
    title = "title: '{{ params.n }}'\n"  # a number becomes a text where one stands
    assert not codes(tmp_path, SPEC + params + title)


def test_mappings_outside(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    secret = tmp_path / "secret"
    secret.write_text("root:x:0:0:hush\n", encoding="utf-8")
    (project / "link.yaml").symlink_to(secret)
    (project / "loop.yaml").symlink_to("loop.yaml")
    (project / "pipe.yaml").unlink(missing_ok=True)
    os.mkfifo(project / "pipe.yaml")
    (tmp_path / "shared.yaml").write_text(
        "entities: {deal: {table: deals, fields: {deal_id: id, amount: amount, status: state, closed_at: closed}}}\n"
    )
    (project / "deals.csv").write_text("id,amount,state,closed\n1,5,won,2026-01-01\n")
    source = "version: 1\ncurrency: EUR\nsource: {files: {deals: deals.csv}}\nmapping: "
    spec = f"{SPEC}period: 2026-Q1\n"
    assert not codes(project, spec, f"{source}../shared.yaml\n")  # two projects may share one
    wanted = {
        str(secret): "bad-mapping",
        "../secret": "bad-mapping",
        "link.yaml": "bad-mapping",
        "loop.yaml": "bad-mapping",
        "pipe.yaml": "not-a-file",
        "nowhere.yaml": "file-not-found",
        "a" * 300 + ".yaml": "unreadable-file",
    }
    for name, code in wanted.items():
        assert codes(project, spec, f"{source}{name}\n") == [code], name
        checked = load_report(project / "s.yaml", NOW, {})
        assert "hush" not in render_text(checked.diagnostics, checked.texts)


def test_subtotals_are_listed(tmp_path: Path) -> None:
    section = "sections: [{breakdown: {metrics: [won_amount], by: [user.team, user.name], subtotals: true}}]\n"
    assert not codes(tmp_path, SPEC + section)
    ran = CliRunner().invoke(cli, ["compile", str(tmp_path / "s.yaml")])
    assert ran.exit_code == 0
    assert "sum up groups" in ran.output


@pytest.mark.parametrize("scheme", ["postgresql", "mysql", "mariadb", "clickhouse", "sc"])
def test_a_password_with_an_at_sign_is_taken_for_no_host(scheme: str, tmp_path: Path) -> None:
    """Drivers take what follows the first one for the host, ask a name server for it, and say it."""
    project = f"version: 1\nsource: {scheme}://reader:a@hush@127.0.0.1/db\ncrm: hubspot\ntimezone: Europe/Rome\n"
    assert "bad-url" in codes(tmp_path, project=project)
    checked = load_report(tmp_path / "s.yaml", NOW, {})
    assert "hush" not in render_text(checked.diagnostics, checked.texts)
    ledger = f"{PROJECT}deliver: {{ledger: 'postgresql://reader:a@hush@127.0.0.1/db'}}\n"
    assert codes(tmp_path, project=ledger) == ["bad-url"]


@pytest.mark.parametrize("kind", ["webhook", "slack"])
def test_an_outlet_has_no_user_in_its_address(kind: str, tmp_path: Path) -> None:
    """Nothing would hand the name and the password over, and what was taken for the host is not there."""
    for address, told in (
        ("https://u:p@127.0.0.1:1/x", ["bad-url"]),
        ("http://localhost:1@hooks.example.com/x", ["bad-url"]),
        ("https://hooks.example.com/a@b?to=c@d", []),
    ):
        assert codes(tmp_path, project=f"{PROJECT}deliver: {{outlets: {{team: {{{kind}: '{address}'}}}}}}\n") == told
