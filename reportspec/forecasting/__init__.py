"""What a period will bring, from what the same point of past periods led to. Pure arithmetic: nothing of a source,
a language or a page is known here."""
