"""What the command line asks of every spec, and the figures of one."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reportspec.calendar import FIRST_YEAR, LAST, LAST_YEAR
from reportspec.cli.printing import Messages
from reportspec.lazy_dataclass import dataclass
from reportspec.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from reportspec.building import Built, Order
    from reportspec.model.figures import Figures
    from reportspec.timings import Timings

_SETTING = lazy_pattern(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class OrderOptions:
    """The options of a command that are an order for each of its specs, as they were given."""

    settings: tuple[str, ...]
    period: str | None
    today: datetime | None
    strict: bool = False
    each: tuple[str, ...] = ()

    def order(self) -> Order:
        """The order. Raises UsageError."""
        from reportspec.building import Order

        params = {}
        for setting in self.settings:
            match = _SETTING.fullmatch(setting)
            if not match:
                raise click.UsageError(f"--set takes name=value, not `{setting[:60]}`")
            params[match[1]] = match[2]
        clock = self.today is None and not os.environ.get("REPORTSPEC_NOW")
        return Order(_now(self.today), os.environ, params, self.period, self.strict, clock, self.each)


_OF_ORDERS = OrderOptions.__slots__


def with_order_options(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose options that are an order come as one argument, `asked`."""

    @wraps(command)
    def run(**given: Any) -> None:
        options = OrderOptions(**{name: given.pop(name) for name in _OF_ORDERS if name in given})
        command(asked=options, **given)

    return run


def _now(today: datetime | None) -> datetime:
    """The clock. `--today` stands in for it, the end of that day in the zone of the report (so without
    one here), and REPORTSPEC_NOW (an ISO time), for reports as of another day."""
    if today is not None:
        if not FIRST_YEAR < today.year < LAST_YEAR:
            raise click.UsageError(f"--today must lie between {FIRST_YEAR + 1} and {LAST_YEAR - 1}: `{today.date()}`")
        return datetime.combine(today, LAST)
    now_text = os.environ.get("REPORTSPEC_NOW")
    if not now_text:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(now_text)
    except ValueError:
        raise click.UsageError(f"REPORTSPEC_NOW is no ISO time: `{now_text[:40]}`") from None
    if not FIRST_YEAR < moment.year < LAST_YEAR:  # every period that is told from it has a place
        raise click.UsageError(
            f"REPORTSPEC_NOW must lie between {FIRST_YEAR + 1} and {LAST_YEAR - 1}: `{now_text[:40]}`"
        )
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def built_figures(
    path: Path, order: Order, out: Messages, timings: Timings | None = None
) -> tuple[list[tuple[str, Figures]], Built] | None:
    """The figures of a spec, each with its part of names by the value of `for_each` (one without it
    where there is none), or None with the mistakes told."""
    from reportspec.building import build

    built = build(path, order, timings, out.tell)
    if built.made is None:
        return None
    return [(value.part, figures) for value, figures in built.made.figures], built
