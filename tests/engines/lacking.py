"""What the engines' tests need and whoever develops without engines lacks."""

from __future__ import annotations

from importlib.util import find_spec

INSTALL = "pip install -e '.[dev,engines]', or `make test`, which installs it"
# The extra `engines` brings these, and pyarrow with pyspark.
MODULES = ("chdb", "clickhouse_connect", "pymysql", "pyspark", "pyarrow")


class NoEngine(Exception):
    """An engine cannot be started."""


class NotInstalled(NoEngine):
    """An engine is not here; the message says what to install."""


def why_left_out(error: BaseException) -> str | None:
    """What is lacking, and how to install it, if a test failed of nothing else."""
    if isinstance(error, NotInstalled):
        return str(error)
    name = (error.name or "").partition(".")[0] if isinstance(error, ModuleNotFoundError) else ""
    if name in MODULES and find_spec(name) is None:
        return f"needs `{name}`: {INSTALL}"
    return None


def need(*names: str) -> None:
    """Raises NotInstalled unless all these modules are here: for tests of what would say so itself."""
    for name in names:
        if find_spec(name) is None:
            raise NotInstalled(f"needs `{name}`: {INSTALL}")
