"""From queries in canonical names to SQL trees over the source's tables."""
