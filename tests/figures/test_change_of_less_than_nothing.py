"""A change is a part of what was only where there was something, and is no less than nothing now. Elsewhere it is told
in the unit of the figure, and no title says by how much of what it was."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from reportspec.formats.html import as_html
from reportspec.formats.json_text import as_json
from reportspec.formats.markdown import as_markdown
from tests.figures.asking import figures

_COUNT = 10  # deals of a period: enough for a title to say that a figure rose


def _project(folder: Path, before: int, now: int) -> None:
    """Deals won in March and April, each month's of one amount."""
    lines = [
        f"{month}{at},{amount},2026-0{month}-{10 + at} 10:00:00"
        for month, amount in ((3, before), (4, now))
        for at in range(_COUNT)
    ]
    (folder / "deals.csv").write_text("\n".join(["id,amount,closed", *lines, ""]), encoding="utf-8")
    fields = {
        "amount": "amount",
        "closed_at": "closed",
        "status": "'won'",
        "created_at": "cast('2026-01-05' as timestamp)",
    }
    (folder / "m.yaml").write_text(
        yaml.safe_dump({"entities": {"deal": {"table": "deals", "key": "id", "fields": fields}}}), encoding="utf-8"
    )
    about = {"version": 1, "source": {"files": {"deals": "deals.csv"}}, "mapping": "m.yaml", "timezone": "UTC"}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(about | {"currency": "EUR"}), encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "now", "share"),
    [(100, 150, 0.5), (100, 0, -1.0), (-100, 200, None), (-100, -50, None), (0, 100, None), (100, -50, None)],
)
def test_no_part_of_less_than_nothing(before: int, now: int, share: float | None, tmp_path: Path) -> None:
    _project(tmp_path, before, now)
    sections = [
        {"kpis": ["won_amount"]},
        {"breakdown": {"metrics": ["won_amount"], "by": ["deal.status"]}},
        {"id": "said", "highlights": {"metrics": ["won_amount"]}},
    ]
    spec = {"report": "custom", "title": "auto", "period": "2026-04", "compare": "previous_period", "locale": "en_GB"}
    spec |= {"sections": sections}
    del spec["title"]
    made = figures(tmp_path, spec)
    tile = made.sections[0].kpis[0]
    assert (tile.value, tile.previous, tile.change) == (now * _COUNT, before * _COUNT, share)
    forms = [as_markdown(made), as_html(made), as_json(made)]
    percent = f"{abs(now - before) / abs(before or 1):.1%}"
    if share is None:
        assert not any(percent in form for form in forms)
        difference = (now - before) * _COUNT
        assert f"{'+' if difference > 0 else '−'}€{abs(difference):,}" in forms[0]  # the table has it in the unit
    else:
        assert percent in forms[0]
