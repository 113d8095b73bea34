#!/usr/bin/env python3
"""Hold a release's tag against the version and the changelog, and write what the changelog tells of it.

    .ci/release.py v1.2.3 --notes notes.md

The exit code is 1, with why, where the tag is not the version or the changelog has nothing of it.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Check, and write the notes."""
    parser = argparse.ArgumentParser(description="Hold a release's tag against the version and the changelog.")
    parser.add_argument("tag", help="v and the version")
    parser.add_argument("--notes", type=Path, required=True, help="the file to write")
    parser.add_argument("--checkout", type=Path, default=CHECKOUT, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    source = (asked.checkout / "reportspec" / "version.py").read_text(encoding="utf-8")
    version = re.search(r'^__version__ = "([^"]+)"$', source, re.MULTILINE)
    if version is None or asked.tag != f"v{version[1]}":
        print(f"the tag {asked.tag} is not v{version[1] if version else '?'}, the version", file=sys.stderr)
        return 1
    notes = _told(version[1], (asked.checkout / "CHANGELOG.md").read_text(encoding="utf-8"))
    if not notes:
        print(f"CHANGELOG.md tells nothing under `## [{version[1]}] - date`", file=sys.stderr)
        return 1
    asked.notes.write_text(notes + "\n", encoding="utf-8")
    return 0


def _told(version: str, changelog: str) -> str:
    """What the changelog tells of a version."""
    found = re.search(
        rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d\n(.*?)(?=^## \[|\Z)", changelog, re.MULTILINE | re.DOTALL
    )
    return found[1].strip() if found else ""


if __name__ == "__main__":
    sys.exit(main())
