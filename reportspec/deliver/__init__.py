"""Sending: from built reports to mail, folders, stores and messages, each once.

`send.py` has the order of things: `policy.py` says whether and to whom, `compose.py` makes the messages, `proof.py`
looks once more before one leaves, `rounds.py` tries again what was not taken. `handover.py` hands one message to one
outlet, once: `ledger/` remembers it, `smtp.py` knows at which step a mail failed, `outlets/` has a file for each other
way out.
"""
