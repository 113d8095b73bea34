"""A period that is not over is compared with the same stretch of the other one. Every day has one won
deal of 10, so that a change of what is alike is none; on the first of each month one more stays open."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reportspec.deliver.body import as_html, as_text
from reportspec.formats import files_of
from reportspec.formats.csv_text import as_csv
from reportspec.formats.json_text import as_data
from reportspec.formats.terminal import as_table
from reportspec.model.figures import Figures
from reportspec.render.locale import formats_for
from reportspec.render.tables import table_view
from tests.figures.asking import figures, rows, total

NOVEMBER = datetime(2026, 11, 13, tzinfo=UTC)  # the end of the 12th
COLUMNS = ("id", "owner", "status", "amount", "created", "closed")


def deals() -> list[tuple[str | int | None, ...]]:
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    won = [(f"w{d}", f"u{d.day % 2}", "won", 10, "2025-12-01 08:00:00", f"{d} 12:00:00") for d in days]
    still = [(f"o{d}", "u1", "open", 10, f"{d} 09:00:00", None) for d in days if d.day == 1]
    return [*won, *still]


@pytest.fixture(scope="module", params=["duckdb", "sqlite"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home: Path = tmp_path_factory.mktemp(request.param)
    file = home / f"crm.{request.param}"
    opened: Any = duckdb.connect(str(file)) if request.param == "duckdb" else sqlite3.connect(file)
    kinds = ("varchar", "varchar", "varchar", "integer", "timestamp", "timestamp")
    columns = ", ".join(f"{n} {k}" for n, k in zip(COLUMNS, kinds, strict=True))
    opened.execute(f"create table deals ({columns})")
    values = ", ".join("(" + ", ".join("null" if v is None else f"'{v}'" for v in row) + ")" for row in deals())
    opened.execute(f"insert into deals values {values}")
    if request.param == "sqlite":
        opened.commit()
    opened.close()
    (home / "reportspec.yaml").write_text(
        f"version: 1\nsource: crm.{request.param}\nmapping: map.yaml\ntimezone: UTC\ncurrency: EUR\nlocale: en_GB\n"
    )
    fields = {
        "owner_id": "owner",
        "status": "status",
        "amount": "amount",
        "created_at": "created",
        "closed_at": "closed",
    }
    mapping = {"entities": {"deal": {"table": "deals", "key": "id", "fields": fields}}}
    (home / "map.yaml").write_text(json.dumps(mapping))
    return home


def asked(folder: Path, now: datetime, period: Any, compare: Any, **more: Any) -> Figures:
    spec = {"period": period, "compare": compare, "metrics": ["won_amount"], **more}
    return figures(folder, spec, now)


@pytest.mark.parametrize(
    ("now", "period", "compare", "amounts", "label"),
    [
        ("2026-11-13", "this_month", "previous_period", (120, 120), "1–12 Oct 2026"),
        ("2026-11-12T11:00", "this_month", "previous_period", (110, 110), "1–12 Oct 2026"),
        ("2026-11-12T13:00", "this_month", "previous_period", (120, 120), "1–12 Oct 2026"),
        ("2026-12-02", "last_month", "previous_period", (300, 310), "October 2026"),
        # April and 12 days against January and 12 days, as quarter_to_date has it.
        ("2026-05-13", "this_quarter", "previous_period", (420, 430), "1 Jan – 12 Feb 2026"),
        ("2026-05-13", "quarter_to_date", "previous_period", (420, 430), "1 Jan – 12 Feb 2026"),
        # February has no 30th: all of it, and nothing of March.
        ("2026-03-30T13:00", "this_month", "previous_period", (300, 280), "February 2026"),
        ("2026-05-31T13:00", "this_quarter", "previous_period", (610, 590), "Jan – Feb 2026"),
        ("2026-11-13", "this_week", "previous_period", (40, 40), "2–5 Nov 2026"),
        ("2026-11-12T11:00", "today", "previous_period", (0, 0), "11 Nov 2026"),
        ("2026-11-13", "this_month", "2026-Q1", (120, 120), "1–12 Jan 2026"),
        # 1 November is a Sunday, as is 27 September; 4 October to 2 November would reach into it.
        (
            "2026-11-13",
            "this_month",
            {"period": "previous_period", "align": "weekday"},
            (120, 120),
            "27 Sep – 8 Oct 2026",
        ),
        (
            "2026-12-02",
            "last_month",
            {"period": "previous_period", "align": "weekday"},
            (300, 300),
            "27 Sep – 26 Oct 2026",
        ),
    ],
)
def test_the_same_stretch(
    folder: Path, now: str, period: str, compare: Any, amounts: tuple[int, int], label: str
) -> None:
    found = asked(folder, datetime.fromisoformat(now).replace(tzinfo=UTC), period, compare)
    [row] = rows(found, "headline")
    assert (row["won_amount"], row["won_amount__previous"]) == amounts
    assert found.compare is not None
    assert found.compare.label == label


def test_as_of_cuts_both_from_the_beginning(folder: Path) -> None:
    found = asked(folder, NOVEMBER, "2026-10", "previous_period", as_of="2026-10-05")
    assert [*rows(found, "headline")[0].values()] == [50, 50]
    assert found.notices == ("The period is not over: 1–5 Oct 2026 is compared with 1–5 Sep 2026.",)


def test_stocks_as_of_the_same_point(folder: Path) -> None:
    spec = {"period": "this_month", "compare": "previous_period", "metrics": ["open_opportunities_count"]}
    # Open on 12 November: eleven that stay open, and what is won later: 13 November to 31 December.
    # On 12 October: ten, and what is won from the 13th on.
    assert [*rows(figures(folder, spec, NOVEMBER), "headline")[0].values()] == [11 + 49, 10 + 80]


def test_breakdowns_trends_and_highlights(folder: Path) -> None:
    sections = [
        {"id": "who", "breakdown": {"metrics": ["won_amount"], "by": ["deal.owner_id"]}},
        {"id": "weeks", "trend": {"metrics": ["won_amount"], "grain": "week"}},
        {"id": "news", "highlights": {"metrics": ["won_amount"], "at_least": 1}},
    ]
    found = asked(folder, NOVEMBER, "this_month", "previous_period", sections=sections)
    assert [[*row.values()][1:] for row in rows(found, "who")] == [[60, 60], [60, 60]]
    assert [*total(found, "who").values()][1:] == [120, 120]
    # 1 | 2–8 | 9–12 November against 1–4 | 5–11 October; 9–12 has the 12th alone beside it.
    told = [[*row.values()][1:] for row in rows(found, "weeks")]
    # The 1st of November is a Sunday; the 1st of October a Thursday, with three days after it.
    assert told == [[10, None], [70, 70], [40, None], [None, None], [None, None], [None, None]]
    assert [*total(found, "weeks").values()][1:] == [120, 120]
    [weeks] = [one for one in found.sections if one.id == "weeks"]
    assert weeks.notes == (
        "Not compared, since no stretch of the same length stands beside them in the other period: "
        "week of 1 Nov, week of 9 Nov.",
    )
    assert rows(found, "news") == []


def test_a_trend_by_month(folder: Path) -> None:
    sections = [{"id": "months", "trend": {"metrics": ["won_amount"], "grain": "month"}}]
    found = asked(folder, NOVEMBER, "this_quarter", "previous_period", sections=sections)
    told = [[*row.values()][1:] for row in rows(found, "months")]
    assert told == [[310, 310], [120, 120], [None, None]]


@pytest.mark.parametrize("chart", ["line", "none"])
def test_each_row_of_a_step_has_its_mark(folder: Path, chart: str) -> None:
    """Two metrics by owner stand in long rows: two of September, two of October, two of November,
    of which alone it is said that they are in progress."""
    trend = {"metrics": ["won_amount", "won_deals_count"], "grain": "month", "by": "deal.owner_id", "chart": chart}
    period = {"from": "2026-09-01", "to": "2026-11-30"}
    found = figures(folder, {"period": period, "sections": [{"id": "t", "trend": trend}]}, NOVEMBER)
    [one] = [s for s in found.sections if s.id == "t"]
    view = table_view(one, formats_for(found), None)
    assert view is not None
    assert [row[0].text for row in view.rows] == [*["Sep"] * 2, *["Oct"] * 2, *["Nov (in progress)"] * 2]


def test_what_has_not_begun_has_no_change(folder: Path) -> None:
    found = asked(folder, NOVEMBER, "2026-12", "previous_period")
    assert rows(found, "headline") == [{"won_amount": 0}]
    assert found.compare is None
    assert found.notices == (
        "The period has not begun: nothing has happened in it yet; what is open is as of 12 Nov 2026.",
    )


NOTICES = {
    "en": "The period is not over: 1–12 Nov 2026 is compared with 1–12 Oct 2026.",
    "de": "Der Zeitraum ist noch nicht zu Ende: Verglichen wird 1.–12. Nov. 2026 mit 1.–12. Okt. 2026.",
    "fr": "La période n’est pas terminée : la comparaison porte sur 1–12 nov. 2026 et 1–12 oct. 2026.",
    "es": "El período no ha terminado: se compara 1–12 nov 2026 con 1–12 oct 2026.",
    "it": "Il periodo non è finito: si confronta 1–12 nov 2026 con 1–12 ott 2026.",
}


@pytest.mark.parametrize("language", NOTICES)
def test_every_form_says_which_stretch(folder: Path, language: str) -> None:
    found = asked(folder, NOVEMBER, "this_month", "previous_period", language=language)
    assert found.notices == (NOTICES[language],)
    told = NOTICES[language]
    for text in (as_csv(found), as_table(found), as_text(found, "", (), ()), as_html(found, "", (), ())):
        assert told in text.replace("\N{NO-BREAK SPACE}", " ")  # French keeps signs beside their words
    assert as_data(found)["notices"] == [told]
    assert as_data(found)["compare"] == {"from": "2026-10-01", "to": "2026-10-13"}
    page = next(iter(files_of(found, "html", "r", None).values())).decode()
    assert told in page.replace("\N{NO-BREAK SPACE}", " ")
    assert told in next(iter(files_of(found, "md", "r", None).values())).decode().replace("\\", "")
    assert told in files_of(found, "csv", "r", None)["r/00-notes.csv"].decode()
    [book] = files_of(found, "xlsx", "r", None).values()
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        assert told in parts.read("xl/sharedStrings.xml").decode()


def test_a_time_of_day_is_told(folder: Path) -> None:
    found = asked(folder, datetime(2026, 11, 12, 11, tzinfo=UTC), "this_month", "previous_period")
    assert found.notices[0].startswith("The period is not over: 1–12 Nov 2026 (until 11:00) is")
    # On the last day of a month, too, the time is that of a day which is named.
    found = asked(folder, datetime(2026, 11, 30, 11, tzinfo=UTC), "this_quarter", "previous_period")
    assert found.notices[0].startswith("The period is not over: 1 Oct – 30 Nov 2026 (until 11:00) is")
    assert asked(folder, datetime(2026, 12, 2, tzinfo=UTC), "last_month", "none").notices == ()
