"""The list of what was sent stays readable, whatever stands in the ledger."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

from reportspec.deliver.ledger import Entry, open_ledger, stamped
from reportspec.deliver.status import as_json, as_table, deliveries, nearest
from reportspec.model.mail import Mail

LONG = "specs/sales/weekly/regional/north-east/a-report-with-a-very-long-name.yaml"
PERIOD = "2026-07-01/2026-10-01"


def filled(folder: Path, *entries: Entry) -> None:
    ledger = open_ledger(Mail().ledger, folder)
    for number, entry in enumerate(entries):
        one = stamped(entry)
        ledger.put(
            Entry(
                **{
                    **{name: getattr(one, name) for name in Entry.__slots__},
                    "at": f"2026-11-01T12:00:{number:02}+00:00",
                }
            )
        )
    ledger.close()


def width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def test_columns_of_long_and_odd_names(tmp_path: Path) -> None:
    filled(
        tmp_path,
        Entry(f"{LONG}[{'Giulia Rossi ' * 9}]", PERIOD, "giulia.rossi@example.com", "sent"),
        Entry("q3.yaml[山田太郎]", PERIOD, f"{'long.' * 20}name@example.com", "refused", said="550 " + "no " * 99),
        Entry(
            "q3.yaml[e\u0301ric\n\x1b[31m]", "2026-10-01/2026-10-02", "x@example.com", "claimed", said="451\tlater\x07"
        ),
        Entry("q3.yaml", PERIOD, "*", "sent"),
    )
    listed = deliveries(Mail(), tmp_path)
    assert len(listed) == 3
    table = as_table(listed, 50)
    head, *rows, told = table.splitlines()
    assert len(rows) == 3
    assert told.startswith("refused: not tried again in its period until the address")
    assert "refused:" not in as_table(listed[:1], 50)
    assert all(letter.isprintable() for line in rows for letter in line)
    at = head.index("recipient")
    starts = {width(row.partition(mark)[0]) for row, mark in zip(rows, ("x@ex", "long.", "giulia.rossi@"), strict=True)}
    assert starts == {at}
    assert max(map(width, rows)) < 260
    assert "…" in rows[1]
    assert "name@example.com" in rows[1]  # of a long address both ends are shown
    assert "2026-10-01  " in rows[0]  # a period of one day
    assert rows[0].endswith("not taken yet: 451 later")
    assert LONG in as_json(listed)  # programs get all of it
    assert as_table(listed, 2).endswith("… and 1 more; --limit shows them")
    assert [one["recipient"] for one in json.loads(as_json(listed[:1]))] == ["x@example.com"]


def test_reports_by_name(tmp_path: Path) -> None:
    names = ["a.yaml", "a.yaml?region=EMEA", "a.yaml[Anna]", "a.yaml!failure", "a.yamlx", "b/a.yaml", "c[1].yaml"]
    filled(tmp_path, *(Entry(name, PERIOD, "x@example.com", "sent") for name in names))

    def found(report: str) -> set[str]:
        return {one.report + "!failure" * one.notice for one in deliveries(Mail(), tmp_path, report)}

    assert found("a.yaml") == {"a.yaml", "a.yaml?region=EMEA", "a.yaml[Anna]", "a.yaml!failure"}
    assert found("a.yaml?region=EMEA") == {"a.yaml?region=EMEA"}
    assert found("a.yaml[Anna]") == {"a.yaml[Anna]"}
    assert found(str(tmp_path / "b" / "a.yaml")) == {"b/a.yaml"}
    assert found("c[1].yaml") == {"c[1].yaml"}
    assert found("nothing.yaml") == set()
    assert nearest(Mail(), tmp_path, "b/b.yaml") == "did you mean `b/a.yaml`?"
    assert nearest(Mail(), tmp_path / "elsewhere", "b/b.yaml") is None
