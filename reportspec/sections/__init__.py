"""The kinds of sections, a file for each: what its keys mean, what it asks of the source, its figures."""
