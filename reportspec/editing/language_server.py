"""The language server: what `documents` knows, in the words of editors. Their lines and columns count from 0, columns
in units of UTF-16."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lsprotocol import types as lsp
from pygls.exceptions import JsonRpcInvalidParams
from pygls.lsp.server import LanguageServer

from reportspec.diagnostics import Diagnostic, Edit, Span
from reportspec.editing.documents import Documents, NotRenamed
from reportspec.version import __version__


def server(environment: Mapping[str, str]) -> LanguageServer:
    """The server for all projects that an editor has open."""
    made = LanguageServer("reportspec", __version__)
    documents = Documents(environment)
    told: dict[str, set[str]] = {}  # of each open file, those whose mistakes were told with its own

    def check(uri: str) -> None:
        path = _path(uri)
        if path is None:
            return
        found = documents.mistakes(path)
        there = {file.as_uri(): each for file, each in found.items() if file.is_file() or file == path.resolve()}
        for gone in told.get(uri, set()) - there.keys():
            made.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(gone, []))
        told[uri] = set(there)
        for file, diagnostics in there.items():
            named = uri if _path(file) == path.resolve() else file
            shown = [_diagnostic(each, _lines(documents, _path(file))) for each in diagnostics]
            made.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(named, shown))

    @made.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: lsp.DidOpenTextDocumentParams) -> None:
        _take(documents, params.text_document.uri, params.text_document.text)
        check(params.text_document.uri)

    @made.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: lsp.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        _take(documents, uri, made.workspace.get_text_document(uri).source)
        check(uri)

    @made.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: lsp.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        if (path := _path(uri)) is not None:
            documents.closed(path)
        for file in {uri, *told.pop(uri, set())}:
            made.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(file, []))

    @made.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hover(params: lsp.HoverParams) -> lsp.Hover | None:
        place = _place(documents, params)
        found = documents.meaning(*place) if place is not None else None
        if place is None or found is None:
            return None
        markdown = lsp.MarkupContent(lsp.MarkupKind.Markdown, found[0])
        return lsp.Hover(markdown, _range(found[1], _lines(documents, place[0])))

    @made.feature(lsp.TEXT_DOCUMENT_DEFINITION)
    def definition(params: lsp.DefinitionParams) -> lsp.Location | None:
        place = _place(documents, params)
        span = documents.definition(*place) if place is not None else None
        if span is None:
            return None
        path = Path(span.file).resolve()
        return lsp.Location(path.as_uri(), _range(span, _lines(documents, path)))

    @made.feature(lsp.TEXT_DOCUMENT_RENAME)
    def rename(params: lsp.RenameParams) -> lsp.WorkspaceEdit | None:
        place = _place(documents, params)
        if place is None:
            return None
        try:
            edits = documents.renamed(*place, params.new_name)
        except NotRenamed as why:
            raise JsonRpcInvalidParams(str(why)) from None
        return lsp.WorkspaceEdit(
            {file.resolve().as_uri(): _edits(each, _lines(documents, file)) for file, each in edits.items()}
        )

    @made.feature(lsp.TEXT_DOCUMENT_CODE_ACTION, lsp.CodeActionOptions(code_action_kinds=[lsp.CodeActionKind.QuickFix]))
    def actions(params: lsp.CodeActionParams) -> list[lsp.CodeAction]:
        path = _path(params.text_document.uri)
        if path is None:
            return []
        lines = _lines(documents, path)
        found = []
        for each in documents.mistakes(path).get(path.resolve(), ()):
            for edit in each.edits:
                if params.range.start.line <= edit.span.line - 1 <= params.range.end.line:
                    changes = {params.text_document.uri: _edits([edit], lines)}
                    title = f"Write `{edit.text}`"
                    found.append(
                        lsp.CodeAction(
                            title,
                            kind=lsp.CodeActionKind.QuickFix,
                            diagnostics=[_diagnostic(each, lines)],
                            is_preferred=edit.sure,
                            edit=lsp.WorkspaceEdit(changes),
                        )
                    )
        return found

    @made.feature(lsp.TEXT_DOCUMENT_COMPLETION, lsp.CompletionOptions(trigger_characters=[":", " ", "[", ".", "-"]))
    def completion(params: lsp.CompletionParams) -> list[lsp.CompletionItem]:
        place = _place(documents, params)
        offers = documents.offers(*place) if place is not None else []
        return [
            lsp.CompletionItem(
                each.name,
                kind=lsp.CompletionItemKind.Property if each.key else lsp.CompletionItemKind.Value,
                documentation=lsp.MarkupContent(lsp.MarkupKind.Markdown, each.means) if each.means else None,
                insert_text=f"{each.name}: " if each.key else each.name,
            )
            for each in offers
        ]

    return made


def _path(uri: str) -> Path | None:
    parts = urlsplit(uri)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _take(documents: Documents, uri: str, text: str) -> None:
    path = _path(uri)
    if path is not None:
        documents.opened(path, text)


def _lines(documents: Documents, path: Path | None) -> list[str]:
    return documents.text(path).split("\n") if path is not None else []


def _place(
    documents: Documents,
    params: lsp.HoverParams | lsp.DefinitionParams | lsp.RenameParams | lsp.CompletionParams,
) -> tuple[Path, int, int] | None:
    """The file, and line and column from 1, of what an editor asks about."""
    path = _path(params.text_document.uri)
    if path is None:
        return None
    lines, at = _lines(documents, path), params.position
    text = lines[at.line] if at.line < len(lines) else ""
    units = text.encode("utf-16-le")[: 2 * at.character]
    return path, at.line + 1, len(units.decode("utf-16-le", "ignore")) + 1


def _position(line: int, column: int, lines: list[str]) -> lsp.Position:
    text = lines[line - 1][: column - 1] if 0 < line <= len(lines) else ""
    return lsp.Position(max(line - 1, 0), len(text.encode("utf-16-le")) // 2)


def _range(span: Span, lines: list[str]) -> lsp.Range:
    return lsp.Range(
        _position(span.line, span.column, lines),
        _position(span.end_line, span.end_column, lines),
    )


def _edits(edits: Iterable[Edit], lines: list[str]) -> list[lsp.TextEdit]:
    return [lsp.TextEdit(_range(edit.span, lines), edit.text) for edit in edits]


def _diagnostic(diagnostic: Diagnostic, lines: list[str]) -> lsp.Diagnostic:
    severe = diagnostic.severity == "error"
    said = ": ".join(text for text in (diagnostic.message, diagnostic.help) if text)
    return lsp.Diagnostic(
        _range(diagnostic.span or Span("", 1, 1, 1, 1), lines),
        "\n".join((said, *diagnostic.notes)),
        severity=lsp.DiagnosticSeverity.Error if severe else lsp.DiagnosticSeverity.Warning,
        code=diagnostic.code,
        source="reportspec",
    )
