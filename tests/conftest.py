"""What tests of every stage share: hypothesis profiles, the command line, the real data."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom

import pytest
from hypothesis import settings

CHECKOUT = Path(__file__).resolve().parent.parent

# Whoever has set these for their own reports must not change what the tests see.
PERSONAL_SETTINGS = ("CRM_DATABASE_URL", "SMTP_URL", "PYTHONPATH", "SOURCE_DATE_EPOCH")

# `ci` draws the same examples on every run, so that a red build is about the change that it
# builds; `dev` looks for new ones. Neither has a deadline: cores are shared.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("dev", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=2_000)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
)

RunCli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The folder that holds pyproject.toml."""
    return CHECKOUT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real CRM data, which is not part of the project; skips where it is absent.

    It lies in `../shared/data` beside the checkout, or where REPORTSPEC_TEST_DATA says.
    """
    named = os.environ.get("REPORTSPEC_TEST_DATA")
    folder = Path(named) if named else CHECKOUT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (REPORTSPEC_TEST_DATA can name another folder)")
    return folder


@pytest.fixture(scope="session")
def run_cli() -> RunCli:
    """Return a function that runs `python -m reportspec ARGS` and returns what came of it.

    `env` is added to the present environment, less what a user may have set for themselves.
    A run that takes longer than `timeout` seconds fails the test.
    """

    def run(
        args: Sequence[str | Path],
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        inherited = {k: v for k, v in os.environ.items() if k not in PERSONAL_SETTINGS}
        return subprocess.run(
            [sys.executable, "-m", "reportspec", *map(str, args)],
            cwd=cwd or CHECKOUT,
            env={**inherited, "PYTHONPATH": str(CHECKOUT), **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )

    return run


@dataclass(frozen=True)
class Draw:
    """How much a test that draws at random draws, and from which seed. A sample of it runs always,
    from the same seed; `--night` (`make night`) runs it in full, from a new one, which the failing
    test names: `--seed N` draws the same again."""

    night: bool
    seed: int

    def rounds(self, sample: int, full: int) -> int:
        """How many rounds: `sample` by day, `full` by night."""
        return full if self.night else sample


@pytest.fixture
def draw(request: pytest.FixtureRequest) -> Draw:
    """How much to draw, and from which seed."""
    night = bool(request.config.getoption("--night"))
    given = request.config.getoption("--seed")
    seed = int(given) if given else SystemRandom().randrange(2**32) if night else 20261128
    print(f"drawn with --seed {seed}" + (" --night" if night else ""))
    return Draw(night, seed)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database", default="", help="run tests/engines on the database of this URL instead"
    )
    parser.addoption(
        "--night", action="store_true", help="draw in full and anew what is drawn at random"
    )
    parser.addoption("--seed", default="", help="draw what was drawn with this seed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """By night only what draws at random is run; all else is run by day."""
    if config.getoption("--night"):
        drawn = [item for item in items if "draw" in getattr(item, "fixturenames", ())]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(drawn)])
        items[:] = drawn
