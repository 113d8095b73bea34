"""`python -m reportspec`, and the console script."""

from __future__ import annotations

import signal


def main() -> None:
    """Run the command line. Until it listens to signals, Ctrl-C ends the program without a word."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from reportspec.cli import main as run

    run()


if __name__ == "__main__":
    main()
