"""What editors and commands change in files: mistakes that are surely known, and form."""
