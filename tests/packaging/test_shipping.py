"""What others get the program by: the action for workflows, the image for containers, releases, the site."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import RunCli

STEPS = ("Install", "System libraries", "Run")


def _yaml(path: Path) -> dict[str, Any]:
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def _step(checkout: Path, name: str) -> dict[str, Any]:
    [step] = [one for one in _yaml(checkout / "action.yml")["runs"]["steps"] if one.get("name") == name]
    return dict(step)


def _run(
    checkout: Path, folder: Path, command: str, arguments: str, **given: str
) -> tuple[subprocess.CompletedProcess[str], dict[str, str], str]:
    """Run the action's last step as the runner does: what it did, its outputs, and the summary."""
    runner = folder / "runner"
    runner.mkdir(exist_ok=True)
    places = {name: str(runner / name.lower()) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in places.values():
        Path(file).write_text("", encoding="utf-8")
    scripts = runner / "bin"
    scripts.mkdir(exist_ok=True)
    program = scripts / "reportspec"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m reportspec "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", _step(checkout, "Run")["run"]],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={
            **os.environ,
            **places,
            "PYTHONPATH": str(checkout),
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            "RUNNER_TEMP": str(runner),
            "COMMAND": command,
            "ARGUMENTS": arguments,
            "SUMMARY": "false",
            "ACCEPT": "",
            **given,
        },
    )
    outputs = dict(line.split("=", 1) for line in Path(places["GITHUB_OUTPUT"]).read_text().splitlines())
    return done, outputs, Path(places["GITHUB_STEP_SUMMARY"]).read_text()


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", encoding="utf-8")
    (tmp_path / "good one.yaml").write_text("version: 1\nreport: pipeline\nperiod: 2026-Q3\n", encoding="utf-8")
    (tmp_path / "bad.yaml").write_text("version: 1\nreport: pipelin\n", encoding="utf-8")
    return tmp_path


def test_the_action_runs_the_command_and_says_how_it_ended(checkout: Path, specs: Path) -> None:
    """Also where an argument has spaces, and lines end as on Windows."""
    done, outputs, summary = _run(checkout, specs, "validate", "good one.yaml\r\n\n--period\n2026-Q2\n", SUMMARY="true")
    assert done.returncode == 0, done.stderr
    assert outputs["code"] == "0"
    assert summary == done.stdout == Path(outputs["printed"]).read_text()
    assert summary == "1 spec valid\n"


def test_a_command_that_fails_fails_the_step_unless_that_is_accepted(checkout: Path, specs: Path) -> None:
    done, outputs, summary = _run(checkout, specs, "validate", "bad.yaml\n--messages\ngithub")
    assert (done.returncode, outputs["code"], summary) == (1, "1", "")
    assert "pipelin" in done.stdout + done.stderr
    done, outputs, _ = _run(checkout, specs, "validate", "bad.yaml", ACCEPT="1,2")
    assert (done.returncode, outputs["code"]) == (0, "1")


@pytest.mark.parametrize("hostile", ["$(touch stolen)", "`touch stolen`", "; touch stolen", "x\ny && touch stolen"])
def test_no_argument_is_read_by_the_shell(checkout: Path, specs: Path, hostile: str) -> None:
    done, _, _ = _run(checkout, specs, "validate", hostile)
    assert done.returncode == 1
    assert not list(specs.rglob("stolen"))


def test_what_the_action_is_given_reaches_its_scripts_as_variables(checkout: Path) -> None:
    """Text that is put into a script would be run by it."""
    action = _yaml(checkout / "action.yml")
    asked = set(re.findall(r"\$\{\{ inputs\.(\w+)", (checkout / "action.yml").read_text(encoding="utf-8")))
    assert asked | {"python"} == set(action["inputs"])
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert set(re.findall(r"\$\{?([A-Z]+)\b", step.get("run", ""))) >= set(step.get("env", {}))
    for workflow in (checkout / ".github" / "workflows").glob("*.yml"):
        for job in _yaml(workflow)["jobs"].values():
            for step in job["steps"]:
                assert "${{" not in step.get("run", ""), f"{workflow.name}: {step}"


def test_the_example_gives_inputs_that_there_are(checkout: Path, run_cli: RunCli) -> None:
    page = (checkout / "docs" / "install.md").read_text(encoding="utf-8")
    [example] = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    action = _yaml(checkout / "action.yml")
    steps = [step for step in yaml.safe_load(example)["steps"] if "reportspec@" in step["uses"]]
    assert len(steps) == 2
    for step in steps:
        assert set(step["with"]) <= set(action["inputs"])
        told = run_cli([step["with"]["command"], "--help"]).stdout
        assert all(line in told for line in step["with"]["arguments"].split("\n") if line.startswith("--"))


@pytest.mark.parametrize(
    ("extras", "version", "installed"),
    [
        ("", "", "{here}"),
        ("postgres,xlsx", "", "{here}[postgres,xlsx]"),
        ("", "0.1.0", "reportspec==0.1.0"),
        ("mysql", "1.2.3rc1", "reportspec[mysql]==1.2.3rc1"),
        ("x] evil", "", None),
        ("", "1 --pre", None),
    ],
)
def test_the_action_installs_what_is_asked_for(
    checkout: Path, tmp_path: Path, extras: str, version: str, installed: str | None
) -> None:
    scripts = tmp_path / "bin"
    scripts.mkdir()
    made = tmp_path / "reportspec" / "bin"
    made.mkdir(parents=True)
    for place in (scripts / "python", made / "python"):
        place.write_text('#!/bin/sh\nprintf "%s\\n" "$@" >> "$RUNNER_TEMP/asked"\n', encoding="utf-8")
        place.chmod(0o755)
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", _step(checkout, "Install")["run"]],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={
            "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}",
            "HERE": str(checkout),
            "EXTRAS": extras,
            "VERSION": version,
            "RUNNER_TEMP": str(tmp_path),
            "GITHUB_PATH": str(tmp_path / "path"),
        },
    )
    if installed is None:
        assert done.returncode == 2
        assert "::error::" in done.stdout
        assert not (tmp_path / "asked").exists()
        return
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "asked").read_text().splitlines()[-1] == installed.format(here=checkout)
    assert (tmp_path / "path").read_text().strip() == str(made)


def test_the_image_has_the_extras_and_libraries_that_there_are(checkout: Path, run_cli: RunCli) -> None:
    image = (checkout / "Containerfile").read_text(encoding="utf-8")
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [extras] = re.findall(r"^ARG EXTRAS=(\S+)$", image, re.MULTILINE)
    assert set(extras.split(",")) <= set(project["optional-dependencies"])
    wanted = (checkout / "docs" / "install.md").read_text(encoding="utf-8")
    [libraries] = re.findall(r"^ && apt-get install -y --no-install-recommends (.+?) \\$", image, re.MULTILINE)
    assert f"`sudo apt-get install --no-install-recommends {libraries}`" in wanted
    kept = {line[1:] for line in (checkout / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    # What the wheel is built from, and nothing else: no data, no secrets.
    assert kept == {"pyproject.toml", project["readme"], *project["license-files"], "reportspec", "schemas"}


@pytest.mark.parametrize(
    ("tag", "told", "wrong"),
    [
        ("v1.2.0", True, ""),
        ("v1.2.1", True, "the tag v1.2.1 is not v1.2.0, the version"),
        ("1.2.0", True, "the tag 1.2.0 is not v1.2.0, the version"),
        ("v1.2.0", False, "CHANGELOG.md tells nothing under `## [1.2.0] - date`"),
    ],
)
def test_a_release_is_of_its_version_and_told(checkout: Path, tmp_path: Path, tag: str, told: bool, wrong: str) -> None:
    (tmp_path / "reportspec").mkdir()
    (tmp_path / "reportspec" / "version.py").write_text('__version__ = "1.2.0"\n', encoding="utf-8")
    head = "## [1.2.0] - 2026-12-01" if told else "## [Unreleased]"
    log = f"# Changelog\n\n{head}\n\n### Added\n- More.\n\n## [1.1.0] - 2026-01-01\n- Less.\n"
    (tmp_path / "CHANGELOG.md").write_text(log, encoding="utf-8")
    notes = tmp_path / "notes.md"
    command = [sys.executable, checkout / ".ci" / "release.py", tag, "--notes", notes, "--checkout", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.strip()) == (1 if wrong else 0, wrong)
    if not wrong:
        assert notes.read_text() == "### Added\n- More.\n"


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(checkout: Path, tmp_path: Path) -> None:
    """Slow: Sphinx reads all pages, for any link that leads nowhere."""
    command = [
        sys.executable,
        checkout / "docs" / "site" / "build.py",
        "--without-pictures",
        "--out",
        tmp_path / "site",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=checkout)
    assert (done.returncode, done.stderr) == (0, "")
    index = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    pages = [page.relative_to(checkout / "docs") for page in (checkout / "docs").rglob("*.md")]
    assert all(f'href="{page.with_suffix(".html")}"' in index for page in pages)
    reports = (tmp_path / "site" / "reports.html").read_text(encoding="utf-8")
    assert all(f">{name}<" in reports for name in ("Sales pipeline", "Data quality"))
    assert (tmp_path / "site" / "searchindex.js").is_file()
