"""`reportspec import`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reportspec.cli.exit_codes import WRONG
from reportspec.cli.options import FilePath, into_option, messages_option
from reportspec.cli.printing import Messages, echo


@click.command("import")
@click.argument("tool", type=click.Choice(["dbt", "ossie"]))
@click.argument("path", type=FilePath(path_type=Path))
@into_option
@click.option(
    "--source", metavar="URL", default="", help="The source of the project, where there is none yet: postgresql://…"
)
@click.option(
    "--dialect",
    metavar="NAME",
    default="",
    help="The SQL dialect of the source, where it is not that of the project's.",
)
@click.option(
    "--tables",
    type=click.Choice(["full", "schema", "name"]),
    default="full",
    show_default=True,
    help="Which parts of the names of tables count: all, without the database, or the last one alone (files).",
)
@click.option("--mapping", metavar="NAME", default="mapping.yaml", show_default=True, help="The mapping's file.")
@click.option(
    "--time",
    "times",
    multiple=True,
    metavar="DATASET=FIELD",
    help="By which time the metrics of a dataset of Ossie count, where it has several; may be given several times.",
)
@messages_option
def import_model(
    tool: str,
    path: Path,
    into: Path,
    source: str,
    dialect: str,
    tables: str,
    mapping: str,
    times: tuple[str, ...],
    messages: str,
) -> None:
    """Take over the semantic model of another tool: entities, a mapping and metrics, as files of a project.

    PATH is `target/semantic_manifest.json` of dbt (or the folder of its project), or a file of Apache Ossie (YAML or
    JSON). What cannot be said in this language is listed with the reason. Nothing is overwritten.
    """
    from reportspec.exchange.bring import Wish, bring
    from reportspec.exchange.foreign import NotRead

    tell = Messages(messages)
    name = Path(mapping)
    if name.name != mapping or name.suffix not in (".yaml", ".yml"):
        raise click.UsageError(
            f"`--mapping {mapping}` is no name of a YAML file: write for example `--mapping dbt.yaml`"
        )
    wish = Wish(tool, path, into, mapping, dialect, tables, source, _pairs(times))
    try:
        brought = bring(wish)
    except NotRead as wrong:
        tell.tell(wrong.problems, wrong.texts)
        tell.close()
        sys.exit(WRONG)
    if messages == "text":
        for line in brought.lines:
            echo(line)
        echo(f"\nwritten: {', '.join(str(into / name) for name in brought.files)}\n")
    tell.tell(brought.told, brought.texts)
    tell.close()


def _pairs(times: tuple[str, ...]) -> dict[str, str]:
    pairs = {}
    for text in times:
        name, separator, time = text.partition("=")
        if not separator or not name.strip() or not time.strip():
            raise click.UsageError(
                f"`--time {text}` is no dataset and field: write for example `--time orders=ordered_at`"
            )
        pairs[name.strip()] = time.strip()
    return pairs
