"""How Sphinx makes the site; `build.py` lays the pages beside this file."""

from __future__ import annotations

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

from reportspec.version import __version__

project = "reportspec"
author = "The reportspec authors"
copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx_copybutton"]
source_suffix = {".md": "markdown"}
myst_heading_anchors = 4

html_theme = "furo"
html_title = f"reportspec {release}"
html_show_sphinx = False
html_copy_source = False
html_extra_path = ["llms.txt"]
html_static_path = ["static"]
html_css_files = ["site.css"]


def setup(app: Sphinx) -> None:
    """Tables and schedules are shown as they are."""
    for language in ("csv", "crontab"):
        app.add_lexer(language, TextLexer)
