"""Whatever is long in a project takes the time of its length: words, blanks, digits and signs of which a pattern may try
each, a hundred thousand on a line.

Slow: each of them is checked, and its message written."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reportspec import addresses
from reportspec.confidential import concealed_line
from reportspec.diagnostics import render_json, render_text
from reportspec.run.files.shape import DATA
from tests.fuzz.test_mutations import FILES
from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
LONG = 100_000
MOST = 60.0  # seconds of a processor: what grows with the square takes an hour
RUNS = ("x", "7", " ", "a ", "-", "{{", "a:/", "a:/ ", "#", "'", "(", "_", "x.", "9,", "\u00a0", "xx@", "é")
PLACES = (
    "version: 1\nreport: pipeline\nperiod: 2026-Q3\n{}: 1\n",
    "version: 1\nreport: {}\nperiod: 2026-Q3\n",
    "version: 1\nreport: pipeline\nperiod: 2026-Q3\nmetrics: [won_amount, {}]\n",
    "version: 1\nreport: pipeline\nperiod: 2026-Q3\nwhere: {}\n",
    "version: 1\nreport: pipeline\nperiod: {}\ntitle: a\n",
    "version: 1\nreport: pipeline\nperiod: 2026-Q3\ndeliver: {{to: [{}], when: {}}}\n",
)


@pytest.mark.parametrize("run", RUNS)
def test_a_long_word_in_a_spec(run: str, tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    word = (run * LONG)[:LONG]
    for number, place in enumerate(PLACES):
        path = tmp_path / f"s{number}.yaml"
        quoted = "'" + word.replace("'", "''") + "'"
        text = place.format(*[quoted] * place.count("{}"))
        path.write_text(text, encoding="utf-8")
        began = time.process_time()
        checked = load_report(path, NOW, {})
        shown = render_text(checked.diagnostics, {str(path): text})
        render_json(checked.diagnostics)
        assert time.process_time() - began < MOST, place
        assert checked.report is None or not [one for one in checked.diagnostics if one.severity == "error"]
        assert len(shown) < 20 * 5000


@pytest.mark.parametrize("run", RUNS)
def test_what_reads_one_line(run: str) -> None:
    word = (run * LONG)[:LONG]
    began = time.process_time()
    for end in ("", "!", "\0", ": x", "<a@example.com>", " x://u:secret@h"):
        assert "secret" not in concealed_line([f"source: {word}{end}"], 1)
        assert "secret" not in concealed_line([f"note: {word}{end}"], 1)
        assert "secret" not in concealed_line([f"note: {word[:19000]}{end}"], 1)
        addresses.split(word + end)
        DATA.fullmatch(word + end)
    assert time.process_time() - began < MOST
