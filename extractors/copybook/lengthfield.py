"""The length of a record, said by a field of it: a number, a sum with numbers, or a code.

>>> from extractors.codepages.tables import code_page
>>> from extractors.copybook.layout import Copybook
>>> copybook = Copybook.parse("r.cpy", "01 R. 05 LEN PIC 99. 05 KIND PIC X. 05 REST PIC X(9).")
>>> LengthField.of(copybook, "LEN + 3", code_page("cp037"))("07".encode("cp037"))
10
>>> LengthField.of(copybook, "KIND", code_page("cp037"), {"A": 3, "_": 8})("00B".encode("cp037"))
8
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from billing.errors import ContractError
from extractors.codepages.tables import CodePage
from extractors.copybook.decode import decode_field
from extractors.copybook.fields import Field
from extractors.copybook.layout import Copybook, RecordType
from extractors.copybook.reading import STRICT, Reading
from extractors.copybook.shapes import Counts, Rows, shapes

OTHERWISE = "_"
"""Key of a mapping for codes that it does not have."""

_TOKEN = re.compile(r"\s*(?:([A-Za-z][A-Za-z0-9_-]*)|(\d+)|([-+*/()]))")
_LONGEST = 200
_REMEMBERED = 100_000


@dataclass
class LengthField:
    """Says how long a record is; call it with the bytes from the record's beginning on.

    Attributes:
        tokens: The expression: names, numbers, operators.
        fields: Fields that it names.
        page: Their code page.
        mapping: Text of the only field -> length, where it is a code.
        how: The reader's choices.
    """

    tokens: list[str]
    fields: dict[str, Field]
    page: CodePage
    mapping: Mapping[str, int] = field(default_factory=dict)
    how: Reading = STRICT
    remembered: dict[bytes, int] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        copybook: Copybook,
        expression: str,
        page: CodePage,
        mapping: Mapping[str, int] | None = None,
        how: Reading = STRICT,
    ) -> LengthField:
        """Understand an expression of fields, whole numbers, `+ - * /` and parentheses.

        Raises:
            ContractError: It is none, or names a field that does not exist.
        """
        if len(expression) > _LONGEST:
            raise ContractError(
                f"the length expression has more than {_LONGEST} characters",
                file=copybook.file,
                remedy="write a shorter one, or a `length_map`",
            )
        tokens: list[str] = []
        at = 0
        while at < len(expression.rstrip()):
            match = _TOKEN.match(expression, at)
            if not match:
                raise ContractError(
                    f"{expression!r} is no length: {expression[at:]!r} is not understood",
                    file=copybook.file,
                    remedy="write fields, whole numbers, + - * / and parentheses",
                )
            tokens.append(match[0].strip())
            at = match.end()
        names = [token for token in tokens if token[0].isalpha()]
        found = cls(tokens, {name: copybook.locate(_spelt(copybook, name)) for name in names}, page, mapping or {}, how)
        with suppress(ZeroDivisionError):  # other values may be different
            found.evaluate(dict.fromkeys(names, 1))
        return found

    def __call__(self, data: bytes | memoryview) -> int | None:
        """The record's length in bytes; None where `data` ends before it is said.

        Raises:
            ValueError: What stands there says no length.
        """
        needed = max((f.end for f in self.fields.values()), default=0)
        if len(data) < needed:
            return None
        key = b"".join(data[f.offset : f.end] for f in self.fields.values())
        length = self.remembered.get(key)
        if length is None:
            length = self._length(data)
            if len(self.remembered) < _REMEMBERED:
                self.remembered[key] = length
        return length

    def _length(self, data: bytes | memoryview) -> int:
        values: dict[str, int] = {}
        for name, place in self.fields.items():
            block = np.frombuffer(data[place.offset : place.end], np.uint8).reshape(1, place.length)
            value = decode_field(block, place, self.page, self.how).values[0].as_py()
            text = str(value if value is not None else "").strip()
            if self.mapping:
                if text not in self.mapping and OTHERWISE not in self.mapping:
                    raise ValueError(f"{name} does not say how long the record is")
                values[name] = self.mapping.get(text, self.mapping.get(OTHERWISE, 0))
            elif re.fullmatch(r"[+-]?[0-9]{1,9}", text):
                values[name] = int(text)
            else:
                raise ValueError(f"{name} does not say how long the record is")
        try:
            length = self.evaluate(values)
        except ZeroDivisionError:
            raise ValueError(f"{' '.join(self.tokens)} divides by zero") from None
        if length < 1:
            raise ValueError(f"{' '.join(self.tokens)} says that the record has {length} bytes")
        return length

    def evaluate(self, values: Mapping[str, int]) -> int:
        """The expression's value for these values of its fields.

        Raises:
            ContractError: It is no expression.
            ZeroDivisionError: These values divide by zero.
        """
        self._values, self._at = values, 0
        result = self._sum()
        if self._at < len(self.tokens):
            self._bad()
        return result

    def _sum(self) -> int:
        result = self._product()
        while (symbol := self._peek()) in ("+", "-"):
            self._at += 1
            result += self._product() if symbol == "+" else -self._product()
        return result

    def _product(self) -> int:
        result = self._atom()
        while (symbol := self._peek()) in ("*", "/"):
            self._at += 1
            other = self._atom()
            result = result * other if symbol == "*" else result // other
        return result

    def _atom(self) -> int:
        symbol = self._peek()
        self._at += 1
        if symbol == "(":
            result = self._sum()
            if self._peek() != ")":
                self._bad()
            self._at += 1
            return result
        if symbol and symbol[0].isdigit():
            return int(symbol)
        if symbol and symbol in self._values:
            return self._values[symbol]
        self._bad()

    def _peek(self) -> str | None:
        return self.tokens[self._at] if self._at < len(self.tokens) else None

    def _bad(self) -> NoReturn:
        raise ContractError(
            f"{' '.join(self.tokens)!r} is no length", remedy="write fields, whole numbers, + - * / and parentheses"
        )


def _spelt(copybook: Copybook, name: str) -> str:
    """A field's name as the copybook spells it: others write a stroke below for the hyphen."""
    known = copybook.groups()
    return name if name.upper() in known else name.replace("_", "-")


@dataclass
class OwnLength:
    """The length of a record whose variable tables alone say how long it is; call it as a `LengthField`.

    Attributes:
        record_type: The type of the records.
        page: Their code page.
        how: The reader's choices.
        mapping: What texts say how often a table stands in a record.
        clamp: See `shapes`.
    """

    record_type: RecordType
    page: CodePage
    how: Reading = STRICT
    mapping: Counts = field(default_factory=dict)
    clamp: bool = False

    def __call__(self, data: bytes | memoryview) -> int | None:
        """The record's length in bytes; None where `data` ends before it is said.

        Raises:
            ValueError: What stands there says no length.
        """
        array = np.frombuffer(data, np.uint8)

        def cut(_: Rows, offset: int, width: int) -> NDArray[np.uint8]:
            return array[offset : offset + width].reshape(1, width)

        found = shapes(
            self.record_type, cut, np.array([len(data)]), self.page, self.how, mapping=self.mapping, clamp=self.clamp
        )
        for fault in found.miscounted:
            if fault.short:
                return None
            raise ValueError(fault.message)
        return found.shapes[0].layout.length
