"""The command line: arguments in, text and exit codes out. 0 all is well, 1 something in a spec or
its data is wrong, 2 misuse, 70 a bug of reportspec, 75 mail that was not taken yet, 130 stopped by Ctrl-C,
143 by `kill` (SIGTERM), 129 by a terminal that closed (SIGHUP)."""

from __future__ import annotations

import errno
import gc
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from reportspec.calendar import FIRST_YEAR, LAST, LAST_YEAR
from reportspec.diagnostics import (
    Diagnostic,
    harmless,
    harmless_json,
    in_order,
    render_github,
    render_json,
    render_text,
)
from reportspec.files import keep_together
from reportspec.model.mail import FORMS, Form
from reportspec.stopping import Stop
from reportspec.version import __version__

if TYPE_CHECKING:
    from reportspec.building import Built, Order
    from reportspec.check.report import Checked
    from reportspec.model.figures import Figures

MOST_SHOWN = 50
_SETTING = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)


class _Path(click.Path):
    """A path that is one: an empty text would be the present folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """As `click.Path`, without what is empty."""
        if not str(value).strip() or "\0" in str(value):
            self.fail("a path is empty or has a NUL character", param, ctx)
        try:
            Path(value).stat()
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:
                self.fail("a path is longer than names of files can be", param, ctx)
        return super().convert(value, param, ctx)


class _Filled(click.types.StringParamType):
    """A text that is not blank: a blank one comes of a variable that is not set, and would mean all."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The text as it is."""
        if not str(value).strip():
            self.fail("it is empty: name what is meant, or leave the option out", param, ctx)
        return str(value)


paths_argument = click.argument("paths", nargs=-1, required=True, type=_Path(path_type=Path))
set_option = click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="Give a param of the spec a value.",
)
period_option = click.option(
    "--period",
    help="Report on this period instead of the spec's: 2026-Q3, last_month, …",
)
today_option = click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Build as at the end of this day instead of now: 2026-10-31.",
)
each_option = click.option(
    "--each",
    multiple=True,
    type=_Filled(),
    metavar="VALUE",
    help="Of a spec with `for_each` only this value; may be given several times.",
)
strict_option = click.option(
    "--strict",
    is_flag=True,
    help="Make no report where there is something to tell of the source, such as deals without a date.",
)
messages_option = click.option(
    "--messages",
    "messages",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="How mistakes are printed.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="reportspec")
def cli() -> None:
    """CRM reports from YAML specs: check them, query the figures, build the PDF."""


def main() -> None:
    """The console script."""
    # A run is short and its trees are many: collecting garbage often takes half of the time.
    gc.set_threshold(100_000, 50, 50)
    _fill_gaps()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    stop = Stop()
    try:
        stop.listen()
        keep_together()
        _ended_by(stop)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        stop.say()
        sys.exit(stop.code or 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            _bug(error)
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        with suppress(OSError):
            click.echo(f"what was to be printed cannot be written: {os.strerror(error.errno or 0).lower()}", err=True)
        sys.exit(1)
    except Exception as error:
        _bug(error)


# No room left (also by quota), a file that is too large, a disk that fails or may not be written.
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})


def _bug(error: Exception) -> NoReturn:
    if os.environ.get("REPORTSPEC_DEBUG"):
        raise error
    click.echo(harmless(f"reportspec has a bug: {type(error).__name__}: {str(error)[:300]}"), err=True)
    click.echo("Set REPORTSPEC_DEBUG=1 to see where, and please report it with the spec.", err=True)
    sys.exit(70)


def _ended_by(stop: Stop) -> None:
    """Run the command. Whatever came of a signal that stopped it, in a library that took it for an
    error of its own, it was stopped."""
    try:
        cli.main(standalone_mode=False)
    except BaseException:
        if stop.code is not None:
            raise KeyboardInterrupt from None
        raise


def _fill_gaps() -> None:
    """Open the standard streams that whoever started the program closed: otherwise the next file to be
    opened, such as the ledger, would get the number under which libraries print their warnings."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def _echo(text: str, err: bool = False, nl: bool = True) -> None:
    """Print without what a terminal would obey."""
    click.echo(harmless(text), err=err, nl=nl)


def _say(text: str, err: bool = False, painted: bool = False) -> None:
    """Print without what a terminal would obey (but for colours of our own), and go on where nobody
    listens any more: what is sent does not depend on it."""
    try:
        click.echo(text if painted else harmless(text), err=err)
    except OSError:
        stream = sys.stderr if err else sys.stdout
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _told(text: str) -> None:
    """Say what a command waits for, in place of how far it is."""
    _progress("")
    _say(text, err=True)


def _order(
    settings: Iterable[str],
    period: str | None,
    today: datetime | None,
    strict: bool = False,
    only: tuple[str, ...] = (),
) -> Order:
    """What the command line asks of every spec."""
    from reportspec.building import Order

    found = {}
    for setting in settings:
        match = _SETTING.fullmatch(setting)
        if not match:
            raise click.UsageError(f"--set takes name=value, not `{setting[:60]}`")
        found[match[1]] = match[2]
    clock = today is None and not os.environ.get("REPORTSPEC_NOW")
    return Order(_now(today), os.environ, found, period, strict, clock, only)


def _now(today: datetime | None) -> datetime:
    """The clock. `--today` stands in for it, the end of that day in the zone of the report (so without
    one here), and REPORTSPEC_NOW (an ISO time), for reports as of another day."""
    if today is not None:
        if not FIRST_YEAR < today.year < LAST_YEAR:
            raise click.UsageError(f"--today must lie between {FIRST_YEAR + 1} and {LAST_YEAR - 1}: `{today.date()}`")
        return datetime.combine(today, LAST)
    given = os.environ.get("REPORTSPEC_NOW")
    if not given:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise click.UsageError(f"REPORTSPEC_NOW is no ISO time: `{given[:40]}`") from None
    if not FIRST_YEAR < moment.year < LAST_YEAR:  # every period that is told from it has a place
        raise click.UsageError(f"REPORTSPEC_NOW must lie between {FIRST_YEAR + 1} and {LAST_YEAR - 1}: `{given[:40]}`")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _specs(paths: Iterable[Path]) -> list[Path]:
    """The spec files that are meant: those named, and all YAML files of folders but project
    and mapping files."""
    from reportspec.source.regular import is_yaml

    found: dict[Path, None] = {}
    for path in paths:
        if path.is_dir():
            inside = sorted(
                p for p in path.rglob("*") if is_yaml(p) and not _hidden(p.relative_to(path)) and _is_spec(p)
            )
            if not inside:
                raise click.UsageError(f"the folder `{path}` has no spec")
            found.update(dict.fromkeys(inside))
        else:
            found[path] = None
    return list(found)


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


_KEY = re.compile(r"(\w+)\s*:")
_OF_SPECS = {"report", "sections", "period", "for_each", "deliver"}
_OF_OTHERS = {"report_type", "entity", "entities"}  # mappings and files of the catalogue


def _is_spec(path: Path) -> bool:
    """Whether a file of a folder is a spec, also a broken one, by the keys that begin its lines."""
    from reportspec.check.project import NAMES
    from reportspec.source.read import LARGEST
    from reportspec.source.regular import read_regular

    if path.name in NAMES or not path.is_file():
        return False
    try:
        text = read_regular(path, LARGEST).decode("utf-8", "replace")
    except OSError:
        return True
    keys = {found[1] for line in text.splitlines() if (found := _KEY.match(line))}
    # A list of `metrics` without a version is of the catalogue.
    return not keys & _OF_OTHERS and bool(keys & _OF_SPECS or {"version", "metrics"} <= keys)


def _check(path: Path, order: Order) -> Checked:
    from reportspec.building import load

    return load(path, order)


def _print(found: Iterable[Diagnostic], texts: Mapping[str, str], messages: str) -> None:
    ordered = in_order(found)
    if messages == "json":
        _say(render_json(ordered))
    elif messages == "github":
        if ordered:
            _say(render_github(ordered))
    elif ordered:
        color = _seen() and "NO_COLOR" not in os.environ
        _say(render_text(ordered[:MOST_SHOWN], texts, color), err=True, painted=True)
        if len(ordered) > MOST_SHOWN:
            _say(f"… and {len(ordered) - MOST_SHOWN} more", err=True)


class _Messages:
    """Diagnostics of a run: text as they come, json and github as one list at the end."""

    def __init__(self, style: str) -> None:
        self.style = style
        self.found: list[Diagnostic] = []
        self.texts: dict[str, str] = {}
        self._seen: set[Diagnostic] = set()

    def tell(self, found: Iterable[Diagnostic], texts: Mapping[str, str]) -> None:
        fresh = [d for d in found if d not in self._seen]
        self._seen.update(fresh)
        self.found += fresh
        self.texts |= texts
        if self.style == "text":
            _print(fresh, texts, "text")

    def close(self) -> None:
        if self.style != "text":
            _print(self.found, self.texts, self.style)


@cli.command()
@paths_argument
@set_option
@period_option
@today_option
@messages_option
def validate(
    paths: tuple[Path, ...],
    settings: tuple[str, ...],
    period: str | None,
    today: datetime | None,
    messages: str,
) -> None:
    """Check specs without touching the data."""
    order, out = _order(settings, period, today), _Messages(messages)
    specs = _specs(paths)
    broken = 0
    for path in specs:
        checked = _check(path, order)
        out.tell(checked.diagnostics, checked.texts)
        broken += checked.broken
    out.close()
    if messages == "text":
        errors = sum(d.severity == "error" for d in out.found)
        good = len(specs) - broken
        said = f"{_count(errors, 'mistake')} in {_count(broken, 'spec')}; " if broken else ""
        _echo(f"{said}{_count(good, 'spec')} valid", err=bool(broken))
    sys.exit(1 if broken else 0)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


@cli.command(name="compile")
@paths_argument
@set_option
@period_option
@today_option
@messages_option
@click.option(
    "--dialect",
    type=_Filled(),
    help="The database to write the SQL for: duckdb, postgres, snowflake, … Default: the source's.",
)
def compile_command(
    paths: tuple[Path, ...],
    settings: tuple[str, ...],
    period: str | None,
    today: datetime | None,
    messages: str,
    dialect: str | None,
) -> None:
    """Print the SQL of specs, readable and commented."""
    from reportspec.databases import dialects, is_dialect
    from reportspec.formats.statements import listing
    from reportspec.sql.dialects.rewrite import Unsupported

    if dialect is not None and not is_dialect(dialect):
        raise click.UsageError(f"SQL for `{dialect}` cannot be written yet; there is {', '.join(dialects())}")
    order, out = _order(settings, period, today), _Messages(messages)
    broken = 0
    for path in _specs(paths):
        checked = _check(path, order)
        out.tell(checked.diagnostics, checked.texts)
        if checked.broken or checked.report is None:
            broken += 1
            continue
        try:
            _echo(listing(checked.report, dialect or checked.report.project.source.dialect))
        except Unsupported as error:
            out.tell([Diagnostic("unsupported-sql", str(error), None, None)], {})
            broken += 1
    out.close()
    sys.exit(1 if broken else 0)


@cli.command()
@paths_argument
@set_option
@period_option
@today_option
@strict_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["json", "csv", "table"]),
    default="table",
    show_default=True,
    help="How the figures are printed.",
)
@each_option
def query(
    paths: tuple[Path, ...],
    settings: tuple[str, ...],
    period: str | None,
    today: datetime | None,
    strict: bool,
    form: str,
    each: tuple[str, ...],
) -> None:
    """Print the figures of specs without a PDF."""
    from reportspec.output import as_csv, as_json, as_json_of_each, as_table

    order, out = _order(settings, period, today, strict, each), _Messages("text")
    write: Callable[[Figures], str] = {
        "json": lambda figures: harmless_json(as_json(figures)),
        "csv": as_csv,
        "table": as_table,
    }[form]
    broken = 0
    for path in _specs(paths):
        done = _figures(path, order, out)
        if done is None:
            broken += 1
            continue
        made = [figures for _, figures in done[0]]
        if form == "json" and any(figures.each is not None for figures in made):
            click.echo(harmless(harmless_json(as_json_of_each(made))))
            continue
        for figures in made:
            # A file gets the data as they are; a terminal nothing that it would obey.
            raw = form == "csv" and not sys.stdout.isatty()
            click.echo(write(figures) if raw else harmless(write(figures)))
    sys.exit(1 if broken else 0)


def _figures(
    path: Path, order: Order, out: _Messages, timings: Any = None
) -> tuple[list[tuple[str, Figures]], Built] | None:
    """The figures of a spec, each with its part of names by the value of `for_each` (one without it
    where there is none), or None with the mistakes told."""
    from reportspec.building import build

    built = build(path, order, timings, out.tell)
    if built.made is None:
        return None
    return [(one.part, figures) for one, figures in built.made.figures], built


@cli.command()
@paths_argument
@click.option(
    "-o",
    "--out",
    type=_Path(path_type=Path, file_okay=False),
    default=Path("out"),
    show_default=True,
    help="The folder for the reports.",
)
@click.option(
    "--format",
    "forms",
    type=click.Choice(FORMS),
    multiple=True,
    default=["pdf"],
    show_default=True,
    help="The form of the reports; may be given several times. `csv` makes a folder with a file for each table.",
)
@set_option
@period_option
@today_option
@strict_option
@messages_option
@each_option
@click.option("--timings", is_flag=True, help="Print where the time goes.")
def build(
    paths: tuple[Path, ...],
    out: Path,
    forms: tuple[Form, ...],
    settings: tuple[str, ...],
    period: str | None,
    today: datetime | None,
    strict: bool,
    messages: str,
    each: tuple[str, ...],
    timings: bool,
) -> None:
    """Build the reports of specs (or of all specs in a folder), as PDF or in other forms. A spec with
    `for_each` makes a folder with a report for each value."""
    import threading

    from reportspec.timings import Timings

    order, said = _order(settings, period, today, strict, each), _Messages(messages)
    specs = _specs(paths)
    names = _names(specs)
    forms = tuple(dict.fromkeys(forms))
    if {"pdf", "html"} & set(forms):
        threading.Thread(target=_warm_up, daemon=True).start()
    built = failed = 0
    for index, path in enumerate(specs):
        _progress(f"[{index + 1}/{len(specs)}] {path}")
        spent = Timings()
        done = _build_one(path, out, names[path], forms, order, said, spent)
        _progress("")
        if done is None:
            failed += 1
            continue
        built += 1
        if messages == "text":
            for file in done:
                _echo(f"{file}")
        if timings:
            total = sum(spent.stages.values())
            parts = "  ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in spent.stages.items())
            _echo(f"  {parts}  total {total * 1000:.0f} ms", err=True)
    said.close()
    if messages == "text" and (len(specs) > 1 or failed):
        _echo(
            f"{_count(built, 'report')} built" + (f", {failed} failed" if failed else ""),
            err=True,
        )
    sys.exit(1 if failed else 0)


def _warm_up() -> None:
    try:
        from reportspec.render import warm_up

        warm_up()
    except BaseException:  # the build itself will say what is missing
        return


def _seen() -> bool:
    """Whether somebody looks at a terminal. A stream that was closed is None."""
    return sys.stderr is not None and sys.stderr.isatty()


def _progress(text: str) -> None:
    if _seen():
        sys.stderr.write(f"\r\033[K{harmless(text[:100])}")
        sys.stderr.flush()


def _names(specs: list[Path]) -> dict[Path, str]:
    """What the files of each spec are called; specs of the same name keep their folders apart."""
    stems: dict[str, list[Path]] = {}
    for spec in specs:
        stems.setdefault(spec.stem, []).append(spec)
    names = {}
    for stem, same in stems.items():
        for spec in same:
            names[spec] = (
                stem if len(same) == 1 else "-".join([*spec.parent.parts[-2:], stem]).replace("/", "").replace("..", "")
            )
    if len(set(names.values())) < len(names):
        names = {spec: f"{i + 1}-{spec.stem}" for i, spec in enumerate(specs)}
    return names


def _build_one(
    path: Path,
    out: Path,
    name: str,
    forms: tuple[Form, ...],
    order: Order,
    said: _Messages,
    spent: Any,
) -> list[Path] | None:
    """The files of a spec, written; None with the mistakes told. All forms are made before any
    is written."""
    done = _figures(path, order, said, spent)
    if done is None:
        return None
    made, built = done
    burst = made[0][0] != ""
    names = [part for part, _ in made] if burst else [name]
    folder = out / name if burst else out
    with spent.of("render"):
        if "pdf" in forms:
            for _, figures in made[:100]:
                said.tell(_letters_told(path, figures), {})
        found = _made(path, [figures for _, figures in made], built.spec_text, names, forms)
    if isinstance(found, Diagnostic):
        said.tell([found], {})
        return None
    with spent.of("write"):
        wrong = _written(folder, found)
    if wrong is not None:
        said.tell([wrong], {})
        return None
    # Of a form with a file for each table the folder is named.
    return list(dict.fromkeys(folder / Path(file).parts[0] for file in found))


def _written(folder: Path, found: Mapping[str, bytes]) -> Diagnostic | None:
    """Write files whole; what is wrong, if one cannot be."""
    from reportspec.files import write_whole

    for file, data in found.items():
        try:
            write_whole(folder / file, data)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            text = f"`{folder / file}` cannot be written: {why}"
            return Diagnostic("cannot-write", text, None, "choose another folder with -o")
    return None


def _made(
    path: Path, figures: list[Figures], spec_text: str | None, names: list[str], forms: tuple[Form, ...]
) -> dict[str, bytes] | Diagnostic:
    from reportspec.errors import ReportspecError
    from reportspec.formats.pool import makers
    from reportspec.problems import problems_of

    found: dict[str, bytes] = {}
    try:
        with makers(len(figures)) as make:
            for files in make((one, forms, name, spec_text) for one, name in zip(figures, names, strict=True)):
                found |= files
    except (ReportspecError, OSError) as error:
        return problems_of(path, error)[0]
    return found


def _letters_told(path: Path, figures: Figures) -> list[Diagnostic]:
    """A warning of letters that would be boxes on paper."""
    from reportspec.errors import RenderError
    from reportspec.render.fonts import letters_without_font

    try:
        letters = letters_without_font(figures.texts(), figures.theme)
    except RenderError:
        return []  # told when it is rendered
    if not letters:
        return []
    shown = " ".join(letters[:10]) + (" …" if len(letters) > 10 else "")
    text = f"{path}: no font has these letters, so the PDF shows boxes: {shown}"
    help = "install fonts for them, for example Debian's fonts-noto and fonts-noto-cjk"
    return [Diagnostic("missing-font", text, None, help, severity="warning")]


@cli.command()
@paths_argument
@set_option
@period_option
@today_option
@strict_option
@messages_option
@click.option("--dry-run", is_flag=True, help="Write the mails as .eml files, and send nothing.")
@click.option(
    "-o",
    "--out",
    type=_Path(path_type=Path, file_okay=False),
    help="The folder for the mails of --dry-run.  [default: out]",
)
@click.option(
    "--to",
    "rehearsal",
    type=_Filled(),
    metavar="ADDRESS",
    help="A rehearsal: send all mails to this address instead, and remember nothing.",
)
@click.option("--resend", is_flag=True, help="Send also to those who have the report of this period already.")
@each_option
def send(
    paths: tuple[Path, ...],
    settings: tuple[str, ...],
    period: str | None,
    today: datetime | None,
    strict: bool,
    messages: str,
    dry_run: bool,
    out: Path | None,
    rehearsal: str | None,
    resend: bool,
    each: tuple[str, ...],
) -> None:
    """Build the reports of specs and send them as their `deliver` says, each recipient once a period.

    Run it again at any time: nobody gets a second one, and who was left out gets it. Exits with 1 if
    anybody did not get a report for good, with 75 if only for now.
    """
    # Both would send to everybody what was meant as a trial.
    if out is not None and not dry_run:
        raise click.UsageError("-o is the folder of --dry-run: add --dry-run, or leave it out")
    from reportspec.deliver.send import SendOptions

    order, said = _order(settings, period, today, strict, each), _Messages(messages)
    specs = _specs(paths)
    names = _names(specs)
    tally = _Tally([path for path in paths if not path.is_dir()], len(specs))
    for path in specs:
        _progress(f"{path}")
        # Mails of specs of the same name are kept apart, as their reports are.
        folder = (out or Path("out")) / ("" if names[path] == path.stem else names[path])
        wanted = SendOptions(folder if dry_run else None, rehearsal or "", resend)
        _send_one(path, order, wanted, said, tally)
    said.close()
    tally.tell(messages == "text")
    if tally.crash is not None:
        raise tally.crash
    sys.exit(tally.code)


@dataclass(slots=True)
class _Tally:
    """What became of the specs of a run, by exit code; None stands for those that are not to be sent."""

    named: list[Path]
    of: int
    ended: dict[Path, int | None] = field(default_factory=dict)
    crash: Exception | None = None

    @property
    def code(self) -> int:
        """1 before 75 before 0; where no spec is to be sent at all, that is a mistake."""
        codes = [code for code in self.ended.values() if code is not None]
        return 1 if not codes or 1 in codes else max(codes)

    def tell(self, printed: bool) -> None:
        """A line on all of them, with the names of those that did not end well."""
        if not printed or self.of < 2:
            return
        words = {1: "failed", 70: "stopped by a bug", 75: "not yet", None: "without `deliver`"}
        codes = [code for code in self.ended.values() if code is not None]
        if not codes:
            _say("no spec has `deliver`, so there is nothing to send", err=True)
            return
        parts = [f"{codes.count(0)} of {_count(len(codes), 'spec')} went well"]
        for code, word in words.items():
            those = [str(path) for path, ended in self.ended.items() if ended == code]
            if those:
                parts.append(f"{word}: {', '.join(those)}")
        _say("; ".join(parts), err=bool(self.code or self.crash))


def _send_one(path: Path, order: Order, wanted: Any, said: _Messages, tally: _Tally) -> None:
    from reportspec.deliver.attempt import NO_DELIVERY, as_diagnostics, attempt

    try:
        made = attempt(path, order, wanted, say=_told)
    except KeyboardInterrupt:
        _progress("")
        _say("what was handed over is known: send again for the rest", err=True)
        raise
    except Exception as error:
        # The other specs are sent all the same, and it is told in the end.
        _progress("")
        tally.ended[path], tally.crash = 70, tally.crash or error
        return
    _progress("")
    idle = any(one.code == NO_DELIVERY for one in made.diagnostics)
    if idle and tally.of > 1 and path not in tally.named:
        tally.ended[path] = None
        if said.style == "text":
            _say(f"{path}: skipped: it has no `deliver`")
        return
    tally.ended[path] = made.code
    said.tell(made.diagnostics, made.texts)
    if made.outcome is not None:
        if said.style == "text":
            _tell_sent(path, made.outcome, bool(wanted.rehearsal))
        else:
            said.tell(as_diagnostics(path, made.outcome.sent), {})


def _tell_sent(path: Path, outcome: Any, rehearsal: bool) -> None:
    """A line for each mail; of many that all went well their number."""
    from dataclasses import replace

    from reportspec.deliver.attempt import RESULTS, sent_line

    quiet = outcome.count("sent", "already") > 20 and not rehearsal
    for one in outcome.sent:
        if one.result == "written":
            _say(one.said)
        elif one.result in ("refused", "failed", "doubt", "pending"):
            _say(f"{path}: {sent_line(one)}", err=True)
        elif not quiet or one.result in ("skipped", "busy"):
            # What a server says to each mail that it takes is of no interest.
            shown = replace(one, said="") if one.result == "sent" and not rehearsal else one
            _say(f"{path}: {sent_line(shown)}")
    counts = [(outcome.count(result), word) for result, word in RESULTS.items() if result != "busy"]
    told = ", ".join(f"{count} {word}" for count, word in counts if count)
    if len(outcome.sent) > 1 and told:
        _say(f"{path}: {told}")


@cli.command()
@click.argument("project", required=False, type=_Path(path_type=Path))
@click.option(
    "--report",
    type=_Filled(),
    help="Only of this spec, by its path from here or as the list names it.",
)
@click.option("--failed", is_flag=True, help="Only what did not arrive, as far as is known.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How they are printed.",
)
def status(project: Path | None, report: str | None, failed: bool, limit: int, form: str) -> None:
    """What was sent, when, to whom, and what was not.

    PROJECT is a project file, a folder of the project or one of its specs; without it, the nearest
    project file above the present folder.
    """
    from reportspec.api import ReportError, ledger_of
    from reportspec.check.project import find_project
    from reportspec.deliver.status import as_json, as_table, deliveries, nearest
    from reportspec.errors import LedgerError

    if project is not None and _is_spec(project):
        report, place = report or str(project), find_project(project)
    else:
        place = project if project and project.is_file() else find_project((project or Path.cwd()) / "spec")
    if place is None or (project is not None and not project.exists()):
        raise click.UsageError(f"there is no project file at `{project or '.'}`")
    try:
        mail, root = ledger_of(place)
        listed = deliveries(mail, root, report, failed, _told)
        near = nearest(mail, root, report) if report is not None and not listed else None
    except ReportError as error:
        _print(error.diagnostics, error.texts, "text")
        sys.exit(1)
    except LedgerError as error:
        _print([Diagnostic("no-ledger", error.message, None, error.help)], {}, "text")
        sys.exit(1)
    if form == "json":
        _echo(harmless_json(as_json(listed[:limit])))
    elif listed:
        _echo(as_table(listed, limit))
    else:
        _echo(_nothing(report, failed, near))


def _nothing(report: str | None, failed: bool, near: str | None) -> str:
    """What is said of an empty list."""
    of = f" of `{report}`" if report is not None else ""
    if near is not None and near != f"did you mean `{report}`?":
        return f"nothing was sent{of}; {near}"
    return f"nothing{of} failed, as far as is known" if failed else f"nothing was sent{of} yet"


@cli.command()
@click.argument("files", nargs=-1, required=True, type=_Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the findings are printed.",
)
def verify(files: tuple[Path, ...], form: str) -> None:
    """Say what PDFs are made from, and whether pages or attachments were changed since.

    Exits with 1 if any was changed or is no report. It finds changes by digests in the file; it
    cannot tell who made the file.
    """
    import json
    from dataclasses import asdict

    from reportspec.verify import as_text, verified

    found = [verified(path) for path in files]
    if form == "json":
        _echo(harmless_json(json.dumps([asdict(one) for one in found], ensure_ascii=False, indent=2)))
    else:
        _echo("\n\n".join(map(as_text, found)))
    sys.exit(0 if all(one.intact for one in found) else 1)


_MARKS = {"ok": "ok     ", "note": "note   ", "warning": "warning", "error": "error  "}


@cli.command()
@click.argument("project", required=False, type=_Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the findings are printed.",
)
def doctor(project: Path | None, form: str) -> None:
    """Look for what may keep reports from being built, or make them wrong.

    PROJECT is a project file or its folder; without it, the nearest above the present folder is
    looked at, else only the installation. Exits with 1 if there is an error.
    """
    import json
    from dataclasses import asdict

    from reportspec import doctor as look
    from reportspec.check.project import load_project
    from reportspec.check.report import bind_source

    findings: list[look.Finding] = []

    def tell(finding: look.Finding) -> None:
        findings.append(finding)
        if form == "text":
            way = f"\n{' ' * 26}{finding.help}" if finding.help and finding.level != "ok" else ""
            _echo(f"{_MARKS[finding.level]}  {finding.what:<16} {finding.said}{way}")

    for finding in look.installation():
        tell(finding)
    place = look.project_place(project)
    if project is not None and (place is None or not place.is_file()):
        raise click.UsageError(f"there is no project file at `{project}`")
    found, document = load_project(place, os.environ)
    bound = bind_source(found, document) if found is not None else None
    documents = (document, *(bound.documents if bound is not None else ()))
    problems = list(dict.fromkeys(p for one in documents for p in one.problems))
    for problem in in_order(problems):
        where = f"{problem.span.file}:{problem.span.line}: " if problem.span else ""
        level: Any = "warning" if problem.severity == "warning" else "error"
        if place is None:  # an installation may be looked at before there is a project
            level = "note"
        tell(look.Finding(level, "project", f"{where}{problem.message}", problem.help))
    if found is not None and not any(p.severity == "error" for p in problems):
        tell(look.Finding("ok", "project", document.file))
        if bound is not None and bound.written is not None:
            for finding in look.source(found, bound.written, bound.binding(found)):
                tell(finding)
    if form == "json":
        _echo(harmless_json(json.dumps([asdict(f) for f in findings], ensure_ascii=False, indent=2)))
    sys.exit(1 if any(f.level == "error" for f in findings) else 0)


@cli.command()
@click.argument(
    "what",
    required=False,
    type=click.Choice(["metrics", "fields", "reports", "mappings", "goals"]),
)
@click.option(
    "--project",
    type=_Path(path_type=Path, exists=True),
    help="The project file or a folder below it.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "markdown"]),
    default="table",
    show_default=True,
    help="`markdown` is the whole catalogue with all shipped mappings, as a page.",
)
def catalog(what: str | None, project: Path | None, form: str) -> None:
    """What metrics, fields and report types there are, and which of them this source can serve;
    for `goals`: which metrics tell whether an aim is reached."""
    from reportspec.listings import catalog_listing

    if form == "markdown":
        from reportspec.reference import catalogue_page

        _echo(catalogue_page(), nl=False)
        return
    text, problems, texts = catalog_listing(what, project, form, os.environ)
    _print(problems, texts, "text")
    if text:
        _echo(text)
    sys.exit(1 if any(p.severity == "error" for p in problems) else 0)


@cli.command()
@click.argument(
    "name",
    required=False,
    type=click.Choice(["report", "project", "mapping", "metrics", "entity", "report_type"]),
)
@click.option(
    "-o",
    "--out",
    type=_Path(path_type=Path, file_okay=False),
    help="Write all schemas into this folder.",
)
def schema(name: str | None, out: Path | None) -> None:
    """Print a JSON Schema of the language, or write all of them for an editor."""
    from reportspec.files import write_whole
    from reportspec.schema import NAMES, schema_text

    if out is not None:
        try:
            for each in NAMES:
                write_whole(out / f"{each}.schema.json", schema_text(each).encode())
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            help = "choose another folder with -o"
            wrong = Diagnostic("cannot-write", f"`{out}` cannot be written to: {why}", None, help)
            _print([wrong], {}, "text")
            sys.exit(1)
        _echo(f"{len(NAMES)} schemas written to {out}")
        return
    _echo(schema_text(name or "report"), nl=False)
