"""The check for system libraries says what to install and fails only for what is required."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def script(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    path = checkout / ".ci" / "system_libraries.py"
    spec = importlib.util.spec_from_file_location("system_libraries", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "system_libraries", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "can_install", lambda: False)
    return module


def lose(script: ModuleType, monkeypatch: pytest.MonkeyPatch, *apt_names: str) -> None:
    """Make the system look as if it lacked these packages and had everything else."""
    monkeypatch.setattr(script, "find_missing", lambda needs: (need for need in needs if need.apt in apt_names))


def test_a_missing_required_library_fails_with_the_command_for_each_package_manager(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lose(script, monkeypatch, "libpango-1.0-0", "libpangoft2-1.0-0")

    assert script.main([]) == 1

    told = capsys.readouterr().err.splitlines()
    assert "  sudo apt-get install --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0" in told
    assert "  sudo dnf install pango" in told
    assert "  brew install pango" in told


def test_a_missing_optional_library_is_only_a_warning(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lose(script, monkeypatch, "libharfbuzz-subset0")

    assert script.main([]) == 0

    assert capsys.readouterr().err.startswith("warning: ")


def test_what_only_tests_need_is_asked_for_only_then(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    lose(script, monkeypatch, "poppler-utils")

    assert script.main([]) == 0
    assert script.main(["--for-tests"]) == 1


def test_a_release_without_the_optional_package_still_gets_the_required_ones(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = {"libpango-1.0-0", "libharfbuzz-subset0"}
    installed: list[list[str]] = []

    def install(needs: object) -> None:
        names = [need.apt for need in needs]  # type: ignore[attr-defined]
        installed.append(names)
        lacking.difference_update({"libpango-1.0-0"} & set(names))  # the other does not exist

    monkeypatch.setattr(script, "can_install", lambda: True)
    monkeypatch.setattr(script, "install", install)
    monkeypatch.setattr(script, "find_missing", lambda needs: (need for need in needs if need.apt in lacking))

    assert script.main([]) == 0
    assert installed == [["libpango-1.0-0"], ["libharfbuzz-subset0"]]


def test_an_absent_library_and_an_absent_command_are_found_missing(script: ModuleType) -> None:
    library = script.Need("a library", "", "a", "a", "a", libraries=("libof-nobody.so.7",))
    command = script.Need("a command", "", "b", "b", "b", command="command-of-nobody")
    present = script.Need("python", "", "c", "c", "c", command=sys.executable)

    assert list(script.find_missing([library, command, present])) == [library, command]
