"""Names and e-mail addresses by the million.

Nearly every person has one given name and one family name, in one field or in two.  Such rows are read word by word:
each distinct word is looked at once, and the rows are put together from what is known of their two words.  All others
(titles, firms, three words, doubts) go, once per distinct row, through `transforms.names`.

>>> columns = [pa.array(c, pa.string()) for c in (["KOWALSKI JAN", "ALFA S.A."], [None] * 2, [None] * 2, [None] * 2)]
>>> read = names([*columns, pa.array([None, None], pa.string())])
>>> read[1].to_pylist(), read[3].to_pylist(), read[-1].to_pylist()
(['Jan', None], [None, 'ALFA S.A.'], ['name.plain', 'name.company'])
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import emails, unique
from transforms.identifier_columns import Judged
from transforms.kernels import Bools, present
from transforms.marks import Marks
from transforms.names import Name, read_name, read_word

_TWO_WORDS = r"^(?P<first>[^ \t\r\n\v\f]+) (?P<second>[^ \t\r\n\v\f]+)$"


def names(delivered: Sequence[Any], *, given_first: bool = False) -> list[Any]:
    """Read a batch of names.

    Args:
        delivered: Text columns: whole name, given names, family name, firm, kind.
        given_first: As of `transforms.names.read_name`.

    Returns:
        Text columns in the order of `transforms.names.Name`.
    """
    columns, read = _two_words(*delivered)
    others = pa.array(~read)
    if read.all():
        return columns
    rule = partial(read_name, given_first=given_first)
    rest = unique.apply_rows(rule, [c.filter(others) for c in delivered], len(Name._fields))
    return [pc.replace_with_mask(c, others, r) for c, r in zip(columns, rest, strict=True)]


def _two_words(name: Any, first: Any, last: Any, company: Any, kind: Any) -> tuple[list[Any], Bools]:
    """Names of one given and one family name, and which rows have such a one beyond doubt."""
    parts = pc.extract_regex(name, _TWO_WORDS)
    apart = ~present(name)
    one, other = (pc.coalesce(pc.struct_field(parts, at), column) for at, column in ((0, first), (1, last)))
    simple = present(one) & present(other) & ~present(company)
    simple &= apart | (~present(first) & ~present(last))
    simple &= ~present(kind) | pc.fill_null(pc.equal(kind, "person"), False).to_numpy(zero_copy_only=False)
    words = pa.concat_arrays([one, other]).dictionary_encode()
    codes = pc.fill_null(words.indices, 0).to_numpy(zero_copy_only=False)
    if not len(words.dictionary):
        return [pa.nulls(len(name), pa.string()) for _ in Name._fields], simple & False
    known = [read_word(word) for word in words.dictionary.to_pylist()]
    whole = np.array([word is not None for word in known])
    given = np.array([word is not None and word.given for word in known])
    left, right = codes[: len(name)], codes[len(name) :]
    simple &= whole[left] & whole[right]
    # in one field exactly one word is a given name; two fields are believed unless they look exchanged
    simple &= np.where(apart, given[left] | ~given[right], given[left] != given[right])
    exchanged = ~apart & given[right]
    of_given = pa.array(np.where(exchanged, right, left), mask=~simple)
    of_family = pa.array(np.where(exchanged, left, right), mask=~simple)
    shown, first_keys, last_keys = (
        pa.array([word and word[at] for word in known], pa.string()) for at in (1, 2, 3)
    )  # fmt: skip
    nothing = pa.nulls(len(name), pa.string())
    rules = pc.if_else(pa.array(apart), "name.fields", "name.plain")
    return [
        pa.repeat("person", len(name)), shown.take(of_given), shown.take(of_family), nothing, nothing, nothing,
        pa.repeat("ok", len(name)), first_keys.take(of_given), last_keys.take(of_family), nothing, rules,
    ], simple  # fmt: skip


def mails(array: Any) -> Judged:
    """Read a column of e-mail addresses (trimmed text); those of the usual form as a whole column."""
    plain = pc.and_(
        pc.match_substring_regex(array, f"^{emails.FORM_OF_ANY_CASE}$"),
        pc.less_equal(pc.binary_length(array), emails.MOST),
    )
    filler = pc.match_substring_regex(array, f"^(?i:{'|'.join(sorted(emails.FILLER_USERS))})@")
    plain = pc.fill_null(pc.and_not(plain, filler), False)
    rest = pc.if_else(plain, pa.scalar(None, pa.string()), array)
    value, rules = unique.apply(emails.row, rest, 2)
    marks = Marks.of(rules, "email.missing")
    marks.set(plain.to_numpy(zero_copy_only=False), "email.plain")
    return Judged(pc.if_else(plain, pc.ascii_lower(array), value), marks)
