"""`reportspec init`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import click

from reportspec.cli.exit_codes import DONE, WRONG
from reportspec.cli.options import into_option, messages_option, today_option
from reportspec.cli.orders import OrderOptions
from reportspec.cli.printing import Messages, echo, progress

_SHOWN = 12  # lines to confirm that are printed; the mapping has all


class _Terminal:
    """Asks a person at a terminal."""

    def choose(self, question: str, options: Sequence[str], proposed: str) -> str:
        """One of the options, by its number or its name."""
        echo(f"\n{question}", err=True)
        shown = [option or "none" for option in options]
        for number, option in enumerate(shown, 1):
            echo(f"  {number}  {option}", err=True)
        answer = str(click.prompt("  number or name", default=proposed or "none", err=True)).strip()
        if answer.isdigit() and 1 <= int(answer) <= len(options):
            return options[int(answer) - 1]
        return "" if answer == "none" else answer

    def confirm(self, question: str, proposed: bool) -> bool:
        """Yes or no."""
        return bool(click.confirm(question, default=proposed, err=True))


@click.command()
@click.argument("sources", nargs=-1)
@into_option
@click.option(
    "--crm", metavar="NAME", default="", help="Which shipped mapping the tables are of, where that is not seen."
)
@click.option("--currency", metavar="CODE", default="", help="The currency of amounts: EUR.")
@click.option("--timezone", metavar="ZONE", default="", help="Where days begin and end: Europe/Rome.")
@click.option("--locale", metavar="NAME", default="", help="How numbers and dates are written: it_IT.")
@click.option(
    "--date-order", type=click.Choice(["DMY", "MDY", "YMD"]), help="How dates are written that can be read in two ways."
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="FIELD=COLUMN",
    help="Which column a field is: deal.amount=Betrag; may be given several times.",
)
@click.option(
    "--again",
    is_flag=True,
    help="The folder has a project: it stays as it is, and what is proposed otherwise is written beside it.",
)
@click.option("--yes", is_flag=True, help="Take what is proposed, and ask nothing.")
@today_option
@messages_option
def init(
    sources: tuple[str, ...],
    into: Path,
    crm: str,
    currency: str,
    timezone: str,
    locale: str,
    date_order: str | None,
    columns: tuple[str, ...],
    again: bool,
    yes: bool,
    today: datetime | None,
    messages: str,
) -> None:
    """Begin a project with your own data: SOURCES are files (CSV, Excel, Parquet, JSON), folders of them, or one
    database's URL; without any, with the made-up data of the demo.

    Looks at the tables, recognises the CRM that they are of or proposes which column is which field, and writes the
    project, its mapping, a first spec and the first PDF. What is not sure is marked with CONFIRM. Where no report can
    be made yet, the project says what is missing. Nothing is overwritten.
    """
    from reportspec.onboarding.start import start
    from reportspec.onboarding.wish import NoStart, Takes, Wish

    tell = Messages(messages)
    interactive = sys.stdin is not None and sys.stdin.isatty() and not yes
    absent = [one for one in sources if one != "demo" and "://" not in one and not Path(one).exists()]
    if not interactive and not yes and not absent and sources not in ((), ("demo",)):  # what is absent is told first
        raise click.UsageError("there is no terminal to ask at: say `--yes` to take what is proposed")
    wish = Wish(sources, into, crm, timezone, locale, currency, date_order or "", _pairs(columns), again)
    try:
        made = start(
            wish,
            OrderOptions((), None, today).order(),
            _Terminal() if interactive else Takes(),
            lambda name: progress(f"looking at {name}"),
        )
    except NoStart as no:
        progress("")
        tell.tell([no.diagnostic], {})
        tell.close()
        sys.exit(WRONG)
    progress("")
    if messages == "text":
        for line in made.taken:
            echo(line)
        _listed("to confirm", made.confirm)
        _listed("could not be told", made.open)
        names = ", ".join(str(into / name) for name in made.files)
        echo(f"\nwritten: {names or 'nothing, since all that is proposed is there'}")
        if made.pdf is not None:
            echo(f"built:   {made.pdf}")
    tell.tell(made.diagnostics, made.texts)
    tell.close()
    sys.exit(DONE if made.pdf is not None else WRONG)


def _listed(head: str, lines: Sequence[str]) -> None:
    if not lines:
        return
    echo(f"\n{head}:")
    for line in lines[:_SHOWN]:
        echo(f"  - {line}")
    if len(lines) > _SHOWN:
        echo(f"  … and {len(lines) - _SHOWN} more, marked in the files")


def _pairs(columns: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for text in columns:
        name, separator, column = text.partition("=")
        if not separator or "." not in name:
            raise click.UsageError(
                f"`--column {text}` is no field and column: write for example `--column deal.amount=Betrag`"
            )
        pairs[name.strip()] = column.strip()
    return pairs
