"""The wheel, as a user gets it: built from the sdist, alone in a clean environment.

Slow: builds the wheel and installs it in an environment of its own."""

from __future__ import annotations

import fnmatch
import io
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import pytest
from pypdf import PdfReader

import reportspec

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]

SPEC = """\
version: 1
report: pipeline
title: Q3 pipeline review
period: 2026-Q3
compare: previous_period
metrics: [new_revenue_amount, close_rate]
group_by: [user.name]
"""

# Everything a report is made of that is no Python: text, drawings and letters, never data or secrets.
SHIPPED_SUFFIXES = {
    ".md",
    ".py",
    ".pyi",
    ".typed",
    ".yaml",
    ".json",
    ".html",
    ".j2",
    ".css",
    ".js",
    ".svg",
    ".ttf",
    ".txt",
}


def run(
    command: Sequence[str | Path], cwd: Path, env: Mapping[str, str], timeout: float = 900
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; its output is in the failure if it fails."""
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done


def without_python_settings() -> dict[str, str]:
    """The environment for pip: its settings stay, whatever could lend it our modules goes."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PYTEST", "VIRTUAL_ENV", "COV_"))
    }


@pytest.fixture(scope="module")
def distributions(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel that `python -m build` made from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(
        [sys.executable, "-m", "build", "--outdir", folder, checkout],
        cwd=folder,
        env=without_python_settings(),
    )
    return folder


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> Path:
    (wheel,) = distributions.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def sdist(distributions: Path) -> Path:
    (sdist,) = distributions.glob("*.tar.gz")
    return sdist


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `reportspec` command in a fresh environment that holds only the wheel's own needs."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    venv.create(folder, with_pip=False)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    run(
        [
            *[sys.executable, "-m", "pip", "--python", scripts / "python"],
            # What is run of it is compiled then; of all that it needs that is a small part.
            *["install", "--quiet", "--disable-pip-version-check", "--no-compile", wheel],
        ],
        cwd=folder,
        env=without_python_settings(),
    )
    return scripts / "reportspec"


@pytest.fixture
def bare_environment(program: Path, tmp_path: Path) -> dict[str, str]:
    """What a cron job has: a path, an empty home and nothing else."""
    home = tmp_path / "home"
    home.mkdir()
    return {"PATH": f"{program.parent}:/usr/bin:/bin", "HOME": str(home)}


@pytest.fixture
def empty_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def test_wheel_holds_the_package_and_the_schemas_and_nothing_else(wheel: Path, checkout: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        shipped = {PurePosixPath(name) for name in archive.namelist() if not name.endswith("/")}
    metadata = PurePosixPath(f"reportspec-{reportspec.__version__}.dist-info")
    package = {path for path in shipped if path.parts[0] == "reportspec"}

    assert {path.parts[0] for path in shipped} == {"reportspec", metadata.name}
    assert {metadata / "licenses" / "LICENSE", metadata / "licenses" / "NOTICE"} <= shipped
    assert package == source_files(checkout, "reportspec") | {
        "reportspec" / path for path in source_files(checkout, "schemas")
    }
    assert {path.suffix for path in package} <= SHIPPED_SUFFIXES


@pytest.mark.parametrize(
    "pattern",
    [
        "reportspec/schemas/report.schema.json",
        "reportspec/schemas/common.schema.json",
        "reportspec/catalogue/entities/*.yaml",
        "reportspec/catalogue/metrics/*.yaml",
        "reportspec/catalogue/reports/*.yaml",
        "reportspec/catalogue/crms/*.yaml",
        "reportspec/render/*.j2",  # templates
        "reportspec/*/en.yaml",  # words
        "reportspec/*/it.yaml",
        "reportspec/py.typed",
        "reportspec/fonts/OpenSans-Regular.ttf",
        "reportspec/fonts/OpenSans-BoldItalic.ttf",
        "reportspec/fonts/LICENSE.txt",
    ],
)
def test_wheel_holds(wheel: Path, pattern: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert fnmatch.filter(archive.namelist(), pattern)


def test_sdist_holds_what_building_and_testing_need(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {PurePosixPath(name).relative_to(sdist.stem[:-4]) for name in archive.getnames()}
    tops = {name.parts[0] for name in names if name.parts}
    assert tops <= {
        *{"PKG-INFO", "pyproject.toml", "README.md", "LICENSE", "NOTICE", "CHANGELOG.md", "CONTRIBUTING.md"},
        *{"reportspec", "schemas", "specs", "docs", "tests", "benchmarks"},
        *{"Makefile", ".ci", ".gitignore", "Containerfile", ".dockerignore", "action.yml"},
    }
    assert {PurePosixPath("tests/conftest.py"), PurePosixPath("LICENSE")} <= names
    assert not [name for name in names if "__pycache__" in name.parts]


def test_installed_program_tells_its_version(
    program: Path, bare_environment: dict[str, str], empty_folder: Path
) -> None:
    done = run([program, "--version"], cwd=empty_folder, env=bare_environment)
    assert reportspec.__version__ in done.stdout.split()


def test_installed_program_validates(program: Path, bare_environment: dict[str, str], empty_folder: Path) -> None:
    (empty_folder / "q3.yaml").write_text(SPEC, encoding="utf-8")
    (empty_folder / "reportspec.yaml").write_text("version: 1\nsource: demo\n", encoding="utf-8")
    run([program, "validate", "q3.yaml"], cwd=empty_folder, env=bare_environment)


def test_installed_program_builds_a_pdf_from_the_demo(
    program: Path, bare_environment: dict[str, str], empty_folder: Path
) -> None:
    (empty_folder / "q3.yaml").write_text(SPEC, encoding="utf-8")
    (empty_folder / "reportspec.yaml").write_text("version: 1\nsource: demo\n", encoding="utf-8")

    run([program, "build", "q3.yaml"], cwd=empty_folder, env=bare_environment)

    (pdf,) = empty_folder.rglob("*.pdf")
    content = pdf.read_bytes()
    assert content.startswith(b"%PDF")
    assert len(PdfReader(io.BytesIO(content)).pages) >= 1


def source_files(checkout: Path, folder: str) -> set[PurePosixPath]:
    """The files of a folder as the checkout has them, less what Python makes by running."""
    return {
        PurePosixPath(path.relative_to(checkout).as_posix())
        for path in (checkout / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
