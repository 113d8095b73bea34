"""`deliver`: who gets a report, and when."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from reportspec.addresses import allowed, split, unfit
from reportspec.check.deliver_texts import MAILED, OF_METRIC, TEMPLATE, names_in, texts_of
from reportspec.check.when import condition_of, lost_with_others, tiles_of, told_apart
from reportspec.diagnostics import meant_by, suggestion
from reportspec.model.mail import FORMS, Delivery, Form, Mail
from reportspec.model.spec import Each, SectionSpec
from reportspec.resolve.binding import Binding
from reportspec.resolve.document import Document, Place

REPORT = ("title", "period", "type", "compare", "as_of", "data_as_of")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_ONE_BRACE = re.compile(r"\{\s*((?:report|metrics|params|each)\.[^{}]*?)\s*\}")


def delivery_of(
    document: Document,
    data: Mapping[str, Any],
    sections: Sequence[SectionSpec],
    each: Each | None,
    mail: Mail,
    binding: Binding,
) -> Delivery | None:
    """What `deliver` asks for, or None where there is none."""
    delivery = data.get("deliver")
    if not isinstance(delivery, dict):
        return None
    _check_somebody(document, delivery)
    shown = set(tiles_of(sections))
    _check_templates(document, data, delivery, shown, each)
    for name, place in names_in(delivery):
        head, _, rest = name.partition(".")
        metric = rest if rest in shown else rest.rpartition(".")[0]
        if head == "metrics" and metric in shown:
            told_apart(document, sections, metric, place, name)
    _check_addresses(document, delivery, mail)
    _check_outlets(document, delivery, mail)
    attached = _attached(document, delivery.get("attach", "pdf"))
    within = re.fullmatch(r"(\d{1,5})([mhd])", str(delivery.get("fresh_within") or ""))
    return Delivery(
        _list(delivery.get("to")),
        _list(delivery.get("cc")),
        _list(delivery.get("bcc")),
        str(delivery.get("reply_to") or ""),
        str(delivery.get("subject") or ""),
        str(delivery.get("body") or ""),
        condition_of(document, data, sections, binding.catalogue),
        delivery.get("empty", "send"),
        attached,
        timedelta(**{_UNITS[within[2]]: int(within[1])}) if within else None,
        _list(delivery.get("on_failure")),
        delivery.get("in_doubt", "resend"),
        tuple(delivery.get("also") or ()),
    )


def _check_somebody(document: Document, given: Mapping[str, Any]) -> None:
    """That somebody gets the report."""
    if not any(key in given for key in (*MAILED, "also")) and set(given) <= set(Delivery.__slots__):
        document.tell(
            "missing-key",
            "`deliver` names nobody who gets the report",
            ("deliver",),
            "add for example `to: anna@example.com`",
            key=True,
        )


def _check_outlets(document: Document, given: Mapping[str, Any], mail: Mail) -> None:
    """That the project has the ways out."""
    for index, name in enumerate(given.get("also") or ()):
        if name not in mail.outlets:
            document.tell(
                "unknown-outlet",
                f"the project has no way out `{str(name)[:60]}`",
                ("deliver", "also", index),
                suggestion(str(name), mail.outlets, never_sure=True)
                or "name it in the project file: `deliver: {outlets: …}`",
            )


def _attached(document: Document, attach: Any) -> tuple[Form, ...]:
    """The forms that are attached, one or a list of them."""
    if isinstance(attach, str) and attach not in FORMS:  # of a list the schema says it
        document.tell(
            "unknown-value",
            f"`deliver.attach` cannot be `{attach[:40]}`",
            ("deliver", "attach"),
            suggestion(attach, FORMS) or f"it takes {', '.join(f'`{form}`' for form in FORMS)}",
        )
    return (attach,) if isinstance(attach, str) else tuple(attach)  # type: ignore[return-value]


def _list(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else (str(value),) if value else ()


def _check_addresses(document: Document, given: Mapping[str, Any], mail: Mail) -> None:
    """That those which are written out are addresses, and may be written to."""
    for key in (*MAILED, "reply_to", "on_failure"):
        for text, place in texts_of(given, (key,)):
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
                message = f"`{named[1][:80]}` may not be sent mail: it is not on the project's list"
                document.tell(
                    "not-allowed", message, place, f"add it, or `@` and its domain, to `deliver.allow`{where}"
                )


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
    for name, place in names_in(given):
        if name.partition(".")[0] != "each":
            _check_name(document, name, place, shown, data, each is not None)
        elif data.get("for_each") is None:
            document.tell(
                "unknown-value",
                f"`{{{{ {name[:60]} }}}}` needs `for_each`: this is one report for all",
                place,
                "add for example `for_each: user.name`",
            )
    for text, place in texts_of(given):
        left = TEMPLATE.sub("", text)
        if "{{" in left or "}}" in left:
            document.tell("bad-template", "`{{` and `}}` do not pair", place, "write for example `{{ report.title }}`")
        elif (single := _ONE_BRACE.search(left)) and place[1] in ("subject", "body"):
            message = f"`{single[0][:60]}` stays as it is"
            help = f"write `{{{{ {single[1][:60]} }}}}` for its value"
            document.tell("bad-template", message, place, help, warning=True)


def _check_name(
    document: Document, name: str, place: Place, shown: set[str], data: Mapping[str, Any], each: bool
) -> None:
    """That a name which is no `each.…` stands for something."""
    params = data.get("params") or {}
    head, _, rest = name.partition(".")
    if (head == "report" and rest in REPORT) or (head == "params" and rest in params):
        return
    metric, _, part = rest.rpartition(".")
    lost = metric if part in OF_METRIC else rest
    if head == "metrics" and lost not in shown and lost_with_others(document, data, shown, lost):
        return
    if head == "metrics" and rest in shown:
        return
    if head == "metrics" and part in OF_METRIC:
        if metric not in shown:
            document.tell(
                "unknown-metric",
                f"`{metric[:60]}` is in no tile of this report",
                place,
                suggestion(metric, shown) or "add it to `metrics`, or to a section `kpis`",
                part=name,
            )
        return
    known = [
        *(f"report.{name}" for name in REPORT),
        *(f"params.{name}" for name in params),
        *(f"metrics.{name}" for name in sorted(shown)),
        *(f"metrics.{name}.{part}" for name in sorted(shown) for part in OF_METRIC),
    ]
    # What lacks its end or its beginning is of a tile more often than anything else.
    whole = next(
        (
            name
            for name in (f"{name}.text", f"metrics.{name}", f"metrics.{name}.text", f"report.{name}")
            if name in known
        ),
        None,
    )
    near = meant_by(name, whole) if whole else suggestion(name, known)
    there = ["report.title", "report.period", "metrics.….text", *(["each.value"] if each else [])]
    document.tell(
        "unknown-value",
        f"`{{{{ {name[:60]} }}}}` stands for nothing here",
        place,
        near or f"there are {', '.join(there)} and others",
        part=name,
    )


def check_settings(document: Document, project: Document) -> None:
    """Warn of a spec that is mailed in a project which does not say how. Its secrets may be absent
    where specs are only checked, so what is named there counts, empty or not."""
    delivery = document.data.get("deliver") if isinstance(document.data, dict) else None
    if not isinstance(delivery, dict) or not any(delivery.get(key) for key in MAILED):
        return
    of_project = project.data.get("deliver") if isinstance(project.data, dict) else None
    lacking = [f"`{key}`" for key in ("smtp", "from", "allow") if key not in (of_project or {})]
    if not lacking:
        return
    what = " and ".join(filter(None, (", ".join(lacking[:-1]), lacking[-1])))
    message = f"the project's `deliver` lacks {what}, so that nothing can be sent"
    help = f"name {'it' if len(lacking) == 1 else 'them'} in `{project.file}` under `deliver`"
    document.tell("not-sendable", message, ("deliver",), help, key=True, warning=True)
