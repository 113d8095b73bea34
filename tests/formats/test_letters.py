"""Signs of the data that are no letters, or that terminals, mail programs and spreadsheets obey: all forms
show them the same way, in texts and in what stands beside them, and none keeps them.

Slow: a PDF is built with every letter."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from pypdf import PdfReader

from reportspec.deliver.message import Head, mail
from reportspec.deliver.outlets.json_message import JsonMessage
from reportspec.deliver.outlets.parcel import Parcel
from reportspec.deliver.outlets.slack import slack_blocks
from reportspec.deliver.outlets.webhook import webhook_figures
from reportspec.formats.csv_text import as_csv
from reportspec.formats.html import as_html
from reportspec.formats.json_text import as_json
from reportspec.formats.markdown import as_markdown
from reportspec.formats.xlsx import as_workbook
from reportspec.model.figures import Column, Figures, Kpi, Section
from reportspec.model.mail import Outlet
from reportspec.render.attachments import csv_files
from reportspec.render.locale import formats_for
from reportspec.render.pdf import render_pdf
from tests.render import sample

ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028\u2029"  # of lines, somewhere: a blank where one line is
BIDI = "".join(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
CONTROL = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0))))
BAD = sorted({*CONTROL, *BIDI, *ENDS, "\ufffe", "\uffff", "\ud800"} - {"\t", "\n"})
SHOWN = "\ufffd"
NOW = datetime(2026, 10, 1, tzinfo=UTC)


def report(*bad: str) -> Figures:
    """A report that has each sign between two letters in every text that may be the data's."""
    said = [f"q{one}j" for one in bad]
    whole = " ".join(said)
    columns = (Column("n", f"N {whole}", "text"), sample.metric("m", f"M {whole}", "count"))
    rows = tuple((one, 1) for one in said)
    tiles = Section("k", "kpi", f"K {whole}", columns, ((whole, 1),), None, 1, kpis=(Kpi(columns[1], 1),))
    table = Section("t", "records", f"T {whole}", columns, rows, None, len(rows))
    return sample.figures(
        "en",
        (tiles, table),
        title=f"R {whole}",
        filters=(whole,),
        source_label=whole,
        footnotes=(whole,),
        each=("user.name", whole),
    )


def of_mail(figures: Figures) -> str:
    head = Head("r@example.com", ("a@example.com",), (), "", figures.title, "<1@example.com>", "r", NOW)
    made: Any = message_from_bytes(mail(head, figures, figures.title, ()), policy=default)
    parts = [part.get_content() for part in made.walk() if not part.is_multipart()]
    return "\n".join([str(made["Subject"]), *parts]).replace("\r\n", "\n")


def of_workbook(figures: Figures) -> str:
    book = openpyxl.load_workbook(io.BytesIO(as_workbook(figures)))
    said = [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row]
    # In the file a sign that XML has no place for is `_x001F_`.
    return "\n".join([*said, *book.sheetnames, str(book.properties.title), str(book.properties.creator)])


def of_csv(figures: Figures) -> str:
    files = csv_files(figures, formats_for(figures)).values()
    return "\n".join(one.text for one in files).replace("\r\n", "\n")


def of_hooks(figures: Figures) -> str:
    """A hook for programs has the same meaning in JSON's own words; Slack shows what it is sent."""
    parcel: Any = SimpleNamespace(figures=figures, links=())
    return json.dumps(slack_blocks(parcel), ensure_ascii=False)


FORMS: dict[str, Callable[[Figures], str]] = {
    "html": as_html,
    "markdown": as_markdown,
    "csv": of_csv,
    "xlsx": of_workbook,
    "mail": of_mail,
    "slack": of_hooks,
}


@pytest.mark.parametrize("form", FORMS)
def test_no_form_keeps_them(form: str) -> None:
    made = FORMS[form](report(*BAD))
    assert not {one for one in BAD if one in made}
    assert made.count(f"q{SHOWN}j") >= len(BAD) - len(ENDS)
    assert "qj" not in re.sub(r"data:[^\"')]*", "", made)  # none vanishes: two names would look the same


@pytest.mark.parametrize("bad", BAD, ids=lambda one: f"{ord(one):04x}")
def test_each_is_shown(bad: str) -> None:
    """One by one: of several, one could hide another."""
    figures = report(bad)
    for form in ("markdown", "csv", "mail", "slack"):
        made = FORMS[form](figures)
        assert bad not in made, form
        assert f"q{SHOWN}j" in made or (bad in ENDS and "q j" in made), form


def test_a_hook_for_programs_has_their_meaning(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    monkeypatch.setattr(JsonMessage, "_post", lambda _, data: sent.append(data) or "200")
    figures = report(*BAD)
    parcel = Parcel({"report": "r", "period": "p", "each": "e"}, (), figures)
    JsonMessage(Outlet("out", "webhook", "http://x"), webhook_figures, 5).take(parcel)
    assert not {one for one in BAD if one in sent[0].decode()}
    assert json.loads(sent[0])["title"] == figures.title
    assert json.loads(as_json(figures))["title"] == figures.title


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler's pdftotext")
def test_pdf(tmp_path: Path) -> None:
    data = render_pdf(report(*BAD), "version: 1\n")
    (tmp_path / "x.pdf").write_bytes(data)
    done = subprocess.run(["pdftotext", "-layout", tmp_path / "x.pdf", "-"], capture_output=True, check=True)
    text = done.stdout.decode()
    reader = PdfReader(io.BytesIO(data))
    assert reader.metadata is not None
    outline = [str(one.title) for one in reader.outline]  # type: ignore[union-attr]
    attached = [
        part.decode("utf-8", "strict")
        for name, parts in reader.attachments.items()
        if name.endswith(".csv")
        for part in parts
    ]
    told = [str(reader.metadata.title), str(reader.metadata.author), *outline]
    for said in (*told, *(one.replace("\r\n", "\n") for one in attached)):
        assert not {one for one in BAD if one in said}, said
    assert not {one for one in BAD if one in text.replace("\f", "\n")}
    assert f"q{SHOWN}j" in text
    assert f"q{SHOWN}j" in told[0]


FORMULAS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://x","y")',
)


def test_no_text_is_a_formula() -> None:
    columns = (Column("n", "N", "text"), Column("m", "=M", "number", "count", "metric"))
    rows = tuple((one, -1) for one in FORMULAS)
    figures = sample.figures("en", (Section("t", "records", "T", columns, rows, None, len(rows)),))
    [file] = csv_files(figures, formats_for(figures)).values()
    tables = [list(csv.reader(io.StringIO(file.text.removeprefix("\ufeff"))))]
    tables.append(list(csv.reader(io.StringIO(as_csv(figures).partition("\n")[2], newline=""))))
    for table in tables:
        cells = [row[0] for row in table if row[-1] == "-1"]  # numbers stay numbers
        assert len(cells) == len(FORMULAS)
        assert all(one[0] in "'" + SHOWN for one in cells), cells
    assert "'=M" in tables[0][0]
    book = openpyxl.load_workbook(io.BytesIO(as_workbook(figures)))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f" or cell.hyperlink]
    assert {cell.value for cell in cells} >= {one for one in FORMULAS if "\r" not in one}
