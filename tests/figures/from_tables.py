"""Projects over a few tables that are written out as CSV, whose columns are called as the fields are."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any


def project_of(folder: Path, tables: Mapping[str, str], engine: str = "duckdb") -> Path:
    """A project in Rome and euros whose entities are the tables, as files or in SQLite. The first column of each is
    its key, but for the history's."""
    mapping = "entities:\n"
    with closing(sqlite3.connect(folder / "crm.db")) as base:
        for name, text in tables.items():
            (folder / f"{name}.csv").write_text(text, encoding="utf-8")
            head, *lines = text.splitlines()
            names = head.split(",")
            key = f"    key: {names[0]}\n" if name != "deal_stage_history" else ""
            mapping += f"  {name}:\n    table: {name}\n{key}    fields:\n"
            mapping += "".join(f"      {column}: {column}\n" for column in names)
            base.execute(f"create table {name} ({', '.join(names)})")
            for line in lines:
                values = [_value(cell) for cell in line.split(",")]
                base.execute(f"insert into {name} values ({', '.join('?' for _ in names)})", values)
        base.commit()
    source = "source: sqlite:///crm.db\n"
    if engine == "duckdb":
        source = "source:\n  files:\n" + "".join(f"    {name}: {name}.csv\n" for name in tables)
    (folder / "mapping.yaml").write_text(mapping, encoding="utf-8")
    (folder / "reportspec.yaml").write_text(
        f"version: 1\n{source}mapping: mapping.yaml\ntimezone: Europe/Rome\ncurrency: EUR\n", encoding="utf-8"
    )
    return folder


def _value(text: str) -> Any:
    if text in ("true", "false"):
        return int(text == "true")
    if re.fullmatch(r"-?\d+\.\d+", text):
        return float(text)
    return int(text) if text.removeprefix("-").isdecimal() else text or None
