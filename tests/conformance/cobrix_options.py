"""The options of the other reader, and what they are here: the one table.

The names are those of its documentation; `-` and `_` in them are the same.  An option is read by `reader_for`, steers
Spark only (`STEERS_SPARK`, with the reason), or cannot be compared (`NOT_COMPARABLE`, with the reason).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cobrix_pages import DOUBLE_BYTE, has_charset, has_page, page_of
from cobrix_reader import OtherReader

from extractors.codepages.tables import CodePage, code_page
from extractors.copybook.framing import Framing
from extractors.copybook.items import Item, descend
from extractors.copybook.layout import Copybook
from extractors.copybook.lengthfield import LengthField, OwnLength
from extractors.copybook.reader import RecordReader
from extractors.copybook.reading import Reading
from extractors.copybook.reference_format import Margins
from extractors.copybook.scanning import Descriptor
from extractors.copybook.segments import Selector
from extractors.copybook.tree import Presentation
from extractors.copybook.walk import Walk

READ = {
    "copybook", "copybooks", "copybook_contents", "truncate_comments", "comments_lbound", "comments_ubound",
    "string_trimming_policy", "display_pic_always_string", "ebcdic_code_page", "field_code_page",
    "is_utf16_big_endian", "floating_point_format", "variable_size_occurs", "occurs_mapping", "occurs_mappings",
    "strict_sign_overpunching", "improved_null_detection", "binary_as_hex", "decode_binary_as_hex",
    "schema_retention_policy", "drop_group_fillers", "drop_value_fillers", "filler_naming_policy", "non_terminals",
    "generate_record_id", "generate_record_bytes", "debug", "record_format", "record_length", "block_length",
    "records_per_block", "is_record_sequence", "is_xcom", "is_rdw_big_endian", "is_bdw_big_endian",
    "is_rdw_part_of_record_length", "rdw_adjustment", "bdw_adjustment", "record_length_field", "record_length_map",
    "minimum_record_length", "maximum_record_length", "is_text", "ascii_charset", "encoding", "segment_field",
    "segment_filter", "segment_id_root", "segment_id_prefix", "redefine_segment_id_map", "segment_children",
    "file_start_offset", "file_end_offset", "record_start_offset", "record_end_offset", "allow_partial_records",
    "debug_ignore_file_size", "strict_integral_precision", "generate_corrupt_fields", "record_limit",
    "record_header_name", "record_trailer_name", "file_header_field", "file_trailer_field",
}  # fmt: skip
READ_WITH_NUMBER = re.compile(r"segment_id_level(\d+)")

STEERS_SPARK = {
    "pedantic": "whether an unknown option is an error there",
    "header": "an option of CSV files, without a meaning there",
    "metadata": "comments of the columns of a DataFrame",
    "extended_metadata": "comments of the columns of a DataFrame",
    "enable_indexes": "how the work is split",
    "enable_index_cache": "how the work is split",
    "input_split_records": "how the work is split",
    "input_split_size_mb": "how the work is split",
    "input_split_size_compressed_mb": "how the work is split",
    "optimize_allocation": "how the work is split",
    "improve_locality": "how the work is split",
    "enable_self_checks": "checks of extensions written in Scala",
    "strict_schema": "which columns of a DataFrame may be null",
    "debug_layout_positions": "what is logged",
    "path": "where the data are; the case says it",
    "paths": "where the data are; the case says it",
    "data_paths": "where the data are; the case says it",
    "with_input_file_name_col": "a column with the address of a file on the other machine; left out of both sides",
}
NOT_COMPARABLE = {
    "record_extractor": "a class in Scala reads the records",
    "record_header_parser": "a class in Scala reads the record headers (its own names, such as rdw, are read)",
    "ebcdic_code_page_class": "a class in Scala is the code page",
    "rhp_additional_info": "an argument of a class in Scala",
    "re_additional_info": "an argument of a class in Scala",
    "gpg_private_key": "the files are encrypted",
    "redefine_rule": "an expression over fields says which group a record has; here values of one field do (segments)",
}
"""A case with one of these is skipped."""

_VARIABLE = re.compile(r"\$[A-Za-z_]")
_CUT_OFF = {"{", "{\\"}  # what a quotation mark within a value leaves of it
_OWN_PARSERS = {"rdw", "xcom", "rdw_big_endian", "rdw_little_endian"}
_FLOATS = {
    "ibm": "ibm", "ibm_little_endian": "ibm_little", "ieee754": "ieee", "ieee754_little_endian": "ieee_little",
}  # fmt: skip
_ENDS = {
    "file_start_offset": ("record_header_name", "file_header_field"),
    "file_end_offset": ("record_trailer_name", "file_trailer_field"),
}
_DEBUG = {"true": "hex", "hex": "hex", "raw": "bytes", "binary": "bytes", "string": "bytes"}
_TRIM = {"both": "both", "none": "none", "left": "left", "right": "right", "keep_all": "none"}


@dataclass
class Options:
    """A variant's options, under their own names.

    Attributes:
        given: Their values.
        unknown: Names that the table does not have.
        lost: Names whose value the file of cases does not have: a variable of the test code, or one cut off.
    """

    given: dict[str, str]
    unknown: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, variant: Mapping[str, Any]) -> Options:
        found: dict[str, str] = {}
        unknown = []
        lost = []
        for name, value in variant.items():
            head, colon, tail = str(name).partition(":")
            head = head.replace("-", "_").lower()
            text = str(value).lower() if isinstance(value, bool) else str(value).replace('\\"', '"')
            known = head in READ or head in STEERS_SPARK or head in NOT_COMPARABLE or READ_WITH_NUMBER.fullmatch(head)
            if not known:
                unknown.append(str(name))
            if _VARIABLE.match(text) or text in _CUT_OFF:
                lost.append(head + colon + tail)
            else:
                found[head + colon + tail] = text.removeprefix("$")  # written before what stands without quotes
        return cls(found, unknown, lost)

    @property
    def not_comparable(self) -> list[str]:
        """Why the variant cannot be compared."""
        names = {key.partition(":")[0] for key in (*self.given, *self.lost)}
        if self.text("record_header_parser") in _OWN_PARSERS:
            names.discard("record_header_parser")
        found = [f"{name}: {NOT_COMPARABLE[name]}" for name in sorted(names & NOT_COMPARABLE.keys())]
        pages = {self.text("ascii_charset" if self.ascii else "ebcdic_code_page").lower()}
        pages |= {key.partition(":")[2].lower() for key in self.given if key.startswith("field_code_page:")}
        for page in sorted(pages - {""}):
            if self.ascii:
                if not has_charset(page):
                    found.append(f"{page}: Python does not know the charset")
            elif page in DOUBLE_BYTE:
                found.append(f"{page}: a page with characters of two bytes")
            elif not has_page(page):
                found.append(f"{page}: Python has no table of this page")
        return found

    @property
    def refused(self) -> str:
        """Why the other reader stops with an error, whatever the data are."""
        given = self.text("occurs_mappings") or self.text("occurs_mapping") or "{}"
        try:
            numbers = [number for numbers in json.loads(given).values() for number in numbers.values()]
        except (ValueError, AttributeError):
            return f"occurs_mappings: {given!r} is no map of maps"
        return "" if all(type(number) is int for number in numbers) else "occurs_mappings: not all are whole numbers"

    def text(self, name: str, default: str = "") -> str:
        return self.given.get(name, default)

    def flag(self, name: str, default: bool = False) -> bool:
        return self.given.get(name, str(default)).lower() == "true"

    def number(self, name: str, default: int = 0) -> int:
        return int(self.given.get(name, default))

    def numbered(self, name: str) -> list[str]:
        """Values of `name:0`, `name:1` ..."""
        found = [(key, value) for key, value in self.given.items() if key.partition(":")[0] == name]
        return [value for _, value in sorted(found, key=lambda item: item[0])]

    def arrows(self, name: str) -> dict[str, list[str]]:
        """Values of the form `A => B,C`."""
        pairs = (value.split("=>") for value in self.numbered(name))
        return {one.strip(): [text.strip() for text in many.split(",")] for one, many in pairs}

    def segment_levels(self) -> list[list[str]]:
        found = {int(m[1]): self.given[k] for k in self.given if (m := READ_WITH_NUMBER.fullmatch(k))}
        if "segment_id_root" in self.given:
            found.setdefault(0, self.given["segment_id_root"])
        return [[text.strip() for text in found[n].split(",")] for n in sorted(found)]

    @property
    def lines(self) -> bool:
        return self.flag("is_text") or self.text("record_format").upper() in ("D", "D2", "T")

    @property
    def collapsed(self) -> bool:
        """The items below the top level are the columns."""
        return self.text("schema_retention_policy", "collapse_root") != "keep_original"

    @property
    def ascii(self) -> bool:
        return self.text("encoding", "ascii" if self.lines else "ebcdic").lower() == "ascii"

    @property
    def variable(self) -> bool:
        return (
            self.flag("is_record_sequence")
            or self.flag("is_xcom")
            or self.text("record_header_parser") in _OWN_PARSERS
            or self.text("record_format").upper() in ("V", "VB", "VBS")
        )


def spelling(item: Item) -> str:
    """A column's name there."""
    return (item.spelling or "FILLER").replace("-", "_").replace(":", "")


def load_copybook(paths: Sequence[Path], options: Options) -> Copybook:
    margins = Margins(options.number("comments_lbound", 6), options.number("comments_ubound", 72))
    if not options.flag("truncate_comments", True):
        margins = Margins(0, 10_000)
    if "copybook_contents" in options.given:
        return Copybook.parse("copybook_contents", options.text("copybook_contents"), margins=margins)
    return Copybook.load(paths, margins=margins)


def in_copybook(copybook: Copybook, name: str) -> str:
    """A name of an option as the copybook has it."""
    wanted = name.strip().upper().replace("-", "_")
    for item in descend(copybook.roots):
        if item.name and item.name.replace("-", "_").replace(":", "") == wanted:
            return item.name
    return name.strip().upper()


def reader_for(copybook: Copybook, options: Options, *, single: bool) -> RecordReader:
    """The reader of this project that does what the options ask for.

    Args:
        copybook: The case's.
        options: The variant's.
        single: The case has one copybook.
    """
    copybook, options = _without_ends(copybook, options)
    page, how = _reading(copybook, options)
    mapping = _mapping(copybook, options)
    selector = None
    if options.text("segment_field"):
        redefines = options.arrows("redefine_segment_id_map")
        groups = {value: in_copybook(copybook, group) for group, values in redefines.items() for value in values}
        selector = Selector(in_copybook(copybook, options.text("segment_field")), groups, exclusive=False)
    look = Presentation(
        name=spelling,
        keep_root=not options.collapsed and not without_01(copybook),
        group_fillers=not options.flag("drop_group_fillers"),
        value_fillers=not options.flag("drop_value_fillers", True),
        filler_names="previous" if options.text("filler_naming_policy") == "previous_field_name" else "sequence",
        texts_of_groups=frozenset(in_copybook(copybook, n) for n in options.text("non_terminals").split(",") if n),
        raw=_DEBUG.get(options.text("debug").lower(), "none"),  # type: ignore[arg-type]  # a text that is one of the Literal's
    )
    reader = OtherReader(
        copybook, Framing(), page, how, look, selector,
        occurs="variable" if options.flag("variable_size_occurs") else "maximum",
        mapping=mapping, clamp=True, in_sequence=single,
        blank_is_zero=not options.flag("improved_null_detection", True),
        charsets=_pages_of_fields(copybook, options) if options.ascii else {},
    )  # fmt: skip
    reader.framing = _framing(reader, options)
    return reader


def without_01(copybook: Copybook) -> bool:
    """Whether the copybook's items have no 01 level above them: here they get one, there they are the top level."""
    return all(root.level == 0 for root in copybook.roots)


def _without_ends(copybook: Copybook, options: Options) -> tuple[Copybook, Options]:
    """Take the 01 levels that describe the file's header and trailer out of the copybook: their bytes are left out."""
    given = dict(options.given)
    roots = copybook.roots
    for offset, names in _ENDS.items():
        for name in filter(None, (options.text(name) for name in names)):
            root = next(root for root in roots if root.name == in_copybook(copybook, name))
            given[offset] = str(Walk(copybook.file).sized(root, 0))
            roots = tuple(other for other in roots if other is not root)
    return Copybook(roots, copybook.file), Options(given, options.unknown, options.lost)


def _reading(copybook: Copybook, options: Options) -> tuple[CodePage, Reading]:
    policy = options.text("string_trimming_policy", "both").lower()
    page, odd = page_of(options.text("ebcdic_code_page", "common")), "keep"
    if options.ascii:
        page, odd = code_page("ascii"), "keep" if policy == "keep_all" else "drop"
    own = {} if options.ascii else _pages_of_fields(copybook, options)
    return page, Reading(
        trim=_TRIM[policy],  # type: ignore[arg-type]  # a text that is one of the Literal's
        odd=odd,  # type: ignore[arg-type]  # a text that is one of the Literal's
        empty="unfilled" if options.flag("improved_null_detection", True) and policy != "keep_all" else "text",
        charset=(options.text("ascii_charset") or "utf-8") if options.ascii else None,
        pages={name: page_of(named) for name, named in own.items()},
        floats=_FLOATS[options.text("floating_point_format", "ibm").lower()],  # type: ignore[arg-type]  # a text that is one of the Literal's
        native_order="big",
        national_order="big" if options.flag("is_utf16_big_endian", True) else "little",
        lenient=True,
        blank_when_zero=False,
        overpunched_unsigned=not options.flag("strict_sign_overpunching", True),
        many_signs=not options.flag("strict_sign_overpunching", True),
        unsigned_top_bit=False,
        edited_numbers=True,
        zoned_text=options.flag("display_pic_always_string"),
    )


def _pages_of_fields(copybook: Copybook, options: Options) -> dict[str, str]:
    found = {}
    for key, names in options.given.items():
        head, _, own = key.partition(":")
        if head == "field_code_page":
            found |= {in_copybook(copybook, one): own for one in names.split(",")}
    return found


def _framing(reader: RecordReader, options: Options) -> Framing:
    around = {
        "header_bytes": options.number("file_start_offset"), "footer_bytes": options.number("file_end_offset"),
        "lead": options.number("record_start_offset"), "trail": options.number("record_end_offset"),
    }  # fmt: skip
    self_counted = -4 if options.flag("is_rdw_part_of_record_length") else 0
    big = options.flag("is_rdw_big_endian") or options.text("record_header_parser") == "rdw_big_endian"
    rdw = Descriptor(big, False, self_counted + options.number("rdw_adjustment"))
    bdw = Descriptor(options.flag("is_bdw_big_endian"), False, options.number("bdw_adjustment"))
    record_format = options.text("record_format", "F").upper()
    mapping = {str(k): int(v) for k, v in json.loads(options.text("record_length_map", "{}")).items()}
    if options.lines:
        return Framing("T", **around)
    if options.text("record_length_field"):
        expression = options.text("record_length_field")
        found = LengthField.of(reader.copybook, expression, reader.page, mapping, reader.how)
        adjustment = rdw.adjustment

        def length_of(data: bytes | memoryview) -> int | None:
            length = found(data)
            return None if length is None else length + adjustment

        return Framing("L", length_of=length_of, **around)
    if options.variable:
        return Framing(record_format if record_format in ("VB", "VBS") else "V", rdw=rdw, bdw=bdw, **around)
    every = reader.copybook.every_record(in_sequence=reader.in_sequence)
    if reader.occurs == "variable" and every.variable and "record_length" not in options.given:
        return Framing("L", length_of=OwnLength(every, reader.page, reader.how, reader.mapping, True), **around)
    length = options.number("record_length", every.widest.length + around["lead"] + around["trail"])
    partial = options.flag("allow_partial_records") or options.flag("debug_ignore_file_size")
    blocked = record_format == "FB" and not {"block_length", "records_per_block"} & set(options.given)
    return Framing(
        "FB" if blocked else "F", length, bdw=bdw if blocked else None, partial=partial or length == 0, **around
    )


def _mapping(copybook: Copybook, options: Options) -> dict[str, dict[str, int]]:
    given = json.loads(options.text("occurs_mappings") or options.text("occurs_mapping") or "{}")
    found: dict[str, dict[str, int]] = {}
    for name, values in given.items():
        wanted = in_copybook(copybook, name)
        for item in descend(copybook.roots):
            if item.depending and item.name and wanted in (item.name, item.depending):
                found[item.name] = {str(key): int(value) for key, value in values.items()}
    return found
