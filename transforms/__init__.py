"""Raw columns to canonical ones, and canonical ones to clean ones: pure functions over Arrow batches.

`conform` applies a source's declared rules (types, codes, signs, cross-references), `normalise` applies Poland's
(names, addresses, telephone numbers, identifiers).  Nothing here reads a file of a source or a clock.
"""
