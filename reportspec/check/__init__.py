"""From trees of text to a checked report, or to diagnostics: all of them in one run."""
