"""From a checked report to what has to be asked of the database."""
