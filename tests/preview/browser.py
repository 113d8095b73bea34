"""A headless browser, driven by what Debian's chromium-driver understands: W3C WebDriver, and Chromium's own commands."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

DRIVER, BROWSERS = "chromedriver", ("chromium", "google-chrome")
KEYS = {
    "Enter": "\ue007",
    "Tab": "\ue004",
    "Escape": "\ue00c",
    "ArrowDown": "\ue015",
    "ArrowUp": "\ue013",
    "ArrowLeft": "\ue012",
    "ArrowRight": "\ue014",
}
_ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--force-renderer-accessibility",
]


class Browser:
    """One window of it."""

    def __init__(self, port: int, folder: Path) -> None:
        self._port = port
        arguments = [*_ARGUMENTS, f"--user-data-dir={folder}", "--window-size=1280,900"]
        options = {"args": arguments, "binary": next(filter(None, map(shutil.which, BROWSERS)))}
        asked = {"capabilities": {"alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": options}}}
        self._session = self._ask("POST", "/session", asked)["sessionId"]

    def _ask(self, method: str, path: str, data: object = None) -> Any:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=60)
        body = json.dumps({} if data is None else data) if method == "POST" else None
        connection.request(method, path, body, {"Content-Type": "application/json"})
        value = json.loads(connection.getresponse().read())["value"]
        connection.close()
        if isinstance(value, dict) and "error" in value:
            raise RuntimeError(f"{value['error']}: {value['message'].splitlines()[0]}")
        return value

    def _do(self, path: str, data: object = None) -> Any:
        return self._ask("POST", f"/session/{self._session}/{path}", data)

    def open(self, address: str) -> None:
        """Go to a page."""
        self._do("url", {"url": address})

    def script(self, text: str, *arguments: object) -> Any:
        """What a piece of script returns in the page."""
        return self._do("execute/sync", {"script": text, "args": list(arguments)})

    def press(self, *keys: str) -> None:
        """Press keys one after the other, wherever the focus is."""
        steps = [{"type": kind, "value": KEYS.get(key, key)} for key in keys for kind in ("keyDown", "keyUp")]
        self._do("actions", {"actions": [{"type": "key", "id": "keys", "actions": steps}]})

    def command(self, name: str, **parameters: object) -> Any:
        """One of Chromium's own commands."""
        return self._do("goog/cdp/execute", {"cmd": name, "params": parameters})

    def screenshot(self, path: Path) -> None:
        """Keep a picture of the window."""
        path.write_bytes(b64decode(self.command("Page.captureScreenshot")["data"]))

    def phone(self) -> None:
        """Be as wide as a phone."""
        self.command("Emulation.setDeviceMetricsOverride", width=375, height=740, deviceScaleFactor=2, mobile=True)

    def desktop(self) -> None:
        """Be as wide as before."""
        self.command("Emulation.clearDeviceMetricsOverride")

    def spoken(self) -> list[tuple[str, str]]:
        """What a screen reader has of the page: role and name of each thing, in order, also within frames."""
        found = []
        for frame in self._frames(self.command("Page.getFrameTree")["frameTree"]):
            for node in self.command("Accessibility.getFullAXTree", frameId=frame)["nodes"]:
                if not node.get("ignored"):
                    found.append((node["role"]["value"], node.get("name", {}).get("value", "")))
        return found

    def _frames(self, tree: Any) -> Iterator[str]:
        yield tree["frame"]["id"]
        for child in tree.get("childFrames", ()):
            yield from self._frames(child)

    def until(self, what: str, *arguments: object, seconds: float = 30) -> Any:
        """What a piece of script returns, as soon as that is something."""
        return until(lambda: self.script(what, *arguments), what, seconds)

    def close(self) -> None:
        """End it."""
        self._ask("DELETE", f"/session/{self._session}")


def installed() -> bool:
    """Whether there is a browser here, and its driver."""
    return shutil.which(DRIVER) is not None and any(map(shutil.which, BROWSERS))


def until(found: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """What is found, as soon as it is something."""
    end = time.monotonic() + seconds
    while True:
        value = found()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} seconds: {what}"
        time.sleep(0.02)


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser that keeps what is its own in a folder."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    driver = subprocess.Popen(
        [DRIVER, f"--port={port}"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: _listens(port), "the driver listens")
        window = Browser(port, folder)
        try:
            yield window
        finally:
            window.close()
    finally:
        driver.terminate()
        driver.wait(10)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
