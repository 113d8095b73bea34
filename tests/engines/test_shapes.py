"""Whatever types a source keeps its rows in, and wherever the program runs, the figures are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.run.connection import SourceError
from tests.engines.conftest import SETTINGS
from tests.engines.servers import Engine, Given
from tests.engines.shapes import EVERYWHERE, Kept, Shape, landed, natural
from tests.figures.asking import figures, rows

ROME = "Europe/Rome"
ASKED: dict[str, Any] = {"report": "custom", "period": "2026-07"}


def project(folder: Path, engine: Engine, entities: dict[str, Any], **own: Any) -> Path:
    """A project over an engine's tables."""
    folder.mkdir(exist_ok=True)
    mapping = {"timezone": "UTC", "entities": entities}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    settings = {**SETTINGS, "source": engine.url, "mapping": "m.yaml", **own}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return folder


def as_text(kind: str = "VARCHAR") -> Shape:
    """All as it is given, in columns of one type."""
    return lambda engine, name, _: Kept(natural(engine, kind), lambda v, n: v)


# --- yes and no ------------------------------------------------------------------------------------

SAID = {
    "yes": ("true", "T", " yes ", "1", "Y", "1.0", "TRUE"),
    "no": ("false", "f", "NO", "0", "n ", "0.0"),
}


def leads(given: list[Any]) -> list[Given]:
    """Leads of July, each with what is said of whether it is deleted; deleted ones count nowhere."""
    made = [(f"k{n}", "2026-07-10 12:00:00", said) for n, said in enumerate(given)]
    return [Given("leads", (("k", "VARCHAR"), ("made", "VARCHAR"), ("gone", "VARCHAR")), made)]


def lead_map(prefix: str, gone: str = "gone") -> dict[str, Any]:
    fields = {"created_at": "made", "status": "'new'", "is_deleted": gone}
    return {"lead": {"table": f"{prefix}leads", "key": "k", "fields": fields}}


KPI = {**ASKED, "metrics": ["leads_created_count"]}


def counted(folder: Path) -> int:
    [row] = rows(figures(folder, KPI), "headline")
    return int(row["leads_created_count"])


@pytest.mark.parametrize("engine", EVERYWHERE)
@pytest.mark.parametrize("gone", ["gone", "coalesce(gone, 'no')"])
def test_words_of_yes_and_no(engine: str, gone: str, tmp_path: Path) -> None:
    given = [*SAID["yes"], *SAID["no"], None, "", "  "]
    with landed(engine, leads(given), as_text(), tmp_path / "db") as found:
        assert (
            counted(project(tmp_path, found, lead_map(found.prefix, gone))) == len(SAID["no"]) + 3
        )


@pytest.mark.parametrize("engine", EVERYWHERE)
@pytest.mark.parametrize("kind", ["BIGINT", "DECIMAL(14,2)", "DOUBLE", "BOOLEAN"])
def test_numbers_of_yes_and_no(engine: str, kind: str, tmp_path: Path) -> None:
    def shape(database: str, name: str, _: str) -> Kept | None:
        return Kept(natural(database, kind), lambda v, n: v) if name == "gone" else None

    given = [1, 0, 1, 0, 0, None] if kind != "BOOLEAN" else [True, False, True, False, False, None]
    with landed(engine, leads(given), shape, tmp_path / "db") as found:
        assert counted(project(tmp_path, found, lead_map(found.prefix))) == 4


@pytest.mark.parametrize("engine", EVERYWHERE)
@pytest.mark.parametrize("said", ["perhaps", "2", "on", "-1", "wahr"])
def test_what_is_neither_is_refused(engine: str, said: str, tmp_path: Path) -> None:
    with landed(engine, leads(["yes", said]), as_text(), tmp_path / "db") as found:
        folder = project(tmp_path, found, lead_map(found.prefix))
        with pytest.raises(SourceError) as told:
            counted(folder)
    assert told.value.code == "unreadable-value"
    assert (said if engine != "mariadb" else "`gone`") in told.value.message


@pytest.mark.parametrize("engine", EVERYWHERE)
def test_other_numbers_are_refused(engine: str, tmp_path: Path) -> None:
    def shape(database: str, name: str, _: str) -> Kept | None:
        return Kept(natural(database, "BIGINT"), lambda v, n: v) if name == "gone" else None

    with landed(engine, leads([1, 2]), shape, tmp_path / "db") as found:
        folder = project(tmp_path, found, lead_map(found.prefix))
        with pytest.raises(SourceError) as told:
            counted(folder)
    assert told.value.code == "unreadable-value"
