"""Projects over the tables of an engine, as tests of the contract write them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def write_project(folder: Path, url: str, entities: Mapping[str, Any], **more: Any) -> None:
    """A project in UTC and euros with a mapping of these entities; `more` are keys of the project file."""
    mapping = {"timezone": "UTC", "dialect": "duckdb", "entities": entities}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    about = {"version": 1, "source": url, "mapping": "m.yaml", "timezone": "UTC", "currency": "EUR", **more}
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
