"""`reportspec diff`."""

from __future__ import annotations

import os
import re
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from reportspec.cli.exit_codes import DONE, WRONG
from reportspec.cli.options import FilePath, FilledText, format_option, messages_option, order_options
from reportspec.cli.orders import OrderOptions, with_order_options
from reportspec.cli.printing import Messages, give_to
from reportspec.diagnostics import harmless_json
from reportspec.lazy_dataclass import dataclass

if TYPE_CHECKING:
    from reportspec.building import Order
    from reportspec.review.compared import Difference, Made
    from reportspec.review.revisions import LaidOut

_REVISION = re.compile(r"([^:]{2,}):(.+)")
_WAYS = (
    "name a second spec, `--rev REVISION`, `--against-period PERIOD` or `--against-today DATE`:"
    " that is what it is held against"
)


@dataclass(frozen=True, slots=True)
class _Against:
    """What the first side is, where it is the same spec as the second."""

    revision: str | None
    period: str | None
    today: datetime | None


class _Share(click.ParamType):  # type: ignore[type-arg]
    """A share, as `0.5%` or `0.005`."""

    name = "share"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The fraction."""
        text = str(value).strip()
        try:
            found = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            found = -1.0
        if not 0 <= found < float("inf"):
            self.fail(f"`{text[:40]}` is no share: write 0.5% or 0.005", param, ctx)
        return found


@click.command()
@click.argument("first", metavar="A")
@click.argument("second", metavar="[B]", required=False)
@click.option("--rev", type=FilledText(), metavar="REVISION", help="A as this git revision has it, with its project.")
@click.option("--against-period", type=FilledText(), metavar="PERIOD", help="A of this period, held against its own.")
@click.option(
    "--against-today",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="A as at the end of this day, so far as the source tells what was then.",
)
@click.option("--sql", is_flag=True, help="Show how statements differ, too.")
@click.option(
    "--fail-on",
    type=click.Choice(["any", "figures", "never"]),
    default="any",
    show_default=True,
    help="What makes the command end with 1: any difference, figures alone, or nothing.",
)
@click.option(
    "--threshold", type=_Share(), default="0", help="Figures that change by at most this share do not count: 0.5%."
)
@format_option(("text", "md", "json"), "How it is printed.")
@click.option("-o", "--out", type=FilePath(path_type=Path, dir_okay=False), help="Write to this file.")
@order_options
@messages_option
@with_order_options
def diff(
    first: str,
    second: str | None,
    rev: str | None,
    against_period: str | None,
    against_today: datetime | None,
    sql: bool,
    fail_on: Literal["any", "figures", "never"],
    threshold: float,
    form: Literal["text", "md", "json"],
    out: Path | None,
    asked: OrderOptions,
    messages: str,
) -> None:
    """Say which definitions, statements and figures differ between A and B, and what each change consists of.

    A and B are specs, or specs as of a git revision (main:specs/q3.yaml); with one of them, A is held against itself
    as of --rev, --against-period or --against-today. A may be a PDF that was sent, whose figures are held against
    today's data. Exits with 1 if anything differs (--fail-on, --threshold).
    """
    from reportspec.review.compared import difference
    from reportspec.review.diff_forms import as_json, as_markdown, as_text

    tell = Messages(messages)
    if first.lower().endswith(".pdf"):
        if rev or against_period or against_today:
            raise click.UsageError("a PDF is held against today's data: leave out --rev and --against-…")
        sys.exit(_of_pdf(Path(first), second, asked, form, fail_on, threshold, out, tell))
    with ExitStack() as stack:
        sides = _sides(first, second, _Against(rev, against_period, against_today), asked, stack, tell)
        found = difference(*sides)
    text = {"text": as_text, "md": as_markdown, "json": as_json}[form](found, sql)
    give_to(out, harmless_json(text) if form == "json" else text, "the differences", tell)
    tell.close()
    sys.exit(_code(found, fail_on, threshold))


def _code(found: Difference, fail_on: Literal["any", "figures", "never"], threshold: float) -> int:
    from reportspec.review.compared import beyond

    if fail_on == "never":
        return DONE
    figures = bool(beyond((cell for cell, _ in found.figures), threshold))
    others = fail_on == "any" and bool(found.definitions or found.statements)
    return WRONG if figures or others else DONE


def _of_pdf(
    pdf: Path,
    spec: str | None,
    asked: OrderOptions,
    form: Literal["text", "md", "json"],
    fail_on: Literal["any", "figures", "never"],
    threshold: float,
    out: Path | None,
    tell: Messages,
) -> int:
    """Print what became of the figures of a PDF; the code to end with."""
    from reportspec.review.compared import beyond
    from reportspec.review.recompute_forms import as_json, as_markdown, as_text
    from reportspec.review.recomputed import Recomputing, recomputed

    order = asked.order()
    wanted = Recomputing(order.now, None, Path(spec) if spec else None, order.settings, os.environ, asked.period)
    found, told, texts = recomputed(pdf, wanted)
    tell.tell(told, texts)
    text = {"text": as_text, "md": as_markdown, "json": as_json}[form]([found])
    give_to(out, harmless_json(text) if form == "json" else text, "the differences", tell)
    tell.close()
    others = found.lost if fail_on == "any" else ()
    if found.why:
        return WRONG
    changed = beyond((cell for cell, _ in found.changed), threshold)
    return WRONG if fail_on != "never" and (changed or others) else DONE


def _sides(
    first: str, second: str | None, against: _Against, asked: OrderOptions, stack: ExitStack, tell: Messages
) -> tuple[Made, Made]:
    """Both sides; ends the command where one cannot be made."""
    given = [against.revision, against.period, against.today]
    if (second is None) is not any(given):
        raise click.UsageError(_WAYS if second is None else "with two specs there is nothing for --rev and --against-…")
    order = asked.order()
    orders = [order, order]
    if against.period is not None:
        orders[0] = replace(order, period=against.period)
    if against.today is not None:
        orders[0] = replace(orders[0], now=OrderOptions((), None, against.today).order().now, clock=False)
    names = [f"{against.revision}:{first}" if against.revision else first, second or first]
    laid = [_laid_out(name, stack, tell) for name in names]
    paths = [Path(name) if one is None else one.spec for name, one in zip(names, laid, strict=True)]
    if against.period or against.today:
        days = [against.today.date().isoformat()] if against.today else []
        names = [" ".join([first, *filter(None, [against.period, *days])]), f"{first} as it is"]
    made = [_made(*one, tell) for one in zip(names, paths, orders, laid, strict=True)]
    return made[0], made[1]


def _laid_out(name: str, stack: ExitStack, tell: Messages) -> LaidOut | None:
    """A side as a revision has it, where it names one."""
    from reportspec.problems import problems_of
    from reportspec.review.revisions import RevisionError, as_of

    match = _REVISION.fullmatch(name)
    if match is None or Path(name).exists():
        return None
    try:
        return stack.enter_context(as_of(match[1], Path(match[2])))
    except (RevisionError, OSError) as error:
        tell.tell(problems_of(Path(match[2]), error), {})
        tell.close()
        sys.exit(WRONG)


def _made(name: str, path: Path, order: Order, laid: LaidOut | None, tell: Messages) -> Made:
    from reportspec.review.compared import Unmade, side

    made = side(name, path, order)
    if isinstance(made, Unmade):
        told, texts = made.diagnostics, made.texts
        if laid is not None:
            told, texts = tuple(map(laid.told, told)), {laid.called(file): text for file, text in texts.items()}
        tell.tell(told, texts)
        tell.close()
        click.echo(f"there are no figures of `{name}` to compare", err=True)
        sys.exit(WRONG)
    return made
