"""DBF tables by hand."""

from __future__ import annotations

import struct

FIELDS = [("NR", "C", 6, 0), ("NAZWA", "C", 12, 0), ("SALDO", "N", 8, 2), ("OD", "D", 8, 0), ("AKT", "L", 1, 0)]


def table(rows, *, fields=FIELDS, version=0x03, language=0, page="mazovia", count=None, end=b"\x1a"):
    """A table: rows are `(flag, value, ...)`, text or bytes; fields `(name, type, length, decimals[, flags])`."""
    length = 1 + sum(f[2] for f in fields)
    head = struct.pack("<B3BIHH16xBB2x", version, 103, 12, 31, count if count is not None else len(rows),
                       32 + 32 * len(fields) + 1, length, 0, language)  # fmt: skip
    for name, kind, width, decimals, *flags in fields:
        long = kind == "C" and width > 255
        head += struct.pack("<11sc4xBBB13x", name.encode(page), kind.encode(), width % 256 if long else width,
                            width // 256 if long else decimals, *(flags or [0]))  # fmt: skip
    return head + b"\x0d" + records(rows, fields, page) + end


def table7(rows, *, fields=FIELDS, version=0x04, driver=b"", page="mazovia"):
    """A table of dBASE 7."""
    length = 1 + sum(f[2] for f in fields)
    head = struct.pack("<B3BIHH20x32s4x", version, 103, 12, 31, len(rows), 68 + 48 * len(fields) + 1, length, driver)
    for name, kind, width, decimals in fields:
        head += struct.pack("<32scBB13x", name.encode(page), kind.encode(), width, decimals)
    return head + b"\x0d" + records(rows, fields, page) + b"\x1a"


def table2(rows, *, fields=FIELDS, page="mazovia"):
    """A table of dBASE II."""
    length = 1 + sum(f[2] for f in fields)
    head = struct.pack("<BH3BH", 2, len(rows), 12, 31, 83, length)
    for name, kind, width, decimals in fields:
        head += struct.pack("<11scB2xB", name.encode(page), kind.encode(), width, decimals)
    return (head + b"\x0d").ljust(521, b"\0") + records(rows, fields, page) + b"\x1a"


def records(rows, fields, page):
    body = b""
    for flag, *values in rows:
        body += flag
        for (_, kind, width, *_), value in zip(fields, values, strict=True):
            raw = value if isinstance(value, bytes) else value.encode(page)
            body += raw.rjust(width) if kind in "NF" else raw.ljust(width)
            assert len(raw) <= width
    return body
