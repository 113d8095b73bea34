"""What tests of every stage share: hypothesis profiles, the command line, the real data."""

from __future__ import annotations

import gc
import io
import os
import signal
import ssl
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import SystemRandom
from unittest.mock import patch

import click
import duckdb
import pytest
from hypothesis import settings

from tests import choosing
from tests.engines.lacking import why_left_out
from tests.golden import Golden

CHECKOUT = Path(__file__).resolve().parent.parent

# As the program itself has it: of many trees, collecting garbage often takes half of the time.
gc.set_threshold(100_000, 50, 50)

# Who is started in the background, by a scheduler or by nohup ignores what its processes would ignore, too, and tests
# send them. A handler is not inherited: nobody whom we start ignores anything, and a hang-up still does not end us.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
for _name in ("SIGHUP", "SIGTERM"):
    if hasattr(signal, _name) and signal.getsignal(getattr(signal, _name)) is signal.SIG_IGN:
        signal.signal(getattr(signal, _name), lambda *_: None)

# Where bytecode is not written (images of containers say so), each of the hundreds of processes that tests start would
# compile the package anew, and each worker the tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Whoever has set these for their own reports must not change what the tests see.
PERSONAL_SETTINGS = ("CRM_DATABASE_URL", "SMTP_URL", "PYTHONPATH", "SOURCE_DATE_EPOCH")

# `ci` draws the same examples on every run, so that a red build is about the change that it
# builds; `dev` looks for new ones. Neither has a deadline: cores are shared.
settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("dev", deadline=None)
settings.register_profile("thorough", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

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

    It runs in this process, which takes a tenth of the time. It has a process of its own where that is
    what is tested (`apart`), or where `env` says otherwise what only a new interpreter hears; one that takes
    longer than `timeout` seconds fails the test.
    """

    def run(
        args: Sequence[str | Path],
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float = 120,
        apart: bool = False,
    ) -> subprocess.CompletedProcess[str]:
        inherited = {k: v for k, v in os.environ.items() if k not in PERSONAL_SETTINGS}
        around = {**inherited, "PYTHONPATH": str(CHECKOUT), **(env or {})}
        words = [*map(str, args)]
        if not apart and not any(
            name.startswith(HEARD_AT_START) and os.environ.get(name) != said for name, said in (env or {}).items()
        ):
            return _run_here(words, cwd or CHECKOUT, around)
        return subprocess.run(
            [sys.executable, "-m", "reportspec", *words],
            cwd=cwd or CHECKOUT,
            env=around,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )

    return run


HEARD_AT_START = ("TZ", "LC_", "LANG", "PYTHON", "LD_")


def _run_here(words: list[str], cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """The command line in this process, ending as `main` ends it but for signals."""
    from reportspec.cli import cli

    with ExitStack() as around:
        around.enter_context(patch.dict(os.environ, env, clear=True))
        around.enter_context(chdir(cwd))
        around.enter_context(patch("sys.stdin", around.enter_context(open(os.devnull))))  # noqa: PTH123
        said = around.enter_context(_heard(redirect_stdout))
        told = around.enter_context(_heard(redirect_stderr))
        code = 0
        try:
            cli.main(words, prog_name="python -m reportspec", standalone_mode=False)
        except click.ClickException as error:
            error.show()
            code = 2
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except Exception:
            traceback.print_exc()
            code = 70
        return subprocess.CompletedProcess(words, code, said(), told())


@contextmanager
def _heard(redirect: Callable[[io.TextIOWrapper], redirect_stdout[io.TextIOWrapper]]) -> Iterator[Callable[[], str]]:
    """A standard stream as a pipe has it; gives a function that reads what came through."""
    data = io.BytesIO()
    stream = io.TextIOWrapper(data, "utf-8", "backslashreplace", "\n", write_through=True)
    with redirect(stream):
        yield lambda: data.getvalue().decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


@pytest.fixture(scope="session", autouse=True)
def _demo_is_made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Reports over the demo copy it from one that was made before, in a third of the time. How it is made
    is what `tests/demo` is about, and those import `load` itself before this."""
    from reportspec.demo import landing as loading
    from reportspec.demo.columns import COLUMNS

    load, alone = loading.load, threading.Lock()

    @cache
    def made() -> Path:
        path = tmp_path_factory.mktemp("made") / "before.duckdb"
        with duckdb.connect(str(path)) as raw:
            load(raw)
        return path

    def copied(raw: duckdb.DuckDBPyConnection, names: Iterable[str] = COLUMNS) -> None:
        with alone:
            raw.execute(f"attach '{made()}' as made_before (read_only)")
            raw.execute("create schema demo")
            for name in set(names) & set(COLUMNS):
                raw.execute(f'create table demo."{name}" as from made_before.demo."{name}"')
            raw.execute("detach made_before")

    with patch.object(loading, "load", copied):
        yield


@pytest.fixture(scope="session", autouse=True)
def _what_is_there_already_is_not_looked_through() -> Iterator[None]:
    """Thousands of tests and their modules stay to the end: looking through them for garbage, as after each report that
    was laid out, took a tenth of the time. What the first report leaves is put aside in a process that makes one."""
    from reportspec.render import pdf

    gc.freeze()
    with patch.object(pdf, "_first", False):
        yield
    gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def _files_are_looked_at_with_one_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """To start one takes longer than most looks, of which each has a session and a folder of its own."""
    from reportspec.files import remove_folder, temporary_folder
    from reportspec.run.files import look_engine

    spill, kept = tmp_path_factory.mktemp("looks"), threading.local()

    def started_before(until: ExitStack) -> tuple[duckdb.DuckDBPyConnection, str]:
        folder = temporary_folder("files")
        until.callback(remove_folder, folder)
        try:
            kept.engine.execute("SELECT 1")
        except (AttributeError, duckdb.Error):  # there is none yet, or it is broken
            kept.engine = duckdb.connect(":memory:", config={"temp_directory": str(spill)})
        return kept.engine, folder

    started_before.__wrapped__ = look_engine.started  # type: ignore[attr-defined]
    with patch.object(look_engine, "started", started_before):
        yield


@pytest.fixture(scope="session", autouse=True)
def _authorities_of_the_machine_are_not_read() -> Iterator[None]:
    """PyMySQL reads all of them for each session, also for one whose certificate nobody checks: half of what a session
    costs. What a test trusts it names in the environment, and is read."""
    known, read = os.environ.get("SSL_CERT_FILE"), ssl.SSLContext.load_default_certs

    def read_what_is_named(context: ssl.SSLContext, *purpose: ssl.Purpose) -> None:
        if os.environ.get("SSL_CERT_FILE") != known:
            read(context, *purpose)

    with patch.object(ssl.SSLContext, "load_default_certs", read_what_is_named):
        yield


@pytest.fixture(scope="session", autouse=True)
def _servers_that_were_started_end() -> Iterator[None]:
    yield
    if servers := sys.modules.get("tests.engines.servers"):
        servers.STARTED.close()


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


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Holds what was found against what is kept of an earlier run."""
    return Golden(bool(request.config.getoption("--approve")))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", default="", help="run tests/engines on the database of this URL instead")
    parser.addoption("--night", action="store_true", help="draw in full and anew what is drawn at random")
    parser.addoption("--complete", action="store_true", help="fail, and do not skip, where an engine is not installed")
    parser.addoption("--approve", action="store_true", help="keep what the golden tests find (`make snapshots`)")
    parser.addoption("--few", type=int, default=0, metavar="N", help="run N cases of each test with more (2 at least)")
    parser.addoption("--within", type=float, default=0.0, metavar="SECONDS", help="leave out tests known to cost more")
    parser.addoption("--order", default="", metavar="SEED", help="run the tests in the order that this seed gives")
    parser.addoption("--seed", default="", help="draw what was drawn with this seed")


def pytest_configure(config: pytest.Config) -> None:
    """Workers are given what the tests' own order has first, and not where most tests are."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from _left_out_without_its_engine(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    return (yield from _left_out_without_its_engine(item))


def _left_out_without_its_engine(item: pytest.Item) -> Generator[None, object, object]:
    """A test whose engine is not installed is skipped and says so; `make test` (`--complete`) skips none."""
    try:
        return (yield)
    except Exception as error:
        why = why_left_out(error)
        if why is None or item.config.getoption("--complete"):
            raise
        pytest.skip(why)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """By night only what draws at random is run or what has more cases than by day, and only what keeps files where
    they are to be approved; all else is run by day."""
    chosen = list(items)
    if config.getoption("--approve"):
        chosen = choosing.asking_for(chosen, "golden")
    chosen = choosing.by_night(chosen) if config.getoption("--night") else choosing.by_day(chosen)
    if few := config.getoption("--few"):
        chosen = choosing.few_of_each(chosen, few)
    if seconds := config.getoption("--within"):
        chosen = choosing.within(chosen, seconds, choosing.known_costs())
    if seed := config.getoption("--order"):
        chosen = choosing.shuffled(chosen, seed)
    choosing.keep_together(chosen)
    if not seed and "PYTEST_XDIST_WORKER" in os.environ:
        chosen = choosing.dearest_first(chosen, choosing.known_costs())
    left_out = {*items} - {*chosen}
    config.hook.pytest_deselected(items=[item for item in items if item in left_out])
    items[:] = chosen


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Before pytest-xdist tells what there is."""
    choosing.name_by_group(session.items)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project on the demo."""
    folder = tmp_path_factory.mktemp("demo")
    text = "version: 1\nsource: demo\ntimezone: Europe/Rome\ncurrency: EUR\nlocale: en_GB\n"
    (folder / "reportspec.yaml").write_text(text, encoding="utf-8")
    return folder
