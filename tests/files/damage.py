"""Kinds of damage that files have, planted into the lines of a small sound one at random places.

What each must come to is said beside it: the code of what is refused or told, with the lines that were planted, or
`same`: the figures of the sound file, with nothing more to tell."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

Rows = list[list[str]]
HEAD = ["id", "name", "status", "amount", "created", "closed", "expected", "owner", "deleted", "source"]
SAME = "same"


@dataclass(frozen=True)
class Files:
    """The two files, as texts or bytes; the lines of deals that were damaged; what is to come of it."""

    deals: str | bytes
    users: str
    lines: tuple[int, ...] = ()
    come: tuple[str, ...] = (SAME,)
    count: int | None = None  # of rows that are told of, where it is not that of the lines
    name: str = "deals.csv"
    said: dict[str, object] = field(default_factory=dict)


Kind = Callable[[Rows, Rows, Random], Files]


def sound(random: Random, how: Callable[[date], str] = date.isoformat) -> tuple[Rows, Rows]:
    """Deals of a year, of six people: a third open, each with its dates and an amount with two decimals."""
    users = [
        [f"u{n:02}a", name, team]
        for n, (name, team) in enumerate(
            [("Anna", "N"), ("Bo", "N"), ("Cem", "S"), ("Dörte", "S"), ("Eve", "W"), ("Finn", "W")]
        )
    ]
    deals = []
    for number in range(60):
        status = ("won", "lost", "open")[number % 3]
        created = date(2026, 1, 2) + timedelta(days=random.randrange(150))
        closed = created + timedelta(days=random.randrange(5, 60))
        amount = f"{random.randrange(10_000, 900_000) / 100:.2f}"
        deals.append(
            [
                f"d{number:03}",
                f"Deal {number}",
                status,
                amount,
                how(created),
                how(closed) if status != "open" else "",
                how(closed),
                users[number % 6][0],
                ("false", "true")[number % 20 == 19],
                ("Web", "Messe Köln")[number % 2],
            ]
        )
    deals[0][2:4] = ["won", "0.00"]
    return deals, users


def text_of(rows: Sequence[Sequence[str]], head: Sequence[str] = HEAD, sign: str = ",", end: str = "\n") -> str:
    def cell(text: str) -> str:
        odd = any(one in text for one in (sign, '"', "\n"))
        return '"' + text.replace('"', '""') + '"' if odd else text

    return "".join(sign.join(map(cell, row)) + end for row in [head, *rows])


def _users(users: Rows) -> str:
    return text_of(users, ["id", "name", "team"])


def _places(deals: Rows, random: Random, fits: Callable[[list[str]], bool] = bool, most: int = 5) -> list[int]:
    places = [number for number, row in enumerate(deals) if fits(row)]
    return sorted(random.sample(places, min(random.randint(1, most), len(places))))


def cells(
    column: str,
    how: Callable[[str], str],
    *come: str,
    fits: Callable[[list[str]], bool] | None = None,
    dates: Callable[[date], str] = date.isoformat,
    **said: object,
) -> Kind:
    """Some values of a column written otherwise, of rows that have one."""
    at = HEAD.index(column)

    def plant(deals: Rows, users: Rows, random: Random) -> Files:
        if dates is not date.isoformat:
            deals = sound(Random(random.random()), dates)[0]
        there = fits or (lambda row: row[at] != "" and row[8] == "false")
        chosen = _places(deals, random, there)
        changed = [[*row[:at], how(row[at]), *row[at + 1 :]] if n in chosen else row for n, row in enumerate(deals)]
        return Files(text_of(changed), _users(users), tuple(n + 2 for n in chosen), come, said=dict(said))

    return plant


def rows(how: Callable[[list[str], Random], list[list[str]]], *come: str, kept: bool = True) -> Kind:
    """Further rows beside some, or in their place."""

    def plant(deals: Rows, users: Rows, random: Random) -> Files:
        chosen = _places(deals, random, lambda row: row[8] == "false", 3)
        made: Rows = []
        lines = []
        for number, row in enumerate(deals):
            if number not in chosen:
                made.append(row)
                continue
            if kept:
                made.append(row)
            more = how(row, random)
            lines += range(len(made) + 2, len(made) + 2 + len(more))
            made += more
        return Files(text_of(made), _users(users), tuple(lines), come)

    return plant


def lines(how: Callable[[str], str], *come: str) -> Kind:
    """Some lines written otherwise."""

    def plant(deals: Rows, users: Rows, random: Random) -> Files:
        whole = text_of(deals).splitlines(keepends=True)
        chosen = [n + 1 for n in _places(deals, random)]
        for number in chosen:
            whole[number] = how(whole[number].removesuffix("\n")) + "\n"
        return Files("".join(whole), _users(users), tuple(n + 1 for n in chosen), come)

    return plant


def file(how: Callable[[str, Random], str | bytes], *come: str, name: str = "deals.csv") -> Kind:
    """The file as a whole."""

    def plant(deals: Rows, users: Rows, random: Random) -> Files:
        return Files(how(text_of(deals), random), _users(users), (), come, name=name)

    return plant


def _table(how: Callable[[Rows], tuple[list[str], Rows]], *come: str) -> Kind:
    def plant(deals: Rows, users: Rows, random: Random) -> Files:
        head, made = how(deals)
        return Files(text_of(made, head), _users(users), (), come)

    return plant


def _cut(text: str, random: Random) -> str:
    """The file ends within the first fields of its last line."""
    start = text.rstrip("\n").rindex("\n") + 1
    return text[: start + random.randrange(5, 30)]


def _at_end(text: str, more: str) -> str:
    return text + more


def _middle(text: str, more: str) -> str:
    parts = text.splitlines(keepends=True)
    return "".join([*parts[:30], more, *parts[30:]])


def _fixed(kind: Kind, *at: int) -> Kind:
    """The same, of which the damaged lines are known."""

    def plant(deals: Rows, users: Rows, random: Random) -> Files:
        return replace(kind(deals, users, random), lines=at)

    return plant


def _user_bom(deals: Rows, users: Rows, random: Random) -> Files:
    """Two exports put together: a mark of encoding stands before a key."""
    changed = [*users[:3], ["\ufeff" + users[3][0], *users[3][1:]], *users[4:]]
    count = sum(row[7] == users[3][0] and row[8] == "false" for row in deals)
    return Files(text_of(deals), _users(changed), (), ("no-partner",), count)


def dmy(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _swapped(text: str) -> str:
    return f"{text[3:5]}/{text[:2]}/{text[6:]}"


def _is_late(row: list[str]) -> bool:
    """Whether the day of creation can be no month."""
    day = row[4][:2] if "/" in row[4] else row[4][8:]
    return int(day) > 12 and row[8] == "false"


def _has_day(row: list[str]) -> bool:
    return row[5] != "" and row[8] == "false"


def _won(row: list[str]) -> bool:
    return row[2] == "won" and row[8] == "false" and row[3] != "0.00"


def _turned(text: str) -> str:
    return f"{text[8:]}/{text[5:7]}/{text[:4]}"


DAMAGE: dict[str, Kind] = {
    # Rows that are none
    "a field is missing": lines(lambda line: line.partition(",")[2], "unreadable-row"),
    "a field too many": lines(lambda line: line.replace(",", ",,", 1), "unreadable-row"),
    "another delimiter": lines(lambda line: line.replace(",", ";"), "unreadable-row"),
    "rows in quotes": lines(lambda line: f'"{line}"', "unreadable-row"),
    "a stray quote": lines(lambda line: line.replace(",Deal", ',"Deal', 1), "unreadable-row"),
    "a quote within": lines(lambda line: line.replace(",Deal", ',"Deal" big', 1), "unreadable-row"),
    "cut off": _fixed(file(_cut, "unreadable-row"), 61),
    "the header again": _fixed(file(lambda text, _: _middle(text, ",".join(HEAD) + "\n"), "repeated-header"), 31),
    "the header again, with a mark": _fixed(
        file(lambda text, _: _middle(text, "\ufeff" + ",".join(HEAD) + "\n"), "repeated-header"), 31
    ),
    "a row of totals": _fixed(file(lambda text, _: _at_end(text, "Total,,,123.45,,,,,,\n"), "totals-row"), 62),
    "a sum without a word": _fixed(file(lambda text, _: _at_end(text, ",,,123.45,,,,,,\n"), "totals-row"), 62),
    "a line of text below": _fixed(file(lambda text, _: _at_end(text, "Exported by Anna\n"), "unreadable-row"), 62),
    "columns shifted left": rows(lambda row, _: [[*row[1:], ""]], "unreadable-value", kept=False),
    "columns shifted right": rows(lambda row, _: [["", *row[:-1]]], "unreadable-value", kept=False),
    "rows twice": rows(lambda row, _: [row], "repeated-key"),
    "keys twice": rows(lambda row, _: [[row[0], "Other", "won", "5.00", *row[4:]]], "repeated-key"),
    "no key": cells("id", lambda _: "", "no-key"),
    "a blank key": cells("id", lambda _: "  ", "no-key"),
    # Values
    "NULL": cells("amount", lambda _: "NULL", "unreadable-value"),
    "n/a": cells("amount", lambda _: "n/a", "unreadable-value"),
    "a dash": cells("amount", lambda _: "-", "unreadable-value"),
    "#N/A": cells("amount", lambda _: "#N/A", "unreadable-value"),
    "words": cells("amount", lambda _: "to be agreed", "unreadable-value"),
    "NaN": cells("amount", lambda _: "NaN", "unreadable-value"),
    "infinite": cells("amount", lambda _: "inf", "unreadable-value"),
    "beyond all numbers": cells("amount", lambda _: "1e400", "unreadable-value"),
    "a letter for a zero": cells("amount", lambda text: text[:-1] + "O", "unreadable-value"),
    "an apostrophe before": cells("amount", lambda text: "'" + text, "unreadable-value"),
    "percent": cells("amount", lambda text: text + " %", "unclear-percent"),
    "a decimal comma": cells("amount", lambda text: text.replace(".", ","), "unreadable-value"),
    "thousands": cells("amount", lambda text: f"{float(text):,.2f}"),
    "negative zero": cells("amount", lambda _: "-0.00", fits=lambda row: row[3] == "0.00"),
    "a plus before": cells("amount", lambda text: "+" + text),
    "blanks around": cells("amount", lambda text: f" {text}  "),
    "the sign of the currency": cells("amount", lambda text: "€ " + text),
    "the sign of another currency": cells("amount", lambda text: "$" + text, "other-currency"),
    "no amount": cells("amount", lambda _: "", "footnote", fits=_won),
    "Won": cells("status", str.title, "undeclared-value", fits=_won),
    "a hard blank": cells("status", lambda text: text + "\u00a0", "undeclared-value", fits=_won),
    "an invisible sign": cells("status", lambda text: text + "\u200b", "undeclared-value", fits=_won),
    "a zero byte": cells("status", lambda text: text + "\0", "undeclared-value", "unreadable-row", fits=_won),
    "no status": cells("status", lambda _: "", "unlikely-rows"),
    "yes": cells("deleted", lambda _: "no"),
    "x": cells("deleted", lambda _: "x", "unreadable-value"),
    "a blank behind owners": cells("owner", lambda text: text + " ", "no-partner"),
    "owners in capitals": cells("owner", str.upper, "no-partner"),
    "owners by name": cells("owner", lambda _: "Anna", "no-partner"),
    # Times
    "0000-00-00": cells("closed", lambda _: "0000-00-00", "unreadable-value", fits=_has_day),
    "1900-01-01": cells("closed", lambda _: "1900-01-01", "odd-time", fits=_has_day),
    "1970-01-01": cells("closed", lambda _: "1970-01-01", "odd-time", fits=_has_day),
    "9999-12-31": cells("closed", lambda _: "9999-12-31", "odd-time", fits=_has_day),
    "a year of three": cells("closed", lambda text: "0" + text[1:], "odd-time", fits=_has_day),
    "a century later": cells("closed", lambda text: "21" + text[2:], "odd-time", fits=_has_day),
    "no closing date": cells("closed", lambda _: "", "unlikely-rows", fits=_won),
    "a day that is none": cells("created", lambda text: text[:5] + "02-30", "unreadable-value"),
    "a number for a day": cells("created", lambda _: "46000", "unreadable-value"),
    "words for a day": cells("created", lambda _: "yesterday", "unreadable-value"),
    "some days as they are said": cells("created", _turned, fits=_is_late),
    "days that may be months": cells(
        "created", lambda text: text[:8] + "05" if text[5:7] != "05" else text[:8] + "06", SAME
    ),
    "months before days": cells("created", _swapped, "unreadable-value", fits=_is_late, dates=dmy),
    "midnight written": cells("created", lambda text: text + " 00:00:00"),
    "a zone at some": cells("created", lambda text: text + "T12:00:00Z"),
    "dots in some": cells("created", lambda text: f"{text[8:]}.{text[5:7]}.{text[:4]}", fits=_is_late),
    # The file
    "nothing": file(lambda *_: "", "empty-file"),
    "packed": file(lambda text, _: gzip.compress(text.encode()), name="deals.csv.gz"),
    "packed and cut": file(
        lambda text, _: gzip.compress(text.encode())[:-40], "unreadable-source", name="deals.csv.gz"
    ),
    "said to be packed": file(lambda text, _: text, "unreadable-source", name="deals.csv.gz"),
    "an encoding of Windows": file(lambda text, _: text.encode("cp1252"), "unclear-encoding"),
    "UTF-16 without a mark": file(lambda text, _: text.encode("utf-16-le"), "unclear-encoding"),
    "UTF-16": file(lambda text, _: text.encode("utf-16")),
    "a mark of UTF-8": file(lambda text, _: text.encode("utf-8-sig")),
    "ends of lines of Windows": file(lambda text, _: text.replace("\n", "\r\n")),
    "ends of lines of two kinds": file(lambda text, _: text.replace("\n", "\r\n", 20)),
    "blank lines": file(lambda text, _: text.replace("\n", "\n\n", 9) + "\n\n"),
    "rows of delimiters": file(lambda text, _: text + "," * (len(HEAD) - 1) + "\n"),
    "no header": file(lambda text, _: text.partition("\n")[2], "no-header"),
    "a title above": file(lambda text, _: "Deals 2026\n\n" + text, "no-header"),
    "a delimiter behind each row": file(
        lambda text, _: "\n".join(line + "," * (n > 0 and line != "") for n, line in enumerate(text.split("\n"))),
        "unreadable-row",
    ),
    "semicolons": file(lambda text, _: text.replace(",", ";")),
    "tabs in all rows but the header": file(
        lambda text, _: text.partition("\n")[0] + "\n" + text.partition("\n")[2].replace(",", "\t"), "unreadable-row"
    ),
    # Columns
    "a column more": _table(lambda deals: ([*HEAD, "note"], [[*row, "x"] for row in deals])),
    "a column less": _table(
        lambda deals: ([*HEAD[:3], *HEAD[4:]], [[*row[:3], *row[4:]] for row in deals]), "unknown-column"
    ),
    "a column called otherwise": _table(lambda deals: ([*HEAD[:3], "value", *HEAD[4:]], deals), "unknown-column"),
    "a column in capitals": _table(lambda deals: ([*HEAD[:3], " AMOUNT ", *HEAD[4:]], deals)),
    "a name twice": _table(lambda deals: ([*HEAD[:9], "amount"], deals), "repeated-column"),
    "columns in another order": _table(lambda deals: (HEAD[::-1], [row[::-1] for row in deals])),
    "rows in another order": _table(lambda deals: (HEAD, deals[::-1])),
    "texts of several lines": cells("name", lambda text: f'{text},\n"big" one'),
    "two exports put together": _user_bom,
}
