"""The guide to the first audit says what its commands print: its files and commands are taken from the page."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

RunCli = Callable[..., subprocess.CompletedProcess[str]]
FILE = re.compile(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^```sh\nreportspec (.*?)\n```\n(?:\n```\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)


def test_the_commands_print_what_the_page_says(checkout: Path, run_cli: RunCli, tmp_path: Path) -> None:
    page = (checkout / "docs" / "audit.md").read_text(encoding="utf-8")
    for name, text in FILE.findall(page):
        if not name.startswith("audits/"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
    first, second, third, junit, page_of_it = COMMAND.findall(page)
    done = run_cli(first[0].split(), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, first[1], "")
    # "The duplicate contact was merged, D2 got its amount and D3 another owner", and a new contact came.
    contacts, deals = tmp_path / "data" / "contacts.csv", tmp_path / "data" / "deals.csv"
    lines = contacts.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("12,")]
    contacts.write_text("".join([*kept, "16,A3,Fay,Lund,fay.lund@gmail,,1\n"]), encoding="utf-8")
    text = deals.read_text(encoding="utf-8").replace("A1,12,1,open,,EUR", "A1,11,1,open,3100,EUR")
    deals.write_text(text.replace("A2,13,2", "A2,13,1"), encoding="utf-8")
    done = run_cli(second[0].split(), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (1, second[1], "")
    (tmp_path / "audits").mkdir()
    [(name, own)] = [found for found in FILE.findall(page) if found[0].startswith("audits/")]
    (tmp_path / name).write_text(own, encoding="utf-8")
    done = run_cli(third[0].split(), cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, third[1], "")
    for last in (junit, page_of_it):
        done = run_cli(last[0].split(), cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "<testsuites" in (tmp_path / "audit.xml").read_text(encoding="utf-8")
    assert (tmp_path / "audit.pdf").read_bytes().startswith(b"%PDF-")
