"""Extractors: legacy bytes to raw Arrow batches, one format a module.

`extractors.landing.land` takes a delivery over, `extractors.decode.decode` turns each landed file into batches of its
raw tables, and `extractors.base.read_raw` leads a lineage row back to its bytes.
"""
