"""The copy of a spec that is attached to a report: what readers may know of how it was made, without who
else is sent it and what is expected of whom else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
LEFT_OUT = ("deliver", "for_each")
_SAID = "# Left out of this copy: {}.\n"


def _of_others(root: yaml.MappingNode, field: str) -> set[str]:
    """The keys of a spec that may name other values than a report's own."""
    word = re.compile(rf"\w\.(?:email|{re.escape(field.rpartition('.')[2])})\b")  # by any way that leads there
    texts = {str(key.value): list(_texts(value)) for key, value in root.value}
    filters = {key for key in ("filters", "where") if any(map(word.search, texts.get(key, [])))}
    taken = any("params." in text for key in filters for text in texts[key])
    return {"goals", *filters, *(["params"] if taken else [])}


def _texts(node: yaml.Node) -> Iterator[str]:
    if isinstance(node, yaml.ScalarNode):
        yield str(node.value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _texts(item)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _texts(key)
            yield from _texts(value)


def spec_copy(text: str, each: tuple[str, str] | None) -> str | None:
    """The text without its `deliver` and `for_each`, and of a report for one value (`each`) without what may
    name others: its goals, and filters on the same field. None where this cannot be done line by line, as in a spec
    that is one map in braces."""
    try:
        root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError:
        return None
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        return None
    lines = text.splitlines(keepends=True)
    starts = [key.start_mark.line for key, _ in root.value] + [len(lines)]
    gone = set(LEFT_OUT) | (_of_others(root, each[0]) if each else set())
    kept, left = lines[: starts[0]], []
    for (key, _), start, end in zip(root.value, starts, starts[1:], strict=False):
        if str(key.value) in gone:
            left.append(str(key.value))
        else:
            kept += lines[start:end]
    if not left:
        return text
    if kept and not kept[-1].endswith("\n"):
        kept.append("\n")
    return "".join([*kept, _SAID.format(", ".join(left))])
