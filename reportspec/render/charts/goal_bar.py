"""How far a tile's goal is reached."""

from __future__ import annotations

from markupsafe import escape

from reportspec.model.figures import Goal
from reportspec.render.palette import BAD, FAINT, GOOD, RULE, WARN, Palette


def goal_bar(goal: Goal, palette: Palette, title: str) -> str:
    """How much of the goal is reached; the tick is the goal, and the bar may pass it."""
    if goal.attainment is None:
        return ""
    reach = max(goal.attainment, 0.0)
    scale = 100 / max(1.0, min(reach, 1.5))  # where 100 % of the goal stands
    colours = {"met": GOOD, "on_track": palette.accent, "at_risk": WARN, "missed": BAD}
    tick = min(scale, 99.2)
    return (
        '<svg class="goal-bar" viewBox="0 0 100 5" preserveAspectRatio="none" role="img">'
        f"<title>{escape(title)}</title>"
        f'<rect x="0" y="1" width="100" height="3" fill="{RULE}"/>'
        f'<rect x="0" y="1" width="{min(reach * scale, 100):.1f}" height="3"'
        f' fill="{colours.get(goal.state, FAINT)}"/>'
        f'<rect x="{tick:.1f}" y="0" width="0.8" height="5" fill="#344054"/></svg>'
    )
