"""The texts of an XML document, from bytes that are not quite the text."""

from __future__ import annotations

import html.entities
import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from extractors.xml.tokens import COVER, COVERED_AMP, COVERED_GT, COVERED_LT, Index

_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]+)|#([0-9]+)|(\w+));")
_INNER = re.compile(r"<(/?)[^<>]*?(/?)>")
_SPACES = " \t\r\n"
_IS_SPACE = np.zeros(256, np.bool_)
_IS_SPACE[list(_SPACES.encode())] = True
_UNCOVER = {COVER: None, COVERED_LT: "<", COVERED_GT: ">", COVERED_AMP: "&"}


def mend(text: str, is_attribute: bool) -> str | None:
    """A text as XML means it: own text only, references resolved, line ends and white space made uniform."""
    if is_attribute:
        text = text.replace("\r\n", " ").translate(dict.fromkeys(map(ord, "\r\n\t"), " "))
    else:
        text = _own_text(text).replace("\r\n", "\n").replace("\r", "\n")
    text = _REFERENCE.sub(_referred, text).translate(_UNCOVER)
    return text.strip(_SPACES) or None


def mend_column(texts: pa.StringArray, is_attribute: bool) -> pa.StringArray:
    """As `mend`, of a column; texts that only refer to XML's own five characters are done all at once.

    >>> mend_column(pa.array(["a &amp;lt; b", "&#65;<i>x</i>", None]), False).to_pylist()
    ['a &lt; b', 'A', None]
    """
    odd = pc.any(pc.match_substring_regex(texts, _MORE_IN_ATTRIBUTES if is_attribute else _MORE_IN_TEXTS)).as_py()
    if odd:
        return pa.array([text and mend(text, is_attribute) for text in texts.to_pylist()], pa.string())
    for name, character in _OWN_REFERENCES:
        texts = pc.replace_substring(texts, name, character)
    return texts


# `&` comes last: what it makes is no reference
_OWN_REFERENCES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&"))
_MORE_IN_TEXTS = r"&#|<|[\x00-\x08\x0b-\x1f]"
_MORE_IN_ATTRIBUTES = r"&#|<|[\x00-\x1f]"


def _referred(match: re.Match[str]) -> str:
    if match[1] or match[2]:
        return chr(int(match[1], 16) if match[1] else int(match[2]))
    # a document without a type can only refer to the five that XML itself defines; "apos" is unknown to HTML 4
    return "'" if match[3] == "apos" else chr(html.entities.name2codepoint[match[3]])


def _own_text(text: str) -> str:
    """Leave the elements within a text out, with all that is in them."""
    if "<" not in text:
        return text
    own, depth, place = [], 0, 0
    for tag in _INNER.finditer(text):
        if not depth:
            own.append(text[place : tag.start()])
        depth += 0 if tag[2] else (-1 if tag[1] else 1)
        place = tag.end()
    return "".join([*own, text[place:]])


def stripped(data: NDArray[np.uint8], starts: Index, stops: Index) -> tuple[Index, Index]:
    """Spans without the white space around the text."""
    starts, stops = starts.copy(), stops.copy()
    rows = np.flatnonzero(stops > starts)
    left = right = rows
    while len(left := left[_IS_SPACE[data[starts[left]]]]):
        starts[left] += 1
        left = left[starts[left] < stops[left]]
    right = rows[stops[rows] > starts[rows]]
    while len(right := right[_IS_SPACE[data[stops[right] - 1]]]):
        stops[right] -= 1
        right = right[starts[right] < stops[right]]
    return starts, stops
