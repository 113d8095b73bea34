"""The process that makes files of reports, one after the other, as `formats.pool` asks."""

from __future__ import annotations

import gc
import pickle

from reportspec.formats.pool import answer
from reportspec.parent import served


def _main() -> None:
    requests, answers = served()
    warm = False
    while True:
        try:
            report = pickle.load(requests)
        except EOFError:  # nobody asks any more
            return
        pickle.dump(answer(*report), answers)
        answers.flush()
        if not warm:
            # What is loaded by now stays: it need not be looked through after each report.
            warm = True
            gc.collect()
            gc.freeze()


if __name__ == "__main__":
    _main()
