"""Mainframe files: records described by a COBOL copybook."""
