"""What a PDF says of itself is read without reading all that is in it."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader, PdfWriter

from reportspec.deliver import sealed
from reportspec.render import render_pdf
from reportspec.render.seal import KEY
from tests.render import sample


@pytest.fixture(scope="module")
def made() -> bytes:
    return render_pdf(sample.figures("en", ()), "version: 1\n")


def test_the_information_is_what_the_whole_reader_finds(made: bytes) -> None:
    whole = PdfReader(io.BytesIO(made)).metadata
    assert whole is not None
    found = sealed._information(PdfReader(io.BytesIO(made)))
    assert {name: str(text) for name, text in found.items()} == {name: str(text) for name, text in whole.items()}
    told = sealed._read(made)
    assert told is not None
    assert told["title"] == "Pipeline, Q3 2026"


def test_information_that_lies_elsewhere_is_read_too(made: bytes) -> None:
    """As other programs write a PDF anew."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(made)))
    anew = io.BytesIO()
    writer.write(anew)
    assert sealed._information(PdfReader(io.BytesIO(anew.getvalue()))) is None
    assert sealed._read(anew.getvalue()) == sealed._read(made)


def test_what_was_changed_or_is_no_report_says_nothing(made: bytes) -> None:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(made)))
    seal = str(writer.metadata[f"/{KEY}"])  # type: ignore[index]
    writer.add_metadata({f"/{KEY}": seal.replace("Q3 2026", "Q4 2026")})
    other = io.BytesIO()
    writer.write(other)
    assert sealed._read(other.getvalue()) is None
    assert sealed._read(made[: len(made) // 2]) is None
    assert sealed._read(b"%PDF-1.7\n") is None
    assert sealed.seal_of(b"") is None
    assert sealed.seal_of(b"") is None
