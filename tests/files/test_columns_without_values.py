"""A column without any value fits in every expression of a mapping: nobody knows of it whether it was to have numbers, times
or texts."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
import yaml

from reportspec.audit.project_audit import AuditOrder, audit_project

ORDER = AuditOrder(datetime(2026, 11, 28, tzinfo=UTC), {})
# Of each kind of field, ways in which mappings make it of other columns.
FIELDS = {
    "duration_seconds": ['"Durata (min)" * 60', "abs(x) + y", "round(x / 2, 1)", "CASE WHEN x > 5 THEN x ELSE -y END"],
    "subject": ["upper(x)", "x || ' ' || y", "coalesce(x, 'none')", "replace(trim(x), ',', '.')", "substr(x, 1, 3)"],
    "type": ["CASE WHEN lower(x) IN ('c', 'k') THEN 'call' END", "CASE WHEN x LIKE 'a%' THEN 'email' END"],
    "due_at": ["strptime(x, '%d.%m.%Y')", "date_trunc('day', x)", "to_timestamp(x / 1000)", "CAST(x AS TIMESTAMP)"],
    "done_at": ["x + INTERVAL 1 DAY", "coalesce(x, y) - INTERVAL 2 HOUR", "CASE WHEN y = 'done' THEN x END"],
    "status": ["CASE WHEN x THEN 'done' END", "CASE WHEN year(x) > 2020 THEN 'done' END", "CAST(x AS VARCHAR)"],
    "created_at": ["make_date(x, 1, 1)", "CASE WHEN x > y THEN x END", "date_trunc('month', coalesce(x, y))"],
}
WAYS = [{field: ways[at % len(ways)] for field, ways in FIELDS.items()} for at in range(max(map(len, FIELDS.values())))]


def project(folder: Path, files: dict[str, str], fields: dict[str, str]) -> Path:
    """A project whose activities have the fields, each from columns of its own."""
    (folder / "m.yaml").write_text(
        yaml.safe_dump({"entities": {"activity": {"table": "calls", "key": "id", "fields": fields}}}), encoding="utf-8"
    )
    place = folder / "reportspec.yaml"
    place.write_text(
        yaml.safe_dump({"version": 1, "source": {"files": files}, "mapping": "m.yaml", "timezone": "UTC"}),
        encoding="utf-8",
    )
    return place


def apart(fields: dict[str, str]) -> tuple[list[str], dict[str, str]]:
    """The header, in which each field's expression has columns of its own."""
    header, made = ["id", "Durata (min)"], {}
    for field, text in fields.items():
        made[field] = re.sub(r"(?<![\w'%])([xy])(?![\w'])", rf"{field}_\1", text)
        header += [f"{field}_x", f"{field}_y"]
    return header, made


@pytest.mark.parametrize(("form", "rows"), [("csv", 0), ("csv", 1), ("xlsx", 0)])
@pytest.mark.parametrize("fields", WAYS, ids=range(len(WAYS)))
def test_any_expression_is_computed(tmp_path: Path, fields: dict[str, str], rows: int, form: str) -> None:
    header, made = apart(fields)
    lines = [header, *([["a1", *[None] * (len(header) - 1)]] * rows)]
    if form == "csv":
        text = "".join(",".join(cell or "" for cell in line) + "\n" for line in lines)
        (tmp_path / "calls.csv").write_text(text, encoding="utf-8")
    else:
        book = openpyxl.Workbook()
        assert book.active is not None
        for line in lines:
            book.active.append(line)
        book.save(tmp_path / "calls.xlsx")
    done = audit_project(project(tmp_path, {"calls": f"calls.{form}"}, made), ORDER)
    assert not done.diagnostics
    assert done.audit is not None
    [activities] = done.audit.entities
    assert activities.rows == rows
    filled = {"subject"} if "coalesce" in made["subject"] else set()  # what an expression gives of nothing
    there = {one.field: one.there for one in activities.coverage if one.field in made}
    assert there == {field: rows * (field in filled) for field in made}


def test_a_column_that_is_a_text_and_reckoned_with_is_read_where_it_has_no_value(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text("id,x\n", encoding="utf-8")
    done = audit_project(
        project(tmp_path, {"calls": "calls.csv"}, {"subject": "x", "duration_seconds": "x * 60"}), ORDER
    )
    assert not done.diagnostics
    (tmp_path / "calls.csv").write_text("id,x\n1,long\n", encoding="utf-8")
    done = audit_project(
        project(tmp_path, {"calls": "calls.csv"}, {"subject": "x", "duration_seconds": "x * 60"}), ORDER
    )
    assert done.audit is None
    assert "`long`" in done.diagnostics[0].message
