"""Drawings of a few strokes, made by hand: sparklines and goal bars. Numbers in, SVG out."""

from __future__ import annotations

from xml.sax.saxutils import escape

from reportspec.model.figures import Goal
from reportspec.render.palette import BAD, FAINT, GOOD, RULE, WARN, Palette

_WIDTH, _HEIGHT, _MARGIN = 108.0, 17.0, 2.5


def sparkline(values: tuple[float | None, ...], palette: Palette, title: str) -> str:
    """A line over the buckets with a dot on the last one; gaps where a value is missing."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    spread = (high - low) or 1.0
    step = (_WIDTH - 2 * _MARGIN) / (len(values) - 1)
    points = [
        None
        if value is None
        else (
            _MARGIN + index * step,
            _HEIGHT - _MARGIN - (value - low) / spread * (_HEIGHT - 2 * _MARGIN),
        )
        for index, value in enumerate(values)
    ]
    path, pen_down = [], False
    for point in points:
        if point is not None:
            path.append(f"{'L' if pen_down else 'M'}{point[0]:.1f} {point[1]:.1f}")
        pen_down = point is not None
    last_x, last_y = next(point for point in reversed(points) if point is not None)
    return (
        f'<svg class="spark" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img"'
        ' preserveAspectRatio="xMinYMid meet">'
        f"<title>{escape(title)}</title>"
        f'<path d="{"".join(path)}" fill="none" stroke="{FAINT}" stroke-width="1.1"'
        ' stroke-linejoin="round" stroke-linecap="round"/>'
        f'<circle cx="{last_x:.1f}" cy="{last_y:.1f}" r="1.9" fill="{palette.accent}"/></svg>'
    )


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
