"""What a user is told about a mistake: a value, never an exception."""

from __future__ import annotations

import difflib
import json
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from reportspec.confidential import concealed_line
from reportspec.lazy_dataclass import dataclass
from reportspec.lazy_pattern import lazy_pattern
from reportspec.letters import plain_letters, shown_letters, told_apart

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a file; lines and columns count from 1, `end_column` is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Edit:
    """What to write in place of what stands at a span. It is `sure` where nothing else can have been meant."""

    span: Span
    text: str
    sure: bool


class Advice(str):
    """A way out that says what to write: `now` in place of `was`, or where that is empty of all that stands at the
    place. It is `sure` where nothing else can have been meant."""

    __slots__ = ("now", "sure", "was")

    was: str
    now: str
    sure: bool

    def __new__(cls, text: str, was: str = "", now: str = "", sure: bool = False) -> Advice:
        made = super().__new__(cls, text)
        made.was, made.now, made.sure = was, now, sure
        return made


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One mistake: a stable kebab-case `code`, a sentence, the place, and the way out.

    `help` is printed beside the underline (`did you mean `x`?`); `notes` are lines below it. `edits` do what the help
    says, once it is known what stands at the place (`edits.with_edits`). `personal` are the values in its texts that
    tell of people, and what a database said, which may have such in it, for whoever may not be told them.
    """

    code: str
    message: str
    span: Span | None = None
    help: str | None = None
    notes: tuple[str, ...] = ()
    severity: Severity = "error"
    edits: tuple[Edit, ...] = ()
    personal: tuple[str, ...] = ()


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that a misspelt word most likely stands for, or None. Case, hyphens and blanks
    are looked over; a part of a name (`revenue`) finds the shortest name that has it. What would say the
    opposite is never meant: `no_answer` is not `answered`, however alike they are."""
    known = list(dict.fromkeys(candidates))
    plain = {folded_name(name): name for name in reversed(known)}
    folded = folded_name(word)[:100]
    if folded in plain:
        return plain[folded]
    near = next((flat for flat in _nearest_first(folded, plain) if not _opposite(folded, flat)), None)
    if near is not None:
        return plain[near]
    wanted = set(folded.split("_"))
    inside = (
        name
        for flat, name in plain.items()
        if len(folded) >= 4 and (folded in flat or wanted <= set(flat.split("_"))) and not _opposite(folded, flat)
    )
    return min(inside, key=lambda name: (len(name), name), default=None)


_ALIKE = 0.62  # how alike a word and a name are, of 1, where one can stand for the other


def _nearest_first(word: str, names: Iterable[str]) -> Iterator[str]:
    """The names that are alike enough to be meant, the most alike first.

    How alike is what difflib says. Its blocks are a common subsequence, so the longest of those, which is counted a
    hundred times as fast, is never less: only names that reach the bound by that are looked at more closely.
    """
    from rapidfuzz.distance import Indel

    compared = difflib.SequenceMatcher(None, b=word)
    found = []
    for name in names:
        if Indel.normalized_similarity(word, name, score_cutoff=_ALIKE - 1e-9) > 0:
            compared.set_seq1(name)
            found.append((compared.ratio(), name))
    return (name for ratio, name in sorted(found, reverse=True) if ratio >= _ALIKE)


_DENIALS = frozenset(["un", "non", "not", "never", "without", "kein", "keine", "nicht", "ohne", "senza", "sin", "sans"])
_DENYING = ("un", "in", "im", "non", "dis", "not")  # what stands before a word that it denies
_SAME = 0.8  # how alike two words are of which one is the other misspelt


def _opposite(one: str, other: str) -> bool:
    """Whether of two folded names one denies what the other says."""
    if one.replace("_", "") == other.replace("_", ""):
        return False
    parts, theirs = one.split("_"), other.split("_")
    if _denies(parts) != _denies(theirs):
        return True
    pairs = [(a, b) for mine in parts for its in theirs for a, b in ((mine, its), (its, mine))]
    return any(_denied(a, b) for a, b in pairs)


def _denies(parts: Sequence[str]) -> bool:
    """Whether a name has a word of denial. A `no` elsewhere than at its head is a number: `order_no`."""
    return parts[0] == "no" or not _DENIALS.isdisjoint(parts)


def _denied(word: str, other: str) -> bool:
    """Whether a word is another one with a syllable before it that denies it: `unanswered`."""
    rests = [word[len(p) :] for p in _DENYING if word.startswith(p) and not other.startswith(p)]
    return any(len(r) > 2 and difflib.SequenceMatcher(None, r, other).ratio() >= _SAME for r in rests)


def suggestion(word: str, candidates: Iterable[str], *, never_sure: bool = False) -> Advice | None:
    """``did you mean `x`?``, or None. It is `never_sure` of files, columns and ways out: what is named there
    decides whose data are read and who gets them, and there may be more than is known of."""
    known = list(dict.fromkeys(candidates))
    near = did_you_mean(word, known)
    return meant_by(word, near, sure=not never_sure and surely_meant(word, near, known)) if near else None


def meant_by(word: str, name: str, *, sure: bool = False) -> Advice:
    """``did you mean `x`?`` of a name that stands for another one."""
    apart = told_apart(word, name)
    alike = f" They look the same: {apart}" if apart else ""
    return Advice(f"did you mean `{name}`?{alike}", word, name, sure)


_SHORT = 9  # letters, from which two may be wrong


def surely_meant(word: str, meant: str, known: Iterable[str]) -> bool:
    """Whether a misspelt word cannot have meant any other of the known ones: one letter is wrong, or two of a long
    one, and no other is nearly as near. What differs by a number is another thing, and a short word may be."""
    from rapidfuzz.distance import OSA

    written, right = folded_name(word), folded_name(meant)
    others = [folded_name(name) for name in known if name != meant]
    if written == right:
        return right not in others
    if len(written) < 5 or [c for c in written if c.isdigit()] != [c for c in right if c.isdigit()]:
        return False
    away = OSA.distance(written, right)
    allowed = 1 if len(written) < _SHORT else 2
    return away <= allowed and all(OSA.distance(written, other, score_cutoff=away + 1) > away + 1 for other in others)


_LINE = lazy_pattern("[^\n\r\x85\u2028\u2029]*(\r\n|[\n\r\x85\u2028\u2029]|\\Z)")


def lines_of(text: str, *, ends: bool = False) -> list[str]:
    """The lines of a file as YAML has them, by which spans count: what ends one is also a lone CR and the separators
    of Unicode. With `ends` each keeps what ends it."""
    found = []
    for match in _LINE.finditer(text):
        found.append(match[0] if ends else match[0][: len(match[0]) - len(match[1])])
        if not match[1]:
            break
    return found


def counted(number: int, noun: str) -> str:
    """How many of what, in words that agree: `1 row`, `1,200 rows`, `2 entities`."""
    if number == 1:
        return f"1 {noun}"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return f"{number:,} {noun[:-1]}ies"
    return f"{number:,} {noun}{'es' if noun.endswith(('s', 'x', 'ch', 'sh')) else 's'}"


def folded_name(word: str) -> str:
    """A name as names are compared where somebody may have meant another: `Win-Rate` is `win_rate`."""
    return plain_letters(word).strip().lower().replace("-", "_").replace(" ", "_")


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """By file and place, each once."""
    unique = dict.fromkeys(diagnostics)
    return tuple(
        sorted(
            unique,
            key=lambda d: (d.span.file, d.span.line, d.span.column) if d.span else ("", 0, 0),
        )
    )


def render_text(diagnostics: Iterable[Diagnostic], texts: Mapping[str, str], color: bool = False) -> str:
    """For people: the message, the place, the source line with the stretch underlined, the help."""
    told = _together(diagnostics)
    files = {d.span.file for d in told if d.span and d.span.file in texts}
    lines = {file: lines_of(texts[file]) for file in files}
    return "\n".join(_one(d, lines, color) for d in told)


NOT_SHOWN = " cannot be shown here: "  # stands between what a spec names and why it is not shown


def _together(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Diagnostics, of what is not shown for one and the same cause the first, with where the others stand."""
    first: dict[tuple[object, ...], Diagnostic] = {}
    others: dict[tuple[object, ...], list[str]] = {}
    for at, one in enumerate(diagnostics):
        name, same, why = one.message.partition(NOT_SHOWN)
        key: tuple[object, ...] = (one.severity, one.code, one.help, one.span.file, why) if same and one.span else (at,)
        if key in first and one.span is not None:
            others.setdefault(key, []).append(f"{name} ({one.span.line}:{one.span.column})")
        else:
            first[key] = one
    return tuple(
        replace(one, notes=(*one.notes, f"nor can {', '.join(others[key])}")) if key in others else one
        for key, one in first.items()
    )


def _paint(text: str, code: str, color: bool) -> str:
    return f"\033[{code}m{text}\033[0m" if color else text


def _one(diagnostic: Diagnostic, lines_by_file: Mapping[str, Sequence[str]], color: bool) -> str:
    tone = "1;31" if diagnostic.severity == "error" else "1;33"
    head = _paint(f"{diagnostic.severity}[{diagnostic.code}]", tone, color)
    lines = [f"{head}: {_visible(diagnostic.message)}"]
    span, help = diagnostic.span, diagnostic.help
    if span is not None:
        lines.append(f"  {_visible(span.file)}:{span.line}:{span.column}")
        source = lines_by_file.get(span.file, ())
        if 0 < span.line <= len(source):
            line = concealed_line(source, span.line).rstrip("\r")
            lines += _underlined(line, span, help, color, tone)
            help = None
    if help:
        lines.append(f"  help: {_visible(help)}")
    lines += [f"  = {_visible(note)}" for note in diagnostic.notes]
    return "\n".join(lines)


def _underlined(line: str, span: Span, help: str | None, color: bool, tone: str) -> list[str]:
    start = min(span.column, len(line) + 1) - 1
    stop = span.end_column - 1 if span.end_line == span.line else len(line)
    stop = max(start + 1, min(stop, len(line)))
    if start > 80:  # a long line is shown from shortly before the place
        cut = start - 40
        line, start, stop = "…" + line[cut:], start - cut + 1, stop - cut + 1
    if len(line) > 140:
        line = line[:139] + "…"
        stop = min(stop, 140)
    before, marked = _visible(line[:start]), _visible(line[start:stop]) or " "
    gutter = f"{span.line} | "
    carets = _paint("^" * max(1, text_width(marked)), tone, color)
    tail = f" {_visible(help)}" if help else ""
    return [
        f"{gutter}{_visible(line)}",
        f"{' ' * (len(gutter) - 2)}| {' ' * text_width(before)}{carets}{tail}",
    ]


def excerpt(diagnostic: Diagnostic, texts: Mapping[str, str], around: int = 2) -> tuple[tuple[int, str, str, str], ...]:
    """The lines of a file about the place of a mistake, for a page: of each its number, and its text before what is
    meant, that itself, and after it. Empty where no file has the place."""
    span = diagnostic.span
    source = lines_of(texts.get(span.file, "")) if span is not None else []
    if span is None or not 0 < span.line <= len(source):
        return ()
    last = min(max(span.end_line, span.line), span.line + around, len(source))
    lines = []
    for number in range(max(span.line - around, 1), min(last + around, len(source)) + 1):
        line = concealed_line(source, number).rstrip("\r")
        start = span.column - 1 if number == span.line else 0
        stop = span.end_column - 1 if number == span.end_line else len(line)
        start, stop = (start, max(stop, start)) if span.line <= number <= last else (len(line), len(line))
        before, meant, after = (_visible(text[:_LONGEST]) for text in (line[:start], line[start:stop], line[stop:]))
        lines.append((number, before, meant, after))
    return tuple(lines)


_LONGEST = 300  # signs of a part of a line in a page
_LONGEST_TEXT = 4000  # signs of a sentence, of which one that repeats what a source holds may have any number
_HARM = lazy_pattern("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufffe\uffff\ud800-\udfff]")


def harmless(text: str) -> str:
    """A text without what a terminal would obey, what turns the order of letters, and what is no letter
    (in XML, in UTF-8): each such sign is U+FFFD. Line ends and tabs stay. All that shows texts of the
    data shows them so."""
    return _HARM.sub("\ufffd", text.replace("\r\n", "\n"))


def lacks_memory(error: Exception) -> bool:
    """Whether an error says that the process has no memory for more, in Python's words or a library's."""
    thread = isinstance(error, RuntimeError) and "can't start new thread" in str(error)
    return isinstance(error, MemoryError) or thread or type(error).__name__ == "OutOfMemoryException"


TOO_LITTLE = ("too-little-memory", "there is too little memory here", "give the process more, or ask for less")


def bug_sentence(error: Exception) -> str:
    """What is told of an error that nothing was prepared for."""
    return f"reportspec has a bug: {type(error).__name__}: {harmless(str(error)[:300])}"


def one_line(text: str) -> str:
    """A text as one line: what ends a line anywhere, and other blanks in a row, are one blank."""
    return harmless(" ".join(text.split()))


def shortened(text: str, most: int) -> str:
    """A text for the terminal: so many letters at most, the last of them `…` where some are left out."""
    return text if len(text) <= most else text[: most - 1] + "…"


def harmless_json(text: str) -> str:
    """JSON without what `harmless` takes out, and with the same meaning: such letters are escaped."""
    return _HARM.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _visible(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        text = f"{text[: _LONGEST_TEXT // 2]} … {text[-_LONGEST_TEXT // 2 :]}"
    text = shown_letters(text.replace("\t", "    "))
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def text_width(text: str) -> int:
    """How many places of a terminal a text takes."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def as_data(diagnostic: Diagnostic) -> dict[str, object]:
    """A diagnostic as plain data."""
    span = diagnostic.span
    return {
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "file": span.file if span else None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "end_line": span.end_line if span else None,
        "end_column": span.end_column if span else None,
        "help": diagnostic.help,
        "notes": list(diagnostic.notes),
        "edits": [_edit_as_data(edit) for edit in diagnostic.edits],
    }


def _edit_as_data(edit: Edit) -> dict[str, object]:
    span = edit.span
    place = {"line": span.line, "column": span.column, "end_line": span.end_line, "end_column": span.end_column}
    return {"file": span.file, **place, "text": edit.text, "sure": edit.sure}


def render_json(diagnostics: Iterable[Diagnostic]) -> str:
    """For programs: a JSON list of objects."""
    text = json.dumps([as_data(d) for d in diagnostics], ensure_ascii=False, indent=2)
    return _HARM.sub(lambda match: match[0] if match[0] == "\n" else f"\\u{ord(match[0]):04x}", text)


def render_github(diagnostics: Iterable[Diagnostic]) -> str:
    """For GitHub Actions: workflow commands that become annotations."""
    lines = []
    for d in diagnostics:
        message = "; ".join(part for part in (d.message, d.help, *d.notes) if part)
        place = ""
        if d.span:
            place = (
                f"file={_property(d.span.file)},line={d.span.line},col={d.span.column},"
                f"endLine={d.span.end_line},endColumn={d.span.end_column},"
            )
        lines.append(f"::{d.severity} {place}title={_property(d.code)}::{_escaped(message)}")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
