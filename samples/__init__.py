"""Deterministic sample deliveries of regional billing systems, with the truth about what was planted in them.

The package stands alone: it imports nothing of the pipeline that reads its files, and its encoders are its own, so
that reader and writer cannot share a mistake.  `python -m samples --help` explains the command.
"""
