"""Whatever is wrong, the program says what and where, ends with the right code and shows no
traceback: 0 all is well, 1 a mistake in a spec or its data, 2 misuse of the command line."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]
READING = ("validate", "compile", "query", "build")  # the commands that read specs

# Eight lists of ten, each of them ten times in the next: a hundred million values.
BOMB = b"version: 1\na: &a [1,1,1,1,1,1,1,1,1,1]\n" + b"".join(
    b"%c: &%c [%s]\n" % (name, name, b",".join([b"*%c" % (name - 1)] * 10)) for name in b"bcdefgh"
)
# A wrong spec, and what is said of it: the code, the place and words of the message.
WRONG = {
    "no_yaml": (b"title: a: b\n", "yaml-syntax", "1:9", ["not YAML"]),
    "unclosed": (b"version: 1\nmetrics: [close_rate\n", "yaml-syntax", None, ["not YAML"]),
    "empty": (b"", "empty-file", "1:1", ["empty"]),
    "only_comments": (b"# nothing yet\n", "empty-file", None, ["empty"]),
    "binary": (b"\x89PNG\r\n\x1a\n\x00\x00", "not-utf-8", "1:1", ["0x89"]),
    "utf_16": ("version: 1\n".encode("utf-16"), "not-utf-8", "1:1", ["UTF-16", "UTF-8"]),
    "latin_1": ("version: 1\ntitle: Qualità\n".encode("latin-1"), "not-utf-8", "2:14", ["UTF-8"]),
    "nul": (b"version: 1\nreport: pipe\x00line\n", "control-character", "2:13", ["NUL"]),
    "huge": (b"version: 1\n" + b"# filler\n" * 200_000, "file-too-large", None, ["larger"]),
    "deep": (b"version: 1\nsections: " + b"[" * 5_000 + b"\n", "too-deep", "2:", ["64"]),
    "tabs": (b"version: 1\nfilters:\n\t- {field: deal.amount, gte: 1}\n", "yaml-syntax", "3:1", ["tab"]),
    "list": (b"- version: 1\n", "wrong-type", "1:1", ["map"]),
    "text": (b"pipeline\n", "wrong-type", "1:1", ["map"]),
    "two_documents": (b"version: 1\nreport: leads\n---\nversion: 1\n", "several-documents", "3:1", ["one document"]),
    "key_twice": (b"version: 1\nreport: leads\nreport: leads\n", "duplicate-key", "3:1", ["`report`", "line 2"]),
    "unknown_key": (b"version: 1\nreport: leads\nperoid: 2026\n", "unknown-key", "3:1", ["`peroid`", "`period`"]),
    "no_version": (b"report: pipeline\n", "missing-key", None, ["`version`"]),
    "report": (b"version: 1\nreport: pipelin\n", "unknown-report", "2:9", ["`pipelin`", "`pipeline`"]),
    "metric": (b"version: 1\nmetrics: [close_rat]\n", "unknown-metric", "2:11", ["`close_rat`", "`close_rate`"]),
    "field": (
        b"version: 1\nreport: pipeline\ngroup_by: [user.nam]\n",
        "unknown-field",
        "3:12",
        ["`nam`", "`user.name`"],
    ),
    "period": (b"version: 1\nreport: pipeline\nperiod: 2026-Q5\n", "bad-period", "3:9", ["2026-Q5", "Q4"]),
    "period_word": (b"version: 1\nreport: pipeline\nperiod: lately\n", "bad-period", "3:9", ["lately", "last_month"]),
    "many": (
        b"version: 1\nmetrics: [close_rate]\nfilters: [{field: activity.type, eq: call}]\n",
        "fan-out",
        None,
        ["`close_rate`", "`activity`"],
    ),
    "alias_bomb": (BOMB, "alias-bomb", None, ["100,000"]),
    "python": (b"version: 1\nreport: !!python/name:os.system leads\n", "tag", "2:9", ["python"]),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_spec(run: Run, folder: Path, name: str) -> None:
    text, code, place, words = WRONG[name]
    (folder / "wrong.yaml").write_bytes(text)
    done = run("validate", "wrong.yaml", cwd=folder)
    assert done.returncode == 1
    assert f"error[{code}]" in done.stderr
    if place is not None:
        assert f"  wrong.yaml:{place}" in done.stderr
    assert [word for word in words if word not in done.stderr] == []
    assert re.search(r"\d+ mistakes? in 1 spec; 0 specs valid\n$", done.stderr)


@pytest.mark.parametrize("command", READING[1:])
@pytest.mark.parametrize("name", ["no_yaml", "empty", "binary", "report", "metric", "period"])
def test_every_command_tells_of_the_same_mistake(run: Run, folder: Path, name: str, command: str) -> None:
    text, code, _, _ = WRONG[name]
    (folder / "wrong.yaml").write_bytes(text)
    done = run(command, "wrong.yaml", cwd=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"error[{code}]" in done.stderr
    assert not (folder / "out").exists()


@pytest.mark.parametrize("seed", range(5))
def test_noise(run: Run, folder: Path, seed: int) -> None:
    """Bytes, and characters that YAML means something by, in any order."""
    chance = random.Random(seed)
    (folder / "bytes.yaml").write_bytes(chance.randbytes(3_000))
    signs = "".join(chance.choices("version: 1\n-[]{}&*!|>'\"%@`#?,~ éß\u2028😀", k=2_000))
    (folder / "signs.yaml").write_text(signs, encoding="utf-8")
    done = run("validate", "bytes.yaml", "signs.yaml", cwd=folder)
    assert done.returncode == 1
    assert "2 specs; 0 specs valid" in done.stderr


def test_an_unreachable_filter_of_a_standard_report(run: Run, folder: Path) -> None:
    """A deal has many activities: no section of the pipeline can be filtered by them."""
    (folder / "calls.yaml").write_text(
        "version: 1\nreport: pipeline\nperiod: 2026-Q3\nfilters: [{field: activity.type, eq: call}]\n",
        encoding="utf-8",
    )
    done = run("validate", "calls.yaml", cwd=folder)
    assert "activity" in done.stderr


def test_missing_file(run: Run, folder: Path) -> None:
    for command in READING:
        done = run(command, "missing.yaml", cwd=folder)
        assert (done.returncode, done.stdout) == (1, ""), command
        assert "missing.yaml" in done.stderr


def test_one_wrong_spec_does_not_keep_the_others_from_being_built(run: Run, folder: Path) -> None:
    (folder / "wrong.yaml").write_text("version: 1\nreport: pipelin\n", encoding="utf-8")
    done = run("build", "wrong.yaml", "missing.yaml", "good.yaml", cwd=folder)
    assert (done.returncode, done.stdout) == (1, "out/good.pdf\n")
    assert done.stderr.endswith("1 report built, 2 failed\n")
    assert (folder / "out" / "good.pdf").read_bytes().startswith(b"%PDF")
    assert [path.name for path in (folder / "out").iterdir()] == ["good.pdf"]


def test_mistakes_as_json_and_for_github(run: Run, folder: Path) -> None:
    (folder / "wrong.yaml").write_text("version: 1\nmetrics: [close_rat]\nperiod: 2026-Q5\n", encoding="utf-8")
    done = run("validate", "wrong.yaml", "--messages", "json", cwd=folder)
    assert done.returncode == 1
    told = [
        (each["code"], each["file"], each["line"], each["column"], each["severity"]) for each in json.loads(done.stdout)
    ]
    assert told == [
        ("unknown-metric", "wrong.yaml", 2, 11, "error"),
        ("bad-period", "wrong.yaml", 3, 9, "error"),
    ]
    done = run("validate", "wrong.yaml", "--messages", "github", cwd=folder)
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines)) == (1, 2)
    assert lines[0].startswith("::error file=wrong.yaml,line=2,col=11,")
    assert lines[1].startswith("::error file=wrong.yaml,line=3,col=9,")


MISUSE = {
    "no command": [],
    "unknown command": ["biuld", "good.yaml"],
    "no path": ["build"],
    "unknown option": ["validate", "good.yaml", "--fast"],
    "unknown form": ["query", "good.yaml", "--format", "xml"],
    "unknown dialect": ["compile", "good.yaml", "--dialect", "dbase"],
    "set without a value": ["validate", "good.yaml", "--set", "region"],
    "folder without specs": ["validate", "nothing_here"],
    "unknown list": ["catalog", "colours"],
    "no such project": ["catalog", "--project", "nowhere"],
    "unknown schema": ["schema", "poem"],
    "output is a file": ["build", "good.yaml", "-o", "good.yaml"],
    "schemas into a file": ["schema", "-o", "good.yaml"],
}


@pytest.mark.parametrize("name", MISUSE)
def test_misuse(run: Run, folder: Path, name: str) -> None:
    (folder / "nothing_here").mkdir()
    done = run(*MISUSE[name], cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Usage: " in done.stderr


@pytest.mark.parametrize("now", ["yesterday", "2026-13-01", "99999"])
def test_a_clock_that_is_none(run: Run, folder: Path, now: str) -> None:
    done = run("validate", "good.yaml", cwd=folder, env={"REPORTSPEC_NOW": now})
    assert done.returncode == 2
    assert "REPORTSPEC_NOW" in done.stderr


@pytest.mark.parametrize(
    ("args", "code", "word"),
    [
        (["--set", "region=EMEA"], "unknown-param", "region"),
        (["--set", "=x"], None, "--set"),
        (["--period", "someday"], "bad-period", "someday"),
        (["--period", ""], "bad-period", "period"),
        (["--period", "2026-02-30"], "bad-period", "2026-02-30"),
    ],
)
def test_wrong_values_of_options(run: Run, folder: Path, args: list[str], code: str | None, word: str) -> None:
    done = run("validate", "good.yaml", *args, cwd=folder)
    assert done.returncode == (1 if code else 2)
    assert word in done.stderr
    if code:
        assert f"error[{code}]" in done.stderr
        option = args[0] if args[0] == "--period" else f"--set {args[1].partition('=')[0]}"
        assert f"  {option}:1:1\n" in done.stderr  # not a line of the spec, which says something else


@pytest.mark.parametrize(
    ("value", "words"),
    [("soon", ["least", "number"]), ("", ["least", "number"]), ("nan", ["least"]), ("5", ["least", "10"])],
)
def test_wrong_params(run: Run, folder: Path, value: str, words: list[str]) -> None:
    (folder / "p.yaml").write_text(
        "version: 1\nmetrics: [won_deals_count]\n"
        "params: {least: {type: number, default: 10, choices: [10, 20]}}\n"
        'filters: [{field: deal.amount, gte: "{{ params.least }}"}]\n',
        encoding="utf-8",
    )
    done = run("validate", "p.yaml", "--set", f"least={value}", cwd=folder)
    assert done.returncode == 1
    assert [word for word in ["  --set least:1:1\n", *words] if word not in done.stderr] == []


def test_a_param_that_must_be_given(run: Run, folder: Path) -> None:
    (folder / "p.yaml").write_text(
        "version: 1\nmetrics: [won_deals_count]\nparams: {region: {type: string}}\n"
        'filters: [{field: account.region, eq: "{{ params.region }}"}]\n',
        encoding="utf-8",
    )
    done = run("query", "p.yaml", cwd=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "region" in done.stderr
    assert run("query", "p.yaml", "--set", "region=x'; drop table deal; --", cwd=folder).returncode == 0


def test_an_output_folder_that_cannot_be(run: Run, folder: Path) -> None:
    """A file stands where the folder would have to be made."""
    done = run("build", "good.yaml", "-o", "good.yaml/out", cwd=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error[cannot-write]" in done.stderr
    assert "good.yaml/out/good.pdf" in done.stderr
    assert "-o" in done.stderr


def test_a_schema_folder_that_cannot_be(run: Run, folder: Path) -> None:
    done = run("schema", "-o", "good.yaml/out", cwd=folder)
    assert done.returncode in (1, 2)
    assert "good.yaml/out" in done.stderr


@pytest.mark.parametrize(
    ("project", "word"),
    [
        ("version: 1\nsource: {files: {deals: deals.csv}}\nmapping: m.yaml\n", "m.yaml"),
        ("version: 1\nsource: {files: {deals: nothing.csv}}\nmapping: m.yaml\n", "nothing.csv"),
        ("version: 1\nsource: nothing.duckdb\ncrm: zoho\n", "nothing.duckdb"),
        ("version: 1\nsource: demo\ntimezone: Europe/Atlantis\n", "Europe/Atlantis"),
        ("version: 1\nsource: demo\ncurrency: euro\n", "euro"),
        ("version: 1\nsource: ${NOWHERE_SET}\n", "NOWHERE_SET"),
        ("version: 1\nsource: {files: {leads: nothing.csv}}\ncrm: zoho\n", "nothing.csv"),
        ("", "reportspec.yaml"),
        ("source: [", "reportspec.yaml"),
    ],
)
def test_a_wrong_project(run: Run, folder: Path, project: str, word: str) -> None:
    """Told when figures are asked for, if not before, by the file's name."""
    (folder / "deals.csv").write_text("id\n1\n", encoding="utf-8")
    (folder / "reportspec.yaml").write_text(project, encoding="utf-8")
    done = run("query", "good.yaml", cwd=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error[" in done.stderr
    assert word in done.stderr
    assert run("catalog", cwd=folder).returncode in (0, 1)


def test_a_source_that_is_no_database(run: Run, folder: Path) -> None:
    (folder / "crm.duckdb").write_bytes(b"this is not a database" * 1_000)
    (folder / "reportspec.yaml").write_text("version: 1\nsource: crm.duckdb\ncrm: zoho\n", encoding="utf-8")
    done = run("query", "good.yaml", cwd=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert "crm.duckdb" in done.stderr


def test_odd_but_right_files(run: Run, folder: Path) -> None:
    """Windows line ends, a byte order mark, no last line end, a name with blanks and accents."""
    text = "version: 1\nreport: pipeline\nperiod: 2026-Q3"
    (folder / "crlf.yaml").write_bytes(text.replace("\n", "\r\n").encode())
    (folder / "bom.yaml").write_bytes(text.encode("utf-8-sig"))
    (folder / "più avanti – 1.yaml").write_text(text, encoding="utf-8")
    done = run("validate", "crlf.yaml", "bom.yaml", "più avanti – 1.yaml", cwd=folder)
    assert (done.returncode, done.stdout) == (0, "3 specs valid\n")


def test_no_colours_where_nobody_sees_them(run: Run, folder: Path) -> None:
    (folder / "wrong.yaml").write_text("version: 1\nreport: pipelin\n", encoding="utf-8")
    assert "\x1b" not in run("validate", "wrong.yaml", cwd=folder).stderr


@pytest.mark.parametrize(
    "command", [("query", "good.yaml"), ("compile", "good.yaml"), ("validate", "good.yaml"), ("catalog", "metrics")]
)
def test_a_full_disk_behind_the_output(folder: Path, command: tuple[str, ...]) -> None:
    """It is nobody's bug: it is said, and the exit is not 0."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "reportspec", *command],
            cwd=folder,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "cannot be written: no space left on device" in done.stderr
    assert "bug" not in done.stderr


@pytest.mark.parametrize("zone", ["localtime", "posixrules", "right/UTC", "posix/Europe/Rome", "Factory", "Mars/Base"])
def test_zones_that_only_a_machine_knows(run: Run, folder: Path, zone: str) -> None:
    (folder / "wrong.yaml").write_text(f"version: 1\nreport: pipeline\ntimezone: {zone}\n", encoding="utf-8")
    done = run("validate", "wrong.yaml", cwd=folder)
    assert done.returncode == 1
    assert "error[unknown-timezone]" in done.stderr
