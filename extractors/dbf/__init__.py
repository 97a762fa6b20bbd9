"""DBF tables: dBASE, Clipper, FoxPro."""
