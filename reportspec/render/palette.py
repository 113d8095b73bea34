"""The report's colours: one accent, greys, and three that judge."""

from __future__ import annotations

import re

from reportspec.errors import RenderError
from reportspec.lazy_dataclass import dataclass

INK = "#1d2430"
LEAD = "#3a4350"
MUTED = "#667085"
FAINT = "#98a2b3"
RULE = "#e3e6eb"
PREVIOUS = "#7d8794"  # an outline, filled with the next
PREVIOUS_FILL = "#eef1f5"
# Better and worse differ for all common kinds of colour blindness, and in lightness: in grey the one is paler.
GOOD = "#0b7a75"
BETTER = "#4fb3a9"  # of bars
BAD = "#b3400f"
WARN = "#a15c07"

# After the accent: distinct in hue and in lightness, so that grey prints tell them apart too.
_SERIES = ("#7fb2d9", "#2f4858", "#d9a441", "#8d7bb8", "#5d9c86", "#c97a6d", "#9aa5b1")

_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")


@dataclass(frozen=True, slots=True)
class Palette:
    """`accent` fills; `accent_text` is as near to it as text on white can be read; `actual` fills bars of what
    happened, dark enough to stand out from what is drawn behind them; `tint` is the ground of a few words."""

    accent: str
    accent_text: str
    actual: str
    tint: str

    @property
    def series(self) -> tuple[str, ...]:
        """Colours of chart series, in order."""
        return (self.accent, *_SERIES)


def palette_for(accent: str) -> Palette:
    """The colours for an accent `#rrggbb`. Raises `RenderError` for anything else."""
    if not _COLOUR.fullmatch(accent):
        raise RenderError(f"theme: the accent colour {accent[:40]!r} is not of the form #0b5fff")
    digits = accent[1:]
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    channels = tuple(int(digits[at : at + 2], 16) for at in (0, 2, 4))
    text, actual = _darkened(channels, 4.5), _darkened(channels, _STANDS_OUT)
    return Palette(_hex(channels), _hex(text), _hex(actual), _hex(_mixed(channels, 0.14)))


_STANDS_OUT = 6.4  # the contrast on white of a lightness of 40


def _darkened(channels: tuple[int, ...], contrast: float) -> tuple[int, ...]:
    """The colour, as dark as that contrast on white asks."""
    while _contrast_on_white(channels) < contrast:
        channels = tuple(int(channel * 0.9) for channel in channels)
    return channels


def tinted(colour: str, share: float) -> str:
    """As much of a colour `#rrggbb` on white: no drawing needs transparency, which takes a group in PDFs."""
    return _hex(_mixed(_channels(colour), share))


def _hex(channels: tuple[int, ...]) -> str:
    return "#" + "".join(f"{channel:02x}" for channel in channels)


def _mixed(channels: tuple[int, ...], share: float) -> tuple[int, ...]:
    return tuple(round(255 - (255 - channel) * share) for channel in channels)


def readable_on(colour: str) -> str:
    """White or the ink, whichever stands out more on a colour `#rrggbb`."""
    on_ink = _contrast_on_white(_channels(INK)) / _contrast_on_white(_channels(colour))
    return "#ffffff" if _contrast_on_white(_channels(colour)) > on_ink else INK


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[at : at + 2], 16) for at in (1, 3, 5))


def _contrast_on_white(channels: tuple[int, ...]) -> float:
    """WCAG 2 contrast ratio against white."""
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in channels)
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 1.05 / (luminance + 0.05)
