"""A table of a union that gives a field less than the others: told, and where it is meant, said in the mapping.

Slow: servers of databases are started and filled."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.errors import Broken
from reportspec.model.figures import Figures
from tests.engines.servers import Given, engine
from tests.figures.asking import figures, rows

MADE, WON = datetime(2026, 1, 5), datetime(2026, 3, 10)
COLUMNS = (
    ("id", "VARCHAR"),
    ("amount", "DECIMAL(14,2)"),
    ("hours", "INTEGER"),
    ("source", "VARCHAR"),
    ("made", "TIMESTAMP"),
    ("closed", "TIMESTAMP"),
)
# Of now 10 + 20 hours, of before 100 and 200 hours that the mapping may not name; one of those before was deleted.
NOW = Given("now_", COLUMNS, [("1", 5, 10, "Web", MADE, WON), ("2", 7, 20, "Fair", MADE, WON)])
BEFORE = Given(
    "before_",
    COLUMNS,
    [
        ("3", 9, 100, "Web", MADE, WON),
        ("4", 1, 200, "Web", MADE, WON),
        ("5", 1, 0, "gone", MADE, WON),
    ],
)
FIELDS = {
    "amount": "amount",
    "source": "source",
    "created_at": "made",
    "closed_at": "closed",
    "status": "'won'",
}
HOURS = {"sql": "hours", "type": "integer", "label": "Hours"}
METRICS = {"metrics": [
    {"metric": "hours_spent", "kind": "aggregate", "label": "Hours spent", "description": "All hours.", "entity": "deal",
     "aggregate": "sum", "of": "deal.hours", "time": "deal.closed_at", "unit": "count", "direction": "up"},
]}  # fmt: skip


def asked(
    folder: Path,
    old: dict[str, Any],
    metrics: list[str],
    kind: str = "sqlite",
    where: str = "source <> 'gone'",
    **more: Any,
) -> Figures:
    """`old` are the fields of the table of before."""
    with engine(kind, [NOW, BEFORE], folder) as found:
        part = {"key": "id", "where": where}
        parts = [
            {**part, "table": f'{found.prefix}"now_"', "fields": {**FIELDS, "hours": HOURS}},
            {**part, "table": f'{found.prefix}"before_"', "fields": old},
        ]
        mapping = {"timezone": "UTC", "dialect": "duckdb", "entities": {"deal": {"union": parts}}}
        (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
        (folder / "metrics").mkdir(exist_ok=True)
        (folder / "metrics" / "own.yaml").write_text(yaml.safe_dump(METRICS), encoding="utf-8")
        about = {
            "version": 1,
            "source": found.url,
            "mapping": "m.yaml",
            "timezone": "UTC",
            "currency": "EUR",
            **more,
        }
        (folder / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
        section = {"id": "s", "kpis": metrics}
        by = {"id": "by", "breakdown": {"metrics": metrics[:1], "by": ["deal.source"]}}
        return figures(folder, {"report": "custom", "period": "2026-03", "sections": [section, by]})


def told(found: Figures) -> list[Any]:
    return [one for one in found.warnings if one.code == "part-without-field"]


ENGINES = [
    "sqlite",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("postgres", "mariadb", "clickhouse")),
]


@pytest.mark.parametrize("kind", ENGINES)
def test_a_field_that_one_table_lacks(kind: str, tmp_path: Path) -> None:
    found = asked(tmp_path, FIELDS, ["hours_spent"], kind)
    assert rows(found, "s") == [{"hours_spent": 30}]
    [one] = told(found)
    assert (
        "before_` gives no `deal.hours`, which other tables of `deal` give: in its 2 rows there is none" in one.message
    )
    assert one.help == 'map it there too, or write `hours: "null"` there if it has none'
    assert one.span is not None
    [section] = [s for s in found.sections if s.id == "s"]
    notes = [found.footnotes[n - 1] for n in section.footnotes]
    assert "2 of 4 deals come from a table that does not give: Hours." in notes


def test_several_fields_are_told_together(tmp_path: Path) -> None:
    few = {name: FIELDS[name] for name in ("amount", "created_at", "closed_at", "status")}
    [one] = told(asked(tmp_path, few, ["hours_spent"]))
    assert "gives no `deal.source`, `deal.hours`, which" in one.message


@pytest.mark.parametrize("said", ["null", "hours", "cast(null as integer)"])
def test_what_the_mapping_says(said: str, tmp_path: Path) -> None:
    found = asked(tmp_path, {**FIELDS, "hours": {**HOURS, "sql": said}}, ["hours_spent"])
    assert told(found) == []
    assert rows(found, "s") == [{"hours_spent": 330 if said == "hours" else 30}]


@pytest.mark.parametrize("first", [True, False])
def test_null_in_one_table_is_the_fields_of_the_other(first: bool, tmp_path: Path) -> None:
    """Whichever of the two stands first: days are days still."""
    parts = [
        {"table": "a", "key": "id", "fields": {**FIELDS, "hours": "null"}},
        {"table": "b", "key": "id", "fields": {**FIELDS, "hours": HOURS}},
    ]
    for name in ("a", "b"):
        (tmp_path / f"{name}.csv").write_text(
            f"id,amount,hours,source,made,closed\n{name},5,7,Web,2026-01-05,2026-03-10\n"
        )
    entities = {"deal": {"union": parts if first else parts[::-1]}}
    (tmp_path / "m.yaml").write_text(yaml.safe_dump({"entities": entities}), encoding="utf-8")
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics" / "own.yaml").write_text(yaml.safe_dump(METRICS), encoding="utf-8")
    about = {
        "version": 1,
        "source": {"files": {"a": "a.csv", "b": "b.csv"}},
        "mapping": "m.yaml",
        "timezone": "UTC",
        "currency": "EUR",
    }
    (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(about), encoding="utf-8")
    found = figures(
        tmp_path,
        {"report": "custom", "period": "2026-03", "metrics": ["hours_spent", "won_amount"]},
    )
    assert [tile.value for tile in found.sections[0].kpis] == [7, 10]
    assert told(found) == []


def test_fields_that_are_not_read_are_not_told(tmp_path: Path) -> None:
    found = asked(tmp_path, FIELDS, ["won_amount"])
    assert told(found) == []
    assert rows(found, "s") == [{"won_amount": 22}]


def test_a_table_without_rows_lacks_nothing(tmp_path: Path) -> None:
    found = asked(tmp_path, FIELDS, ["hours_spent"], where="source = 'Fair'")  # of before there is none
    assert told(found) == []
    assert rows(found, "s") == [{"hours_spent": 20}]


def test_strict_and_known(tmp_path: Path) -> None:
    (first := tmp_path / "first").mkdir()
    with pytest.raises(Broken) as refused:
        asked(first, FIELDS, ["hours_spent"], checks={"strict": True})
    assert [one.code for one in refused.value.diagnostics] == ["part-without-field"]
    known = {"check": "part-without-field", "of": "deal", "reason": "Hours are kept since 2025."}
    found = asked(tmp_path, FIELDS, ["hours_spent"], checks={"strict": True, "ignore": [known]})
    assert told(found) == []
    assert found.not_told[0].endswith("Hours are kept since 2025.")
