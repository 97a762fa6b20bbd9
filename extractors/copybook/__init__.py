"""COBOL copybooks: parsing, laying out, and decoding the records that they describe."""
