"""`python -m reportspec`."""

from reportspec.cli import main

if __name__ == "__main__":
    main()
