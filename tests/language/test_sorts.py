"""A sort with its direction behind it, as SQL writes it, is answered with how it is written here."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.loading import load_report

NOW = datetime(2026, 10, 1, tzinfo=UTC)
TILES = "breakdown: {metrics: [won_amount], by: [user.name], sort: %s}"
LIST = "records: {entity: deal, fields: [deal.name, deal.amount], sort: %s}"


@pytest.mark.parametrize(
    ("section", "sort", "help"),
    [
        (TILES, "won_amount desc", "write `-won_amount`"),
        (TILES, "won_amount DESC", "write `-won_amount`"),
        (TILES, "-won_amount descending", "write `-won_amount`"),
        (TILES, "user.name asc", "write `user.name`"),
        (TILES, "won_amout desc", "write `-won_amount`"),
        (TILES, "won_amout", "did you mean `won_amount`?"),
        (LIST, "deal.amount desc", "write `-deal.amount`"),
        (LIST, "deal.closed_at asc", "write `deal.closed_at`"),
    ],
)
def test_a_direction_behind(section: str, sort: str, help: str, tmp_path: Path) -> None:
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", encoding="utf-8")
    (tmp_path / "s.yaml").write_text(f"version: 1\nsections:\n  - {section % sort}\n", encoding="utf-8")
    [told] = load_report(tmp_path / "s.yaml", NOW, {}).diagnostics
    assert (told.code, told.help) == ("unknown-sort", help)
    assert told.span is not None
    assert told.span.line == 3


@pytest.mark.parametrize("section", [TILES % "-won_amount", LIST % "-deal.amount"])
def test_sorts_as_they_are_written(section: str, tmp_path: Path) -> None:
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", encoding="utf-8")
    (tmp_path / "s.yaml").write_text(f"version: 1\nsections:\n  - {section}\n", encoding="utf-8")
    assert load_report(tmp_path / "s.yaml", NOW, {}).diagnostics == ()
