"""Patterns mean on every database what they mean on DuckDB, whose engine is another program than theirs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest
import yaml

from reportspec.expression.patterns import NotAlike, for_all
from reportspec.expression.sandbox import Refused, need_pattern
from tests.audit.finding import audit_of
from tests.engines.servers import Given
from tests.engines.shapes import landed

TEXTS = [
    "abc", "ABC", "Müller", "müller", "a b", "a\nb", "abc\n", "\n", "a\tb", "aac", "aaac", "ac", "a{,2}c", "_x9", "٣", "9",
    "é", "a-b", "a]b", "a[b", "straße", "x" * 20, "foo bar", "foo-bar", "a\u00a0b", "a.b", "$5", "a\r\n", "ab", "b",
]  # fmt: skip
PATTERNS = [
    r"^\w+$", r"^[[:alpha:]]+$", r"\d", r"\D", r"^\S+$", r"a\sb", r"a.b", r"c$", r"^a.*$", r"[\w-]+", r"^[^\d\s]+$",
    r"a{2}c", r"a{1,}c", r"^.$", r"[[:upper:]]", r"[a\]]b", r"[a[]b", r"\$5", r"a\.b", r"^(foo|bar) (foo|bar)$", r"(?i)^abc$",
    r"^(?:a|b)+$", r"a*?c", r"[[:punct:]]", r"^[^a]+$", r"x{20}", r"a\tb", r"\{,2", r"^$", r"b|^c",
]  # fmt: skip


def meant(pattern: str) -> list[int]:
    with duckdb.connect() as raw:
        rows = raw.execute(
            "select i from (select unnest($1) as t, unnest(range(len($1))) as i) where regexp_matches(t, $2) order by i",
            [TEXTS, pattern],
        ).fetchall()
    return [row[0] for row in rows]


@pytest.mark.parametrize("kind", ["postgres", "mariadb", "sqlite", "clickhouse"])
def test_each_pattern_fits_the_same_texts(kind: str, tmp_path: Path) -> None:
    columns = (("id", "VARCHAR"), ("t", "VARCHAR"), ("at", "TIMESTAMP"))
    rows = [(f"{at:02}", text, datetime(2026, 8, 1)) for at, text in enumerate(TEXTS)]
    with landed(kind, [Given("d", columns, rows)], lambda *_: None, tmp_path / "db") as found:
        told = fitting(found.url, found.prefix, tmp_path)
    assert told == {pattern: meant(pattern) for pattern in PATTERNS}


def fitting(url: str, prefix: str, folder: Path) -> dict[str, list[int]]:
    """Which texts each pattern fits there, as checks of an audit find them."""
    fields = {"name": "t", "created_at": "at"}
    mapping = {"version": 1, "entities": {"deal": {"table": f"{prefix}d", "key": "id", "fields": fields}}}
    project = {"version": 1, "source": url, "mapping": "m.yaml", "currency": "EUR", "timezone": "UTC"}
    checks = [
        {"audit": f"fits_{at}", "format": {"field": "deal.name", "pattern": pattern}}
        for at, pattern in enumerate(PATTERNS)
    ]
    (folder / "audits").mkdir()
    for name, data in {"m": mapping, "reportspec": project, "audits/own": {"audits": checks}}.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    outcomes = {outcome.check.id: outcome for outcome in audit_of(folder / "reportspec.yaml", entity="deal").outcomes}
    found: dict[str, list[int]] = {}
    for at, pattern in enumerate(PATTERNS):
        outcome = outcomes[f"fits_{at}"]
        assert outcome.looked == len(TEXTS), outcome
        broken = {int(example.key) for example in outcome.examples}
        found[pattern] = [number for number in range(len(TEXTS)) if number not in broken]
    return found


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_is_written_out_means_the_same_to_duckdb(pattern: str) -> None:
    assert meant(for_all(pattern)) == meant(pattern)


@pytest.mark.parametrize(
    "pattern",
    [r"\bb", r"\p{L}", r"a\Z", r"(a)\1", "(?=a)", "(?<!a)", "x{256}", "a{,2}", "a++", "(?s)a", r"[\W]", "[[:foo:]]", "[a",
     "(?P<n>a)", "a\\", r"\Qa\E"],
)  # fmt: skip
def test_what_is_read_in_several_ways_is_refused(pattern: str) -> None:
    with pytest.raises(NotAlike):
        for_all(pattern)
    with pytest.raises(Refused):
        need_pattern(pattern)


def test_the_message_says_what_to_write() -> None:
    with pytest.raises(Refused, match=r"`\\b` in a pattern .* write `\(\^\|\[\^A-Za-z0-9_\]\)` before a word"):
        need_pattern(r"\bfoo")
    with pytest.raises(Refused, match=r"write `\{0,2\}`"):
        need_pattern("a{,2}")


def test_no_pattern_keeps_sqlite_busy_for_ever() -> None:
    """Python's own engine would try 2^40 ways."""
    from reportspec.run.sqlite_functions import _matches

    assert _matches("^(a+)+$", "a" * 40 + "b") == 0
    assert _matches("^([a-z0-9]+[._-]?)+@", "a" * 60) == 0
