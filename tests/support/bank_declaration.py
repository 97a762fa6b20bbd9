"""The declaration of a source whose payments are the entries of MT940 statements."""

from __future__ import annotations

from collections.abc import Sequence

OF_STATEMENT = ("statement_reference", "statement_no", "entry_no")


def bank_declaration(
    account_key: str,
    *,
    source: str = "probe",
    code_page: str = "cp1250",
    of_file: Sequence[str] = (),
    of_payment: Sequence[str] = (),
    key: Sequence[str] = OF_STATEMENT,
    rest: str = "",
) -> str:
    """A source of the raw tables `wyciag_statements` and `wyciag_entries`, and of payments.

    Args:
        account_key: TOML value: which account an entry pays.
        source: Its id.
        code_page: Of the statements.
        of_file: More lines of the file's spec.
        of_payment: More fields of a payment; a line `where = ...` stands before them all.
        key: Columns that make a payment's key.
        rest: Further files, entities and thresholds.
    """
    where = [line for line in of_payment if line.startswith("where")]
    fields = [line for line in of_payment if line not in where]
    return "\n".join(
        [
            f'id = "{source}"', 'title = "Bank"', 'system = "MT940"', "[delivery]", "extracted_on = 2003-12-31",
            "[[files]]", 'name = "wyciag"', 'format = "mt940"', 'pattern = "*.sta"', f'code_page = "{code_page}"',
            *of_file,
            "[[entities]]", 'name = "payment"', 'from = "wyciag_entries"', *where, "[entities.fields]",
            f'payment_key = {{ columns = {list(key)}, join = "/" }}', f"account_key = {account_key}",
            'paid_on = { column = "value_date", format = "YYYY-MM-DD" }', 'currency = "currency"', 'amount = "amount"',
            *fields, rest,
        ]
    )  # fmt: skip
