"""One report for each value of a field (`for_each`)."""
