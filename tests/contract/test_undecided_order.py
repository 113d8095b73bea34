"""Which of several rows counts is never left to the order in which they lie in the source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.errors import Broken
from tests.contract.test_advice import SPEC, project
from tests.engines.servers import Given
from tests.engines.shapes import EVERYWHERE, landed
from tests.figures.asking import figures, rows

DAY, LATER = datetime(2026, 8, 1), datetime(2026, 8, 2)
Row = tuple[str, int | None, str, datetime, int]


def versions(given: Sequence[Row]) -> Given:
    columns = (("id", "VARCHAR"), ("amount", "BIGINT"), ("status", "VARCHAR"), ("closed", "TIMESTAMP"), ("n", "BIGINT"))
    return Given("d", columns, list(given))


LATEST = {
    "the newer one counts": ([("a", 5, "lost", DAY, 1), ("a", 7, "won", LATER, 2), ("b", 3, "won", DAY, 3)], 10.0),
    "two of one time": ([("a", 5, "lost", DAY, 1), ("a", 7, "won", DAY, 2), ("b", 3, "won", DAY, 3)], None),
    "one has nothing": ([("a", None, "won", DAY, 1), ("a", 7, "won", DAY, 1)], None),
    "the same row twice": ([("a", 7, "won", DAY, 1), ("a", 7, "won", DAY, 2)], 7.0),  # `n` is not read
    "older ones of one time": ([("a", 5, "won", DAY, 1), ("a", 6, "won", DAY, 2), ("a", 7, "won", LATER, 3)], 7.0),
}


@pytest.mark.parametrize("engine", EVERYWHERE)
@pytest.mark.parametrize("case", LATEST)
def test_versions(case: str, engine: str, tmp_path: Path) -> None:
    given, right = LATEST[case]
    for turn, order in enumerate((given, given[::-1])):
        with landed(engine, [versions(order)], lambda *_: None, tmp_path / f"db{turn}") as found:
            table = f"{found.prefix}d"
            folder = project(tmp_path, found.url, table, {"latest": {"by": "id", "order": "-closed"}})
            if right is None:
                with pytest.raises(Broken) as told:
                    figures(folder, SPEC)
                [one] = told.value.diagnostics
                assert (one.code, one.severity) == ("undecided-order", "error")
                assert f"`{table}` has 1 key of which several rows come first" in one.message
                assert one.notes == ("for example `a` (2 rows)",)
                # What is proposed helps: the number tells them apart.
                folder = project(
                    tmp_path, found.url, table, {"latest": {"by": "id", "order": ["-closed", "-n", "amount"]}}
                )
                figures(folder, SPEC)
            else:
                assert float(rows(figures(folder, SPEC), "a")[0]["won_amount"]) == right


@pytest.mark.parametrize("engine", ["duckdb", "sqlite", "postgres"])
@pytest.mark.parametrize(("second", "decided"), [(1, False), (2, True)])
@pytest.mark.parametrize("amount", ["o.amt", "coalesce(o.amt, 0)"])
def test_the_first_row_beside(amount: str, second: int, decided: bool, engine: str, tmp_path: Path) -> None:
    lines = Given("lines", (("deal", "VARCHAR"), ("n", "BIGINT"), ("amt", "BIGINT")), [("a", 1, 15), ("a", second, 25)])
    with landed(engine, [versions([("a", 5, "won", DAY, 1)]), lines], lambda *_: None, tmp_path / "db") as found:
        join: dict[str, Any] = {"o": {"table": f"{found.prefix}lines", "on": {"deal": "id"}, "first": "n"}}
        folder = project(tmp_path, found.url, f"{found.prefix}d", {"joins": join}, amount=amount)
        if decided:
            assert float(rows(figures(folder, SPEC), "a")[0]["won_amount"]) == 15
            return
        with pytest.raises(Broken) as told:
            figures(folder, SPEC)
    assert [one.code for one in told.value.diagnostics] == ["undecided-order"]
    assert (
        "lines` has 1 key of which several rows come first by the order of `first`" in told.value.diagnostics[0].message
    )


def test_what_the_report_does_not_read_decides_nothing(tmp_path: Path) -> None:
    """Of two rows that differ only in the amount one may count the deals."""
    given = versions([("a", 5, "won", DAY, 1), ("a", 7, "won", DAY, 2)])
    counted = {**SPEC, "sections": [{"id": "a", "kpis": ["won_deals_count"]}]}
    with landed("duckdb", [given], lambda *_: None, tmp_path / "db") as found:
        folder = project(tmp_path, found.url, f"{found.prefix}d", {"latest": {"by": "id", "order": "-closed"}})
        assert rows(figures(folder, counted), "a")[0]["won_deals_count"] == 1
