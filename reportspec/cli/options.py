"""Arguments and options that several commands take, and the kinds of values that they are."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


class FilePath(click.Path):
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


class FilledText(click.types.StringParamType):
    """A text that is not blank: a blank one comes of a variable that is not set, and would mean all."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The text as it is."""
        if not str(value).strip():
            self.fail("it is empty: name what is meant, or leave the option out", param, ctx)
        return str(value)


paths_argument = click.argument("paths", nargs=-1, required=True, type=FilePath(path_type=Path))


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


def order_options(command: Callable[..., None]) -> Callable[..., None]:
    """`--set`, `--period` and `--today`, which all commands that read specs take."""
    return set_option(period_option(today_option(command)))


each_option = click.option(
    "--each",
    multiple=True,
    type=FilledText(),
    metavar="VALUE",
    help="Of a spec with `for_each` only this value; may be given several times.",
)


strict_option = click.option(
    "--strict",
    is_flag=True,
    help="Make no report where there is something to tell of the source, such as deals without a date.",
)


def format_option(forms: Iterable[str], help: str, default: str | None = None) -> Callable[[Command], Command]:
    """How what a command was asked for is printed: in one of some forms, the first of them unless another is said."""
    names = tuple(forms)
    return click.option(
        "--format", "form", type=click.Choice(names), default=default or names[0], show_default=True, help=help
    )


into_option = click.option(
    "--into",
    type=FilePath(path_type=Path, file_okay=False),
    default=Path(),
    help="The project's folder; without it, the present one.",
)

messages_option = click.option(
    "--messages",
    "messages",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="How mistakes are printed.",
)
