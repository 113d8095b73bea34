"""`build --format` and `verify`, run as a user does."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject, TextStringObject

from reportspec.model.mail import FORMS
from tests.cli.conftest import PROJECT

pytestmark = pytest.mark.xdist_group("verify")
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def pdf(run: Run, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What the program built."""
    folder = tmp_path_factory.mktemp("built")
    (folder / "reportspec.yaml").write_text(PROJECT, encoding="utf-8")
    (folder / "good.yaml").write_text("version: 1\nreport: pipeline\nperiod: 2026-Q3\n", "utf-8")
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


@pytest.mark.parametrize("change", [_other_page, _other_data, _more_data, _fewer_pages, _other_period])
def test_a_change_is_found(run: Run, built: Path, change: Callable[[PdfWriter], str]) -> None:
    writer = PdfWriter(clone_from=built)
    problem = change(writer)
    writer.write(built)
    done = run("verify", built)
    assert done.returncode == 1
    assert done.stdout.splitlines()[:2] == [f"{built}: NOT as it was built", f"  ! {problem}"]


def test_writing_it_anew_changes_nothing(run: Run, built: Path) -> None:
    """Programs that only copy a PDF's objects (mail gateways, archives) leave the report whole."""
    PdfWriter(clone_from=built).write(built)
    assert run("verify", built).returncode == 0


def test_what_is_no_report(run: Run, folder: Path) -> None:
    (folder / "text.pdf").write_text("hello", encoding="utf-8")
    (folder / "broken.pdf").write_bytes(b"%PDF-1.7\n\xff\x00 broken")
    blank = PdfWriter()
    blank.add_blank_page(100, 100)
    blank.write(folder / "other.pdf")
    done = run("verify", "text.pdf", "broken.pdf", "other.pdf", "none.pdf", cwd=folder)
    assert done.returncode == 1
    said = [line for line in done.stdout.splitlines() if line.startswith("  !")]
    assert said[0] == "  ! it is no PDF"
    assert said[1].startswith("  ! it is damaged: ")
    assert said[2] == "  ! it has no seal: reportspec did not build it"
    assert said[3] == "  ! it cannot be read: no such file or directory"


def test_a_report_cut_short_is_damaged(run: Run, built: Path) -> None:
    built.write_bytes(built.read_bytes()[:-5000])
    done = run("verify", built)
    assert done.returncode == 1
    assert "  ! it" in done.stdout
