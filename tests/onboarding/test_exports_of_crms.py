"""Exports as people have them of Pipedrive, Zoho in German, HubSpot, Odoo and a workbook of a small firm: what `init`
makes of each, held against what was written into it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from reportspec.onboarding.alike_files import are_parts
from reportspec.onboarding.wish import NoStart, Started
from tests.figures.asking import figures, rows
from tests.files.texts import read
from tests.onboarding.test_code_lists import texts
from tests.onboarding.test_exports_as_they_come import book, looked_at
from tests.onboarding.test_newcomer import begun, mapping_of
from tests.onboarding.test_outcomes import COUNTS, NOW

FIRST = date(2026, 1, 7)
OWNERS = ["Anna Müller", "Jörg Weiß"]


@pytest.fixture(autouse=True)
def _no_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are asked for by themselves: no page is laid out."""
    monkeypatch.setattr("reportspec.formats.files_of", lambda figures, form, name, spec: {f"{name}.pdf": b"%PDF"})


def asked(folder: Path, *metrics: str) -> tuple[Any, ...]:
    """Figures of 2026."""
    spec = {"report": "custom", "period": "2026", "sections": [{"id": "a", "kpis": list(metrics)}]}
    [row] = rows(figures(folder / "p", spec, NOW), "a")
    return tuple(row[name] for name in metrics)


def begun_of(folder: Path, export: Path) -> Started:
    from reportspec.building import Order
    from reportspec.onboarding.start import start
    from reportspec.onboarding.wish import Takes, Wish

    return start(Wish((str(export),), folder / "p"), Order(NOW, {}), Takes(), lambda name: None)


def day(number: int, form: str = "%Y-%m-%d") -> str:
    return f"{FIRST + timedelta(number):{form}}"


def test_amounts_in_the_currency_of_the_company_are_added_up_where_there_are_no_rates(tmp_path: Path) -> None:
    """Of 60 deals a third each is in euros, dollars at 0.9 and pounds at 1.2: in euros both columns are the same."""
    head = "Record ID,Deal Name,Deal Stage,Close Date,Deal owner,Amount,Amount in company currency,Currency,Create Date"
    rates, total, lines = {"EUR": 1.0, "USD": 0.9, "GBP": 1.2}, 0.0, [head.split(",")]
    for at in range(60):
        code = [*rates][at % 3]
        total += (1000 + at) * rates[code]
        common = f"{(1000 + at) * rates[code]:.2f}"
        lines.append(
            [
                str(9000 + at),
                f"D {at}",
                "Closed Won",
                day(at + 40),
                OWNERS[at % 2],
                str(1000 + at),
                common,
                code,
                day(at),
            ]
        )
    begun(tmp_path, {"hubspot-crm-exports-all-deals": lines}, locale="en_GB", timezone="UTC")
    deal = mapping_of(tmp_path)["deal"]["fields"]
    assert deal["amount"] == '"Amount in company currency"'
    assert "currency" not in deal
    assert "currency: EUR\n" in (tmp_path / "p" / "reportspec.yaml").read_text("utf-8")
    assert asked(tmp_path, "won_amount") == (pytest.approx(total),)


def test_amounts_are_in_their_own_currency_where_somebody_wishes_another(tmp_path: Path) -> None:
    lines = [["ID", "Name", "Stage", "Close date", "Amount", "Amount (converted)", "Currency", "Created"]]
    for at in range(30):
        code, rate = (("EUR", 1.0), ("USD", 0.9))[at % 2]
        lines.append([str(at), f"D {at}", "Won", day(at + 9), "100", f"{100 * rate:.2f}", code, day(at)])
    begun(tmp_path, {"deals": lines}, currency="USD", locale="en_GB", timezone="UTC")
    assert mapping_of(tmp_path)["deal"]["fields"]["currency"] == '"Currency"'
    assert asked(tmp_path, "won_deals_count", "won_amount") == (30, 1500)  # those in dollars; the others have no rate


def odoo(outcomes: bool) -> list[list[str]]:
    """A table of 30 leads and 60 deals, of which a quarter each is won and lost in whatever stage."""
    head = "id,name,type,stage_id/name,user_id/name,partner_id/name,email_from,expected_revenue,create_date,date_closed"
    lines = [[*head.split(","), "lost_reason_id/name", *(["won_status"] if outcomes else [])]]
    for at in range(90):
        lead, state = at % 3 == 0, ("pending", "won", "lost", "pending")[at // 3 % 4]
        state = "pending" if lead else state
        stage = "Won" if state == "won" else ("New", "Qualified", "Proposition")[at % 3]
        closed = f"{day(at + 30)} 11:00:00" if state != "pending" else ""
        lines.append(
            [
                str(at + 1),
                f"Odoo {at}",
                "lead" if lead else "opportunity",
                stage,
                OWNERS[at % 2],
                f"P{at % 9}",
                f"x{at}@example.com",
                "" if lead else str(1000 + at),
                f"{day(at)} 09:00:00",
                closed,
                "Too expensive" if state == "lost" else "",
                *([state] if outcomes else []),
            ]
        )
    return lines


@pytest.mark.parametrize("outcomes", [True, False])
def test_a_table_of_leads_and_deals_is_both(outcomes: bool, tmp_path: Path) -> None:
    """Without a column of outcomes those are lost that have a reason for it, which is to be confirmed."""
    lines = odoo(outcomes)
    begun(tmp_path, {"crm_lead": lines})
    mapping = mapping_of(tmp_path)
    assert mapping["deal"]["where"] == "trim(type) in ('opportunity')"
    assert mapping["lead"]["where"] == "trim(type) in ('lead')"
    expected = tuple(sum(line[9] != "" and (line[3] == "Won") is won for line in lines[1:]) for won in (True, False))
    assert asked(tmp_path, *COUNTS, "leads_created_count") == (*expected, 60 - sum(expected), 30)
    text = (tmp_path / "p" / "mapping.yaml").read_text("utf-8")
    assert ("lost are those that have a `lost_reason_id/name`" in text) is not outcomes


def test_sheets_of_the_same_columns_are_one_table(tmp_path: Path) -> None:
    """Twenty offers in the sheet of each year, keys that go on, titles above the header; a list of customers that deals
    name by what they are called."""
    head = ["Nr.", "Kunde", "Angebot vom", "Betrag netto", "Ergebnis", "Entscheidung am", "Bearbeiter"]

    def year(number: int) -> list[list[Any]]:
        found: list[list[Any]] = [[f"Angebote {number}"], [], head]
        for at in range(20):
            begin, won = date(number, 2, 1) + timedelta(at), ("Auftrag", "Absage")[at % 2]
            found.append([20 * number + at, f"Kunde {at % 5}", begin, 1000 + at, won, begin + timedelta(9), "Huber"])
        return found

    customers = [["Kunde", "Ort"], *([f"Kunde {n}", "Passau"] for n in range(5))]
    path = book(
        tmp_path / "Liste.xlsx", **{"Angebote 2025": year(2025), "Angebote 2026": year(2026), "Kunden": customers}
    )
    begun_of(tmp_path, path)
    text = (tmp_path / "p" / "reportspec.yaml").read_text("utf-8")
    assert 'sheet: ["Angebote 2025", "Angebote 2026"]  # CONFIRM (2 sheets with the same columns are one table)' in text
    assert mapping_of(tmp_path)["account"]["key"] == '"Kunde"'
    spec = {
        "report": "custom",
        "period": {"from": "2025-01-01", "to": "2026-12-31"},
        "sections": [{"id": "a", "kpis": COUNTS}],
    }
    [row] = rows(figures(tmp_path / "p", spec, NOW), "a")
    assert (row["won_deals_count"], row["lost_deals_count"]) == (20, 20)


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        (["januar", "februar"], True),
        (["angebote_2025", "angebote_2026"], True),
        (["nord", "sued"], True),
        (["deals", "leads"], False),
        (["gewonnen", "verloren"], False),  # of which the state would be lost
        (["deals"], False),
    ],
)
def test_sheets_of_different_things_stay_apart(names: list[str], parts: bool) -> None:
    assert are_parts(names) is parts


def test_lists_of_the_same_two_columns_stay_apart(tmp_path: Path) -> None:
    sheets = {name: [["id", "name"], *([n, f"{name} {n}"] for n in range(4))] for name in ("A", "B")}
    assert [table.name for table in looked_at(book(tmp_path / "lists.xlsx", **sheets)).tables] == ["a", "b"]


def records(number: int = 60) -> list[dict[str, Any]]:
    return [
        {"id": at, "title": f"D{at}", "status": ("open", "won", "lost")[at % 3], "value": 100 + at, "created": day(at)}
        | {"closed": day(at + 9) if at % 3 else None}
        for at in range(number)
    ]


@pytest.mark.parametrize("around", ["data", "records", "lines", "array"])
def test_records_of_json_are_rows_however_they_stand_there(around: str, tmp_path: Path) -> None:
    """An answer of a program has them in a list beside what it says of itself."""
    answers = {
        "data": {"data": records(), "total": 60, "links": {"next": None}},
        "records": {"records": [{"attributes": {"type": "Deal"}, **one} for one in records()], "done": True},
        "array": records(),
    }
    text = "\n".join(map(json.dumps, records())) if around == "lines" else json.dumps(answers[around])
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "deals.json").write_text(text, encoding="utf-8")
    begun_of(tmp_path, tmp_path / "export")
    assert asked(tmp_path, *COUNTS) == (20, 20, 20)


def test_an_object_with_two_lists_is_no_answer_of_records(tmp_path: Path) -> None:
    (tmp_path / "deals.json").write_text(json.dumps({"a": records(), "b": records()}), encoding="utf-8")
    assert [table.rows for table in looked_at(tmp_path / "deals.json").tables] == [1]


@pytest.mark.parametrize("more", [{"total": 61}, {"totalSize": 90}, {"has_more": True}, {"done": False}])
def test_an_answer_that_has_not_all_records_is_refused(more: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "deals.json").write_text(json.dumps({"data": records(), **more}), encoding="utf-8")
    with pytest.raises(NoStart, match="has 60 records in `data`"):
        looked_at(tmp_path / "deals.json")


def test_pages_of_an_answer_are_one_table(tmp_path: Path) -> None:
    """Of two pages the first says that more follow, and each how many there are in all."""
    for page in (0, 1):
        answer = {"data": records()[30 * page : 30 * page + 30], "total": 60, "has_more": page == 0}
        (tmp_path / f"deals-{page}.json").write_text(json.dumps(answer), encoding="utf-8")
    assert [(table.name, table.rows) for table in looked_at(tmp_path).tables] == [("deals", 60)]


def test_a_record_with_a_list_of_its_own_is_no_answer(tmp_path: Path) -> None:
    """Where the mapping reads columns beside the list."""
    deal = {"id": "D1", "amount": 5, "lines": [{"id": "L1", "amount": 2}, {"id": "L2", "amount": 3}]}
    assert read(tmp_path, {"t.json": json.dumps(deal).encode()}, "id:key amount:money") == [("D1", 5)]


def csv_of(lines: Iterable[Iterable[object]]) -> str:
    return "\n".join(",".join("" if value is None else str(value) for value in line) for line in lines) + "\n"


def test_a_name_of_a_file_is_no_variable_of_the_environment(tmp_path: Path) -> None:
    found = records()
    (tmp_path / "export").mkdir()
    lines = [list(found[0]), *(one.values() for one in found)]
    (tmp_path / "export" / "deals ${Q3} [1].csv").write_text(csv_of(lines), encoding="utf-8")
    begun_of(tmp_path, tmp_path / "export")
    assert asked(tmp_path, *COUNTS) == (20, 20, 20)


@pytest.mark.parametrize(("states", "report"), [(("won", "lost"), "pipeline"), (("lost",), "lost_deals")])
def test_a_report_of_what_is_lost_comes_first_only_where_nothing_is_won(
    states: tuple[str, ...], report: str, tmp_path: Path
) -> None:
    """Deals of which only the end is known."""
    head = ["id", "name", "amount", "owner", "status", "loss_reason", "closed_at"]
    lines: list[list[object]] = [head]
    for at in range(40):
        state = states[at % len(states)]
        lines.append([at, f"D{at}", 100 + at, OWNERS[at % 2], state, "Price" if state == "lost" else "", day(at)])
    made = begun(tmp_path, {"deals": texts(lines)})
    assert made.pdf is not None
    assert made.pdf.stem == report


def test_an_export_of_zoho_in_german(tmp_path: Path) -> None:
    """What nothing stands for in lists to choose from (`-Ohne-`), who owns a record, why a deal was lost, leads that are
    no good, accounts by their number."""
    head = "Datensatz-ID;Abschlussinhaber;Abschlussname;Betrag;Abschlussdatum;Kontoname.id;Kontoname;Phase;Lead-Quelle"
    deals = [[*head.split(";"), "Erstellungszeitpunkt", "Grund für Verlust"]]
    stages = ["Qualifizierung", "Bedarfsanalyse", "Abgeschlossen (gewonnen)", "Abgeschlossen (verloren)"]
    for at in range(40):
        stage = stages[at % 4]
        deals.append(
            [
                f"zcrm_58{at:04}",
                OWNERS[at % 2],
                f"Projekt {at}",
                f"€ {at + 1}.500,25",
                day(at + 30, "%d.%m.%Y"),
                f"zcrm_57{at % 8:04}",
                f"Firma {at % 8} GmbH",
                stage,
                ("Messe", "-Ohne-")[at % 2],
                day(at, "%d.%m.%Y 09:10"),
                "Preis" if at % 4 == 3 else "",
            ]
        )
    accounts = [["Datensatz-ID", "Kontoname", "Kontoinhaber", "Branche", "Erstellungszeitpunkt"]]
    accounts += [
        [f"zcrm_57{n:04}", f"Firma {n} GmbH", OWNERS[n % 2], "Bau", day(n, "%d.%m.%Y 08:00")] for n in range(8)
    ]
    leads = [["Datensatz-ID", "Lead-Inhaber", "Firma", "Nachname", "E-Mail", "Lead-Status", "Erstellungszeitpunkt"]]
    for at in range(20):
        state = ("Kontaktiert", "Unbrauchbarer Lead")[at % 2]
        leads.append(
            [
                f"zcrm_59{at:04}",
                OWNERS[at % 2],
                f"Firma L{at}",
                f"N{at}",
                f"l{at}@example.com",
                state,
                day(at, "%d.%m.%Y 09:00"),
            ]
        )
    begun(tmp_path, {"Abschlüsse_2026": deals, "Konten_2026": accounts, "Leads_2026": leads})
    deal = mapping_of(tmp_path)["deal"]["fields"]
    assert (deal["owner_id"], deal["loss_reason"]) == ('"Abschlussinhaber"', '"Grund für Verlust"')
    assert deal["account_id"] == '"Kontoname.id"'
    assert "-Ohne-" in (tmp_path / "p" / "reportspec.yaml").read_text("utf-8")
    assert asked(tmp_path, *COUNTS, "leads_created_count") == (10, 10, 20, 10)
    assert asked(tmp_path, "won_amount") == (sum(at + 1 for at in range(2, 40, 4)) * 1000 + 10 * 500.25,)


def test_an_export_of_pipedrive(tmp_path: Path) -> None:
    """Columns that begin with what they are of, addresses of a kind, stages in the order of a new account."""
    head = "Title,ID,Value,Currency of Value,Organization,Stage,Status,Owner,Deal created,Won time,Lost time"
    deals = [[f"Deal - {name}" for name in [*head.split(","), "Lost reason"]]]
    stages = ["Lead In", "Contact Made", "Demo Scheduled", "Proposal Made", "Negotiations Started"]
    for at in range(60):
        state = ("Open", "Won", "Lost")[at % 3]
        over = [f"{day(at + 30)} 10:11:12" if state == one else "" for one in ("Won", "Lost")]
        deals.append(
            [
                f"Org {at % 6} deal",
                str(at + 1),
                str(500 + at),
                "PLN",
                f"Org {at % 6}",
                stages[at % 5],
                state,
                OWNERS[at % 2],
                f"{day(at)} 09:10:11",
                *over,
                "Price" if state == "Lost" else "",
            ]
        )
    people = [[f"Person - {name}" for name in ("Name", "ID", "Organization", "Email - Work", "Phone - Work", "Owner")]]
    people += [
        [f"Person {n}", str(n), f"Org {n % 6}", f"p{n}@example.com", f"+48 600 100 {n:03}", OWNERS[n % 2]]
        for n in range(20)
    ]
    begun(tmp_path, {"deals-1234567-12": deals, "people-1234567-15": people}, locale="pl_PL", timezone="UTC")
    mapping = mapping_of(tmp_path)
    assert [one["name"] for one in mapping["stage"]["rows"]] == stages
    contact = mapping["contact"]["fields"]
    assert (contact["email"], contact["phone"]) == ('"Person - Email - Work"', '"Person - Phone - Work"')
    assert asked(tmp_path, *COUNTS, "won_amount") == (20, 20, 20, sum(500 + at for at in range(1, 60, 3)))


def test_days_of_zeros_are_none(tmp_path: Path) -> None:
    """Days as digits alone, which conditions read as days, too; what is open has zeros for the day of its end."""
    lines: list[list[object]] = [["id", "name", "amount", "status", "created", "closed"]]
    for at, one in enumerate(records()):
        closed = "00000000" if one["closed"] is None else day(at + 9, "%Y%m%d")
        lines.append([at, one["title"], one["value"], one["status"], day(at, "%Y%m%d"), closed])
    begun(tmp_path, {"deals": texts(lines)})
    assert 'null: ["00000000"]  # CONFIRM' in (tmp_path / "p" / "reportspec.yaml").read_text("utf-8")
    assert asked(tmp_path, *COUNTS) == (20, 20, 20)
