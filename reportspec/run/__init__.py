"""Statements in, tables out."""
