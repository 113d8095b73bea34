"""From tables of aggregates to figures."""
