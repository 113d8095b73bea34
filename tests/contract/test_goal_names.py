"""A table of targets: what it calls a metric and is none, and percentages that are no fractions.

Slow: servers of databases are started and filled."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.errors import Broken
from reportspec.model.figures import Figures
from tests.contract.projects import write_project
from tests.engines.servers import Given, engine
from tests.figures.asking import figures

NOW = datetime(2026, 6, 1, tzinfo=UTC)  # April is over
MADE = datetime(2026, 3, 1)
# Won 100 and 60, lost 40: a close rate of 2 / 3.
DEALS = Given(
    "deal",
    (("id", "VARCHAR"), ("amount", "DECIMAL(14,2)"), ("made", "TIMESTAMP"), ("closed", "TIMESTAMP"), ("state", "VARCHAR")),
    [("1", 100, MADE, datetime(2026, 4, 2), "won"), ("2", 60, MADE, datetime(2026, 4, 10), "won"), ("3", 40, MADE, datetime(2026, 4, 11), "lost")],
)  # fmt: skip


def asked(
    folder: Path,
    targets: list[tuple[str, str, float]],
    goals: dict[str, Any],
    kind: str = "sqlite",
    **project: Any,
) -> Figures:
    """`targets` are a metric, the month (of 30 days) and the number."""
    listed = [(metric, f"2026-{month}-01", f"2026-{month}-30", target) for metric, month, target in targets]
    columns = (("what", "VARCHAR"), ("since", "VARCHAR"), ("until", "VARCHAR"), ("worth", "DOUBLE"))
    with engine(kind, [DEALS, Given("aim", columns, listed)], folder) as found:
        entities = {
            "deal": {"table": f'{found.prefix}"deal"', "key": "id", "fields": {
                "amount": "amount", "created_at": "made", "closed_at": "closed", "status": "state"}},
            "goal": {"table": f'{found.prefix}"aim"', "fields": {
                "metric": "what", "starts_on": "cast(since as date)", "ends_on": "cast(until as date)", "target": "worth"}},
        }  # fmt: skip
        write_project(folder, found.url, entities, **project)
        spec = {"report": "custom", "period": "2026-04", "metrics": list(goals), "goals": goals}
        return figures(folder, spec, NOW)


def notes(found: Figures) -> list[str]:
    return [found.footnotes[n - 1] for n in found.sections[0].footnotes]


TABLE = {"target": "table"}
ENGINES = [
    "sqlite",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("postgres", "mariadb")),
]


@pytest.mark.parametrize("kind", ENGINES)
@pytest.mark.parametrize(("called", "help"), [
    ("won_amunt", "did you mean `won_amount`?"),
    ("Won Amount", "did you mean `won_amount`?"),
    ("win_rate", "did you mean `close_rate`?"),  # another word for it
    ("Cost of cups", "`reportspec catalog metrics` lists them"),
])  # fmt: skip
def test_what_is_no_metric(called: str, help: str, kind: str, tmp_path: Path) -> None:
    found = asked(
        tmp_path,
        [(called, "04", 100), (called, "05", 100), ("close_rate", "04", 0.5)],
        {"close_rate": TABLE, "won_amount": TABLE},
        kind,
    )
    [told] = [one for one in found.warnings if one.code == "unknown-goal"]
    assert (
        told.message
        == f"`goal.metric` is `{called}` in 2 rows of the table of targets, which is no metric: they count for nothing"
    )
    assert told.help == help
    assert told.span is not None
    goals = [tile.goal for tile in found.sections[0].kpis]
    assert goals[0] is not None
    assert (goals[0].target, goals[1]) == (0.5, None)
    at_figure = [one for one in notes(found) if "nearly this name" in one]
    assert at_figure == ([] if "cups" in called else [at_figure[0]])


def test_metrics_that_the_report_does_not_ask_for(tmp_path: Path) -> None:
    """They are for other reports: variants and those with an option as well."""
    others = ["open_amount", "close_rate.by_value", "renewal_rate(grace_days=45)"]
    found = asked(
        tmp_path,
        [("won_amount", "04", 100), *((one, "04", 1.0) for one in others)],
        {"won_amount": TABLE},
    )
    assert [one.code for one in found.warnings if "goal" in one.code] == []


@pytest.mark.parametrize("kind", ENGINES)
def test_percentages_that_are_no_fractions(kind: str, tmp_path: Path) -> None:
    found = asked(
        tmp_path,
        [("close_rate", "04", 60.0), ("won_amount", "04", 200.0)],
        {"close_rate": TABLE, "won_amount": TABLE},
        kind,
    )
    [told] = [one for one in found.warnings if one.code == "suspicious-goal"]
    assert (
        told.message
        == "`close_rate` is a fraction: 1 of 1 targets of the table are percentages, such as 60, which means 6,000 %"
    )
    assert "`target: \"case when what = 'close_rate' then worth / 100 else worth end\"`" in (told.help or "")
    assert [one for one in notes(found) if "150%" in one] == [
        "Close rate: targets above 150% in the table, where 0.9 is 90%: 1."
    ]


@pytest.mark.parametrize("targets", [
    [("close_rate", "04", 0.6)],
    [("close_rate", "04", 1.2)],  # 120 %, as some rates can be
    [("close_rate", "04", 0.6), ("close_rate", "03", 60.0)],  # of another month
    [("won_amount", "04", 90.0), ("close_rate", "04", 0.5)],
])  # fmt: skip
def test_what_is_a_fraction(targets: list[tuple[str, str, float]], tmp_path: Path) -> None:
    found = asked(tmp_path, targets, {"close_rate": TABLE, "won_amount": TABLE})
    assert [one.code for one in found.warnings if "goal" in one.code] == []


def test_the_line_to_write_mends_it(tmp_path: Path) -> None:
    asked(tmp_path, [("close_rate", "04", 60.0)], {"close_rate": TABLE})
    mapping = yaml.safe_load((tmp_path / "m.yaml").read_text(encoding="utf-8"))
    mapping["entities"]["goal"]["fields"]["target"] = "case when what = 'close_rate' then worth / 100 else worth end"
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    found = figures(
        tmp_path,
        {
            "report": "custom",
            "period": "2026-04",
            "metrics": ["close_rate"],
            "goals": {"close_rate": TABLE},
        },
        NOW,
    )
    assert found.sections[0].kpis[0].goal.target == pytest.approx(0.6)  # type: ignore[union-attr]
    assert [one.code for one in found.warnings if "goal" in one.code] == []


@pytest.mark.parametrize("target", [("won_amunt", "04", 100.0), ("close_rate", "04", 60.0)])
def test_strict_refuses_them(target: tuple[str, str, float], tmp_path: Path) -> None:
    with pytest.raises(Broken):
        asked(
            tmp_path,
            [target, ("won_amount", "04", 100.0)],
            {"won_amount": TABLE, "close_rate": TABLE},
            checks={"strict": True},
        )
