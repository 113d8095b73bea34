"""SQL for databases that cannot be run here: every statement can be written, reads back as what is
known to be right there, and says what a hand would write.

Slow: hundreds of statements are written in each dialect and read back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlglot
import yaml
from sqlglot import exp

from reportspec.catalogue.load import packaged
from reportspec.compile import compile_report
from reportspec.databases import KINDS, database, dialect_named, dialects
from reportspec.databases.sqlite import SQLITE
from reportspec.demo.columns import COLUMNS
from reportspec.expression.sandbox import CANONICAL
from reportspec.sql.dialect import lowered, sql_text
from reportspec.sql.dialects.common import offset_steps
from reportspec.sql.dialects.rewrite import Unsupported, rewritten
from reportspec.sql.wall import breaches
from tests.conftest import CHECKOUT, Draw
from tests.golden import Golden
from tests.loading import load_report

DIALECTS = dialects()
GENERATED = tuple(name for name in DIALECTS if dialect_named(name).allowed is not None)
NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
GOLDEN = sorted(Path(__file__).parent.joinpath("golden").glob("*.yaml"))


@cache
def statements(folder: Path) -> list[tuple[str, exp.Expr]]:
    """All statements of the specs in `specs/`, and of every metric with its comparison."""
    entities = {
        name: {"table": f"crm.{name}", "fields": {c: c for c, _ in columns}} for name, columns in COLUMNS.items()
    }
    mapping = {"timezone": "UTC", "dialect": "duckdb", "entities": entities}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    own = {
        "version": 1,
        "source": "postgresql://u@h/d",
        "mapping": "m.yaml",
        "currency": "EUR",
        "timezone": "Europe/Rome",
        "locale": "en_GB",
    }
    (folder / "reportspec.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    specs: dict[str, Any] = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in (CHECKOUT / "specs").glob("*.yaml")
        if path.stem != "reportspec"
    }
    for name, metric in packaged().metrics.items():
        if metric.kind not in ("share", "relative"):
            specs[name] = {
                "version": 1,
                "report": "custom",
                "period": "2026-Q3",
                "compare": "previous_period",
                "sections": [{"id": "s", "kpis": [name]}],
            }
    found = []
    for name, spec in specs.items():
        path = folder / "s.yaml"
        path.write_text(json.dumps(spec, default=str), encoding="utf-8")
        checked = load_report(path, NOW, {})
        assert checked.report is not None, (name, [d.message for d in checked.diagnostics])
        found += [(name, item.tree) for item in compile_report(checked.report)]
    return found


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("generated")


@pytest.mark.slow
@pytest.mark.xdist_group("generated")
@pytest.mark.parametrize("dialect", GENERATED)
def test_every_statement_can_be_written(dialect: str, draw: Draw, folder: Path) -> None:
    """By day each statement in one dialect, by night all in all.

    Slow: what is written is read back."""
    asked = statements(folder)
    assert len(asked) > 350
    at = GENERATED.index(dialect)
    for number, (name, tree) in enumerate(asked):
        if (number + at) % draw.rounds(len(GENERATED), 1):
            continue
        text = sql_text(tree, dialect_named(dialect))  # reads it back and looks at every node
        assert "RS_" not in text, name
        if dialect in ("snowflake", "oracle"):
            assert '"CRM"."DEAL"' in text or '"DEAL"' not in text, name


@pytest.mark.slow
@pytest.mark.xdist_group("generated")
def test_every_statement_says_what_its_tree_means(draw: Draw, folder: Path) -> None:
    """Each part of each statement, read back in its dialect, is grouped as its tree is, and every
    text and name in it comes back."""
    asked = statements(folder)
    random = Random(draw.seed)
    for dialect in DIALECTS:
        spoken = dialect_named(dialect)
        for name, tree in random.sample(asked, draw.rounds(3, len(asked))):
            apart = breaches(lowered(tree, spoken), spoken.sqlglot)
            assert not apart, (name, dialect, apart)


@pytest.mark.slow
@pytest.mark.xdist_group("generated")
def test_texts_are_those_that_sqlglot_writes_of_a_copy(draw: Draw, folder: Path) -> None:
    """Trees are written without a copy of sqlglot's, or in nodes that it writes sooner: the text is the same, also when
    they are written again.

    Slow: shares the statements with the tests above."""
    asked = statements(folder)
    random = Random(draw.seed)
    for dialect in DIALECTS:
        spoken = dialect_named(dialect)
        for name, tree in random.sample(asked, draw.rounds(3, len(asked))):
            named = rewritten(lowered(tree, spoken), spoken.named) if spoken.named else lowered(tree, spoken)
            wanted = named.sql(dialect=spoken.sqlglot, comments=False, identify=False)
            assert sql_text(tree, spoken) == wanted, (name, dialect)
            assert sql_text(tree, spoken) == wanted, (name, dialect)


@pytest.mark.parametrize("size", ["", "(14, 2)"])
@pytest.mark.parametrize("kind", exp.DType)
def test_each_cast_of_sqlite_has_the_text_that_sqlglot_writes(kind: exp.DType, size: str) -> None:
    numbers = [exp.DataTypeParam(this=exp.Literal.number(number)) for number in (14, 2)] if size else []
    for inner in (exp.column("a"), exp.Literal.string("it's")):
        cast = exp.Cast(this=inner, to=exp.DataType(this=kind, expressions=numbers))
        wanted = cast.sql("sqlite")
        assert rewritten(cast, SQLITE.sooner).sql("sqlite", copy=False) == wanted
        assert cast.sql("sqlite") == wanted


@pytest.mark.parametrize("dialect", GENERATED)
def test_what_is_not_known_is_refused(dialect: str) -> None:
    tree = sqlglot.parse_one("select regexp_extract(x, '[a-z]+') as y from t", dialect=CANONICAL)
    with pytest.raises(Unsupported, match=r"is not known to be right on|means something else on") as told:
        sql_text(tree, dialect_named(dialect))
    assert dialect_named(dialect).label in str(told.value)


def test_every_dialect_says_how_it_does_what_differs() -> None:
    for name in GENERATED:
        traits = dialect_named(name).traits
        assert set(traits) == {"zones", "percentiles", "names", "text", "read only"}, name


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden(path: Path, golden: Golden) -> None:
    """`canonical` is DuckDB's SQL; the others say what their database gets where it differs."""
    kept = path.read_text(encoding="utf-8")
    case = yaml.safe_load(kept)
    tree = sqlglot.parse_one(case["canonical"], dialect=CANONICAL)
    texts = {dialect: _written(tree, dialect) for dialect in DIALECTS}
    differ = {dialect: text for dialect, text in texts.items() if text != case["canonical"]}
    if golden.approve and differ != {name: text for name, text in case.items() if name != "canonical"}:
        now = yaml.safe_dump(
            {"canonical": case["canonical"], **differ}, sort_keys=False, allow_unicode=True, width=9999
        )
        golden.keep(now.encode("utf-8"), path)
        case = yaml.safe_load(now)
    for dialect, text in texts.items():
        assert text == case.get(dialect, case["canonical"]), f"{dialect}; `make snapshots` shows what changed"


def _written(tree: exp.Expr, dialect: str) -> str:
    spoken = dialect_named(dialect)
    return lowered(tree, spoken).sql(dialect=spoken.sqlglot).partition(" SETTINGS ")[0]


def test_clocks_are_apart_as_the_zones_say() -> None:
    """Rome is an hour ahead of UTC in winter and two in summer, from 01:00 UTC on the last Sundays
    of March and October."""
    steps = offset_steps("UTC", "Europe/Rome")
    changes = [(until, minutes) for until, minutes in steps if until and until.year == 2026]
    assert changes == [(datetime(2026, 3, 29, 1), 60), (datetime(2026, 10, 25, 1), 120)]
    # The other way round: the clock of Rome shows 03:00 when summer begins, and the hour from
    # 02:00 to 03:00 in October is the second of its name.
    back = offset_steps("Europe/Rome", "UTC")
    changes = [(until, minutes) for until, minutes in back if until and until.year == 2026]
    assert changes == [(datetime(2026, 3, 29, 3), -60), (datetime(2026, 10, 25, 2), -120)]
    assert offset_steps("UTC", "Asia/Kolkata") == ((None, 330),)


def test_the_page_tells_of_every_database() -> None:
    page = (CHECKOUT / "docs" / "databases.md").read_text(encoding="utf-8")
    for kind in KINDS:
        assert f"`{database(kind).example}`" in page, kind
        if database(kind).extra:
            assert f'`pip install "reportspec[{database(kind).extra}]"`' in page, kind
    for name in GENERATED:
        spoken = dialect_named(name)
        rows = [line for line in page.splitlines() if line.startswith(f"| {spoken.label} |")]
        row = rows[-1]  # of the second table
        cells = [cell.strip().replace("`", "") for cell in row.strip("|").split("|")]
        assert cells == [spoken.label, *spoken.traits.values()], name
