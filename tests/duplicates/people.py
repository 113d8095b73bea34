"""A made-up firm's contacts, leads, accounts and deals, with what is the same told by hand.

Who belongs together was written down with the rows, before anything was run: each `SAME` is a person or thing, by keys.
What stands alone is as much of a test: colleagues who share a switchboard, a married couple, a father and a son,
namesakes at different firms, two offices.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from tests.engines.servers import Given

_AT = datetime
_CONTACTS: list[tuple[Any, ...]] = [
    # key, account, first name, last name, email, phone, created, updated
    ("C01", "A1", "Giovanni", "Rossi", "giovanni.rossi@acmespa.example", "+39 02 8765 4321", _AT(2024, 1, 5), _AT(2026, 2, 1)),
    ("C02", "A1", "GIOVANNI", "Rosi", "Giovanni.Rossi+crm@acmespa.example", "0039 0287654321", _AT(2025, 3, 1), None),
    ("C03", "A1", "Gianni", "Rossi", None, "02-8765 4321", _AT(2025, 6, 1), None),
    ("C04", "A1", "Marta", "Colombo", "marta.colombo@acmespa.example", "+39 02 8765 4000", _AT(2024, 1, 5), None),
    ("C05", "A1", "Paolo", "Ferrari", "paolo.ferrari@acmespa.example", "+39 02 8765 4000", _AT(2024, 2, 5), None),
    ("C06", "A2", "Robert", "de la Cruz", "rob.delacruz@gmail.com", "+44 20 7946 0958", _AT(2024, 3, 1), None),
    ("C07", "A2", "Bob", "Cruz", "robdelacruz@googlemail.com", None, _AT(2025, 3, 1), _AT(2026, 5, 1)),
    ("C08", "A3", "Anna", "Schmidt", "anna.schmidt@nordwerk.example", "+49 30 5550101", _AT(2024, 4, 1), None),
    ("C09", "A3", "Schmidt", "Anna", "anna.schmidt@nordwerk.example", None, _AT(2025, 4, 1), None),
    ("C10", "A4", "Anna", "Schmidt", "a.schmidt@suedglas.example", "+49 89 7770202", _AT(2024, 5, 1), None),
    ("C11", "A5", "José", "García López", "jose.garcia@iberia-data.example", "+34 612 345 987", _AT(2024, 6, 1), None),
    ("C12", "A5", "Jose", "Garcia Lopez", "jgarcia@iberia-data.example", "612345987", _AT(2025, 6, 1), None),
    ("C13", "A6", "Claire", "Dubois", "info@atelier-bleu.example", "+33 1 42 68 53 00", _AT(2024, 7, 1), None),
    ("C14", "A6", "Luc", "Moreau", "info@atelier-bleu.example", "+33 1 42 68 53 00", _AT(2024, 7, 1), None),
    ("C15", "A7", "Henry", "Whitfield", "henry.whitfield@whitfield.example", "+44 161 496 0123", _AT(2024, 8, 1), None),
    ("C16", "A7", "Oscar", "Whitfield", "oscar.whitfield@whitfield.example", "+44 161 496 0123", _AT(2024, 8, 1), None),
    ("C17", "A8", "Elena", "Marchetti", "elena.marchetti@lumen.example", "+39 347 555 0147", _AT(2024, 9, 1), None),
    ("C18", "A8", "Elena", "Marchetti", "elena.marchetti@lumne.example", None, _AT(2025, 9, 1), None),
    ("C19", "A9", "Test", None, "test@example.com", "0000000000", _AT(2024, 9, 1), None),
    ("C20", "A10", None, "Test", "test@example.com", "0000000000", _AT(2024, 9, 1), None),
    ("C21", "A9", "Ingrid", "Olsen", None, None, _AT(2024, 9, 1), None),
    ("C22", "A10", "Ingrid", "Berg", None, None, _AT(2024, 9, 1), None),
]  # fmt: skip
_ACCOUNTS: list[tuple[Any, ...]] = [
    ("A1", "Acme S.p.A.", "https://www.acmespa.example/it", "Italy"),
    ("A2", "Harbour & Cruz Ltd", None, "GB"),
    ("A3", "Nordwerk GmbH", "nordwerk.example", "Germany"),
    ("A4", "Südglas GmbH & Co. KG", "suedglas.example", "DE"),
    ("A5", "Iberia Data S.L.", None, "Spain"),
    ("A6", "Atelier Bleu SARL", "atelier-bleu.example", "France"),
    ("A7", "Whitfield and Sons Limited", None, "GB"),
    ("A8", "Lumen S.r.l.", "lumen.example", "Italy"),
    ("A9", "Bergen Marine AS", None, "Norway"),
    ("A10", "Oslo Marine AS", None, "Norway"),
    ("A11", "ACME SPA", "acmespa.example", "Italia"),
    ("A12", "Sudglas", "http://suedglas.example", "Germany"),
    ("A13", "Plant 1 Holding", None, "Germany"),
    ("A14", "Plant 2 Holding", None, "Germany"),
]
_LEADS: list[tuple[Any, ...]] = [
    ("L1", "giovanni.rossi@acmespa.example", "02 87654321", "ACME", _AT(2026, 1, 5), None),
    ("L2", "elena.marchetti@lumen.example", None, "Lumen", _AT(2026, 1, 6), None),
    ("L3", "nobody.new@elsewhere.example", "+44 20 7946 0111", "Elsewhere Ltd", _AT(2026, 1, 7), None),
    ("L4", "nobody.new@elsewhere.example", "020 7946 0111", "Elsewhere", _AT(2026, 1, 7), None),
    ("L5", "anna.schmidt@nordwerk.example", None, "Nordwerk", _AT(2025, 1, 7), _AT(2025, 2, 7)),
]
_DEALS: list[tuple[Any, ...]] = [
    ("D1", "Acme rollout", "A1", "C01", "open", Decimal("12000.00"), "EUR", _AT(2026, 3, 1)),
    ("D2", "ACME Rollout", "A1", "C02", "open", Decimal("12000.00"), "EUR", _AT(2026, 3, 3)),
    ("D3", "Acme rollout", "A1", "C01", "won", Decimal("12000.00"), "EUR", _AT(2025, 3, 1)),
    ("D4", "Nordwerk licences", "A3", "C08", "won", Decimal("5000.50"), "EUR", _AT(2025, 5, 1)),
    ("D5", "Nordwerk training", "A3", "C09", "won", Decimal("700.00"), "USD", _AT(2025, 5, 2)),
    ("D6", "Lumen pilot", "A8", "C17", "lost", Decimal("900.00"), "EUR", _AT(2025, 7, 2)),
]

TABLES = [
    Given(
        "contact",
        (("contact_id", "VARCHAR"), ("account_id", "VARCHAR"), ("first_name", "VARCHAR"), ("last_name", "VARCHAR"),
         ("email", "VARCHAR"), ("phone", "VARCHAR"), ("created_at", "TIMESTAMP"), ("updated_at", "TIMESTAMP")),
        _CONTACTS,
    ),
    Given(
        "account",
        (("account_id", "VARCHAR"), ("name", "VARCHAR"), ("website", "VARCHAR"), ("country", "VARCHAR")),
        _ACCOUNTS,
    ),
    Given(
        "lead",
        (("lead_id", "VARCHAR"), ("email", "VARCHAR"), ("phone", "VARCHAR"), ("company", "VARCHAR"),
         ("created_at", "TIMESTAMP"), ("converted_at", "TIMESTAMP")),
        _LEADS,
    ),
    Given(
        "deal",
        (("deal_id", "VARCHAR"), ("name", "VARCHAR"), ("account_id", "VARCHAR"), ("contact_id", "VARCHAR"),
         ("status", "VARCHAR"), ("amount", "DECIMAL(14,2)"), ("currency", "VARCHAR"), ("created_at", "TIMESTAMP")),
        _DEALS,
    ),
]  # fmt: skip
OWN = {"account": {"website"}}
ENTITIES = ("contact", "account", "lead", "deal", "lead+contact")
SAME: dict[str, list[set[str]]] = {
    "contact": [{"C01", "C02", "C03"}, {"C06", "C07"}, {"C08", "C09"}, {"C11", "C12"}, {"C17", "C18"}],
    "account": [{"A1", "A11"}, {"A4", "A12"}],
    "lead": [{"L3", "L4"}],
    "deal": [{"D1", "D2"}],
    # L5 became a contact on purpose.
    "lead+contact": [{"L1", "C01", "C02", "C03"}, {"L2", "C17", "C18"}],
}


def mapping(prefix: str = "") -> dict[str, object]:
    """The mapping of the tables by their own names."""
    entities: dict[str, object] = {}
    for table in TABLES:
        fields: dict[str, object] = {}
        for name, _ in table.columns:
            own = name in OWN.get(table.name, ())
            fields[name] = {"sql": name, "type": "text"} if own else name
        entities[table.name] = {"table": f"{prefix}{table.name}", "fields": fields}
    return {"timezone": "UTC", "entities": entities}
