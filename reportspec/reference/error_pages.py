"""What the codes of messages mean: a page for each, and all of them as a page of the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from reportspec.files import packaged
from reportspec.lazy_dataclass import dataclass
from reportspec.source import plain, read_yaml_file

_PLACES = {
    "spec": "in a spec",
    "figures": "in a spec, found once the data are asked",
    "project": "in the project file",
    "mapping": "in a mapping",
    "metrics": "in `metrics/` of the project",
    "entity": "in `entities/` of the project",
    "report_type": "in `report_types/` of the project",
    "audits": "in `audits/` of the project",
    "data": "in the data",
    "python": "in a program",
    "command": "on the command line",
}
_HEAD = """# Messages, by their codes

What each code means, made from what `reportspec explain-error CODE` prints. A message names the place and, where there
is one, the way out: begin there. What is checked of the data, with the conditions: [checks.md](checks.md).
"""


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What a code means, its likeliest causes, and an example: where it stands, wrong and right."""

    code: str
    means: str
    causes: tuple[str, ...]
    place: str
    wrong: str
    right: str


@cache
def error_pages() -> Mapping[str, ErrorPage]:
    """The pages of all codes, by code in alphabetical order."""
    node, problems, _ = read_yaml_file(packaged("reference", "codes.yaml"))
    assert node is not None, problems
    return {
        code: ErrorPage(code, page["means"], tuple(page["causes"]), page["in"], page["wrong"], page["right"])
        for code, page in sorted(plain(node).items())
    }


def error_text(page: ErrorPage) -> str:
    """A page for a terminal."""
    lines = [page.code, "", page.means, "", "Likely because of:"]
    lines += [f"  - {cause}" for cause in page.causes]
    place = _PLACES[page.place].replace("`", "")
    lines += ["", f"Wrong, {place}:", *_indented(page.wrong), "", "Right:", *_indented(page.right)]
    return "\n".join(lines) + "\n"


def _indented(text: str) -> list[str]:
    return [f"  {line}".rstrip() for line in text.rstrip("\n").split("\n")]


def error_codes_text() -> str:
    """All codes, a line for each."""
    pages = error_pages()
    width = max(len(code) for code in pages)
    return "".join(f"{code.ljust(width)}  {page.means}\n" for code, page in pages.items())


def troubleshooting_page() -> str:
    """All pages, in Markdown."""
    lines = [_HEAD]
    for page in error_pages().values():
        lines += [f"## {page.code}", "", page.means, ""]
        lines += [*(f"- {cause}" for cause in page.causes), "", f"Wrong, {_PLACES[page.place]}:", ""]
        lines += ["```", page.wrong.rstrip("\n"), "```", "", "Right:", "", "```", page.right.rstrip("\n"), "```", ""]
    return "\n".join(lines).rstrip() + "\n"
