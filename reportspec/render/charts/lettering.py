"""Where labels stand and how long they may be. Their widths come from the font's own table, so that their
places are known without a browser."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Literal

from reportspec.render.charts.svg import SIZE, Frame, Label
from reportspec.render.fonts import clipped, text_width
from reportspec.render.palette import MUTED

GAP = 7  # between labels and what they name
BETWEEN = 8  # between labels in a row
LINE = SIZE * 1.2  # from one line of a label to the next
LONGEST_TURNED = 100  # pixels

_ANGLE = -35  # of labels that would collide if level


def widest(texts: Iterable[str]) -> float:
    """The pixels that the widest of some labels takes."""
    return max(map(text_width, texts), default=0.0) * SIZE


def beside(texts: Sequence[str], ys: Sequence[float], x: float, colour: str = MUTED) -> list[Label]:
    """Labels in a column, ending left of the plot or starting right of it."""
    anchor: Literal["start", "end"] = "end" if x < 0 else "start"
    return [Label(x, y + SIZE * 0.35, text, anchor, colour) for text, y in zip(texts, ys, strict=True)]


def below_room(texts: Sequence[str], slot: float, rotate: bool, longest: float = LONGEST_TURNED) -> float:
    """The pixels that `below` takes under the plot."""
    if _stacked(texts, slot, rotate):
        return 2 * LINE + GAP + 5
    if not _turned(texts, slot, rotate):
        return SIZE + GAP + 5
    return min(widest(texts), longest) * math.sin(math.radians(-_ANGLE)) + SIZE + GAP


def left_room(texts: Sequence[str], first: float, slot: float, rotate: bool, longest: float) -> float:
    """The pixels left of the plot that the first label takes, whose place is `first`, where labels are turned."""
    if not _turned(texts, slot, rotate):
        return 0.0
    return min(widest(texts[:1]), longest) * math.cos(math.radians(_ANGLE)) - first


def below(
    texts: Sequence[str],
    xs: Sequence[float],
    frame: Frame,
    slot: float,
    rotate: bool,
    longest: float = LONGEST_TURNED,
) -> list[Label]:
    """Labels in a row under the plot. Where they would collide they have two lines, if these fit; else they are turned,
    if allowed, cut where they are longer than `longest` pixels, and thinned out evenly, the first one kept; none leaves
    the drawing."""
    if lines := _stacked(texts, slot, rotate):
        return [
            Label(x, frame.height + GAP + SIZE + at * LINE, line)
            for of_one, x in zip(lines, xs, strict=True)
            for at, line in enumerate(of_one)
        ]
    if _turned(texts, slot, rotate):
        every = math.ceil(SIZE * 2 / slot)
        labels = []
        for text, x in list(zip(texts, xs, strict=True))[::every]:
            room = (x + frame.left) / math.cos(math.radians(_ANGLE))
            short = clipped(text, min(longest, room) / SIZE)
            labels.append(Label(x + 3, frame.height + GAP + 5, short, "end", MUTED, _ANGLE))
        return labels
    level = [clipped(text, max(slot, 150) / SIZE) for text in texts]
    every = next((every for every in range(1, len(level)) if _apart(level[::every], xs[::every])), max(len(level), 1))
    labels, free = [], -math.inf  # from where on there is room for another one
    for text, x in list(zip(level, xs, strict=True))[::every]:
        half = text_width(text) * SIZE / 2
        if every > 1 and labels and x + half > frame.width + frame.right:
            continue
        inside = min(max(x, half - frame.left), frame.width + frame.right - half)
        if inside - half < free:
            continue
        free = inside + half + BETWEEN / 2
        labels.append(Label(inside, frame.height + GAP + SIZE, text))
    return labels


def _apart(texts: Sequence[str], xs: Sequence[float]) -> bool:
    """Whether labels in a row leave room between each two."""
    halves = [text_width(text) * SIZE / 2 for text in texts]
    return all(xs[at] + halves[at] + BETWEEN <= xs[at + 1] - halves[at + 1] + 1e-9 for at in range(len(texts) - 1))


def _turned(texts: Sequence[str], slot: float, rotate: bool) -> bool:
    return rotate and widest(texts) + BETWEEN > slot and not _stacked(texts, slot, rotate)


def in_lines(text: str, room: float) -> list[str]:
    """A label as it stands in `room` pixels: in one line, else in the two that are the shortest, parted at a blank."""
    words = text.split(" ")
    if len(words) < 2 or widest([text]) <= room:
        return [text]
    parted = [[" ".join(words[:at]), " ".join(words[at:])] for at in range(1, len(words))]
    return min(parted, key=widest)


def _stacked(texts: Sequence[str], slot: float, rotate: bool) -> list[list[str]]:
    """The two lines of each label (`Q3`, `2026`) where some would be turned otherwise; none where two lines do not
    fit."""
    if not rotate or widest(texts) + BETWEEN <= slot:
        return []
    lines = [in_lines(text, slot - 4) for text in texts]
    return lines if widest(line for of_one in lines for line in of_one) + 4 <= slot else []


def named(texts: Sequence[str], limit: float = 200) -> list[str]:
    """Category names, cut with … where they are longer than `limit` pixels."""
    return [clipped(text, limit / SIZE) for text in texts]
