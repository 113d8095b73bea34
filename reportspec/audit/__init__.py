"""The audit: what is wrong with the records of a source, before any report is made of them."""
