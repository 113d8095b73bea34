"""Semantic models of other tools, read as files of a project's own catalogue, and the catalogue written as one."""
