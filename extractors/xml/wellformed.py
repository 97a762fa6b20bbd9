"""Whether a document is well-formed XML, and in which encoding: expat's word, nothing built."""

from __future__ import annotations

import codecs
from xml.parsers import expat  # no document type, hence no entities: see extractors.xml.document

from billing.errors import SourceError
from extractors.base import LandedFile
from extractors.text.spans import Cutter

_FOREIGN = {  # how a document begins that no decoder here reads as it is
    b"\xff\xfe\0\0": "UTF-32", b"\0\0\xfe\xff": "UTF-32", b"<\0\0\0": "UTF-32", b"\0\0\0<": "UTF-32",
    b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"<\0": "UTF-16", b"\0<": "UTF-16", b"\x4c\x6f\xa7\x94": "EBCDIC",
}  # fmt: skip
MAX_TOKEN = 16 << 20
"""Most bytes of a tag, a comment or an instruction: expat keeps one that has not ended, and some of its versions look
at all of it again with every piece that they are fed, which takes hours where one has no end."""
_CUT = {
    expat.errors.codes[text]
    for text in (expat.errors.XML_ERROR_UNCLOSED_TOKEN, expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION)
}


class XmlCheck:
    """Expat, which only has to be content.

    Args:
        source_id: The source.
        landed: The document.
        encoding: What it is in, whatever it declares.

    Attributes:
        encoding: What it is in: as declared by the source, else by the document, else UTF-8.
        root: Local name of its outermost element; empty before that has passed.
    """

    def __init__(self, source_id: str, landed: LandedFile, encoding: str | None = None) -> None:
        self._source_id = source_id
        self._landed = landed
        self._is_given = encoding is not None
        self._expat = expat.ParserCreate(encoding)
        self._expat.StartDoctypeDeclHandler = self._refuse_doctype
        self._expat.XmlDeclHandler = self._note_declaration
        self._expat.StartElementHandler = self._note_root
        self.root = ""
        self._cutter: Cutter | None = None
        self._has_mark = False
        self._fed, self._fresh = 0, b""
        self.encoding = encoding or "utf-8"

    @property
    def is_utf8(self) -> bool:
        """The document's text is UTF-8, or ASCII."""
        return self.cutter.is_utf8

    @property
    def cutter(self) -> Cutter:
        """Decodes the document's text."""
        if self._cutter is None:
            plain = self.encoding.casefold() in {"us-ascii", "ascii"}
            self._cutter = Cutter("utf-8" if plain else self.encoding)
        return self._cutter

    def feed(self, data: bytes) -> None:
        """Check the next bytes.

        Raises:
            SourceError: They break the document, or its encoding is one that is not read.
        """
        if not data:
            return
        if not self._fed:
            for beginning, name in _FOREIGN.items():
                if data.startswith(beginning):
                    raise self.error(f"the document is in {name}", "have it delivered in UTF-8", 0)
            self._has_mark = data.startswith(codecs.BOM_UTF8)
        self._fed += len(data)
        self._fresh = data
        self._parse(data, final=False)
        begin = self._expat.CurrentByteIndex
        if begin >= 0 and self._fed - begin > MAX_TOKEN + len(data):
            raise self.error(
                f"a tag, a comment or an instruction does not end within {MAX_TOKEN >> 20} MiB",
                "have the file sent again: no billing system writes such",
                begin,
            )

    def close(self) -> None:
        """The document ends here.

        Raises:
            SourceError: It should not have.
        """
        self._parse(b"", final=True)

    def error(self, message: str, remedy: str, byte_offset: int, line: int | None = None) -> SourceError:
        """What is wrong with the document, and where."""
        return SourceError(
            message,
            source_id=self._source_id,
            file=self._landed.name,
            line=line,
            byte_offset=byte_offset,
            remedy=remedy,
        )

    def _parse(self, data: bytes, *, final: bool) -> None:
        try:
            self._expat.Parse(data, final)
        except expat.ExpatError as error:
            text = expat.ErrorString(error.code)
            cut = final or error.code in _CUT
            what = "the document is truncated" if cut else "the document is not well-formed XML"
            raise self.error(
                f"{what}: {text}, in column {error.offset + 1}",
                "have the file sent again",
                self._expat.ErrorByteIndex,
                error.lineno,
            ) from None
        except (LookupError, ValueError) as error:  # nobody knows the encoding, or it takes several bytes a letter
            raise self.error(str(error), "have the document delivered in UTF-8", 0) from None

    def _refuse_doctype(self, name: str, *_: object) -> None:
        begin = self._fed - len(self._fresh)
        place = self._fresh.rfind(b"<!DOCTYPE", 0, self._expat.CurrentByteIndex - begin)
        raise self.error(
            f"the document has a document type declaration ({name}), which could define entities",
            "have it delivered without DOCTYPE",
            begin + place if place >= 0 else self._expat.CurrentByteIndex,
            self._expat.CurrentLineNumber,
        )

    def _note_declaration(self, version: str, encoding: str | None, standalone: int) -> None:
        if self._is_given:
            return
        self.encoding = encoding or self.encoding
        if self._has_mark and not self.is_utf8:
            raise self.error(
                f"the document begins with the byte order mark of UTF-8 and declares {encoding}",
                "have it corrected, or give its spec encoding = 'utf-8'",
                0,
            )

    def _note_root(self, name: str, attributes: dict[str, str]) -> None:
        self.root = name.rpartition(":")[2]
        self._expat.StartElementHandler = None  # the others are of no interest
