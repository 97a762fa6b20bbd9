"""Validation: Great Expectations suites derived from the catalogue, the gates that apply them, and their Data Docs.

Great Expectations takes two seconds to import, so no module imports it before a suite is evaluated.
"""
