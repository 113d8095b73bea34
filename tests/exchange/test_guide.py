"""The page on models of other tools does what it says: its files are taken from the page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.conftest import RunCli

FILE = re.compile(r"`([\w./]+)`[^`]*:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_example(checkout: Path, tmp_path: Path, run_cli: RunCli) -> None:
    page = (checkout / "docs" / "other_tools.md").read_text(encoding="utf-8")
    files = dict(FILE.findall(page))
    assert set(files) == {"orders.csv", "model.yaml", "reportspec.yaml", "entities/orders.yaml", "specs/third.yaml"}
    for name in ("orders.csv", "model.yaml", "reportspec.yaml"):
        (tmp_path / name).write_text(files[name], encoding="utf-8")
    done = run_cli(["import", "ossie", "model.yaml", "--tables", "name"], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    [warning] = re.findall(r"```text\n(warning.*?)\n```", page)
    assert warning in done.stderr
    assert done.stderr.count("warning[") == 1
    made = (tmp_path / "entities" / "orders.yaml").read_text(encoding="utf-8")
    assert "".join(line for line in made.splitlines(True) if line[0] != "#") == files["entities/orders.yaml"]
    (tmp_path / "specs" / "third.yaml").write_text(files["specs/third.yaml"], encoding="utf-8")
    query = run_cli(["query", "specs/third.yaml", "--format", "json"], cwd=tmp_path)
    assert query.returncode == 0, query.stderr
    sections = {each["id"]: each["rows"] for each in json.loads(query.stdout)["sections"]}
    # By hand: 40 + 23 + 60 + 81 + 10, four of five orders are paid.
    assert sections["headline"][0]["net_sales"] == pytest.approx(214)
    assert sections["headline"][0]["paid_share"] == pytest.approx(0.8)
    by_shop = {row["orders.shop"]: (row["net_sales"], row["paid_share"]) for row in sections["by_shop"]}
    assert by_shop["Bari"] == (pytest.approx(63), pytest.approx(1))
    assert by_shop["Turin"] == (pytest.approx(141), pytest.approx(0.5))
