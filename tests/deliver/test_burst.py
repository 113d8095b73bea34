"""Nobody is ever shown rows of another: reports of `for_each` against reports with a filter, against
sums of the rows themselves, and against canaries in everything that leaves.

Slow: a report for each member, and the same again with a filter; PDFs are read for texts of others."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reportspec import api
from reportspec.errors import NoReport
from reportspec.formats import files_of
from reportspec.model.figures import Figures
from tests.conftest import Draw
from tests.deliver.burst import (
    HOSTILE,
    NOW,
    Person,
    Row,
    Tables,
    all_texts,
    checked,
    in_file,
    in_mail,
    named,
    of_all,
    of_each,
    of_one,
    people,
    rows_of,
    table,
    tiles,
    together,
    unlike,
    whole,
)
from tests.deliver.burst import (
    project as made_project,
)
from tests.deliver.conftest import Run, results
from tests.deliver.server import Handler, Server
from tests.loading import load_report

pytestmark = pytest.mark.xdist_group("burst")
PEOPLE = people(HOSTILE)
BY_NAME = {one.name: one for one in PEOPLE}
TYPES = (
    "pipeline",
    "conversions",
    "sales_cycle",
    "lost_deals",
    "leads",
    "profitability",
    "sales_activity",
    "sales_forecast",
)
ADDITIVE = (
    "won_amount",
    "won_deals_count",
    "lost_amount",
    "open_amount",
    "open_opportunities_count",
    "deals_created_count",
    "leads_created_count",
    "leads_converted_count",
    "activities_done_count",
    "stage_exits_count",
    "purchases_amount",
    "forecast_open_amount",
)
EVERY_KIND: dict[str, Any] = {
    "compare": "previous_period",
    "sections": [
        {"id": "sums", "kpis": list(ADDITIVE)},
        {
            "id": "rates",
            "kpis": [
                "close_rate",
                "sales_cycle_days",
                "sales_cycle_days.median",
                "sales_cycle_days.p90",
                "sales_cycle_days.max",
                "forecast_amount",
                "forecast_amount.by_history",
                "stage_conversion_rate",
                "customers_count",
            ],
        },
        {"id": "over", "trend": {"metrics": ["won_amount", "open_amount"], "grain": "month"}},
        {"id": "over_by", "trend": {"metrics": ["leads_created_count"], "grain": "month", "by": "lead.source"}},
        {"id": "over_each", "trend": {"metrics": ["won_amount"], "grain": "month", "by": "user.name"}},
        {
            "id": "by_same",
            "breakdown": {"metrics": ["won_amount", "close_rate", "leads_created_count"], "by": ["user.name"]},
        },
        {
            "id": "by_two",
            "breakdown": {"metrics": ["won_amount"], "by": ["user.name", "deal.source"], "chart": "heatmap"},
        },
        {
            "id": "by_other",
            "breakdown": {
                "metrics": ["won_deals_count", "deals_created_count", "sales_cycle_days.median"],
                "by": ["deal.source"],
                "sort": "-deals_created_count",
                "top": 1,
                "others": True,
            },
        },
        {"id": "by_stage", "breakdown": {"metrics": ["open_amount", "stage_exits_count"], "by": ["stage.name"]}},
        {
            "id": "by_size",
            "breakdown": {"metrics": ["deals_created_count"], "by": [{"field": "deal.amount", "bins": [4000, 9000]}]},
        },
        {
            "id": "untotalled",
            "breakdown": {"metrics": ["lost_deals_count"], "by": ["deal.loss_reason"], "totals": False},
        },
        {
            "id": "shares",
            "breakdown": {"metrics": ["lost_share", "lead_share", "purchases_share"], "by": ["account.name"]},
        },
        {"id": "fall", "breakdown": {"metrics": ["won_amount"], "by": ["account.industry"], "chart": "waterfall"}},
        {
            "id": "deals",
            "records": {
                "entity": "deal",
                "period": "all",
                "fields": [
                    "deal.name",
                    "account.name",
                    "user.name",
                    "deal.loss_reason",
                    "deal.competitor",
                    "deal.amount",
                ],
                "sort": "-deal.amount",
                "limit": 4,
            },
        },
        {
            "id": "best",
            "records": {
                "entity": "customer",
                "fields": ["account.name", "user.name", "customer.revenue"],
                "sort": "-customer.revenue",
            },
        },
        {
            "id": "calls",
            "records": {"entity": "activity", "fields": ["activity.subject", "activity.outcome", "account.name"]},
        },
        {"id": "steps", "funnel": {"steps": ["leads_created_count", "leads_converted_count", "lead_customers_count"]}},
        {
            "id": "told",
            "highlights": {
                "metrics": ["won_amount", "close_rate"],
                "at_least": 1,
                "compare": [{"metric": "close_rate", "by": "deal.source"}, {"metric": "close_rate", "by": "user.name"}],
                "shares": [{"metric": "leads_created_count", "by": "lead.source", "with": "lead_conversion_rate"}],
            },
        },
        {"id": "worth", "backtest": {"metric": "forecast_amount", "against": "won_amount", "periods": 2}},
    ],
}
_MAILED = (
    "Rossi",
    "rossi",
    "ROSSI",
    "Rossi ",
    " Rossi",
    "O'Brien",
    'Anna "Ann" Berg',
    "'; DROP TABLE deals; --",
    "{{ each }}",
    "{{ each.email }}",
    "{{ each.value }}",
    "Anna-Maria Berg",
    "Anna Maria Berg",
    "won",
    "🦊 Fox",
)
MAILED = [one for one in PEOPLE if one.name in _MAILED]
FEW = ("Rossi", "ROSSI", "O'Brien", "{{ each }}")  # few enough to have statements of their own


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made_project(tmp_path_factory.mktemp("crm"), together(map(rows_of, PEOPLE)))


@pytest.fixture(scope="module")
def together_made(crm: Path) -> dict[str, Figures]:
    """A report of every kind of section for everybody."""
    return of_each(crm, {**EVERY_KIND, "for_each": "user.name"})


# --- figures -------------------------------------------------------------------------------------


def test_each_name_has_a_report(together_made: dict[str, Figures]) -> None:
    assert list(together_made) == sorted(HOSTILE)
    assert {figures.each for figures in together_made.values()} == {("user.name", name) for name in HOSTILE}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(one, marks=[] if one in HOSTILE[4:5] else pytest.mark.slow, id=f"{n}")
        for n, one in enumerate(HOSTILE)
        # Some seconds each; all of them are told apart in the tests of what is sent.
        if n % 8 == 4
    ],
)
def test_figures_are_those_of_a_report_with_a_filter(crm: Path, together_made: dict[str, Figures], name: str) -> None:
    """By everybody's statements, and by the value's own where few reports are made."""
    alone = of_one(crm, EVERY_KIND, name)
    assert unlike(together_made[name], alone) == []
    if name in HOSTILE[4:5]:
        assert unlike(of_each(crm, {**EVERY_KIND, "for_each": "user.name"}, name)[name], alone) == []


def test_stages_stand_in_their_order(crm: Path) -> None:
    """As in a report with a filter, and as in a pipeline: New comes before Talk, and Talk before Offer."""
    spec = {"sections": [{"id": "s", "breakdown": {"metrics": ["stage_exits_count"], "by": ["stage.name"]}}]}
    for name, figures in of_each(crm, {**spec, "for_each": "user.name"}, *FEW).items():
        stages = [row["stage.name"] for row in table(figures, "s")]
        order = ["New", "Talk", "Offer", "Won", "Lost"]
        assert stages == [one for one in order if one in stages], name


@pytest.mark.parametrize(
    "kind",
    [pytest.param(k, marks=[] if k == "leads" else pytest.mark.slow) for k in TYPES],
)
def test_standard_reports_are_those_with_a_filter(crm: Path, kind: str, draw: Draw) -> None:
    """By day for one of the names, another for the next kind of report, beside a sixth of all; by night for four beside
    all."""
    spec = {"report": kind, "compare": "previous_period"}
    some = [FEW[(TYPES.index(kind) + at) % len(FEW)] for at in range(draw.rounds(1, len(FEW)))]
    beside = HOSTILE[TYPES.index(kind) % 6 :: 6] if not draw.night else HOSTILE
    many = of_each(crm, {**spec, "for_each": "user.name"}, *dict.fromkeys([*some, *beside]))
    few = of_each(crm, {**spec, "for_each": "user.name"}, *some)
    for name, figures in many.items():
        assert named(all_texts(figures)) <= {BY_NAME[name].number}, name
    for name in some:
        alone = of_one(crm, spec, name)
        assert unlike(many[name], alone) == [], name
        assert unlike(few[name], alone) == [], name


def test_figures_are_made_of_own_rows_only(together_made: dict[str, Figures]) -> None:
    """Every amount is a multiple of its owner's prime: a sum in which a row of another is, is not."""
    for name, figures in together_made.items():
        own = BY_NAME[name]
        found = [value for metric, value in tiles(figures).items() if metric.endswith("_amount") and metric in ADDITIVE]
        found += [
            row[key]
            for section in ("over", "by_same", "fall", "deals", "best")
            for row in table(figures, section)
            for key in row
            if key.endswith(("amount", "revenue"))
        ]
        assert all(round(float(value)) % own.prime == 0 for value in found if value is not None), name
        assert any(value for value in found), name


def test_parts_add_up_to_the_whole(crm: Path, together_made: dict[str, Figures]) -> None:
    everything = tiles(of_all(crm, {**EVERY_KIND, "sections": EVERY_KIND["sections"][:1]}))
    for metric in ADDITIVE:
        parts = [float(tiles(figures)[metric]) for figures in together_made.values()]
        assert everything[metric] > 0, metric
        assert sum(parts) == pytest.approx(float(everything[metric]), rel=1e-9), metric


def test_figures_are_the_sums_of_the_rows(together_made: dict[str, Figures]) -> None:
    """By the rows themselves, without any statement."""
    for name, figures in together_made.items():
        rows = rows_of(BY_NAME[name])
        shown = tiles(figures)
        within = [row for row in rows["deals"] if row["closed"] and "2026-07-01" <= row["closed"] < "2026-10-01"]
        won = [row["amount"] for row in within if row["status"] == "won"]
        assert (shown["won_deals_count"], shown["won_amount"]) == (len(won), sum(won)), name
        assert shown["lost_amount"] == sum(row["amount"] for row in within if row["status"] == "lost"), name
        leads = [row for row in rows["leads"] if "2026-07-01" <= row["created"] < "2026-10-01"]
        assert shown["leads_created_count"] == len(leads), name
        assert whole(figures, "by_same")["won_amount"] == sum(won), name
        assert len(table(figures, "deals")) == 4, name


def test_no_text_of_another(together_made: dict[str, Figures]) -> None:
    """In cells, labels, sentences, footnotes, filters and statements."""
    for name, figures in together_made.items():
        assert named(all_texts(figures)) == {BY_NAME[name].number}, name
        # In shares, rows and columns by the field itself there is one name.
        assert {row["user.name"] for row in table(figures, "by_same")} == {name}
        assert {row["user.name"] for row in table(figures, "over_each")} <= {name, None}
        assert sum(row["lead_share"] or 0 for row in table(figures, "shares")) == pytest.approx(1), name


def test_statements_name_no_other_value(together_made: dict[str, Figures]) -> None:
    """They stand in the PDF's appendix."""
    told = {name: "\n".join(one.sql for one in figures.statements) for name, figures in together_made.items()}
    for name, sql in told.items():
        literals = {one.replace("''", "'") for one in re.findall(r"'((?:[^']|'')*)'", sql)}
        others = set(HOSTILE) - {name, "won"}
        assert not literals & others, name


def test_goals_are_ones_own(crm: Path) -> None:
    """Targets of the spec, those of the table, and none where there is no row of one's own."""
    # A spec holds no letters that turn its text around.
    named_there = [one for one in PEOPLE[:-1] if "\u202e" not in one.name]
    targets = {one.name: 7_000_003 + 1_013 * one.number for one in named_there}
    goal = {
        "won_amount": {"target": "table", "by": "user.name"},
        "open_amount": {"by": "user.name", "targets": targets},
    }
    found = of_each(crm, {"for_each": "user.name", "metrics": ["won_amount", "open_amount"], "goals": goal})
    for name, figures in found.items():
        own = BY_NAME[name]
        [row] = table(figures, "goal_won_amount")
        assert (row["user.name"], row["target"]) == (name, own.prime * 20)
        goals = {kpi.column.metric: kpi.goal for section in figures.sections for kpi in section.kpis}
        assert goals["won_amount"] is not None
        assert goals["won_amount"].target == own.prime * 20
        told = {row["target"] for row in table(figures, "goal_open_amount")} if name in targets else set()
        assert told - {None} == ({targets[name]} if name in targets else set()), name
        assert name in targets or "goal_open_amount" not in {section.id for section in figures.sections}
        assert not {str(v) for k, v in targets.items() if k != name} & set(re.findall(r"\d+", all_texts(figures)))


def test_targets_by_another_field_are_nobodys(crm: Path) -> None:
    goal = {"won_amount": {"by": "user.team", "targets": {"North": 7_000_003, "South": 8_000_009}}}
    for figures in of_each(crm, {"for_each": "user.name", "metrics": ["won_amount"], "goals": goal}).values():
        assert not re.search("7000003|8000009", all_texts(figures))


def test_who_has_no_rows_has_an_empty_report(tmp_path: Path) -> None:
    crowd = [
        *people(HOSTILE[:8]),
        Person(98, "Nobody", "p00098@example.com", "North", 7919),
        Person(99, "nobody", "p00099@example.com", "South", 7927),
    ]
    rows = together(rows_of(one, 0 if one.number > 90 else None) for one in crowd)
    rows["quotas"] = [row for row in rows["quotas"] if row["value"] not in ("Nobody", "nobody")]
    made_project(tmp_path, rows)
    kinds = [
        one for one in EVERY_KIND["sections"] if one["id"] in ("sums", "by_same", "by_size", "deals", "steps", "worth")
    ]
    spec = {**EVERY_KIND, "sections": kinds, "for_each": "user.name"}
    for only in ((), ("Nobody", "nobody")):
        found = of_each(tmp_path, spec, *only)
        for name, number in (("Nobody", 98), ("nobody", 99)):
            assert set(tiles(found[name]).values()) <= {0, None}
            assert named(all_texts(found[name])) <= {number}
            for section in found[name].sections:
                figures = [at for at, column in enumerate(section.columns) if column.role in ("metric", "previous")]
                assert all(row[at] in (0, None) for row in section.rows for at in figures), section.id
                assert section.kind != "records" or not section.rows


def test_rows_of_nobody_are_in_no_report(tmp_path: Path) -> None:
    """Those without an owner, with one whom the source does not know, and of people without a name."""
    crowd = people(HOSTILE[:9])
    rows = together(map(rows_of, crowd))
    for at, (owner, label) in enumerate((("U777", None), (None, None), ("U778", ""), ("U779", None))):
        own = rows_of(Person(500 + at, "x", "x@example.com", "North", 6007))
        own["users"] = [] if label is None and at < 2 else [{**own["users"][0], "id": owner, "name": label}]
        for name in ("deals", "leads", "activities", "accounts"):
            own[name] = [{**row, "owner_id": owner} for row in own[name]]
        rows = together([rows, {**own, "quotas": []}])
    made_project(tmp_path, rows)
    found = of_each(tmp_path, {**EVERY_KIND, "sections": EVERY_KIND["sections"][:2], "for_each": "user.name"})
    assert set(found) == {one.name for one in crowd}
    for one in crowd:
        assert named(all_texts(found[one.name])) <= {one.number}
        assert tiles(found[one.name])["won_amount"] % one.prime == 0


@pytest.mark.parametrize("team", ["user.team", pytest.param("account.industry", marks=pytest.mark.slow)])
def test_other_fields(crm: Path, team: str) -> None:
    spec = {**EVERY_KIND, "sections": EVERY_KIND["sections"][:1]}
    found = of_each(crm, {**spec, "for_each": team})
    members = {one: {p.number for p in PEOPLE if one in (p.team, f"Industry {p.canary}")} for one in found}
    assert len(found) == (2 if team == "user.team" else len(PEOPLE))
    for value, figures in found.items():
        assert members[value]
        assert named(all_texts(figures)) <= members[value]
    one = sorted(found)[0]
    assert unlike(found[one], of_one(crm, spec, one, team)) == []
    parts = [float(tiles(figures)["won_amount"]) for figures in found.values()]
    assert sum(parts) == pytest.approx(float(tiles(of_all(crm, spec))["won_amount"]))


def test_who_is_left_out_is_not_said_to_be_none(crm: Path) -> None:
    spec = {"for_each": {"field": "user.name", "where": "user.name <> 'rossi'"}, "metrics": ["won_amount"]}
    with pytest.raises(NoReport, match=r"the `where` of `for_each` leaves out the value `rossi` of `user\.name`"):
        of_each(crm, spec, "rossi")
    with pytest.raises(NoReport, match="has no value `rossini`"):
        of_each(crm, spec, "rossini")


def test_only_the_reports_that_are_asked_for(crm: Path) -> None:
    spec = {"for_each": "user.name", "metrics": ["won_amount"]}
    assert set(of_each(crm, spec, "rossi", "O'Brien")) == {"rossi", "O'Brien"}
    for other in ("Rossi  ", "rOSSI"):
        with pytest.raises(NoReport, match="has no value"):
            of_each(crm, spec, "rossi", other)
    chosen = of_each(
        crm,
        {
            "for_each": {"field": "user.name", "where": "user.team = 'North'"},
            "metrics": ["won_amount"],
        },
    )
    assert set(chosen) == {one.name for one in PEOPLE if one.team == "North"}
    assert all(named(all_texts(figures)) <= {BY_NAME[name].number} for name, figures in chosen.items())


# --- laws ------------------------------------------------------------------------------------------

_OWNERS = st.sampled_from(["U0", "U1", "U2", "U3", "U4", "U5", "U6", "U7", "U8", None, "U404"])
_DAYS = st.integers(0, 200).map(lambda days: date(2026, 4, 1) + timedelta(days=days))
_DEALS = st.lists(
    st.tuples(_OWNERS, st.sampled_from(["won", "lost", "open"]), st.integers(0, 10**6), _DAYS),
    max_size=30,
)
_LEADS = st.lists(st.tuples(_OWNERS, _DAYS), max_size=15)


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    deals=_DEALS,
    leads=_LEADS,
    names=st.permutations(HOSTILE).map(lambda found: found[:9]),
    few=st.booleans(),
)
def test_parts_and_nobodys_rows_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory,
    deals: list[Any],
    leads: list[Any],
    names: Sequence[str],
    few: bool,
) -> None:
    """Of whatever rows: each is in one report or belongs to nobody, and sums are those of the rows."""
    crowd = people(names)[: 4 if few else 9]
    rows = _drawn(crowd, deals, leads)
    folder = made_project(tmp_path_factory.mktemp("law"), rows)
    metrics = [
        "won_amount",
        "won_deals_count",
        "lost_amount",
        "open_amount",
        "deals_created_count",
        "leads_created_count",
    ]
    spec = {"metrics": metrics}
    found = {name: tiles(figures) for name, figures in of_each(folder, {**spec, "for_each": "user.name"}).items()}
    unowned = {"field": "user.name", "is_null": True}
    nobodys = tiles(of_all(folder, {**spec, "filters": [unowned]}))
    everything = tiles(of_all(folder, spec))
    for metric in metrics:
        assert sum(one[metric] for one in found.values()) + nobodys[metric] == pytest.approx(everything[metric]), metric
    for person in crowd:
        own = [row for row in rows["deals"] if row["owner_id"] == f"U{person.number}"]
        won = [row["amount"] for row in own if row["status"] == "won" and "2026-07-01" <= row["closed"] < "2026-10-01"]
        assert found[person.name]["won_amount"] == sum(won)
        assert found[person.name]["won_deals_count"] == len(won)
        mine = [row for row in rows["leads"] if row["owner_id"] == f"U{person.number}"]
        assert found[person.name]["leads_created_count"] == sum(
            "2026-07-01" <= row["created"] < "2026-10-01" for row in mine
        )


def _drawn(crowd: Sequence[Person], deals: list[Any], leads: list[Any]) -> Tables:
    pattern = rows_of(people(["x"])[0])
    rows: Tables = {name: [] for name in pattern}
    for person in crowd:
        rows["users"] += rows_of(person)["users"]
    # Somebody's rows of long ago give the columns their types where nothing was drawn.
    for name in pattern:
        if name not in ("users", "history"):
            rows[name] += [_old(row) for row in pattern[name][:3]]
    for at, (owner, status, amount, day) in enumerate(deals):
        closed = f"{day} 10:00:00" if status != "open" else None
        made = {
            "id": f"D{at}",
            "owner_id": owner,
            "status": status,
            "amount": amount,
            "closed": closed,
            "created": "2026-03-01 10:00:00",
            "stage_id": {"won": "Won", "lost": "Lost", "open": "Talk"}[status],
        }
        rows["deals"].append({**pattern["deals"][0], **made})
    for at, (owner, day) in enumerate(leads):
        lead = {"id": f"L{at}", "owner_id": owner, "created": f"{day} 10:00:00", "converted": None}
        rows["leads"].append({**pattern["leads"][0], **lead})
    rows["history"] = [{"deal_id": "X", "stage_id": "New", "entered": "2020-01-01 10:00:00"}]
    return rows


def _old(row: Row) -> Row:
    """A row of nobody and of long before any period."""
    made = {key: re.sub("^202[56]", "2019", value) if isinstance(value, str) else value for key, value in row.items()}
    made |= {"id": f"old {row['id']}"} if "id" in row else {}
    return {
        **made,
        **({"owner_id": None} if "owner_id" in row else {}),
        **({"status": "lost"} if row.get("status") == "open" else {}),
    }


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["csv", "md", "xlsx", pytest.param("html", marks=pytest.mark.slow)])
def test_files_have_no_text_of_another(crm: Path, together_made: dict[str, Figures], form: Any) -> None:
    _, text = checked(crm, {**EVERY_KIND, "for_each": "user.name"})
    for name in FEW:
        told = {key: named(in_file(key, data)) for key, data in files_of(together_made[name], form, "x", text).items()}
        assert set().union(*told.values()) == {BY_NAME[name].number}, name


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["every", "lost_deals", "sales_activity"])
def test_pdfs_have_no_text_of_another(crm: Path, kind: str, draw: Draw) -> None:
    """On their pages, in their attachments, their information and their outline. By day of a name or two, others for the
    next kind of report; those of all names are read in `test_each_form_has_nothing_of_another`.

    Slow: each PDF takes a second."""
    spec = {**EVERY_KIND, "for_each": "user.name"} if kind == "every" else {"report": kind, "for_each": "user.name"}
    _, text = checked(crm, spec)
    by_day = {"every": FEW[:2], "lost_deals": FEW[2:3], "sales_activity": FEW[3:]}
    some = FEW if draw.night else by_day[kind]
    for name, figures in of_each(crm, spec, *some).items():
        [data] = files_of(figures, "pdf", "x", text).values()
        told = named(in_file("x.pdf", data))
        assert told <= {BY_NAME[name].number}, name
        assert told == named(all_texts(figures)), name  # who lost nothing is in no list of losses


@pytest.mark.parametrize("form", ["pdf", "html"])
def test_files_have_no_target_of_another(crm: Path, form: Any) -> None:
    goal = {"won_amount": {"by": "user.name", "targets": {"Rossi": 7_000_003, "O'Brien": 8_000_009}}}
    spec = {"for_each": "user.name", "metrics": ["won_amount"], "goals": goal}
    _, text = checked(crm, spec)
    [(name, data)] = files_of(of_each(crm, spec, "Rossi")["Rossi"], form, "x", text).items()
    found = in_file(name, data)
    assert "8000009" not in found
    assert "O'Brien" not in found


def test_names_of_files_are_never_the_same(crm: Path) -> None:
    checked(crm, {"for_each": "user.name", "metrics": ["won_amount"]})
    built = api.build_each(crm / "burst.yaml", now=NOW)
    names = [one.name.casefold() for one in built]
    assert len(set(names)) == len(HOSTILE)
    assert all(re.fullmatch(r"burst-[a-z0-9-]+", one) and len(one) < 100 for one in names)


def test_names_of_files_stay_the_same(crm: Path) -> None:
    """Else the report of `rossi` is written over that of `Rossi`, to where a link of Rossi's leads."""
    checked(crm, {"for_each": "user.name", "metrics": ["won_amount"]})
    every = {one.value: one.name for one in api.build_each(crm / "burst.yaml", now=NOW)}
    for name in ("Rossi", "rossi", "ROSSI", "Anna Maria Berg"):
        [alone] = api.build_each(crm / "burst.yaml", now=NOW, each=[name])
        assert alone.name == every[name], name


# --- mail -----------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    made_project(tmp_path, together(map(rows_of, MAILED)), server.port)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def crowd(project: Path, server: Server, rows: Tables) -> None:
    """Other rows in the project."""
    made_project(project, rows, server.port)


def spec(
    attach: str = "[]", to: str = "{{ each.email }}", each: str = "user.name", more: str = "", deliver: str = ""
) -> str:
    return (
        f"version: 1\nperiod: 2026-Q3\ncompare: previous_period\nfor_each: {each}\n"
        "metrics: [won_amount, open_amount]\n"
        "sections: [{id: list, records: {entity: deal, fields: [deal.name, user.name, account.name]}}]\n"
        f"theme: {{appendix: false}}\n{more}deliver: {{to: '{to}', attach: {attach}, subject: '{{{{ each.value }}}}'{deliver}}}\n"
    )


def own_only(handler: Handler, files: Sequence[str] = ()) -> None:
    """Each mail is of the one person whose address it went to, and has their canary if it has files."""
    for to, mail in handler.mails():
        read = in_mail(mail)
        number = int(to[1:6])
        assert named(read.everything) == {number}, to
        for kind in files:
            assert any(number in named(text) for name, text in read.files.items() if name.endswith(kind)), (to, kind)


def test_each_gets_one_mail_with_nothing_of_another(run: Run, handler: Handler) -> None:
    outcome = run(spec("[csv, md]"))
    assert Counter(one.result for one in outcome.sent) == {"sent": len(MAILED)}
    assert sorted(to for to, _ in handler.taken) == [one.email for one in MAILED]
    own_only(handler, (".csv", ".md"))
    ids = {str(mail["Message-ID"]) for _, mail in handler.mails()}
    assert len(ids) == len(MAILED)
    for to, mail in handler.mails():
        own = PEOPLE[int(to[1:6])]
        assert in_mail(mail).bodies.count("user.name") == 0
        assert f"€{tiles_of(own):,}" in in_mail(mail).bodies.replace("\u00a0", " ")


def tiles_of(person: Person) -> int:
    """What was won in the period, by the rows."""
    rows = rows_of(person)["deals"]
    return sum(row["amount"] for row in rows if row["status"] == "won" and "2026-07-01" <= row["closed"] < "2026-10-01")


@pytest.mark.slow
def test_each_form_has_nothing_of_another(run: Run, handler: Handler, server: Server, project: Path) -> None:
    """Made by several processes, for all names.

    Slow: each has a PDF, a workbook and a page."""
    crowd(project, server, together(map(rows_of, PEOPLE)))
    run(spec("[pdf, csv, html, xlsx, md]"))
    assert sorted(to for to, _ in handler.taken) == [one.email for one in PEOPLE]
    own_only(handler, (".pdf", ".csv", ".html", ".xlsx", ".md"))


@pytest.mark.slow
def test_many_recipients(run: Run, handler: Handler, server: Server, project: Path, draw: Draw) -> None:
    """By night a thousand, with a PDF each: those of all names are read in the test before this.

    Slow: each is sent a report."""
    count = draw.rounds(80, 1000)
    many = people([*HOSTILE, *(f"Person {n}" for n in range(count - len(HOSTILE)))])
    crowd(project, server, together(rows_of(one, 3) for one in many))
    forms = ("pdf", "csv") if draw.night else ("csv",)
    short = re.sub("compare: .*\n|metrics: .*\n", "", spec(f"[{', '.join(forms)}]"))
    outcome = run(short)
    assert Counter(one.result for one in outcome.sent) == {"sent": count}
    assert sorted(to for to, _ in handler.taken) == [one.email for one in many]
    own_only(handler, tuple(f".{form}" for form in forms))
    assert {one.result for one in run(short).sent} == {"already"}
    assert len(handler.taken) == count


def test_two_of_one_name_with_two_addresses_are_not_sent(
    run: Run, handler: Handler, project: Path, server: Server
) -> None:
    """It is not clear whose report it is: nobody gets it, and it is named. Others get theirs."""
    pair = [
        Person(50, "Anna Berg", "p00050@example.com", "North", 7001),
        Person(51, "Anna Berg", "p00051@example.com", "North", 7013),
    ]
    crowd(project, server, together(map(rows_of, [*people(HOSTILE[:3]), *pair])))
    outcome = run(spec())
    assert sorted(to for to, _ in handler.taken) == [one.email for one in PEOPLE[:3]]
    [failed] = [one for one in outcome.sent if one.result == "failed"]
    assert failed.value == "Anna Berg"
    assert "email" in failed.said
    own_only(handler)
    # So it is for one that is asked for by name, and where only one of the addresses is there.
    assert [one.result for one in run(spec(), only=("Anna Berg",)).sent] == ["failed"]
    crowd(
        project,
        server,
        together(map(rows_of, [pair[0], Person(51, "Anna Berg", "", "North", 7013)])),
    )
    assert [one.result for one in run(spec()).sent] == ["failed"]
    assert len(handler.taken) == 3


def test_two_of_one_name_and_one_address_have_one_report(
    run: Run, handler: Handler, project: Path, server: Server
) -> None:
    pair = [Person(n, "Anna Berg", "p00050@example.com", "North", prime) for n, prime in ((50, 7001), (51, 7013))]
    crowd(project, server, together(map(rows_of, pair)))
    assert results(run(spec())) == {"p00050@example.com": "sent"}


def test_a_namesake_without_a_report_keeps_the_rows(run: Run, handler: Handler, project: Path, server: Server) -> None:
    """One Anna Berg works here, another one left: whoever is here is not shown what the other sold."""
    pair = [
        Person(50, "Anna Berg", "p00050@example.com", "North", 7001),
        Person(51, "Anna Berg", "p00051@example.com", "North", 7013, active=False),
    ]
    crowd(project, server, together(map(rows_of, [*people(HOSTILE[:3]), *pair])))
    run(spec("[csv]", each="{field: user.name, where: user.is_active}"))
    own_only(handler)


def test_addresses_of_a_file(run: Run, handler: Handler, project: Path) -> None:
    """Only those that the file names, by the exact name; the file's address, not the source's."""
    lines = [
        "value,email",
        "Rossi,p00000@example.com",
        "ROSSI,p00002@example.com",
        '"Anna ""Ann"" Berg",p00007@example.com',
        "nobody,p00099@example.com",
        "O'BRIEN,p00005@example.com",
        '"  rossi",p00001@example.com',
    ]
    (project / "to.csv").write_text("\n".join(lines), "utf-8")
    outcome = run(spec("[csv]", each="{field: user.name, recipients: to.csv}"))
    assert {one.value for one in outcome.sent if one.result == "sent"} == {
        "Rossi",
        "ROSSI",
        'Anna "Ann" Berg',
    }
    assert sorted(to[:6] for to, _ in handler.taken) == ["p00000", "p00002", "p00007"]
    own_only(handler, (".csv",))


def test_names_of_a_file_are_not_trimmed(run: Run, handler: Handler, project: Path) -> None:
    (project / "to.csv").write_text('value,email\n"Rossi ",p00003@example.com\n" Rossi",p00004@example.com\n', "utf-8")
    run(spec("[csv]", each="{field: user.name, recipients: to.csv}"))
    assert sorted(to[:6] for to, _ in handler.taken) == ["p00003", "p00004"]
    own_only(handler, (".csv",))


def test_a_file_that_names_somebody_twice_is_a_mistake(project: Path) -> None:
    (project / "to.csv").write_text("value,email\nRossi,p00000@example.com\nRossi,p00001@example.com\n", "utf-8")
    (project / "spec.yaml").write_text(spec(each="{field: user.name, recipients: to.csv}"), "utf-8")
    found = load_report(Path("spec.yaml"), NOW, {})
    assert [one.code for one in found.diagnostics if one.code != "not-sendable"] == ["bad-recipients"]
    assert found.report is None


def test_reports_of_teams(run: Run, handler: Handler, project: Path, server: Server) -> None:
    crew = people(HOSTILE[:9], teams=("North", "north", "North "))
    crowd(project, server, together(map(rows_of, crew)))
    lines = [
        "value,email",
        "North,p00100@example.com",
        "north,p00101@example.com",
        '"North ",p00102@example.com',
    ]
    (project / "to.csv").write_text("\n".join(lines), "utf-8")
    run(spec("[csv]", each="{field: user.team, recipients: to.csv}"))
    told = {to: named("\n".join(in_mail(mail).files.values())) for to, mail in handler.mails()}
    assert told == {f"p0010{n}@example.com": {n, n + 3, n + 6} for n in range(3)}


def test_only_who_is_asked_for(run: Run, handler: Handler) -> None:
    assert results(run(spec("[csv]"), only=("rossi",))) == {"p00001@example.com": "sent"}
    own_only(handler, (".csv",))
    with pytest.raises(NoReport, match="has no value `rOSSI`"):
        run(spec(), only=("rOSSI",))
    with pytest.raises(NoReport, match="has no value"):
        run(spec(), only=("rossi", "rossi "))
    assert len(handler.taken) == 1


def test_several_addresses_of_one(run: Run, handler: Handler, project: Path, server: Server) -> None:
    """Of a cell of the data they are a mistake, of one of the project's own file they are meant."""
    one, two = people(["Rossi", "rossi"])
    cell = "p00000@example.com; P00000@Example.com, p00000@example.com chief@example.com"
    several = Person(0, "Rossi", cell, "North", one.prime)
    crowd(project, server, together(map(rows_of, [several, two])))
    outcome = run(spec("[csv]"))
    assert {o.value: o.result for o in outcome.sent} == {"Rossi": "failed", "rossi": "sent"}
    assert [to for to, _ in handler.taken] == ["p00001@example.com"]
    handler.taken.clear()
    with (project / "to.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("value", "email"), ("Rossi", cell), ("rossi", two.email)])
    assert results(run(spec("[csv]", each="{field: user.name, recipients: to.csv}"), name="b.yaml")) == {
        "p00000@example.com": "sent",
        "chief@example.com": "sent",
        "p00001@example.com": "sent",
    }
    assert Counter(to for to, _ in handler.taken) == {
        "p00000@example.com": 1,
        "chief@example.com": 1,
        "p00001@example.com": 1,
    }
    by = {to: named("\n".join(in_mail(mail).files.values())) for to, mail in handler.mails()}
    assert by == {"p00000@example.com": {0}, "chief@example.com": {0}, "p00001@example.com": {1}}


def test_an_address_that_is_not_allowed_stands_in_no_header(run: Run, handler: Handler, project: Path) -> None:
    """Of a cell of several: those who get it would answer to it."""
    cells = [("Rossi", "p00000@example.com; eve@evil.example"), ("rossi", "eve@evil.example")]
    with (project / "to.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("value", "email"), *cells])
    outcome = run(spec("[csv]", each="{field: user.name, recipients: to.csv}"))
    assert [(o.value, o.recipient, o.result) for o in outcome.sent] == [
        ("Rossi", "eve@evil.example", "failed"),
        ("rossi", "eve@evil.example", "failed"),
        ("Rossi", "p00000@example.com", "sent"),
    ]
    [(_, mail)] = handler.mails()
    assert mail["To"] == "p00000@example.com"
    assert b"evil" not in handler.taken[0][1]


def test_who_has_no_address_is_named(run: Run, handler: Handler, project: Path, server: Server) -> None:
    one, *others = people(HOSTILE[:4])
    rows = together(map(rows_of, [one, *others]))
    for at, address in ((1, None), (2, "no address"), (3, "eve@evil.example")):
        rows["users"][at]["email"] = address
    crowd(project, server, rows)
    outcome = run(spec())
    assert {to for to, _ in handler.taken} == {one.email}
    assert {one.value: one.result for one in outcome.sent} == {
        HOSTILE[0]: "sent",
        HOSTILE[1]: "failed",
        HOSTILE[2]: "failed",
        HOSTILE[3]: "failed",
    }


def test_two_people_of_one_address_have_two_mails(run: Run, handler: Handler, project: Path, server: Server) -> None:
    rows = together(map(rows_of, people(["Rossi", "rossi"])))
    for row in rows["users"]:
        row["email"] = "chief@example.com"
    crowd(project, server, rows)
    run(spec("[csv]"))
    by = [(str(mail["Subject"]), named("\n".join(in_mail(mail).files.values()))) for _, mail in handler.mails()]
    assert sorted(by) == [("Rossi", {0}), ("rossi", {1})]
    assert len({str(mail["Message-ID"]) for _, mail in handler.mails()}) == 2


def test_a_rehearsal_reaches_nobody_else(run: Run, handler: Handler) -> None:
    run(spec("[csv]"), rehearsal="chief@example.com")
    assert {to for to, _ in handler.taken} == {"chief@example.com"}
    for _, mail in handler.mails():
        read = in_mail(mail)
        assert len(named("\n".join(read.files.values()))) == 1
        assert named(read.everything) == named("\n".join(read.files.values()))


def test_a_name_cannot_be_a_template(run: Run, handler: Handler) -> None:
    """What looks like a name of a value in the data stays as it is."""
    run(
        spec(deliver=', body: "{{ each.value }}"'),
        only=("{{ each.email }}", "{{ each.value }}", "{{ each }}"),
    )
    told = {to: (str(mail["Subject"]), in_mail(mail).bodies) for to, mail in handler.mails()}
    assert {subject for subject, _ in told.values()} == {
        "{{ each.email }}",
        "{{ each.value }}",
        "{{ each }}",
    }
    assert all(body.startswith(f"{subject}\r\n") for subject, body in told.values())
    own_only(handler)


# --- folders --------------------------------------------------------------------------------------

ARCHIVE = "  outlets: {archive: {folder: 'archive/{each}', link: 'https://files.example/{each}'}}\n"


def archived(project: Path) -> dict[str, set[int]]:
    """Who is named in each file of the archive."""
    files = [path for path in (project / "archive").rglob("*") if path.is_file()]
    return {path.relative_to(project / "archive").as_posix(): named(path.read_text("utf-8")) for path in files}


def archive(project: Path) -> None:
    file = project / "reportspec.yaml"
    file.write_text(file.read_text("utf-8") + ARCHIVE, "utf-8")


def test_files_of_two_people_never_have_one_name(run: Run, handler: Handler, project: Path) -> None:
    archive(project)
    run(spec("[md]", deliver=", also: [archive]"))
    found = archived(project)
    assert sorted(found.values(), key=min) == [{one.number} for one in MAILED]
    for to, mail in handler.mails():
        [link] = set(re.findall(r"https://files\.example/(\S+?\.md)", in_mail(mail).bodies))
        assert found[link] == {int(to[1:6])}, to


def test_a_link_never_leads_to_another(run: Run, handler: Handler, project: Path) -> None:
    """Also after reports of people of like names were sent by themselves, or those that were left."""
    archive(project)
    run(spec("[md]", deliver=", also: [archive]"))
    for name in ("Rossi", "rossi"):
        run(spec("[md]", deliver=", also: [archive]"), only=(name,), resend=True)
    found = archived(project)
    for to, mail in handler.mails():
        for link in set(re.findall(r"https://files\.example/(\S+?\.md)", in_mail(mail).bodies)):
            assert found[link] == {int(to[1:6])}, to


def test_mails_on_paper_never_have_one_name(run: Run, project: Path) -> None:
    outcome = run(spec(to="chief@example.com"), dry_run=project / "paper")
    assert len(outcome.sent) == len(MAILED)
    assert len(list((project / "paper").iterdir())) == len(MAILED)
