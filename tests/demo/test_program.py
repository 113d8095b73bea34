"""The program gives the known answers: every metric, over periods of every length."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from reportspec.catalogue.load import packaged
from tests.demo import known_answers, known_answers_more, known_answers_service

RunCli = Callable[..., subprocess.CompletedProcess[str]]
PERIODS = ("2026-Q3", "2026-Q2", "2026-09", "2025", "2026-W38", "2026-03")
ANSWERS = {**known_answers_more.METRICS, **known_answers_service.METRICS}
# Answered by `known_answers` and by the hand-written SQL in `tests/oracles`.
ELSEWHERE = set(known_answers.METRICS)


@pytest.fixture(scope="session")
def program(run_cli: RunCli, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, Any]]:
    """What the program says of a period, all metrics in one report."""
    folder = tmp_path_factory.mktemp("program")
    (folder / "reportspec.yaml").write_text("version: 1\nsource: demo\n", encoding="utf-8")
    said: dict[str, dict[str, Any]] = {}

    def ask(period: str) -> dict[str, Any]:
        if period not in said:
            spec = {
                "version": 1,
                "report": "custom",
                "period": period,
                "timezone": "Europe/Rome",
                "sections": [{"id": "all", "kpis": sorted(ANSWERS)}],
            }
            (folder / "s.yaml").write_text(json.dumps(spec), encoding="utf-8")
            done = run_cli(
                ["query", "s.yaml", "--format", "json"],
                cwd=folder,
                env={"REPORTSPEC_NOW": "2026-11-01T12:00:00Z"},
            )
            assert done.returncode == 0, done.stdout + done.stderr
            said[period] = json.loads(done.stdout)["sections"][0]["rows"][0]
        return said[period]

    return ask


@pytest.mark.xdist_group("program")
@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("metric", sorted(ANSWERS))
def test_the_program_gives_the_known_answer(metric: str, period: str, program: Callable[[str], dict[str, Any]]) -> None:
    expected = ANSWERS[metric](known_answers_more.Period(period))
    found = program(period)[metric]
    assert found == (None if expected is None else pytest.approx(expected, rel=1e-9, abs=1e-9))


def test_answers_say_something() -> None:
    """No metric is without cases in the third quarter: an oracle of zeros proves nothing."""
    quarter = known_answers_more.Period("2026-Q3")
    assert [name for name, answer in ANSWERS.items() if not answer(quarter)] == []


def test_each_of_the_35_metrics_has_an_answer() -> None:
    numbered = {metric.id for metric in packaged().metrics.values() if metric.number}
    assert numbered - set(ANSWERS) - ELSEWHERE == set()
