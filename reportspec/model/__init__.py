"""Types only: what the stages hand to each other. Imports nothing but the calendar, the catalogue's
expressions and each other."""
