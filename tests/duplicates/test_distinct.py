"""Records that are no duplicates are not taken for any, however much of their values many have in common: all of what is
here is made so that it is known who is whom."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.duplicates.conftest import Ask, sets, write_project

PLACES = ["Rossi", "Perù", "Monti", "Tirreno", "Adige", "Etna", "Valle d'Oro", "del Lago", "San Marco", "Garda"]
TRADES = ["Acciaierie", "Caseificio", "Molino", "Officine", "Cantina", "Edilizia", "Trasporti", "Vetreria"]


def _folder(folder: Path, entities: object, **tables: Iterable[Iterable[object]]) -> Path:
    for name, rows in tables.items():
        text = "".join(",".join(str(cell) for cell in row) + "\n" for row in rows)
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    files = {"files": {name: f"{name}.csv" for name in tables}}
    return write_project(folder, files, {"entities": entities}, currency="EUR")


def test_a_trade_and_a_place_are_many_companies(tmp_path: Path, ask: Ask) -> None:
    """80 companies of eight trades and ten names, and two that are written twice."""
    names = [
        f"{trade} {place} {form}" for place in PLACES for trade, form in zip(TRADES, ["S.p.A.", "srl"] * 4, strict=True)
    ]
    rows: list[list[object]] = [["id", "name", "made"]]
    rows += [[f"A{i:02}", name, f"2025-01-{1 + i % 28:02}"] for i, name in enumerate(names)]
    # A00 is Acciaierie Rossi S.p.A., A66 is Molino San Marco S.p.A.
    rows += [["B1", "ACCIAIERIE ROSSI", "2026-02-01"], ["B2", "molino san marco srl", "2026-02-02"]]
    account = {"table": "firms", "key": "id", "fields": {"name": "name", "created_at": "made"}}
    found = ask(_folder(tmp_path, {"account": account}, firms=rows), "--entity", "account")
    assert sets(found) == [{"A00", "B1"}, {"A66", "B2"}]
    # Nothing says when a record changed.
    assert {(group["keep"]["key"], group["keep"]["reason"]) for group in found["groups"]} == {
        ("B1", "created last"),
        ("B2", "created last"),
    }


def test_people_of_few_names_are_many(tmp_path: Path, ask: Ask) -> None:
    """300 people of ten first and six last names, `Doe` and `Loe` among them, each with an address that repeats the name at
    a firm of their own; domains that begin alike, or differ in a number. One is there twice."""
    given = ["Fay", "Ann", "Ben", "Carl", "Dora", "Emma", "Finn", "Gina", "Hugo", "Jürgen"]
    family = ["Doe", "Loe", "Roe", "Green", "Jäger", "Stone"]
    plain = str.maketrans({"ü": "ue", "ä": "ae"})
    rows: list[list[object]] = [["id", "given", "family", "mail", "phone", "firm"]]
    for i in range(300):
        first, last = given[i % 10], family[i // 10 % 6]
        mail = f"{first}.{last}@{('quartz', 'fennel')[i % 2]}-labs{i}.example".lower().translate(plain)
        rows.append([f"P{i:03}", first, last, mail, f"+39 02 {5_200_000 + i * 7_919 % 700_000}", f"Firm {i}"])
    rows.append(["Q", "Fay", "Doe", "fay.doe@quartz-labs0.example", "", ""])
    fields = {"first_name": "given", "last_name": "family", "email": "mail", "phone": "phone"}
    contact = {"table": "people", "key": "id", "fields": {**fields, "company": {"sql": "firm", "type": "text"}}}
    assert sets(ask(_folder(tmp_path, {"contact": contact}, people=rows))) == [{"P000", "Q"}]


def test_families_are_several_people(tmp_path: Path, ask: Ask) -> None:
    """60 couples who have a rare name, a home, and a firm of their own in common, some of them a telephone. One of them is
    there twice, with a slip; and one under another first name, with her own date of birth."""
    given = [("Petra", "Markus"), ("Alain", "Nathalie"), ("Julia", "Dieter"), ("Chiara", "Luca"), ("Marta", "Hugo")]
    rows: list[list[object]] = [["id", "given", "family", "phone", "firm", "street", "town", "zip", "born"]]
    for i in range(60):
        family = "".join(("ba", "ko", "ru", "mi", "se", "tol")[i // n % 6] for n in (1, 6, 11)).title()
        home = [f"{family} & Co", f"Lindenallee {i + 3}", ("Ulm", "Lyon", "Bari", "Graz")[i % 4], 10_000 + i * 37]
        for j, first in enumerate(given[i % 5]):
            phone = f"+49 30 55{1000 + i * 17 + (j if i % 3 else 0)}"
            born = f"{1950 + (i * 7 + j * 11) % 40}-{1 + (i + j * 5) % 12:02}-{10 + (i * 3 + j * 7) % 18}"
            rows.append([f"P{i:02}{'ab'[j]}", first, family, phone, *home, born])
    rows.append(["Q1", "Petra", rows[1][2], "", *rows[1][4:8], ""])  # P00a
    rows.append(["Q2", "Luise", rows[5][2], "", *rows[5][4:]])  # P02a
    own = {"company": "firm", "street": "street", "city": "town"}
    own |= {"postcode": "cast(zip as varchar)", "date_of_birth": "cast(born as varchar)"}
    fields = {name: {"sql": column, "type": "text"} for name, column in own.items()}
    fields |= {"first_name": "given", "last_name": "family", "phone": "phone"}  # type: ignore[dict-item]
    contact = {"table": "people", "key": "id", "fields": fields}
    assert sets(ask(_folder(tmp_path, {"contact": contact}, people=rows))) == [{"P00a", "Q1"}, {"P02a", "Q2"}]


def test_deals_of_one_customer_are_many(tmp_path: Path, ask: Ask) -> None:
    """400 deals of 40 customers and their one contact, made within days, named for the customer and for what is sold; one
    is there twice."""
    sold = ["Training day renewal", "Edge gateway", "Support Plus", "Support Basic", "Support Premium"]
    sold += ["Offer", "Sensor kit", "Audit", "Spare parts", "Migration"]
    firms: list[list[object]] = [["id", "name"]]
    firms += [[f"A{i:02}", f"{PLACES[i % 10]} {TRADES[i // 10]} AG"] for i in range(40)]
    deals: list[list[object]] = [["id", "name", "account", "contact", "amount", "made"]]
    for i in range(400):
        firm = firms[1 + i // 10]
        amount = round(900 * 1.019**i + 37 * (i * 7_919 % 101), 2)
        made = f"2026-03-{1 + i % 5:02}"
        deals.append([f"D{i:03}", f"{firm[1]}: {sold[i % 10]}", firm[0], f"N{i // 10}", amount, made])
    deals.append(["E", deals[8][1], *deals[8][2:]])
    entities = {
        "account": {"table": "firms", "key": "id", "fields": {"name": "name"}},
        "deal": {
            "table": "deals",
            "key": "id",
            "fields": {
                "name": "name",
                "account_id": "account",
                "contact_id": "contact",
                "amount": "amount",
                "created_at": "made",
            },
        },
    }
    found = ask(_folder(tmp_path, entities, firms=firms, deals=deals), "--entity", "deal")
    assert sets(found) == [{"D007", "E"}]


def test_the_demo_has_six_contacts_twice_and_no_deal(tmp_path: Path, ask: Ask) -> None:
    """Who is there twice has the same address at the same company and was not merged: six by 15 November, as a count of its
    contacts by address and account has it. No two deals have one account, one amount and days within a week."""
    (tmp_path / "reportspec.yaml").write_text(
        "version: 1\nsource: demo\ntimezone: Europe/Rome\ncurrency: EUR\n", encoding="utf-8"
    )
    groups = ask(tmp_path, "--show-personal", "--today", "2026-11-15")["groups"]
    assert len(groups) == 6
    for group in groups:
        assert len({(r["values"]["email"], r["values"]["account.name"]) for r in group["records"]}) == 1
    assert ask(tmp_path, "--entity", "deal", "--today", "2026-11-15")["groups"] == []


def test_firms_of_one_name_in_two_countries_are_two(tmp_path: Path, ask: Ask) -> None:
    """60 firms, each once; of these one has another of its name in another country, one in the same country whose name is
    written otherwise, one in another country with its tax number, one in a country that is not known, and one in
    another country and region."""
    rows: list[list[object]] = [["id", "name", "country", "region", "tax"]]
    rows += [
        [f"A{i:02}", f"{PLACES[i % 10]} {TRADES[i % 6]} {i * 7919}", "AT", f"R{i % 5}", f"X{i * 104729}"]
        for i in range(60)
    ]
    names = {row[0]: (row[1], row[3], row[4]) for row in rows[1:]}
    rows += [
        ["B1", names["A11"][0], "CH", names["A11"][1], ""],
        ["B2", names["A22"][0], "Österreich", names["A22"][1], ""],
        ["B3", names["A33"][0], "CH", names["A33"][1], names["A33"][2]],
        ["B4", names["A44"][0], "", "", ""],
        ["B5", names["A55"][0], "Schweiz", "R9", ""],
    ]
    fields = {"name": "name", "country": "country", "region": "region", "tax_id": {"sql": "tax", "type": "text"}}
    account = {"table": "firms", "key": "id", "fields": fields}
    found = ask(_folder(tmp_path, {"account": account}, firms=rows), "--entity", "account")
    assert sets(found) == [{"A22", "B2"}, {"A33", "B3"}, {"A44", "B4"}]


def test_what_is_no_address_is_no_sign(tmp_path: Path, ask: Ask) -> None:
    """Of 300 people three share what is no address, under names of their own; two share an address."""
    given = ["Fay", "Ann", "Ben", "Carl", "Dora", "Emma", "Finn", "Gina", "Hugo", "Jan"]
    family = ["Doe", "Loe", "Roe", "Green", "Marsh", "Stone"]
    rows: list[list[object]] = [["id", "given", "family", "mail", "phone"]]
    for i in range(300):
        first, last = given[i % 10], family[i // 10 % 6]
        mail = f"{first}.{last}@{('quartz', 'fennel')[i % 2]}-labs{i}.example".lower()
        rows.append([f"P{i:03}", first, last, mail, f"+39 02 {5_200_000 + i * 7_919 % 700_000}"])
    for at, (first, last) in enumerate((("Ada", "Rossi"), ("Ada", "Verdi"), ("Ada", "Kaya"))):
        rows.append([f"M{at}", first, last, "broken@@x.example", ""])
    rows += [["O", "Eva", "Roth", "eva@roth.example", ""], ["Q", "Eva", "Roth", "eva@roth.example", ""]]
    fields = {"first_name": "given", "last_name": "family", "email": "mail", "phone": "phone"}
    contact = {"table": "people", "key": "id", "fields": fields}
    assert sets(ask(_folder(tmp_path, {"contact": contact}, people=rows))) == [{"O", "Q"}]
