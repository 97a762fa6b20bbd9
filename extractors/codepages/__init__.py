"""Code pages: their tables, what reads texts by them, and whether a file contradicts the declared one."""
