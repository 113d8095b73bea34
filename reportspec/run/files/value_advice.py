"""What to do about values of a column that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from reportspec.run.files.text_file import quoted

_ZONE_NAME = re.compile(r":[0-9]{2}(?:[.,][0-9]+)? ?(?!UTC$|[AP]MZ$)([A-Z]{3,5})$")  # `10:00:00 CET`


_BY_ISO = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]|$)")


_SERIAL = re.compile(r"[2-7][0-9]{4}([.][0-9]+)?")  # the days since the end of 1899, from 1954 to 2119


_SINCE_1970: Mapping[int, tuple[re.Pattern[str], str]] = {
    1: (re.compile(r"[0-9]{9,10}"), "the seconds"),
    1000: (re.compile(r"[0-9]{12,13}"), "the thousandths of seconds"),
}


def time_advice(name: str, values: Sequence[str]) -> str:
    """What to do about texts of a column that are no times."""
    zones = [_ZONE_NAME.search(value) for value in values]
    if zones and all(zones):
        named = zones[0][1] if zones[0] else ""
        return (
            f"`{named}` names a zone and is not read, since such names mean several: write an offset, such as `+01:00`"
        )
    if all(_BY_ISO.match(value) for value in values):
        return "there is no such day or time: mend the file"
    if values and all(_SERIAL.fullmatch(value) for value in values):
        day = date(1899, 12, 30) + timedelta(days=int(values[0].partition(".")[0]))
        return (
            f"`{values[0]}` may be Excel's number of {day.isoformat()}: give "
            "the column the format of a date and export the file again"
        )
    for seconds, (form, what) in _SINCE_1970.items():
        if values and all(form.fullmatch(value) for value in values):
            day = date(1970, 1, 1) + timedelta(seconds=int(values[0]) // seconds)
            column = name if re.fullmatch(r"[A-Za-z_]\w*", name) else quoted(name)
            made = column if seconds == 1 else f"{column} / {seconds}"
            since = f"`{values[0]}` may be {what} since 1970 ({day.isoformat()})"
            return f"{since}: write `to_timestamp({made})` in the mapping"
    return 'say how they are written, such as `date_format: "%d.%m.%Y %H.%M"`, or mend the file'


def null_setting(values: Sequence[str]) -> str:
    """The setting that makes nothing of texts."""
    they = "they stand" if len(values) > 1 else "it stands"
    return f"write `null: [{', '.join(map(as_yaml, values))}]` if {they} for no value"


def as_yaml(text: str) -> str:
    """A text in YAML, in quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
