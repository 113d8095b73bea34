"""Makes the files in `made` anew with the real dbt, from the project in `bakery`:

    python -m tests.exchange.make_manifests 1_11 path/of/dbt path/of/mf
    python -m tests.exchange.make_manifests 1_12 path/of/dbt

Each into the file that the first argument names: what dbt of that version writes, of the older form and, from 1.12 on, of
the newer one, too; with MetricFlow's own figures where its `mf` is given.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
MADE = HERE / "made"
QUIET = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_PROFILES_DIR": "."}
NOT_ASKED = ("reorder_rate", "last_order", "p75_discrete", "net_growth", "growth_twice")


def parsed(dbt: str, folder: Path, latest: bool = False, command: str = "parse") -> dict[str, Any]:
    """What a dbt writes of the project, by file."""
    project = folder / ("latest" if latest else "older")
    shutil.copytree(HERE / "bakery", project, ignore=shutil.ignore_patterns("target", "logs", "*.duckdb"))
    if latest:
        shutil.copy(project / "latest" / "bakery.yml", project / "models" / "bakery.yml")
    shutil.rmtree(project / "latest")
    subprocess.run([dbt, command], cwd=project, env=os.environ | QUIET, check=True, capture_output=True)
    found = {}
    for name in ("semantic_manifest", "osi_document"):
        file = project / "target" / f"{name}.json"
        if file.exists():
            found[name] = json.loads(file.read_text(encoding="utf-8"))
    return found


def as_dbt_2(manifest: dict[str, Any]) -> dict[str, Any]:
    """A manifest of the newer form as dbt 2 writes it: without version of its interfaces, null in place of what is
    empty, and what a metric aggregates beside how."""
    text = (
        json.dumps(manifest)
        .replace('"config": {"meta": {}}', '"config": null')
        .replace('"metrics": []', '"metrics": null')
    )
    made: dict[str, Any] = json.loads(text)
    for metric in made["metrics"]:
        params = metric["type_params"]
        if params["metric_aggregation_params"] is not None:
            params["metric_aggregation_params"]["expr"] = params["expr"]
    made["project_configuration"]["dsi_package_version"] = dict.fromkeys(
        ("major_version", "minor_version", "patch_version"), "0"
    )
    return made


def write(name: str, data: Any, indent: int | None = None) -> None:
    """A file of `made`."""
    (MADE / name).write_text(json.dumps(data, indent=indent) + "\n", encoding="utf-8")


def figures(mf: str, project: Path, manifest: dict[str, Any]) -> None:
    """MetricFlow's own figures into `made`."""
    names = [each["name"] for each in manifest["metrics"] if each["name"] not in NOT_ASKED]
    kinds = {each["name"]: each["type"] for each in manifest["metrics"]}
    flows = [name for name in names if kinds[name] != "cumulative"]
    asked = {
        "by_month": (flows, "metric_time__month"),
        "by_day": ([name for name in names if name not in flows and name != "visits_3_months"], "metric_time__day"),
        "by_town": (["net_sales", "all_orders", "paid_share"], "shop__town"),
    }
    for name, (metrics, by) in asked.items():
        command = [mf, "query", "--metrics", ",".join(metrics), "--group-by", by, "--csv", str(MADE / f"{name}.csv")]
        subprocess.run(command, cwd=project, env=os.environ | QUIET, check=True, capture_output=True)


def main(version: str, dbt: str, mf: str = "") -> None:
    """Make the files of one version."""
    MADE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        older = parsed(dbt, Path(folder), command="build" if mf else "parse")
        write(f"semantic_manifest_{version}.json", older["semantic_manifest"])
        if mf:
            figures(mf, Path(folder) / "older", older["semantic_manifest"])
        if "osi_document" in older:
            write(f"osi_document_{version}.json", older["osi_document"], 1)
            latest = parsed(dbt, Path(folder), latest=True)["semantic_manifest"]
            write(f"semantic_manifest_{version}_latest.json", latest)
            write("semantic_manifest_2.json", as_dbt_2(latest))


if __name__ == "__main__":
    main(*sys.argv[1:])
