"""The copy of a spec in a report tells nobody who else gets it."""

from __future__ import annotations

import yaml

from reportspec.spec_copy import spec_copy

SPEC = """# A report.
version: 1
report: pipeline
goals:
  won_amount: {by: user.name, targets: {Anna: 1, Ben: 2}}
# Who gets it:
deliver:
  to: [anna@example.com]
  bcc: head@example.com
for_each: user.name
title: "Deals: all"   # a remark
"""
WHO = ("anna@", "head@", "deliver:", "for_each:")


def test_who_gets_it_is_left_out() -> None:
    copy = spec_copy(SPEC, None)
    assert copy is not None
    assert [one for one in WHO if one in copy] == []
    wanted = {key: value for key, value in yaml.safe_load(SPEC).items() if key not in ("deliver", "for_each")}
    assert yaml.safe_load(copy) == wanted
    assert copy.endswith("# Left out of this copy: deliver, for_each.\n")
    assert copy.startswith("# A report.\n")
    assert "# a remark" in copy


def test_of_one_value_the_targets_of_others_are_left_out() -> None:
    copy = spec_copy(SPEC, ("user.name", "Anna"))
    assert copy is not None
    assert "Ben" not in copy
    assert yaml.safe_load(copy) == {"version": 1, "report": "pipeline", "title": "Deals: all"}


def test_what_has_nothing_to_leave_out_is_the_same() -> None:
    text = "version: 1\nreport: pipeline"
    assert spec_copy(text, None) == text


def test_what_cannot_be_cut_by_lines_is_not_attached() -> None:
    for text in (
        "{version: 1, deliver: {to: a@example.com}}",
        "- 1\n",
        "a: [",
        "? [deliver]\n: 1\n",
    ):
        copy = spec_copy(text, None)
        assert copy is None or "deliver" not in copy or text.startswith("?"), text
    flow = "version: 1\ndeliver: {to: a@example.com,\n  cc: b@example.com}\nreport: leads\n"
    assert spec_copy(flow, None) == "version: 1\nreport: leads\n# Left out of this copy: deliver.\n"
    quoted = 'version: 1\n"deliver": {to: a@example.com}'
    assert spec_copy(quoted, None) == "version: 1\n# Left out of this copy: deliver.\n"
