"""The page on what figures are made of says what its commands print: its files and commands are taken from the page."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conftest import RunCli

FILE = re.compile(r"^`([\w./]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^```sh\nreportspec (.*?)\n```\n\n```\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_commands_print_what_the_page_says(checkout: Path, run_cli: RunCli, tmp_path: Path) -> None:
    page = (checkout / "docs" / "review.md").read_text(encoding="utf-8")
    for name, text in FILE.findall(page):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    commands = COMMAND.findall(page)
    assert len(commands) >= 2
    for command, printed in commands:
        assert run_cli(command.split(), cwd=tmp_path).stdout == printed, command
