"""What people call metrics elsewhere is answered with what they are called here."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from reportspec.api import validate
from reportspec.catalogue.load import packaged


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("win_rate", "close_rate"),
        ("Win-Rate", "close_rate"),
        ("average_deal_size", "avg_won_amount"),
        ("pipeline", "open_amount"),
        ("cac", "customer_acquisition_cost"),
        ("revenue", "new_revenue_amount"),
        ("won_amuont", "won_amount"),
    ],
)
def test_metrics(word: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", "utf-8")
    (tmp_path / "s.yaml").write_text(f"version: 1\nreport: custom\nperiod: 2026-10\nmetrics: ['{word}']\n", "utf-8")
    [told] = validate(tmp_path / "s.yaml")
    assert (told.code, told.help) == ("unknown-metric", f"did you mean `{name}`?")


def test_a_word_means_one_metric_and_is_none_itself() -> None:
    metrics = packaged().metrics
    words = Counter(word for name in metrics for word in metrics[name].also)
    assert not [word for word, times in words.items() if times > 1]
    assert not set(words) & set(metrics)
