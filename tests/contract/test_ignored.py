"""What is not to be told of a source has to be something that checks are about."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.loading import load_report

NOW = datetime(2026, 10, 1, tzinfo=UTC)


def told(folder: Path, of: str) -> list[tuple[str, int, str | None]]:
    (folder / "reportspec.yaml").write_text(
        f"version: 1\nsource: demo\nchecks:\n  ignore:\n    - {{check: no-partner, reason: Known., of: {of}}}\n",
        encoding="utf-8",
    )
    (folder / "s.yaml").write_text("version: 1\nsections:\n  - text: nothing\n", encoding="utf-8")
    found = load_report(folder / "s.yaml", NOW, {}).diagnostics
    return [(d.code, d.span.line, d.help) for d in found if d.span is not None]


@pytest.mark.parametrize(
    ("of", "help"),
    [
        ("deal.ownr", "did you mean `deal.owner`?"),
        ("deal.open_without_expected_dat", "did you mean `deal.open_without_expected_date`?"),
        ("dael.owner", "did you mean `deal`?"),
        ("dael", "did you mean `deal`?"),
        ("zzzzzzz", "write what the warning is about: an `entity` or an `entity.field`"),
    ],
)
def test_what_no_check_is_about(of: str, help: str, tmp_path: Path) -> None:
    assert told(tmp_path, of) == [("unknown-field", 5, help)]


@pytest.mark.parametrize("of", ["deal", "deal.owner", "deal.owner_id", "deal.open_without_expected_date"])
def test_what_checks_are_about(of: str, tmp_path: Path) -> None:
    assert told(tmp_path, of) == []
