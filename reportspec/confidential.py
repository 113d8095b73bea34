"""What must be shown of no URL, nor of the lines of a file that it stands in: passwords, tokens and keys."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from reportspec.lazy_pattern import lazy_pattern

# What every driver reads in the same way: at most one `@`, and no sign in the user or the password that ends them.
_CERTAIN = lazy_pattern(
    r"""(?P<scheme>[A-Za-z][\w+.-]*)://
    (?:(?P<login>[^:@/?\#\s'"]*)(?::(?P<password>[^@/?\#\s'"]*))?@)?
    (?:\[[^\]@/?\s]*\]|[\w.-]*)(?::\d*)?
    (?:/[^@?;\s'"]*)?
    (?P<options>[?;][^@\s'"]*)?""",
    re.VERBOSE,
)
_OPTION = lazy_pattern(r"[^?&;=]+(?:=(?:[^&;]|;(?![\w.-]+=))*)?")
_SECRET_NAME = lazy_pattern(r"pass|pwd|token|secret|key|credential", re.IGNORECASE)
_SCHEME = lazy_pattern(r"[A-Za-z][A-Za-z0-9+.-]*:/+")
_PLAIN_END = lazy_pattern(r"[\w.-]+(?::\d+)?(?:/[\w./-]*)?['\"]?\s*")
_SHORT = 4  # letters of a secret that is hidden only where it stands by itself


def is_secret_name(name: str) -> bool:
    """Whether what an option of that name says is a password, a token or a key."""
    return _SECRET_NAME.search(name) is not None


def is_certain(url: str) -> bool:
    """Whether a URL can be read in one way only. Of any other a driver may take a part of the password for the host,
    and say it."""
    return _CERTAIN.fullmatch(url) is not None


def concealed_url(text: str) -> str:
    """A URL, or what was written in place of one, without its secrets and as long as before. Where it cannot be told
    what is one, nothing is left but the scheme, and a host that surely is one."""
    match = _CERTAIN.fullmatch(text)
    if match is not None:
        stretches = _secret_stretches(match)
        options = [start for start, _ in stretches if start >= match.start("options") >= 0]
        # What follows a password may be the rest of it: a `&` in it ends it for who reads the URL.
        return _blotted(text, [*stretches, *((start, len(text)) for start in options[:1])])
    if not re.search(r"@|=|:/", text):
        return text  # the name of a file, of the demo, or nothing
    scheme = _SCHEME.match(text)
    start = scheme.end() if scheme else 0
    last = text.rfind("@")
    before = text[start:last] if last >= 0 else ""
    end = last if before and not re.search(r"[?=]", before) and _PLAIN_END.fullmatch(text[last + 1 :]) else len(text)
    return _blotted(text, [(start, end)])


def _secret_stretches(match: re.Match[str]) -> list[tuple[int, int]]:
    found = []
    if match["password"]:
        found.append(match.span("password"))
    elif match["login"] and match["password"] is None:
        found.append(match.span("login"))  # it may be a token
    offset = match.start("options")
    for option in _OPTION.finditer(match["options"] or ""):
        name, equals, value = option[0].partition("=")
        if not equals:
            found.append((offset + option.start(), offset + option.end()))  # it may be the rest of a password
        elif _SECRET_NAME.search(name):
            found.append((offset + option.end() - len(value), offset + option.end()))
    return found


def _blotted(text: str, stretches: Sequence[tuple[int, int]]) -> str:
    for start, end in stretches:
        text = text[:start] + re.sub(r"[^\s'\"]", "*", text[start:end]) + text[end:]
    return text


# --- Lines of a file -----------------------------------------------------------------------------------

# As it is written, too, where somebody errs: what is told then is that there is no such key.
_KEY = r"(?:so?u?r?c?e?s?|data\w*|db\w*|url|dsn|conn\w*)"
_SOURCE = lazy_pattern(rf"(?:^\s*\{{.*?|^|[{{,]\s*)[\"']?{_KEY}[\"']?\s*:(?=\s|$)", re.IGNORECASE)
_INDIRECT = lazy_pattern(r"[|>][\d+-]*\s*(?:#.*)?$")
_NO_VALUE = lazy_pattern(r"(?:[&!]\S*\s*)*(?:#.*)?$")
# From the beginning of a word alone, so that however long it is each sign is looked at once.
_URL = lazy_pattern(r"(?<![\w+.-])(?:(?![A-Za-z])[\w+.-])*+([A-Za-z][\w+.-]*+:/)")
_MAPPING = lazy_pattern(r"\s*+[\"']?[\w ]++[\"']?\s*+:(?:\s|$)")
_LONGEST = 20_000  # letters of a line of which something is shown


def concealed_line(lines: Sequence[str], number: int) -> str:
    """A line of a YAML file (they count from 1) without secrets, as long as before: those of URLs on any line, and
    whatever may be one where a project names its source; of very long lines nothing."""
    line = lines[number - 1]
    if len(line) > _LONGEST:
        return _blotted(line, [(0, len(line))])
    first = number - 1
    while first > 0 and (lines[first][:1] in (" ", "\t") or not lines[first].strip()):
        first -= 1
    begins = _SOURCE.search(lines[first])
    if begins is None:
        return _without_urls(line)
    below = [text for text in _below(lines, first) if text.strip() and not text.lstrip().startswith("#")]
    value = lines[first][begins.end() :].strip()
    if below and _MAPPING.match(below[0]) and _NO_VALUE.match(value):
        return _without_urls(line)  # `files:`
    if first < number - 1:
        return _blotted(line, [(0, len(line))])
    if below and not _INDIRECT.match(value) and not value.startswith("{"):
        return _blotted(line, [(begins.end(), len(line))])
    return line[: begins.end()] + _concealed_value(line[begins.end() :])


def _below(lines: Sequence[str], first: int) -> list[str]:
    found = []
    for text in lines[first + 1 :]:
        if text.strip() and text[0] not in (" ", "\t"):
            break
        found.append(text)
    return found


def _concealed_value(text: str) -> str:
    """What stands behind `source:`, to the end of the line: a quoted text ends where it surely does."""
    blanks = len(text) - len(text.lstrip())
    head, rest = text[:blanks], text[blanks:]
    if rest.startswith("{"):
        return head + _without_urls(rest)
    if rest[:1] in ("'", '"'):
        closed = re.fullmatch(r"(['\"])([^'\"]*)\1(\s*(?:[,}][^@]*)?(?:\s#[^@]*)?)", rest)
        if closed:
            return head + closed[1] + concealed_url(closed[2]) + closed[1] + closed[3]
        return head + rest[0] + concealed_url(rest[1:])
    plain = re.fullmatch(r"(\S*?)(\s*|,\s[^@]*|\}[^@]*|\s+#[^@]*)", rest)
    # What YAML takes for a comment may be the rest of a password.
    if plain and re.search(r"@|=|:/", plain[1]):
        return head + concealed_url(plain[1]) + _blotted(plain[2], [(0, len(plain[2]))])
    if plain and not re.search(r"=|:/", plain[2]):
        return head + rest
    return head + concealed_url(rest)


def _without_urls(line: str) -> str:
    """A line without the secrets of its URLs: what does not end before an `@` hides all up to the last."""
    made, at = "", 0
    while match := _URL.search(line, at):
        start, end = match.span(1)
        made += line[at:start]
        rest = line[start:]
        whole = re.match(r"[^\s'\",}\])>]+", rest)
        word = whole[0] if whole else ""
        if "@" in rest and (not is_certain(word) or "@" in rest[len(word) :]):
            last = rest.rfind("@")
            if not re.search(r"\s", rest[:last]) or "://" in rest[:last]:
                user = re.match(r"[A-Za-z][\w+.-]*://[^:/@\s]*:", rest)
                return made + _blotted(rest, [(user.end() if user else end - start, last)])
        word = word or rest[: end - start]
        made += concealed_url(word) if is_certain(word) else word
        at = start + len(word)
    return made + line[at:]


# --- What others say -----------------------------------------------------------------------------------


class Secrets:
    """What must never be shown of a URL: its password, tokens and keys, as written and as meant."""

    def __init__(self, url: str) -> None:
        match = _CERTAIN.fullmatch(url)
        stretches = _secret_stretches(match) if match else [(0, len(url))] if re.search("[@=]", url) else []
        if match and match["login"] and match["password"] is None:
            stretches.remove(match.span("login"))  # a name is said by a database that does not know it
        secrets: set[str] = set()
        for start, end in stretches:
            text = url[start:end]
            for meant in (text, unquote(text), unquote_plus(text)):
                secrets |= {meant, quote(meant, safe=""), quote_plus(meant), meant.casefold(), repr(meant)[1:-1]}
        self._found = sorted(secrets - {""}, key=len, reverse=True)

    def masked(self, text: str) -> str:
        """The text without them."""
        for secret in self._found:
            # A short one stands within words of the message by chance, which would say where it does.
            pattern = re.escape(secret)
            if len(secret) < _SHORT:
                pattern = rf"(?<!\w){pattern}(?!\w)"
            text = re.sub(pattern, "***", text)
        return _without_urls(text)
