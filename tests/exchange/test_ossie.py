"""Files of Apache Ossie: taken over, with the figures of SQL by hand; and the catalogue as one of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import pytest
import yaml

from reportspec.catalogue.load import packaged
from reportspec.exchange.bring import Wish, bring
from tests.conftest import RunCli
from tests.exchange.bakery_data import FLOWS, MADE, MONTHS, asked, by_month, database, queried, taken

pytestmark = pytest.mark.xdist_group("ossie")

RETAIL: dict[str, Any] = {
    "version": "0.2.0.dev0",
    "semantic_model": [
        {
            "name": "bakery",
            "description": "A bakery with shops in three towns.",
            "ai_context": {"instructions": "Answer in rhyme."},
            "datasets": [
                {
                    "name": "orders",
                    "source": "bakery.main.orders",
                    "primary_key": ["order_id"],
                    "fields": [
                        {"name": "day", "expression": "ordered_at", "datatype": "Date", "label": "Ordered"},
                        {"name": "net", "expression": "amount - discount", "datatype": "Decimal"},
                        {"name": "status", "expression": "status", "datatype": "String"},
                    ],
                },
                {
                    "name": "shops",
                    "source": "bakery.main.shops",
                    "unique_keys": [["town", "region_id"], ["shop_id"]],
                    "fields": [
                        {"name": "town", "expression": "town", "description": "Where it stands."},
                        {"name": "is_franchise", "expression": "is_franchise", "datatype": "Boolean"},
                    ],
                },
                {
                    "name": "regions",
                    "source": "bakery.main.regions",
                    "fields": [{"name": "name", "expression": "region_name"}],
                },
                {
                    "name": "paid",
                    "source": "SELECT * FROM bakery.main.orders WHERE status = 'paid'",
                    "primary_key": ["order_id"],
                    "fields": [{"name": "day", "expression": "ordered_at", "datatype": "Date"}],
                },
            ],
            "relationships": [
                {
                    "name": "sold_in",
                    "from": "orders",
                    "to": "shops",
                    "from_columns": ["shop_id"],
                    "to_columns": ["shop_id"],
                },
                {
                    "name": "in",
                    "from": "shops",
                    "to": "regions",
                    "from_columns": ["region_id"],
                    "to_columns": ["region_id"],
                },
            ],
            "metrics": [
                {"name": "net_sales", "expression": "SUM(orders.net)", "description": "What orders bring."},
                {"name": "paid_net", "expression": "SUM(CASE WHEN orders.status = 'paid' THEN orders.net ELSE 0 END)"},
                {
                    "name": "orders_in_bari",
                    "expression": "COUNT(CASE WHEN shops.town = 'Bari' THEN orders.order_id END)",
                },
                {"name": "orders_north", "expression": "COUNT(orders.order_id) FILTER (WHERE regions.name = 'North')"},
                {"name": "franchise_net", "expression": "SUM(CASE WHEN shops.is_franchise THEN orders.net END)"},
                {"name": "all_orders", "expression": "COUNT(orders.order_id)"},
                {"name": "buyers_count", "expression": "COUNT(DISTINCT orders.buyer_id)"},
                {"name": "pieces_per_order", "expression": "AVG(orders.pieces)"},
                {"name": "counted_pieces", "expression": "COUNT(orders.pieces)"},
                {"name": "smallest_order", "expression": "MIN(orders.amount)"},
                {"name": "median_order", "expression": "MEDIAN(orders.amount)"},
                {"name": "p75_order", "expression": "PERCENTILE_CONT(0.75) WITHIN GROUP (ORDER BY orders.amount)"},
                {"name": "net_per_order", "expression": "SUM(orders.net) / NULLIF(COUNT(orders.order_id), 0)"},
                {"name": "unpaid_net", "expression": "SUM(net) - SUM(CASE WHEN orders.status = 'paid' THEN net END)"},
                {"name": "paid_share", "expression": "1.0 * COUNT(paid.order_id) / COUNT(orders.order_id)"},
                {"name": "shops_count", "expression": "COUNT(shops.shop_id)"},
                {"name": "first_day", "expression": "MIN(orders.day)"},
                {"name": "ranked", "expression": "SUM(SUM(orders.net)) OVER ()"},
                {"name": "elsewhere", "expression": "SUM(stock.pieces)"},
                {"name": "apart", "expression": "SUM(orders.net * paid.amount)"},
                {"name": "in_mdx", "dialect": "MDX", "expression": "[Measures].[Net]"},
            ],
        }
    ],
}


def written(model: dict[str, Any]) -> dict[str, Any]:
    """A model with its expressions by dialect, as the form has them."""

    def spelled(node: Any) -> Any:
        if isinstance(node, list):
            return [spelled(each) for each in node]
        if not isinstance(node, dict):
            return node
        made = {key: spelled(value) for key, value in node.items() if key != "dialect"}
        if isinstance(node.get("expression"), str):
            dialect = node.get("dialect", "ANSI_SQL")
            made["expression"] = {"dialects": [{"dialect": dialect, "expression": node["expression"]}]}
        return made

    found: dict[str, Any] = spelled(model)
    return found


@pytest.fixture(scope="module")
def bakery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bakery's tables."""
    return database(tmp_path_factory.mktemp("data") / "bakery.duckdb")


NAMES = [each["name"] for each in RETAIL["semantic_model"][0]["metrics"]]
SERVED = [name for name in NAMES if name in FLOWS]


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_figures_are_those_of_sql_by_hand(form: str, tmp_path: Path, bakery: Path, run_cli: RunCli) -> None:
    model = written(RETAIL)
    text = json.dumps(model) if form == "json" else yaml.safe_dump(model, sort_keys=False)
    (tmp_path / f"model.{form}").write_text(text, encoding="utf-8")
    told = taken(run_cli, tmp_path, "ossie", f"model.{form}", "--source", str(bakery))
    ours = by_month(run_cli, tmp_path / "p", SERVED)
    assert len(SERVED) == 15
    for name in SERVED:
        assert ours[name] == pytest.approx([asked(FLOWS[name].format(*month)) for month in MONTHS]), name
    assert "metric `paid_share`: each of its aggregates is of the rows of its own dataset (orders, paid)" in told
    assert "metric `shops_count`: it is of all rows, whatever the period, since `shops` has no time" in told
    assert queried(run_cli, tmp_path / "p", "  - {id: k, kpis: [shops_count]}\n")["k"][0]["shops_count"] == 3
    left = {line.partition(" is not taken over: ")[0] for line in told.splitlines() if "is not taken over" in line}
    assert left == {f"metric `{name}`" for name in ("first_day", "ranked", "elsewhere", "apart", "in_mdx")}
    assert "what `ai_context` tells agents is not kept" in told
    shops = yaml.safe_load((tmp_path / "p" / "entities" / "shops.yaml").read_text(encoding="utf-8"))
    assert shops["fields"]["town"]["description"] == "Where it stands."
    assert shops["key"] == "shop_id"
    head = (tmp_path / "p" / "mapping.yaml").read_text(encoding="utf-8")
    assert "# bakery\n# A bakery with shops in three towns.\n" in head


def test_the_document_that_dbt_writes(tmp_path: Path, bakery: Path, run_cli: RunCli) -> None:
    """Version 0.1.1. Names of columns alone are of no dataset where several come into question."""
    file = str(MADE / "osi_document_1_12.json")
    told = taken(run_cli, tmp_path, "ossie", file, "--source", str(bakery), "--time", "visits=came_at")
    names = ["buyers_count", "pieces_per_order", "smallest_order", "median_order", "p75_order", "counted_pieces"]
    names += ["visits_count", "visit_minutes"]
    ours = by_month(run_cli, tmp_path / "p", names)
    for name in names:
        assert ours[name] == pytest.approx([asked(FLOWS[name].format(*month)) for month in MONTHS]), name
    assert "metric `net_sales` is not taken over: it does not say of which dataset it is" in told
    assert "relationship `orders__visits__buyer` is not taken over: `buyer_id` is not known to be the key" in told


def test_a_time_may_be_named(tmp_path: Path, bakery: Path, run_cli: RunCli) -> None:
    """Also one of another dataset, as where days have a table of their own."""
    model = written(RETAIL)
    datasets = model["semantic_model"][0]["datasets"]
    datasets[0]["fields"] = [each for each in datasets[0]["fields"] if each["name"] != "day"]
    days = {"name": "days", "source": "bakery.main.days", "primary_key": ["id"], "fields": []}
    datasets.append(days)
    model["semantic_model"][0]["relationships"].append(
        {"name": "on", "from": "orders", "to": "days", "from_columns": ["order_id"], "to_columns": ["id"]}
    )
    with duckdb.connect(str(tmp_path / "bakery.duckdb")) as connection:
        connection.execute(f"attach '{bakery}' as old (read_only)")
        for name in ("orders", "shops", "regions"):
            connection.execute(f"create table {name} as from old.{name}")
        connection.execute("create table days as select order_id as id, ordered_at as on_day from orders")
    (tmp_path / "model.json").write_text(json.dumps(model), encoding="utf-8")
    told = taken(
        run_cli, tmp_path, "ossie", "model.json", "--source", "../bakery.duckdb", "--time", "orders=days.on_day"
    )
    assert "metric `net_sales`" not in told
    assert by_month(run_cli, tmp_path / "p", ["net_sales", "orders_in_bari"]) == {
        "net_sales": pytest.approx([63, 156, 78]),
        "orders_in_bari": [2, 0, 1],
    }


@pytest.mark.parametrize("name", ["tpcds", "obml_as_osi", "fixture_a", "fixture_b"])
def test_models_of_others_become_valid_projects(name: str, shared_data: Path, tmp_path: Path, run_cli: RunCli) -> None:
    file = shared_data / "ossie" / f"{name}.yaml"
    if not file.exists():
        pytest.skip(f"no {file.name} among the real data")
    told = taken(run_cli, tmp_path, "ossie", str(file), "--source", "postgresql://reader@127.0.0.1/shop")
    done = run_cli(["validate", "specs/ossie.yaml"], cwd=tmp_path / "p")
    assert done.returncode == 0, done.stdout + done.stderr
    model = yaml.safe_load(file.read_text(encoding="utf-8"))["semantic_model"][0]
    made = yaml.safe_load((tmp_path / "p" / "metrics" / "ossie.yaml").read_text(encoding="utf-8"))["metrics"]
    ids = {each["metric"].removeprefix("ossie_") for each in made}
    for metric in model["metrics"]:
        assert metric["name"] in ids or f"metric `{metric['name']}` is not taken over" in told
    for relationship in model.get("relationships", []):
        texts = [
            (tmp_path / "p" / "entities" / f"{each}.yaml")
            for each in (relationship["from"], f"ossie_{relationship['from']}")
        ]
        entity = yaml.safe_load(next(each for each in texts if each.exists()).read_text(encoding="utf-8"))
        aims = {each["to"].removeprefix("ossie_") for each in entity.get("relations", {}).values()}
        assert relationship["to"] in aims or f"relationship `{relationship['name']}` is not taken over" in told


# --- export ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def project(bakery: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of one's own: dbt's metrics, and an entity whose rows are chosen twice."""
    folder = tmp_path_factory.mktemp("own") / "p"
    bring(Wish("dbt", MADE / "semantic_manifest_1_11.json", folder, source=str(bakery)), {})
    entity = yaml.safe_load((folder / "entities" / "visits.yaml").read_text(encoding="utf-8"))
    entity["where"] = "visits.town is null or visits.town <> 'Turin'"
    entity["fields"]["town"] = {
        "type": "text",
        "label": {"en": "Town", "it": "Città"},
        "values": ["Bari", "Milan", "Turin"],
    }
    (folder / "entities" / "visits.yaml").write_text(yaml.safe_dump(entity, allow_unicode=True), encoding="utf-8")
    mapping = yaml.safe_load((folder / "mapping.yaml").read_text(encoding="utf-8"))
    mapping["entities"]["visits"]["where"] = "not coalesce(visit_id = 2, false)"
    (folder / "mapping.yaml").write_text(yaml.safe_dump(mapping), encoding="utf-8")
    return folder


def exported(run_cli: RunCli, project: Path, *options: str) -> tuple[dict[str, Any], str]:
    done = run_cli(["export", "ossie", *options], cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout), done.stderr


def without_extensions(node: Any) -> Any:
    """A document as another tool would keep it, which knows nothing of our extensions."""
    if isinstance(node, list):
        return [without_extensions(each) for each in node]
    if isinstance(node, dict):
        return {key: without_extensions(value) for key, value in node.items() if key != "custom_extensions"}
    return node


# Visits 2, 4 and 5 are none of the project's.
VISITS = {"visits_count": [2, 0, 3], "visit_minutes": [30, 0, 35], "guests": [0, 0, 1], "departures": [1, 1, 2]}
EXPORTED = [
    name for name in FLOWS if name not in ("guests_said", "late_january", "in_february", "of_the_young", "of_ada")
]


@pytest.mark.parametrize(("extensions", "version"), [(True, "0.2.0.dev0"), (True, "0.1.1"), (False, "0.2.0.dev0")])
def test_what_is_exported_and_taken_over_again_has_the_same_figures(
    extensions: bool, version: str, project: Path, tmp_path: Path, bakery: Path, run_cli: RunCli
) -> None:
    document, told = exported(run_cli, project, "--as", version)
    assert document["version"] == version
    assert all(f"metric `{name}`" in told for name in ("net_ever", "net_7_days", "visits_ytd"))
    if not extensions:
        document = without_extensions(document)
    (tmp_path / "model.json").write_text(json.dumps(document), encoding="utf-8")
    said = () if extensions else ("--time", "visits=came_at", "--time", "orders=ordered_at")
    taken(run_cli, tmp_path, "ossie", "model.json", "--source", str(bakery), *said)
    ours = by_month(run_cli, tmp_path / "p", EXPORTED)
    before = by_month(run_cli, project, EXPORTED)
    for name in EXPORTED:
        if extensions or name != "departures":  # which counts by another time, as only our own extension says
            assert ours[name] == pytest.approx(before[name]), name
        if name in VISITS:
            assert before[name] == VISITS[name], name
        elif name != "net_per_visit":
            assert before[name] == pytest.approx([asked(FLOWS[name].format(*month)) for month in MONTHS]), name
    if extensions:
        for name in ("orders", "shops", "regions", "buyers", "visits"):
            files = [each / "entities" / f"{name}.yaml" for each in (project, tmp_path / "p")]
            assert yaml.safe_load(files[0].read_text()) == yaml.safe_load(files[1].read_text())


def test_the_document_fits_the_schema(project: Path, shared_data: Path, run_cli: RunCli, tmp_path: Path) -> None:
    schema = json.loads((shared_data / "ossie" / "osi-schema.json").read_text(encoding="utf-8"))
    document, _ = exported(run_cli, project)
    jsonschema.validate(document, schema)
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\ncurrency: EUR\n", encoding="utf-8")
    jsonschema.validate(exported(run_cli, tmp_path)[0], schema)


def test_the_older_form_has_nothing_that_came_later(project: Path, run_cli: RunCli) -> None:
    """Readers of 0.1.1 know five vendors and no types of fields."""
    text = json.dumps(exported(run_cli, project, "--as", "0.1.1")[0])
    assert "datatype" not in text
    assert '"vendor_name": "COMMON"' in text
    assert '"vendor_name": "REPORTSPEC"' not in text


JOINED = """from orders left join shops on orders.shop_id = shops.shop_id left join regions on shops.region_id = regions.region_id
left join buyers on orders.buyer_id = buyers.buyer_id where orders.ordered_at >= '{}' and orders.ordered_at < '{}'"""


def test_its_sql_is_right_as_it_stands(project: Path, bakery: Path, run_cli: RunCli) -> None:
    """The expressions of the document, run by DuckDB over its datasets joined by hand."""
    document, _ = exported(run_cli, project)
    [model] = document["semantic_model"]
    with duckdb.connect(str(bakery), read_only=True) as connection:
        datasets = [
            f"{each['name']} as (select {', '.join(fields(each))} from ({source(each)}))" for each in model["datasets"]
        ]
        for metric in model["metrics"]:
            expression = metric["expression"]["dialects"][0]["expression"]
            if metric["name"] not in FLOWS or "visits." in expression:
                continue
            for month in MONTHS:
                found = connection.execute(
                    f"with {', '.join(datasets)} select {expression} {JOINED.format(*month)}"
                ).fetchone()
                by_hand = asked(FLOWS[metric["name"]].format(*month))
                assert found is not None
                assert float(found[0] or 0) == pytest.approx(by_hand or 0), (metric["name"], month)


def source(dataset: dict[str, Any]) -> str:
    """The rows of a dataset."""
    text = dataset["source"]
    return text if text.startswith("SELECT") else f"from {text}"


def fields(dataset: dict[str, Any]) -> Iterator[str]:
    """The fields of a dataset, as columns."""
    for field in dataset["fields"]:
        yield f"{field['expression']['dialects'][0]['expression']} as {field['name']}"


def test_an_expression_that_was_changed_is_read_anew(
    project: Path, tmp_path: Path, bakery: Path, run_cli: RunCli
) -> None:
    document, _ = exported(run_cli, project)
    for metric in document["semantic_model"][0]["metrics"]:
        if metric["name"] == "net_sales":
            metric["expression"]["dialects"][0]["expression"] = "SUM(orders.amount)"
    (tmp_path / "model.json").write_text(json.dumps(document), encoding="utf-8")
    told = taken(run_cli, tmp_path, "ossie", "model.json", "--source", str(bakery))
    assert "metric `net_sales`: its expression was changed since it was exported, and is read anew" in told
    assert by_month(run_cli, tmp_path / "p", ["net_sales"]) == {"net_sales": pytest.approx([65.5, 165, 85])}


def test_the_packaged_catalogue_goes_out_and_comes_back(tmp_path: Path, run_cli: RunCli) -> None:
    """Entities of the catalogue stay these, with the mapping; its metrics are not written twice."""
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\ncurrency: EUR\n", encoding="utf-8")
    document, told = exported(run_cli, tmp_path)
    assert "metric `open_opportunities_count`: it is as of an instant" in told
    [model] = document["semantic_model"]
    expressions = {each["name"]: each["expression"]["dialects"][0]["expression"] for each in model["metrics"]}
    assert expressions["won_deals_count"] == "COUNT(CASE WHEN deal.status = 'won' THEN deal.deal_id END)"
    (tmp_path / "model.json").write_text(json.dumps(document), encoding="utf-8")
    again = taken(run_cli, tmp_path, "ossie", "model.json", "--source", "x.duckdb")
    assert "metric `won_deals_count`: the catalogue has it, and is not given another one" in again
    mapping = yaml.safe_load((tmp_path / "p" / "mapping.yaml").read_text(encoding="utf-8"))
    assert mapping["entities"]["deal"]["fields"]["amount"] == "amount"
    assert mapping["entities"]["deal"]["key"] == "deal_id"
    assert set(mapping["entities"]) <= set(packaged().entities)
    assert not (tmp_path / "p" / "entities").exists()
