"""What is taken over of dbt's semantic manifests has the figures of SQL by hand, and of MetricFlow."""

from __future__ import annotations

import csv
import json
import os
import shutil
from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
import yaml

from reportspec.exchange.bring import Wish, bring
from tests.conftest import RunCli
from tests.exchange.bakery_data import FLOWS, HERE, MADE, MONTHS, STOCKS, asked, by_month, database, queried, taken
from tests.exchange.make_manifests import as_dbt_2, parsed

pytestmark = pytest.mark.xdist_group("dbt")
OLDER = ("1_11", "1_12")
NEWER = ("1_12_latest", "2")
IN_NEWER = (
    *("net_sales", "paid_net", "orders_in_bari", "all_orders", "buyers_count", "p75_order", "large_count"),
    *("net_per_order", "unpaid_net"),
)


@pytest.fixture(scope="module")
def bakery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bakery's tables."""
    return database(tmp_path_factory.mktemp("data") / "bakery.duckdb")


Import = Callable[[str], tuple[Path, str]]


@pytest.fixture(scope="module")
def imported(bakery: Path, tmp_path_factory: pytest.TempPathFactory) -> Import:
    """The project that is made of a manifest, and what was told; made once for each."""
    known: dict[str, tuple[Path, str]] = {}

    def project(name: str) -> tuple[Path, str]:
        if name not in known:
            folder = tmp_path_factory.mktemp(f"of_{name}")
            file = MADE / f"semantic_manifest_{name}.json"
            brought = bring(Wish("dbt", file, folder / "p", source=str(bakery)), {})
            known[name] = (folder / "p", "\n".join(each.message for each in brought.told))
        return known[name]

    return project


@pytest.mark.parametrize("version", OLDER)
def test_figures_are_those_of_sql_by_hand(version: str, imported: Import, run_cli: RunCli) -> None:
    project, _ = imported(version)
    ours = by_month(run_cli, project, FLOWS)
    for name, sql in FLOWS.items():
        by_hand = [asked(sql.format(*month)) for month in MONTHS]
        assert ours[name] == pytest.approx(by_hand), name


def test_cumulative_ones_are_those_of_each_day(imported: Import, run_cli: RunCli) -> None:
    project, _ = imported("1_11")
    rows = queried(run_cli, project, f"  - {{id: d, trend: {{metrics: [{', '.join(STOCKS)}], grain: day}}}}\n")["d"]
    found = {row["period"]: row for row in rows}
    assert len(found) == 90
    for day in found:
        for name, sql in STOCKS.items():
            assert found[day][name] == pytest.approx(asked(sql.format(day))), (day, name)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_cumulative_ones_go_by_the_days_of_the_report(zone: str, tmp_path: Path, bakery: Path, run_cli: RunCli) -> None:
    """Of times that the source has in UTC, by days west and east of it."""
    taken(run_cli, tmp_path, "dbt", str(MADE / "semantic_manifest_1_11.json"), "--source", str(bakery))
    project = tmp_path / "p" / "reportspec.yaml"
    text = project.read_text(encoding="utf-8").replace("\ntimezone: UTC", f"\ntimezone: {zone}")
    project.write_text(text, encoding="utf-8")
    with (HERE / "bakery" / "seeds" / "raw_visits.csv").open(newline="", encoding="utf-8") as opened:
        came = [datetime.fromisoformat(row["came_at"]).replace(tzinfo=UTC) for row in csv.DictReader(opened)]
    days = [each.astimezone(ZoneInfo(zone)).date() for each in came]
    starts: dict[str, Callable[[date], date]] = {
        "visits_wtd": lambda day: day - timedelta(days=day.weekday()),
        "visits_mtd": lambda day: day.replace(day=1),
        "visits_qtd": lambda day: date(day.year, (day.month - 1) // 3 * 3 + 1, 1),
        "visits_ytd": lambda day: date(day.year, 1, 1),
        "visits_2_weeks": lambda day: day - timedelta(days=13),
    }
    section = f"  - {{id: d, trend: {{metrics: [{', '.join(starts)}], grain: day}}}}\n"
    for row in queried(run_cli, tmp_path / "p", section)["d"]:
        day = date.fromisoformat(row["period"])
        for name, start in starts.items():
            assert row[name] == sum(start(day) <= each <= day for each in days), (day, name)


@pytest.mark.parametrize(
    ("count", "unit", "months", "zone"), [(1, "month", 1, "America/New_York"), (1, "quarter", 3, "Asia/Tokyo")]
)
def test_windows_of_months_begin_as_many_before_the_day(
    count: int, unit: str, months: int, zone: str, tmp_path: Path, bakery: Path, run_cli: RunCli
) -> None:
    """Of one visit each day: as many as the days since then, also of 31 March, whose window is from 1 March."""
    every = tmp_path / "bakery.duckdb"
    shutil.copy(bakery, every)
    with duckdb.connect(str(every)) as connection:
        connection.execute("CREATE TABLE one AS FROM visits LIMIT 1")
        connection.execute("DELETE FROM visits")
        day = "timestamp '2025-06-01 09:30:00' + to_days(number::int)"
        connection.execute(
            f"INSERT INTO visits SELECT one.* REPLACE ({day} AS came_at, number AS visit_id) FROM one, range(400) AS r(number)"
        )
    manifest = json.loads((MADE / "semantic_manifest_1_11.json").read_text(encoding="utf-8"))
    [metric] = [each for each in manifest["metrics"] if each["name"] == "visits_3_months"]
    told = metric["type_params"]
    for each in (told, told.get("cumulative_type_params") or {}):
        if each.get("window"):
            each["window"] = {"count": count, "granularity": unit}
    (tmp_path / "semantic_manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    taken(run_cli, tmp_path, "dbt", "semantic_manifest.json", "--source", str(every))
    project = tmp_path / "p" / "reportspec.yaml"
    text = project.read_text(encoding="utf-8")
    project.write_text(text.replace("\ntimezone: UTC", f"\ntimezone: {zone}"), encoding="utf-8")
    rows = queried(run_cli, tmp_path / "p", "  - {id: d, trend: {metrics: [visits_3_months], grain: day}}\n")["d"]
    assert len(rows) == 90
    for row in rows:
        last = date.fromisoformat(row["period"])
        year, month = divmod(last.year * 12 + last.month - 1 - months, 12)
        start = date(year, month + 1, min(last.day, monthrange(year, month + 1)[1]))
        assert row["visits_3_months"] == (last - start).days, last


def test_figures_are_those_of_metricflow(imported: Import, run_cli: RunCli) -> None:
    """By month, by day and by a dimension of another model; what MetricFlow has no row for is nothing or none."""
    project, _ = imported("1_11")
    for file, grain in (("by_month", "month"), ("by_day", "day")):
        with (MADE / f"{file}.csv").open(newline="", encoding="utf-8") as opened:
            theirs = {row.pop(f"metric_time__{grain}")[:10]: row for row in csv.DictReader(opened)}
        names = list(next(iter(theirs.values())))
        rows = queried(run_cli, project, f"  - {{id: t, trend: {{metrics: [{', '.join(names)}], grain: {grain}}}}}\n")[
            "t"
        ]
        assert rows
        for row in rows:
            for name in names:
                figure = theirs.get(row["period"], {}).get(name) or 0
                assert (row[name] or 0) == pytest.approx(float(figure)), (row["period"], name)
    with (MADE / "by_town.csv").open(newline="", encoding="utf-8") as opened:
        towns = {row.pop("shop__town"): row for row in csv.DictReader(opened)}
    names = list(towns["Bari"])
    section = f"  - {{id: b, breakdown: {{metrics: [{', '.join(names)}], by: [shops.town]}}}}\n"
    rows = queried(run_cli, project, section)["b"]
    assert {row["shops.town"]: {name: pytest.approx(row[name]) for name in names} for row in rows} == {
        town: {name: float(figure) for name, figure in row.items()} for town, row in towns.items()
    }


@pytest.mark.parametrize("version", NEWER)
def test_the_newer_form_has_the_same_figures(version: str, imported: Import, run_cli: RunCli) -> None:
    project, told = imported(version)
    ours = by_month(run_cli, project, IN_NEWER)
    for name in IN_NEWER:
        by_hand = [asked(FLOWS[name].format(*month)) for month in MONTHS]
        assert ours[name] == pytest.approx(by_hand), name
    section = "  - {id: d, trend: {metrics: [net_7_days, net_ever], grain: day}}\n"
    for row in queried(run_cli, project, section)["d"][::7]:
        for name in ("net_7_days", "net_ever"):
            assert row[name] == pytest.approx(asked(STOCKS[name].format(row["period"])))
    assert "metric `reorder_rate` is not taken over" in told


LEFT = {
    "metric `p75_discrete`": "`use_discrete_percentile`",
    "metric `last_order`": "`non_additive_dimension`",
    "metric `net_growth`": "an earlier period (`offset_window`)",
    "metric `growth_twice`": "made of `net_growth`",
    "metric `reorder_rate`": "conversions",
    "saved query `by_town`": "write a spec",
    "time spine `days`": "calendar of their own",
}


def test_what_is_not_taken_over_is_named_with_its_reason(imported: Import) -> None:
    project, told = imported("1_11")
    left = [line for line in told.splitlines() if " is not taken over: " in line]
    assert {line.partition(" is not taken over: ")[0] for line in left} == set(LEFT)
    for what, why in LEFT.items():
        [line] = [each for each in left if each.startswith(what)]
        assert why in line
    assert "metric `all_orders`: its `meta` is not kept" in told
    assert "metric `visits_ytd`: of a month or another stretch of time its last day is shown" in told
    kept = (project / "metrics" / "dbt.yaml").read_text(encoding="utf-8")
    assert all(f"# - {line}" in kept for line in left)  # the file says so, too


def test_nothing_is_lost_in_silence(imported: Import) -> None:
    """Each metric, dimension, entity and query of the manifest is either there or told."""
    project, told = imported("1_11")
    manifest = json.loads((MADE / "semantic_manifest_1_11.json").read_text(encoding="utf-8"))
    made = {each["metric"]: each for each in yaml.safe_load((project / "metrics" / "dbt.yaml").read_text())["metrics"]}
    for metric in manifest["metrics"]:
        assert metric["name"] in made or f"metric `{metric['name']}`" in told
        if metric["name"] in made:
            assert made[metric["name"]]["label"] == metric["label"]
            assert made[metric["name"]].get("description", "") == metric["description"]
    for model in manifest["semantic_models"]:
        entity = yaml.safe_load((project / "entities" / f"{model['name']}.yaml").read_text())
        assert entity.get("description", None) == model["description"]
        for dimension in model["dimensions"]:
            field = entity["fields"][dimension["name"]]
            assert (field.get("label"), field.get("description")) == (dimension["label"], dimension["description"])
    orders = yaml.safe_load((project / "entities" / "orders.yaml").read_text())
    assert orders["label"] == "Bakery orders"
    assert orders["relations"] == {
        "shop": {"to": "shops", "by": "shop_id"},
        "buyer": {"to": "buyers", "by": "buyer_id"},
    }


def test_the_project_is_valid_and_its_report_builds(imported: Import, run_cli: RunCli) -> None:
    project, _ = imported("1_11")
    done = run_cli(["validate", "specs/dbt.yaml"], cwd=project)
    assert (done.returncode, done.stderr) == (0, "")
    built = run_cli(["build", "specs/dbt.yaml", "--out", "out", "--period", "2026-Q1"], cwd=project)
    assert built.returncode == 0, built.stdout + built.stderr
    assert (project / "out" / "dbt.pdf").read_bytes().startswith(b"%PDF")


def test_nothing_is_overwritten(imported: Import, run_cli: RunCli) -> None:
    project, _ = imported("1_11")
    before = {file: file.read_bytes() for file in project.rglob("*.yaml")}
    file = str(MADE / "semantic_manifest_1_11.json")
    again = run_cli(["import", "dbt", file], cwd=project)
    assert again.returncode == 1
    assert "`mapping.yaml` is there already, and nothing is overwritten" in again.stderr
    other = run_cli(["import", "dbt", file, "--mapping", "other.yaml"], cwd=project)
    assert "is there already" in other.stderr
    assert {file: file.read_bytes() for file in project.rglob("*.yaml")} == before


def test_names_that_the_catalogue_has_are_others_here(tmp_path: Path, run_cli: RunCli, bakery: Path) -> None:
    text = (MADE / "semantic_manifest_1_11.json").read_text(encoding="utf-8")
    text = text.replace('"name": "orders"', '"name": "deal"').replace('"net_sales"', '"close_rate"')
    (tmp_path / "semantic_manifest.json").write_text(text, encoding="utf-8")
    told = taken(run_cli, tmp_path, "dbt", "semantic_manifest.json", "--source", str(bakery))
    assert "semantic model `deal`: it is called `dbt_deal` here" in told
    assert "metric `close_rate`: it is called `dbt_close_rate` here" in told
    figures = by_month(run_cli, tmp_path / "p", ["dbt_close_rate", "net_per_order"])
    assert figures["dbt_close_rate"] == pytest.approx([63, 156, 78])
    assert figures["net_per_order"] == pytest.approx([31.5, 52, 26])


def test_a_folder_of_dbt_says_its_dialect(tmp_path: Path, run_cli: RunCli) -> None:
    (tmp_path / "shop" / "target").mkdir(parents=True)
    shutil.copy(MADE / "semantic_manifest_1_11.json", tmp_path / "shop" / "target" / "semantic_manifest.json")
    manifest = {"metadata": {"dbt_version": "1.11.16", "adapter_type": "snowflake"}}
    (tmp_path / "shop" / "target" / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    taken(run_cli, tmp_path, "dbt", "shop")
    mapping = yaml.safe_load((tmp_path / "p" / "mapping.yaml").read_text(encoding="utf-8"))
    assert mapping["dialect"] == "snowflake"
    assert "source: ${DATABASE_URL}" in (tmp_path / "p" / "reportspec.yaml").read_text(encoding="utf-8")


def test_tables_may_be_files(tmp_path: Path, run_cli: RunCli) -> None:
    """Into a project that is there, whose tables have bare names."""
    (tmp_path / "p").mkdir()
    seeds = HERE / "bakery" / "seeds"
    files = "".join(
        f"    {name}: {seeds}/raw_{name}.csv\n" for name in ("orders", "shops", "regions", "buyers", "visits")
    )
    text = f"version: 1\nsource:\n  files:\n{files}mapping: mapping.yaml\ntimezone: UTC\n"
    (tmp_path / "p" / "reportspec.yaml").write_text(text, encoding="utf-8")
    taken(run_cli, tmp_path, "dbt", str(MADE / "semantic_manifest_1_11.json"), "--tables", "name")
    assert (tmp_path / "p" / "reportspec.yaml").read_text(encoding="utf-8") == text
    assert by_month(run_cli, tmp_path / "p", ["net_sales", "franchise_net"]) == {
        "net_sales": pytest.approx([63, 156, 78]),
        "franchise_net": pytest.approx([0, 156, 0]),
    }


def test_a_project_of_its_own_keeps_its_names(tmp_path: Path, run_cli: RunCli) -> None:
    """What it has is not made twice, and a mapping beside its own has to be joined by hand, which is said."""
    project = tmp_path / "p"
    (project / "metrics").mkdir(parents=True)
    (project / "reportspec.yaml").write_text("version: 1\nsource: demo\ncurrency: EUR\n", encoding="utf-8")
    own = "metrics:\n  - {metric: net_sales, kind: aggregate, entity: deal, aggregate: count, time: deal.closed_at}\n"
    (project / "metrics" / "own.yaml").write_text(own, encoding="utf-8")
    file = str(MADE / "semantic_manifest_1_11.json")
    done = run_cli(["import", "dbt", file, "--into", "p", "--mapping", "dbt.yaml"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "metric `net_sales`: it is called `dbt_net_sales` here" in done.stderr
    assert "the project says `crm: demo`: add the entities of `dbt.yaml` to that mapping" in done.stdout
    listed = run_cli(["catalog", "metrics", "--project", "p", "--format", "json"], cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert {"net_sales", "dbt_net_sales"} <= {each["name"] for each in json.loads(listed.stdout)["metrics"]}


DBT = os.environ.get("REPORTSPEC_TEST_DBT") or shutil.which("dbt")


@pytest.mark.skipif(DBT is None, reason="needs dbt: REPORTSPEC_TEST_DBT can name it")
def test_manifests_are_what_dbt_writes(tmp_path: Path) -> None:
    """Slow: dbt takes its time to start."""
    assert DBT is not None
    older = parsed(DBT, tmp_path)
    version = older["semantic_manifest"]["project_configuration"]["dsi_package_version"]["minor_version"]
    name = "1_12" if "osi_document" in older else "1_11"
    assert version

    def plain(data: Any) -> Any:
        return {key: value for key, value in data.items() if key != "project_configuration"}

    kept = json.loads((MADE / f"semantic_manifest_{name}.json").read_text(encoding="utf-8"))
    assert plain(older["semantic_manifest"]) == plain(kept)
    if name == "1_12":
        latest = parsed(DBT, tmp_path, latest=True)["semantic_manifest"]
        assert plain(latest) == plain(json.loads((MADE / "semantic_manifest_1_12_latest.json").read_text()))
        assert plain(as_dbt_2(latest)) == plain(json.loads((MADE / "semantic_manifest_2.json").read_text()))
