"""What needs attention: records named by several conditions, each once, held against lists made by hand."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from reportspec.building import Order, build
from reportspec.deliver.body import as_html, as_text
from reportspec.languages import languages
from reportspec.model.figures import Figures, Section
from reportspec.render.locale import formats_for
from reportspec.render.tables import table_view
from tests.figures.asking import NOW, codes, figures
from tests.figures.from_tables import project_of

USERS = "id,name\nada,Ada\nbo,Bo\n"
DEALS = """id,name,owner,status,amount,created,closed,expected
1,Alpha,ada,open,500,2026-01-05,,2026-08-31
2,Beta,bo,open,900,2026-01-05,,2026-12-01
3,Gamma,ada,open,,2026-01-05,,2026-09-29
4,Delta,bo,open,700,2026-01-05,,
5,Epsilon,ada,won,5000,2026-01-05,2026-08-01,2026-07-01
6,Zeta,bo,open,700,2026-01-05,,2026-06-30
7,Eta,ada,open,50,2026-01-05,,2026-09-30
8,Theta,ada,open,60,2026-01-05,,2026-10-01
9,Iota,bo,lost,800,2026-01-05,2026-09-01,2026-07-01
"""
MAPPING = """entities:
  deal:
    table: deals
    key: id
    fields: {name: name, owner_id: owner, status: status, amount: amount, created_at: created,
      closed_at: closed, expected_close_date: expected}
  user: {table: users, key: id, fields: {name: name}}
"""
PROJECT = """version: 1
source: {files: {deals: deals.csv, users: users.csv}}
mapping: mapping.yaml
timezone: UTC
currency: EUR
"""
REASONS: list[Any] = [
    "overdue_deals_count",
    {"where": "deal.status = 'open' and deal.amount >= 700", "say": "large", "since": "deal.created_at"},
    {"where": "deal.status = 'open' and deal.expected_close_date is null", "say": "undated"},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {
        "deals.csv": DEALS,
        "users.csv": USERS,
        "mapping.yaml": MAPPING,
        "reportspec.yaml": PROJECT,
    }.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def asked(folder: Path, limit: int = 8, reasons: list[Any] | None = None, **more: Any) -> Figures:
    body = {"entity": "deal", "fields": ["deal.name", "user.name"], "amount": "deal.amount",
            "reasons": reasons or REASONS, "limit": limit}  # fmt: skip
    return figures(
        folder, {"report": "custom", "period": "2026-Q3", "sections": [{"id": "a", "attention": body}], **more}
    )


def section(made: Figures) -> Section:
    [one] = [one for one in made.sections if one.id == "a"]
    return one


def test_each_record_once_with_all_its_reasons_the_largest_first(folder: Path) -> None:
    """As of the end of September: 7 was due on the 30th, which is just over; 8 is due the day after. From 31 August to
    30 September there are 30 days. Of equal amounts the first key is first; what has none is last, and in no sum."""
    made = section(asked(folder))
    assert made.rows == (
        ("Beta", "Bo", "large (8 months)", 900),
        ("Delta", "Bo", "large (8 months) · undated", 700),
        ("Zeta", "Bo", "past its close date (3 months) · large (8 months)", 700),
        ("Alpha", "Ada", "past its close date (30 days)", 500),
        ("Eta", "Ada", "past its close date", 50),
        ("Gamma", "Ada", "past its close date (1 day)", None),
    )
    assert made.total == (None, "", "", 900 + 700 + 700 + 500 + 50)
    assert made.notes == ("Without an amount: 1; they stand last.",)
    assert made.others == 0


def test_the_smaller_ones_stand_together_with_their_sum(folder: Path) -> None:
    made = section(asked(folder, 3))
    assert made.rows[-1] == ("2 smaller ones · 1 without an amount", "", "", 500 + 50)
    assert (len(made.rows), made.others) == (4, 3)
    assert made.total == (None, "", "", 2850)
    one_more = section(asked(folder, 5))
    assert [row[0] for row in one_more.rows][-1] == "Gamma"  # a row for one alone would name it as well


def test_filters_hold_for_every_reason(folder: Path) -> None:
    made = section(asked(folder, filters=[{"field": "user.name", "eq": "Ada"}]))
    assert [row[0] for row in made.rows] == ["Alpha", "Eta", "Gamma"]
    none = section(asked(folder, filters=[{"field": "user.name", "eq": "Ada"}], reasons=[REASONS[2]]))
    assert (none.rows, none.notes) == ((), ("There are no records for this.",))


@pytest.mark.parametrize("language", languages())
def test_in_every_language_the_last_row_has_a_name_and_no_blanks(language: str, folder: Path) -> None:
    made = asked(folder, 2, locale=language)
    view = table_view(section(made), formats_for(made), None)
    assert view is not None
    cells = [cell.text for cell in view.rows[-1]]
    assert re.findall(r"\d+", cells[0]) == ["3", "1"]  # smaller ones, and one without an amount
    assert cells[1:3] == ["", ""]
    assert "1" in section(asked(folder, locale=language)).rows[5][2]  # one day


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"entity": "deel"}, "unknown-entity"),
        ({"fields": ["deal.nam"]}, "unknown-field"),
        ({"amount": "deal.name"}, "bad-attention"),
        ({"reasons": ["won_deals_count"]}, "bad-attention"),  # of a stretch of time
        ({"reasons": ["close_rate"]}, "bad-attention"),
        ({"reasons": ["overdue_deal_count"]}, "unknown-metric"),
        ({"reasons": [{"where": "deal.amount", "say": "x"}]}, "bad-expression"),
        ({"reasons": [{"where": "deal.amount > 1", "say": "x", "since": "deal.name"}]}, "bad-attention"),
        ({"reasons": ["no_next_step_count"]}, "unmapped-field"),
    ],
)
def test_mistakes(folder: Path, body: dict[str, Any], code: str) -> None:
    whole = {
        "entity": "deal",
        "fields": ["deal.name"],
        "amount": "deal.amount",
        "reasons": ["overdue_deals_count"],
        **body,
    }
    spec = {"report": "custom", "period": "2026-Q3", "sections": [{"attention": whole}]}
    assert codes(folder, spec) == [code]


DEMO = "version: 1\nsource: demo\ntimezone: Europe/Rome\nlocale: en_GB\ncurrency: EUR\n"
LISTED = {  # the conditions of the catalogue's metrics, each as a list of its own
    "overdue_deals_count": ("deal", "deal.status = 'open' and deal.expected_close_date < as_of"),
    "pushed_deals_count": (
        "deal_snapshot",
        "deal_snapshot.is_open and deal_snapshot.first_expected_close_date < deal_snapshot.expected_close_date",
    ),
    "slow_deals_count": (
        "stage_visit",
        "stage_visit.deal.status = 'open' and stage_visit.entered_at < as_of and "
        "(stage_visit.exited_at is null or stage_visit.exited_at >= as_of) "
        "and days_between(stage_visit.entered_at, as_of) > 2 * stage_visit.pace.mean_days",
    ),
}


def _spec(**more: Any) -> dict[str, Any]:
    body = {
        "entity": "deal",
        "fields": ["deal.deal_id", "user.name", "stage.name"],
        "amount": "deal.amount",
        "limit": 500,
    }
    lists = [
        {"id": name, "where": where,
         "records": {"entity": entity, "fields": ["deal.deal_id", "user.name"], "limit": 5000, "period": "all"}}
        for name, (entity, where) in LISTED.items()
    ]  # fmt: skip
    open_ones = {"entity": "deal", "fields": ["deal.deal_id", "deal.amount"], "limit": 5000, "period": "all"}
    return {
        "report": "custom",
        "period": "2026-Q3",
        "sections": [
            {"id": "a", "attention": {**body, "reasons": list(LISTED)}},
            *lists,
            {"id": "all", "records": open_ones},
        ],
        **more,
    }


@pytest.fixture(scope="module")
def of_demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Figures]:
    folder = tmp_path_factory.mktemp("demo")
    (folder / "reportspec.yaml").write_text(DEMO, "utf-8")
    return folder, figures(folder, _spec())


@pytest.mark.xdist_group("attention")
def test_on_the_demo_it_is_what_separate_lists_have_together(of_demo: tuple[Path, Figures]) -> None:
    """Reasons of three entities: each deal once, with as many reasons as there are lists that have it, and with the
    amount that the deal itself has."""
    _, made = of_demo
    lists = {one.id: {row[0] for row in one.rows} for one in made.sections if one.id in LISTED}
    amounts = {row[0]: row[1] for one in made.sections if one.id == "all" for row in one.rows}
    wanted = {deal: sum(deal in names for names in lists.values()) for deal in set().union(*lists.values())}
    shown = section(made).rows
    assert {row[0]: row[3].count(" · ") + 1 for row in shown} == wanted
    assert all(len(names) > 10 for names in lists.values())
    assert max(wanted.values()) == 3
    assert {row[0]: row[4] for row in shown} == {deal: amounts[deal] for deal in wanted}
    known = [row[4] for row in shown if row[4] is not None]
    assert known == sorted(known, reverse=True)
    assert section(made).total[-1] == pytest.approx(sum(known))  # type: ignore[index]


@pytest.mark.xdist_group("attention")
def test_with_for_each_everyone_has_their_own(of_demo: tuple[Path, Figures]) -> None:
    folder, made = of_demo
    path = folder / "each.yaml"
    path.write_text(json.dumps({"version": 1, **_spec(for_each="user.name")}), "utf-8")
    built = build(path, Order(NOW, {}))
    assert built.made is not None, [one.message for one in built.diagnostics]
    whole = {row for row in section(made).rows if row[1] is not None}
    assert {row for _, each in built.made.figures for row in section(each).rows} == whole
    assert all({row[1] for row in section(each).rows} <= {value.value} for value, each in built.made.figures)


@pytest.mark.xdist_group("attention")
def test_a_mail_names_the_first_three(of_demo: tuple[Path, Figures]) -> None:
    _, made = of_demo
    rows = section(made).rows
    for text in (as_text(made, "", [], []), as_html(made, "", [], [])):
        assert [deal for deal in (row[0] for row in rows) if re.search(rf"\b{deal}\b", text)] == [
            row[0] for row in rows[:3]
        ]
        assert f"{len(rows) - 3} more in the report" in text
        assert html.escape(str(rows[0][3])) in text


ACTIVITIES = """id,owner,deal,created,due,done
1,ada,2,2026-01-05,2026-08-01,
2,ada,1,2026-01-05,2026-08-01,
3,bo,1,2026-01-05,2026-08-10,
4,ada,10,2026-01-05,2026-08-01,
5,ada,4,2026-01-05,2026-08-01,2026-08-01
"""
LATE = ["activities_overdue_count"]  # told by rows of activities, of the deals that these are about


def with_activities(folder: Path) -> Path:
    """Two of Ada's are late on Beta, which is Bo's, and on a deal that was created after the report's date."""
    (folder / "deals.csv").write_text(f"{DEALS}10,Kappa,ada,open,9000,2026-10-20,,2026-12-01\n", "utf-8")
    (folder / "activities.csv").write_text(ACTIVITIES, "utf-8")
    (folder / "mapping.yaml").write_text(
        f"""{MAPPING}  activity:
    table: activities
    key: id
    fields: {{owner_id: owner, deal_id: deal, created_at: created, due_at: due, done_at: done, type: "'task'"}}
""",
        "utf-8",
    )
    project = PROJECT.replace("users: users.csv", "users: users.csv, activities: activities.csv")
    (folder / "reportspec.yaml").write_text(project, "utf-8")
    return folder


@pytest.mark.parametrize(("owner", "named"), [("Ada", ["Alpha"]), ("Bo", ["Beta"]), (None, ["Beta", "Alpha"])])
def test_filters_are_of_the_records_that_are_named(folder: Path, owner: str | None, named: list[str]) -> None:
    more: dict[str, Any] = {"filters": [{"field": "user.name", "eq": owner}]} if owner else {}
    made = section(asked(with_activities(folder), reasons=LATE, **more))
    assert [row[0] for row in made.rows] == named


def test_so_is_who_a_report_is_for(folder: Path) -> None:
    body = {"entity": "deal", "fields": ["deal.name"], "amount": "deal.amount", "reasons": LATE}
    spec = {"version": 1, "report": "custom", "period": "2026-Q3", "for_each": "user.name"}
    path = with_activities(folder) / "each.yaml"
    path.write_text(json.dumps({**spec, "sections": [{"id": "a", "attention": body}]}), "utf-8")
    built = build(path, Order(NOW, {}))
    assert built.made is not None, built.diagnostics
    found = {value.value: [row[0] for row in section(made).rows] for value, made in built.made.figures}
    assert found == {"Ada": ["Alpha"], "Bo": ["Beta"]}


def test_the_amount_stands_once(folder: Path) -> None:
    body = {"entity": "deal", "fields": ["deal.name", "deal.amount"], "amount": "deal.amount", "reasons": REASONS}
    made = figures(folder, {"report": "custom", "period": "2026-Q3", "sections": [{"id": "a", "attention": body}]})
    assert [column.name for column in section(made).columns] == ["deal.name", "reasons", "deal.amount"]


# Of USD there is a rate (0.5), of GBP none until the report's date is over, of CHF none at all; 6 says of none which
# currency it is in, 7 has no amount.
IN_CURRENCIES = {
    "deal": """deal_id,name,owner_id,status,amount,currency,created_at,expected_close_date
1,Alpha,ada,open,500,EUR,2026-01-05,2026-08-31
2,Beta,bo,open,1800,USD,2026-01-05,2026-08-31
3,Gamma,bo,open,900000,CHF,2026-01-05,2026-08-31
4,Delta,bo,open,700000,GBP,2026-01-05,2026-08-31
5,Epsilon,ada,open,50,EUR,2026-01-05,2026-08-31
6,Zeta,ada,open,40,,2026-01-05,2026-08-31
7,Eta,ada,open,,USD,2026-01-05,2026-08-31
8,Theta,ada,open,,CHF,2026-01-05,2026-08-31
9,Iota,ada,open,20,EUR,2026-01-05,2026-08-31
""",
    "user": USERS.replace("id,", "user_id,"),
    "fx_rate": """day,from_currency,to_currency,rate
2026-01-01,USD,EUR,0.5
2026-10-20,GBP,EUR,2
""",
}


def _in_currencies(folder: Path, engine: str, limit: int, **more: Any) -> Section:
    if not (folder / "mapping.yaml").exists():
        project_of(folder, IN_CURRENCIES, engine)
    return section(asked(folder, limit, ["overdue_deals_count"], **more))


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_an_amount_that_cannot_be_converted_is_neither_small_nor_missing(tmp_path: Path, engine: str) -> None:
    """500 + 1800 / 2 + 50 + 20; 3, 4 and 6 are of any size in euros, 7 and 8 have none."""
    made = _in_currencies(tmp_path, engine, 2)
    assert [row[0] for row in made.rows] == [
        "Beta", "Alpha", "2 smaller ones · 2 without an amount · 3 not convertible to EUR",
    ]  # fmt: skip
    assert [row[-1] for row in made.rows] == [900, 500, 70]
    assert (made.total or ())[-1] == 1470
    assert made.others == 7
    assert made.notes == (
        "Without an amount: 2; they stand last.",
        "With an amount that cannot be converted to EUR, for want of an exchange rate or of a currency: 3; they stand"
        " last, and in no sum.",
        "Without “Closed” from the source it is not known which there were then: the list may have some that were not,"
        " and lack some that were.",
    )


def test_all_that_is_left_may_be_of_no_known_amount(tmp_path: Path) -> None:
    made = _in_currencies(tmp_path, "duckdb", 3)
    assert made.rows[-1][0] == "1 smaller one · 2 without an amount · 3 not convertible to EUR"
    made = _in_currencies(tmp_path, "duckdb", 4)
    assert (made.rows[-1][0], made.rows[-1][-1]) == ("2 without an amount · 3 not convertible to EUR", None)


def test_one_alone_that_cannot_be_converted_is_told(tmp_path: Path) -> None:
    made = _in_currencies(tmp_path, "duckdb", 8, filters=[{"field": "deal.name", "eq": "Delta"}])
    assert ([row[-1] for row in made.rows], made.total) == ([None], None)
    assert [note for note in made.notes if "cannot be converted to EUR" in note and ": 1;" in note]


def test_of_several_reasons_each_has_the_days_that_are_its_own(tmp_path: Path) -> None:
    """The amount in its own currency stands behind the days, and is none of them."""
    folder = project_of(tmp_path, IN_CURRENCIES)
    made = section(
        asked(folder, 20, [{"where": "deal.amount is not null", "say": "there", "since": "deal.created_at"}])
    )
    assert {row[2] for row in made.rows} == {"there (8 months)"}
    assert [row[0] for row in made.rows] == ["Beta", "Alpha", "Epsilon", "Iota", "Gamma", "Delta", "Zeta"]
