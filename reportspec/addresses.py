"""Addresses of mail: what one looks like, and which may be written to."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from reportspec.lazy_pattern import lazy_pattern

# Without what one mail server or another reads as a second address: `x%there.com@here.com`,
# `there.com!x@here.com`, and the encoded words of headers, `=?utf-8?q?x=40there.com?=@here.com`.
_LOCAL = r"(?:(?!=\?)[^\s@<>()\[\]\\,;:\"%!])+"
_DOMAIN = r"[^\W_](?:[\w-]{0,62})(?:\.[^\W_](?:[\w-]{0,62}))*"
_LONGEST = 998  # letters that a line of a mail's head may have
_ADDRESS = lazy_pattern(rf"{_LOCAL}@{_DOMAIN}")
_NAMED = lazy_pattern(rf"\s*(?:\"(?P<quoted>[^\"<>]*)\"|(?P<name>[^<>\"@]*?))\s*<(?P<address>{_LOCAL}@{_DOMAIN})>\s*")


def split(text: str) -> tuple[str, str] | None:
    """The name and the address of `Anna <anna@example.com>`, or None where it is neither this nor
    a lone address. Line ends and other control characters make it none."""
    if len(text) > _LONGEST or any(unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp") for letter in text):
        return None
    if _ADDRESS.fullmatch(text.strip()):
        return "", text.strip()
    match = _NAMED.fullmatch(text)
    if match is None:
        return None
    return (match["quoted"] or match["name"] or "").strip(), match["address"]


def bare(text: str) -> str:
    """The address alone; a text that is none as it is."""
    named = split(text)
    return named[1] if named else text


def ascii_address(address: str) -> str:
    """The address with its domain as mail servers know it. Raises ValueError where it has none, or
    letters beyond ASCII before the @, which hardly any server takes."""
    local, _, domain = address.rpartition("@")
    if not local.isascii():
        raise ValueError("letters beyond ASCII before the @")
    return f"{local}@{domain.encode('idna').decode('ascii')}"


def unfit(address: str) -> str:
    """Why no mail can be handed over to what looks like an address; empty if it can."""
    try:
        ascii_address(address)
    except UnicodeError:
        return "has a domain that cannot be"
    except ValueError:
        return "has letters before the @ that mail servers do not take"
    return ""


def folded(address: str) -> str:
    """The address as one and the same however it is written."""
    try:
        return ascii_address(address).casefold()
    except ValueError:
        return address.casefold()


def allowed(address: str, allow: Iterable[str]) -> bool:
    """Whether an address, or the domain of it, is on the list."""
    flat = folded(address)
    domain = "@" + flat.rpartition("@")[2]
    for entry in allow:
        if entry.startswith("@"):
            if domain == folded(f"x{entry}")[1:]:
                return True
        elif flat == folded(entry):
            return True
    return False
