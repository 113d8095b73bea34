"""The page on what figures are made of says what its commands print: its files and commands are taken from the page, in
their order."""

from __future__ import annotations

import re
from pathlib import Path

from tests.conftest import RunCli

STEP = re.compile(
    r"^`(?P<name>[\w./]+)`[^\n]*:\n\n```\w+\n(?P<text>.*?)^```$"
    r"|^```sh\n(?P<command>reportspec [^\n]*)\n```\n(?:\n```(?:md)?\n(?P<printed>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)


def test_the_commands_print_what_the_page_says(checkout: Path, run_cli: RunCli, tmp_path: Path) -> None:
    """Slow: the guide's commands are run one after the other, as a reader would."""
    page = (checkout / "docs" / "review.md").read_text(encoding="utf-8")
    commands = 0
    for step in STEP.finditer(page):
        if step["name"]:
            (tmp_path / step["name"]).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / step["name"]).write_text(step["text"], encoding="utf-8")
            continue
        commands += 1
        done = run_cli(step["command"].split()[1:], cwd=tmp_path)
        assert done.stdout == (step["printed"] or done.stdout), step["command"]
        assert done.returncode in (0, 1), done.stderr
    assert commands >= 4
