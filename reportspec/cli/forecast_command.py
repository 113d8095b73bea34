"""`reportspec forecast`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reportspec.cli.exit_codes import DONE, WRONG
from reportspec.cli.options import FilePath, FilledText, format_option, messages_option, today_option
from reportspec.cli.orders import OrderOptions
from reportspec.cli.printing import Messages, give_to
from reportspec.diagnostics import harmless, harmless_json

if TYPE_CHECKING:
    from reportspec.model.figures import Figures

# What is printed, as sections of a report: the forecast, or how good such forecasts were.
_FORECAST = ("summary", "deals")
_BACKTEST = ("accuracy", "tests", "calibration")


def _table(figures: Figures) -> str:
    from reportspec.formats.terminal import as_table

    return harmless(as_table(figures))


def _json(figures: Figures) -> str:
    from reportspec.formats.json_text import as_json

    return harmless(harmless_json(as_json(figures)))


def _markdown(figures: Figures) -> str:
    from reportspec.formats.markdown import as_markdown

    return as_markdown(figures)


_PRINTED: Mapping[str, Callable[[Figures], str]] = {"table": _table, "json": _json, "md": _markdown}


@click.command()
@click.argument("project", required=False, type=FilePath(path_type=Path))
@click.option(
    "--backtest", is_flag=True, help="Print how good such forecasts of past periods were, beside simple rules."
)
@click.option(
    "--period",
    type=FilledText(),
    default="this_quarter",
    show_default=True,
    help="The period that is forecast, or whose likes are: 2026-Q4, this_month, …",
)
@click.option(
    "--metric",
    type=FilledText(),
    help="Forecast this metric instead of what is won, by simple rules: leads_created_count, …",
)
@click.option(
    "--where", type=FilledText(), metavar="CONDITION", help="Only these deals: \"deal.deal_type <> 'renewal'\"."
)
@format_option(_PRINTED, "How it is printed.")
@click.option("-o", "--out", type=FilePath(path_type=Path, dir_okay=False), help="Write to this file.")
@today_option
@messages_option
def forecast(
    project: Path | None,
    backtest: bool,
    period: str,
    metric: str | None,
    where: str | None,
    form: str,
    out: Path | None,
    today: datetime | None,
    messages: str,
) -> None:
    """Print what a period will bring, and how good such forecasts were.

    PROJECT is a project file or its folder; without it, the nearest above the present folder. With --backtest, all of
    it is about past periods: how far off forecasts were at their start, at a quarter, half and three quarters of them,
    and at the point of today, made from nothing but what was known then; whether their ranges held; and how far off
    simple rules were.
    """
    from reportspec.building import build_written
    from reportspec.cli.spec_files import is_spec
    from reportspec.doctor import project_place

    if project is not None and project.is_file() and is_spec(project):
        way_out = "leave it out, and say the period with `--period`; what a spec forecasts is in its report"
        raise click.UsageError(f"`{harmless(str(project))}` is a spec, and this takes a project: {way_out}")
    tell = Messages(messages)
    order = OrderOptions((), None, today).order()
    place = project_place(project)
    shown: tuple[str, ...] = _BACKTEST if backtest else _FORECAST
    if metric is not None:  # which has no open deals
        shown = ("tests",) if backtest else ("summary",)
    text = _spec(shown, period, where, metric)
    given: dict[tuple[str | int, ...], tuple[str, str]]
    given = {("period",): ("--period", period), ("where",): ("--where", where or "")}
    given |= {("sections", at, "forecast", "metric"): ("--metric", metric or "") for at in range(len(shown))}
    built = build_written(text, "reportspec forecast", place, order, tell.tell, given)
    if built.made is not None:
        give_to(out, _PRINTED[form](built.made.figures[0][1]), "the forecast", tell)
    tell.close()
    sys.exit(WRONG if built.made is None else DONE)


def _spec(shown: tuple[str, ...], period: str, where: str | None, metric: str | None) -> str:
    """The spec of what is printed: JSON is YAML."""
    spec: dict[str, Any] = {"version": 1, "report": "custom", "period": period}
    if where is not None:
        spec["where"] = where
    of = {} if metric is None else {"metric": metric}
    spec["sections"] = [{"id": show, "forecast": {"show": show, **of}} for show in shown]
    return json.dumps(spec, indent=1, ensure_ascii=False)
