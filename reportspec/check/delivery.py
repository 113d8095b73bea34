"""`for_each` and `deliver`: whom reports are for, who gets them, and when."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlglot import exp

from reportspec.addresses import allowed, ascii_address, split
from reportspec.check.when import condition_of, tiles_of
from reportspec.diagnostics import suggestion
from reportspec.model.mail import FORMS, Delivery, Mail, Outlet
from reportspec.model.query import Dimension
from reportspec.model.spec import EACH, Each, SectionSpec
from reportspec.resolve.binding import Binding, Unresolved
from reportspec.resolve.conditions import condition, field_named, user_condition
from reportspec.resolve.document import Document, Place
from reportspec.source.regular import Unfit, read_inside

TEMPLATE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
REPORT = ("title", "period", "type", "compare", "as_of", "data_as_of")
OF_METRIC = ("text", "value", "change", "previous", "goal", "state")
MAILED = ("to", "cc", "bcc")
FILLED = (*MAILED, "reply_to", "subject", "body")  # texts in which values may stand
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_PLACES = ("report", "period", "each")
_ONE_BRACE = re.compile(r"\{\s*((?:report|metrics|params|each)\.[^{}]*?)\s*\}")
MOST_TRYING = 600.0  # seconds for which a run goes on trying
MOST_RECIPIENTS = 100_000  # rows of a file
LARGEST_RECIPIENTS = 32 << 20  # bytes of it


# --- for_each --------------------------------------------------------------------------------

_KINDS = {
    "integer": "a whole number",
    "number": "a number",
    "money": "an amount",
    "boolean": "true or false",
    "date": "a date",
    "time": "a time",
}


def each_of(document: Document, binding: Binding, data: Mapping[str, Any], root: Path) -> Each | None:
    """What `for_each` asks for, or None where there is none or it is wrong."""
    given = data.get("for_each")
    if given is None:
        return None
    spec = given if isinstance(given, dict) else {"field": given}
    path: Place = ("for_each", "field") if isinstance(given, dict) else ("for_each",)
    if not spec.get("field"):
        return None  # the schema has said so
    name = str(spec["field"])
    found = field_named(binding, document, name, path)
    if found is None:
        return None
    if found.type not in ("text", "key"):
        document.tell(
            "bad-each",
            f"`{name}` is {_KINDS[found.type]}: reports are made for each value of a text",
            path,
            "name a text, such as `user.name`",
        )
        return None
    tree = condition(binding, document, {"field": name, "eq": EACH}, path, {})
    if tree is None:
        return None
    try:
        binding.need_reference(found.entity, binding.resolve(found.entity, (found.entity, found.name)))
    except Unresolved as why:
        document.tell(why.code, f"`{name}` cannot be listed: {why.message}", path, why.help)
        return None
    table = _table(document, str(spec["recipients"]), root) if spec.get("recipients") else None
    return Each(
        Dimension(name, tuple(name.split(".")), found),
        tree,
        _which(document, binding, data, spec, found.entity),
        _each_fields(document, binding, data, found.entity, table),
        table,
    )


def _which(
    document: Document, binding: Binding, data: Mapping[str, Any], spec: Mapping[str, Any], entity: str
) -> tuple[exp.Expr, ...]:
    """The condition on which a value has a report, if there is one."""
    place: Place = ("for_each", "where")
    if not spec.get("where"):
        return ()
    where = user_condition(document, binding, str(spec["where"]), place, data)
    if where is None:
        return ()
    try:
        binding.need_some(entity, where)
    except Unresolved as why:
        said = f"the values cannot be chosen so: {why.message}"
        document.tell(why.code, said, place, why.help)
        return ()
    return (where,)


def _table(document: Document, name: str, root: Path) -> dict[str, dict[str, str]]:
    """The rows of the project's own file by their value; of a file that is wrong those before the
    mistake, which is told."""
    place: Place = ("for_each", "recipients")
    try:
        text = read_inside(root, name, LARGEST_RECIPIENTS).decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except UnicodeDecodeError:
        document.tell("not-utf-8", f"`{name}` is not UTF-8", place, "save it as “CSV UTF-8”")
        return {}
    except Unfit as unfit:
        document.tell(
            "bad-recipients", f"`{name[:80]}` {unfit.reason}", place, "put the file into the project's folder"
        )
        return {}
    except OSError as error:
        missing = isinstance(error, FileNotFoundError)
        why = f"there is no file `{name}`" if missing else f"`{name}` cannot be read"
        document.tell("file-not-found", why, place, _beside(root / name))
        return {}
    except csv.Error as error:
        document.tell("bad-recipients", f"`{name}` is no CSV: {error}", place)
        return {}
    columns = [cell.strip() for cell in rows[0]] if rows else []
    if "value" not in columns:
        document.tell("bad-recipients", f"`{name}` has no column `value`", place, _header(columns))
        return {}
    twice = [one for one in columns if one and columns.count(one) > 1]
    if twice:
        said = f"`{name}` has more than one column `{twice[0][:60]}`"
        document.tell("bad-recipients", said, place, "leave one, so that it is clear which counts")
        return {}
    found: dict[str, dict[str, str]] = {}
    numbered = [(number, row) for number, row in enumerate(rows[1:], 2) if any(map(str.strip, row))]
    for number, row in numbered[:MOST_RECIPIENTS]:
        own = dict(zip(columns, row, strict=False))
        problem, help = _row_problem(row, own, columns, found)
        if problem:
            document.tell("bad-recipients", f"line {number} of `{name}` {problem}", place, help)
            return found
        found[own["value"]] = {key: cell.strip() for key, cell in own.items()}
    if len(numbered) > MOST_RECIPIENTS:
        said = f"`{name}` has more than {MOST_RECIPIENTS:,} rows"
        document.tell("bad-recipients", said, place)
    elif not found:
        said = f"`{name}` has no rows, so there would be no report"
        document.tell("bad-recipients", said, place, "write a row for each value")
    return found


def _row_problem(
    row: Sequence[str], own: Mapping[str, str], columns: Sequence[str], found: Mapping[str, Any]
) -> tuple[str, str | None]:
    """What is wrong with a row of recipients, and the way out; empty if nothing is."""
    if len(row) != len(columns):
        return f"has {len(row)} columns and the first line {len(columns)}", "put cells with commas in quotes"
    value = own["value"]
    if not value.strip():
        return "has no value", "name whose row it is, or leave it out"
    if value in found:
        return f"has `{value[:60]}` again", "put all addresses of a value in one cell, with blanks between them"
    return "", None


def _header(columns: Sequence[str]) -> str:
    """The way out for a file without a column `value`."""
    if len(columns) == 1 and re.split(r"[;\t]", columns[0])[0].strip() == "value":
        return "its columns are parted by something else than commas: save it with commas"
    near = suggestion("value", columns)
    return near or "its first line names the columns: value,email"


def _beside(path: Path) -> str:
    """The way out for a file that is not there."""
    try:
        near = suggestion(path.name, [one.name for one in path.parent.iterdir()])
    except OSError:
        near = None
    return near or "its path starts at the project file's folder"


def _each_fields(
    document: Document,
    binding: Binding,
    data: Mapping[str, Any],
    entity: str,
    table: Mapping[str, Mapping[str, str]] | None,
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The fields that the texts of `deliver` name as `each.…`."""
    found: dict[str, tuple[str, ...]] = {}
    columns = {key for row in (table or {}).values() for key in row}
    for name, place in _names(data.get("deliver")):
        short = name.removeprefix("each.")
        if name.partition(".")[0] != "each" or short == "value" or short in columns:
            continue
        if binding.field(entity, short) is None:
            known = [*columns, *(one.name for one in binding.fields(entity)), "value"]
            near = suggestion(short, known) if name.startswith("each.") else "did you mean `value`?"
            help = near.replace("`", "`each.", 1) if near else f"`{entity}` has {', '.join(known[:8])}"
            why = f": `{entity}` has no `{short[:40]}`" if name.startswith("each.") else " by itself"
            said = f"`{{{{ {name[:60]} }}}}` stands for nothing{why}"
            document.tell("unknown-field", said, place, help)
            continue
        try:
            binding.need_reference(entity, binding.resolve(entity, (entity, short)))
        except Unresolved as why_not:
            said = f"`{{{{ {name} }}}}` is not known here: {why_not.message}"
            document.tell(why_not.code, said, place, why_not.help)
            continue
        found[short] = (entity, short)
    return tuple(found.items())


def _names(deliver: Any) -> Iterable[tuple[str, Place]]:
    """What stands between `{{` and `}}` in the texts of `deliver`, and where."""
    return ((name, place) for text, place in _texts(deliver) for name in TEMPLATE.findall(text))


def _texts(deliver: Any, keys: Sequence[str] = FILLED) -> Iterable[tuple[str, Place]]:
    if not isinstance(deliver, dict):
        return
    for key in keys:
        value = deliver.get(key)
        if isinstance(value, str):
            yield value, ("deliver", key)
        elif isinstance(value, list):
            yield from ((str(one), ("deliver", key, index)) for index, one in enumerate(value))


# --- deliver ---------------------------------------------------------------------------------


def delivery_of(
    document: Document,
    data: Mapping[str, Any],
    sections: Sequence[SectionSpec],
    each: Each | None,
    mail: Mail,
    binding: Binding,
) -> Delivery | None:
    """What `deliver` asks for, or None where there is none."""
    given = data.get("deliver")
    if not isinstance(given, dict):
        return None
    if not any(key in given for key in (*MAILED, "also")) and set(given) <= set(Delivery.__slots__):
        document.tell(
            "missing-key",
            "`deliver` names nobody who gets the report",
            ("deliver",),
            "add for example `to: anna@example.com`",
            key=True,
        )
    _check_templates(document, data, given, set(tiles_of(sections)), each)
    _check_addresses(document, given, mail)
    for index, name in enumerate(given.get("also") or ()):
        if name not in mail.outlets:
            document.tell(
                "unknown-outlet",
                f"the project has no way out `{str(name)[:60]}`",
                ("deliver", "also", index),
                suggestion(str(name), mail.outlets) or "name it in the project file: `deliver: {outlets: …}`",
            )
    attach = given.get("attach", "pdf")
    if isinstance(attach, str) and attach not in FORMS:  # of a list the schema says it
        document.tell(
            "unknown-value",
            f"`deliver.attach` cannot be `{attach[:40]}`",
            ("deliver", "attach"),
            suggestion(attach, FORMS) or f"it takes {', '.join(f'`{one}`' for one in FORMS)}",
        )
    within = re.fullmatch(r"(\d+)([mhd])", str(given.get("fresh_within") or ""))
    return Delivery(
        _list(given.get("to")),
        _list(given.get("cc")),
        _list(given.get("bcc")),
        str(given.get("reply_to") or ""),
        str(given.get("subject") or ""),
        str(given.get("body") or ""),
        condition_of(document, data, sections, binding.catalogue),
        given.get("empty", "send"),
        (attach,) if isinstance(attach, str) else tuple(attach),  # type: ignore[arg-type]
        timedelta(**{_UNITS[within[2]]: int(within[1])}) if within else None,
        _list(given.get("on_failure")),
        given.get("in_doubt", "resend"),
        tuple(given.get("also") or ()),
    )


def _list(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),) if value else ()


def _check_addresses(document: Document, given: Mapping[str, Any], mail: Mail) -> None:
    """That those which are written out are addresses, and may be written to."""
    for key in (*MAILED, "reply_to", "on_failure"):
        for text, place in _texts(given, (key,)):
            if "{{" in text:
                if key == "on_failure":
                    document.tell(
                        "bad-address",
                        "`on_failure` takes addresses as they are: where a report fails, there are no values",
                        place,
                        "write `sales-ops@example.com`",
                    )
                continue
            named = split(text)
            why = unfit(named[1]) if named else "is no address"
            if named is None or why:
                help = "write one of plain letters" if named else _address_help(text)
                document.tell("bad-address", f"`{text[:80]}` {why}", place, help)
            elif key != "reply_to" and mail.allow and not allowed(named[1], mail.allow):
                where = f" ({mail.span.file}:{mail.span.line})" if mail.span else ""
                said = f"`{named[1][:80]}` may not be sent mail: it is not on the project's list"
                document.tell("not-allowed", said, place, f"add it, or `@` and its domain, to `deliver.allow`{where}")


def unfit(address: str) -> str:
    """Why no mail can be handed over to what looks like an address; empty if it can."""
    try:
        ascii_address(address)
    except UnicodeError:
        return "has a domain that cannot be"
    except ValueError:
        return "has letters before the @ that mail servers do not take"
    return ""


def _address_help(text: str) -> str:
    """What was likely meant by what is no address."""
    one_brace = re.search(r"\{\s*([\w.]+)\s*\}", text)
    if one_brace:
        return f"write `{{{{ {one_brace[1]} }}}}`, with two braces"
    if re.search(r"[,;]|\s", text.strip()) and text.count("@") > 1:
        return "write several as a list: [anna@example.com, ben@example.com]"
    return "write `anna@example.com`, or `Anna <anna@example.com>`"


def _check_templates(
    document: Document, data: Mapping[str, Any], given: Mapping[str, Any], shown: set[str], each: Each | None
) -> None:
    for name, place in _names(given):
        if name.partition(".")[0] != "each":
            _check_name(document, name, place, shown, data.get("params") or {}, each is not None)
        elif data.get("for_each") is None:
            document.tell(
                "unknown-value",
                f"`{{{{ {name[:60]} }}}}` needs `for_each`: this is one report for all",
                place,
                "add for example `for_each: user.name`",
            )
    for text, place in _texts(given):
        left = TEMPLATE.sub("", text)
        if "{{" in left or "}}" in left:
            document.tell("bad-template", "`{{` and `}}` do not pair", place, "write for example `{{ report.title }}`")
        elif (single := _ONE_BRACE.search(left)) and place[1] in ("subject", "body"):
            said = f"`{single[0][:60]}` stays as it is"
            help = f"write `{{{{ {single[1][:60]} }}}}` for its value"
            document.tell("bad-template", said, place, help, warning=True)


def _check_name(
    document: Document, name: str, place: Place, shown: set[str], params: Mapping[str, Any], each: bool
) -> None:
    """That a name which is no `each.…` stands for something."""
    head, _, rest = name.partition(".")
    if (head == "report" and rest in REPORT) or (head == "params" and rest in params):
        return
    metric, _, part = rest.rpartition(".")
    if head == "metrics" and part in OF_METRIC:
        if metric not in shown:
            document.tell(
                "unknown-metric",
                f"`{metric[:60]}` is in no tile of this report",
                place,
                suggestion(metric, shown) or "add it to `metrics`, or to a section `kpis`",
            )
        return
    known = [
        *(f"report.{one}" for one in REPORT),
        *(f"params.{one}" for one in params),
        *(f"metrics.{one}.{part}" for one in sorted(shown) for part in OF_METRIC),
    ]
    # What lacks its end or its beginning is of a tile more often than anything else.
    whole = next(
        (one for one in (f"{name}.text", f"metrics.{name}", f"metrics.{name}.text", f"report.{name}") if one in known),
        None,
    )
    near = f"did you mean `{whole}`?" if whole else suggestion(name, known)
    there = ["report.title", "report.period", "metrics.….text", *(["each.value"] if each else [])]
    document.tell(
        "unknown-value",
        f"`{{{{ {name[:60]} }}}}` stands for nothing here",
        place,
        near or f"there are {', '.join(there)} and others",
    )


def check_settings(document: Document, project: Document) -> None:
    """Warn of a spec that is mailed in a project which does not say how. Its secrets may be absent
    where specs are only checked, so what is named there counts, empty or not."""
    given = document.data.get("deliver") if isinstance(document.data, dict) else None
    if not isinstance(given, dict) or not any(given.get(key) for key in MAILED):
        return
    own = project.data.get("deliver") if isinstance(project.data, dict) else None
    lacking = [f"`{key}`" for key in ("smtp", "from", "allow") if key not in (own or {})]
    if not lacking:
        return
    what = " and ".join(filter(None, (", ".join(lacking[:-1]), lacking[-1])))
    said = f"the project's `deliver` lacks {what}, so that nothing can be sent"
    help = f"name {'it' if len(lacking) == 1 else 'them'} in `{project.file}` under `deliver`"
    document.tell("not-sendable", said, ("deliver",), help, key=True, warning=True)


# --- the project's part ------------------------------------------------------------------------


def mail_of(document: Document, data: Mapping[str, Any]) -> Mail:
    """How the project sends."""
    given = data.get("deliver")
    if not isinstance(given, dict):
        return Mail()
    base: Place = ("deliver",)
    _check_ends(document, given)
    for index, entry in enumerate(given.get("allow") or ()):
        named = split(f"x{entry}" if str(entry).startswith("@") else str(entry))
        if named is None or str(entry).startswith("*") or "<" in str(entry) or unfit(named[1]):
            document.tell(
                "bad-address",
                f"`{str(entry)[:80]}` is no address and no domain",
                (*base, "allow", index),
                "write `anna@example.com`, or `@example.com` for all of a domain",
            )
    outlets = given.get("outlets") or {}
    return Mail(
        str(given.get("smtp") or ""),
        str(given.get("from") or ""),
        tuple(map(str, given.get("allow") or ())),
        str(given.get("ledger") or Mail().ledger),
        float(given.get("max_size", Mail().max_size)),
        _seconds(given.get("try_for"), Mail().try_for),
        {name: _outlet(document, name, spec) for name, spec in outlets.items()},
        document.span((*base, "allow")),
    )


def _seconds(given: Any, otherwise: float) -> float:
    """A length of time (`90s`, `2m`) in seconds; the schema has said what is wrong with another."""
    found = re.fullmatch(r"(\d{1,4})([sm])", str(given or ""))
    return min(int(found[1]) * (60 if found[2] == "m" else 1), MOST_TRYING) if found else otherwise


def _check_ends(document: Document, given: Mapping[str, Any]) -> None:
    """Who sends, through what, and where that is written down."""
    sender, smtp, ledger = (str(given.get(key) or "") for key in ("from", "smtp", "ledger"))
    named = split(sender)
    why = unfit(named[1]) if named else "is no address"
    if sender and why:
        document.tell(
            "bad-address", f"`{sender[:80]}` {why}", ("deliver", "from"), "write `Reports <reports@example.com>`"
        )
    if smtp and not _is_url(smtp, "smtp", "smtps"):
        document.tell(
            "bad-url",
            "`deliver.smtp` is no URL of a mail server",
            ("deliver", "smtp"),
            "write smtps://user:${SMTP_PASSWORD}@smtp.example.com:465, odd characters of the password as %-codes",
        )
    if "://" in ledger and not ledger.startswith(("postgres://", "postgresql://")):
        document.tell(
            "bad-url",
            "a ledger is a file or a PostgreSQL database",
            ("deliver", "ledger"),
            "write a path, or postgresql://…",
        )


def _is_url(text: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no number
        return parts.scheme in schemes and bool(parts.hostname)
    except ValueError:
        return False


def _outlet(document: Document, name: str, spec: Mapping[str, Any]) -> Outlet:
    kind = next((one for one in ("folder", "store", "webhook", "slack") if one in spec), "")
    place: Place = ("deliver", "outlets", name, kind)
    target, link = str(spec.get(kind, "")), str(spec.get("link") or "")
    here = re.match(r"http://(localhost|127\.0\.0\.1)[:/]", target)
    if kind in ("webhook", "slack") and target and not (here or _is_url(target, "https")):
        document.tell(
            "bad-url",
            f"the {kind} of `{name}` is no https address",
            place,
            "write https://…; http:// leads to this machine only",
        )
    patterns: list[tuple[str, Place]] = [(link, ("deliver", "outlets", name, "link"))]
    if kind in ("folder", "store"):
        patterns.append((target, place))
    for text, where in patterns:
        for part in re.findall(r"\{([^{}]*)\}", text):
            if part not in _PLACES:
                document.tell(
                    "bad-pattern",
                    f"`{{{part[:40]}}}` stands for nothing here",
                    where,
                    suggestion(part, _PLACES) or "there are {report}, {period}, {each}",
                )
    return Outlet(name, kind, target, link)
