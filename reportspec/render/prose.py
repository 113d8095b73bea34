"""Text sections: a safe part of Markdown as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token


@cache
def _markdown() -> MarkdownIt:
    from markdown_it import MarkdownIt

    # Raw HTML stays text; images would have to be fetched; code and quotes are harmless.
    markdown = MarkdownIt("commonmark", {"html": False}).disable(["image", "html_block"])
    markdown.add_render_rule("link_open", _nothing)
    markdown.add_render_rule("link_close", _nothing)
    return markdown


def _nothing(renderer: Any, tokens: Sequence[Token], index: int, options: Any, environment: Any) -> str:
    return ""


def html_from_markdown(text: str) -> str:
    """Paragraphs, headings, lists, emphasis, code and quotes; a link is its text and, where that
    differs, its address. Everything else is escaped. Headings come below the section's own."""
    markdown = _markdown()
    tokens = markdown.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = "h3" if token.tag in ("h1", "h2") else "h4"
        if token.type == "inline" and token.children:
            token.children = _with_addresses(token.children)
    return str(markdown.renderer.render(tokens, markdown.options, {}))


def _with_addresses(children: list[Token]) -> list[Token]:
    from markdown_it.token import Token

    out: list[Token] = []
    addresses: list[tuple[str, int]] = []
    for child in children:
        if child.type == "link_open":
            addresses.append((str(child.attrs.get("href", "")), len(out)))
        elif child.type == "link_close" and addresses:
            address, start = addresses.pop()
            text = "".join(token.content for token in out[start:])
            if address and address.removeprefix("mailto:") not in text:
                out.append(Token("text", "", 0, content=f" ({address})"))
        out.append(child)
    return out
