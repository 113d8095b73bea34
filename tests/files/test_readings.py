"""Dates and numbers as people's programs write them: read where one reading reads all, refused where two do."""

from __future__ import annotations

import random
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from reportspec.errors import SourceError
from tests.files.texts import read, refusal


def column(folder: Path, kind: str, *values: str, **said: Any) -> list[Any]:
    """The values of a column of that kind, a row for each."""
    return [row[1] for row in read(folder, table(values), f"id:key x:{kind}", **said)]


def table(values: tuple[str, ...]) -> str:
    quoted = ['"' + value.replace('"', '""') + '"' for value in values]
    return "id,x\n" + "".join(f"{number},{value}\n" for number, value in enumerate(quoted))


def said_of(folder: Path, kind: str, *values: str, **said: Any) -> SourceError:
    return refusal(folder, table(values), f"id:key x:{kind}", **said)


DAY = date(2026, 4, 13)
DATES = {
    ("2026-04-13", "2026-04-02"): [DAY, date(2026, 4, 2)],
    ("13/04/2026", "02/04/2026"): [DAY, date(2026, 4, 2)],
    ("4/13/2026", "4/2/2026"): [DAY, date(2026, 4, 2)],
    ("13.04.26", "02.04.26"): [DAY, date(2026, 4, 2)],
    ("04-13-26", "04-02-26"): [DAY, date(2026, 4, 2)],
    ("2026/04/13", "2026/4/2"): [DAY, date(2026, 4, 2)],
    ("13-Apr-2026", "2-Apr-2026"): [DAY, date(2026, 4, 2)],
    ("April 13, 2026", "May 2, 2026"): [DAY, date(2026, 5, 2)],
    ("20260413", "20260402"): [DAY, date(2026, 4, 2)],
    ("13/04/2026", "2026-04-02"): [DAY, date(2026, 4, 2)],
    ("05/05/2026", "06/06/2026"): [date(2026, 5, 5), date(2026, 6, 6)],  # one day in any order
}


@pytest.mark.parametrize("values", DATES, ids=str)
def test_dates(values: tuple[str, ...], tmp_path: Path) -> None:
    assert column(tmp_path, "time", *values, "") == [*DATES[values], None]
    assert column(tmp_path, "date", *values) == DATES[values]


TIMES = {
    "2026-04-13 20:55": datetime(2026, 4, 13, 20, 55),
    "2026-04-13T20:55:07.250": datetime(2026, 4, 13, 20, 55, 7, 250000),
    "13/04/2026 20:55": datetime(2026, 4, 13, 20, 55),
    "13/04/2026 9:05": datetime(2026, 4, 13, 9, 5),
    "04/13/26 08:55 PM": datetime(2026, 4, 13, 20, 55),
    "4/13/2026 12:05 am": datetime(2026, 4, 13, 0, 5),
    "4/13/2026, 8:55:01 PM": datetime(2026, 4, 13, 20, 55, 1),
    "13.04.2026 20:55:07": datetime(2026, 4, 13, 20, 55, 7),
    "2026-04-13 08:55 PM": datetime(2026, 4, 13, 20, 55),
    "13 Apr 2026 20:55": datetime(2026, 4, 13, 20, 55),
}


@pytest.mark.parametrize("text", TIMES)
def test_times(text: str, tmp_path: Path) -> None:
    assert column(tmp_path, "time", text) == [TIMES[text]]


def test_instants(tmp_path: Path) -> None:
    for text in ("2026-04-13T20:55:00Z", "2026-04-13 22:55:00+02:00", "13/04/2026 22:55 +02:00"):
        (found,) = column(tmp_path, "time", text)
        assert found == datetime(2026, 4, 13, 20, 55, tzinfo=UTC), text


def test_ways_to_write_utc_beside_another_form(tmp_path: Path) -> None:
    """In Rome these are 12:55, 20:55 and 21:55 on the 13th; one is written in the other clock."""
    texts = ("13/04/2026 12:55 PM", "13/04/2026 08:55 PMZ", "13/04/2026 08:55 PM UTC", "13/04/2026 10:55 PM+02")
    found = column(tmp_path, "time", *texts)[1:]
    assert found == [datetime(2026, 4, 13, 20, 55, tzinfo=UTC)] * 3


NO_SUCH_DAYS = ("2026-02-30", "2026-04-31", "2025-02-29", "2026-13-01", "2026-00-10", "2026-01-32")
BESIDE = ("2026-03-01", "2026-03-01T10:00:00+01:00", "2026-03-01 10:00 UTC", "2026-03-01 10:00:00.1234567Z")


@pytest.mark.parametrize("offset", ["", "Z", " UTC", "+02:00", "-0500", "+01"])
def test_days_that_there_are_not(offset: str, tmp_path: Path) -> None:
    """The calendar has none of them, whatever stands behind them and whatever the others are."""
    for number, day in enumerate(NO_SUCH_DAYS):
        text = f"{day} 10:00:00{offset}" if offset else day
        beside = BESIDE[number % len(BESIDE) :][:2]
        found = said_of(tmp_path, "time", text, *beside)
        assert f"a value that cannot be read as a date or a time: `{text}`" in found.message
        assert found.help == "there is no such day or time: mend the file"
        assert found.notes == (f"line 2: {found.notes[0].partition(': ')[2]}",)


DAYS_OF_FORMS = {
    "31/04/2026 10:00": "30/04/2026 10:00",
    "29-Feb-2025 10:00:30": "28-Feb-2025 10:00:30",
    "Apr 31, 2026 10:00 PM": "Apr 30, 2026 10:00 PM",
    "31.04.26 10:00": "30.04.26 10:00",
}


@pytest.mark.parametrize("bad", DAYS_OF_FORMS)
def test_such_days_in_other_forms(bad: str, tmp_path: Path) -> None:
    for offset in ("Z", " +02:00"):
        found = said_of(tmp_path, "time", DAYS_OF_FORMS[bad] + offset, bad + offset, "2026-03-01T10:00:00Z")
        assert f"a value that cannot be read as a date or a time: `{bad}{offset}`" in found.message


@pytest.mark.parametrize(
    ("format_", "good", "bad"),
    [
        ("%d.%m.%Y %H.%M%z", "30.04.2026 22.55+02:00", "31.04.2026 22.55+02:00"),
        ("%Y%m%dT%H%M%S%z", "20260430T205500Z", "20260431T205500Z"),
        ("%H:%M %z %d-%m-%Y", "22:55 +0200 30-04-2026", "22:55 +0200 31-04-2026"),
        ("%d/%m/%Y %H:%M %Z", "30/04/2026 22:55 Europe/Rome", "31/04/2026 22:55 Europe/Rome"),
    ],
)
def test_such_days_by_a_format_that_is_said(format_: str, good: str, bad: str, tmp_path: Path) -> None:
    said = (("", (format_,)),)
    assert column(tmp_path, "time", good, date_format=said) in (
        [datetime(2026, 4, 30, 20, 55, tzinfo=UTC)],
        [datetime(2026, 4, 30, 20, 55)],  # a name of a zone is read on the source's clock, UTC here
    )
    assert bad in said_of(tmp_path, "time", bad, date_format=said).message


TWO_WAYS = {
    ("03/04/2026", "05/04/2026"): ("03/04/2026", "3 April 2026 or 4 March 2026", "%d/%m/%Y"),
    ("11-01-2026", "11-12-2026"): ("", "", "%d-%m-%Y"),
    ("03/04/2026 08:55 PM",): ("03/04/2026 08:55 PM", "3 April 2026 or 4 March 2026", "%d/%m/%Y %I:%M %p"),
    ("05-03-17",): ("05-03-17", "5 March 2017 or 3 May 2017 or 17 March 2005", "%d-%m-%y"),
}


@pytest.mark.parametrize("values", TWO_WAYS, ids=str)
def test_dates_of_two_readings(values: tuple[str, ...], tmp_path: Path) -> None:
    text, ways, format_ = TWO_WAYS[values]
    found = said_of(tmp_path, "time", *values)
    assert found.code == "unclear-date"
    assert f"{text}` is {ways}" in found.message or not text
    assert f'`date_format: "{format_}"` (day first)' in str(found.help)
    other = format_.replace("%d", "?").replace("%m", "%d").replace("?", "%m")
    day, month = (column(tmp_path, "date", *values, date_format=(("", (f,)),)) for f in (format_, other))
    assert [(d.day, d.month) for d in day] == [(d.month, d.day) for d in month]


NO_DATES = (
    ("31/02/2026",),
    ("2026-02-30",),
    ("soon", "2026-01-01"),
    ("46000",),
    ("epoch",),
    ("13/04/2026", "04/13/2026"),
    ("1/2/3",),
)


@pytest.mark.parametrize("values", NO_DATES, ids=str)
def test_texts_that_are_no_dates(values: tuple[str, ...], tmp_path: Path) -> None:
    found = said_of(tmp_path, "time", *values)
    assert (found.code, found.table) == ("unreadable-value", "t")
    assert found.notes
    assert found.notes[0].startswith("line ")


def test_a_format_that_reads_not_all(tmp_path: Path) -> None:
    format_ = (("", ("%d/%m/%Y",)),)
    for text in ("13/04/26", "04/13/2026", "13/04/2026 10:00", "13.04.2026"):
        found = said_of(tmp_path, "time", "01/02/2026", text, date_format=format_)
        assert f"a value that cannot be read as a date or a time: `{text}`" in found.message
    assert column(tmp_path, "time", "2026-04-13", date_format=format_) == [DAY], "ISO needs none"
    own = (("x", ("%Y-%d-%m",)),)
    assert column(tmp_path, "time", "2026-05-04", date_format=own) == [date(2026, 4, 5)]


def test_a_format_for_all_columns_stays_in_what_is_proposed(tmp_path: Path) -> None:
    """Else the line for one column would be wrong for another, and the one for that for the first."""
    data = "id,a,b\n1,13.04.2026 08:55:00,14.05.2026\n"
    for given in ("%d.%m.%Y", "%d.%m.%Y %H:%M:%S"):
        told = refusal(tmp_path, data, "a:time b:time", date_format=(("", (given,)),))
        proposed = re.findall(r'"([^"]+)"', told.help or "")
        assert sorted(proposed) == ["%d.%m.%Y", "%d.%m.%Y %H:%M:%S"]
        read_so = read(tmp_path, data, "a:time b:time", date_format=(("", tuple(proposed)),))
        assert read_so == [(datetime(2026, 4, 13, 8, 55), date(2026, 5, 14))]


def test_columns_have_their_own_formats(tmp_path: Path) -> None:
    data = "id,a,b\n1,03/04/2026,03/04/26 08:55 PM\n"
    said = (("a", ("%d/%m/%Y",)), ("b", ("%m/%d/%y %I:%M %p",)))
    assert read(tmp_path, data, "a:time b:time", date_format=said) == [(date(2026, 4, 3), datetime(2026, 3, 4, 20, 55))]
    assert refusal(tmp_path, data, "a:time", date_format=(("c", ("%d/%m/%Y",)),)).code == "unknown-column"


NUMBERS = {
    ("1054.50", "7", "-3.25", "+2"): [1054.5, 7, -3.25, 2],
    ("12", "007"): [12, 7],
    ("1,234.50", "10.5"): [1234.5, 10.5],
    ("1.234,50", "10,5"): [1234.5, 10.5],
    ("1.234.567", "1.500"): [1234567, 1500],
    ("1 234,50", "1\u00a0000,00", "5"): [1234.5, 1000, 5],
    ("1'234.50", "2’000.00"): [1234.5, 2000],
    ("$1,054.50", "$200", "300"): [1054.5, 200, 300],
    ("1.234,50 €", "-10,00 €"): [1234.5, -10],
    ("EUR 1.234,50", "EUR 2,00"): [1234.5, 2],
    ("(1,234.50)", "100.25-", "-$5.00"): [-1234.5, -100.25, -5],
    ("- 3", "5 -", "0-", "−5"): [-3, -5, 0, -5],
    ("1.500", "10.50"): [1.5, 10.5],
    ("1.500", "0.125"): [1.5, 0.125],
    ("1,500", "2,5"): [1.5, 2.5],
    ("1,23,456.70", "5"): [123456.7, 5],
    ("1e3", "2.5E-1"): [1000, 0.25],
}


@pytest.mark.parametrize("values", NUMBERS, ids=str)
def test_numbers(values: tuple[str, ...], tmp_path: Path) -> None:
    for kind in ("money", "number"):
        assert column(tmp_path, kind, *values, "") == [*NUMBERS[values], None]


@pytest.mark.parametrize("values", [("1.500", "2.000"), ("1,500",), ("12,345", "7"), ("$1.500",), ("-1.500",)], ids=str)
def test_numbers_of_two_readings(values: tuple[str, ...], tmp_path: Path) -> None:
    found = said_of(tmp_path, "money", *values)
    assert found.code == "unclear-number"
    point, comma = (column(tmp_path, "money", *values, decimal=sign) for sign in ".,")
    mark = 0 if "," not in values[0] else 1
    fraction, whole = (point, comma) if mark == 0 else (comma, point)
    assert abs(whole[0]) == 1000 * abs(fraction[0])


TWO_SIGNS = ("--7", "+-4", "- -5", "++5", "-5-", "+5-", "−-5", "-1,234.50-", "-$-5", "(-5)", "(5-)", "-EUR 5-")


@pytest.mark.parametrize("text", TWO_SIGNS)
def test_of_two_signs_nobody_knows_what_they_mean(text: str, tmp_path: Path) -> None:
    for kind in ("money", "number"):
        found = said_of(tmp_path, kind, text, "5")
        assert (found.code, f"cannot be read as a number: `{text}`" in found.message) == ("unreadable-value", True)


NO_NUMBERS = (
    ("12", "Anna"),
    ("1.2.3",),
    ("1,2,3",),
    ("nan",),
    ("inf", "1"),
    ("0x1f",),
    ("1_000",),
    ("10%%",),
    ("1.234,5", "1,234.5"),
)


@pytest.mark.parametrize("values", NO_NUMBERS, ids=str)
def test_texts_that_are_no_numbers(values: tuple[str, ...], tmp_path: Path) -> None:
    assert said_of(tmp_path, "money", *values).code == "unreadable-value"


PERCENT: dict[tuple[str, ...], list[float]] = {
    ("12.5 %", "50%"): [0.125, 0.5],
    ("12,5 %", "1.050,00 %"): [0.125, 10.5],
    ("-5%", "0", "100 %", "%7"): [-0.05, 0, 1, 0.07],
    ("60", "12.5"): [0.6, 0.125],
}


@pytest.mark.parametrize("values", PERCENT, ids=str)
def test_numbers_in_percent(values: tuple[str, ...], tmp_path: Path) -> None:
    """They are shares where the project says so, of a field and of an expression; else refused if they say so."""
    for kind in ("number", "any"):
        assert column(tmp_path, kind, *values, "", percent=("X",)) == [*PERCENT[values], None]
    if "%" in "".join(values):
        found = said_of(tmp_path, "number", *values)
        assert found.code == "unclear-percent"
        assert 'write `percent: ["x"]`' in str(found.help)


def test_percent_that_does_not_fit(tmp_path: Path) -> None:
    mixed = said_of(tmp_path, "number", "50%", "0.5", percent=("x",))
    assert (mixed.code, mixed.notes) == ("unclear-percent", ('line 2: 0,"50%"', 'line 3: 1,"0.5"'))
    assert said_of(tmp_path, "number", "5", percent=("y",)).code == "unknown-column"
    assert said_of(tmp_path, "number", "5", texts=True, percent=("x",)).code == "contradiction"
    data = {"a.json": b'[{"id": 1, "x": 0.6}]'}
    assert refusal(tmp_path, data, "id:key x:number", percent=("x",)).code == "contradiction"


@pytest.mark.parametrize(
    "word", ["#N/A", "#DIV/0!", "#REF!", "#VALUE!", "#NAME?", "#NV", "#BEZUG!", "#¡REF!", "#¿NOMBRE?", "Err:502"]
)
def test_errors_of_spreadsheets(word: str, tmp_path: Path) -> None:
    for kind in ("number", "time", "boolean"):
        found = said_of(tmp_path, kind, word, "", "-")
        assert found.code == "unreadable-value"
        assert f'mend the formulas in the spreadsheet, or write `null: ["{word}"' in str(found.help).replace(
            '["-", ', "["
        )
        assert column(tmp_path, kind, word, "-", null=(word, "-")) == [None, None]


@pytest.mark.parametrize("kind", ["money", "number"])
def test_powers_of_ten(kind: str, tmp_path: Path) -> None:
    """As databases read them. Beside what may be 1,234 or 1.234 they say nothing of what that is."""
    for values, numbers in (
        (("1e5", "100"), [100_000, 100]),
        (("1E+3",), [1000]),
        (("1.5e2", "-2E-1", "7"), [150, -0.2, 7]),
    ):
        assert column(tmp_path, kind, *values) == numbers
    assert said_of(tmp_path, kind, "1e5", "1.234").code == "unreadable-value"


def test_words_for_nothing_beside_others_are_told_apart(tmp_path: Path) -> None:
    """What is shown first is what no setting reads."""
    found = said_of(tmp_path, "number", "#N/A", "-", "n/a", "soon", "5")
    assert "4 values that cannot be read as a number: `soon`, `#N/A`" in found.message
    assert found.help == 'mend the file; write `null: ["#N/A", "-", "n/a"]` if they stand for no value'


def test_amounts_in_two_currencies(tmp_path: Path) -> None:
    found = said_of(tmp_path, "money", "$5", "€7")
    assert found.code == "mixed-currencies"
    assert len(found.notes) == 2


def test_signs_that_are_said_decide(tmp_path: Path) -> None:
    assert column(tmp_path, "money", "1.500", thousands=".", decimal=",") == [1500]
    assert column(tmp_path, "money", "1,500", thousands=",") == [1500]
    found = said_of(tmp_path, "money", "10.50", thousands=".", decimal=",")
    assert (found.code, found.help) == ("unreadable-value", 'write `decimal: "."`')


def test_yes_and_no(tmp_path: Path) -> None:
    assert column(tmp_path, "boolean", "Yes", "no", "", "TRUE", "0") == [True, False, None, True, False]
    assert column(tmp_path, "boolean", "Sì", "No") == [True, False]
    assert said_of(tmp_path, "boolean", "active", "no").code == "unreadable-value"


def test_blanks_are_no_value(tmp_path: Path) -> None:
    for kind, value in (("time", date(2026, 1, 1)), ("money", 1234.5), ("boolean", True)):
        text = {"time": "2026-01-01", "money": "1.234,50", "boolean": "yes"}[kind]
        assert column(tmp_path, kind, "  ", f" {text} ", "") == [None, value, None]
        assert column(tmp_path, kind, "  ", "") == [None, None]
        plain = {"time": "2026-01-01", "money": "5", "boolean": "no"}[kind]
        assert column(tmp_path, kind, " ", plain)[0] is None


def test_keys_stay_as_they_are(tmp_path: Path) -> None:
    data = "id,n\n007,1\n7,2\n1e5,3\n u7 ,4\n"
    assert [row[0] for row in read(tmp_path, data, "id:key")] == ["007", "7", "1e5", " u7 "]
    assert [row[0] for row in read(tmp_path, data, "id:any n:any")] == ["007", "7", "1e5", " u7 "]


def test_columns_of_expressions_are_what_all_their_texts_are(tmp_path: Path) -> None:
    data = "a,b,c,d,e,f,g,h\n1,1.5,2026-01-02,2026-01-02 10:00,true,01/02/2026,10:30:00,\n2,0.25,,,false,02/03/2026,,\n"
    fields = " ".join(f"{name}:any" for name in "abcdefgh")
    first, _ = read(tmp_path, data, fields)
    assert first[:5] == (1, 1.5, date(2026, 1, 2), datetime(2026, 1, 2, 10), True)
    assert first[5] == "01/02/2026", "nobody says which is the month"
    assert str(first[6]) == "10:30:00"
    assert first[7] is None


def test_short_years_in_columns_that_expressions_read(tmp_path: Path) -> None:
    """A cast would take 05-03-17 for a day of the year 5."""
    for texts in (False, True):
        found = refusal(tmp_path, "id,x\n1,05-03-17\n", "id:any x:any", texts=texts)
        assert found.code == "unclear-date"
        rows = read(tmp_path, "id,x\n1,03-25-17 10:30\n2,\n", "x:any", texts=texts)
        assert str(rows) == str(
            [("2017-03-25 10:30:00",), (None,)] if texts else [(datetime(2017, 3, 25, 10, 30),), (None,)]
        )
        assert read(tmp_path, "id,x\n1,12-34-56\n", "x:any", texts=texts) == [("12-34-56",)]


def test_formats_where_all_columns_are_texts(tmp_path: Path) -> None:
    data = "id,name,x\n1,Anna,03/04/2026\n2,Bo,\n"
    said = (("", ("%d/%m/%Y",)),)
    assert read(tmp_path, data, "id:key name:text x:time", texts=True, date_format=said) == [
        ("1", "Anna", "2026-04-03"),
        ("2", "Bo", None),
    ]
    own = (("x", ("%d/%m/%y",)),)
    assert refusal(tmp_path, data, "x:time", texts=True, date_format=own).code == "unreadable-value"
    assert refusal(tmp_path, data, "x:time", texts=True, decimal=",").code == "contradiction"


def test_columns_without_values_have_the_types_of_their_fields(tmp_path: Path) -> None:
    for data in ("id,a,b,c\n", "id,a,b,c\n1,,,\n2,,,\n"):
        read(tmp_path, data, "id:key a:time b:money c:boolean")
        rows = read(tmp_path, data + "3,2026-01-01,5,true\n", "id:key a:time b:money c:boolean")
        assert rows[-1][1:] == (date(2026, 1, 1), 5, True)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    data = "id,a,b\n1,01/02/2026,soon\n"
    found = refusal(tmp_path, data, "id:key a:time b:money")
    assert [one.code for one in (found, *found.also)] == ["unclear-date", "unreadable-value"]


ORDERS = ("%d/%m/%Y", "%m/%d/%Y", "%d.%m.%y", "%Y-%m-%d", "%d/%m/%Y %H:%M", "%m/%d/%y %I:%M %p")


@pytest.mark.parametrize("format_", ORDERS)
def test_drawn_times_are_read_as_written_or_refused(format_: str, tmp_path: Path) -> None:
    """Python writes the times; what is read is what was written, or nothing is."""
    random_, codes = random.Random(format_), list[str]()
    for number in (1, 2, 5, 40):
        first = datetime(1990, 1, 1).timestamp()
        times = [datetime.fromtimestamp(first + random_.randrange(70 * 366 * 1440) * 60) for _ in range(number)]
        texts = [time.strftime(format_) for time in times]
        wanted = [datetime.strptime(text, format_) for text in texts]
        try:
            found = column(tmp_path, "time", *texts)
        except SourceError as error:
            codes.append(error.code)
            found = column(tmp_path, "time", *texts, date_format=(("", (format_,)),))
        whole = [x if isinstance(x, datetime) else datetime(x.year, x.month, x.day) for x in found]
        assert whole == wanted, texts
    assert set(codes) <= {"unclear-date"}


@pytest.mark.parametrize(("decimal", "thousands"), [(".", ""), (".", ","), (",", "."), (",", " "), (",", "")])
def test_drawn_numbers_are_read_as_written_or_refused(decimal: str, thousands: str, tmp_path: Path) -> None:
    random_, codes = random.Random(decimal + thousands), list[str]()
    for number in (1, 2, 5, 40):
        digits = random_.choice([0, 1, 2, 3])
        values = [round(random_.choice([1, 100, 1e4, 1e6]) * random_.uniform(-1, 1), digits) for _ in range(number)]
        plain = [f"{value:,.{digits}f}" for value in values]
        swap = str.maketrans({",": thousands, ".": decimal})
        texts = [text.translate(swap) for text in plain]
        wanted = [float(text.replace(",", "")) for text in plain]
        try:
            found = column(tmp_path, "money", *texts)
        except SourceError as error:
            codes.append(error.code)
            found = column(tmp_path, "money", *texts, decimal=decimal, thousands=thousands)
        assert [float(value) for value in found] == wanted, texts
    assert set(codes) <= {"unclear-number"}
