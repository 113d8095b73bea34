"""What is known of a form besides its name: how its files are made, and what they are."""

from __future__ import annotations

from collections.abc import Callable

from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Figures


@dataclass(frozen=True, slots=True)
class FormKind:
    """A form. `files` makes a report's files, by path relative to the output folder, of the figures, the report's
    name and the spec's text, if that goes along; their names end in the form's. It imports what it needs
    itself. Raises RenderError and FormatError. `laid_out`, of a form that the renderer lays out, makes its one file
    within this process, whatever that takes: what `render.limited` asks another process for."""

    media_type: str
    files: Callable[[Figures, str, str | None], dict[str, bytes]]
    laid_out: Callable[[Figures, str | None], bytes] | None = None
    boxed: bool = False  # letters that no font has are boxes in it
