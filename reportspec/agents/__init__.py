"""What programs that write by themselves are given: catalogue, checks, figures and explanations, to read only."""
