"""What is no file, lies outside, is empty, or would be obeyed by a terminal."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from reportspec.cli import cli
from reportspec.diagnostics import render_text
from reportspec.stages import load_report

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
def test_an_empty_path_is_no_folder(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    + str(list(range(5_000))) + "}]}}]\n",
    "title": f"title: {'a' * 90_000}\n",
    "names": f"group_by: {[f'user.n{n}' for n in range(90_000)]}\n",
    "number": f"filters: [{{field: deal.amount, gt: {'9' * 400}}}]\n",
    "locale": "locale: {a: b}\n",
    "parts": f"filters: [{{field: 'user{'.manager' * 1500}.name', eq: a}}]\n",
    "where": f"where: user{'.manager' * 300}.name = 'a'\n",
    "option": "sections: [{kpis: ['renewal_rate(grace_days=99999999999999999999)']}]\n",
    "fine_option": "sections: [{kpis: ['renewal_rate(grace_days=0.000000001)']}]\n",
    "limit": "sections: [{records: {entity: deal, fields: [deal.name], limit: 100000000}}]\n",
}  # fmt: skip


@pytest.mark.parametrize("name", SIZES)
def test_sizes(name: str, tmp_path: Path) -> None:
    assert codes(tmp_path, SPEC + SIZES[name])


@pytest.mark.parametrize("now", ["0001-01-01", "9999-12-31", "9999-12-31T23:59:59-12:00", "x"])
def test_clocks_at_the_end_of_time(now: str, tmp_path: Path) -> None:
    codes(tmp_path)
    ran = CliRunner(env={"REPORTSPEC_NOW": now}).invoke(cli, ["validate", str(tmp_path / "s.yaml")])
    assert ran.exit_code == 2


def test_subtotals_are_listed(tmp_path: Path) -> None:
    section = "sections: [{breakdown: {metrics: [won_amount], by: [user.team, user.name], subtotals: true}}]\n"
    assert not codes(tmp_path, SPEC + section)
    ran = CliRunner().invoke(cli, ["compile", str(tmp_path / "s.yaml")])
    assert ran.exit_code == 0
    assert "sum up groups" in ran.output
