from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project on the demo."""
    folder = tmp_path_factory.mktemp("demo")
    text = "version: 1\nsource: demo\ntimezone: Europe/Rome\ncurrency: EUR\nlocale: en_GB\n"
    (folder / "reportspec.yaml").write_text(text, encoding="utf-8")
    return folder
