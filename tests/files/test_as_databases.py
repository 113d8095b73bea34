"""What files hold in another type than the field's gives the figures that a database gives."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engines import test_instants
from tests.engines.servers import Given
from tests.engines.shapes import FORMS, Kept, filed, written
from tests.engines.test_shapes import (
    SAID,
    as_text,
    at_utc,
    counted,
    deals,
    lead_map,
    leads,
    project,
)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("gone", ["gone", "coalesce(gone, 'no')", "cast(gone as boolean)"])
def test_words_of_yes_and_no(form: str, gone: str, tmp_path: Path) -> None:
    given = [*SAID["yes"], *SAID["no"], None, "", "  "]
    source = filed(form, leads(given), as_text(), tmp_path)
    assert counted(project(tmp_path, source, lead_map("", gone))) == len(SAID["no"]) + 3


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["BIGINT", "DOUBLE", "DECIMAL(38,9)", "BOOLEAN"])
@pytest.mark.parametrize("gone", ["gone", "cast(gone as boolean)"])
def test_numbers_of_yes_and_no(form: str, kind: str, gone: str, tmp_path: Path) -> None:
    def shape(_: str, name: str, __: str) -> Kept | None:
        return Kept(kind, lambda v, n: v) if name == "gone" else None

    given: list[Any] = [1, 0, 1, 0, 0, None]
    given = [bool(v) if v is not None else None for v in given] if kind == "BOOLEAN" else given
    source = filed(form, leads(given), shape, tmp_path)
    assert counted(project(tmp_path, source, lead_map("", gone))) == 4


def as_they_are(text: str) -> str:
    return text


def in_casts(text: str) -> str:
    text = text.replace("created_at: created", "created_at: cast(created as timestamp)")
    return text.replace("closed_at: closed", "closed_at: coalesce(closed, closed)")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("offset", range(6))
@pytest.mark.parametrize("mapped", [as_they_are, in_casts])
def test_texts_of_times(form: str, offset: int, mapped: Callable[[str], str], tmp_path: Path) -> None:
    """Six ways to write an instant, in one column, each for another row."""

    def shape(_: str, __: str, kind: str) -> Kept | None:
        return Kept("VARCHAR", lambda v, n: written(v, n + offset)) if kind == "TIMESTAMP" else None

    source = filed(form, [deals(at_utc())], shape, tmp_path)
    folder = test_instants.project(tmp_path, source, "deals", source_timezone="UTC")
    text = (folder / "m.yaml").read_text(encoding="utf-8")
    (folder / "m.yaml").write_text(mapped(text), encoding="utf-8")
    test_instants.holds(folder)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["VARCHAR", "DATE"])
def test_days(form: str, kind: str, tmp_path: Path) -> None:
    """Also those that JSON can keep as texts alone."""
    columns = (("k", "VARCHAR"), ("created", kind), ("closed", kind), ("state", "VARCHAR"))
    given = Given("d", columns, [(*row, "won") for row in test_instants.DAYS])
    source = filed(form, [given], lambda *_: None, tmp_path)
    own = {"timezone": "America/Chicago", "source_timezone": "UTC"}
    test_instants.keep_days(test_instants.project(tmp_path, source, "d", **own))
