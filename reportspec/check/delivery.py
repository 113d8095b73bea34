"""`for_each` and `deliver`: whom reports are for, who gets them, and when."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from reportspec.addresses import split
from reportspec.binding import Binding, Unresolved
from reportspec.check.conditions import condition, field_named
from reportspec.check.document import Document, Place
from reportspec.check.model import EACH, Condition, Delivery, Each, Mail, Outlet, SectionSpec
from reportspec.diagnostics import suggestion
from reportspec.plan.queries import Dimension

TEMPLATE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
REPORT = ("title", "period", "type", "compare", "as_of", "data_as_of")
OF_METRIC = ("text", "value", "change", "previous", "goal", "state")
WORDS = ("always", "goal_missed", "goal_at_risk", "not_empty", "changed")
_COMPARISON = re.compile(
    r"\s*([A-Za-z_][\w.()=, ]*?)\s*(<=|>=|!=|<>|<|>|==|=)\s*(-?\d+(?:\.\d+)?)\s*(%?)\s*"
)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_PLACES = ("report", "period", "each")
MOST_RECIPIENTS = 100_000  # rows of a file


# --- for_each --------------------------------------------------------------------------------


def each_of(
    document: Document, binding: Binding, data: Mapping[str, Any], root: Path
) -> Each | None:
    """What `for_each` asks for, or None where there is none or it is wrong."""
    given = data.get("for_each")
    if given is None:
        return None
    spec = given if isinstance(given, dict) else {"field": given}
    path: Place = ("for_each", "field") if isinstance(given, dict) else ("for_each",)
    name = str(spec.get("field", ""))
    found = field_named(binding, document, name, path)
    if found is None:
        return None
    if found.type not in ("text", "key"):
        document.tell("bad-each", f"`{name}` has no names as values: it is a {found.type}", path,
                      "name a text, such as `user.name`")  # fmt: skip
        return None
    tree = condition(binding, document, {"field": name, "eq": EACH}, path, {})
    parts = tuple(name.split("."))
    if tree is None:
        return None
    try:
        binding.need_reference(
            found.entity, binding.resolve(found.entity, (found.entity, found.name))
        )
    except Unresolved as why:
        document.tell(why.code, f"`{name}` cannot be listed: {why.message}", path, why.help)
        return None
    conditions = []
    if isinstance(given, dict) and spec.get("where"):
        from reportspec.check.report import user_condition

        where = user_condition(document, binding, str(spec["where"]), ("for_each", "where"), data)
        if where is not None:
            try:
                binding.need_tree(found.entity, where)
                conditions.append(where)
            except Unresolved as why:
                document.tell(
                    why.code,
                    f"the values cannot be chosen so: {why.message}",
                    ("for_each", "where"),
                    why.help,
                )
    table = None
    if isinstance(given, dict) and spec.get("recipients"):
        table = _table(document, str(spec["recipients"]), root)
    dimension = Dimension(name, parts, found)
    return Each(
        dimension,
        tree,
        tuple(conditions),
        _each_fields(document, binding, data, found.entity, table),
        table,
    )


def _table(document: Document, name: str, root: Path) -> dict[str, dict[str, str]]:
    place: Place = ("for_each", "recipients")
    try:
        text = (root / name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else "cannot be read"
        document.tell(
            "file-not-found",
            f"the file `{name}` {why}",
            place,
            "its path starts at the project file's folder",
        )
        return {}
    rows = csv.DictReader(io.StringIO(text))
    if "value" not in (rows.fieldnames or ()):
        document.tell(
            "bad-recipients",
            f"`{name}` has no column `value`",
            place,
            "its first line names the columns: value,email",
        )
        return {}
    found: dict[str, dict[str, str]] = {}
    for number, row in enumerate(rows, 2):
        value = str(row.get("value") or "")
        if None in row or any(cell is None for cell in row.values()):
            document.tell(
                "bad-recipients", f"line {number} of `{name}` has another number of columns", place
            )
            break
        if value in found:
            document.tell("bad-recipients", f"`{name}` has `{value[:60]}` twice, in line {number} again", place,
                          "put all addresses of a value in one cell, with blanks between them")  # fmt: skip
            break
        if len(found) >= MOST_RECIPIENTS:
            document.tell(
                "bad-recipients", f"`{name}` has more than {MOST_RECIPIENTS:,} rows", place
            )
            break
        found[value] = {str(key): str(cell).strip() for key, cell in row.items()}
    return found


def _each_fields(
    document: Document, binding: Binding, data: Mapping[str, Any], entity: str, table: Mapping[str, Mapping[str, str]] | None
) -> tuple[tuple[str, tuple[str, ...]], ...]:  # fmt: skip
    """The fields that the texts of `deliver` name as `each.…`."""
    found: dict[str, tuple[str, ...]] = {}
    columns = {key for row in (table or {}).values() for key in row}
    for text, place in _texts(data.get("deliver")):
        for name in TEMPLATE.findall(text):
            short = name.removeprefix("each.")
            if not name.startswith("each.") or short in ("value", "") or short in columns:
                continue
            field = binding.field(entity, short)
            if field is None:
                known = [*columns, *(one.name for one in binding.fields(entity)), "value"]
                document.tell("unknown-field", f"`{{{{ {name[:60]} }}}}` stands for nothing: `{entity}` has no `{short[:40]}`",
                              place, suggestion(short, known))  # fmt: skip
                continue
            try:
                binding.need_reference(entity, binding.resolve(entity, (entity, short)))
            except Unresolved as why:
                document.tell(
                    why.code,
                    f"`{{{{ {name} }}}}` is not known here: {why.message}",
                    place,
                    why.help,
                )
                continue
            found[short] = (entity, short)
    return tuple(found.items())


def _texts(deliver: Any) -> Iterable[tuple[str, Place]]:
    if not isinstance(deliver, dict):
        return
    for key in ("to", "cc", "bcc", "reply_to", "subject", "body", "on_failure"):
        value = deliver.get(key)
        if isinstance(value, str):
            yield value, ("deliver", key)
        elif isinstance(value, list):
            yield from ((str(one), ("deliver", key, index)) for index, one in enumerate(value))


# --- deliver ---------------------------------------------------------------------------------


def delivery_of(
    document: Document, data: Mapping[str, Any], sections: Iterable[SectionSpec], each: Each | None, mail: Mail
) -> Delivery | None:  # fmt: skip
    """What `deliver` asks for, or None where there is none."""
    given = data.get("deliver")
    if not isinstance(given, dict):
        return None
    shown = {
        metric.id for section in sections if section.kind == "kpis" for metric in section.metrics
    }
    _check_templates(document, data, given, shown, each)
    for key in ("to", "cc", "bcc", "reply_to", "on_failure"):
        for text, place in _texts({key: given.get(key)}):
            if "{{" not in text and split(text) is None:
                document.tell(
                    "bad-address",
                    f"`{text[:80]}` is no address",
                    place,
                    "write `anna@example.com`, or `Anna <anna@example.com>`",
                )
    for index, name in enumerate(given.get("also") or ()):
        if name not in mail.outlets:
            document.tell("unknown-outlet", f"the project has no way out `{str(name)[:60]}`", ("deliver", "also", index),
                          suggestion(str(name), mail.outlets) or "name it in the project file: `deliver: {outlets: …}`")  # fmt: skip
    fresh = str(given.get("fresh_within") or "")
    within = re.fullmatch(r"(\d+)([mhd])", fresh)
    attach = given.get("attach", "pdf")
    from reportspec.formats import FORMS

    forms = (attach,) if isinstance(attach, str) else tuple(attach)
    for index, form in enumerate(forms):
        if form not in FORMS:
            at: Place = (
                ("deliver", "attach") if isinstance(attach, str) else ("deliver", "attach", index)
            )
            document.tell("bad-value", f"there is no form `{str(form)[:40]}`", at,
                          suggestion(str(form), FORMS) or f"there are {', '.join(FORMS)}")  # fmt: skip
    return Delivery(
        _list(given.get("to")),
        _list(given.get("cc")),
        _list(given.get("bcc")),
        str(given.get("reply_to") or ""),
        str(given.get("subject") or ""),
        str(given.get("body") or ""),
        _when(document, str(given.get("when") or "always"), shown),
        given.get("empty", "send"),
        forms,
        timedelta(**{_UNITS[within[2]]: int(within[1])}) if within else None,
        _list(given.get("on_failure")),
        given.get("in_doubt", "resend"),
        tuple(given.get("also") or ()),
    )


def _list(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),) if value else ()


def _check_templates(
    document: Document, data: Mapping[str, Any], given: Mapping[str, Any], shown: set[str], each: Each | None
) -> None:  # fmt: skip
    params = data.get("__params__") or {}
    for text, place in _texts(given):
        for name in TEMPLATE.findall(text):
            head, _, rest = name.partition(".")
            if head == "each":
                if each is None and data.get("for_each") is None:
                    document.tell("unknown-value", f"`{{{{ {name[:60]} }}}}` needs `for_each`: this is one report for all", place,
                                  "add for example `for_each: user.name`")  # fmt: skip
            elif head == "report" and rest in REPORT:
                continue
            elif head == "params" and rest in params:
                continue
            elif head == "metrics" and rest.rpartition(".")[2] in OF_METRIC:
                metric = rest.rpartition(".")[0]
                if metric not in shown:
                    document.tell("unknown-metric", f"`{metric[:60]}` is in no tile of this report", place,
                                  suggestion(metric, shown) or "add it to `metrics`, or to a section `kpis`")  # fmt: skip
            else:
                known = [*(f"report.{one}" for one in REPORT), *(f"params.{one}" for one in params),
                         *(f"metrics.{one}.{part}" for one in sorted(shown) for part in OF_METRIC)]  # fmt: skip
                document.tell("unknown-value", f"`{{{{ {name[:60]} }}}}` stands for nothing here", place,
                              suggestion(name, known) or "there are report.title, report.period, metrics.….text, each.…")  # fmt: skip
        if TEMPLATE.sub("", text).count("{{") or TEMPLATE.sub("", text).count("}}"):
            document.tell("bad-template", "`{{` and `}}` do not pair", place)


def _when(document: Document, text: str, shown: set[str]) -> Condition:
    if text in WORDS:
        return Condition(text)  # type: ignore[arg-type]
    place: Place = ("deliver", "when")
    if not any(sign in text for sign in "<>="):
        document.tell("bad-condition", f"`{text[:60]}` is no condition", place,
                      suggestion(text, WORDS) or f"there are {', '.join(WORDS)}, and comparisons such as `close_rate < 0.3`")  # fmt: skip
        return Condition("always")
    joined = re.split(r"\s+(and|or)\s+", text)
    joiners = set(joined[1::2])
    if len(joiners) > 1:
        document.tell(
            "bad-condition", "`and` and `or` cannot be mixed", place, "send the report by two specs"
        )
        return Condition("always")
    found = []
    for part in joined[::2]:
        match = _COMPARISON.fullmatch(part)
        if match is None:
            document.tell(
                "bad-condition",
                f"`{part.strip()[:60]}` is no comparison",
                place,
                "write for example `close_rate < 0.3`",
            )
            continue
        if match[1] not in shown:
            document.tell("unknown-metric", f"`{match[1][:60]}` is in no tile of this report", place,
                          suggestion(match[1], shown) or "add it to `metrics`, or to a section `kpis`")  # fmt: skip
        number = float(match[3]) / (100 if match[4] else 1)
        found.append((match[1], {"==": "=", "<>": "!="}.get(match[2], match[2]), number))
    return Condition("compare", tuple(found), "or" not in joiners)


# --- the project's part ------------------------------------------------------------------------


def mail_of(document: Document, data: Mapping[str, Any]) -> Mail:
    """How the project sends."""
    given = data.get("deliver")
    if not isinstance(given, dict):
        return Mail()
    base: Place = ("deliver",)
    sender = str(given.get("from") or "")
    if sender and split(sender) is None:
        document.tell(
            "bad-address",
            f"`{sender[:80]}` is no address",
            (*base, "from"),
            "write `Reports <reports@example.com>`",
        )
    for index, entry in enumerate(given.get("allow") or ()):
        if split(f"x{entry}" if str(entry).startswith("@") else str(entry)) is None or "<" in str(
            entry
        ):
            document.tell("bad-address", f"`{str(entry)[:80]}` is no address and no domain", (*base, "allow", index),
                          "write `anna@example.com`, or `@example.com` for all of a domain")  # fmt: skip
    outlets = {}
    for name, spec in (given.get("outlets") or {}).items():
        kind = next((one for one in ("folder", "store", "webhook", "slack") if one in spec), "")
        place: Place = (*base, "outlets", name, kind)
        target = str(spec.get(kind, ""))
        if (
            kind in ("webhook", "slack")
            and target
            and not re.match(r"https://|http://(localhost|127\.0\.0\.1)[:/]", target)
        ):
            document.tell("bad-url", f"the {kind} of `{name}` is no https address", place)
        for text, where in (
            (target if kind in ("folder", "store") else "", place),
            (str(spec.get("link") or ""), (*base, "outlets", name, "link")),
        ):
            for part in re.findall(r"\{([^{}]*)\}", text):
                if part not in _PLACES:
                    document.tell("bad-pattern", f"`{{{part[:40]}}}` stands for nothing here", where,
                                  suggestion(part, _PLACES) or "there are {report}, {period}, {each}")  # fmt: skip
        outlets[name] = Outlet(name, kind, target, str(spec.get("link") or ""))
    return Mail(
        str(given.get("smtp") or ""),
        sender,
        tuple(map(str, given.get("allow") or ())),
        str(given.get("ledger") or Mail().ledger),
        float(given.get("max_size", Mail().max_size)),
        outlets,
        document.span(base),
    )
