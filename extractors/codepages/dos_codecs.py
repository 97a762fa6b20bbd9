"""DOS code pages of Central Europe that Python lacks, registered with its codecs.

`bytes.decode("kamenicky")` works wherever this module was imported; the decoders import it (`extractors.decode`), so
a declaration may name the page like any other.  Mazovia, the Polish counterpart, is in `extractors.codepages.tables`.

* **Kamenický** (KEYBCS2; CP895 in FoxPro and elsewhere, CP867 in some drivers): CP437 with the Czech and Slovak
  letters in 80-AD, chosen so that a screen without the page still shows letters that look alike.
  Source: the table of the KEYBCS2 keyboard driver, on which several independent converters agree letter by letter.
  Bytes from AE on (line drawings, Greek, signs) are CP437's.

>>> "Příliš žluťoučký kůň".encode("kamenicky").hex(" ")
'50 a9 a1 6c 69 a8 20 91 6c 75 9f 6f 75 87 6b 98 20 6b 96 a4'
>>> b"\\x80\\x9b\\x9e".decode("cp895")
'ČŠŘ'
>>> "ł".encode("kamenicky")  # doctest: +ELLIPSIS
Traceback (most recent call last):
...
UnicodeEncodeError: 'charmap' codec can't encode character '\\u0142' in position 0: character maps to <undefined>...
"""

from __future__ import annotations

import codecs
from typing import Any

_UPPER_HALF = (
    "ČüéďäĎŤčěĚĹÍľĺÄÁ"  # 80
    "ÉžŽôöÓůÚýÖÜŠĽÝŘť"  # 90
    "áíóúňŇŮÔšřŕŔ¼§"  # A0-AD
)
KAMENICKY = "kamenicky"
NAMES = (KAMENICKY, "cp895", "cp867", "keybcs2")
"""What the page is called."""


def _kamenicky() -> str:
    cp437 = bytes(range(256)).decode("cp437")
    return cp437[:0x80] + _UPPER_HALF + cp437[0x80 + len(_UPPER_HALF) :]


def _codec(name: str, table: str) -> codecs.CodecInfo:
    """A codec of 256 characters, complete with what `open` and the stream readers need."""
    bytes_of = codecs.charmap_build(table)

    class _Codec(codecs.Codec):
        def encode(self, input: str, errors: str = "strict") -> tuple[bytes, int]:
            return codecs.charmap_encode(input, errors, bytes_of)

        def decode(self, input: Any, errors: str = "strict") -> tuple[str, int]:
            return codecs.charmap_decode(input, errors, table)

    class _Encoder(codecs.IncrementalEncoder):
        def encode(self, input: str, final: bool = False) -> bytes:
            return codecs.charmap_encode(input, self.errors, bytes_of)[0]

    class _Decoder(codecs.IncrementalDecoder):
        def decode(self, input: Any, final: bool = False) -> str:
            return codecs.charmap_decode(input, self.errors, table)[0]

    class _Reader(_Codec, codecs.StreamReader):
        pass

    class _Writer(_Codec, codecs.StreamWriter):
        pass

    return codecs.CodecInfo(
        _Codec().encode,
        _Codec().decode,
        streamreader=_Reader,
        streamwriter=_Writer,
        incrementalencoder=_Encoder,
        incrementaldecoder=_Decoder,
        name=name,
    )


_CODEC = _codec(KAMENICKY, _kamenicky())
codecs.register(dict.fromkeys(NAMES, _CODEC).get)
