"""The small line in a tile."""

from __future__ import annotations

from markupsafe import escape

from reportspec.render.palette import FAINT, Palette

_WIDTH, _HEIGHT, _MARGIN = 108.0, 17.0, 2.5


def sparkline(values: tuple[float | None, ...], palette: Palette, title: str) -> str:
    """A line over the buckets with a dot on the last one, dotted over those of which there is no value."""
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
    path: list[str] = []
    over: list[str] = []
    before = None
    pen_down = False
    for point in points:
        if point is not None:
            at = f"{point[0]:.1f} {point[1]:.1f}"
            path.append(f"{'L' if pen_down else 'M'}{at}")
            if before is not None and not pen_down:
                over.append(f"M{before} L{at}")
            before = at
        pen_down = point is not None
    gaps = f'<path d="{"".join(over)}" fill="none" stroke="{FAINT}" stroke-width="0.7" stroke-dasharray="1 1.6"/>'
    last_x, last_y = next(point for point in reversed(points) if point is not None)
    return (
        f'<svg class="spark" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img"'
        ' preserveAspectRatio="xMinYMid meet">'
        f"<title>{escape(title)}</title>"
        f'<path d="{"".join(path)}" fill="none" stroke="{FAINT}" stroke-width="1.1"'
        ' stroke-linejoin="round" stroke-linecap="round"/>'
        f"{gaps if over else ''}"
        f'<circle cx="{last_x:.1f}" cy="{last_y:.1f}" r="1.9" fill="{palette.accent}"/></svg>'
    )
