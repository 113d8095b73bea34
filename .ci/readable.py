#!/usr/bin/env python3
"""Check that the YAML, TOML and JSON files that are named can be read; 1 if one cannot."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import yaml

READERS = {".yaml": yaml.safe_load, ".yml": yaml.safe_load, ".toml": tomllib.loads, ".json": json.loads}


def main(names: list[str]) -> int:
    """Read each file; print what is wrong with those that cannot be read."""
    wrong = 0
    for path in map(Path, names):
        reader = READERS.get(path.suffix)
        if reader is None:
            continue
        try:
            reader(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, ValueError) as error:  # the others' errors are ValueErrors
            print(f"{path}: {error}", file=sys.stderr)
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
