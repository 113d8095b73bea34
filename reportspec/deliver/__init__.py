"""Sending: from built reports to mail, folders, stores and messages, each once.

`send.py` has the order of things; `ledger.py` remembers what was handed over; `smtp.py` knows at
which step a mail failed; `guard.py` looks once more before a mail leaves.
"""
