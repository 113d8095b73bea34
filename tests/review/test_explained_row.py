"""Why a record counts in a figure, or does not, held against rows written by hand; and, for every metric of the
catalogue and every record of the demo, against what the statement of figures says of that record alone."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from math import isclose
from pathlib import Path
from typing import Any

import pytest

from reportspec.compile import statement_of
from reportspec.contract.survey import ask
from reportspec.databases import KINDS, dialect_named
from reportspec.expression.sandbox import parse
from reportspec.measures.asked import aggregates, measures_of
from reportspec.model.column_ids import Member
from reportspec.model.domain import Metric
from reportspec.model.query import AggregateQuery, Dimension
from reportspec.model.spec import Report
from reportspec.resolve.binding import Unresolved, need_metric
from reportspec.review.explained_row import RowAsked, found_by
from reportspec.sql.column_names import read
from reportspec.sql.counted_rows import (
    Counting,
    conditions_asked,
    left_out_statement,
    rows_statement,
    touched_rows_statement,
)
from reportspec.sql.dialect import sql_text
from tests.conftest import RunCli
from tests.figures.asking import NOW
from tests.loading import load_report

DEALS = """id,status,amount,currency,closed,created,owner,deleted,test
won,won,1000,EUR,2026-08-03T10:00:00,2026-05-01T09:00:00,a,false,false
dollars,won,500,USD,2026-08-04T10:00:00,2026-05-01T09:00:00,a,false,false
unpriced,won,,EUR,2026-08-05T10:00:00,2026-05-01T09:00:00,a,false,false
open,open,70,EUR,,2026-05-01T09:00:00,a,false,false
early,won,80,EUR,2026-06-30T10:00:00,2026-05-01T09:00:00,a,false,false
late,won,90,EUR,2026-10-01T00:00:00,2026-05-01T09:00:00,a,false,false
south,won,400,EUR,2026-08-03T10:00:00,2026-05-01T09:00:00,b,false,false
gone,won,300,EUR,2026-08-03T10:00:00,2026-05-01T09:00:00,a,true,false
test,won,200,EUR,2026-08-03T10:00:00,2026-05-01T09:00:00,a,false,true
"""
MAPPING = """
timezone: UTC
entities:
  deal:
    table: deals
    where: not test
    key: id
    fields: {status: status, amount: amount, currency: currency, closed_at: closed, created_at: created,
             owner_id: owner, is_deleted: deleted}
  user: {table: people, key: nr, fields: {name: full_name, email: mail, team: unit}}
"""


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    (tmp_path / "deals.csv").write_text(DEALS)
    (tmp_path / "people.csv").write_text(
        "nr,full_name,mail,unit\na,Ada Low,ada@acme.com,North\nb,Bo,bo@acme.com,South\n"
    )
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: {files: {deals: deals.csv, people: people.csv}}\n"
        "mapping: mapping.yaml\ntimezone: UTC\ncurrency: EUR\n"
    )
    path = tmp_path / "spec.yaml"
    path.write_text(
        "version: 1\nreport: custom\nperiod: 2026-Q3\nfilters:\n  - {field: user.team, eq: North}\n"
        "sections:\n  - id: head\n    kpis: [won_amount, close_rate]\n"
        "  - id: big\n    kpis: [won_amount]\n    where: user.name <> 'Ada Low'\n"
    )
    return path


def told(run_cli: RunCli, spec: Path, key: str, figure: str = "won_amount", code: int = 0) -> list[dict[str, Any]]:
    run = run_cli(["explain", spec, figure, "--row", key, "--format", "json"], env={"REPORTSPEC_NOW": NOW.isoformat()})
    assert run.returncode == code, run.stderr
    found: list[dict[str, Any]] = json.loads(run.stdout)
    return found


def failed(row: dict[str, Any]) -> list[str]:
    return [condition["text"] for condition in row["conditions"] if not condition["met"]]


def test_a_row_that_counts_and_what_the_figure_is_without_it(run_cli: RunCli, spec: Path) -> None:
    head, big = told(run_cli, spec, "won")
    assert (head["sections"], head["counts"], head["figure"], head["without"]) == (["head"], True, 1000, None)
    [[row]] = [part["rows"] for part in head["parts"]]
    assert row["adds"] == 1000
    assert {value["field"]: value["value"] for value in row["values"]} == {
        "deal.deal_id": "won",
        "deal.amount": 1000,
        "deal.currency": "EUR",
    }
    assert (big["sections"], big["counts"]) == (["big"], False)
    assert failed(big["parts"][0]["rows"][0]) == ["\"user\".name <> 'Ada Low'"]


@pytest.mark.parametrize(
    ("key", "conditions", "lacks"),
    [
        ("open", ["deal.closed_at from 2026-07-01 on", "deal.closed_at before 2026-10-01", "deal.status = 'won'"], []),
        ("early", ["deal.closed_at from 2026-07-01 on"], []),
        ("late", ["deal.closed_at before 2026-10-01", "deal.status = 'won'"], []),
        ("south", ["\"user\".team = 'North'"], []),
        ("unpriced", [], ["missing"]),
        ("dollars", [], ["other_currency"]),
    ],
)
def test_a_row_that_does_not_count(
    run_cli: RunCli, spec: Path, key: str, conditions: list[str], lacks: list[str]
) -> None:
    """What was won in October was open at the end of September."""
    [row] = told(run_cli, spec, key)[0]["parts"][0]["rows"]
    assert (row["counts"], failed(row), row["lacks"], row["adds"]) == (False, conditions, lacks, None)


def test_a_record_that_is_left_out_altogether(run_cli: RunCli, spec: Path) -> None:
    for key, asks in (("gone", "population"), ("test", "mapping")):
        part = told(run_cli, spec, key)[0]["parts"][0]
        assert part["rows"] == []
        [left] = part["left_out"]
        assert [one["asks"] for one in left["conditions"] if not one["met"]] == [asks]


def test_each_part_of_a_rate_is_told(run_cli: RunCli, spec: Path) -> None:
    """Of four closed deals in the North four are won."""
    [rate] = told(run_cli, spec, "won", "close_rate")
    assert [part["metric"] for part in rate["parts"]] == ["won_deals_count", "closed_deals_count"]
    assert [part["rows"][0]["adds"] for part in rate["parts"]] == [1, 1]
    assert (rate["figure"], rate["without"]) == (1, 1)


def test_records_by_another_field(run_cli: RunCli, spec: Path) -> None:
    part = told(run_cli, spec, "user.email=ada@acme.com")[0]["parts"][0]
    assert part["by"] == "user.email"
    assert [row["counts"] for row in part["rows"]] == [True, *[False] * 5]
    assert part["rows"][0]["key"]["value"] == "won"
    assert (part["found"], part["counted"], part["together"]) == (6, 1, 1000)


def test_of_many_records_all_are_judged(run_cli: RunCli, spec: Path) -> None:
    """Behind thirty that do not count by any order of their fields stand two that do."""
    many = "".join(f"a{at:02},open,9,EUR,,2026-05-01T09:00:00,a,false,false\n" for at in range(30))
    wins = "".join(f"z{at},won,{at}00,EUR,2026-09-29T10:00:00,2026-05-01T09:00:00,a,false,false\n" for at in (2, 3))
    (spec.parent / "deals.csv").write_text(DEALS + many + wins)
    [head] = [one for one in told(run_cli, spec, "user.name=Ada Low") if one["sections"] == ["head"]]
    [part] = head["parts"]
    assert head["counts"]
    assert (part["found"], part["counted"], part["together"]) == (38, 3, 1500)
    assert [row["key"]["value"] for row in part["rows"] if row["counts"]] == ["won", "z2", "z3"]
    text = run_cli(
        ["explain", spec, "won_amount", "--row", "user.name=Ada Low"], env={"REPORTSPEC_NOW": NOW.isoformat()}
    ).stdout
    assert "of Ada Low 3 of 38 rows of deal count, with 1,500.00 EUR" in text
    assert "… and 18 more rows of user.name; none of them counts" in text


def test_a_time_is_shown_as_its_condition_reads_it_and_a_missing_currency_as_none(run_cli: RunCli, spec: Path) -> None:
    (spec.parent / "deals.csv").write_text(
        DEALS + "coinless,won,5,,2026-08-03T10:00:00,2026-05-01T09:00:00,a,false,false\n"
    )
    [late] = told(run_cli, spec, "late")[0]["parts"][0]["rows"]
    times = {one["asks"]: (one["met"], one["values"][0]["value"]) for one in late["conditions"][:2]}
    assert times == {"from": (True, "2026-10-01T00:00:00"), "until": (False, "2026-10-01T00:00:00")}
    [coinless] = told(run_cli, spec, "coinless")[0]["parts"][0]["rows"]
    assert coinless["lacks"] == ["no_currency"]


def test_an_unknown_key_and_other_mistakes(run_cli: RunCli, spec: Path) -> None:
    run = run_cli(["explain", spec, "won_amount", "--row", "nobody"])
    assert run.returncode == 1
    assert "there is no record with the key nobody" in run.stdout
    for args, message in (
        (["--row", "won"], "--row is of one figure"),
        (["won_amount", "--row", "deal.nothing=1"], "`deal` has no field `nothing`"),
        (["won_amount", "--row", ""], "it is empty"),
    ):
        run = run_cli(["explain", spec, *args])
        assert run.returncode == 2
        assert message in run.stderr


def test_personal_values_are_covered_unless_asked_for(run_cli: RunCli, spec: Path) -> None:
    for form in ("text", "md", "json"):
        asked = ["explain", spec, "won_amount", "--row", "user.name=Ada Low", "--format", form]
        spec.write_text(spec.read_text().replace("user.name <>", "user.email <>").replace("'Ada Low'", "'x'"))
        covered, whole = (run_cli([*asked, *more]).stdout.replace("\\", "") for more in ([], ["--show-personal"]))
        assert "ada@acme.com" not in covered
        assert "a…@a…" in covered
        assert "ada@acme.com" in whole


def test_of_a_spec_for_each_value_the_figure_of_all_is_told(run_cli: RunCli, spec: Path) -> None:
    text = spec.read_text().replace("filters:\n  - {field: user.team, eq: North}\n", "for_each: user.team\n")
    spec.write_text(text)
    assert told(run_cli, spec, "south")[0]["counts"]


# Every metric


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("demo")
    (folder / "reportspec.yaml").write_text("version: 1\nsource: demo\ntimezone: Europe/Rome\ncurrency: EUR\n")
    path = folder / "spec.yaml"
    path.write_text("version: 1\nreport: custom\nperiod: 2026-Q3\nsections:\n  - {id: a, kpis: [won_amount]}\n")
    report = load_report(path, NOW, {}).report
    assert report is not None
    return report


def countings(report: Report) -> Iterator[tuple[Metric, Counting]]:
    """Every aggregate that a metric of the catalogue is made of, of amounts above 1000 where it is one of deals."""
    served = []
    for metric in report.binding.catalogue.metrics.values():
        try:
            need_metric(report.binding, metric)
        except Unresolved:
            continue
        served.append(metric)
    for part in aggregates(report.binding, served):
        filters = (parse("deal.amount > 1000", packaged=True),) if part.entity == "deal" else ()
        yield part, Counting(measures_of(report.binding, part), report.sides[0], filters)


def test_each_database_is_asked_for_rows_in_its_own_words(demo: Report) -> None:
    """Statements that cannot be written raise Unsupported."""
    binding, side = demo.binding, demo.sides[0]
    since = datetime(2026, 9, 1, tzinfo=UTC)
    for name in ("won_amount", "open_amount", "prospects_count", "stage_duration_days"):
        metric = binding.catalogue.metrics[name]
        counting = Counting(measures_of(binding, metric), side, ())
        key = found_by(binding, metric.entity, RowAsked(""))
        trees = [rows_statement(binding, counting, given, counted=True, most=5) for given in ([key], [])]
        if binding.entity(metric.entity).derived is None:
            times = [(metric.entity, "created_at")]
            trees.append(touched_rows_statement(binding, counting, [key], times, since, 10))
            trees.append(left_out_statement(binding, metric.entity, key[-1], "x", ["is_deleted"]))
        for tree in trees:
            for kind in KINDS:
                assert "SELECT" in sql_text(tree, dialect_named(kind))


@pytest.mark.slow
@pytest.mark.xdist_group("rows of every metric")
def test_of_every_metric_the_records_that_count_are_those_that_the_figure_has(demo: Report) -> None:
    """A record counts where all of its conditions hold and it has a value; the figure restricted to it, which the
    statement of figures is asked for by its key, has it exactly then; and what records add makes the figure.

    Slow: two statements of each metric are compiled and run."""
    binding, asked = demo.binding, list(countings(demo))
    assert len(asked) > 100
    trees, queries = [], []
    for _, counting in asked:
        key = binding.entity(counting.entity).key
        given = [(counting.entity, key)] if key is not None else []
        by = tuple(Dimension(".".join(path), path, binding.resolve(counting.entity, path).field) for path in given)
        query = AggregateQuery("row", "figures", by, counting.measures, (counting.side,), counting.conditions)
        trees += [rows_statement(binding, counting, given), statement_of(demo, query)]
        queries.append(query)
    tables = iter(ask(demo, trees))
    for (part, counting), query in zip(asked, queries, strict=True):
        rows, figures = next(tables).dicts(), next(tables)
        keyed = binding.entity(counting.entity).key is not None
        places = range(len(conditions_asked(binding, counting)))
        kept = {measure.keep: at for at, measure in enumerate(counting.measures)}
        count = next(at for at, one in enumerate(counting.measures) if one.aggregate == "count" and one.keep == "value")
        found: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            found[row["f0"] if keyed else None].append(row)
            holds = all(row[f"c{at}"] for at in places)
            lacks = any(row[f"m{at}"] for why, at in kept.items() if why != "value")
            assert bool(row[f"m{count}"]) <= holds, part.id
            assert not holds or row[f"m{count}"] or lacks or part.of is not None, part.id
        wanted = {row.get(Member(0)): row for row in read(query, figures)}
        for key, row_of_key in wanted.items():
            for at, measure in enumerate(counting.measures):
                added = [row[f"m{at}"] for row in found[key] if row[f"m{at}"] is not None]
                agree(part.id, measure.aggregate, measure.keep, added, row_of_key[measure.column])
        for key in found.keys() - wanted.keys():
            assert not any(row[f"m{count}"] for row in found[key]), part.id


def agree(metric: str, aggregate: str, keep: str, added: list[Any], figure: Any) -> None:
    """What rows add makes what the statement of figures has of them."""
    if aggregate == "quantile":
        assert (figure is None) == (not added), metric
        return
    if aggregate in ("count", "sum") or keep != "value":
        assert isclose(float(sum(added)), float(figure or 0), abs_tol=1e-6), metric
    elif aggregate == "distinct":
        assert len(set(added)) == figure, metric
    else:
        assert (max if aggregate == "max" else min)(added, default=None) == figure, metric
