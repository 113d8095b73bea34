"""What docs/running.md and docs/api.md show works: each file and command is taken from the pages. The
schedulers themselves are not here; small stand-ins record what they are asked to do.

Slow: the pages' commands start processes, make environments and send mails."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

import reportspec
from reportspec import cli
from reportspec.deliver import rounds
from reportspec.deliver import send as sending
from tests.deliver.server import Handler, Server
from tests.loading import load_report

CHECKOUT = Path(__file__).resolve().parents[2]
RUNNING = (CHECKOUT / "docs" / "running.md").read_text(encoding="utf-8")
API = (CHECKOUT / "docs" / "api.md").read_text(encoding="utf-8")
NAMED = re.compile(r"^`([\w./-]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = dict(NAMED.findall(RUNNING))
SHELL = re.findall(r"(?<!`:\n\n)^```sh\n(.*?)^```$", RUNNING, re.MULTILINE | re.DOTALL)
PYTHON = re.findall(r"^```python\n(.*?)^```$", API, re.MULTILINE | re.DOTALL)
SERVICE = "/etc/systemd/system/reports.service"
TIMER = "/etc/systemd/system/reports.timer"
CHECK = ".github/workflows/check-reports.yml"
SEND = ".github/workflows/send-reports.yml"
ANNA, OPS = "anna@example.com", "ops@example.com"
NOW = datetime(2026, 11, 1, 5, 15, tzinfo=UTC)
VARIABLES = ("CRM_DATABASE_URL", "LEDGER_URL", "SMTP_URL")


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def server(handler: Handler) -> Iterator[Server]:
    made = Server(handler)
    made.start()
    yield made
    made.stop()


@dataclass
class Project:
    """The page's project over the demo, in a folder of the test's."""

    root: Path
    env: dict[str, str]

    def placed(self, text: str) -> str:
        """A text of the page, with its places moved to where the project is."""
        moved = text.replace("/srv/reports", str(self.root))
        moved = moved.replace("/etc/reports.env", str(self.root / "reports.env"))
        return moved.replace("/var/backups", str(self.root))

    def sh(self, script: str, *shell: str, path: Path | None = None, **env: str) -> Any:
        """Run a script in the project's folder with nothing else in its environment."""
        paths = [str(path)] if path else []
        paths += [str(self.root / ".venv" / "bin"), "/usr/local/bin", "/usr/bin", "/bin"]
        return subprocess.run(
            [*(shell or ("/bin/sh", "-c")), script],
            cwd=self.root,
            env={"PATH": os.pathsep.join(paths), "LANG": "C.UTF-8", **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    def states(self) -> list[tuple[str, str]]:
        return [(one.recipient, one.state) for one in reportspec.status(self.root)]


def program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def project(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Project:
    (tmp_path / "specs").mkdir()
    (tmp_path / "reportspec.yaml").write_text(FILES["reportspec.yaml"], "utf-8")
    # Its standard sections and the PDF are of no interest here, and take their time.
    spec = FILES["specs/monthly.yaml"].replace("report: pipeline\n", "")
    (tmp_path / "specs" / "monthly.yaml").write_text(f"{spec}  attach: []\n", "utf-8")
    program(
        tmp_path / ".venv" / "bin" / "reportspec",
        f'PYTHONPATH="{CHECKOUT}" REPORTSPEC_NOW={NOW.isoformat()} exec "{sys.executable}" -m reportspec "$@"',
    )
    env = {
        "CRM_DATABASE_URL": "demo",
        "LEDGER_URL": ".reportspec/ledger.sqlite",
        "SMTP_URL": f"smtp://127.0.0.1:{server.port}",
    }
    text = FILES["/etc/reports.env"]
    for name, value in env.items():
        text = re.sub(rf"^{name}='[^'\n]*'$", f"{name}='{value}'", text, flags=re.MULTILINE)
        monkeypatch.setenv(name, value)
    (tmp_path / "reports.env").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(rounds, "FIRST_WAIT", 0.0)
    return Project(tmp_path, env)


# --- the page itself -----------------------------------------------------------------------------


def test_the_pages_have_the_examples_that_are_tried_here() -> None:
    assert set(FILES) == {
        *("reportspec.yaml", "specs/monthly.yaml", "/etc/reports.env", "/etc/cron.d/reports"),
        *(SERVICE, TIMER, CHECK, SEND, "dags/reports.py", "flows.py"),
    }
    assert len(FILES) + len(SHELL) == RUNNING.count("\n```") / 2
    assert len(PYTHON) == API.count("```") / 2
    assert max(map(len, [*RUNNING.splitlines(), *API.splitlines()])) <= 120


def test_every_variable_of_the_project_is_in_the_environment_of_every_example() -> None:
    wanted = set(re.findall(r"\$\{(\w+)\}", FILES["reportspec.yaml"]))
    assert wanted == set(VARIABLES)
    assert set(re.findall(r"^(\w+)=", FILES["/etc/reports.env"], re.MULTILINE)) == wanted
    for name in (CHECK, SEND):
        for job in workflow(name)["jobs"].values():
            assert set(job["env"]) == wanted
    secrets = set(re.findall(r"\$\{\{ secrets\.(\w+) \}\}", FILES[SEND]))
    assert secrets == wanted
    assert "secrets" not in FILES[CHECK]


def test_exit_codes_are_those_of_the_program() -> None:
    told = set(re.findall(r"\b\d+\b", re.sub(r"Ctrl-C", "", cli.__doc__ or "")))
    rows = re.findall(r"^\| ([\d, ]+) \|", RUNNING, re.MULTILINE)
    assert told <= {code for row in rows for code in row.split(", ")}


def bounds(project: Project, period: str, when: str, zone: str = "Europe/Rome") -> tuple[str, str]:
    """The days that a period means at an instant, of which a report is known as sent."""
    spec = project.root / "specs" / "monthly.yaml"
    spec.write_text(spec.read_text("utf-8") + f"timezone: {zone}\n", "utf-8")
    try:
        checked = load_report(spec, datetime.fromisoformat(when), project.env, period=period)
    finally:
        spec.write_text(spec.read_text("utf-8").replace(f"timezone: {zone}\n", ""), "utf-8")
    assert checked.report is not None, checked.diagnostics
    return checked.report.period.start.isoformat(), checked.report.period.end.isoformat()


def test_when_a_run_every_morning_sends_a_period(project: Project) -> None:
    days = [f"2026-{day}T06:15+01:00" for day in ("10-31", "11-01", "11-02", "11-03")]
    found = {
        period: [bounds(project, period, day) for day in days]
        for period in re.findall(r"`(\w+)`", table("| `period` of a spec |"))
        if period not in ("period", "2026")
    }
    for period, keys in found.items():
        if period.startswith("this_"):
            assert keys[1] == keys[2] == keys[3], period
        elif period in ("yesterday", "last_7_days", "month_to_date"):
            assert len(set(keys)) == 4, period
    assert set(found) >= {"last_month", "last_week", "last_quarter", "this_month", "month_to_date"}
    assert found["last_month"][1:] == [("2026-10-01", "2026-11-01")] * 3
    assert found["last_month"][0] == ("2026-09-01", "2026-10-01")
    assert found["last_week"][2] == found["last_week"][3] != found["last_week"][1]  # from Monday on


def table(head: str) -> str:
    lines = RUNNING[RUNNING.index(head) :].splitlines()
    return "\n".join(lines[: next(n for n, line in enumerate(lines) if not line.startswith("|"))])


def test_the_hour_decides_which_month_was_the_last_one(project: Project) -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in table("| run | in Rome |").splitlines()[2:]
    ]
    assert len(rows) == 2
    for run, _, _, month in rows:
        when = f"2026-11-01T{run.split()[-2]}+00:00"
        start, _ = bounds(project, "last_month", when, "America/New_York")
        assert datetime.fromisoformat(start).strftime("%B") == re.split(r"\W", month)[0]


# --- cron and sh ---------------------------------------------------------------------------------


def crontab() -> tuple[list[str], str, str]:
    """The five fields of the page's crontab, its user and its command."""
    *settings, line = FILES["/etc/cron.d/reports"].splitlines()
    assert settings == [f"MAILTO={OPS}"]
    *fields, user, command = line.split(maxsplit=6)
    return fields, user, command


def test_cron(project: Project, handler: Handler) -> None:
    fields, user, command = crontab()
    limits = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]
    for text, (least, most) in zip(fields, limits, strict=True):
        assert re.fullmatch(r"\*|\d+(-\d+)?(,\d+(-\d+)?)*", text)
        assert all(least <= int(number) <= most for number in re.findall(r"\d+", text))
    assert user == "reports"
    assert "%" not in command
    for _ in range(2):
        done = project.sh(project.placed(command))
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [to for to, _ in handler.taken] == [ANNA]
    first, second = (project.root / "send.log").read_text("utf-8").splitlines()
    assert f"sent: {ANNA}" in first
    assert f"has it already: {ANNA}" in second


def test_cron_says_what_goes_wrong_before_reportspec(project: Project) -> None:
    (project.root / "reports.env").unlink()
    done = project.sh(project.placed(crontab()[2]))
    assert done.returncode != 0
    assert "reports.env" in done.stderr


@pytest.mark.slow
def test_commands_of_the_page(project: Project, handler: Handler) -> None:
    """Those of reportspec; what installs or asks systemd is left out."""
    others = (
        "python3 -m venv",
        ".venv/bin/pip",
        "install -d",
        "systemctl",
        "journalctl",
        "pg_dump",
    )
    for script in SHELL:
        lines = [line for line in script.splitlines() if not line.startswith(others)]
        if shutil.which("sqlite3") is None:
            lines = [line for line in lines if not line.startswith("sqlite3")]
        loads = "set -a; . /etc/reports.env; set +a"
        done = project.sh(project.placed("\n".join(["set -e", loads, *lines])))
        assert done.returncode == 0, script + done.stdout + done.stderr
    assert [path.suffix for path in (project.root / "out").iterdir()] == [".eml"]
    assert project.states() == [(ANNA, "sent")] * 2
    assert {one.period for one in reportspec.status()} == {
        "2026-09-01 to 2026-09-30",
        "2026-10-01 to 2026-10-31",
    }
    assert len(handler.taken) == 2
    copy = project.root / "reports.sqlite"
    if copy.exists():
        (project.root / ".reportspec" / "ledger.sqlite").unlink()
        copy.rename(project.root / ".reportspec" / "ledger.sqlite")
        assert reportspec.send("specs/monthly.yaml", now=NOW).count("already") == 1


# --- systemd ---------------------------------------------------------------------------------------


def unit(name: str) -> configparser.ConfigParser:
    """A unit file; a key that is given twice is a mistake here."""
    made = configparser.ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#",))
    made.optionxform = str  # type: ignore[assignment,method-assign]
    made.read_string(FILES[name])
    return made


def test_systemd_units(project: Project, handler: Handler) -> None:
    service, timer = unit(SERVICE)["Service"], unit(TIMER)["Timer"]
    assert service["Type"] == "oneshot"
    assert service["Restart"] == "on-failure"
    prevented = service["RestartPreventExitStatus"].split()
    assert "75" not in prevented
    assert "1" in prevented
    assert "SuccessExitStatus" not in service
    assert timer["Persistent"] == "true"
    written = service["ReadWritePaths"].split()
    assert service["ProtectSystem"] == "strict"
    assert written == ["/srv/reports/out", "/srv/reports/.reportspec"]
    assert all(folder in "".join(SHELL) for folder in written)
    assert service["WorkingDirectory"] == "/srv/reports"
    lines = Path(project.placed(service["EnvironmentFile"])).read_text("utf-8").splitlines()
    env = dict(re.fullmatch(r"(\w+)='([^']*)'", line).groups() for line in lines)  # type: ignore[union-attr]
    done = project.sh(f"exec {project.placed(service['ExecStart'])}", **env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [to for to, _ in handler.taken] == [ANNA]


def test_systemd_takes_the_units(project: Project) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    for name in (SERVICE, TIMER):
        (project.root / Path(name).name).write_text(project.placed(FILES[name]), "utf-8")
    units = [str(project.root / Path(name).name) for name in (SERVICE, TIMER)]
    done = project.sh(f"systemd-analyze verify {' '.join(units)}")
    # What it says of other units of the machine is of no interest.
    said = [line for line in done.stderr.splitlines() if "reports." in line]
    assert said == []
    when = unit(TIMER)["Timer"]["OnCalendar"]
    assert project.sh(f"systemd-analyze calendar '{when}'").returncode == 0


# --- GitHub Actions ------------------------------------------------------------------------------


def workflow(name: str) -> dict[str, Any]:
    """A workflow, all scalars as texts: `on` is no boolean there."""
    return dict(yaml.load(FILES[name], Loader=yaml.BaseLoader))


def steps(name: str) -> list[dict[str, Any]]:
    [job] = workflow(name)["jobs"].values()
    return list(job["steps"])


def script(name: str, part: str) -> str:
    """The `run` of the only step that has a command."""
    [found] = [step["run"] for step in steps(name) if re.search(part, step.get("run", ""))]
    return str(found)


def test_workflows_are_of_the_right_shape() -> None:
    assert set(workflow(CHECK)["on"]) == {"pull_request"}
    assert set(workflow(SEND)["on"]) == {"schedule", "workflow_dispatch"}
    [when] = workflow(SEND)["on"]["schedule"]
    assert when == {"cron": "15 6 * * *", "timezone": "Europe/Rome"}
    for name in (CHECK, SEND):
        found = workflow(name)
        assert set(found) == {"name", "on", "permissions", "jobs"}
        assert found["permissions"] == {"contents": "read"}
        for step in steps(name):
            assert ("uses" in step) != ("run" in step)
            assert re.fullmatch(r"actions/[\w-]+@v\d+", step.get("uses", "actions/x@v1"))
    [upload] = [step["with"] for step in steps(SEND) if "upload" in step.get("uses", "")]
    assert upload["path"] == "out/"


def test_a_pull_request_is_checked(project: Project) -> None:
    [job] = workflow(CHECK)["jobs"].values()
    spec = project.root / "specs" / "monthly.yaml"
    wrong = FILES["specs/monthly.yaml"].replace("close_rate", "close_rat")
    for text, code in ((FILES["specs/monthly.yaml"], 0), (wrong, 1)):
        spec.write_text(text, "utf-8")
        done = project.sh(script(CHECK, "^reportspec"), "/bin/bash", "-e", "-c", **job["env"])
        assert done.returncode == code, done.stdout + done.stderr
    [line] = done.stdout.splitlines()
    assert line.startswith("::error file=specs/monthly.yaml,line=4,col=23,")
    assert "title=unknown-metric::no metric named `close_rat`" in line


@pytest.mark.slow
def test_a_scheduled_run_builds_and_sends(project: Project, handler: Handler) -> None:
    for part in ("reportspec send", "reportspec build"):
        done = project.sh(script(SEND, part), "/bin/bash", "-e", "-c", **project.env)
        assert done.returncode == 0, done.stdout + done.stderr
    assert [to for to, _ in handler.taken] == [ANNA]
    assert (project.root / "out" / "monthly.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize(
    ("codes", "ends", "waits"),
    [
        ([0], 0, [0]),
        ([75, 0], 0, [0, 300]),
        ([75, 75, 75], 75, [0, 300, 900]),
        ([75, 1], 1, [0, 300]),
        ([1], 1, [0]),
    ],
)
def test_a_scheduled_run_tries_again_what_was_not_taken(
    project: Project, codes: list[int], ends: int, waits: list[int]
) -> None:
    fakes = project.root / "fakes"
    program(fakes / "sleep", 'echo "$1" >>waits')
    # The first code that is left.
    taken = 'code=$(head -n1 codes); sed -i.old 1d codes; exit "$code"'
    program(fakes / "reportspec", f'[ "$*" = "send specs" ] || exit 99\n{taken}')
    (project.root / "codes").write_text("".join(f"{code}\n" for code in codes), "utf-8")
    done = project.sh(script(SEND, "reportspec send"), "/bin/bash", "-e", "-c", path=fakes)
    assert done.returncode == ends
    assert (project.root / "waits").read_text("utf-8").split() == [str(one) for one in waits]
    assert (project.root / "codes").read_text("utf-8") == ""


# --- Airflow and Prefect ---------------------------------------------------------------------------


@dataclass
class Task:
    """A function that a scheduler was given, with its options, and what it was asked to be called with."""

    call: Callable[..., Any]
    options: dict[str, Any]
    calls: list[dict[str, Any]] = field(default_factory=list)

    def expand(self, **lists: list[Any]) -> None:
        [(name, values)] = lists.items()
        self.calls += [{name: value} for value in values]

    def with_options(self, name: str) -> Task:
        return Task(self.call, {**self.options, "name": name}, self.calls)

    def submit(self, *given: Any) -> Task:
        self.calls.append({"args": given, "name": self.options["name"]})
        return self


def module(name: str, **names: Any) -> ModuleType:
    made = ModuleType(name)
    made.__dict__.update(names)
    return made


def run_file(project: Project, name: str, modules: list[ModuleType], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run an example's file with stand-ins for what it imports; its names."""
    for one in modules:
        monkeypatch.setitem(sys.modules, one.__name__, one)
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(project.placed(FILES[name]), name, "exec"), names)
    return names


@dataclass
class Airflow:
    """What stands in for Airflow: what was asked of it."""

    dag: dict[str, Any] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)
    made: int = 0

    class Again(Exception):
        pass

    class Fail(Exception):
        pass

    def modules(self) -> list[ModuleType]:
        def dag(**options: Any) -> Any:
            def wrapped(make: Callable[[], None]) -> Callable[[], None]:
                def call() -> None:
                    self.made += 1
                    make()

                self.dag = options
                return call

            return wrapped

        def task(**options: Any) -> Any:
            def wrapped(call: Callable[..., Any]) -> Task:
                self.tasks.append(Task(call, options))
                return self.tasks[-1]

            return wrapped

        def moment(*parts: int, tz: str) -> tuple[datetime, str]:
            return datetime(*parts), tz  # type: ignore[arg-type]

        exceptions = module("airflow.sdk.exceptions", AirflowException=self.Again, AirflowFailException=self.Fail)
        sdk = module("airflow.sdk", dag=dag, task=task, exceptions=exceptions)
        return [
            *(module("airflow", sdk=sdk), sdk, exceptions),
            module("pendulum", datetime=moment),
        ]


@pytest.fixture
def airflow(project: Project, monkeypatch: pytest.MonkeyPatch) -> Airflow:
    made = Airflow()
    run_file(project, "dags/reports.py", made.modules(), monkeypatch)
    return made


def test_airflow_is_told_when_and_what(project: Project, airflow: Airflow) -> None:
    assert airflow.made == 1
    assert airflow.dag["schedule"] == "15 6 * * *"
    assert airflow.dag["start_date"] == (datetime(2026, 1, 1), "Europe/Rome")
    assert airflow.dag["catchup"] is False
    [task] = airflow.tasks
    assert task.calls == [{"spec": str(project.root / "specs" / "monthly.yaml")}]
    assert task.options["retries"] > 1


def test_airflow_sends_what_was_due_then(airflow: Airflow, handler: Handler, capsys: Any) -> None:
    [task] = airflow.tasks
    for _ in range(2):
        task.call(**task.calls[0], data_interval_end=datetime(2026, 9, 1, 4, 15, tzinfo=UTC))
    [(to, mail)] = handler.mails()
    assert to == ANNA
    assert "August 2026" in mail["Subject"]
    first, second = capsys.readouterr().out.splitlines()
    assert first.split()[:2] == [ANNA, "sent"]
    assert second.split()[:2] == [ANNA, "already"]


def test_airflow_tries_again_what_may_help_and_nothing_else(
    project: Project, airflow: Airflow, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    [task] = airflow.tasks
    handler.rcpt[ANNA] = ["451 later"] * 5 + ["550 unknown"]
    with pytest.raises(airflow.Again, match="not taken yet"):
        task.call(**task.calls[0], data_interval_end=NOW)
    with pytest.raises(airflow.Fail, match="somebody did not get it"):
        task.call(**task.calls[0], data_interval_end=NOW)
    assert ANNA not in [to for to, _ in handler.taken]
    monkeypatch.setenv("SMTP_URL", "smtp://127.0.0.1:1")
    with pytest.raises(airflow.Again, match="cannot be reached"):
        task.call(**task.calls[0], data_interval_end=datetime(2026, 10, 1, 5, tzinfo=UTC))
    (project.root / "specs" / "monthly.yaml").write_text("version: 1\nmetrics: [close_rat]\n")
    with pytest.raises(airflow.Fail, match="did you mean `close_rate`"):
        task.call(**task.calls[0])


@dataclass
class State:
    """The end of a task: what it raised."""

    error: Exception

    def result(self, raise_on_failure: bool = True) -> Exception:
        if raise_on_failure:
            raise self.error
        return self.error


@dataclass
class Prefect:
    """What stands in for Prefect: what was asked of it."""

    tasks: list[Task] = field(default_factory=list)
    served: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def modules(self) -> list[ModuleType]:
        this = self

        def task(**options: Any) -> Any:
            def wrapped(call: Callable[..., Any]) -> Task:
                this.tasks.append(Task(call, options))
                return this.tasks[-1]

            return wrapped

        class Flow:
            def __init__(self, call: Callable[[], Any]) -> None:
                self.call = call

            def __call__(self) -> Any:
                return self.call()

            def serve(self, **options: Any) -> None:
                this.served = options

        class Logger:
            def info(self, text: str, *given: object) -> None:
                this.lines.append(text % given)

        def cron(text: str, timezone: str) -> tuple[str, str]:
            return text, timezone

        class FlowRun:
            scheduled_start_time = NOW

        runtime = module("prefect.runtime", flow_run=FlowRun())
        schedules = module("prefect.schedules", Cron=cron)
        prefect = module(
            "prefect",
            flow=Flow,
            task=task,
            get_run_logger=Logger,
            runtime=runtime,
            schedules=schedules,
        )
        return [prefect, runtime, schedules]


def test_prefect(project: Project, handler: Handler, monkeypatch: pytest.MonkeyPatch) -> None:
    prefect = Prefect()
    names = run_file(project, "flows.py", prefect.modules(), monkeypatch)
    assert prefect.served["schedule"] == ("15 6 * * *", "Europe/Rome")
    [task] = prefect.tasks
    assert len(names["reports"]()) == 1
    spec = str(project.root / "specs" / "monthly.yaml")
    assert task.calls == [{"args": (spec, NOW), "name": "monthly"}]
    is_temporary = task.options["retry_condition_fn"]

    def raised(now: datetime = NOW) -> Exception:
        with pytest.raises(Exception) as error:  # noqa: PT011
            task.call(spec, now)
        return error.value

    handler.rcpt[ANNA] = ["451 later"] * 5
    assert is_temporary(task, None, State(raised()))
    task.call(spec, NOW)
    assert [to for to, _ in handler.taken] == [ANNA]
    assert [line.split()[1] for line in prefect.lines] == ["pending", "sent"]
    monkeypatch.setenv("SMTP_URL", "smtp://127.0.0.1:1")
    away = raised(datetime(2026, 10, 1, 5, tzinfo=UTC))
    assert "cannot be reached" in str(away)
    assert is_temporary(task, None, State(away))
    Path(spec).write_text("version: 1\nmetrics: [close_rat]\n", "utf-8")
    broken = raised()
    assert "did you mean `close_rate`" in str(broken)
    assert not is_temporary(task, None, State(broken))
    refused = sending.Outcome(spec, "", [sending.Sent("", ANNA, "refused", "550 unknown")])
    monkeypatch.setattr(reportspec, "send", lambda *_, **__: refused)
    never = raised()
    assert str(never) == "somebody did not get it"
    assert not is_temporary(task, None, State(never))


# --- the API -----------------------------------------------------------------------------------------


def test_api_examples(project: Project, handler: Handler, capsys: pytest.CaptureFixture[str]) -> None:
    """One after the other, as a reader would try them."""
    said = []
    for text in PYTHON:
        exec(compile(text, "api.md", "exec"), {"__name__": "__main__"})
        said.append(capsys.readouterr().out)
    build, figures, send, status, mistakes = said
    assert "monthly.pdf" in build
    assert (project.root / "out" / "monthly.pdf").read_bytes().startswith(b"%PDF")
    assert "no goal" in figures
    assert send.split()[:2] == [ANNA, "sent"]
    assert status == ""  # nothing failed
    assert mistakes == ""
    assert [to for to, _ in handler.taken] == [ANNA, "me@example.com"]


@pytest.mark.parametrize(("answers", "code"), [(["451 later"] * 5, 75), (["550 unknown"], 1)], ids=["later", "never"])
def test_api_example_of_sending_ends_with_the_codes_of_the_program(
    project: Project, handler: Handler, answers: list[str], code: int
) -> None:
    [text] = [one for one in PYTHON if "SystemExit" in one]
    handler.rcpt[ANNA] = list(answers)
    with pytest.raises(SystemExit) as ended:
        exec(compile(text, "api.md", "exec"), {"__name__": "__main__"})
    assert ended.value.code == code


def test_api_page_names_what_there_is() -> None:
    import inspect
    from dataclasses import fields
    from typing import get_args

    from reportspec.deliver.status import Delivered
    from reportspec.diagnostics import Diagnostic

    for name in sorted({*reportspec.__all__} - {"__version__"}):
        assert f"`{name}" in API, name
    for name in ("validate", "build", "build_each", "send", "status"):
        for parameter in inspect.signature(getattr(reportspec, name)).parameters:
            assert re.search(rf"`{parameter}`|[(, ]{parameter}[=,)]", API), f"{name}({parameter})"
    results = re.findall(r"^\| `(\w+)` \|", API[API.index("| result |") :], re.MULTILINE)
    assert set(results) == set(get_args(sending.Result))
    for kind in (Diagnostic, Delivered, sending.Outcome, sending.Sent):
        for one in fields(kind):
            assert re.search(rf"`{one.name}`", API), f"{kind.__name__}.{one.name}"
    for name in (
        "name",
        "value",
        "figures",
        "warnings",
        "spec",
        "sql",
        "files",
        "pdf",
        "save",
    ):
        assert f"`{name}" in API
