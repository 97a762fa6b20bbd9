"""Proof: control totals, the money equations, integrity of a source, trace, evidence seal and the auditor's report."""
