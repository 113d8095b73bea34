"""A report of data that have ended is as of their end, and not as of the clock; on every database.

From Monday 5 January to Friday 30 October 2026 a deal of 10 was won at noon of each working day. Three
more are open: they were to close on 20 October, 5 November and 12 November.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from reportspec.burst.burst import run_each
from reportspec.catalogue.load import packaged
from reportspec.compile import compile_report
from reportspec.contract.ends import usual_gap
from reportspec.deliver.body import as_html, as_text
from reportspec.deliver.policy import too_old
from reportspec.formats import files_of
from reportspec.formats.csv_text import as_csv
from reportspec.formats.json_text import as_data
from reportspec.formats.terminal import as_table
from reportspec.model.figures import Figures
from reportspec.timings import Timings
from tests.conftest import RunCli
from tests.engines.servers import Given
from tests.engines.shapes import EVERYWHERE, SERVERS, landed, shared_out
from tests.figures.asking import figures, rows
from tests.loading import load_report

LAST = datetime(2026, 10, 30, 12, tzinfo=UTC)  # a Friday
LATER = datetime(2026, 11, 27, 9, tzinfo=UTC)
END = datetime(2026, 10, 31, tzinfo=UTC)  # of the data's last day

DEALS = (
    ("id", "VARCHAR"),
    ("who", "VARCHAR"),
    ("status", "VARCHAR"),
    ("amount", "INTEGER"),
    ("created", "TIMESTAMP"),
    ("closed", "TIMESTAMP"),
    ("due", "DATE"),
)
LOADS = (("done", "TIMESTAMP"), ("state", "VARCHAR"))


def working_days(first: date, last: date) -> list[date]:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [day for day in days if day.weekday() < 5]


def deals() -> list[tuple[Any, ...]]:
    made: list[tuple[Any, ...]] = []
    for n, day in enumerate(working_days(date(2026, 1, 5), LAST.date())):
        noon = datetime(day.year, day.month, day.day, 12)
        made.append((f"w{n}", f"u{n % 2}", "won", 10, datetime(2026, 1, 2, 8), noon, None))
    made += [
        (f"o{due}", "u1", "open", 10, datetime(2026, 1, 2, 9), None, due)
        for due in (date(2026, 10, 20), date(2026, 11, 5), date(2026, 11, 12))
    ]
    # What lies ahead at both clocks was written by mistake, and is no change yet.
    return [*made, ("f", "u0", "won", 10, datetime(2026, 1, 2, 8), datetime(2027, 3, 1), date(2027, 3, 1))]


LOADED = [
    (datetime(2026, 10, 14, 6), "done"),
    (datetime(2026, 10, 21, 6), "done"),
    (datetime(2026, 10, 28, 6), "failed"),
]
FIELDS = {
    "owner_id": "who",
    "status": "status",
    "amount": "amount",
    "created_at": "created",
    "closed_at": "closed",
    "expected_close_date": "due",
}


@pytest.fixture(
    scope="module",
    params=[pytest.param(one, marks=[pytest.mark.xdist_group(one)] * (one in SERVERS)) for one in EVERYWHERE],
)
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """A database with the deals and the loads: its URL, and what stands before its tables."""
    tables = [Given("deals", DEALS, deals()), Given("loads", LOADS, LOADED)]
    home = tmp_path_factory.mktemp(request.param)
    with landed(request.param, tables, lambda *_: None, home / "db") as found:
        yield found.url, found.prefix


def project(folder: Path, source: tuple[str, str], mapping: Any = None, **own: Any) -> Path:
    url, prefix = source
    told = {"entities": {"deal": {"table": f"{prefix}deals", "key": "id", "fields": FIELDS}}}
    (folder / "map.yaml").write_text(json.dumps({**told, **(mapping or {})}))
    settings = {
        "version": 1,
        "source": url,
        "mapping": "map.yaml",
        "timezone": "UTC",
        "currency": "EUR",
        "locale": "en_GB",
    }
    (folder / "reportspec.yaml").write_text(yaml.safe_dump({**settings, **own}))
    return folder


SPEC: dict[str, Any] = {
    "period": "2026-Q4",
    "compare": "2026-Q3",
    "metrics": ["won_amount", "overdue_deals_count"],
}
# Working days of 1–30 October, and of 1–30 July: 2 + 5 + 5 + 5 + 5, and 3 + 5 + 5 + 5 + 4.
AT_THE_END = {"won_amount": 220, "won_amount__previous": 220}


def told(found: Figures) -> dict[str, Any]:
    [row] = rows(found, "headline")
    return {name: int(value) for name, value in row.items() if isinstance(value, (int, float))}


def test_data_that_ended_are_told_as_of_their_end(source: tuple[str, str], tmp_path: Path) -> None:
    found = figures(project(tmp_path, source), SPEC, LATER, clock=True)
    assert found.as_of == END
    assert found.data_as_of == LAST
    assert told(found).items() >= {**AT_THE_END, "overdue_deals_count": 1}.items()
    assert found.notices == ("The data end on 30 Oct 2026: 1–30 Oct 2026 is compared with 1–30 Jul 2026.",)


def test_a_day_that_somebody_names_is_that_day(source: tuple[str, str], tmp_path: Path) -> None:
    project(tmp_path, source, loaded_at="2026-10-21")
    found = figures(tmp_path, SPEC, LATER)
    assert found.as_of == LATER
    assert told(found)["overdue_deals_count"] == 3
    cut = figures(tmp_path, {**SPEC, "as_of": "2026-11-06"}, LATER, clock=True)
    assert told(cut)["overdue_deals_count"] == 2


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize(
    ("now", "late"), shared_out([("2026-11-04", 1), ("2026-11-05T12:00", 1), ("2026-11-05", 2)], "source")
)
def test_a_day_is_late_when_it_is_over(
    source: tuple[str, str], tmp_path: Path, now: str, late: int, *, own: bool
) -> None:
    """One deal was to close on 20 October, one on 5 November, which is over with its end: however it is asked, and whether or not the project has
    metrics of its own."""
    project(tmp_path, source)
    if own:
        late_too = {
            "metric": "late_too",
            "kind": "aggregate",
            "label": "Late too",
            "entity": "deal",
            "aggregate": "count",
            "where": "deal.status = 'open' and deal.expected_close_date < as_of",
            "stock": True,
        }
        (tmp_path / "metrics").mkdir()
        (tmp_path / "metrics" / "own.yaml").write_text(json.dumps({"metrics": [late_too]}))
    names = ["overdue_deals_count", *(["late_too"] if own else [])]
    sections = [
        {"breakdown": {"metrics": names, "by": ["deal.status"]}},
        {"trend": {"metrics": names, "grain": "month"}},
        {"records": {"entity": "deal", "fields": ["deal.deal_id"], "where": "deal.expected_close_date < as_of"}},
    ]
    spec = {"period": {"from": "2026-11-01", "to": "2026-11-30"}, "as_of": now, "metrics": names, "sections": sections}
    found = figures(project(tmp_path, source), spec, LATER, clock=True)
    _, by_status, by_month, records = found.sections
    assert [told(found)[name] for name in names] == [late] * len(names)
    assert [row[1:] for row in by_status.rows] == [(late,) * len(names)]
    assert [row[1:] for row in by_month.rows] == [(late,) * len(names)]
    assert records.available_rows == late


# The first closing is of 5 January, the first creation of 2 January: by then hardly any of January is over. A twentieth of the 30 days from 20 December is one day and a half, of a quarter's
# 90 days four and a half, of the 27 days of January from the 5th nothing is lacking.
@pytest.mark.parametrize(
    ("compare", "late"),
    shared_out(
        [
            (
                {"from": "2025-12-20", "to": "2026-01-18"},
                "Deals: the data begin on 2 Jan 2026, after 20 Dec 2025 – 18 Jan 2026 has begun: it is not compared with.",
            ),
            (
                "2026-01",
                "Deals, Closed: the source begins on 5 Jan 2026; the comparison with January 2026 is with a part of it.",
            ),
            ("2026-Q1", ""),
            ({"from": "2026-01-05", "to": "2026-01-31"}, ""),
            (  # no closing at all, of which the first creation tells that there could be none
                {"from": "2025-10-01", "to": "2026-01-04"},
                "Deals: the data begin on 2 Jan 2026, after 1 Oct 2025 – 4 Jan 2026 has begun: it is not compared with.",
            ),
        ],
        "source",
        3,
    ),
)
def test_what_is_compared_with_may_begin_before_the_data(
    source: tuple[str, str], tmp_path: Path, compare: Any, late: str
) -> None:
    spec = {"period": "2026-04", "compare": compare, "metrics": ["won_amount"]}
    found = figures(project(tmp_path, source), spec, datetime(2026, 10, 31, tzinfo=UTC))
    notes = [one for one in found.footnotes if "begin on" in one or "begins on" in one]
    assert notes == ([late] if late else []), found.footnotes
    codes = {one.code for one in found.warnings} & {"late-start", "no-rows"}
    assert len(codes) == bool(late)
    assert (told(found).get("won_amount__previous") is None) is ("not compared" in late)


# Friday noon to Monday morning; gaps are 1 day and, of one in five, 3: nine days are no end yet.
@pytest.mark.parametrize(
    ("clock", "ended"),
    shared_out([("2026-11-02T08:00", False), ("2026-11-08T12:00", False), ("2026-11-08T12:01", True)], "source"),
)
def test_a_quiet_time_is_no_end(source: tuple[str, str], tmp_path: Path, clock: str, ended: bool) -> None:
    now = datetime.fromisoformat(clock).replace(tzinfo=UTC)
    found = figures(project(tmp_path, source), SPEC, now, clock=True)
    assert found.as_of == (END if ended else now)


@pytest.mark.parametrize(
    ("said", "clock", "ended"),
    shared_out(
        [
            ("3 days", "2026-11-02T12:00", False),
            ("3 days", "2026-11-02T12:01", True),
            ("36 hours", "2026-11-01T00:01", True),
            ("never", "2026-11-27T09:00", False),
        ],
        "source",
        3,
    ),
)
def test_what_the_project_says_of_gaps(
    source: tuple[str, str], tmp_path: Path, said: str, clock: str, ended: bool
) -> None:
    now = datetime.fromisoformat(clock).replace(tzinfo=UTC)
    found = figures(project(tmp_path, source, stale_after=said), SPEC, now, clock=True)
    assert found.as_of == (END if ended else now)


@pytest.mark.parametrize("where", shared_out(["project", "mapping"], "source"))
def test_when_the_source_says_it_was_loaded(source: tuple[str, str], tmp_path: Path, where: str) -> None:
    """The newest load that was done; what it has of later is told as a contradiction."""
    said = {"loaded_at": {"table": f"{source[1]}loads", "column": "done", "where": "state = 'done'"}}
    project(
        tmp_path,
        source,
        said if where == "mapping" else None,
        **(said if where == "project" else {}),
    )
    found = figures(tmp_path, SPEC, LATER, clock=True)
    assert found.data_as_of == found.as_of == datetime(2026, 10, 21, 6, tzinfo=UTC)
    # 1–20 October has 2 + 5 + 5 + 2 working days; the first of the three was due the day before.
    assert told(found).items() >= {"won_amount": 140, "overdue_deals_count": 1}.items()
    assert "changes-after-load" in [one.code for one in found.warnings]
    assert found.notices[0].startswith("The data end on 21 Oct 2026, 06:00: 1–21 Oct 2026 (until 06:00)")


@pytest.mark.parametrize(
    ("said", "as_of"),
    shared_out(
        [
            ("2026-11-01", "2026-11-02"),
            ("2026-11-01T06:00", "2026-11-01T06:00"),
            ("2026-11-01T06:00+02:00", "2026-11-01T04:00"),
            ("2026-11-27", LATER.isoformat()),
        ],
        "source",
        3,
    ),
)
def test_a_load_that_is_written_down(source: tuple[str, str], tmp_path: Path, said: str, as_of: str) -> None:
    """A day is over at its end, today as of the clock."""
    found = figures(project(tmp_path, source, loaded_at=said), SPEC, LATER, clock=True)
    wanted = datetime.fromisoformat(as_of)
    assert found.as_of == (wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC))
    assert [one.code for one in found.warnings if one.code == "changes-after-load"] == []


def test_each_report_of_many_is_as_of_the_end(source: tuple[str, str], tmp_path: Path) -> None:
    project(tmp_path, source)
    spec = {"version": 1, **SPEC, "for_each": "deal.owner_id"}
    (tmp_path / "s.yaml").write_text(json.dumps(spec))
    checked = load_report(tmp_path / "s.yaml", LATER, {}, clock=True)
    assert checked.report is not None, checked.diagnostics
    made = run_each(compile_report(checked.report), Timings())
    found = {value.value: figures for value, figures in made}
    assert {one.as_of for one in found.values()} == {END}
    assert {one.data_as_of for one in found.values()} == {LAST}
    assert [told(found[name])["won_amount"] for name in ("u0", "u1")] == [110, 110]
    assert [told(found[name])["overdue_deals_count"] for name in ("u0", "u1")] == [0, 1]


# --- one database is enough for these -----------------------------------------------------------------


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    home = tmp_path_factory.mktemp("here")
    tables = [Given("deals", DEALS, deals()), Given("loads", LOADS, LOADED)]
    with landed("duckdb", tables, lambda *_: None, home / "db") as found:
        yield found.url, found.prefix


NOTICES = {
    "en": "The data end on 30 Oct 2026: 1–30 Oct 2026 is compared with 1–30 Jul 2026.",
    "de": "Die Daten enden am 30. Okt. 2026: Verglichen wird 1.–30. Okt. 2026 mit 1.–30. Juli 2026.",
    "fr": "Les données s’arrêtent au 30 oct. 2026 : la comparaison porte sur 1–30 oct. 2026 et 1–30 juil. 2026.",
    "es": "Los datos llegan hasta el 30 oct 2026: se compara 1–30 oct 2026 con 1–30 jul 2026.",
    "it": "I dati arrivano al 30 ott 2026: si confronta 1–30 ott 2026 con 1–30 lug 2026.",
}


def blank(text: str) -> str:
    """A text with the blanks at which lines do not end, as French has before colons, as any others."""
    return text.replace("\u00a0", " ").replace("\u202f", " ")


@pytest.mark.parametrize("language", NOTICES)
def test_every_form_says_where_the_data_end(here: tuple[str, str], tmp_path: Path, language: str) -> None:
    own = {"locale": language, "language": language}
    found = figures(project(tmp_path, here, **own), SPEC, LATER, clock=True)
    said = NOTICES[language]
    assert found.notices == (said,)
    for text in (as_csv(found), as_table(found), as_text(found, "", (), ())):
        assert said in text
    assert said in blank(as_html(found, "", (), ()))
    assert as_data(found)["notices"] == [said]
    assert said in blank(next(iter(files_of(found, "html", "r", None).values())).decode())
    assert said in next(iter(files_of(found, "md", "r", None).values())).decode().replace("\\", "")
    assert said in files_of(found, "csv", "r", None)["r/00-notes.csv"].decode()
    [book] = files_of(found, "xlsx", "r", None).values()
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        assert said in parts.read("xl/sharedStrings.xml").decode()


def test_without_a_comparison_and_before_the_period(here: tuple[str, str], tmp_path: Path) -> None:
    project(tmp_path, here)
    alone = figures(tmp_path, {**SPEC, "compare": "none"}, LATER, clock=True)
    assert alone.notices == ("The data end on 30 Oct 2026: figures are as of then.",)
    ahead = figures(tmp_path, {**SPEC, "period": "this_month"}, LATER, clock=True)
    assert ahead.period.label == "November 2026"
    assert ahead.notices == ("The data end on 30 Oct 2026, before the period begins: nothing of it is known yet.",)
    over = figures(tmp_path, {**SPEC, "period": "2026-Q3", "compare": "2026-Q2"}, LATER, clock=True)
    assert over.notices == ()
    assert over.as_of == datetime(2026, 10, 1, tzinfo=UTC)


def test_steps_that_the_data_do_not_have(here: tuple[str, str], tmp_path: Path) -> None:
    sections = [{"id": "months", "trend": {"metrics": ["won_amount"], "grain": "month"}}]
    project(tmp_path, here)
    found = figures(tmp_path, {"period": "2026-Q4", "sections": sections}, LATER, clock=True)
    assert [row["won_amount"] for row in rows(found, "months")] == [220, None, None]
    page = next(iter(files_of(found, "md", "r", None).values())).decode()
    assert [word in page for word in ("(in part)", "(no data yet)", "progress")] == [True, True, False]


def test_the_pace_of_a_goal_is_that_of_the_data(here: tuple[str, str], tmp_path: Path) -> None:
    """30 of the quarter's 92 days: 220 of 300, and not of what 57 days should have brought."""
    spec = {**SPEC, "goals": {"won_amount": 920}}
    found = figures(project(tmp_path, here), spec, LATER, clock=True)
    goals = [tile.goal for section in found.sections for tile in section.kpis if tile.goal]
    assert [goal.pace for goal in goals] == [pytest.approx(220 / 300)]


def test_how_old_data_are_is_told_by_the_clock(here: tuple[str, str], tmp_path: Path) -> None:
    found = figures(project(tmp_path, here), SPEC, LATER, clock=True)
    assert too_old(found, timedelta(days=27), LATER) is not None
    assert too_old(found, timedelta(days=28), LATER) is None


def test_the_command_line(here: tuple[str, str], tmp_path: Path, run_cli: RunCli) -> None:
    """`--today` and REPORTSPEC_NOW are days that somebody names."""
    project(tmp_path, here)
    (tmp_path / "s.yaml").write_text(json.dumps({"version": 1, **SPEC, "compare": "none"}))
    asked = ["query", tmp_path / "s.yaml"]
    by_clock = run_cli(asked, tmp_path)
    named = run_cli([*asked, "--today", "2026-11-26"], tmp_path)
    set_so = run_cli(asked, tmp_path, {"REPORTSPEC_NOW": "2026-11-26T12:00"})
    if datetime.now(UTC) > datetime(2026, 11, 9, tzinfo=UTC):
        assert "The data end on 30 Oct 2026" in by_clock.stdout
    assert "figures go up to 26 Nov 2026." in named.stdout
    assert "figures go up to 26 Nov 2026, 12:00." in set_so.stdout


def test_a_load_that_lies_ahead(here: tuple[str, str], tmp_path: Path) -> None:
    project(tmp_path, here, loaded_at="2026-11-28")
    (tmp_path / "s.yaml").write_text(json.dumps({"version": 1, **SPEC}))
    found = load_report(tmp_path / "s.yaml", LATER, {}, clock=True)
    assert [one.code for one in found.diagnostics] == ["bad-date"]
    assert load_report(tmp_path / "s.yaml", LATER, {}).report is not None


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"table": "loads", "column": "none_such"}, "unknown-column"),
        ({"table": "none_such", "column": "done"}, "unknown-table"),
        ({"table": "loads", "column": "max("}, "bad-expression"),
        ("yesterday", "bad-date"),
    ],
)
def test_a_load_that_cannot_be_read(
    here: tuple[str, str], tmp_path: Path, run_cli: RunCli, said: Any, code: str
) -> None:
    project(tmp_path, here, loaded_at=said)
    (tmp_path / "s.yaml").write_text(json.dumps({"version": 1, **SPEC}))
    made = run_cli(["query", tmp_path / "s.yaml"], tmp_path)
    assert made.returncode == 1
    assert f"[{code}]" in made.stderr, made.stderr


def test_days_of_files(tmp_path: Path) -> None:
    """Deals closed up to 26 November, of which the newest was made on 2 January: too few to tell what
    gaps are usual."""
    (tmp_path / "d.csv").write_text(
        "id,who,made,closed,amt\n1,a,2026-01-01,2026-11-26,100\n2,a,2026-01-02,2026-11-20,50\n"
    )
    fields = {"owner_id": "who", "status": "'won'", "created_at": "made", "closed_at": "closed", "amount": "amt"}
    mapping = {"entities": {"deal": {"table": "d", "key": "id", "fields": fields}}}
    (tmp_path / "map.yaml").write_text(json.dumps(mapping))
    settings = {
        "version": 1,
        "source": {"files": {"d": "d.csv"}},
        "mapping": "map.yaml",
        "timezone": "America/New_York",
        "currency": "EUR",
        "locale": "en_GB",
    }
    (tmp_path / "reportspec.yaml").write_text(yaml.safe_dump(settings))
    now = datetime(2026, 12, 20, tzinfo=UTC)
    found = figures(tmp_path, {"period": "2026-12", "metrics": ["won_amount"]}, now, clock=True)
    assert found.as_of == now
    assert "Data as of 26 Nov 2026 ·" in next(iter(files_of(found, "md", "r", None).values())).decode()


# --- what is usual, and what is a change --------------------------------------------------------------


def every(*gaps: int) -> list[date]:
    days = [date(2026, 1, 1)]
    for gap in gaps:
        days.append(days[-1] + timedelta(days=gap))
    return days


@pytest.mark.parametrize(
    ("days", "allowed"),
    [
        (every(*[1] * 18), None),  # 19 days
        (every(*[1] * 19), 7),
        (every(*[1] * 18, 30), 90),  # 95 % of 19 gaps are 18.05: the 19th
        (every(*[1] * 19, 30), 7),  # 95 % of 20 are 19
        (every(*[5] * 40), 15),
        (every(*[1, 1, 1, 1, 3] * 20), 9),
    ],
)
def test_how_long_nothing_may_change(days: list[date], allowed: int | None) -> None:
    found = usual_gap(reversed(days))
    assert found == (timedelta.max if allowed is None else timedelta(days=allowed))


def test_which_times_of_the_catalogue_are_plans() -> None:
    """Of what a source gives; all others say when something happened."""
    entities = packaged().entities
    plans = {
        field.id
        for name in entities
        if entities[name].derived is None
        for field in entities[name].fields.values()
        if field.type in ("time", "date") and field.expr is None and not field.change
    }
    assert plans == {
        "activity.due_at",
        "business_calendar.day",
        "business_calendar.opens_at",
        "business_calendar.closes_at",
        "campaign.started_at",
        "campaign.ended_at",
        "contract.starts_at",
        "contract.ends_at",
        "deal.expected_close_date",
        "deal_stage_history.expected_close_date",
        "fx_rate.day",
        "goal.starts_on",
        "goal.ends_on",
        "sales_marketing_cost.month",
        "service_cost.month",
        "sla_event.due_at",
    }
