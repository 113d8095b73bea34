"""What is formatted means the same, keeps its comments, and is the same when it is formatted again."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import pytest

from reportspec.editing.formatting import Unformattable, formatted, schema_of
from reportspec.source import plain, read_yaml
from tests.conftest import CHECKOUT, Draw, RunCli

BEFORE = """\
# yaml-language-server: $schema=x.json
# The week, for the team

period: last_week
version: 1   # always


# What it is about
report: custom
sections:
- text: |
      # no comment

        - further in
      back
  title: 'It''s "new"'
# the figures
- kpis: [ won_amount,close_rate ]   # two
  note: 'Ours'
-
  # the people
  breakdown:
     by: ["user.name"]
     # of all deals
     metrics:
     - won_amount
     # - lost_amount
  id: people
filters:
- {gte: 1000, field: deal.amount}
- field: deal.name
  contains: a
    long text
goals:
  won_amount: 5
  close_rate: {warn_at: 0.9, target: 0.3}
  # more to come
deliver: {to: [anna@example.com,
  ciro@example.com]}
# the end
"""
AFTER = """\
# yaml-language-server: $schema=x.json
# The week, for the team

version: 1   # always

# What it is about
report: custom
period: last_week
filters:
  - {field: deal.amount, gte: 1000}
  - field: deal.name
    contains: a
      long text
goals:
  won_amount: 5
  close_rate: {target: 0.3, warn_at: 0.9}
  # more to come
sections:
  - title: 'It''s "new"'
    text: |
      # no comment

        - further in
      back
  # the figures
  - kpis: [won_amount, close_rate]   # two
    note: "Ours"
  - id: people
    # the people
    breakdown:
      # of all deals
      metrics:
        - won_amount
        # - lost_amount
      by: ["user.name"]
deliver: {to: [anna@example.com,
  ciro@example.com]}
# the end
"""


def test_an_example() -> None:
    assert formatted(BEFORE, "report") == AFTER
    assert formatted(AFTER, "report") == AFTER


def test_line_ends_and_the_mark_of_the_encoding_stay() -> None:
    text = "\ufeff" + "report: leads\nversion: 1\n".replace("\n", "\r\n")
    assert formatted(text, "report") == "\ufeff" + "version: 1\nreport: leads\n".replace("\n", "\r\n")


@pytest.mark.parametrize(
    "text",
    [
        "a: b: c\n",
        "version: 1\nversion: 1\n",
        "[1, 2]\n",
        "a\n",
        "title: |2\n    a\nversion: 1\n",
        "title: |+\n  a\n\nversion: 1\n",
        "metrics: [won_amount, # first\n  close_rate]\nversion: 1\n",
        "? a\n: b\n",
        "? a",
        "version: 1\rmetrics: [won_amount]\r",
    ],
)
def test_what_would_not_stay_is_refused(text: str) -> None:
    try:
        found = formatted(text, "report")
    except Unformattable:
        return
    # or it is written with all that it had
    assert meaning(found) == meaning(text)
    assert found.count("#") == text.count("#")


def test_a_value_that_is_repeated_stays_below_its_name() -> None:
    text = "metrics: &m [won_amount]\nversion: 1\nsections:\n  - kpis: *m\n"
    assert formatted(text, "report") == text


FILES = sorted([*(CHECKOUT / "specs").glob("*.yaml"), *(CHECKOUT / "tests" / "schemas" / "valid").glob("*.yaml")])


def test_files_of_all_kinds_mean_the_same_in_whatever_form_they_were(draw: Draw) -> None:
    """The form does not hang on that of before: comments, blank lines, indentation and quotes are put in at random."""
    chance = random.Random(draw.seed)
    tried = refused = 0
    for path in FILES if draw.night else FILES[::6]:
        text = path.read_text(encoding="utf-8")
        node, problems = read_yaml(text, "")
        if node is None or problems or not text.strip():
            continue
        schema = schema_of(path.name, plain(node))
        for variant in (text, *(disturbed(text, chance) for _ in range(draw.rounds(2, 20)))):
            again, wrong = read_yaml(variant, "")
            if again is None or wrong or plain(again) != plain(node):
                continue
            try:
                found = formatted(variant, schema)
            except Unformattable:  # for a comment within a value
                refused += 1
                continue
            tried += 1
            assert meaning(found) == plain(node)
            assert sorted(words(found)) == sorted(words(variant)), path.name
            assert formatted(found, schema) == found, path.name
    assert tried > max(10, 3 * refused)


def meaning(text: str) -> Any:
    node, _ = read_yaml(text, "")
    assert node is not None
    return plain(node)


def words(text: str) -> list[str]:
    """What was put in as comments."""
    return [line.partition("#~")[2] for line in text.split("\n") if "#~" in line]


def disturbed(text: str, chance: random.Random) -> str:
    """The text with comments and blank lines here and there."""
    lines = []
    for number, line in enumerate(text.split("\n")):
        if chance.random() < 0.2:
            indent = len(line) - len(line.lstrip()) + chance.choice([0, 0, 2, -2])
            lines.append(chance.choice(["", f"{' ' * max(0, indent)}#~ {number}"]))
        lines.append(line + ("  #~ behind " + str(number) if line.strip() and chance.random() < 0.1 else ""))
    return "\n".join(lines)


def test_the_command(tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "specs").mkdir()
    spec, project = tmp_path / "specs" / "week.yaml", tmp_path / "reportspec.yaml"
    spec.write_text(BEFORE, encoding="utf-8")
    project.write_text("source: demo\nversion: 1\n", encoding="utf-8")
    (tmp_path / "broken.yaml").write_text("a: b: c\n", encoding="utf-8")
    checked = run_cli(["fmt", "--check", "specs", "reportspec.yaml"], cwd=tmp_path)
    assert checked.returncode == 1
    assert "reportspec.yaml: would be formatted" in checked.stderr
    assert "+version: 1" in run_cli(["fmt", "--diff", "reportspec.yaml"], cwd=tmp_path).stdout
    assert spec.read_text("utf-8") == BEFORE
    done = run_cli(["fmt", "."], cwd=tmp_path)
    assert done.returncode == 1, "one file is left as it is"
    assert "yaml-syntax" in done.stderr
    assert spec.read_text("utf-8") == AFTER
    assert project.read_text("utf-8") == "version: 1\nsource: demo\n"
    assert run_cli(["fmt", "--check", "specs", "reportspec.yaml"], cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("head", ["|", ">", "|-", ">-"])
@pytest.mark.parametrize("key", ["- text: ", "- id: a\n  text: ", "- "])
def test_a_comment_behind_the_beginning_of_a_text_in_lines_stays(head: str, key: str) -> None:
    text = f"version: 1\nsections:\n{key}{head} # ask Anna\n     Hello  # no comment\n\n     all\n# the end\n"
    found = formatted(text, "report")
    assert meaning(found) == meaning(text)
    assert f"{head}  # ask Anna\n" in found
    assert found.count("#") == 3
    assert formatted(found, "report") == found


def test_what_cannot_be_written_is_told_and_the_rest_written(tmp_path: Path, run_cli: RunCli) -> None:
    """A protected file stays, as does one elsewhere that a link leads to; a link that is named is followed."""
    ugly, fine = "report: leads\nversion: 1\n", "version: 1\nreport: leads\n"
    (tmp_path / "specs").mkdir()
    files = {name: tmp_path / name for name in ("specs/a.yaml", "specs/b.yaml", "specs/c.yaml", "other.yaml")}
    for file in files.values():
        file.write_text(ugly, encoding="utf-8")
    files["specs/b.yaml"].chmod(0o444)
    (tmp_path / "specs" / "link.yaml").symlink_to("../other.yaml")
    done = run_cli(["fmt", "specs"], cwd=tmp_path)
    assert done.returncode == 1
    assert "`specs/b.yaml` cannot be written: it is write-protected" in done.stderr
    assert "2 files formatted" in done.stderr
    texts = {name: file.read_text(encoding="utf-8") for name, file in files.items()}
    assert texts == {"specs/a.yaml": fine, "specs/b.yaml": ugly, "specs/c.yaml": fine, "other.yaml": ugly}
    assert run_cli(["fmt", "specs/link.yaml"], cwd=tmp_path).returncode == 0
    assert (tmp_path / "specs" / "link.yaml").is_symlink()
    assert files["other.yaml"].read_text(encoding="utf-8") == fine


@pytest.mark.parametrize("command", ["fmt", "validate --fix"])
def test_what_is_saved_meanwhile_stays(
    tmp_path: Path, run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", encoding="utf-8")
    spec = tmp_path / "week.yaml"
    spec.write_text("metrics: [won_amuont]\nversion: 1\n", encoding="utf-8")
    saved = "version: 1\nmetrics: [won_amount]\n# of Anna\n"
    first_look = Path.resolve

    def resolve(self: Path, strict: bool = False) -> Path:
        """Somebody saves the file just before it is written: `rewrite` follows links first."""
        if self.name == spec.name and sys._getframe(1).f_code.co_name == "rewrite":
            spec.write_text(saved, encoding="utf-8")
        return first_look(self, strict)

    monkeypatch.setattr(Path, "resolve", resolve)
    done = run_cli([*command.split(), "week.yaml"], cwd=tmp_path)
    assert "was saved by somebody else meanwhile" in done.stderr
    assert spec.read_text(encoding="utf-8") == saved
