"""Why a record or an attribute was set aside: the closed list of reason codes.

A code is stable (replays, dashboards and the auditor's report name it); its text may be improved.
"""

from __future__ import annotations

REASONS: dict[str, str] = {
    # reading bytes
    "REC-LENGTH": "the record's length is not the declared one",
    "REC-TRUNC": "the file ends inside the record",
    "REC-TYPE": "the record type is not declared",
    "REC-COUNT": "a field does not say how often a table stands in the record",
    "REC-COLUMNS": "the record has more or fewer columns than declared",
    "ENC-UNDECODABLE": "a byte does not exist in the declared code page",
    "ENC-CTRL": "control characters stand in a text field",
    "NUM-PACKED": "a packed decimal (COMP-3) has an invalid digit or sign",
    "NUM-ZONED": "a zoned decimal has an invalid digit or sign",
    "NUM-BINARY": "a binary number is larger than any that can be kept",
    "NUM-FLOAT": "a floating-point field holds no finite number",
    "NUM-OVERFLOW": "the legacy system printed asterisks: the number did not fit its field",
    "NUM-TEXT": "the text is not a number of the declared form",
    "DBF-DELETED": "the record carries the legacy system's deletion mark",
    "DBF-MEMO": "the memo that the record points to is not in the memo file",
    "DBF-LENGTH": "a text or binary value is said to be longer than its field",
    "SQL-BYTES": "the database holds bytes where other rows of the column have a text or a number",
    "XML-VALUE": "an element is missing or occurs more than once",
    "STMT-FIELD": "a field of the bank statement is missing, repeated or not of its form",
    "STMT-BALANCE": "opening balance and entries of the bank statement do not give its closing balance",
    "STMT-TOTALS": "the number or the sum of entries or transactions is not what the bank statement says",
    "STMT-SEQUENCE": "the bank statement does not follow the one before it: one is missing, repeated or out of order",
    # conforming to the canonical model
    "DATE-RANGE": "the date does not exist or lies outside the allowed range",
    "CODE-UNMAPPED": "the code is not in the source's code list",
    "REQUIRED": "a required value is missing",
    "NUM-SIGN": "the sign flag is not in the source's sign map",
    "LOOKUP-MISS": "the reference was not found in the source's cross-reference",
    "TOO-LONG": "the text is longer than the consolidated field",
    # keys and references
    "DUP-KEY": "the key occurs more than once in its source",
    "ORPHAN-ADDRESS": "the address belongs to no subscriber, account or line that was delivered and is sound",
    "ORPHAN-LINE": "the invoice line belongs to no invoice that was delivered and is sound",
    "ORPHAN-PAYMENT": "the payment belongs to no account that was delivered and is sound",
    "ORPHAN-ALLOCATION": "the allocation belongs to no payment or invoice that was delivered and is sound",
    "ACC-NO-CUSTOMER": "the account belongs to no subscriber that was delivered and is sound",
    "ORPHAN": "the record refers to a record that was not delivered, or was set aside itself",
    # money
    "SUM-LINES": "the invoice's lines, VAT and totals do not agree",
    "SUM-PAYMENT": "allocations and the unallocated rest do not add up to the payment",
    "ACC-BALANCE": "opening balance and movements do not give the closing balance",
    "ACC-BLOCKED": "the account is held back because another of its records is in error",
    "VAT-RATE": "the VAT rate is not one of the source's (`vat_rates` in source.toml)",
    "CUR-UNKNOWN": "the currency is not one of the source's (`currencies` in source.toml)",
    # attributes (the record goes on)
    "ID-PESEL": "the PESEL is not valid as it was delivered",
    "ID-PESEL-DOUBT": "the PESEL is valid, but may be somebody else's or another number",
    "ID-PESEL-FILLER": "the PESEL is a filler",
    "ID-PESEL-BIRTH": "the PESEL contradicts the birth date",
    "ID-NIP": "the NIP is not valid as it was delivered",
    "ID-NIP-FILLER": "the NIP is a filler",
    "ID-REGON": "the REGON is not valid as it was delivered",
    "ID-KRS": "the number of the court register is not valid as it was delivered",
    "ID-DOCUMENT": "the number of the identity document is not valid as delivered, or not of the declared kind",
    "ID-NRB": "the bank account is not a valid Polish one",
    "TEL-NOZONE": "the number has no zone and the source does not say which",
    "TEL-SHORT": "the number is too short and no renumbering table knows it",
    "TEL-INVALID": "the number cannot be a Polish subscriber's",
    "TEL-FILLER": "the number is a filler",
    "TEL-DOUBT": "the number was read, but may be meant otherwise",
    "ADR-UNPARSED": "the address could not be taken apart",
    "ADR-DOUBT": "the address was read, but part of it is missing or may be meant otherwise",
    "ADR-POSTCODE": "the postal code is not valid",
    "ADR-REGION": "no voivodeship has this name or code",
    "NAME-UNPARSED": "the name could not be taken apart",
    "NAME-DOUBT": "the name was read, but half of it is missing or may be meant otherwise",
    "MAIL-INVALID": "the e-mail address is not valid",
    # gates
    "GATE": "a validation suite refused the row, or (flagged) found a value odd of which no other reason speaks",
}
