"""Regular expressions that all databases read alike: as DuckDB does, whose classes have the letters of English alone,
whose `.` stops at the end of a line and whose `$` is the end of the text."""

from __future__ import annotations

import re

MOST = 255  # repetitions of one thing, which is what PostgreSQL has

_CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": "\t\n\f\r "}
_SIGNS = {"t": "\t", "n": "\n", "f": "\f", "r": "\r"}
_NAMED = {
    "alpha": "A-Za-z",
    "digit": "0-9",
    "alnum": "0-9A-Za-z",
    "upper": "A-Z",
    "lower": "a-z",
    "space": "\t\n\x0b\f\r ",
    "blank": "\t ",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
    "punct": r"!-\/:-@\[-`{-~",
}
_INSTEAD = {
    "b": "`(^|[^A-Za-z0-9_])` before a word, `([^A-Za-z0-9_]|$)` after one",
    "B": "the letters that may stand there",
    "Z": "`$`",
    "z": "`$`",
    "A": "`^`",
    "p": "the letters that are meant: `[A-Za-zÀ-ÿ]`",
    "P": "the letters that are meant: `[^A-Za-zÀ-ÿ]`",
}
_TIMES = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")


class NotAlike(Exception):
    """What databases read each in its own way: `what` stands in a pattern, and what is to be written `instead`."""

    def __init__(self, what: str, instead: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.instead = instead


class Unclosed(NotAlike):
    """Brackets that do not end."""


def for_all(pattern: str, end: str = "$") -> str:
    """A pattern as every database reads it: classes written out, `end` for the end of the text. Raises NotAlike."""
    parts: list[str] = []
    at, repeated = 0, False
    while at < len(pattern):
        sign, begin = pattern[at], at
        if sign == "\\":
            text, at = _escaped(pattern, at)
            parts.append(text)
        elif sign == "[":
            text, at = _class(pattern, at)
            parts.append(text)
        elif sign == "(" and pattern.startswith("(?", at):
            known = "(?:" if pattern.startswith("(?:", at) else "(?i)" if at == 0 and pattern.startswith("(?i)") else ""
            if not known:
                raise NotAlike(pattern[at : at + 4], "`(…)`, `(?:…)`, or `(?i)` at the beginning")
            parts.append(known)
            at += len(known)
        elif sign == "{":
            text, at = _times(pattern, at)
            parts.append(text)
        else:
            parts.append({".": "[^\n]", "$": end}.get(sign, sign))
            at += 1
        quantifier = sign in "*+" or (sign == "{" and parts[-1][0] == "{") or (sign == "?" and not repeated)
        if repeated and quantifier and sign != "?":
            raise NotAlike(pattern[begin - 1 : at], "one of them")
        repeated = quantifier
    return "".join(parts)


def _escaped(pattern: str, at: int) -> tuple[str, int]:
    """A backslash with what follows it, outside of brackets."""
    sign = pattern[at + 1 : at + 2]
    if sign.lower() in _CLASSES and sign:
        return f"[{'^' if sign.isupper() else ''}{_CLASSES[sign.lower()]}]", at + 2
    return _literal(sign), at + 2


def _literal(sign: str) -> str:
    if sign in _SIGNS:
        return _SIGNS[sign]
    if not sign or sign.isalnum():
        raise NotAlike(f"\\{sign}", _INSTEAD.get(sign, ""))
    return f"\\{sign}"


def _class(pattern: str, at: int) -> tuple[str, int]:
    """What stands in brackets, with named classes written out."""
    begin, parts = at, ["["]
    at += 1
    if pattern.startswith("^", at):
        parts.append("^")
        at += 1
    first = at
    while at < len(pattern):
        sign = pattern[at]
        if sign == "]" and at > first:
            return "".join((*parts, "]")), at + 1
        named = re.match(r"\[:(\^?\w+):\]", pattern[at:])
        if named is not None:
            if named[1] not in _NAMED:
                raise NotAlike(named[0], "the letters that are meant")
            parts.append(_NAMED[named[1]])
            at += len(named[0])
        elif sign == "\\":
            letter = pattern[at + 1 : at + 2]
            if letter and letter in "DWS":
                raise NotAlike(f"\\{letter}", "brackets of its own")
            parts.append(_CLASSES[letter] if letter and letter in _CLASSES else _literal(letter))
            at += 2
        else:
            parts.append(f"\\{sign}" if sign in "[]" else sign)
            at += 1
    raise Unclosed(pattern[begin:])


def _times(pattern: str, at: int) -> tuple[str, int]:
    """How often something stands."""
    found = _TIMES.match(pattern, at)
    if found is None:
        at_most = re.match(r"\{(,\d+\})", pattern[at:])
        if at_most is not None:
            raise NotAlike(at_most[0], f"`{{0{at_most[1]}`")
        return "\\{", at + 1
    if max(int(found[1]), int(found[3] or 0)) > MOST:
        raise NotAlike(found[0], f"{MOST} at the most")
    return found[0], found.end()
