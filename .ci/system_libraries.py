#!/usr/bin/env python3
"""Check for the system libraries that pip cannot bring, and install them where that is simple.

Run as root on Debian or Ubuntu, missing ones are installed with apt-get. Elsewhere the exact
commands are printed. The exit code is 1 if something required is missing at the end.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# Where Homebrew puts libraries; the loader does not look there by itself.
FOLDERS = ("", "/opt/homebrew/lib/", "/usr/local/lib/")


@dataclass(frozen=True, slots=True)
class Need:
    """Something the system must have: a shared library by its file names, or a command."""

    what: str
    why: str
    apt: str
    dnf: str
    brew: str
    libraries: tuple[str, ...] = ()
    command: str | None = None
    also: tuple[str, ...] = ()  # other commands that do as well
    places: tuple[str, ...] = ()  # folders beside PATH in which the command may be
    required: bool = True


PANGO = Need(
    what="Pango",
    why="lays out the text of every PDF",
    apt="libpango-1.0-0",
    dnf="pango",
    brew="pango",
    libraries=("libpango-1.0.so.0", "libpango-1.0.dylib", "libpango-1.0.0.dylib"),
)
PANGO_FT2 = Need(
    what="PangoFT2",
    why="lays out the text of every PDF",
    apt="libpangoft2-1.0-0",
    dnf="pango",
    brew="pango",
    libraries=("libpangoft2-1.0.so.0", "libpangoft2-1.0.dylib", "libpangoft2-1.0.0.dylib"),
)
HARFBUZZ_SUBSET = Need(
    what="HarfBuzz's subsetter",
    why="embeds fonts about three times faster; reports build without it",
    apt="libharfbuzz-subset0",
    dnf="harfbuzz",
    brew="harfbuzz",
    libraries=("libharfbuzz-subset.so.0", "libharfbuzz-subset.dylib", "libharfbuzz-subset.0.dylib"),
    required=False,
)
PDFTOPPM = Need(
    what="pdftoppm",
    why="shows the tests what a page looks like",
    apt="poppler-utils",
    dnf="poppler-utils",
    brew="poppler",
    command="pdftoppm",
)
POSTGRES = Need(
    what="PostgreSQL",
    why="one of the databases that the tests run on",
    apt="postgresql",
    dnf="postgresql-server",
    brew="postgresql",
    command="initdb",
    places=("/usr/lib/postgresql/*/bin",),
)
MARIADB = Need(
    what="MariaDB",
    why="one of the databases that the tests run on",
    apt="mariadb-server",
    dnf="mariadb-server",
    brew="mariadb",
    command="mariadbd",
    places=("/usr/sbin", "/usr/libexec"),
)
PGBOUNCER = Need(
    what="PgBouncer",
    why="stands before PostgreSQL in some tests",
    apt="pgbouncer",
    dnf="pgbouncer",
    brew="pgbouncer",
    command="pgbouncer",
    places=("/usr/sbin",),
)
JAVA = Need(
    what="Java",
    why="runs Spark for the tests",
    apt="default-jre-headless",
    dnf="java-17-openjdk-headless",
    brew="openjdk",
    command="java",
)
CHROMIUM = Need(
    what="Chromium",
    why="shows the tests what a preview is like in a browser",
    apt="chromium",
    dnf="chromium",
    brew="chromium",
    command="chromium",
    also=("google-chrome",),
)
CHROMEDRIVER = Need(
    what="ChromeDriver",
    why="leads the tests through a browser",
    apt="chromium-driver",
    dnf="chromedriver",
    brew="chromedriver",
    command="chromedriver",
)
NODE = Need(
    what="Node.js",
    why="runs the YAML language server that the tests of the schemas talk to",
    apt="nodejs",
    dnf="nodejs",
    brew="node",
    command="node",
)
NPM = Need(
    what="npm",
    why="brings the YAML language server",
    apt="npm",
    dnf="nodejs-npm",
    brew="node",
    command="npm",
)
TO_REPORT = (PANGO, PANGO_FT2, HARFBUZZ_SUBSET)
TO_TEST = (*TO_REPORT, PDFTOPPM, POSTGRES, MARIADB, PGBOUNCER, JAVA, NODE, NPM, CHROMIUM, CHROMEDRIVER)


def main(arguments: list[str] | None = None) -> int:
    """Check, install where possible, say what is left to do; 1 if a required thing is missing."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--for-tests", action="store_true", help="also what only the tests need")
    parser.add_argument("--check", action="store_true", help="install nothing")
    options = parser.parse_args(arguments)

    missing = tuple(find_missing(TO_TEST if options.for_tests else TO_REPORT))
    if missing and not options.check and can_install():
        # Apart, since some releases carry what is optional inside a required package and have no
        # package of its name: that must not stop the rest.
        install(need for need in missing if need.required)
        missing = tuple(find_missing(missing))
        install(need for need in missing if not need.required)
        missing = tuple(find_missing(missing))
    for line in advice(missing):
        print(line, file=sys.stderr)
    return int(any(need.required for need in missing))


def find_missing(needs: Iterable[Need]) -> Iterator[Need]:
    """Yield the needs that this system does not meet."""
    for need in needs:
        if need.command is not None:
            met = any(map(shutil.which, (need.command, *need.also))) or any(
                any(Path("/").glob(f"{place[1:]}/{need.command}")) for place in need.places
            )
        else:
            met = any(loads(folder + name) for name in need.libraries for folder in FOLDERS)
        if not met:
            yield need


def loads(library: str) -> bool:
    """Tell whether the dynamic loader finds this library and all that it needs itself."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def can_install() -> bool:
    """Tell whether packages can be installed without asking anybody."""
    return shutil.which("apt-get") is not None and os.geteuid() == 0


def install(needs: Iterable[Need]) -> None:
    """Install the Debian packages of these needs; print apt's own words only if it fails."""
    packages = unique(need.apt for need in needs)
    if not packages:
        return
    print(f"Installing {' '.join(packages)}", flush=True)
    for command in (
        ("apt-get", "update", "-qq"),
        ("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages),
    ):
        done = subprocess.run(
            command,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            print(done.stdout + done.stderr, file=sys.stderr)


def advice(missing: tuple[Need, ...]) -> Iterator[str]:
    """Yield the lines that tell what is missing and the command for each package manager."""
    if not missing:
        return
    for need in missing:
        yield f"{'error' if need.required else 'warning'}: {need.what} is missing ({need.why})"
    yield "Install what is missing with one of:"
    apt = " ".join(unique(need.apt for need in missing))
    yield f"  sudo apt-get install --no-install-recommends {apt}"
    yield f"  sudo dnf install {' '.join(unique(need.dnf for need in missing))}"
    yield f"  brew install {' '.join(unique(need.brew for need in missing))}"


def unique(names: Iterable[str]) -> list[str]:
    """Return the names in order, each once."""
    return list(dict.fromkeys(names))


if __name__ == "__main__":
    sys.exit(main())
