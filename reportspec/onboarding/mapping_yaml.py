"""A proposed mapping as the text of its file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from reportspec.onboarding.drafts import Block, Draft
from reportspec.suggested_yaml import CONFIRM, quoted_yaml

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_YAML_WORDS = frozenset(("null", "true", "false", "yes", "no", "on", "off", "y", "n"))


def scalar(text: str) -> str:
    """A text as YAML writes it, in the form that `fmt` gives it."""
    if _WORD.fullmatch(text) and text.lower() not in _YAML_WORDS:
        return text
    return quoted_yaml(text)


def mapping_text(draft: Draft, head: Iterable[str], extends: str = "") -> str:
    """The mapping's file."""
    lines = [f"# {line}".rstrip() for line in head]
    if extends:
        lines.append(f"extends: {extends}")
    lines.append("entities:")
    by_entity: dict[str, list[Block]] = {}
    there = {block.entity for block in draft.blocks if not block.off}
    # Of comments it is seen to what they belong by what stands below them.
    for block in sorted(draft.blocks, key=lambda block: block.entity in there):
        by_entity.setdefault(block.entity, []).append(block)
    for entity, blocks in by_entity.items():
        on = [block for block in blocks if not block.off]
        for block in blocks:
            if block.off:
                lines += _commented(f"  {entity}:", _block_lines(block, "    "), block)
        if len(on) == 1:
            lines += [f"  {entity}:{_mark(on[0].mark)}", *_block_lines(on[0], "    ")]
        elif on:
            named = {line.field for block in on for line in block.lines if not line.off}
            lines += [f"  {entity}:", "    union:"]
            for block in on:
                first, *rest = _block_lines(block, "        ", named)
                lines += [f"      - {first.strip()}", *rest]
    if draft.stages:
        lines += [
            f"  stage:{_mark('the stages that deals are in: say in which order they follow each other')}",
            "    rows:",
        ]
        for stage in draft.stages:
            chance = f", probability: {stage.probability:g}" if stage.probability is not None else ", probability: null"
            outcome = f"is_won: {_yes(stage.outcome == 'won')}, is_lost: {_yes(stage.outcome == 'lost')}"
            value = scalar(stage.value) if not stage.value.isdigit() else json.dumps(stage.value)
            lines.append(f"      - {{stage_id: {value}, name: {value}, position: {stage.position}{chance}, {outcome}}}")
    return "\n".join(lines) + "\n"


def _yes(value: bool) -> str:
    return "true" if value else "false"


def _mark(text: str) -> str:
    return f"  {CONFIRM} ({text})" if text else ""


def _block_lines(block: Block, indent: str, named: Iterable[str] = ()) -> list[str]:
    lines = [f"{indent}table: {scalar(block.table)}"]
    if block.where:
        lines.append(f"{indent}where: {scalar(block.where)}")
    said = [(name, f"{indent}{name}: {text}{_mark(why)}") for name, text, why in block.settings]
    lines += [line for name, line in said if name == "where"]
    if block.joins:
        lines.append(f"{indent}joins:")
        for name, (table, theirs, ours, first) in block.joins.items():
            one = f"first: [{', '.join(map(scalar, first))}]" if first else "unique: true"
            lines.append(
                f"{indent}  {name}: {{table: {scalar(table)}, on: {{{scalar(theirs)}: {scalar(ours)}}}, {one}}}"
            )
    if block.each_of:
        lines.append(
            f"{indent}latest: {{by: {scalar(block.each_of)}, order: {scalar(block.each_by or block.each_of)}}}"
        )
    lines += [line for name, line in said if name != "where"]
    if block.key is not None:
        key = f"key: {scalar(block.key.sql)}{_mark(block.key.mark)}"
        lines.append(f"{indent}# {key}" if block.key.off else f"{indent}{key}")
    elif block.keyless:
        lines.append(f"{indent}# key: …{_mark(block.keyless)}")
    lines.append(f"{indent}fields:")
    for line in block.lines:
        value = scalar(line.sql)
        if line.type:
            value = f"{{sql: {scalar(line.sql)}, type: {line.type}}}"
        text = f"{line.field}: {value}{_mark(line.mark)}"
        lines.append(f"{indent}  # {text}" if line.off else f"{indent}  {text}")
    there = {line.field for line in block.lines if not line.off}
    for name in sorted(set(named) - there):
        lines.append(f'{indent}  {name}: "null"')
    return lines


def _commented(head: str, lines: list[str], block: Block) -> list[str]:
    return [f"  # {head.strip()}{_mark(block.mark)}", *(f"  # {line[2:]}" for line in lines)]
