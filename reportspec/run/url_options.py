"""What may stand behind the `?` of a source's URL. Drivers take more than that: a statement to begin with, a file of
other settings, a plugin to load. So each database lists what its URLs take, and nothing else reaches a driver."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote_plus

from reportspec.confidential import is_secret_name

Options = Mapping[str, str]  # what an option is called → the pattern of its values; empty: any


def url_options(names: str, **patterns: str) -> Options:
    """Options that take any value, by their names in one text, and those that take only values of a pattern."""
    return {**dict.fromkeys(names.split(), ""), **patterns}


def unknown_option(url: str, options: Options) -> tuple[str, str] | None:
    """What is wrong with the options of a URL and what it may take, as a message and help; None: nothing. What may be
    a part of a password is not named."""
    known = {_plain(name): pattern for name, pattern in options.items()}
    address, _, query = url.partition("?")
    # Spark's stand behind `/;`. A `;` before may be one of a password.
    spark = re.sub(r"^[^:/]*://[^/]*", "", address).partition(";")[2]
    parts = [*spark.split(";"), *query.split("&")]
    secret = False
    for part in filter(None, parts):
        name, equals, value = part.partition("=")
        name, value = unquote_plus(name), unquote_plus(value)
        pattern = known.get(_plain(name)) if equals else None
        if pattern is None or (pattern and not re.fullmatch(pattern, value)):
            named = equals and not secret and re.fullmatch(r"[\w.-]+", name)
            what = f"the option `{name}`" if named else "an option"
            such = " with this value" if named and pattern else ""
            taken = ", ".join(f"`{one}`" for one in options)
            return (
                f"{what} of the source's URL is not passed on to the database{such}",
                f"the options that its URL may have are {taken}" if options else "its source takes no options",
            )
        secret = secret or is_secret_name(name)
    return None


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
