"""The forms: a file each, and their names in all places where people read or write them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from reportspec.formats import files_of, kind_of
from reportspec.model.mail import FORMS
from tests.render import sample


def test_each_form_is_a_file(checkout: Path) -> None:
    files = {path.stem for path in (checkout / "reportspec" / "formats").glob("*_form.py")}
    assert files == {f"{form}_form" for form in FORMS}


@pytest.mark.parametrize("form", FORMS)
def test_files_of_a_form_end_in_its_name_and_have_its_type(form: Any) -> None:
    made = files_of(sample.pipeline("en"), form, "r", None)
    assert made
    assert {name.rpartition(".")[2] for name in made} == {form}
    assert all(re.match(r"r[./]", name) for name in made)
    assert re.fullmatch(r"[a-z]+/[a-z.-]+", kind_of(form).media_type)


def test_a_spec_may_attach_each_form(checkout: Path) -> None:
    schema = json.loads((checkout / "schemas" / "report.schema.json").read_text(encoding="utf-8"))
    attach = schema["properties"]["deliver"]["properties"]["attach"]
    assert attach["items"]["enum"] == list(FORMS)
    assert attach["maxItems"] == len(FORMS)


def test_the_page_of_forms_tells_of_each(checkout: Path) -> None:
    page = (checkout / "docs" / "forms.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == list(FORMS)
