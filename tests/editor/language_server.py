"""A language server in a process of its own, spoken to as editors speak."""

from __future__ import annotations

import itertools
import json
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CAPABILITIES = {
    "textDocument": {
        "completion": {"completionItem": {"documentationFormat": ["markdown"]}},
        "hover": {"contentFormat": ["markdown"]},
    },
    "workspace": {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}},
}


class LanguageServer:
    """Asks one thing after another; what the server tells meanwhile is kept until somebody wants it."""

    def __init__(self, command: Sequence[str | Path], settings: Mapping[str, Any], root: Path) -> None:
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed when the process has ended
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors
        )
        self.settings = settings
        self.told: list[dict[str, Any]] = []
        self._numbers = itertools.count(1)
        about = {"processId": None, "rootUri": root.as_uri(), "capabilities": CAPABILITIES}
        self.capabilities = self.ask("initialize", about)["capabilities"]
        self.tell("initialized", {})

    def ask(self, method: str, params: Mapping[str, Any]) -> Any:
        """What the server answers."""
        message = self._asked(method, params)
        assert "error" not in message, message["error"]
        return message["result"]

    def refused(self, method: str, params: Mapping[str, Any]) -> str:
        """Why the server answers nothing."""
        return str(self._asked(method, params)["error"]["message"])

    def written(self) -> str:
        """What the server has written to standard error."""
        self.errors.seek(0)
        return self.errors.read().decode()

    def _asked(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        number = next(self._numbers)
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._read()
            if message.get("id") == number and "method" not in message:
                return message
            self._take(message)

    def tell(self, method: str, params: Mapping[str, Any]) -> None:
        """Say what has no answer."""
        self._send({"method": method, "params": params})

    def open(self, path: Path, text: str) -> dict[str, str]:
        """Open a file with a text that need not be on disk; the file as requests name it."""
        uri = path.as_uri()
        self.tell(
            "textDocument/didOpen",
            {"textDocument": {"uri": uri, "languageId": "yaml", "version": 1, "text": text}},
        )
        return {"uri": uri}

    def diagnostics(self, uri: str) -> list[dict[str, Any]]:
        """What the server says next of a file."""
        while True:
            for message in self.told:
                if message["method"] == "textDocument/publishDiagnostics" and message["params"]["uri"] == uri:
                    self.told.remove(message)
                    return list(message["params"]["diagnostics"])
            self._take(self._read())

    def close(self) -> None:
        """End the process."""
        self.ask("shutdown", {})
        self.tell("exit", {})
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        finally:
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.errors.close()

    def _send(self, message: Mapping[str, Any]) -> None:
        self.send(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def send(self, data: bytes) -> None:
        """Send a message as it is."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        length = 0
        while (line := self.process.stdout.readline()) not in (b"\r\n", b"\n"):
            assert line, "the language server has ended"
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return dict(json.loads(self.process.stdout.read(length)))

    def _take(self, message: dict[str, Any]) -> None:
        if "id" not in message:
            self.told.append(message)
            return
        result = None
        if message["method"] == "workspace/configuration":
            result = [self.settings.get(item.get("section") or "") for item in message["params"]["items"]]
        self._send({"id": message["id"], "result": result})


def position(text: str) -> tuple[str, dict[str, int]]:
    """A text without the `|` that marks a place in it, and that place."""
    before, _, after = text.partition("|")
    return before + after, {"line": before.count("\n"), "character": len(before) - before.rfind("\n") - 1}
