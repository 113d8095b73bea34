"""Which rows figures are made of, and why figures are other ones than they were."""
