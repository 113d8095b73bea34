"""The likeliest mistakes at the command line: what is given is no spec, no project, no PDF. Each is told
in a sentence; none ends in a traceback or as a bug.

Slow: each wrong file is given to each command."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from reportspec.cli import cli
from tests.conftest import Draw

PROJECT = "version: 1\nsource: demo\ntimezone: Europe/Rome\ncurrency: EUR\n"
SPEC = "version: 1\nreport: custom\nmetrics: [won_amount]\nperiod: 2026-Q1\n"
GIVEN: dict[str, bytes] = {
    "empty.yaml": b"",
    "blank.yaml": b" \n\n",
    "comment.yaml": b"# nothing yet\n",
    "bom.yaml": b"\xef\xbb\xbf" + SPEC.encode(),
    "utf16.yaml": SPEC.encode("utf-16"),
    "utf16be.yaml": SPEC.encode("utf-16-be"),
    "latin.yaml": (SPEC + "title: Perché\n").encode("latin-1"),
    "crlf.yaml": SPEC.replace("\n", "\r\n").encode(),
    "cr.yaml": SPEC.replace("\n", "\r").encode(),
    "report.pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
    "pdf.yaml": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n",
    "data.csv": b"id,name\n1,Anna\n",
    "list.yaml": b"- a\n- b\n",
    "word.yaml": b"hello\n",
    "json.yaml": b'{"version": 1, "report": "custom", "metrics": ["won_amount"]}',
    "tabs.yaml": b"version: 1\n\treport: custom\n",
    "two.yaml": (SPEC + "---\n" + SPEC).encode(),
    "mapping.yaml": b"entities: {deal: {table: deals}}\n",
    "metric.yaml": b"metrics: [{metric: x, kind: aggregate}]\n",
    "nul.yaml": b"\x00" * 100,
    "number.yaml": b"1",
}
WORDS = {"crlf.yaml", "bom.yaml", "cr.yaml", "json.yaml"}  # these are specs
ODD = (
    "nowhere.yaml",
    "nowhere/s.yaml",
    "s.yaml/x",
    "folder",
    "a" * 300,
    "-",
    ".",
    "..",
    "",
    "~",
    "*.yaml",
    "s.yaml.",
    "\udcff",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project one folder down: `..` is given, too, and is not to be those of all other tests."""
    place = tmp_path / "home"
    place.mkdir()
    (place / "reportspec.yaml").write_text(PROJECT, encoding="utf-8")
    (place / "s.yaml").write_text(SPEC, encoding="utf-8")
    (place / "folder").mkdir()
    (place / "loop.yaml").symlink_to("loop.yaml")
    (place / "dangling.yaml").symlink_to("nothing")
    for name, data in GIVEN.items():
        (place / name).write_bytes(data)
    monkeypatch.chdir(place)
    return place


def ended(*words: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """How a command ends and what it says; a bug is a failure."""
    ran = CliRunner(env=environment).invoke(cli, list(words))
    assert ran.exception is None or isinstance(ran.exception, SystemExit), (words, ran.exception)
    assert ran.exit_code in (0, 1, 2), (words, ran.output)
    assert "Traceback" not in ran.output, words
    assert ran.exit_code == 0 or ran.output.strip(), (words, "nothing is said")
    return ran.exit_code, ran.output


@pytest.mark.slow
@pytest.mark.parametrize("command", ["validate", "compile", "query", "build", "send", "status", "verify", "doctor"])
def test_what_is_given_is_something_else(command: str, folder: Path) -> None:
    for name in (
        *GIVEN,
        *ODD,
        "reportspec.yaml",
        "loop.yaml",
        "dangling.yaml",
        str(folder / "folder" / ".." / "list.yaml"),
    ):
        if name in WORDS and command in ("query", "build", "send"):
            continue
        code, said = ended(command, name)
        if command == "validate" and name in GIVEN:
            assert code == (0 if name in WORDS else 1), (name, said)


@pytest.mark.parametrize("name", GIVEN)
def test_something_else_as_the_project(name: str, folder: Path) -> None:
    (folder / "reportspec.yaml").write_bytes(GIVEN[name])
    for words in (
        ["validate", "s.yaml"],
        ["doctor", "."],
        ["status"],
        ["status", "s.yaml"],
        ["catalog"],
        ["catalog", "--project", "reportspec.yaml"],
        ["send", "s.yaml"],
    ):
        ended(*words)


@pytest.mark.parametrize("name", GIVEN)
def test_something_else_as_what_a_project_names(name: str, folder: Path, draw: Draw) -> None:
    """By day `doctor`, which reads all rows where nothing is wrong, meets each file in one of the places."""
    (folder / "reportspec.yaml").write_text(
        f"version: 1\nsource: {{files: {{t: data.csv}}}}\nmapping: {name}\n", encoding="utf-8"
    )
    assert ended("validate", "s.yaml")[0] == 1
    ended("doctor")
    places, turn = ("entities", "metrics", "report_types"), list(GIVEN).index(name)
    for number, place in enumerate(places):
        (folder / place).mkdir(exist_ok=True)
        (folder / "reportspec.yaml").write_text(PROJECT, encoding="utf-8")
        (folder / place / "own.yaml").write_bytes(GIVEN[name])
        ended("validate", "s.yaml")
        if (number + turn) % draw.rounds(len(places), 1) == 0:
            ended("doctor")
        ended("catalog")
        (folder / place / "own.yaml").unlink()


OPTIONS = (
    ["s.yaml", "validate"],
    ["validate", "--set", "s.yaml"],
    ["validate", "--set", "=", "s.yaml"],
    ["validate", "--set", "a=", "s.yaml"],
    ["validate", "--period", "s.yaml"],
    ["validate", "s.yaml", "--period", ""],
    ["validate", "s.yaml", "--period", "q9"],
    ["validate", "s.yaml", "--period", "9999"],
    ["validate", "s.yaml", "--period", "0"],
    ["validate", "s.yaml", "--period", "-1"],
    ["validate", "s.yaml", "--period", "\x1b[31m"],
    ["validate", "s.yaml", "--format", "pdf"],
    ["validate", "s.yaml", "s.yaml"],
    ["validate", "--help", "s.yaml"],
    ["compile"],
    ["query"],
    ["build"],
    ["send"],
    ["verify"],
    ["build", "s.yaml", "-o"],
    ["build", "s.yaml", "-o", "s.yaml"],
    ["build", "s.yaml", "-o", "s.yaml/x"],
    ["build", "s.yaml", "-o", "/proc/x"],
    ["build", "s.yaml", "-o", ""],
    ["build", "s.yaml", "--each", "Anna"],
    ["query", "s.yaml", "--section", "nowhere"],
    ["compile", "s.yaml", "--dialect", "klingon"],
    ["send", "s.yaml", "--to", "nobody"],
    ["send", "s.yaml", "--to", "a@b.example\nBcc: c@d.example"],
    ["status", "--limit", "0"],
    ["status", "--limit", "99999999999999999999"],
    ["status", "--report", "\x1b"],
    ["schema", "-o", "s.yaml"],
    ["schema", "nothing"],
    ["catalog", "nothing"],
    ["catalog", "--project", "list.yaml"],
    ["catalog", "--project", "folder"],
    ["catalog", "--project", "report.pdf"],
    ["buidl", "s.yaml"],
    ["--version", "x"],
    [],
    ["-h"],
    ["doctor", "s.yaml"],
    ["doctor", "folder"],
    ["doctor", "a", "b"],
)


@pytest.mark.parametrize("words", OPTIONS, ids=lambda words: " ".join(words)[:40].encode("unicode_escape").decode())
def test_options(words: list[str], folder: Path) -> None:
    ended(*words)


@pytest.mark.parametrize(
    "now",
    [
        "",
        " ",
        "now",
        "2026",
        "2026-13-01",
        "1900-12-31",
        "1901-01-01",
        "2199-12-31",
        "2200-01-01",
        "2026-01-01T00:00:00+99:00",
        "\x1b",
    ],
)
@pytest.mark.parametrize("period", ["this_year", "last_3660_years", "1900", "2200-12", "FY2199", "last_100_quarters"])
def test_clocks(now: str, period: str, folder: Path) -> None:
    ended("validate", "s.yaml", "--period", period, environment={"REPORTSPEC_NOW": now})


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read all files")
def test_files_that_may_not_be_read(folder: Path) -> None:
    (folder / "s.yaml").chmod(0)
    assert ended("validate", "s.yaml")[0] == 1
