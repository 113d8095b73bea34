"""The line of filters says what was asked for, with the values that params had."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.loading import load_report

NOW = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("param", "where", "given", "text"),
    [
        ("{type: number, default: 500}", "deal.amount > {{ params.x }}", {}, "deal.amount > 500"),
        ("{type: number, default: 500}", "deal.amount >  {{params.x}}", {"x": "0.5"}, "deal.amount > 0.5"),
        ("{type: number, default: '500'}", "deal.amount > {{ params.x }}", {}, "deal.amount > 500"),
        ("{type: integer, default: '7'}", "deal.amount > {{ params.x }}", {}, "deal.amount > 7"),
        ("{type: integer, default: 7}", "deal.amount > {{ params.x }}", {}, "deal.amount > 7"),
        ("{type: string, default: O'Hara}", "deal.name = '{{ params.x }}'", {}, "deal.name = 'O''Hara'"),
        ("{type: string, default: web}", "deal.name = {{ params.x }}", {}, "deal.name = 'web'"),
        ("{type: boolean, default: true}", "deal.stage.is_won = {{ params.x }}", {}, "deal.stage.is_won = TRUE"),
    ],
)
def test_values_of_params(param: str, where: str, given: dict[str, str], text: str, tmp_path: Path) -> None:
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", encoding="utf-8")
    (tmp_path / "s.yaml").write_text(
        f'version: 1\nparams: {{x: {param}}}\nwhere: "{where}"\nsections:\n  - kpis: [won_amount]\n',
        encoding="utf-8",
    )
    checked = load_report(tmp_path / "s.yaml", NOW, {}, settings=given)
    assert checked.report is not None, [d.message for d in checked.diagnostics]
    assert checked.report.filter_texts == (text,)
