"""Files that mean harm, or are broken, are told of with their places, and nothing of them reaches a statement."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reportspec.exchange.bring import Wish, bring
from reportspec.exchange.foreign import NotRead
from reportspec.source.read_json import read_json
from reportspec.source.tree import plain
from tests.conftest import RunCli
from tests.exchange.bakery_data import MADE

MANIFEST = json.loads((MADE / "semantic_manifest_1_11.json").read_text(encoding="utf-8"))


def mended(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """The manifest with a change."""
    made: dict[str, Any] = json.loads(json.dumps(MANIFEST))
    change(made)
    return made


def metric(made: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in made["metrics"] if each["name"] == name)
    return found


def measure(made: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in made["semantic_models"][0]["measures"] if each["name"] == name)
    return found


def filtered(text: str) -> Callable[[dict[str, Any]], None]:
    def change(made: dict[str, Any]) -> None:
        metric(made, "net_sales")["filter"] = {"where_filters": [{"where_sql_template": text}]}

    return change


def measured(expr: str) -> Callable[[dict[str, Any]], None]:
    return lambda made: measure(made, "net").update(expr=expr)


def derived(**params: Any) -> Callable[[dict[str, Any]], None]:
    return lambda made: metric(made, "unpaid_net")["type_params"].update(params)


def circle(made: dict[str, Any]) -> None:
    metric(made, "unpaid_net")["type_params"]["metrics"] = [
        {"name": "growth_twice"},
        {"name": "net_sales", "alias": "paid"},
    ]
    metric(made, "growth_twice")["type_params"]["metrics"] = [{"name": "unpaid_net", "alias": "net_growth"}]


HARM = {
    "a subquery in a measure": (measured("(select max(x) from secrets)"), "net_sales", "a subquery may not be used"),
    "a statement behind it": (measured("1); drop table orders; --"), "net_sales", "its SQL cannot be used"),
    "a function that reads files": (measured("length(read_text('/etc/passwd'))"), "net_sales", "`read_text`"),
    "an aggregate in a measure": (measured("sum(amount)"), "net_sales", "an aggregate may not be used here"),
    "a function of ours": (measured("days_between(a, b)"), "net_sales", "`days_between` is none of"),
    "very deep": (measured("(" * 200 + "amount" + ")" * 200), "net_sales", "nested deeper than 40"),
    "very long": (measured("amount" + " + amount" * 2_000), "net_sales", "longer than 4,000"),
    "a template of Jinja": (filtered("{% set x = 1 %} 1 = 1"), "net_sales", "in its filter"),
    "a call of something else": (filtered("{{ env_var('SECRET') }} = 'x'"), "net_sales", "is no call of"),
    "an attribute": (filtered("{{ Dimension('order__status').__class__ }} = 1"), "net_sales", "is no call of"),
    "a bare column": (filtered("amount > 3"), "net_sales", "`amount` is a column: write it as a `Dimension`"),
    "a subquery in a filter": (
        filtered("{{ Dimension('order__status') }} in (select 1)"),
        "net_sales",
        "in its filter",
    ),
    "no such dimension": (filtered("{{ Dimension('order__colour') }} = 'red'"), "net_sales", "`colour`"),
    "no way there": (filtered("{{ Dimension('nobody__colour') }} = 'red'"), "net_sales", "`nobody`"),
    "our stand-in": (filtered("reportspec_reference_0 = 1"), "net_sales", "a name is used that stands for others"),
    "not a condition": (filtered("{{ Dimension('order__status') }}  || 'x'"), "net_sales", ""),
    "a filter of another kind": (filtered("{{ Dimension('order__status') }} > 3 + 'a'"), "net_sales", ""),
    "a call within a text": (filtered("'{{ Dimension('order__status') }}' = 'paid'"), "net_sales", "within a text"),
    "a part of a call": (filtered("{{ Dimension('order__status') }}.x = 'paid'"), "net_sales", "is a column"),
    "a filter that is none": (lambda made: metric(made, "net_sales").update(filter=["x"]), "net_sales", "`filter`"),
    "filters that are none": (
        lambda made: metric(made, "net_sales").update(filter={"where_filters": "x"}),
        "net_sales",
        "`where_filters` should be a list",
    ),
    "a window that is none": (
        lambda made: metric(made, "net_7_days")["type_params"]["cumulative_type_params"].update(window="7 days"),
        "net_7_days",
        "`window` should be an object",
    ),
    "a grain that is none": (
        lambda made: metric(made, "visits_mtd")["type_params"]["cumulative_type_params"].update(
            grain_to_date=["month"]
        ),
        "visits_mtd",
        "`grain_to_date` should be a text",
    ),
    "a time that is no text": (
        lambda made: measure(made, "net").update(agg_time_dimension={"name": "ordered_at"}),
        "net_sales",
        "`agg_time_dimension` should be a text",
    ),
    "a metric in a filter": (
        filtered("{{ Metric('all_orders', group_by=['order']) }} > 1"),
        "net_sales",
        "is no call of",
    ),
    "a circle": (circle, "unpaid_net", "it is made of itself"),
    "a formula with a query": (derived(expr="(select 1)"), "unpaid_net", "its SQL cannot be used"),
    "a formula of unknown names": (derived(expr="net_sales - gone"), "unpaid_net", "`gone`"),
    "a formula that rounds": (derived(expr="round(net_sales - paid, 2)"), "unpaid_net", "`round` may not be used"),
    "a formula that chooses": (
        derived(expr="case when net_sales > 0 then paid else 0 end"),
        "unpaid_net",
        "`case` may not be used in a formula",
    ),
    "an unknown input": (derived(metrics=[{"name": "gone"}]), "unpaid_net", "`gone`"),
    "an unknown type": (lambda made: metric(made, "net_sales").update(type="magic"), "net_sales", "`magic`"),
    "an unknown aggregation": (lambda made: measure(made, "net").update(agg="mode"), "net_sales", "`mode`"),
    "the first of times": (
        lambda made: measure(made, "net").update(agg="min", expr="ordered_at"),
        "net_sales",
        "its aggregation `min` is of times",
    ),
    "an unknown measure": (
        lambda made: metric(made, "net_sales")["type_params"].update(measure={"name": "gone"}),
        "net_sales",
        "there is no measure `gone`",
    ),
    "no params": (lambda made: metric(made, "net_sales").update(type_params=None), "net_sales", "no `type_params`"),
    "a time that is none": (
        lambda made: measure(made, "net").update(agg_time_dimension="status"),
        "net_sales",
        "no time is known",
    ),
}


@pytest.mark.parametrize("name", HARM)
def test_harm_is_told_with_its_place_and_left_out(name: str, tmp_path: Path) -> None:
    change, left, why = HARM[name]
    file = tmp_path / "semantic_manifest.json"
    text = json.dumps(mended(change), indent=1)
    file.write_text(text, encoding="utf-8")
    brought = bring(Wish("dbt", file, tmp_path / "p", source="demo"), {})
    found = [each for each in brought.told if each.code == "not-taken-over" and f"metric `{left}`" in each.message]
    assert len(found) == 1, [each.message for each in brought.told]
    assert why in found[0].message
    place = found[0].span
    assert place is not None
    lines = text.splitlines()
    assert lines[place.line - 1][place.column - 1 :].strip()  # something stands there
    written = (tmp_path / "p" / "metrics" / "dbt.yaml").read_text(encoding="utf-8")
    made = {each["metric"] for each in yaml.safe_load(written)["metrics"]}
    assert left not in made
    assert "all_orders" in made  # the others are there


def test_filters_of_dbt_1_6_are_texts(tmp_path: Path) -> None:
    def as_it_was(made: dict[str, Any]) -> None:
        metric(made, "paid_net")["filter"] = "{{ Dimension('order__status') }} = 'paid'"
        metric(made, "orders_in_bari")["filter"] = {"where_sql_template": "{{ Dimension('shop__town') }} = 'Bari'"}

    file = tmp_path / "semantic_manifest.json"
    file.write_text(json.dumps(mended(as_it_was)), encoding="utf-8")
    bring(Wish("dbt", file, tmp_path / "p", source="demo"), {})
    text = (tmp_path / "p" / "metrics" / "dbt.yaml").read_text(encoding="utf-8")
    made = {each["metric"]: each for each in yaml.safe_load(text)["metrics"]}
    assert made["paid_net"]["where"] == "orders.status = 'paid'"
    assert made["orders_in_bari"]["where"] == "orders.shop.town = 'Bari'"


def at(text: str) -> tuple[str, int, int]:
    """The first thing that is wrong with a JSON text."""
    _, problems = read_json(text, "x.json")
    place = problems[0].span
    assert place is not None
    return problems[0].code, place.line, place.column


WRONG = {
    '{"a": 1,}': ("json-syntax", 1, 9),
    '{"a" 1}': ("json-syntax", 1, 6),
    '{\n "a": 1\n "b": 2}': ("json-syntax", 3, 2),
    "[1, 2": ("json-syntax", 1, 5),
    "{}\n{}": ("json-syntax", 2, 1),
    "": ("json-syntax", 1, 1),
    "nothing": ("json-syntax", 1, 1),
    '["\\q"]': ("json-syntax", 1, 2),
    "[01]": ("json-syntax", 1, 3),
    "[" * 70: ("too-deep", 1, 65),
    '{"a": 1, "a": 2}': ("duplicate-key", 1, 10),
    "[1e999]": ("number-too-large", 1, 2),
    "[" + "1" * 50 + "]": ("number-too-large", 1, 2),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_json_is_told_with_its_place(text: str) -> None:
    assert at(text) == WRONG[text]


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('abc "\\/äß'), inner, max_size=4),
    max_leaves=20,
)


@given(_JSON, st.sampled_from([None, 1]), st.booleans())
def test_json_is_read_as_everybody_reads_it(data: Any, indent: int | None, ascii: bool) -> None:
    text = json.dumps(data, indent=indent, ensure_ascii=ascii)
    node, problems = read_json(text, "x.json")
    assert not problems
    assert node is not None
    assert harmless(plain(node)) == harmless(json.loads(text))


def harmless(data: Any) -> Any:
    """Data whose texts are without what terminals would obey."""
    from reportspec.source.read import clean_text

    if isinstance(data, str):
        return clean_text(data)
    if isinstance(data, list):
        return [harmless(each) for each in data]
    return {key: harmless(value) for key, value in data.items()} if isinstance(data, dict) else data


OTHERWISE = [None, True, 0, -1.5, "", "order", "x'; --", "{{ Dimension('", [], {}, [[]], {"name": {}}, "a" * 300]


def shaken(data: Any, draw: random.Random) -> Any:
    """Data of which one part is something else."""
    made = json.loads(json.dumps(data))
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        for key in node if isinstance(node, dict) else range(len(node)):
            places.append((node, key))
            if isinstance(node[key], (dict, list)):
                walk(node[key])

    walk(made)
    for _ in range(draw.randint(1, 3)):
        holder, key = draw.choice(places)
        holder[key] = draw.choice(OTHERWISE)
    return made


@pytest.mark.parametrize("seed", range(40))
def test_what_is_shaken_never_breaks_it(seed: int, tmp_path: Path) -> None:
    """Whatever is wrong with a manifest: what is written of it passes the checks of a project, or it is told."""
    draw = random.Random(seed)
    tools = {"dbt": "semantic_manifest_1_12_latest.json", "ossie": "osi_document_1_12.json"}
    for tool, name in tools.items():
        file = tmp_path / name
        shaken_text = json.dumps(shaken(json.loads((MADE / name).read_text(encoding="utf-8")), draw))
        file.write_text(shaken_text, encoding="utf-8")
        try:
            brought = bring(Wish(tool, file, tmp_path / tool, source="demo"), {})
        except NotRead:
            continue
        assert brought.files


def test_other_files_are_told(tmp_path: Path, run_cli: RunCli) -> None:
    def told(tool: str, text: str | bytes) -> str:
        (tmp_path / "x.json").write_bytes(text if isinstance(text, bytes) else text.encode())
        done = run_cli(["import", tool, "x.json", "--into", "p"], cwd=tmp_path)
        assert done.returncode == 1
        assert not (tmp_path / "p").exists()
        return done.stderr

    assert "error[no-model]: the file has no semantic models" in told("dbt", '{"nodes": {}}')
    assert "`target/semantic_manifest.json` is meant, beside it" in told("dbt", '{"nodes": {}}')
    newer = told("dbt", '{"semantic_models": [], "metrics": [{"name": "a"}]}')
    assert "dbt 2 leaves out what is in the form of dbt 1.6 to 1.11" in newer
    assert "error[wrong-type]: the file holds no object" in told("dbt", "[1]")
    assert "error[json-syntax]" in told("dbt", "{'a': 1}")
    assert "x.json:1:2" in told("dbt", "{'a': 1}")
    assert "error[no-model]" in told("ossie", "a: 1")
    assert "error[unknown-version]: the version `9.9` is none" in told(
        "ossie", "version: '9.9'\nsemantic_model: [{name: a}]"
    )
    assert "x.json:1:10" in told("ossie", "version: '9.9'\nsemantic_model: [{name: a}]")
    assert "nothing of the file can be taken over" in told("ossie", "version: 0.1.1\nsemantic_model: [{name: a}]")
    assert "error[alias-bomb]" in told("ossie", "a: &a [" + "1," * 2000 + "1]\nb: [" + "*a," * 100 + "*a]\n")
    assert "error[not-utf-8]" in told("dbt", b'{"a": "\xff"}')
    assert "there is no file `y.json`" in run_cli(["import", "dbt", "y.json"], cwd=tmp_path).stderr
    assert (
        "no SQL dialect is named `snowflak`"
        in run_cli(
            ["import", "dbt", str(MADE / "semantic_manifest_1_11.json"), "--dialect", "snowflak"], cwd=tmp_path
        ).stderr
    )


def test_ours_that_others_changed_is_checked(tmp_path: Path) -> None:
    """An extension of our own that says what cannot be is none."""
    entity = {"entity": "orders", "fields": {"day": {"type": "date"}}, "where": "read_text('x') = 'y'"}
    document = {
        "version": "0.1.1",
        "semantic_model": [
            {
                "name": "m",
                "datasets": [
                    {
                        "name": "orders",
                        "source": "orders",
                        "fields": [
                            {"name": "day", "expression": {"dialects": [{"dialect": "ANSI_SQL", "expression": "d"}]}}
                        ],
                        "custom_extensions": [
                            {
                                "vendor_name": "REPORTSPEC",
                                "data": json.dumps({"by": "reportspec", "v": 1, "entity": entity}),
                            }
                        ],
                    }
                ],
                "metrics": [
                    {
                        "name": "all_orders",
                        "expression": {"dialects": [{"dialect": "ANSI_SQL", "expression": "COUNT(*)"}]},
                        "custom_extensions": [
                            {
                                "vendor_name": "REPORTSPEC",
                                "data": json.dumps(
                                    {
                                        "by": "reportspec",
                                        "expression": "COUNT(*)",
                                        "entry": {"metric": "all_orders", "kind": 7},
                                    }
                                ),
                            }
                        ],
                    }
                ],
            }
        ],
    }
    (tmp_path / "m.json").write_text(json.dumps(document), encoding="utf-8")
    brought = bring(Wish("ossie", tmp_path / "m.json", tmp_path / "p", source="demo"), {})
    messages = "\n".join(each.message for each in brought.told)
    assert "dataset `orders`: what our own extension says of it cannot be used" in messages
    assert "metric `all_orders` is not taken over" in messages
    assert "where" not in yaml.safe_load((tmp_path / "p" / "entities" / "orders.yaml").read_text(encoding="utf-8"))
