"""What the domain knows, as YAML files, and the functions that read them."""
