"""`build --format` and `verify`, run as a user does."""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    RectangleObject,
    StreamObject,
    TextStringObject,
)

from reportspec.model.mail import FORMS
from reportspec.render.seal import KEY, added_after, sealed, sealed_whole
from reportspec.verify import as_text, verified
from tests.cli.conftest import PROJECT

pytestmark = pytest.mark.xdist_group("verify")
SPEC = """\
version: 1
title: Deals
period: 2026-Q3
sections:
  - kpis: [won_amount, won_deals_count, close_rate]
  - breakdown: {metrics: [won_amount], by: [deal.source]}
  - trend: {metrics: [won_amount], grain: week}
  - records: {entity: deal, fields: [deal.name, deal.amount], limit: 60}
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def pdf(run: Run, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What the program built."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "reportspec.yaml").write_text(PROJECT, encoding="utf-8")
    (folder / "good.yaml").write_text(SPEC, "utf-8")
    done = run("build", "good.yaml", cwd=folder)
    assert done.returncode == 0, done.stderr
    return (folder / "out" / "good.pdf").read_bytes()


@pytest.fixture
def built(pdf: bytes, tmp_path: Path) -> Path:
    """A PDF."""
    path = tmp_path / "good.pdf"
    path.write_bytes(pdf)
    return path


def test_all_forms_of_one_report(run: Run, folder: Path) -> None:
    forms = [word for form in ("pdf", "html", "xlsx", "csv", "md") for word in ("--format", form)]
    done = run("build", "good.yaml", *forms, cwd=folder)
    assert done.returncode == 0, done.stderr
    names = ["good.pdf", "good.html", "good.xlsx", "good", "good.md"]
    assert done.stdout.splitlines() == [str(Path("out") / name) for name in names]
    attached = PdfReader(folder / "out" / "good.pdf").attachments
    tables = {p.name: p.read_bytes() for p in (folder / "out" / "good").glob("[!.]*")}
    assert tables == {name: texts[0] for name, texts in attached.items() if name.endswith(".csv")}
    assert len(tables) > 3


def test_a_form_that_is_none(run: Run, folder: Path) -> None:
    done = run("build", "good.yaml", "--format", "docx", cwd=folder)
    assert done.returncode == 2
    assert f"'docx' is not one of {', '.join(map(repr, FORMS))}" in done.stderr


def test_a_report_is_as_it_was_built(run: Run, built: Path) -> None:
    done = run("verify", built)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"{built}: as it was built"
    told = {line.split()[0]: " ".join(line.split()[1:]) for line in lines[1:]}
    assert told["period"] == "2026-07-01 to before 2026-10-01"
    assert told["source"] == "demo CRM"
    one = json.loads(run("verify", built, "--format", "json").stdout)[0]
    assert one["problems"] == []
    assert set(one["told"]["attachments"]) == set(PdfReader(built).attachments)
    assert len(one["told"]["pages"]) == len(PdfReader(built).pages)


def _other_page(writer: PdfWriter) -> str:
    page = writer.pages[0]
    data = page["/Contents"].get_object().get_data()  # type: ignore[attr-defined]
    stream = DecodedStreamObject()
    stream.set_data(data.replace(b" Tf", b"  Tf", 1))
    page[NameObject("/Contents")] = writer._add_object(stream)
    return "page 1 was changed"


def _other_data(writer: PdfWriter) -> str:
    one = next(a for a in writer.attachment_list if a.name != "spec.yaml")
    one.content = one.content.replace(b"1", b"2")
    return f"the attachment {one.name} was changed"


def _more_data(writer: PdfWriter) -> str:
    writer.add_attachment("more.csv", b"a,b\r\n")
    return "the attachment more.csv was added"


def _fewer_pages(writer: PdfWriter) -> str:
    was = len(writer.pages)
    writer.remove_page(was - 1)
    return f"it has {was - 1} pages, it was built with {was}"


def _other_period(writer: PdfWriter) -> str:
    seal = str(writer._info["/Reportspec"]).replace("2026-07-01", "2026-04-01")  # type: ignore[index]
    writer._info[NameObject("/Reportspec")] = TextStringObject(seal)  # type: ignore[index]
    return "what it says of its origin was changed"


ANEW = (
    "its bytes are not those that were built: fonts, pictures, page boxes, links or properties were changed, or another"
)


def _anew(_writer: PdfWriter) -> str:
    return ANEW


def _streams(writer: PdfWriter, wanted: Callable[[StreamObject], bool], data: bytes) -> str:
    """Other data in all streams of a kind."""
    found = [one for one in writer._objects if isinstance(one, StreamObject) and wanted(one)]
    assert found
    for one in found:
        one._data = data
        one.pop("/Filter", None)
    return ANEW


def _other_pictures(writer: PdfWriter) -> str:
    return _streams(writer, lambda one: one.get("/Subtype") == "/Form", b"1 0 0 rg 0 0 999 999 re f")


def _other_outlines(writer: PdfWriter) -> str:
    fonts = [one for one in writer._objects if isinstance(one, DictionaryObject) and "/FontDescriptor" in one]
    descriptors = [one["/FontDescriptor"].get_object() for one in fonts]
    files = {id(d[key].get_object()) for d in descriptors for key in d if key.startswith("/FontFile")}  # type: ignore
    return _streams(writer, lambda one: id(one) in files, b"other outlines")


def _other_copied_text(writer: PdfWriter) -> str:
    maps = [
        one["/ToUnicode"].get_object()
        for one in writer._objects
        if isinstance(one, DictionaryObject) and "/ToUnicode" in one
    ]
    return _streams(writer, lambda one: any(one is it for it in maps), b"other letters")


def _unseen(writer: PdfWriter) -> str:
    states = writer.pages[0]["/Resources"].setdefault(NameObject("/ExtGState"), DictionaryObject())  # type: ignore
    for name in [*states.get_object(), NameObject("/more")]:
        states.get_object()[name] = DictionaryObject({NameObject("/ca"): FloatObject(0)})
    return ANEW


def _smaller(writer: PdfWriter) -> str:
    writer.pages[0][NameObject("/MediaBox")] = RectangleObject((0, 400, 595, 842))
    return ANEW


def _other_metadata(writer: PdfWriter) -> str:
    return _streams(writer, lambda one: one.get("/Type") == "/Metadata", b"<x/>")


def _cut(writer: PdfWriter) -> str:
    writer.pages[0][NameObject("/CropBox")] = RectangleObject((0, 400, 595, 842))
    return "page 1 was cut or turned"


def _turned(writer: PdfWriter) -> str:
    writer.pages[1][NameObject("/Rotate")] = NumberObject(180)
    return "page 2 was cut or turned"


def _laid_over(writer: PdfWriter) -> str:
    note = {
        "/Type": NameObject("/Annot"),
        "/Subtype": NameObject("/FreeText"),
        "/Contents": TextStringObject("9,999,999"),
    }
    note["/Rect"] = RectangleObject((50, 600, 500, 700))
    over = DictionaryObject({NameObject(key): value for key, value in note.items()})
    page = writer.pages[0]
    there = page["/Annots"].get_object() if "/Annots" in page else []
    page[NameObject("/Annots")] = ArrayObject([*there, writer._add_object(over)])  # type: ignore[misc]
    return "something was laid over page 1"


def _other_title(writer: PdfWriter) -> str:
    writer.add_metadata({"/Title": "Forged"})
    return "its title was changed"


def _script(writer: PdfWriter) -> str:
    run = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
    writer.root_object[NameObject("/OpenAction")] = DictionaryObject(run)
    return "a script or an action was added"


NAMED = [_other_page, _other_data, _more_data, _fewer_pages, _other_period]
LOOKS = [_other_pictures, _other_outlines, _other_copied_text, _unseen, _smaller, _other_metadata, _cut, _turned]
REST = [_laid_over, _other_title, _script, _anew]


@pytest.mark.parametrize("change", [*NAMED, *LOOKS, *REST])
def test_a_change_is_found(built: Path, change: Callable[[PdfWriter], str]) -> None:
    """Whether the file is written anew, or the changed objects are added behind its end, as editors do."""
    whole = built.read_bytes()
    for behind in (False, True):
        writer = PdfWriter(io.BytesIO(whole), incremental=True) if behind else PdfWriter(clone_from=io.BytesIO(whole))
        try:
            problem = change(writer)
            writer.write(built)
        except NotImplementedError:  # pypdf cannot take a page away so
            continue
        changed = built.read_bytes()
        if change is _anew and behind:  # nothing to add
            continue
        assert changed != whole
        found = verified(built)
        assert not found.intact
        if problem != ANEW:
            assert found.problems[0] == problem
        elif not behind:
            assert len(found.problems) == 1
            assert found.problems[0].startswith(ANEW)
        if behind and changed.startswith(whole):
            assert found.problems[-1].startswith(f"{len(changed) - len(whole)} bytes more stand behind its end")


def test_any_byte_and_any_object_count(pdf: bytes, tmp_path: Path) -> None:
    chance = random.Random(7)
    line = pdf.rindex(b"%Reportspec-SHA-256")
    places = {*chance.sample(range(len(pdf)), 400), *range(line, len(pdf))}
    assert added_after(pdf) == 0
    for place in places:
        other = pdf[place] ^ (1 << chance.randrange(8))
        assert added_after(pdf[:place] + bytes([other]) + pdf[place + 1 :]) != 0
        assert added_after(pdf[:place] + pdf[place + 1 :]) != 0
        assert added_after(pdf[:place] + b"0" + pdf[place:]) != 0
    moved = pdf[line : pdf.index(b"\n", line) + 1]
    for place in (0, 9, line // 2):
        assert added_after(pdf[:place] + moved + pdf[place:line] + pdf[line + len(moved) :]) is None
    for after in (b"\n", b" junk", pdf):
        assert added_after(pdf + after) == len(after)
    one, count = tmp_path / "one.pdf", len(PdfReader(io.BytesIO(pdf)).xref_objStm)
    assert count > 50
    for number in chance.sample(range(1, count), 8):
        writer = PdfWriter(clone_from=io.BytesIO(pdf))
        writer._objects[number - 1] = DictionaryObject()
        writer.write(one)
        assert not verified(one).intact


def test_a_seal_of_an_earlier_version_is_told_apart(pdf: bytes, tmp_path: Path) -> None:
    def without_cover(writer: PdfWriter) -> None:
        told = json.loads(str(writer._info[f"/{KEY}"]))  # type: ignore[index]
        del told["covers"], told["seal"]
        writer._info[NameObject(f"/{KEY}")] = TextStringObject(sealed(told))  # type: ignore[index]

    old = tmp_path / "old.pdf"
    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    without_cover(writer)
    writer.write(old)
    found = verified(old)
    assert (found.intact, found.problems, len(found.unknown)) == (False, (), 1)
    assert as_text(found).splitlines()[0] == f"{old}: it cannot be told whether it is as it was built"
    old.write_bytes(sealed_whole(old.read_bytes()))  # what such a seal does not promise is not looked for
    assert verified(old).unknown == found.unknown
    problem = _other_page(writer)
    writer.write(old)
    assert verified(old).problems == (problem,)
    assert as_text(verified(old)).startswith(f"{old}: NOT as it was built\n  ! {problem}\n  ? ")


@pytest.mark.parametrize(
    "facts",
    [
        {"as_of": "never"},
        {"as_of": "9999-12-31T23:59:59+00:00"},
        {"as_of": "0001-01-01T00:00:00+14:00"},
        {"period": "x"},
        {"period": ["2026-07-01", "2026-07-01"]},
        {"attachments": []},
        {"statements": 7},
        {"pages": {}},
        {"report": ["a"]},
        {"for_each": ["a"]},
        {"data_as_of": 5},
    ],
)
def test_a_seal_that_no_report_has_is_told(pdf: bytes, tmp_path: Path, facts: dict[str, object]) -> None:
    """Who makes a whole file can seal anything; a program that reads it may rely on what it says all the same."""
    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    told = {**json.loads(str(writer._info[f"/{KEY}"])), **facts}  # type: ignore[index]
    del told["seal"]
    writer._info[NameObject(f"/{KEY}")] = TextStringObject(sealed(told))  # type: ignore[index]
    forged = tmp_path / "forged.pdf"
    writer.write(forged)
    forged.write_bytes(sealed_whole(forged.read_bytes()))
    found = verified(forged)
    [name] = facts
    assert found.problems == (f"its seal is none that reportspec writes: it has no `{name}` that a report could have",)
    assert as_text(found).startswith(f"{forged}: NOT as it was built")


def test_a_changed_report_fails_the_command(run: Run, built: Path) -> None:
    built.write_bytes(built.read_bytes() + b"\n")
    done = run("verify", built)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == f"{built}: NOT as it was built"
    assert done.stdout.splitlines()[1].startswith("  ! 1 bytes more stand behind its end")


def test_what_is_no_report(run: Run, folder: Path) -> None:
    (folder / "text.pdf").write_text("hello", encoding="utf-8")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\n\xff\x00 broken")
    blank = PdfWriter()
    blank.add_blank_page(100, 100)
    blank.write(folder / "other.pdf")
    os.mkfifo(folder / "pipe.pdf")  # nobody waits for what it may bring
    done = run("verify", "text.pdf", "broken.pdf", "other.pdf", "none.pdf", "pipe.pdf", cwd=folder)
    assert done.returncode == 1
    said = [line for line in done.stdout.splitlines() if line.startswith("  !")]
    assert said[0] == "  ! it is no PDF"
    assert said[1].startswith("  ! it is damaged: ")
    assert said[2] == "  ! it has no seal: reportspec did not build it"
    assert said[3] == "  ! there is no such file"
    assert said[4] == "  ! it is no regular file but a pipe or a device"
    heads = [line.rpartition(": ")[2] for line in done.stdout.splitlines() if line.partition(": ")[0].endswith(".pdf")]
    none = "nothing to compare"
    assert heads == [none, "NOT as it was built", none, none, none]


def test_a_report_cut_short_is_damaged(built: Path) -> None:
    for short in (1, 10, 5000):
        built.write_bytes(built.read_bytes()[:-short])
        found = verified(built)
        assert not found.intact
        assert found.problems[0].startswith("it")
