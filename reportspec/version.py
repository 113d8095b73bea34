"""The version, which nothing has to load the package for."""

__version__ = "0.1.0"
