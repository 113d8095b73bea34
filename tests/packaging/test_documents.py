"""What the documents show is true: examples pass, links within the checkout lead somewhere."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
import yaml

from reportspec.schema_files import bundled_schema

RunCli = Callable[..., subprocess.CompletedProcess[str]]

FENCED = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|#|mailto:)([^)#]+)(?:#[^)]*)?\)")


def examples(checkout: Path) -> dict[str, str]:
    """The README's YAML examples: its report spec and its project file."""
    report, project = FENCED.findall((checkout / "README.md").read_text(encoding="utf-8"))
    return {"report": report, "project": project}


@pytest.mark.parametrize("kind", ["report", "project"])
def test_readme_example_fits_its_schema(checkout: Path, kind: str) -> None:
    schema = bundled_schema(kind)
    example = yaml.safe_load(examples(checkout)[kind])
    jsonschema.validators.validator_for(schema)(schema).validate(example)


def test_readme_report_is_as_short_as_promised(checkout: Path) -> None:
    lines = [line for line in examples(checkout)["report"].splitlines() if line.strip()]
    assert len(lines) <= 20


def test_readme_report_is_valid_with_the_catalogue(checkout: Path, run_cli: RunCli, tmp_path: Path) -> None:
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", encoding="utf-8")
    (tmp_path / "q3.yaml").write_text(examples(checkout)["report"], encoding="utf-8")
    done = run_cli(["validate", "q3.yaml"], cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_links_within_the_checkout_lead_somewhere(checkout: Path) -> None:
    pages = [*checkout.glob("*.md"), *checkout.glob("docs/**/*.md"), *checkout.glob("*/*.md")]
    broken = [
        f"{page.relative_to(checkout)}: {target}"
        for page in pages
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_the_list_for_agents_has_every_page(checkout: Path) -> None:
    text = (checkout / "docs" / "llms.txt").read_text(encoding="utf-8")
    pages = {str(page.relative_to(checkout / "docs")) for page in (checkout / "docs").rglob("*.md")}
    assert sorted(LINK.findall(text)) == sorted(pages)
    for title, page in re.findall(r"^- \[(.+)\]\((.+)\): ", text, re.MULTILINE):
        assert (checkout / "docs" / page).read_text(encoding="utf-8").startswith(f"# {title}\n"), page
