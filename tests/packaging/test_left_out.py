"""Who has no engines is told which tests were left out, why, and how to have them; nothing else is left out so."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from tests.engines import lacking
from tests.engines.lacking import NoEngine, NotInstalled, why_left_out


@pytest.fixture(params=[True, False], ids=["installed", "absent"])
def here(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(lacking, "find_spec", lambda _: object() if request.param else None)
    return bool(request.param)


def test_only_what_is_absent_leaves_a_test_out(here: bool) -> None:
    why = why_left_out(ModuleNotFoundError("no chdb", name="chdb.session"))
    if here:
        assert why is None, "a part of it that cannot be imported is a mistake"
    else:
        assert why is not None
        assert "`chdb`" in why
        assert "pip install -e '.[dev,engines]'" in why


@pytest.mark.parametrize(
    "error", [ModuleNotFoundError("x", name="reportspec.runn"), ImportError("x", name="chdb"), NoEngine("no start")]
)
def test_other_errors_fail(error: Exception, here: bool) -> None:
    assert why_left_out(error) is None


def test_a_server_that_is_not_installed() -> None:
    assert why_left_out(NotInstalled("`initdb` is not installed")) == "`initdb` is not installed"


def test_make_test_leaves_nothing_out(checkout: Path) -> None:
    extras = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    assert not [name for name in extras["dev"] if name.startswith(("chdb", "clickhouse", "pymysql", "pyspark"))]
    assert "'.[dev,engines]'" in (checkout / ".ci" / "set-up").read_text(encoding="utf-8")
    assert "-m pytest -n3 --complete\n" in (checkout / "Makefile").read_text(encoding="utf-8")
