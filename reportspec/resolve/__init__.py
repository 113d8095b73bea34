"""Names become things: entities, fields, metrics and currencies, bound to one source."""
