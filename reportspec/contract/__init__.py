"""The contract of a source: what a mapping and the catalogue say of tables, held against their rows.

`checks.py` lists what there is to check for what a report reads, `sql/survey_sql.py` asks it in one pass
over each table, `verdict.py` says what is broken: *refused*, where a figure would be wrong, or *told*,
where the figures are right of what they count and do not count all.
"""
