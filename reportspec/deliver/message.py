"""A report as one mail: its headers, a short text of the figures in two forms, the files."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from hashlib import sha256

from reportspec import diagnostics
from reportspec.addresses import ascii_address, split
from reportspec.deliver.template import of_kpi
from reportspec.diagnostics import harmless
from reportspec.model.figures import Figures, Kpi
from reportspec.render.locale import as_of_moment, data_moment, formats_for, tendency
from reportspec.render.palette import BAD, GOOD, INK, MUTED, RULE, WARN, palette_for
from reportspec.render.sentences import sentences

_POLICY = SMTP.clone(max_line_length=78)
_TYPES = {
    "pdf": ("application", "pdf"),
    "html": ("text", "html"),
    "csv": ("text", "csv"),
    "md": ("text", "markdown"),
    "xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "zip": ("application", "zip"),
}
_STATES = {"met": GOOD, "on_track": INK, "at_risk": WARN, "missed": BAD, "unknown": MUTED}
_MOST_TILES = 12
_LONGEST = 200  # letters of a subject


@dataclass(frozen=True, slots=True)
class Head:
    """What stands in the headers. All addresses are checked already."""

    sender: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    reply_to: str
    subject: str
    message_id: str
    list_name: str
    written: datetime
    refers: str = ""  # the message that this one corrects


def one_line(text: str) -> str:
    """A text without anything that could end a header or be read as another text (an encoded word),
    and of bearable length."""
    kept = diagnostics.one_line(text).replace("=?", "= ?")
    return kept if len(kept) <= _LONGEST else kept[: _LONGEST - 1].rstrip() + "…"


def message_id(sender: str, *key: str) -> str:
    """The same for the same report, period and recipient, so that a second copy can be told."""
    named = split(sender)
    domain = ascii_address(named[1]).rpartition("@")[2] if named else "localhost"
    return f"<{sha256(chr(0).join(key).encode()).hexdigest()[:40]}@{domain}>"


MARK = "X-Reportspec-Each"


def mark_of(figures: Figures) -> str:
    """What a mail says of the value that its figures are of, in a form that tells nobody which."""
    told = "=".join(figures.each).encode("utf-8", "surrogatepass") if figures.each else b""
    return sha256(told).hexdigest()[:40] if told else ""


def mail(
    head: Head,
    figures: Figures,
    body: str,
    files: Sequence[tuple[str, bytes]],
    links: Sequence[tuple[str, str]] = (),
    left_out: Sequence[str] = (),
) -> bytes:
    """The message as it is handed over: the same bytes for the same report."""
    made = EmailMessage(policy=_POLICY)
    made["Subject"] = one_line(head.subject)
    made["Date"] = format_datetime(head.written)
    made["Message-ID"] = head.message_id
    if head.refers:
        made["In-Reply-To"] = head.refers
        made["References"] = head.refers
    made["Auto-Submitted"] = "auto-generated"
    named = split(head.sender)
    domain = ascii_address(named[1]).rpartition("@")[2] if named else "localhost"
    made["List-Id"] = f"<{head.list_name}.{domain}>"
    if mark := mark_of(figures):
        made[MARK] = mark
    attached = [name for name, _ in files]
    made.set_content(as_text(figures, body, attached, links, left_out), cte="quoted-printable")
    made.add_alternative(as_html(figures, body, attached, links, left_out), subtype="html", cte="quoted-printable")
    for name, data in files:
        main, sub = _TYPES[name.rpartition(".")[2]]
        made.add_attachment(data, maintype=main, subtype=sub, filename=name)
    for place, part in enumerate(one for one in made.walk() if one.is_multipart()):
        part.set_boundary(f"=={sha256(f'{head.message_id}{place}'.encode()).hexdigest()[:30]}==")
    return _addressed(head) + made.as_bytes()


def notice(head: Head, text: str) -> bytes:
    """A plain message to those who look after the reports."""
    made = EmailMessage(policy=_POLICY)
    made["Subject"] = one_line(head.subject)
    made["Date"] = format_datetime(head.written)
    made["Message-ID"] = head.message_id
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(harmless(text), cte="quoted-printable")
    return _addressed(head) + made.as_bytes()


def _addressed(head: Head) -> bytes:
    """The headers with addresses, one address a line. The standard library folds them so that a long
    name beyond ASCII swallows the address beside it."""
    fields = (
        ("From", (head.sender,)),
        ("To", head.to),
        ("Cc", head.cc),
        ("Reply-To", (head.reply_to,)),
    )
    lines = [
        f"{name}: " + ",\r\n ".join(map(_address, filter(None, several))) + "\r\n"
        for name, several in fields
        if any(several)
    ]
    return "".join(lines).encode("ascii")


def _address(text: str) -> str:
    named = split(text)
    if named is None:
        raise ValueError("an address was not checked")
    name, address = one_line(named[0]), ascii_address(named[1])
    if name.isascii():
        return formataddr((name, address))
    return f"{Header(name, 'utf-8', maxlinelen=70).encode(linesep=chr(13) + chr(10))}\r\n <{address}>"


# --- the two texts -----------------------------------------------------------------------------


def _tiles(figures: Figures) -> list[Kpi]:
    """The tiles of the first section that has any, and others that have a goal."""
    first = next((section.kpis for section in figures.sections if section.kpis), ())
    others = [kpi for section in figures.sections for kpi in section.kpis if kpi.goal is not None]
    return list(dict.fromkeys([*first, *others]))[:_MOST_TILES]


def _period(figures: Figures) -> str:
    formats = formats_for(figures)
    if figures.compare is None:
        return figures.period.label
    return f"{figures.period.label} · {formats.word('compared_with')} {figures.compare.label}"


def _sentences(figures: Figures) -> list[str]:
    formats = formats_for(figures)
    return [text for section in figures.sections if section.highlights for text in sentences(figures, section, formats)]


def _closing(figures: Figures, attached: Sequence[str], left_out: Sequence[str]) -> list[str]:
    formats = formats_for(figures)
    word = formats.word
    said = []
    if attached:
        said.append(word("mail_attached", files=", ".join(attached)))
    if left_out:
        said.append(word("mail_left_out", files=", ".join(left_out)))
    as_of = f"{word('as_of')} {as_of_moment(formats, figures.as_of)}"
    if figures.data_as_of:
        as_of = f"{word('data_as_of')} {data_moment(formats, figures.data_as_of)} · {as_of}"
    said.append(as_of)
    said.append(word("mail_automatic"))
    return said


def as_text(
    figures: Figures,
    body: str,
    attached: Sequence[str],
    links: Iterable[tuple[str, str]],
    left_out: Sequence[str] = (),
) -> str:
    """The figures of the tiles, a line each, and the highlights."""
    formats = formats_for(figures)
    lines = [figures.title, _period(figures), *figures.notices, ""]
    if body:
        lines += [body.strip(), ""]
    if figures.filters:
        lines += [f"{formats.word('filters')}: {'; '.join(figures.filters)}", ""]
    for kpi in _tiles(figures):
        said = f"{kpi.column.label}: {of_kpi(kpi, 'text', formats)}"
        if kpi.change is not None:
            said += f" ({of_kpi(kpi, 'change', formats)})"
        if kpi.goal is not None:
            said += f" – {formats.word('goal')} {of_kpi(kpi, 'goal', formats)}: {of_kpi(kpi, 'state', formats)}"
        lines.append(said)
    told = _sentences(figures)
    if told:
        lines += ["", *(f"- {one}" for one in told)]
    lines += [
        "",
        *(f"{name}: {url}" for name, url in links),
        *_closing(figures, attached, left_out),
    ]
    return harmless("\n".join(line.replace("\u00a0", " ") for line in lines)) + "\n"


def as_html(
    figures: Figures,
    body: str,
    attached: Sequence[str],
    links: Iterable[tuple[str, str]],
    left_out: Sequence[str] = (),
) -> str:
    """The same as HTML that mail programs show: one table, styles in place, nothing to load."""
    formats = formats_for(figures)
    palette = palette_for(figures.theme.accent)
    e = html.escape
    font = "font-family:'Open Sans',Segoe UI,Helvetica,Arial,sans-serif"
    cell_css = f"padding:6px 12px 6px 0;border-bottom:1px solid {RULE};text-align:left;vertical-align:top"
    parts = [
        f'<!doctype html><html lang="{e(formats.language_tag)}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{e(figures.title)}</title></head>'
        f'<body style="margin:0;padding:16px;color:{INK};{font};font-size:15px;line-height:1.45">'
        f'<div style="max-width:640px;border-top:3px solid {palette.accent};padding-top:12px">'
        f'<h1 style="font-size:21px;margin:0;font-weight:600">{e(figures.title)}</h1>'
        f'<p style="margin:2px 0 14px;color:{MUTED}">{e(_period(figures))}'
        + (f" · {e('; '.join(figures.filters))}" if figures.filters else "")
        + "".join(f"<br>{e(text)}" for text in figures.notices)
        + "</p>"
    ]
    parts += [f'<p style="margin:0 0 12px">{_paragraph(one)}</p>' for one in re.split(r"\n\s*\n", body.strip()) if one]
    rows = []
    for kpi in _tiles(figures):
        tone = {"good": GOOD, "bad": BAD}.get(tendency(kpi.change, kpi.column.direction), MUTED)
        goal = ""
        if kpi.goal is not None:
            state = of_kpi(kpi, "state", formats)
            goal = (
                f"{e(formats.word('goal'))} {e(of_kpi(kpi, 'goal', formats))}<br>"
                f'<strong style="color:{_STATES[kpi.goal.state]}">{e(state)}</strong>'
            )
        rows.append(
            f'<tr><th scope="row" style="{cell_css};font-weight:400;color:{MUTED}">{e(kpi.column.label)}</th>'
            f'<td style="{cell_css};font-size:18px;font-weight:600;white-space:nowrap">'
            f"{e(of_kpi(kpi, 'text', formats))}</td>"
            f'<td style="{cell_css};color:{tone};white-space:nowrap">{e(of_kpi(kpi, "change", formats))}</td>'
            f'<td style="{cell_css};font-size:13px">{goal}</td></tr>'
        )
    if rows:
        parts.append(f'<table style="border-collapse:collapse;width:100%;margin:0 0 16px">{"".join(rows)}</table>')
    told = _sentences(figures)
    if told:
        parts.append(
            f'<ul style="margin:0 0 16px;padding-left:20px">{"".join(f"<li>{e(one)}</li>" for one in told)}</ul>'
        )
    parts += [f'<p style="margin:0 0 8px"><a href="{e(url)}">{e(name)}</a></p>' for name, url in links]
    closing = "<br>".join(e(one) for one in _closing(figures, attached, left_out))
    parts.append(f'<p style="margin:16px 0 0;color:{MUTED};font-size:12px">{closing}</p></div></body></html>')
    return harmless("\n".join(parts))


def _paragraph(text: str) -> str:
    return "<br>".join(html.escape(line) for line in text.splitlines())
