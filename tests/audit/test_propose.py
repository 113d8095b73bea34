"""Checks that the data propose, counted by hand, and that they are checks as they are printed."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.figures.from_tables import project_of

RunCli = Callable[..., subprocess.CompletedProcess[str]]
PLACES = {"IT": "South", "DE": "Middle", "SE": "North", "FI": "North"}


def tables() -> dict[str, str]:
    """Forty accounts in four countries, one of a region that is not its country's; all but one are customers, and each
    has a trade of its own. Three contacts at each of ten accounts by the firm's address, and as many private ones."""
    countries = [country for country in PLACES for _ in range(10)]
    accounts = [
        f"A{n},Firm {n},{country},{PLACES[country] if n != 3 else 'North'},{'customer' if n else 'partner'},Trade {n}"
        for n, country in enumerate(countries)
    ]
    contacts = [f"C{n},A{n // 3},p{n}@firm-{n // 3}.com" for n in range(30)]
    contacts += [f"P{n},A{n},q{n}@gmail.com" for n in range(30)]
    return {
        "account": "account_id,name,country,region,type,industry\n" + "\n".join(accounts) + "\n",
        "contact": "contact_id,account_id,email\n" + "\n".join(contacts) + "\n",
    }


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_what_determines_is_proposed_with_its_support(engine: str, tmp_path: Path, run_cli: RunCli) -> None:
    """The region follows from the country in 39 of 40 accounts; the country from the region in 29 of 40 at most, since
    two are in the north. The type is nearly always the same, and trades are of one account each."""
    folder = project_of(tmp_path, tables(), engine)
    done = run_cli(["audit", "--propose", "--today", "2026-11-28"], cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "# Proposed from the data: keep what is a rule, and remove the rest.\n"
        "audits:\n"
        "  # 97.5 % of the 40 records that can be compared have what most with the same have\n"
        "  - {audit: account_region_by_country, severity: warning, "
        "determined_by: {field: account.region, by: account.country}}\n"
        "  # 100.0 % of the 30 records that can be compared have what most with the same have\n"
        "  - {audit: contact_account_by_domain, when: 'lower(trim(split_part(contact.email, ''@'', 2))) not in "
        "(lists.free_mail_domains)', severity: warning, determined_by: {field: contact.account_id, "
        "by: 'lower(trim(split_part(contact.email, ''@'', 2)))'}}\n"
    )
    assert not (folder / ".reportspec").exists()
    (folder / "audits").mkdir()
    (folder / "audits" / "ours.yaml").write_text(done.stdout, encoding="utf-8")
    found = run_cli(["audit", "--today", "2026-11-28"], cwd=folder).stdout
    assert "account_region_by_country" in found
    assert "(A3)" in found
    again = run_cli(["audit", "--propose", "--entity", "account"], cwd=folder)
    assert again.stdout.startswith("# No field is determined")
    assert run_cli(["audit", "--propose", "--repairs", "mend"], cwd=folder).returncode == 2
