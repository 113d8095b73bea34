"""What an outlet is given, and what it says where it does not take it."""

from __future__ import annotations

import re
from typing import Protocol

from reportspec.lazy_dataclass import dataclass
from reportspec.model.figures import Figures
from reportspec.model.mail import Outlet


class OutletError(Exception):
    """A parcel was not taken; `temporary` says whether another try may do, `doubt` that it may have
    been taken all the same. `of_all` is what concerns others as well: the message without what is this
    parcel's, such as its path. No secret is in it."""

    def __init__(self, message: str, *, temporary: bool = True, doubt: bool = False, of_all: str = "") -> None:
        super().__init__(message)
        self.message, self.temporary, self.doubt = message, temporary, doubt
        self.of_all = of_all or message


@dataclass(frozen=True, slots=True)
class Parcel:
    """A report as outlets get it: names for the parts of patterns, files, figures, links."""

    names: dict[str, str]  # report, period, each
    files: tuple[tuple[str, bytes], ...]
    figures: Figures
    links: tuple[tuple[str, str], ...] = ()


class Way(Protocol):
    """A way out."""

    def take(self, parcel: Parcel) -> str:
        """Hand over; what came of it in words. Taking the same again changes nothing, but for
        messages. Raises OutletError."""


def links(outlet: Outlet, parcel: Parcel) -> tuple[tuple[str, str], ...]:
    """The files of a parcel with the addresses that they have after an outlet took them."""
    if not outlet.link:
        return ()
    base = filled(outlet.link, parcel.names).rstrip("/")
    return tuple((name, f"{base}/{name}") for name, _ in parcel.files)


def filled(pattern: str, names: dict[str, str]) -> str:
    """A pattern with its parts put in: names of data are single parts of paths, whatever they say."""
    return re.sub(r"\{(\w+)\}", lambda match: names.get(match[1], ""), pattern)


def no_target(outlet: Outlet) -> OutletError:
    """What is said of an outlet whose address is empty."""
    reason = f"the {outlet.kind} `{outlet.name}` has no address here: is the variable set that it is read from?"
    return OutletError(reason, temporary=False)


def why_not(error: object, within: float) -> str:
    """Why a connection failed, without the address that it was to."""
    if isinstance(error, TimeoutError):
        return f"it took longer than {round(within, 1):g} seconds"
    reason = getattr(error, "strerror", None) or type(error).__name__
    return str(reason).lower()
