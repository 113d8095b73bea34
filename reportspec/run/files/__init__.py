"""Files as tables of the embedded engine.

`shape` finds out of a text file's first bytes how it is written (encoding, delimiter, header), and why a row
is none; `readings` finds out of the forms of a column's texts how they are to be read; `sheets` makes text
files of workbooks. These are pure: what cannot be told for certain is an `Unclear` that says what to write.
`opening` brings files before the engine, `describing` asks it what a column holds, `loading` makes tables.
"""
