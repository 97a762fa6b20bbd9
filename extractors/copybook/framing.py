"""Framing: where the records of a mainframe file begin and end.

* *F*, *FB*: every record has the same length; nothing stands between them.  Blocks leave no trace in a file, unless
  each has a block descriptor word (BDW) in front.
* *V*: a record descriptor word (RDW) of four bytes stands before each record: two bytes length, big-endian, itself
  included, and two bytes that are zero.
* *VB*: the same in blocks, each with a BDW: length of the block, itself included.
* *VBS*: the same, and a record may be cut into segments that lie in several blocks; the third byte of a segment's
  descriptor word says whether it is whole (0), the first (1), the last (2) or one between (3).
* *T*: text, a line a record.
* *L*: a field of the record says how long it is.

Transfer programs write descriptor words of their own: little-endian (length in the last two bytes), or without
themselves in the length; a `Descriptor` says which.

Source: z/OS DFSMS Using Data Sets, "Variable-Length Record Formats".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from billing.errors import SourceError
from extractors.base import LandedFile
from extractors.copybook.blocks import BlockScanner, SpannedScanner
from extractors.copybook.records import Frame, Window, fixed_frames
from extractors.copybook.scanning import Descriptor, RdwScanner, Scanner, scanned_frames
from extractors.copybook.unworded import LengthOf, LengthScanner, LineScanner

Format = Literal["F", "FB", "V", "VB", "VBS", "T", "L"]


@dataclass(frozen=True)
class Framing:
    """Everything about the form of a file.

    Attributes:
        format: See the module's docstring.
        record_length: Of F and FB, in bytes, lead and trail included.
        rdw: Form of record descriptor words.
        bdw: Form of block descriptor words; in FB, None where blocks have none.
        header_bytes: Before the first record.
        footer_bytes: Behind the last one.
        lead: Bytes at a record's beginning that the copybook does not describe.
        trail: Bytes at its end that it does not describe.
        length_of: L: says how long a record is.
        partial: F: the last record may be shorter.
        line_width: T: bytes that shorter lines are filled up to.
        line_blank: T: what they are filled up with.
        sound_first: Records in front of a fault are given before it is raised: for a person who looks at the file,
            never for a run, which shall not take half a file for a whole one.
    """

    format: Format = "F"
    record_length: int = 0
    rdw: Descriptor = field(default_factory=Descriptor)
    bdw: Descriptor | None = field(default_factory=Descriptor)
    header_bytes: int = 0
    footer_bytes: int = 0
    lead: int = 0
    trail: int = 0
    length_of: LengthOf | None = None
    partial: bool = False
    line_width: int = 0
    line_blank: int = 0x20
    sound_first: bool = False

    def frames(self, source_id: str, landed: LandedFile, batch_rows: int) -> Iterator[Frame]:
        """Read a file.

        Args:
            source_id: For messages.
            landed: The file.
            batch_rows: Records a frame, at most.

        Raises:
            SourceError: The file is not of this form.
        """
        window = Window.of(source_id, landed, self.header_bytes, self.footer_bytes)
        if self.format == "F" or (self.format == "FB" and self.bdw is None):
            rest = (window.end - window.begin) % self.record_length
            if self.sound_first and rest and not self.partial:
                sound = replace(self, footer_bytes=self.footer_bytes + rest)
                yield from sound.frames(source_id, landed, batch_rows)
            yield from fixed_frames(
                source_id, landed, self.record_length, batch_rows,
                window=window, lead=self.lead, trail=self.trail, partial=self.partial,
            )  # fmt: skip
            return
        yield from scanned_frames(
            source_id, landed, self._scanner(), batch_rows, window=window, lead=self.lead, trail=self.trail,
            sound_first=self.sound_first,
        )  # fmt: skip

    def _scanner(self) -> Scanner:
        bdw = self.bdw or Descriptor()
        match self.format:
            case "V":
                return RdwScanner(self.rdw)
            case "VB":
                return BlockScanner(bdw, self.rdw)
            case "FB":
                return BlockScanner(bdw, None, self.record_length)
            case "VBS":
                return SpannedScanner(bdw, self.rdw)
            case "T":
                return LineScanner(self.line_width, self.line_blank)
            case _:
                if self.length_of is None:
                    raise SourceError("nothing says how long its records are", remedy="declare a length field")
                return LengthScanner(self.length_of)
