"""What Slack is given."""

from __future__ import annotations

from typing import Any

from reportspec.deliver.outlets.parcel import Parcel
from reportspec.diagnostics import harmless, one_line
from reportspec.render.locale import formats_for
from reportspec.render.tile_texts import kpis, of_kpi


def slack_blocks(parcel: Parcel) -> dict[str, Any]:
    """A message in Slack's blocks: a heading, the tiles two by two, links."""
    figures, formats = parcel.figures, formats_for(parcel.figures)
    fields = []
    for kpi in list(kpis(figures).values())[:10]:
        tile = f"*{_as_text(kpi.column.label)}*\n{_as_text(of_kpi(kpi, 'text', formats))}"
        if kpi.change is not None:
            tile += f" ({_as_text(of_kpi(kpi, 'change', formats))})"
        if kpi.goal is not None:
            tile += f"\n{_as_text(of_kpi(kpi, 'state', formats))}"
        fields.append({"type": "mrkdwn", "text": tile[:2000]})
    heading = one_line(f"{figures.title} · {figures.period.label}")
    blocks: list[dict[str, Any]] = [{"type": "header", "text": {"type": "plain_text", "text": heading[:150]}}]
    for text in figures.notices:
        context = {"type": "mrkdwn", "text": _as_text(text)[:2000]}
        blocks.append({"type": "context", "elements": [context]})
    if figures.filters:
        context = {"type": "mrkdwn", "text": _as_text("; ".join(figures.filters))[:2000]}
        blocks.append({"type": "context", "elements": [context]})
    if fields:
        blocks.append({"type": "section", "fields": fields})
    if parcel.links:
        tile = " · ".join(f"<{url}|{_as_text(name)}>" for name, url in parcel.links)
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": tile[:3000]}})
    return {"text": _as_text(heading)[:300], "blocks": blocks}


def _as_text(text: str) -> str:
    """Text as text: Slack makes mentions and links of what stands between < and >."""
    text = harmless(text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\u00a0", " ")
