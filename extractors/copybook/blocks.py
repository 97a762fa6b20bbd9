"""Records in blocks: VB, FB with block descriptor words, and VBS, whose records may be cut into segments."""

from __future__ import annotations

from extractors.copybook.scanning import CUT_OFF, LONGEST, WORD, Broken, Descriptor, Noted, RdwScanner, Scan


class BlockScanner:
    """VB: blocks with a descriptor word, records with one in them; FB where records have one length instead."""

    def __init__(self, bdw: Descriptor, rdw: Descriptor | None, record_length: int = 0) -> None:
        self.bdw = bdw
        self.inner = RdwScanner(rdw) if rdw else None
        self.record_length = record_length

    def scan(self, data: bytes, *, at_end: bool) -> tuple[Scan, Broken | None]:
        """See `Scanner`; a block is taken as a whole or not yet."""
        found = Noted()
        at, size = 0, len(data)
        while at < size:
            end, broken = block_end(data, at, self.bdw, len(found.begins), at_end=at_end)
            if end is None or broken:
                return found.scan(), broken
            broken = self._block(data, at + WORD, end, found)
            if broken:
                return found.scan(), broken
            at = found.consumed = end
        return found.scan(), None

    def _block(self, data: bytes, at: int, end: int, found: Noted) -> Broken | None:
        if self.inner is None:
            count, rest = divmod(end - at, self.record_length)
            if rest:
                return Broken(
                    len(found.begins) + count,
                    f"a block of {end - at} bytes does not hold whole records of {self.record_length} bytes",
                    "correct `record_length` or the copybook",
                    at,
                )
            begins = list(range(at, end, self.record_length))
            found.begins += begins
            found.starts += begins
            found.lengths += [self.record_length] * count
            found.ends += [begin + self.record_length for begin in begins]
            return None
        begins, stopped = self.inner.run(data, at, end)
        ends = [*begins[1:], stopped] if begins else []
        broken = self.inner.zeros_of(data, begins)
        if broken is None and stopped < end:
            word = data[stopped : min(end, stopped + WORD)]
            broken = self.inner.stopped(word, len(begins), end - stopped, at_end=True)
            if broken:
                broken = Broken(broken.at, broken.message.replace("the file ends", "the block ends"), broken.remedy)
        place = None
        if broken:
            place = begins[broken.at] if broken.at < len(begins) else stopped
            begins, ends = begins[: broken.at], ends[: broken.at]
        found.begins += begins
        found.starts += [begin + WORD for begin in begins]
        found.lengths += [e - b - WORD for b, e in zip(begins, ends, strict=True)]
        found.ends += ends
        return Broken(len(found.begins), broken.message, broken.remedy, place) if broken else None


def block_end(data: bytes, at: int, bdw: Descriptor, record: int, *, at_end: bool) -> tuple[int | None, Broken | None]:
    """Index behind the block that begins at an index; None where it is not all there yet.

    A first bit of 1 means that the length has 31 bits (large blocks, on tape).
    """
    word = data[at : at + WORD]
    if len(word) == WORD:
        ordered = word if bdw.big_endian else word[::-1]
        large = bool(ordered[0] & 0x80)
        stated = int.from_bytes(ordered, "big") & 0x7FFFFFFF if large else int.from_bytes(ordered[:2], "big")
        length = stated + bdw.offset
        if length < 0 or length > LONGEST:
            return None, Broken(
                record,
                f"the block descriptor word {word.hex(' ')} states a length of {stated}",
                "check `record_format` and `bdw`; the file may have no BDWs",
                at,
            )
        if at + WORD + length <= len(data):
            return at + WORD + length, None
    if not at_end:
        return None, None
    return None, Broken(record, f"the file ends {len(data) - at} bytes into a block", CUT_OFF, at)


class SpannedScanner:
    """VBS: blocks of segments, of which one or more make a record."""

    def __init__(self, bdw: Descriptor, rdw: Descriptor) -> None:
        self.bdw = bdw
        self.rdw = rdw

    def scan(self, data: bytes, *, at_end: bool) -> tuple[Scan, Broken | None]:
        """See `Scanner`; what is taken ends with the block where the last whole record ends."""
        found = Noted()
        pieces: list[bytes] = []
        total = 0
        parts: list[bytes] = []  # of the record that is not whole yet
        begin = at = 0
        whole = 0  # records that ended in blocks which need not be given again
        marks = (0, 0)
        while at < len(data):
            end, broken = block_end(data, at, self.bdw, len(found.begins), at_end=at_end)
            if broken:
                return found.scan(b"".join(pieces)), broken
            if end is None:
                break
            at += WORD
            while at < end:
                word = data[at : at + WORD]
                stated = int.from_bytes(word[:2], "big") if self.rdw.big_endian else int.from_bytes(word[2:], "little")
                length = stated + self.rdw.offset
                control = word[2] if self.rdw.big_endian and len(word) == WORD else word[1] if len(word) == WORD else 9
                if length < 0 or at + WORD + length > end or control > 3:
                    return found.scan(b"".join(pieces)), Broken(
                        len(found.begins),
                        f"{word.hex(' ')} is no segment descriptor word of this block",
                        "the file is damaged before this place, or its records are not spanned: check `record_format`",
                        at,
                    )
                if (control in (0, 1)) == bool(parts):
                    what = "begins before the last one ended" if parts else "goes on that never began"
                    return found.scan(b"".join(pieces)), Broken(len(found.begins), f"a record {what}", CUT_OFF, at)
                if control in (0, 1):
                    begin = at
                parts.append(data[at + WORD : at + WORD + length])
                at += WORD + length
                if control in (0, 2):
                    record = b"".join(parts)
                    parts = []
                    found.begins.append(begin)
                    found.ends.append(at)
                    found.starts.append(total)
                    found.lengths.append(len(record))
                    pieces.append(record)
                    total += len(record)
            if not parts:
                found.consumed, whole, marks = at, len(found.begins), (total, len(pieces))
        if at_end and parts:
            return found.scan(b"".join(pieces)), Broken(
                len(found.begins), "the file ends within a spanned record", CUT_OFF, begin
            )
        # records behind the last block that is done with will be found again
        for noted in (found.begins, found.ends, found.starts, found.lengths):
            del noted[whole:]
        return found.scan(b"".join(pieces[: marks[1]])), None
