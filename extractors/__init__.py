"""Extractors: legacy bytes to raw Arrow batches, one family of formats a folder.

`extractors.delivery.landing.land` takes a delivery over, `extractors.decode.decode` turns each landed file into
batches of its raw tables, and `extractors.base.read_raw` leads a lineage row back to its bytes.
"""
