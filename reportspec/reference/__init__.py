"""What the catalogue has, and which of it a source can serve: lists for one project, a page for all mappings."""
