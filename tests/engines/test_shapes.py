"""Whatever types a source keeps its rows in, and wherever the program runs, the figures are the same.

Slow: the demo is kept in another shape for each engine and answered again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from reportspec.demo.columns import COLUMNS
from reportspec.errors import SourceError
from reportspec.resolve.binding import Unresolved, need_metric
from tests.conftest import Draw
from tests.engines import test_instants
from tests.engines.conftest import SETTINGS
from tests.engines.servers import Given
from tests.engines.shapes import (
    EVERYWHERE,
    FORMS,
    SHAPES,
    Kept,
    Shape,
    filed,
    landed,
    natural,
    shared_out,
    written,
)
from tests.engines.test_random_specs import METRICS, spec
from tests.engines.test_same_figures import compare
from tests.figures.asking import NOW, figures, rows
from tests.loading import load_report

ROME = "Europe/Rome"
ASKED: dict[str, Any] = {"report": "custom", "period": "2026-07"}


def project(folder: Path, source: Any, entities: dict[str, Any], **own: Any) -> Path:
    """A project over a source's tables."""
    folder.mkdir(exist_ok=True)
    mapping = {"timezone": "UTC", "entities": entities}
    (folder / "m.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    settings = {**SETTINGS, "source": source, "mapping": "m.yaml", **own}
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
        assert counted(project(tmp_path, found.url, lead_map(found.prefix, gone))) == len(SAID["no"]) + 3


@pytest.mark.parametrize("engine", EVERYWHERE)
@pytest.mark.parametrize("kind", shared_out(["BIGINT", "DECIMAL(14,2)", "DOUBLE", "BOOLEAN"]))
def test_numbers_of_yes_and_no(engine: str, kind: str, tmp_path: Path) -> None:
    def shape(database: str, name: str, _: str) -> Kept | None:
        return Kept(natural(database, kind), lambda v, n: v) if name == "gone" else None

    given = [1, 0, 1, 0, 0, None] if kind != "BOOLEAN" else [True, False, True, False, False, None]
    with landed(engine, leads(given), shape, tmp_path / "db") as found:
        assert counted(project(tmp_path, found.url, lead_map(found.prefix))) == 4


@pytest.mark.parametrize("engine", EVERYWHERE)
@pytest.mark.parametrize("said", shared_out(["perhaps", "2", "on", "-1", "wahr"]))
def test_what_is_neither_is_refused(engine: str, said: str, tmp_path: Path) -> None:
    with landed(engine, leads(["yes", said]), as_text(), tmp_path / "db") as found:
        folder = project(tmp_path, found.url, lead_map(found.prefix))
        with pytest.raises(SourceError) as told:
            counted(folder)
    assert told.value.code == "unreadable-value"
    assert said not in ("perhaps", "wahr") or said not in told.value.message  # nor is it shown


@pytest.mark.parametrize("engine", EVERYWHERE)
def test_other_numbers_are_refused(engine: str, tmp_path: Path) -> None:
    def shape(database: str, name: str, _: str) -> Kept | None:
        return Kept(natural(database, "BIGINT"), lambda v, n: v) if name == "gone" else None

    with landed(engine, leads([1, 2]), shape, tmp_path / "db") as found:
        folder = project(tmp_path, found.url, lead_map(found.prefix))
        with pytest.raises(SourceError) as told:
            counted(folder)
    assert told.value.code == "unreadable-value"


# --- amounts in single precision -------------------------------------------------------------------

# Both are exact in single precision, and have more than six digits; their sum is exact in double.
LARGE, ODD = 9876543, 123456.78125
JOIN = {"p": {"table": "parts", "on": {"k": "k"}, "fields": {"worth": "sum(worth)"}}}


@pytest.mark.parametrize("engine", EVERYWHERE)
@pytest.mark.parametrize(
    "amount", shared_out(["worth", "coalesce(worth, 0)", "case when worth > 1 then worth end", "p.worth"])
)
def test_numbers_of_single_precision_keep_their_digits(engine: str, amount: str, tmp_path: Path) -> None:
    columns = (("k", "VARCHAR"), ("made", "TIMESTAMP"), ("worth", "FLOAT"))
    day = datetime(2026, 7, 10, 12)
    sold = Given("deals", columns, [("a", day, LARGE), ("b", day, ODD)])
    parts = Given("parts", (("k", "VARCHAR"), ("worth", "FLOAT")), [("a", LARGE), ("a", ODD)])
    fields = {"status": "'won'", "amount": amount, "created_at": "made", "closed_at": "made"}

    def shape(database: str, name: str, kind: str) -> Kept | None:
        single = "REAL" if database == "postgres" else natural(database, "FLOAT")
        return Kept(single, lambda v, n: v) if name == "worth" else None

    with landed(engine, [sold, parts], shape, tmp_path / "db") as found:
        entity: dict[str, Any] = {"table": f"{found.prefix}deals", "key": "k", "fields": fields}
        if amount == "p.worth":
            entity["joins"] = {"p": {**JOIN["p"], "table": f"{found.prefix}parts"}}
        folder = project(tmp_path, found.url, {"deal": entity})
        [row] = rows(figures(folder, {**ASKED, "metrics": ["won_amount"]}), "headline")
    assert float(row["won_amount"]) == pytest.approx(LARGE + ODD, abs=0.001)


# --- times -----------------------------------------------------------------------------------------


def deals(given: list[tuple[str, Any, Any]]) -> Given:
    columns = (
        ("k", "VARCHAR"),
        ("created", "TIMESTAMP"),
        ("closed", "TIMESTAMP"),
        ("state", "VARCHAR"),
    )
    return Given("deals", columns, [(*row, test_instants.state(row[2])) for row in given])


def at_utc() -> list[tuple[str, Any, Any]]:
    """Deals around the bounds of July in Rome, and one over the change to summer time."""
    read = datetime.fromisoformat
    return [(k, read(a), read(b) if b else None) for k, a, b in test_instants.instants()]


@pytest.mark.parametrize("engine", EVERYWHERE)
@pytest.mark.parametrize("offset", shared_out(range(6), every=3))
def test_texts_of_times(engine: str, offset: int, tmp_path: Path) -> None:
    """Six ways to write an instant, in one column, each for another row."""

    def shape(database: str, name: str, kind: str) -> Kept | None:
        if kind != "TIMESTAMP":
            return None
        return Kept(natural(database, "VARCHAR"), lambda v, n: written(v, n + offset))

    with landed(engine, [deals(at_utc())], shape, tmp_path / "db") as found:
        own = {"source_timezone": "UTC"}
        test_instants.holds(test_instants.project(tmp_path, found.url, f"{found.prefix}deals", **own))


@pytest.mark.parametrize("engine", EVERYWHERE)
def test_a_text_in_a_cast(engine: str, tmp_path: Path) -> None:
    """A mapping that casts a text does not lose its offset."""

    def shape(database: str, name: str, kind: str) -> Kept | None:
        return Kept(natural(database, "VARCHAR"), written) if kind == "TIMESTAMP" else None

    with landed(engine, [deals(at_utc())], shape, tmp_path / "db") as found:
        folder = test_instants.project(tmp_path, found.url, f"{found.prefix}deals", source_timezone="UTC")
        text = (folder / "m.yaml").read_text(encoding="utf-8")
        text = text.replace("created_at: created", "created_at: cast(created as timestamp)")
        text = text.replace("closed_at: closed", "closed_at: coalesce(closed, closed)")
        (folder / "m.yaml").write_text(text, encoding="utf-8")
        test_instants.holds(folder)


@pytest.mark.parametrize("engine", EVERYWHERE)
@pytest.mark.parametrize("said", shared_out(["14/03/2026", "2026-02-30 10:00:00+02", "yesterday", "2026-07"]))
def test_texts_that_are_no_time_are_refused(engine: str, said: str, tmp_path: Path) -> None:
    def shape(database: str, name: str, kind: str) -> Kept | None:
        return Kept(natural(database, "VARCHAR"), lambda v, n: said) if name == "created" else None

    with landed(engine, [deals(at_utc()[:1])], shape, tmp_path / "db") as found:
        folder = test_instants.project(tmp_path, found.url, f"{found.prefix}deals")
        with pytest.raises(SourceError) as told:
            figures(folder, test_instants.SPEC)
    assert told.value.code == "unreadable-value"


@pytest.mark.parametrize("kind", ["TIMESTAMP_NS", "TIMESTAMP_MS"])
def test_digits_beyond_a_microsecond_are_cut(kind: str, tmp_path: Path) -> None:
    """A billionth before Rome's August is a part of July."""

    def shape(database: str, name: str, asked: str) -> Kept | None:
        digits = "999" if kind == "TIMESTAMP_NS" else ""
        return Kept(kind, lambda v, n: v.isoformat(" ", "microseconds") + digits) if asked == "TIMESTAMP" else None

    given = [row for row in at_utc() if kind == "TIMESTAMP_NS" or row[1].microsecond == 0]
    if kind != "TIMESTAMP_NS":
        given.append(("hair", datetime.fromisoformat("2026-07-31 21:59:59.999"), None))
    with landed("duckdb", [deals(given)], shape, tmp_path / "db") as found:
        test_instants.holds(test_instants.project(tmp_path, found.url, "deals", source_timezone="UTC"))


# --- the demo --------------------------------------------------------------------------------------

TABLES = ("user", "account", "lead", "pipeline", "stage", "deal", "deal_stage_history")
HOSTS = ("UTC", ROME, "America/New_York")
STANDARD: dict[str, Any] = {
    "report": "custom", "period": "2026-Q3", "compare": "previous_period",
    "sections": [
        {"id": "k", "kpis": ["won_amount", "won_deals_count", "close_rate", "sales_cycle_days", "leads_created_count",
                             "open_amount", "overdue_deals_count"]},
        {"id": "by", "breakdown": {"metrics": ["won_amount", "close_rate"], "by": ["deal.owner.name"]}},
        {"id": "days", "trend": {"metrics": ["deals_created_count"], "grain": "month"}},
        {"id": "f", "kpis": ["deals_created_count"],
         "filters": [{"field": "deal.created_at", "between": ["2026-07-01", "2026-07-31"]},
                     {"field": "deal.expected_close_date", "lte": "2026-09-30"}]},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def small(demo_rows: list[Given]) -> list[Given]:
    """The demo's tables about deals and leads."""
    return [table for table in demo_rows if table.name in TABLES]


def over(folder: Path, source: Any, prefix: str = "") -> Path:
    """A project that reads the demo's tables by their own names."""
    entities = {
        name: {"table": f"{prefix}{name}", "fields": {c: f'"{c}"' for c, _ in COLUMNS[name]}} for name in TABLES
    }
    made = project(folder, source, entities)
    text = (made / "m.yaml").read_text(encoding="utf-8")
    (made / "m.yaml").write_text(f"dialect: duckdb\n{text}", encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def plain(small: list[Given], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The project over the natural shape."""
    folder = tmp_path_factory.mktemp("plain")
    with landed("duckdb", small, lambda *_: None, folder / "db") as found:
        yield over(folder, found.url)


@pytest.fixture(scope="module")
def served(plain: Path) -> list[str]:
    """The metrics that need no other tables."""
    path = plain / "s.yaml"
    path.write_text(yaml.safe_dump({"version": 1, **STANDARD}), encoding="utf-8")
    report = load_report(path, NOW, {}).report
    assert report is not None
    found = []
    for name in METRICS:
        with suppress(Unresolved):
            need_metric(report.binding, report.binding.catalogue.metrics[name])
            found.append(name)
    assert len(found) > 10
    return found


@pytest.mark.slow
@pytest.mark.parametrize("engine", EVERYWHERE)
def test_the_demo_in_shapes(
    engine: str, small: list[Given], plain: Path, served: list[str], draw: Draw, tmp_path: Path
) -> None:
    """The figures of the natural shape, of a standard report and of random ones: by day in one shape
    and on one host for each engine, by night in all and on all."""
    at = EVERYWHERE.index(engine)
    for number in range(draw.rounds(1, len(SHAPES))):
        shape = list(SHAPES)[(at + number) % len(SHAPES)]
        folder = tmp_path / shape
        folder.mkdir()
        in_shape(engine, shape, small, plain, served, draw, folder)


def in_shape(
    engine: str, shape: str, small: list[Given], plain: Path, served: list[str], draw: Draw, tmp_path: Path
) -> None:
    random = Random(draw.seed)
    first = (EVERYWHERE.index(engine) + list(SHAPES).index(shape)) % len(HOSTS)
    with landed(engine, small, SHAPES[shape], tmp_path / "db") as found:
        made = over(tmp_path, found.url, found.prefix)
        for number in range(draw.rounds(1, len(HOSTS))):
            with test_instants.on_host(HOSTS[(first + number) % len(HOSTS)]):
                compare(made, plain, STANDARD)
                for _ in range(draw.rounds(1, 20)):
                    one = spec(random, plain, served)
                    print(one)
                    compare(made, plain, one)


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("form", FORMS)
def test_the_demo_in_files(form: str, shape: str, small: list[Given], plain: Path, tmp_path: Path) -> None:
    """The figures of the natural shape, whatever files keep."""
    made = over(tmp_path, filed(form, small, SHAPES[shape], tmp_path))
    with test_instants.on_host("America/New_York"):
        compare(made, plain, STANDARD)
