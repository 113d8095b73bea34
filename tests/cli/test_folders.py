"""Which files of a folder are specs: also broken ones, but no project, mapping or catalogue file."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest

from reportspec.cli.spec_files import spec_files
from tests.conftest import RunCli

FILES: dict[str, tuple[str | bytes, bool]] = {
    "report.yaml": ("version: 1\nreport: pipeline\n", True),
    "only_metrics.yml": ("version: 1\ntitle: Won\nmetrics: [won_amount]\n", True),
    "deliver.yaml": ("# no version\ndeliver: {to: anna@example.com}\n", True),
    "broken.yaml": ("version: 1\nreport: [\n", True),
    "deep/er/sections.yaml": ("version: 1\nsections: []\n", True),
    "reportspec.yaml": ("version: 1\nsource: demo\ndeliver: {from: a@example.com}\n", False),
    "mapping.yaml": ("extends: zoho\nentities: {}\n", False),
    "metrics/own.yaml": ("metrics:\n  - metric: won\n", False),
    "entities/own.yaml": ("entity: visit\nfields: {}\n", False),
    "report_types/own.yaml": ("report_type: own\nmetrics: [won_amount]\nsections: []\n", False),
    "notes.txt": ("report: none\n", False),
    ".hidden/report.yaml": ("version: 1\nreport: pipeline\n", False),
    "compose.yaml": ("services: {}\n", False),
    "metrics/with_version.yaml": ("version: 1\nmetrics:\n- metric: won\n", False),
    "capitals.yaml": ("Version: 1\nReport: pipeline\n", True),
    "list.yaml": ("- version: 1\n  report: pipeline\n- report: leads\n", True),
    "no_colon.yaml": ("version: 1\nmetrics [won_amount]\n", True),
    "nothing.yaml": ("", True),
    "comments.yaml": ("# version: 1\n", True),
    "utf_16.yaml": ("version: 1\nreport: pipeline\n".encode("utf-16"), True),
    "marked.yaml": ("version: 1\nreport: pipeline\n".encode("utf-8-sig"), True),
    "bytes.yaml": (b"\xff\x00\x01", True),
}


@pytest.mark.parametrize("base", ["plain", ".config/reports"])
@pytest.mark.parametrize("given", ["absolute", "from beside it"])
def test_specs_of_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, base: str, given: str) -> None:
    root = tmp_path / base
    for name, (text, _) in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    (tmp_path / "beside").mkdir()
    monkeypatch.chdir(tmp_path / "beside")
    folder = root if given == "absolute" else Path("..") / base
    found = {path.relative_to(folder).as_posix() for path in spec_files([folder])}
    assert found == {name for name, (_, is_spec) in FILES.items() if is_spec}


def test_a_folder_without_specs_and_files_that_are_named(tmp_path: Path) -> None:
    (tmp_path / "reportspec.yaml").write_text("version: 1\n", "utf-8")
    with pytest.raises(click.UsageError, match="has no spec"):
        spec_files([tmp_path])
    named = tmp_path / "reportspec.yaml"
    assert spec_files([named, named]) == [named]  # what is named is taken at its word, once


def test_a_folder_that_is_called_like_a_file_is_refused(run_cli: RunCli, tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text("version: 1\nreport: pipeline\nperiod: 2026-Q3\n")
    done = run_cli(["build", spec, "-o", "out/x.pdf"], cwd=tmp_path)
    assert done.returncode == 2
    assert "write `-o out`" in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names there")
def test_what_cannot_be_read_in_a_folder_is_told_and_not_left_out(run_cli: RunCli, tmp_path: Path) -> None:
    specs = tmp_path / "specs"
    (specs / "folder.yaml").mkdir(parents=True)
    (tmp_path / "reportspec.yaml").write_text("version: 1\nsource: demo\n", encoding="utf-8")
    (specs / "fine.yaml").write_text("version: 1\nreport: pipeline\nperiod: 2026-Q3\n", encoding="utf-8")
    (specs / "away.yaml").symlink_to("nowhere.yaml")
    (specs / "circle.yaml").symlink_to("circle.yaml")
    os.mkfifo(specs / "pipe.yaml")
    done = run_cli(["validate", str(specs)], cwd=tmp_path)
    assert done.returncode == 1
    for name in ("away", "circle", "pipe"):
        assert done.stderr.count(f"{name}.yaml") + done.stdout.count(f"{name}.yaml") == 1, name
        alone = run_cli(["validate", str(specs / f"{name}.yaml")], cwd=tmp_path)
        assert "did you mean" not in alone.stdout + alone.stderr
    assert "away.yaml` is a link to a file that is not there" in done.stdout + done.stderr
    assert "1 spec valid" in done.stdout + done.stderr
