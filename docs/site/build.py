"""Builds the documentation into a site with a search: `make docs`.

The site has the pages of `docs/`, listed as `llms.txt` lists them, and one more: the standard reports, each as its spec
and the page that it makes of the demo's data.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sphinx.cmd.build import build_main

from reportspec.catalogue.load import packaged

SITE = Path(__file__).resolve().parent
DOCS = SITE.parent
CHECKOUT = DOCS.parent
_LISTED = re.compile(r"^- \[(?P<title>[^]]+)\]\((?P<page>[^)]+)\.md\)", re.MULTILINE)
_LINK = re.compile(r"\[([^]]*)\]\((\.\./[^)#]*)(?:#[^)]*)?\)")
_REPORT = re.compile(r"^report: (\w+)$", re.MULTILINE)
_HEAD = """# reportspec

Reports on a CRM, written as short YAML files that are kept under version control: checked before they run, compiled
into SQL for the database that has the data, laid out as PDFs and mailed.

```sh
pip install reportspec
reportspec init export/*.csv
reportspec build specs/first.yaml
```

New here? [Ten minutes to a report of your own](start.md) begins with your tables. The
[standard reports in pictures](reports.md) show what comes out.
"""


@dataclass(frozen=True)
class _Page:
    """A report type of the catalogue, and the spec that shows it."""

    name: str
    label: str
    meaning: str
    questions: tuple[str, ...]
    spec: Path


def main() -> int:
    """Build the site; the exit code is Sphinx's, for which a warning is a mistake."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=CHECKOUT / "out" / "site")
    parser.add_argument("--without-pictures", action="store_true", help="only the pages' words: quicker")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder).resolve() / "docs"
        _lay(source, pictures=not asked.without_pictures)
        return build_main(
            ["-W", "--keep-going", "-q", "-b", "html", "-d", f"{folder}/read", str(source), str(asked.out)]
        )


def _lay(source: Path, *, pictures: bool) -> None:
    """Lay all pages of the site into a folder."""
    shutil.copytree(DOCS, source, ignore=shutil.ignore_patterns("site"))
    shutil.copytree(SITE, source, ignore=shutil.ignore_patterns("build.py", "__pycache__"), dirs_exist_ok=True)
    for page in source.rglob("*.md"):
        page.write_text(_within(page.read_text(encoding="utf-8"), page, source), encoding="utf-8")
    (source / "index.md").write_text(_index((DOCS / "llms.txt").read_text(encoding="utf-8")), encoding="utf-8")
    reports = _pages()
    for report in reports if pictures else ():
        _draw(report, source / "pictures")
    (source / "reports.md").write_text(_reports(reports, source / "pictures"), encoding="utf-8")


def _within(text: str, page: Path, source: Path) -> str:
    """A page's text, where links to what is no page are words: the rest of the repository is no part of the site."""

    def kept(link: re.Match[str]) -> str:
        return link[0] if (page.parent / link[2]).resolve().is_relative_to(source) else link[1]

    return _LINK.sub(kept, text)


def _index(list_of_pages: str) -> str:
    """The first page: what there is, in the parts and the order of the list of pages."""
    lines = [_HEAD]
    for part in list_of_pages.split("\n## ")[1:]:
        title, _, entries = part.partition("\n")
        pages = [found["page"] for found in _LISTED.finditer(entries)]
        pages[1:1] = ["reports"] if "start" in pages else []
        tree = "\n".join(pages)
        lines += [
            f"## {title}",
            "",
            entries.strip(),
            "",
            f"```{{toctree}}\n:hidden:\n:caption: {title}\n\n{tree}\n```",
            "",
        ]
    return "\n".join(lines)


def _pages() -> list[_Page]:
    """The report types of the catalogue, each with the shortest spec of it."""
    specs: dict[str, list[Path]] = {}
    for spec in sorted((CHECKOUT / "specs").glob("*.yaml")):
        for name in _REPORT.findall(spec.read_text(encoding="utf-8")):
            specs.setdefault(name, []).append(spec)
    return [
        _Page(
            kind.id,
            kind.label["en"],
            kind.description["en"],
            tuple(question["en"] for question in kind.questions),
            min(specs[kind.id], key=lambda spec: len(spec.read_text(encoding="utf-8"))),
        )
        for kind in packaged().reports.values()
    ]


def _draw(page: _Page, folder: Path) -> None:
    """Build a report and draw its pages."""
    built = folder / page.name
    built.mkdir(parents=True)
    shutil.copy(CHECKOUT / "specs" / "reportspec.yaml", built)
    spec = built / "spec.yaml"
    spec.write_text("\n".join(_bare(page.spec)) + "\n", encoding="utf-8")
    build = [sys.executable, "-m", "reportspec", "build", str(spec), "-o", str(built)]
    subprocess.run(build, check=True, capture_output=True, cwd=CHECKOUT)
    [pdf] = built.glob("*.pdf")
    subprocess.run(["pdftoppm", "-r", "96", "-png", str(pdf), str(folder / page.name)], check=True)
    shutil.rmtree(built)


def _reports(pages: list[_Page], folder: Path) -> str:
    """The page of the standard reports."""
    lines = [
        "# Standard reports in pictures",
        "",
        "Each report type of the [catalogue](catalogue.md) as a spec, and the pages that it makes of the demo's data:",
        "an invented company of ten sellers.",
    ]
    for page in pages:
        lines += ["", f"## {page.label}", "", page.meaning, "", *(f"- {question}" for question in page.questions), ""]
        lines += ["```yaml", *_bare(page.spec), "```"]
        for number, picture in enumerate(sorted(folder.glob(f"{page.name}-*.png")), 1):
            alt = f"{page.label}, page {number}"
            lines += ["", f"```{{image}} pictures/{picture.name}\n:alt: {alt}\n:class: report-page\n```"]
    return "\n".join(lines) + "\n"


def _bare(spec: Path) -> list[str]:
    """A spec's lines without the one that is for editors, and in the language of these pages."""
    text = spec.read_text(encoding="utf-8").strip()
    return [line for line in text.splitlines() if not line.startswith(("# yaml-language-server", "locale:"))]


if __name__ == "__main__":
    sys.exit(main())
