"""The forms that a report comes in, all made from the same figures.

Their names are `FORMS` in `model/mail.py`, for those who only check what people write; each is a file here,
`<name>_form.py`, with its `KIND`. Heavy libraries are imported by the form that needs them, when it is made.
"""

from __future__ import annotations

from importlib import import_module

from reportspec.formats.form_kind import FormKind
from reportspec.model.figures import Figures
from reportspec.model.mail import Form
from reportspec.spec_copy import spec_copy


def kind_of(form: str) -> FormKind:
    """What is known of a form."""
    kind: FormKind = import_module(f"{__name__}.{form}_form").KIND
    return kind


def files_of(figures: Figures, form: Form, name: str, spec_text: str | None) -> dict[str, bytes]:
    """The files of a report in one form, by path relative to the output folder: `name.pdf`, or for
    `csv` a folder `name` with a file for each table, and one for what is to be known of the report as
    a whole. Raises RenderError and FormatError."""
    spec_text = spec_copy(spec_text, figures.each) if spec_text else None
    return kind_of(form).files(figures, name, spec_text)
