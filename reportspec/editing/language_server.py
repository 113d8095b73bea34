"""The language server: what `documents` knows, in the words of editors. Their lines and columns count from 0, columns
in units of UTF-16."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TextIO
from urllib.parse import unquote, urlsplit

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcException, JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer

from reportspec.diagnostics import Diagnostic, Edit, Span, one_line, shortened
from reportspec.editing.documents import Documents, NotRenamed
from reportspec.editing.text_places import Places, sound
from reportspec.version import __version__

_LATER = 0.4  # seconds without a change, after which other open files are checked again


def server(environment: Mapping[str, str]) -> LanguageServer:
    """The server for all projects that an editor has open."""
    made = LanguageServer("reportspec", __version__)
    documents = Documents(environment)
    told: dict[str, dict[str, tuple[Diagnostic, ...]]] = {}  # of each open file, what was found with it, by file
    waiting: list[asyncio.TimerHandle] = []
    _log_in_lines()

    def check(uri: str) -> None:
        path = _path(uri)
        if path is None:
            return
        found = documents.mistakes(path)
        there = {
            uri if file == path.resolve() else file.as_uri(): each
            for file, each in found.items()
            if file.is_file() or file == path.resolve()
        }
        before, told[uri] = told.get(uri, {}), there
        tell(before.keys() | there.keys())

    def tell(files: Iterable[str]) -> None:
        """What all open files found in some files."""
        for file in files:
            places = _places(documents, _path(file))
            diagnostics = dict.fromkeys(one for each in told.values() for one in each.get(file, ()))
            shown = [_diagnostic(each, places) for each in diagnostics]
            made.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(file, shown))

    def check_with_others(uri: str) -> None:
        """Check a file, and the other open ones soon, where they rest on it."""
        check(uri)
        path = _path(uri)
        if path is None or documents.is_spec(path):
            return
        while waiting:
            waiting.pop().cancel()
        waiting.append(asyncio.get_running_loop().call_later(_LATER, check_others, uri))

    def check_others(changed: str) -> None:
        for uri in [each for each in told if each != changed]:
            check(uri)

    @made.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        _take(documents, params.text_document.uri, params.text_document.text)
        check_with_others(params.text_document.uri)

    @made.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        _take(documents, uri, made.workspace.get_text_document(uri).source)
        check_with_others(uri)

    @made.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        if (path := _path(uri)) is not None:
            documents.closed(path)
        tell({uri, *told.pop(uri, {})})
        for other in list(told) if path is not None and not documents.is_spec(path) else ():
            check(other)

    @made.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        place = _place(documents, params)
        found = documents.meaning(*place) if place is not None else None
        if place is None or found is None:
            return None
        markdown = lsp.MarkupContent(lsp.MarkupKind.Markdown, found[0])
        return lsp.Hover(markdown, _range(found[1], _places(documents, place[0])))

    @made.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def definition(params: lsp.DefinitionParams) -> lsp.Location | None:
        place = _place(documents, params)
        span = documents.definition(*place) if place is not None else None
        if span is None:
            return None
        path = Path(span.file).resolve()
        return lsp.Location(path.as_uri(), _range(span, _places(documents, path)))

    @made.feature(lsp.TEXT_DOCUMENT_PREPARE_RENAME)
    def prepare_rename(params: lsp.PrepareRenameParams) -> lsp.PrepareRenamePlaceholder | None:
        place = _place(documents, params)
        if place is None:
            return None
        try:
            name, span = documents.renamable(*place)
        except NotRenamed:
            return None  # editors say so in their own words
        return lsp.PrepareRenamePlaceholder(_range(span, _places(documents, place[0])), name)

    @made.feature(lsp.TEXT_DOCUMENT_RENAME, lsp.RenameOptions(prepare_provider=True))
    def rename(params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
        place = _place(documents, params)
        if place is None:
            return None
        try:
            edits = documents.renamed(*place, params.new_name)
        except NotRenamed as why:
            raise JsonRpcInvalidParams(str(why)) from None
        return lsp.WorkspaceEdit(
            {file.resolve().as_uri(): _edits(each, _places(documents, file)) for file, each in edits.items()}
        )

    @made.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix]))
    def actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        path = _path(params.text_document.uri)
        if path is None:
            return []
        places = _places(documents, path)
        found = []
        for each in documents.mistakes(path).get(path.resolve(), ()):
            for edit in each.edits:
                if params.range.start.line <= places.in_editor(edit.span.line, 1)[0] <= params.range.end.line:
                    changes = {params.text_document.uri: _edits([edit], places)}
                    title = f"Write `{edit.text}`"
                    found.append(
                        lsp.CodeAction(
                            title,
                            kind=lsp.CodeActionKind.QuickFix,
                            diagnostics=[_diagnostic(each, places)],
                            is_preferred=edit.sure,
                            edit=lsp.WorkspaceEdit(changes),
                        )
                    )
        return found

    @made.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[":", " ", "[", ".", "-"]))
    def completion(params: lsp.CompletionParams) -> list[lsp.CompletionItem]:
        place = _place(documents, params)
        if place is None:
            return []
        places, items = _places(documents, place[0]), []
        for each in documents.offers(*place):
            at = _range(each.span, places)
            behind = places.text[places.at(each.span.end_line, each.span.end_column) :].lstrip(" ")
            text = f"{each.name}: " if each.key and not behind.startswith(":") else each.name
            items.append(
                lsp.CompletionItem(
                    each.name,
                    kind=lsp.CompletionItemKind.Property if each.key else lsp.CompletionItemKind.Value,
                    documentation=lsp.MarkupContent(lsp.MarkupKind.Markdown, each.means) if each.means else None,
                    text_edit=lsp.TextEdit(at, text),  # what stands there has dots, which no editor counts to a word
                )
            )
        return items

    return made


def _path(uri: str) -> Path | None:
    parts = urlsplit(uri)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _take(documents: Documents, uri: str, text: str) -> None:
    path = _path(uri)
    if path is not None:
        documents.opened(path, sound(text))


def _log_in_lines() -> None:
    """What the library of the protocol logs stands on standard error, where editors show it: of each thing a line, and
    no stack of calls of a message that was not as the protocol has it."""
    log = logging.getLogger("pygls")
    log.propagate = False
    log.handlers = [_Lines(logging.WARNING)]


class _Lines(logging.StreamHandler[TextIO]):
    """A line for each thing that is logged, with the error that was its cause. What was answered with a reason, or told
    in a line before, is not told."""

    def __init__(self, level: int) -> None:
        super().__init__(sys.stderr)
        self.setLevel(level)

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], JsonRpcException))

    def format(self, record: logging.LogRecord) -> str:
        said = [line for line in record.getMessage().splitlines() if line.strip()]
        lines = [said[0], *(line for line in said[-1:] if len(said) > 1)] if said else []
        if record.exc_info and record.exc_info[1] is not None:
            lines.append(f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}")
        return f"reportspec lsp: {shortened(one_line(': '.join(lines)), 300)}"


def _places(documents: Documents, path: Path | None) -> Places:
    return Places(documents.text(path) if path is not None else "")


def _place(
    documents: Documents,
    params: lsp.HoverParams | lsp.DefinitionParams | lsp.PrepareRenameParams | lsp.RenameParams | lsp.CompletionParams,
) -> tuple[Path, int, int] | None:
    """The file, and line and column from 1, of what an editor asks about."""
    path = _path(params.text_document.uri)
    if path is None:
        return None
    return path, *_places(documents, path).of_editor(params.position.line, params.position.character)


def _range(span: Span, places: Places) -> lsp.Range:
    return lsp.Range(
        lsp.Position(*places.in_editor(span.line, span.column)),
        lsp.Position(*places.in_editor(span.end_line, span.end_column)),
    )


def _edits(edits: Iterable[Edit], places: Places) -> list[lsp.TextEdit]:
    return [lsp.TextEdit(_range(edit.span, places), edit.text) for edit in edits]


def _diagnostic(diagnostic: Diagnostic, places: Places) -> lsp.Diagnostic:
    severe = diagnostic.severity == "error"
    said = ": ".join(text for text in (diagnostic.message, diagnostic.help) if text)
    return lsp.Diagnostic(
        _range(diagnostic.span or Span("", 1, 1, 1, 1), places),
        "\n".join((said, *diagnostic.notes)),
        severity=lsp.DiagnosticSeverity.Error if severe else lsp.DiagnosticSeverity.Warning,
        code=diagnostic.code,
        source="reportspec",
    )
