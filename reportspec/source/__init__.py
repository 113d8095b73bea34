"""YAML text becomes a tree in which every key and value knows where it stands."""

from reportspec.source.read import read_yaml, read_yaml_file
from reportspec.source.tree import Entry, Mapping, Node, Scalar, Sequence, locate, plain

__all__ = [
    "Entry",
    "Mapping",
    "Node",
    "Scalar",
    "Sequence",
    "locate",
    "plain",
    "read_yaml",
    "read_yaml_file",
]
