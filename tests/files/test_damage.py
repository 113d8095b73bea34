"""A damaged file: it is refused at the lines that are damaged, or that is told at the figure, or its figures are those
of the sound one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from reportspec.building import run_report
from reportspec.compile import compile_report
from reportspec.diagnostics import Diagnostic
from reportspec.errors import SourceError
from reportspec.model.figures import Figures
from reportspec.problems import problems_of
from tests.files.damage import DAMAGE, SAME, Files, sound, text_of
from tests.loading import load_report

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MAPPING = {"entities": {
    "deal": {"table": "deals", "key": "id", "fields": {
        "name": "name", "status": "status", "amount": "amount", "created_at": "created", "closed_at": "closed",
        "expected_close_date": "expected", "owner_id": "owner", "is_deleted": "deleted", "source": "source"}},
    "user": {"table": "users", "key": "id", "fields": {"name": "name", "team": "team"}}}}  # fmt: skip
SPEC: dict[str, Any] = {"version": 1, "report": "custom", "period": "2026", "sections": [
    {"id": "all", "kpis": ["won_amount", "won_deals_count", "deals_created_count", "lost_deals_count", "open_amount"]},
    {"id": "owners", "breakdown": {"metrics": ["won_amount"], "by": ["user.name"]}},
    {"id": "sources", "breakdown": {"metrics": ["deals_created_count"], "by": ["deal.source"]}},
    {"id": "months", "trend": {"metrics": ["won_amount"], "grain": "month"}}]}  # fmt: skip


def report(files: Files, folder: Path) -> tuple[Figures | None, tuple[Diagnostic, ...]]:
    """The figures, or None, and what is told."""
    folder.mkdir(parents=True, exist_ok=True)
    data = files.deals.encode() if isinstance(files.deals, str) else files.deals
    (folder / files.name).write_bytes(data)
    (folder / "users.csv").write_text(files.users, encoding="utf-8")
    own = {
        "version": 1,
        "timezone": "UTC",
        "currency": "EUR",
        "mapping": "m.yaml",
        "source": {"files": {"deals": {"path": files.name, **files.said}, "users": "users.csv"}},
    }
    (folder / "m.yaml").write_text(yaml.safe_dump(MAPPING), encoding="utf-8")
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    (folder / "s.yaml").write_text(yaml.safe_dump(SPEC), encoding="utf-8")
    checked = load_report(folder / "s.yaml", NOW, {})
    if checked.report is None or checked.broken:
        return None, checked.diagnostics
    compiled = compile_report(checked.report)
    try:
        figures = run_report(compiled)
    except SourceError as error:
        return None, tuple(problems_of(folder / "s.yaml", error, checked.report))
    return figures, figures.warnings


def shown(figures: Figures) -> list[Any]:
    """All that stands in a report, without its footnotes."""
    found: list[Any] = []
    for section in figures.sections:
        found += [kpi.value for kpi in section.kpis]
        found += section.rows
    return found


def said(found: Sequence[Diagnostic]) -> list[str]:
    return [" ".join([one.message, *one.notes]) for one in found]


def check(name: str, folder: Path, random: Random) -> None:
    deals, users = sound(random)
    files = DAMAGE[name](deals, users, random)
    whole = Files(text_of(deals), text_of(users, ["id", "name", "team"]))
    figures, found = report(files, folder / "damaged")
    codes = {one.code for one in found}
    if files.come == (SAME,) or not files.come:
        assert figures is not None, (name, files.lines, said(found))
        before, told = report(whole, folder / "sound")
        assert before is not None
        assert shown(figures) == shown(before)
        assert codes == {one.code for one in told}, said(found)
        return
    if files.come == ("footnote",):
        assert figures is not None
        count = len(files.lines)
        assert any(re.search(rf"\b{count} deals? ", text) for text in figures.footnotes), figures.footnotes
        return
    assert codes & set(files.come), (name, files.lines, said(found))
    mine = [one for one in found if one.code in files.come]
    places = {int(n) for text in said(mine) for n in re.findall(r"\bline (\d+)\b", text)}
    assert places <= set(files.lines) or not files.lines, (files.lines, said(mine))
    counts = [
        int(n)
        for text in said(mine)
        for n in re.findall(r"\b(\d+) (?:of \d+ )?(?:values?|rows?)\b", text.split("= for")[0])
    ]
    counts += [1 for text in said(mine) if " a value " in text]
    expected = files.count if files.count is not None else len(files.lines)
    if counts and expected:
        assert expected in counts, (expected, said(mine))
    else:
        assert places or not files.lines, said(mine)
    if figures is not None:
        assert figures.footnotes


@pytest.mark.parametrize("name", DAMAGE)
def test_damage(name: str, tmp_path: Path, draw: Any) -> None:
    for number in range(draw.rounds(1, 8)):
        check(name, tmp_path / str(number), Random(f"{draw.seed} {name} {number}"))
