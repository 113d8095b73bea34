"""The project file: where the data is, and the settings that specs share."""

from __future__ import annotations

import codecs
import glob
import os
import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from reportspec.calendar import CalendarError, Fiscal, as_naive, parse_as_of
from reportspec.check.guesses import tell_guesses_of_file
from reportspec.check.listed_systems import systems_of
from reportspec.check.mail_settings import mail_of
from reportspec.confidential import concealed_url, is_certain
from reportspec.databases import Database, by_scheme, by_suffix, database, schemes, source_of
from reportspec.diagnostics import Span, counted, did_you_mean, meant_by, suggestion
from reportspec.fontfile import unfit
from reportspec.languages import base_language, languages
from reportspec.lazy_pattern import lazy_pattern
from reportspec.model.figures import LARGEST_LOGO, Theme
from reportspec.model.settings import PARALLEL, TIMEOUT, FileSpec, Known, Project, SourceChecks, SourceSpec
from reportspec.resolve.document import Document, Place
from reportspec.run.url_options import unknown_option
from reportspec.schema import check_schema
from reportspec.source import Mapping as MappingNode
from reportspec.source import Node, Scalar, Sequence, plain, read_yaml_file
from reportspec.source.file_patterns import Matched, is_pattern, matched
from reportspec.source.regular import Unfit, is_file, is_folder, read_inside

NAMES = ("reportspec.yaml", "reportspec.yml")
LARGEST_FONT = 32 << 20  # bytes
_VARIABLE = lazy_pattern(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


NO_SOURCE = (
    "write one with `version: 1` and `source:` (a database's URL, `files:`), or `source: demo` for the"
    " data that the program makes itself"
)


def demo_project(root: Path) -> Project:
    """A project over the demo, whose settings are as the demo's are."""
    return Project(
        root,
        "",
        source_of("demo", "demo CRM"),
        "demo",
        "",
        "Europe/Rome",
        None,
        None,
        "en_US",
        "EUR",
        Fiscal(),
        Theme(),
    )


def find_project(spec: Path) -> Path | None:
    """The project file that a spec belongs to: the nearest above it."""
    try:
        spec = spec.resolve()
    except (OSError, RuntimeError):  # links in a circle: told when it is read
        spec = spec.absolute()
    return next((project for folder in spec.parents if (project := project_in(folder))), None)


def project_in(folder: Path) -> Path | None:
    """The project file of a folder."""
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def load_project(path: Path | None, environment: Mapping[str, str]) -> tuple[Project | None, Document]:
    """The project, or None with the reasons in the document."""
    if path is None:
        nowhere = Document("", "", None, {"version": 1})
        nowhere.tell(
            "no-project",
            f"there is no project file `{NAMES[0]}` here or above: nothing says where the data are",
            (),
            NO_SOURCE,
        )
        return None, nowhere
    name = shown(path)
    node, problems, text = read_yaml_file(path, name)
    document = Document(name, text, node, None, list(problems))
    for other in NAMES:
        if path.name in NAMES and other != path.name and (path.parent / other).is_file():
            document.tell(
                "two-projects", f"`{other}` beside this file is not read", (), "keep one of the two", warning=True
            )
    if node is None:
        return None, document
    node = _with_variables(node, environment, document)
    document.node, document.data, document.filled = node, plain(node), tuple(_filled(node))
    # What a variable leaves empty is not there, and is missed where it is used.
    absent = _left_empty(node.get("deliver")) if isinstance(node, MappingNode) else set()
    absent |= {problem.span for problem in document.problems if problem.span is not None}
    broken = check_schema(node, "project")
    document.problems += [document.as_written(p) for p in broken if p.code != "empty-value" or p.span not in absent]
    if document.broken:
        _check_names(document)
        return None, document
    project = _project(document, path.parent)
    return (None if document.broken else project), document


def shown(path: Path) -> str:
    """A file's name for messages: as short as it can be from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return os.path.relpath(path) if len(os.path.relpath(path)) < len(str(path)) else str(path)


def _with_variables(node: Node, environment: Mapping[str, str], document: Document, path: Place = ()) -> Node:
    """The tree with `${NAME}` and `${NAME:-default}` replaced from the environment."""
    if isinstance(node, MappingNode):
        entries = tuple(
            type(entry)(
                entry.key,
                _with_variables(entry.value, environment, document, (*path, entry.key.text)),
            )
            for entry in node.entries
        )
        return MappingNode(entries, node.span)
    if isinstance(node, Sequence):
        items = (_with_variables(item, environment, document, (*path, i)) for i, item in enumerate(node.items))
        return Sequence(tuple(items), node.span)
    if not isinstance(node.value, str) or "${" not in node.value:
        return node
    # What only sending needs may be absent where specs are checked and reports built. A ledger may not:
    # with another one in its place, all would be sent again.
    later = path[:1] == ("deliver",) and path[1:2] != ("ledger",)
    unset: list[str] = []

    def replaced(match: re.Match[str]) -> str:
        name, default = match[1], match[2]
        if environment.get(name) or (name in environment and default is None):
            return environment[name]
        if default is None:
            unset.append(name)
            end = ", which sending needs" if later else ""
            document.tell(
                "unset-variable",
                f"the environment has no variable `{name}`{end}",
                path,
                f"set it, or give a default: ${{{name}:-…}}",
                warning=later,
            )
        return default or ""

    text = _VARIABLE.sub(replaced, node.value)
    return Scalar("" if unset and later else text, node.text, node.span, node.quoted)


def _filled(node: Node) -> Iterator[tuple[Span, str, str]]:
    """Where variables stand, what they say now, and how they are written."""
    if isinstance(node, Scalar):
        if isinstance(node.value, str) and "${" in node.text and node.value != node.text:
            yield node.span, node.value, node.text
        return
    inner = [entry.value for entry in node.entries] if isinstance(node, MappingNode) else node.items
    for part in inner:
        yield from _filled(part)


def _left_empty(node: Node | None) -> set[Span]:
    """Where values stand that were `${NAME:-}` and are empty now."""
    if isinstance(node, Scalar):
        return {node.span} if node.value == "" and "${" in node.text else set()
    if isinstance(node, MappingNode):
        inner: list[Node] = [entry.value for entry in node.entries]
    else:
        inner = list(node.items) if node is not None else []
    return {span for empty in inner for span in _left_empty(empty)}


def _check_names(document: Document) -> None:
    """Tell of zones, languages and locales that there are not: all at once with whatever else is wrong."""
    data = document.data if isinstance(document.data, dict) else {}
    for key in ("timezone", "source_timezone"):
        if isinstance(data.get(key), str):
            known_zone(document, data[key], (key,))
    known_language(document, data.get("language"))
    known_locale(document, data.get("locale"))


def _project(document: Document, root: Path) -> Project:
    data = document.data
    zone = data.get("timezone", "UTC")
    _check_names(document)
    source = _source(document, data.get("source"), root)
    return Project(
        root=root,
        file=document.file,
        source=source,
        crm="demo" if source.kind == "demo" else data.get("crm", ""),
        mapping="" if source.kind == "demo" else data.get("mapping", ""),
        timezone=zone,
        source_timezone=data.get("source_timezone"),
        language=data.get("language"),
        locale=data.get("locale"),
        currency=data.get("currency", "EUR" if source.kind == "demo" else None),
        fiscal=Fiscal(int(data.get("fiscal_year_start", 1))),
        theme=themed(document, data.get("theme") or {}, root, Theme()),
        timeout=int((data.get("query") or {}).get("timeout", TIMEOUT)),
        parallel=int((data.get("query") or {}).get("parallel", PARALLEL)),
        memory=int((data.get("query") or {}).get("memory", 0)),
        disk=int((data.get("query") or {}).get("disk", 0)),
        mail=mail_of(document, data),
        checks=_checks(data.get("checks") or {}),
        systems=systems_of(document, data.get("systems")),
        loaded_at=said_load(document, zone),
        stale_after=_stale_after(data.get("stale_after")),
    )


def said_load(document: Document, zone: str) -> datetime | date | None:
    """When the data were loaded, as a project or mapping file says it: an instant, or a whole day. None
    where it says nothing, or where the source has it."""
    value = document.data.get("loaded_at")
    if value is None or isinstance(value, dict):
        return None
    if zone not in available_timezones():
        return None  # told already
    try:
        as_of = parse_as_of(value, ZoneInfo(zone))
    except CalendarError as error:
        document.tell("bad-date", error.message, ("loaded_at",), error.help)
        return None
    if re.search("[T ]", str(value).strip()):
        return as_of
    return as_naive(as_of, ZoneInfo(zone)).date() - timedelta(days=1)


_SPAN = lazy_pattern(r"([0-9]{1,4}) ?([hd])[a-z]*")


def _stale_after(value: Any) -> timedelta | None:
    """After how long without a change data are taken to have ended; None where nothing is said."""
    if value is None:
        return None
    match = _SPAN.fullmatch(str(value))
    if match is None:
        return timedelta.max  # never
    return timedelta(**{"hours" if match[2] == "h" else "days": int(match[1])})


def _checks(data: Mapping[str, Any]) -> SourceChecks:
    ignored = tuple(
        Known(ignored_check["check"], ignored_check.get("of", ""), ignored_check["reason"])
        for ignored_check in data.get("ignore", ())
    )
    return SourceChecks(bool(data.get("strict", False)), ignored)


def known_language(document: Document, code: Any) -> None:
    """Warns where a report is to be in a language that has no words."""
    if isinstance(code, str) and base_language(code) not in languages():
        document.tell(
            "unknown-language",
            f"there are no words in `{code[:60]}`; what has no translation is in English",
            ("language",),
            f"there are {', '.join(languages())}",
            warning=True,
        )


def known_locale(document: Document, name: Any) -> None:
    """Tells of a locale that there is not: numbers and dates would be written as if only its language were there."""
    if not isinstance(name, str) or not name:
        return
    from babel import Locale, UnknownLocaleError
    from babel.core import get_global
    from babel.localedata import locale_identifiers

    try:
        Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        script = str(get_global("likely_subtags").get(base_language(name), "")).split("_")
        usual, there = f"{script[0]}_{script[-1]}", locale_identifiers()
        nearest = usual if usual in there else did_you_mean(name.replace("-", "_"), there)
        help = meant_by(name, nearest) if nearest else "write for example `it_IT`"
        document.tell("unknown-locale", f"there is no locale `{name[:60]}`", ("locale",), help)


_NO_ZONES = frozenset({"localtime", "posixrules", "Factory"})


def known_zone(document: Document, name: Any, path: Place) -> bool:
    """Whether a time zone exists; the document is told if not."""
    if name is None:
        return True
    own = str(name).startswith(("right/", "posix/")) or name in _NO_ZONES
    message = f"there is no time zone `{str(name)[:60]}`"
    if own:
        message = f"`{name}` is a time zone of this machine alone, which databases do not know"
    try:
        if not own:
            ZoneInfo(str(name))
            return True
    except (KeyError, ValueError, OSError):
        pass
    near = suggestion(str(name), available_timezones()) if not own else None
    document.tell("unknown-timezone", message, path, near or "write for example `Europe/Rome`")
    return False


_APPENDIX: dict[Any, Literal["off", "short", "full"]] = {False: "off", True: "short", "full": "full"}
_LOGOS = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


def themed(document: Document, data: Mapping[str, Any], root: Path, base: Theme) -> Theme:
    """A theme with what the `theme` of a project or a spec changes of it."""
    logo, kind = base.logo, base.logo_type
    if data.get("logo"):
        path = root / str(data["logo"])
        kind = _LOGOS.get(path.suffix.lower())
        if kind is None:
            document.tell("bad-logo", "a logo is an SVG, PNG or JPEG file", ("theme", "logo"))
            logo = None
        else:
            try:
                logo = read_inside(root, str(data["logo"]), LARGEST_LOGO)
            except Unfit as bad:
                document.tell(
                    "bad-logo",
                    f"the logo `{str(data['logo'])[:80]}` {bad.reason}",
                    ("theme", "logo"),
                    "put the file into the project's folder",
                )
                logo = None
            except OSError:
                document.tell(
                    "file-not-found",
                    f"there is no logo `{data['logo']}`; the report goes without",
                    ("theme", "logo"),
                    warning=True,
                )
    numbers = data.get("numbers") or {}
    return Theme(
        data.get("accent", base.accent),
        data.get("paper", base.paper),
        logo,
        kind if logo else None,
        data["orientation"] == "landscape" if "orientation" in data else base.landscape,
        str(data.get("header", base.header)).strip(),
        str(data.get("footer", base.footer)).strip(),
        bool(data.get("cover", base.cover)),
        data.get("contents", base.contents),
        _fonts(document, data["fonts"], root) if data.get("fonts") else base.fonts,
        _APPENDIX[data["appendix"]] if "appendix" in data else base.appendix,
        data.get("pdf", base.pdf),
        numbers.get("negatives", base.negatives),
        numbers.get("cents", base.cents),
    )


def _fonts(document: Document, data: Mapping[str, Any], root: Path) -> tuple[bytes, bytes] | None:
    """The files of the two faces, or None with the reasons told."""
    shown = []
    for key in ("regular", "bold"):
        try:
            shown.append(read_inside(root, str(data.get(key, "")), LARGEST_FONT))
        except Unfit as bad:
            document.tell(
                "bad-font",
                f"the font `{str(data.get(key, ''))[:80]}` {bad.reason}",
                ("theme", "fonts", key),
                "put the file into the project's folder",
            )
            continue
        except OSError:
            document.tell(
                "file-not-found",
                f"there is no font `{data.get(key, '')}`",
                ("theme", "fonts", key),
                _near(root, str(data.get(key, ""))),
            )
            continue
        why = unfit(shown[-1])
        if why is not None:
            document.tell(
                "bad-font", f"the font `{data[key]}` {why}", ("theme", "fonts", key), "use a static TTF or OTF file"
            )
    return (shown[0], shown[1]) if len(shown) == 2 else None


_SOURCES = "write `demo`, a database's URL, the path of a `.duckdb` or `.sqlite` file, or `files:`"


def _source(document: Document, value: Any, root: Path) -> SourceSpec:
    span = document.span(("source",))
    if isinstance(value, dict):
        specs = {table: _files(document, table, written, root) for table, written in value["files"].items()}
        return source_of("files", counted(len(specs), "file"), files=specs, span=span)
    text = str(value).strip() if value is not None else ""
    if text == "demo":
        return source_of("demo", "demo CRM", span=span)
    if not text:
        message = "`source` is empty" if "source" in document.data else "the project names no `source`"
        document.tell(
            "no-source",
            f"{message}: nothing says where the data are",
            ("source",) if "source" in document.data else (),
            _SOURCES,
        )
        return SourceSpec("url", "", span=span)
    scheme, separator, _ = text.partition("://")
    suffix = Path(text.partition("?")[0]).suffix.lower()
    if not separator:
        read_by = by_suffix(suffix) or (database("duckdb") if text.startswith("duckdb:") else None)
        if read_by is not None:
            return _file_source(document, read_by, text.removeprefix("duckdb:"), root)
        document.tell("unknown-source", "this is no source", ("source",), _SOURCES)
        return source_of("demo", "demo CRM", span=span)
    if not re.fullmatch(r"[\w+.-]*", scheme):  # what stands before a later `://` may be a password
        document.tell("bad-url", "the source's URL cannot be read", ("source",), _SOURCES)
        return SourceSpec("url", "", span=span)
    read_by = by_scheme(scheme.partition("+")[0].lower())
    if read_by is None:
        known = [f"{name}://" for name in schemes()]
        document.tell(
            "unsupported-source",
            f"databases of the kind `{scheme}://` cannot be read",
            ("source",),
            suggestion(f"{scheme}://", known) or f"there are {', '.join(known)}",
        )
        return SourceSpec("url", scheme, span=span)
    wrong = unknown_option(text, read_by.options) if read_by.local or is_certain(text) else None
    if wrong is not None:
        document.tell("unknown-option", wrong[0], ("source",), wrong[1])
    if read_by.local:
        name = text.partition("://")[2].partition("?")[0]
        return _file_source(document, read_by, name.removeprefix("/"), root)
    try:
        parts = urlsplit(text)
        label = f"{parts.hostname or 'local'}{parts.path}".rstrip("/")
        _ = parts.port
        odd = not is_certain(text)
    except ValueError:
        odd = True
    if odd:
        label = scheme
        document.tell(
            "bad-url",
            "the source's URL cannot be read",
            ("source",),
            f"write it as {read_by.example}; write odd characters of users and passwords as %-codes "
            "(`@` as `%40`, `/` as `%2F`, a blank as `%20`)",
        )
    return source_of(read_by.kind, label, text, span=span)


def _files(document: Document, table: str, given: Any, root: Path) -> FileSpec:
    """The files of a table, by a path or with what is said of how they are written."""
    path: Place = ("source", "files", table)
    written = given if isinstance(given, dict) else {"path": given}
    pattern = str(written["path"])
    met = matched(root, pattern)
    paths = tuple(map(str, met.files))
    _tell_unmet(document, (*path, "path") if isinstance(given, dict) else path, root, pattern, met)
    encoding, sign = str(written.get("encoding", "")), str(written.get("delimiter", ""))
    if encoding and not _is_encoding(encoding):
        document.tell(
            "unknown-encoding",
            f"there is no encoding `{encoding[:40]}`",
            (*path, "encoding"),
            suggestion(encoding, _ENCODINGS) or f"there are {', '.join(_ENCODINGS)}",
        )
    decimal, thousands = str(written.get("decimal", "")), str(written.get("thousands", ""))
    if thousands and thousands == (decimal or "."):
        if decimal:
            document.tell("contradiction", "`decimal` and `thousands` cannot be the same sign", (*path, "thousands"))
        decimal = ","
    columns = tuple(str(name).strip() for name in written.get("columns", ()))
    if len({name.lower() for name in columns}) < len(columns):
        document.tell("repeated-value", "`columns` names a column twice", (*path, "columns"))
    if columns and "parts" in written:
        document.tell(
            "contradiction", "`parts` are told by their headers, which `columns` says are none", (*path, "parts")
        )
    formats = written.get("date_format", {})
    by_column = formats if isinstance(formats, dict) else {"": formats}
    for column, column_formats in by_column.items():
        for text in [column_formats] if isinstance(column_formats, str) else column_formats:
            at = (*path, "date_format", column) if column else (*path, "date_format")
            _check_format(document, str(text), at)
    tell_guesses_of_file(document, path, written)
    return FileSpec(
        paths,
        encoding,
        "\t" if sign.lower() in ("tab", "\\t") else sign,
        decimal,
        thousands,
        tuple((str(c), (formats,) if isinstance(formats, str) else tuple(formats)) for c, formats in by_column.items()),
        written.get("skip"),
        tuple(sheet) if isinstance(sheet := written.get("sheet"), list) else sheet,
        columns,
        tuple(str(word) for word in written.get("null", ())),
        tuple(str(name).strip() for name in written.get("percent", ())),
        str(written.get("parts", "")).strip(),
        document.span(path),
        pattern if not isinstance(given, dict) else "",
    )


_ENCODINGS = (
    "utf-8",
    "utf-16",
    "cp1252",
    "cp1250",
    "cp1251",
    "iso-8859-1",
    "iso-8859-15",
    "mac-roman",
    "shift_jis",
    "gb18030",
)


# Of names of hosts and of texts in programs, which no file is in as a whole.
_NO_FILES = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem"})


def _is_encoding(name: str) -> bool:
    """Whether texts can be in an encoding; some of Python's codecs are of other things."""
    try:
        if codecs.lookup(name).name.replace("-", "_") in _NO_FILES:
            return False
        return isinstance(b"a".decode(codecs.lookup(name).name), str)
    except UnicodeDecodeError:
        return True
    except (LookupError, TypeError, ValueError):
        return False


_PARTS = lazy_pattern(r"%-?([a-zA-Z])")
_PICTURE = (
    ("yyyy", "%Y"),
    ("YYYY", "%Y"),
    ("dd", "%d"),
    ("DD", "%d"),
    ("HH", "%H"),
    ("hh", "%H"),
    ("ss", "%S"),
    ("SS", "%S"),
    ("yy", "%y"),
    ("YY", "%y"),
)


def _check_format(document: Document, text: str, at: Place) -> None:
    """Tell of a format that reads no date: without day, month or year, or in the letters of spreadsheets."""
    parts = _PARTS.findall(text)
    if "%" not in text:
        guess = re.sub(r":mm|:MM", ":%M", text)
        for picture, code in _PICTURE:
            guess = guess.replace(picture, code)
        guess = re.sub(r"(?<!%)(mm|MM)", "%m", guess)
        document.tell("bad-format", f"`{text[:40]}` is no format of dates", at, f'write `"{guess[:60]}"`')
        return
    lacks = [name for name, codes in (("day", "dj"), ("month", "mbBj"), ("year", "yY")) if not set(codes) & set(parts)]
    unknown = sorted(set(parts) - set("dmbByYHIMSfpzZjaAg"))
    if lacks or unknown:
        what = f"has no {' and no '.join(lacks)}" if lacks else f"has `%{unknown[0]}`, which reads nothing"
        document.tell(
            "bad-format", f"the format `{text[:40]}` {what}", at, "write for example `%d/%m/%Y` or `%m/%d/%y %I:%M %p`"
        )
    elif "p" in parts and "H" in parts:
        document.tell(
            "bad-format",
            f"the format `{text[:40]}` has hours up to 24 and AM/PM",
            at,
            f"write `{text[:40].replace('%H', '%I')}`",
        )


def _file_source(document: Document, read_by: Database, name: str, root: Path) -> SourceSpec:
    """A database that is a file (or, for chdb, a folder), relative to the project file."""
    file, kind = root / name, read_by.kind
    if not (is_folder(file) if read_by.local == "folder" else is_file(file)):
        what = "folder" if read_by.local == "folder" else "database file"
        near = _near(root, name) if concealed_url(name) == name else _SOURCES
        if not name.startswith("/") and is_file(Path("/", name)):
            near = f"paths begin at the project file; for `/{name}` write `{kind}:////{name}`"
        document.tell("file-not-found", f"there is no {what} `{concealed_url(name)}`", ("source",), near)
    return source_of(kind, Path(concealed_url(name)).name, str(file), span=document.span(("source",)))


def _tell_unmet(document: Document, at: Place, root: Path, pattern: str, met: Matched) -> None:
    """Tell of what a path or pattern leads to and is no file that can be read, or that it leads nowhere."""
    code = "unreadable-file" if is_pattern(pattern) else "file-not-found"
    for unmet in met.unmet[:_FEW]:
        document.tell(code, unmet.message, at, unmet.help)
    if len(met.unmet) > _FEW:
        document.tell(code, f"`{pattern}` matches {len(met.unmet) - _FEW} more that cannot be read", at)
    if not met.files and not met.unmet:
        written = is_pattern(pattern) and is_file(root / pattern)
        help = f"for the file of that name write `{glob.escape(pattern)}`" if written else _near(root, pattern)
        document.tell("file-not-found", f"no file matches `{pattern}`", at, help)


_FEW = 5  # things that a pattern leads to which are told one by one


def _near(root: Path, pattern: str) -> str | None:
    path = root / pattern
    try:
        names = [p.name for p in path.parent.iterdir()]
    except PermissionError:
        return f"you may not look into the folder `{Path(pattern).parent}`: its rights do not let this user in"
    except OSError:
        return f"there is no folder `{Path(pattern).parent}` beside the project file"
    near = suggestion(path.name, names, never_sure=True)
    return near or "paths start at the project file's folder"
