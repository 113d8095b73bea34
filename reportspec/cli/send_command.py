"""`reportspec send`."""

from __future__ import annotations

import sys
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reportspec.cli.crashes import Crashes
from reportspec.cli.exit_codes import BUG, DONE, NOT_YET, WRONG
from reportspec.cli.options import (
    FilePath,
    FilledText,
    each_option,
    messages_option,
    order_options,
    paths_argument,
    strict_option,
)
from reportspec.cli.orders import OrderOptions, with_order_options
from reportspec.cli.printing import Messages, count, progress, say, tell_waiting
from reportspec.cli.spec_files import output_names, spec_files
from reportspec.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from reportspec.building import Order
    from reportspec.deliver.send import Outcome, SendOptions


@click.command()
@paths_argument
@order_options
@strict_option
@messages_option
@click.option("--dry-run", is_flag=True, help="Write the mails as .eml files, and send nothing.")
@click.option(
    "-o",
    "--out",
    type=FilePath(path_type=Path, file_okay=False),
    help="The folder for the mails of --dry-run.  [default: out]",
)
@click.option(
    "--to",
    "rehearsal",
    type=FilledText(),
    metavar="ADDRESS",
    help="A rehearsal: send all mails to this address instead, and remember nothing.",
)
@click.option("--resend", is_flag=True, help="Send also to those who have the report of this period already.")
@each_option
@with_order_options
def send(
    paths: tuple[Path, ...],
    asked: OrderOptions,
    messages: str,
    dry_run: bool,
    out: Path | None,
    rehearsal: str | None,
    resend: bool,
) -> None:
    """Build the reports of specs and send them as their `deliver` says, each recipient once a period.

    Run it again at any time: nobody gets a second one, and who was left out gets it. Exits with 1 if
    anybody did not get a report for good, with 75 if only for now.
    """
    # Both would send to everybody what was meant as a trial.
    if out is not None and not dry_run:
        raise click.UsageError("-o is the folder of --dry-run: add --dry-run, or leave it out")
    from reportspec.deliver.send import SendOptions

    order, tell = asked.order(), Messages(messages)
    specs = spec_files(paths)
    names = output_names(specs)
    tally = _Tally([path for path in paths if not path.is_dir()], len(specs))
    crashes = Crashes(tell)
    for path in specs:
        progress(f"{path}")
        # Mails of specs of the same name are kept apart, as their reports are.
        folder = (out or Path("out")) / ("" if names[path] == path.stem else names[path])
        wanted = SendOptions(folder if dry_run else None, rehearsal or "", resend)
        with crashes.of(path):
            _send_spec(path, order, wanted, tell, tally)
    tally.ended |= dict.fromkeys(crashes.paths, BUG)
    tell.close()
    tally.tell(messages == "text")
    sys.exit(crashes.code(tally.code))


@dataclass(slots=True)
class _Tally:
    """What became of the specs of a run, by exit code; None stands for those that are not to be sent."""

    named: list[Path]
    of: int
    ended: dict[Path, int | None] = field(default_factory=dict)

    @property
    def code(self) -> int:
        """That of a bug before 1 before 75 before 0; where no spec is to be sent at all, that is a mistake."""
        codes = [code for code in self.ended.values() if code is not None]
        if BUG in codes:
            return BUG
        return WRONG if not codes or WRONG in codes else max(codes)

    def tell(self, printed: bool) -> None:
        """A line on all of them, with the names of those that did not end well."""
        if not printed or self.of < 2:
            return
        words = {WRONG: "failed", BUG: "stopped by a bug", NOT_YET: "not yet", None: "without `deliver`"}
        codes = [code for code in self.ended.values() if code is not None]
        if not codes:
            say("no spec has `deliver`, so there is nothing to send", err=True)
            return
        parts = [f"{codes.count(DONE)} of {count(len(codes), 'spec')} went well"]
        for code, word in words.items():
            those = [str(path) for path, ended in self.ended.items() if ended == code]
            if those:
                parts.append(f"{word}: {', '.join(those)}")
        say("; ".join(parts), err=bool(self.code))


def _send_spec(path: Path, order: Order, wanted: SendOptions, told: Messages, tally: _Tally) -> None:
    from reportspec.deliver.attempt import NO_DELIVERY, as_diagnostics, attempt

    try:
        sent = attempt(path, order, wanted, say=tell_waiting)
    except KeyboardInterrupt:
        progress("")
        say("what was handed over is known: send again for the rest", err=True)
        raise
    finally:
        progress("")
    idle = any(d.code == NO_DELIVERY for d in sent.diagnostics)
    if idle and tally.of > 1 and path not in tally.named:
        tally.ended[path] = None
        if told.style == "text":
            say(f"{path}: skipped: it has no `deliver`")
        return
    tally.ended[path] = sent.code
    told.tell(sent.diagnostics, sent.texts)
    if sent.outcome is not None:
        if told.style == "text":
            _tell_sent(path, sent.outcome, bool(wanted.rehearsal))
        else:
            told.tell(as_diagnostics(path, sent.outcome.sent), {})


def _tell_sent(path: Path, outcome: Outcome, rehearsal: bool) -> None:
    """A line for each mail; of many that all went well their number."""
    from reportspec.deliver.attempt import RESULTS, sent_line

    quiet = outcome.count("sent", "already") > 20 and not rehearsal
    for mail in outcome.sent:
        if mail.result == "written":
            say(mail.said)
        elif mail.result in ("refused", "failed", "doubt", "pending"):
            say(f"{path}: {sent_line(mail)}", err=True)
        elif mail.notable:
            say(f"{path}: {sent_line(mail)}", err=True)
        elif not quiet or mail.result in ("skipped", "busy"):
            # What a server says to each mail that it takes is of no interest.
            shown = replace(mail, said="") if mail.result == "sent" and not rehearsal else mail
            say(f"{path}: {sent_line(shown)}")
    results: list[str] = [mail.result for mail in outcome.sent]
    counts = [(results.count(result), word) for result, word in RESULTS.items() if result != "busy"]
    summary = ", ".join(f"{number} {word}" for number, word in counts if number)
    if len(outcome.sent) > 1 and summary:
        say(f"{path}: {summary}")
