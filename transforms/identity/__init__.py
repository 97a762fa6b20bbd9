"""Identity: which subscriber records are the same customer.

`resolve` is the door: it reads normalised subscribers and addresses and writes edges, clusters, golden parties and
their provenance.  People merge here; accounts, invoices and money never do.
"""

from transforms.identity.evaluate import Score, evaluate
from transforms.identity.resolve import IdentityFigures, IdentityResult, resolve

__all__ = ["IdentityFigures", "IdentityResult", "Score", "evaluate", "resolve"]
