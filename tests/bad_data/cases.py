"""The likeliest mistakes with data: a small project, and what each case changes of it."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

Files = dict[str, bytes]

DEALS = """id,owner,amount,currency,status,stage,created,closed,expected
d1,u1,1000.50,EUR,won,s3,2026-04-13,2026-07-14,2026-07-31
d2,u2,250,EUR,won,s3,2026-04-20,2026-08-25,2026-08-31
d3,u1,400,EUR,lost,s1,2026-05-17,2026-09-16,2026-09-30
d4,u2,800,EUR,open,s2,2026-06-18,,2026-11-30
d5,u1,90,EUR,open,s1,2026-07-19,,2026-12-24
"""
USERS = "id,name,email\nu1,Anna,anna@example.com\nu2,Ben,ben@example.com\n"
STAGES = "id,name,position,probability,won,lost\ns1,New,1,0.2,false,false\ns2,Offer,2,0.6,false,false\ns3,Won,3,1,true,false\n"
PROJECT: dict[str, Any] = {
    "version": 1,
    "source": {"files": {"deals": "deals.csv", "users": "users.csv", "stages": "stages.csv"}},
    "mapping": "mapping.yaml",
    "timezone": "Europe/Rome",
    "locale": "en_GB",
    "currency": "EUR",
}
MAPPING: dict[str, Any] = {
    "entities": {
        "user": {"table": "users", "key": "id", "fields": {"name": "name", "email": "email"}},
        "stage": {
            "table": "stages",
            "key": "id",
            "fields": {
                "name": "name",
                "position": "position",
                "probability": "probability",
                "is_won": "won",
                "is_lost": "lost",
            },
        },
        "deal": {
            "table": "deals",
            "key": "id",
            "fields": {
                "owner_id": "owner",
                "amount": "amount",
                "currency": "currency",
                "status": "status",
                "stage_id": "stage",
                "created_at": "created",
                "closed_at": "closed",
                "expected_close_date": "expected",
            },
        },
    }
}
SPEC: dict[str, Any] = {
    "version": 1,
    "report": "custom",
    "period": "2026-Q3",
    "sections": [
        {"id": "tiles", "kpis": ["won_amount", "close_rate", "open_amount"]},
        {"id": "owners", "breakdown": {"metrics": ["won_amount"], "by": ["user.name"]}},
    ],
}


class Given:
    """The project as it stands; a case changes it."""

    def __init__(self) -> None:
        self.files: Files = {
            "deals.csv": DEALS.encode(),
            "users.csv": USERS.encode(),
            "stages.csv": STAGES.encode(),
        }
        self.project: dict[str, Any] = yaml.safe_load(yaml.safe_dump(PROJECT))
        self.mapping: dict[str, Any] = yaml.safe_load(yaml.safe_dump(MAPPING))
        self.spec: dict[str, Any] = yaml.safe_load(yaml.safe_dump(SPEC))

    @property
    def tables(self) -> dict[str, Any]:
        """The files of the source."""
        found: dict[str, Any] = self.project["source"]["files"]
        return found

    @property
    def deal(self) -> dict[str, Any]:
        """The fields of deals in the mapping."""
        found: dict[str, Any] = self.mapping["entities"]["deal"]["fields"]
        return found

    def replace(self, old: str, new: str, file: str = "deals.csv", count: int = -1) -> None:
        text = self.files[file].decode()
        assert old in text, old
        self.files[file] = text.replace(old, new, count).encode()

    def add(self, *lines: str, file: str = "deals.csv") -> None:
        self.files[file] += "".join(f"{line}\n" for line in lines).encode()

    def write(self, folder: Path) -> None:
        for name, data in self.files.items():
            (folder / name).write_bytes(data)
        for name, tree in (
            ("reportspec.yaml", self.project),
            ("mapping.yaml", self.mapping),
            ("s.yaml", self.spec),
        ):
            (folder / name).write_text(yaml.safe_dump(tree, sort_keys=False, width=100), encoding="utf-8")


def text(old: str, new: str, file: str = "deals.csv", count: int = -1) -> Callable[[Given], None]:
    return lambda given: given.replace(old, new, file, count)


def line(*lines: str, file: str = "deals.csv") -> Callable[[Given], None]:
    return lambda given: given.add(*lines, file=file)


def field(name: str, value: Any) -> Callable[[Given], None]:
    return lambda given: given.deal.update({name: value})


def all_of(*changes: Callable[[Given], None]) -> Callable[[Given], None]:
    def change(given: Given) -> None:
        for one in changes:
            one(given)

    return change


def dates(written: str) -> Callable[[Given], None]:
    """All days in another form, of `yyyy`, `yy`, `mm` and `dd`."""

    def change(given: Given) -> None:
        def other(found: re.Match[str]) -> str:
            year, month, day = found.groups()
            return written.replace("yyyy", year).replace("yy", year[2:]).replace("mm", month).replace("dd", day)

        given.files["deals.csv"] = re.sub(r"(\d{4})-(\d\d)-(\d\d)", other, given.files["deals.csv"].decode()).encode()

    return change


def ambiguous(given: Given) -> None:
    """Days of which each can be the month."""

    def other(found: re.Match[str]) -> str:
        year, month, day = found.groups()
        return f"{int(day) % 12 + 1:02}/{month}/{year}"

    given.files["deals.csv"] = re.sub(r"(\d{4})-(\d\d)-(\d\d)", other, given.files["deals.csv"].decode()).encode()


def one_ambiguous(given: Given) -> None:
    """The same where there is one row: that all its days are told is no sign that they stand under wrong names."""
    ambiguous(given)
    given.files["deals.csv"] = b"\n".join(given.files["deals.csv"].split(b"\n")[:2]) + b"\n"


def encoded(name: str) -> Callable[[Given], None]:
    def change(given: Given) -> None:
        given.replace("Anna", "Änne", "users.csv")
        given.files["users.csv"] = given.files["users.csv"].decode().encode(name)

    return change


def filters(*given_filters: dict[str, Any]) -> Callable[[Given], None]:
    return lambda given: given.spec.update({"filters": list(given_filters)})


def goals(value: Any) -> Callable[[Given], None]:
    return lambda given: given.spec.update({"goals": value})


def book(given: Given) -> None:
    """A file that is called a workbook and is a text."""
    given.files["deals.xlsx"] = given.files.pop("deals.csv")
    given.tables["deals"] = "deals.xlsx"


def zipped(given: Given) -> None:
    inside = io.BytesIO()
    with zipfile.ZipFile(inside, "w") as made:
        made.writestr("deals.csv", DEALS)
    given.files["deals.csv"] = inside.getvalue()


def entity(name: str, **changes: Any) -> Callable[[Given], None]:
    return lambda given: given.mapping["entities"][name].update(changes)


def rates(*lines: str) -> Callable[[Given], None]:
    """A deal in dollars, and a file of exchange rates."""

    def change(given: Given) -> None:
        given.replace("250,EUR", "250,USD")
        given.tables["rates"] = "rates.csv"
        given.files["rates.csv"] = "".join(f"{one}\n" for one in ("on,from,to,worth", *lines)).encode()
        fields = {"day": '"on"', "from_currency": '"from"', "to_currency": '"to"', "rate": "worth"}
        given.mapping["entities"]["fx_rate"] = {"table": "rates", "fields": fields}

    return change


def set_file(name: str, value: Any) -> Callable[[Given], None]:
    return lambda given: given.tables.update({name: value})


CASES: dict[str, Callable[[Given], None]] = {
    # Keys and relations.
    "key_twice": line("d5,u1,90,EUR,open,s1,2026-07-19,,2026-12-24"),
    "key_twice_other_values": line("d1,u2,7,EUR,open,s1,2026-07-19,,2026-12-24"),
    "key_empty": line(",u1,90,EUR,open,s1,2026-07-19,,2026-12-24"),
    "person_twice": line("u1,Anna,anna@other.example", file="users.csv"),
    "totals_row": line("Total,,2540.50,,,,,,"),
    "totals_row_without_key": line(",,2540.50,,,,,,"),
    "owner_unknown": text("d2,u2", "d2,u9"),
    "owner_blank_behind": text("d2,u2", "d2,u2 "),
    "owner_other_case": text("d2,u2", "d2,U2"),
    "owner_leading_zero": all_of(text("u2", "2"), text("u2", "02", "users.csv")),
    "owner_empty": text("d2,u2", "d2,"),
    "names_twice": line("u3,Ben,ben3@example.com", file="users.csv"),
    "owner_from_stage": field("owner_id", "stage"),
    "owner_with_unseen_letter": text("d2,u2", "d2,u2\u200b"),
    "names_alike_by_accents": all_of(
        text("Ben", "Andr\u00e9", "users.csv"), text("Anna,", "Andre\u0301,", "users.csv")
    ),
    "names_alike_by_unseen_letter": text("Ben", "Anna\u200b", "users.csv"),
    "name_with_lost_letter": text("Anna", "Ann\ufffd", "users.csv"),
    "header_with_unseen_letter": text("id,owner", "id,own\u200ber\u00a0"),
    "stage_unknown": text("s2,2026-06-18", "s7,2026-06-18"),
    # Values.
    "status_capital": text("won", "Won"),
    "status_blank": text(",won,", ",won ,", count=1),
    "amount_in_french": lambda given: given.deal.update({"montant": given.deal.pop("amount")}),
    "status_unseen_letter": text(",won,", ",w\u2060on,", count=1),
    "status_other_blank": text(",won,", ",won\u00a0,", count=1),
    "status_other_words": text("won", "vinta"),
    "status_empty": text("400,EUR,lost", "400,EUR,"),
    "status_from_stage": field("status", "stage"),
    "type_other_words": all_of(
        text("expected\n", "expected,kind\n"),
        text("31\n", "31,rinnovo\n"),
        text("30\n", "30,nuovo\n"),
        text("24\n", "24,nuovo\n"),
        field("deal_type", "kind"),
        lambda g: g.spec["sections"][0].update({"kpis": ["new_revenue_amount"]}),
    ),
    "won_without_date": text("2026-08-25", ""),
    "open_with_date": text("2026-06-18,,", "2026-06-18,2026-11-30,"),
    "open_without_amount": text("800,EUR,open", ",EUR,open"),
    "closed_before_created": text("2026-04-20,2026-08-25", "2026-09-20,2026-08-25"),
    "closed_in_2062": text("2026-08-25", "2062-08-25"),
    "closed_in_1900": text("2026-08-25", "1900-01-01"),
    "probability_percent": all_of(
        text("0.2", "20", "stages.csv"),
        text("0.6", "60", "stages.csv"),
        text(",1,true", ",100,true", "stages.csv"),
        lambda g: g.spec["sections"][0].update({"kpis": ["open_weighted_amount"]}),
    ),
    # Amounts.
    "amount_with_sign": text("250,", "€ 250,"),
    "amount_thousands": text("1000.50", '"1,000.50"'),
    "amount_decimal_comma": all_of(text("1000.50", '"1000,50"'), text("250", '"250,75"')),
    "amount_ambiguous": all_of(text("1000.50", '"1.000"'), text("250", '"2.500"')),
    "amount_na": text("250", "n/a"),
    "amount_dash": text("250", "-"),
    "amount_excel_error": text("250", "#N/A"),
    "amount_word": text("250", "two hundred"),
    "amount_percent": text("250", "25 %"),
    "amount_huge": text("250", "1e30"),
    "amount_infinite": text("250", "inf"),
    "amount_in_brackets": text("250", "(250)"),
    "currency_empty": text("250,EUR", "250,"),
    "currency_other": text("250,EUR", "250,USD"),
    "currency_sign": text("EUR", "€"),
    "currency_unmapped": lambda given: given.deal.pop("currency"),
    "rate_twice": rates("2026-07-01,USD,EUR,0.8", "2026-07-01,USD,EUR,0.9", "2026-08-01,USD,EUR,0.7"),
    # Days and times.
    "dates_day_first": dates("dd/mm/yyyy"),
    "dates_ambiguous": ambiguous,
    "dates_ambiguous_in_one_row": one_ambiguous,
    "dates_two_digits": dates("dd-mm-yy"),
    "dates_mixed": text("2026-08-25", "25/08/2026"),
    "dates_words": text("2026-08-25", "last summer"),
    "dates_impossible": text("2026-08-25", "2026-08-32"),
    "dates_zero": text("2026-08-25", "0000-00-00"),
    "dates_excel_number": text("2026-08-25", "46259"),
    "times_zone_odd": text("2026-08-25", "2026-08-25T10:00:00+99:00"),
    "times_ampm": text("2026-08-25", "08/25/2026 08:55 PM"),
    "column_is_no_time": field("closed_at", "amount"),
    "column_is_no_number": field("amount", "stage"),
    # Files.
    "file_is_folder": set_file("deals", "."),
    "file_is_device": set_file("deals", "/dev/null"),
    "file_missing": set_file("deals", "deal.csv"),
    "file_empty": lambda given: given.files.update({"deals.csv": b""}),
    "file_empty_users": lambda given: given.files.update({"users.csv": b""}),
    "file_header_only": lambda given: given.files.update({"deals.csv": DEALS.splitlines(True)[0].encode()}),
    "file_title_rows": lambda given: given.files.update({"deals.csv": b"All deals\nof 1 November\n" + DEALS.encode()}),
    "file_semicolons": lambda given: given.files.update(
        {"deals.csv": DEALS.replace(",", ";").replace("250;", "250;;").encode()}
    ),
    "file_field_too_few": line("d6,u1,90,EUR,open"),
    "file_field_too_many": line("d6,u1,90,EUR,open,s1,2026-07-19,,2026-12-24,x"),
    "file_quote_open": text("u2,250", 'u2,"250'),
    "file_header_twice": lambda given: given.add(DEALS.splitlines()[0]),
    "file_cp1252": encoded("cp1252"),
    "file_utf16_without_mark": encoded("utf-16-le"),
    "file_no_workbook": book,
    "file_zip": zipped,
    "file_binary": lambda given: given.files.update({"deals.csv": bytes(range(256)) * 8}),
    "file_columns_twice": text("owner,amount", "amount,amount"),
    # The mapping.
    "column_misspelt": field("amount", "amuont"),
    "column_other_case": field("amount", "Amount"),
    "column_with_blank": all_of(text("amount", "Deal amount", count=1), field("amount", "Deal amount")),
    "column_with_signs": all_of(text("amount", "Amount (no.)", count=1), field("amount", "Amount (no.)")),
    "table_misspelt": entity("deal", table="deal"),
    "field_unknown": all_of(lambda given: given.deal.pop("closed_at"), field("won_at", "closed")),
    "field_other_word": all_of(lambda given: given.deal.pop("owner_id"), field("owner", "owner")),
    "field_capital": field("Status", "status"),
    "key_misspelt": entity("user", key="user_id"),
    "where_misspelt": entity("deal", where="delted = false"),
    # What the spec asks of the data.
    "filter_value_unknown": filters({"field": "user.name", "eq": "Ana"}),
    "filter_value_of_two": filters({"field": "user.name", "in": ["Anna", "Bem"]}),
    "filter_case": filters({"field": "user.name", "eq": "anna"}),
    "period_without_rows": lambda given: given.spec.update({"period": "2024-Q1"}),
    "compared_without_rows": lambda given: given.spec.update({"compare": "previous_year"}),
    "compared_in_part": lambda given: given.spec.update({"compare": {"from": "2026-06-01", "to": "2026-08-31"}}),
    "goal_of_nobody": goals({"won_amount": {"by": "user.name", "targets": {"Ana": 500, "Ben": 300}}}),
    "goal_of_some": goals({"won_amount": {"by": "user.name", "targets": {"Ben": 300}}}),
    "report_currency_other": lambda given: given.spec.update({"currency": "USD"}),
}
