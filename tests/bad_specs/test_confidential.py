"""No password of a source stands in what people are told, however its URL is written."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reportspec.confidential import Secrets, concealed_line, concealed_url, is_certain
from reportspec.databases import KINDS, database
from reportspec.diagnostics import Diagnostic, Span, render_github, render_json, render_text
from reportspec.errors import SourceError
from reportspec.run.connect import connect
from reportspec.run.connection import Wanted
from tests.loading import load_report

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SPEC = "version: 1\nreport: custom\nmetrics: [won_amount]\n"

# Each half of a password is a word of its own, so that half of one that is shown is seen.
PASSWORDS = [
    "S3cretQzx9",
    "S3cr@Qzx9",
    "S3cr/Qzx9",
    "S3cr Qzx9",
    "S3cr?Qzx9",
    "S3cr#Qzx9",
    "S3cr:Qzx9",
    "S3cr@Qzx9/S3cr",
    "S3cr&Qzx9",
    "7@Qzx9",
]
WAYS = [
    "postgresql://u:{}@127.0.0.1:1/crm",
    "postgresql://post gres:{}@127.0.0.1:1/crm",
    "postgresql:/u:{}@127.0.0.1/crm",
    "u:{}@127.0.0.1:1/crm",
    "postgresql://127.0.0.1:1/crm?user=u&password={}",
    "postgresql://127.0.0.1:1/crm?sslpassword={}&user=u",
    "mysql://u:{}@127.0.0.1:1/crm",
    "host=127.0.0.1 password={}",
    "host=127.0.0.1 password={} dbname=x.duckdb",
    "nosuch://u:{}@h/x",
    "u:{}://h/x",
    "sc://127.0.0.1:1/;token={}",
    "databricks://token:{}@h?http_path=x",
]  # fmt: skip
FORMS = ["source: '{}'", 'source: "{}"  # mine', "source: {}", "source: >-\n  {}", "source:\n  {}", "sorce: '{}'"]
PARTS = ("S3cr", "Qzx9", "qzx9")


def told(folder: Path, line: str) -> str:
    """All that is said of a project with that line, in all forms."""
    (folder / "reportspec.yaml").write_text(f"version: 1\n{line}\ncrm: hubspot\ncurrency: EUR\n", encoding="utf-8")
    (folder / "s.yaml").write_text(SPEC, encoding="utf-8")
    checked = load_report(folder / "s.yaml", NOW, {})
    said = list(checked.diagnostics)
    place = str(folder / "reportspec.yaml")
    for number in range(2, 2 + line.count("\n") + 1):  # as a source that cannot be reached is told of
        said.append(Diagnostic("no-connection", "it cannot be reached", Span(place, number, 9, number, 20)))
    if checked.report is not None and checked.report.project.source.kind in ("postgres", "mysql"):
        try:
            connect(checked.report.project.source, Wanted())
        except SourceError as error:
            said.append(Diagnostic(error.code, f"{error.message} {error.help} {error.notes}", None))
    texts = {**checked.texts, place: (folder / "reportspec.yaml").read_text(encoding="utf-8")}
    return "\n".join((render_text(said, texts), render_json(said), render_github(said)))


@pytest.mark.parametrize("way", WAYS)
def test_no_part_of_a_password_is_told(way: str, tmp_path: Path) -> None:
    for number, password in enumerate(PASSWORDS):
        form = FORMS[(number + len(way)) % len(FORMS)]
        said = told(tmp_path, form.format(way.format(password)))
        assert said.count("no-connection") >= 2, said
        assert not [part for part in PARTS if part in said], (way, password, form, said)


@given(st.text("aZ9@/:?#&;= .[", min_size=1, max_size=12), st.sampled_from(WAYS), st.sampled_from(FORMS))
def test_lines_of_a_source_show_nothing_of_a_password(middle: str, way: str, form: str) -> None:
    """Its first and its last letters are of no other word; what stands in between ends it for one reader or another."""
    lines = form.format(way.format(f"Ѫ{middle}Ѭ")).split("\n")
    for number, line in enumerate(lines, start=1):
        shown = concealed_line(lines, number)
        assert len(shown) == len(line)
        assert "Ѭ" not in shown, shown
        assert "Ѫ" not in shown, shown


@pytest.mark.parametrize("kind", KINDS)
def test_sources_as_documented_can_be_read_in_one_way(kind: str) -> None:
    known = database(kind)
    example = known.example.replace("${PASSWORD}", "hush%40").replace("${TOKEN}", "hush%40")
    if "://" in example and not known.local:
        assert is_certain(example)
        assert "hush" not in concealed_url(example)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("source: postgresql://me:hush@h:5432/crm?sslmode=require", "source: postgresql://me:****@h:5432/crm?sslmode=require"),
        ("source: 'mysql://h/crm?user=me&password=hush'  # ours", "source: 'mysql://h/crm?user=me&password=****'  # ours"),
        ("{version: 1, source: 'mysql://m:hush@h/crm', crm: x}", "{version: 1, source: 'mysql://m:****@h/crm', crm: x}"),
        ("source: data/crm.duckdb", "source: data/crm.duckdb"),
        ("  source: deal.key = 'x'", "  source: deal.key = 'x'"),
        ("lead: see https://example.com/a?key=1 today", "lead: see https://example.com/a?key=* today"),
        ("to: [anna@example.com, bo@example.com]", "to: [anna@example.com, bo@example.com]"),
    ],
)  # fmt: skip
def test_no_more_is_hidden_than_need_be(line: str, shown: str) -> None:
    assert concealed_line([line], 1) == shown


def test_files_of_a_source_are_shown() -> None:
    lines = ["source:", "  files:", "    deals: {path: a.csv, null: [key=1]}"]
    assert concealed_line(lines, 3) == lines[2]


@pytest.mark.parametrize(
    "said", ["bad password hu@sh", "bad hu%40sh", "cannot open pg://u:hu%40sh@h/", "host HU@SH".lower()]
)
def test_what_a_driver_says_is_told_without(said: str) -> None:
    masked = Secrets("pg://u:hu%40sh@h/x").masked(said)
    assert "hu@sh" not in masked
    assert "hu%40sh" not in masked


KEYS = (
    "version: 1", "source: demo", "mapping: m.yaml", "timezone: UTC", "locale: en_GB", "currency: EUR", "language: en",
    "crm: hubspot", "fiscal_year_start: 1", "stale_after: 2 days", "source_timezone: UTC", "loaded_at: 2026-01-01",
)  # fmt: skip


@pytest.mark.parametrize("value", ["geheim123", "a", "x y&z@q:!", "x" * 50 + "y" * 50])
@pytest.mark.parametrize("key", KEYS)
def test_what_a_variable_says_is_told_under_no_key(key: str, value: str, tmp_path: Path) -> None:
    """A password may be written under the wrong key: messages name the variable."""
    from reportspec.reference.bound_project import bound_project

    (tmp_path / "m.yaml").write_text("version: 1\nentities: {}\n", encoding="utf-8")
    lines = {"version": "version: 1", "source": "source: {files: {a: a.csv}}", "mapping": "mapping: m.yaml"}
    name = key.partition(":")[0]
    lines[name] = f'{name}: "${{PW}}"'
    (tmp_path / "reportspec.yaml").write_text("\n".join(lines.values()) + "\n", encoding="utf-8")
    bound = bound_project(tmp_path, {"PW": value})
    told = [text for p in bound.problems for text in (p.message, p.help or "", *p.notes)]
    assert told
    secret = f"`{value}`" if value == "a" else value[:6]
    assert not [text for text in told if secret in text]
