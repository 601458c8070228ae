"""Physical files as departments produce them, built column-wise: the bytes of a file are the buffer of one Arrow column
of lines.

Every writer says on which physical row each record lies (``Written.rows``): that is what the truth file and the
pipeline must agree on.
"""

from __future__ import annotations

import codecs
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from govdata.sample.arrow import Column, flat, join, pc

_CHUNK = 1 << 22


@dataclass
class Delivered:
    """Records as a department writes them: text by standard column name, in the order of the file.

    ``numbers``: cells that a spreadsheet holds as a number (masks by column). ``broken``: kind of physical damage →
    rows whose line bears it."""

    columns: dict[str, Column]
    rows: int
    numbers: dict[str, np.ndarray] = field(default_factory=dict)
    broken: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """``source_file``: the pipeline's ``_source_file``; ``rows``: its ``_source_row`` of each record; ``lines``:
    damaged lines as written."""

    source_file: str
    rows: np.ndarray
    lines: dict[str, list[str]] = field(default_factory=dict)


# --------------------------------------------------------------------------------------------------------- text files


def _quoted(column: Column, separator: str) -> Column:
    special = pc.match_substring_regex(column, f'[{re.escape(separator)}"\r\n]')
    if not pc.any(special).as_py():
        return column
    return flat(pc.if_else(special, join('"', pc.replace_substring(column, '"', '""'), '"'), column))


def _damage_lines(lines: Column, kind: str, separator: str) -> Column:
    """Physical damage to whole lines: a field lost, a field too many (an unquoted separator), a quotation mark that is
    never closed."""
    mark = re.escape(separator)
    match kind:
        case "line_missing_field":
            return pc.replace_substring_regex(lines, f"{mark}[^{mark}]*$", "")
        case "line_extra_field":
            return (
                pc.replace_substring(lines, "市", "市" + separator, max_replacements=1)
                if separator == ","
                else join(lines, separator, "备注")
            )
        case "line_unclosed_quote":
            return pc.replace_substring(lines, separator + "示例", separator + '"示例', max_replacements=1)
        case _:
            raise ValueError(kind)


def write_text(
    path: Path, name: str, headers: Mapping[str, str], part: Delivered, *, encoding: str, separator: str, newline: str,
        append: bool = False,
    first_row: int = 2,
) -> Written:  # fmt: skip
    """A delimited text file with one header line. ``append``: go on below row ``first_row`` - 1 of a file begun
    before."""
    fields = [_quoted(part.columns[column], separator) for column in headers]
    lines = pc.binary_join_element_wise(*fields, separator, null_handling="replace", null_replacement="")
    damaged: dict[str, list[str]] = {}
    for kind, places in part.broken.items():
        mask = np.zeros(part.rows, bool)
        mask[places] = True
        bad = _damage_lines(lines.take(pa.array(np.flatnonzero(mask))), kind, separator)
        lines = pc.replace_with_mask(lines, pa.array(mask), bad)
        damaged[kind] = bad.to_pylist()
    breaks = pc.count_substring(lines, "\n").to_numpy(zero_copy_only=False)
    rows = first_row + np.arange(part.rows) + np.r_[0, np.cumsum(breaks)[:-1]] if part.rows else np.empty(0, np.int64)
    with open(path / name, "ab" if append else "wb") as file:
        if not append:
            file.write((separator.join(headers.values()) + newline).encode(encoding))
        write_column(file, flat(join(lines, newline)), encoding)
    return Written(name, np.asarray(rows, np.int64), damaged)


def write_column(file: object, lines: Column, encoding: str) -> None:
    """Append the concatenated text of a column. ``utf-16`` and ``utf-8-sig`` write their mark only with the header."""
    body = {"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}.get(encoding, encoding)
    start, end = lines.offset, lines.offset + len(lines)
    offsets = np.frombuffer(lines.buffers()[1], np.int32)
    data = memoryview(lines.buffers()[2] or b"")[offsets[start] : offsets[end]]
    decoder = codecs.getincrementaldecoder("utf-8")()
    for begin in range(0, len(data), _CHUNK):
        chunk = data[begin : begin + _CHUNK]
        file.write(chunk if body == "utf-8" else decoder.decode(bytes(chunk)).encode(body))  # type: ignore[attr-defined]


# -------------------------------------------------------------------------------------------------------- JSON lines


def write_json_lines(
    path: Path, name: str, headers: Mapping[str, str], part: Delivered, *, numeric: Sequence[str] = ()
) -> Written:
    """UTF-8 JSON lines; columns in ``numeric`` are JSON numbers where their text is one."""
    pieces: list[Column | str] = []
    for place, (column, header) in enumerate(headers.items()):
        values = part.columns[column]
        escaped = pc.replace_substring(pc.replace_substring(values, "\\", "\\\\"), '"', '\\"')
        for character, escape in (("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
            escaped = pc.replace_substring(escaped, character, escape)
        quoted = join('"', escaped, '"')
        if column in numeric:
            quoted = pc.if_else(pc.match_substring_regex(values, r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"), values, quoted)
        pieces += [("{" if place == 0 else ",") + f'"{header}":', pc.fill_null(quoted, "null")]
    lines = join(*pieces, "}\n") if part.rows else pa.array([], pa.string())
    with open(path / name, "wb") as file:
        write_column(file, flat(lines), "utf-8")
    return Written(name, np.arange(1, part.rows + 1))


# ---------------------------------------------------------------------------------------------------------- workbooks

_CONTENT_TYPES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override '
    'PartName="/xl/styles.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>{sheets}</Types>'
)
_SHEET_TYPE = (
    '<Override PartName="/xl/worksheets/sheet{n}.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
)
_RELATIONS = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PLAIN = 'fontId="0" fillId="0" borderId="0"'
_CENTRED = 'applyAlignment="1"><alignment horizontal="center"/></xf>'
# Cell styles: 0 general, 1 date, 2 title, 3 header
_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}">'
    '<fonts count="2"><font><sz val="11"/><name val="宋体"/></font><font><b/><sz val="16"/><name '
    'val="宋体"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill '
    'patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    f'<cellStyleXfs count="1"><xf numFmtId="0" {_PLAIN}/></cellStyleXfs><cellXfs count="4"><xf numFmtId="0" {_PLAIN} '
    'xfId="0"/>'
    f'<xf numFmtId="14" {_PLAIN} xfId="0" applyNumberFormat="1"/>'
    f'<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" {_CENTRED}<xf numFmtId="0" {_PLAIN} xfId="0" '
    f"{_CENTRED}"
    '</cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
_MOMENT = (1980, 1, 1, 0, 0, 0)  # fixed, so that the same city gives the same bytes


def column_letters(place: int) -> str:
    letters = ""
    while place >= 0:
        letters = chr(ord("A") + place % 26) + letters
        place = place // 26 - 1
    return letters


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


@dataclass(frozen=True)
class SheetLayout:
    """What stands around the records: a merged title and note above, a row of merged group headings, the header row, a
    footer with the total."""

    title: str
    note: str
    groups: Sequence[tuple[str, int]]  # heading and how many columns it spans
    footer: str = "合计"
    dates: frozenset[str] = frozenset()  # columns whose cells are dates of the spreadsheet (delivered text: ISO)


class WorkbookWriter:
    """One .xlsx; sheets are added one after the other and nothing but the current sheet is held."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        self._zip = zipfile.ZipFile(path / name, "w", zipfile.ZIP_DEFLATED, compresslevel=3)
        self._sheets: list[str] = []

    def _add(self, inner: str, text: str) -> None:
        self._zip.writestr(_entry(inner), text)

    def add_sheet(self, sheet: str, headers: Mapping[str, str], part: Delivered, layout: SheetLayout) -> Written:
        self._sheets.append(sheet)
        first_row = 5
        last = column_letters(len(headers) - 1)
        merges = [f"A1:{last}1", f"A2:{last}2"]
        head = f'<row r="1">{_cell("A1", layout.title, 2)}</row><row r="2">{_cell("A2", layout.note)}</row><row r="3">'
        place = 0
        for heading, width in layout.groups:
            head += _cell(f"{column_letters(place)}3", heading, 3)
            if width > 1:
                merges.append(f"{column_letters(place)}3:{column_letters(place + width - 1)}3")
            place += width
        head += (
            '</row><row r="4">'
            + "".join(_cell(f"{column_letters(n)}4", header, 3) for n, header in enumerate(headers.values()))
            + "</row>"
        )
        end = first_row + part.rows
        merges.append(f"A{end}:B{end}")
        foot = f'<row r="{end}">{_cell(f"A{end}", layout.footer)}<c r="C{end}"><v>{part.rows}</v></c></row></sheetData>'
        foot += (
            f'<mergeCells count="{len(merges)}">'
            + "".join(f'<mergeCell ref="{ref}"/>' for ref in merges)
            + "</mergeCells></worksheet>"
        )
        rows = np.arange(first_row, end)
        with self._zip.open(_entry(f"xl/worksheets/sheet{len(self._sheets)}.xml"), "w", force_zip64=True) as file:
            file.write(
                f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<worksheet xmlns="{_MAIN}"><sheetData>{head}'.encode()
            )
            if part.rows:
                write_column(file, _row_xml(headers, part, layout, rows), "utf-8")
            file.write(foot.encode())
        return Written(f"{self.name}#{sheet}", rows)

    def close(self) -> None:
        count = range(1, len(self._sheets) + 1)
        sheets = "".join(
            f'<sheet name="{_escape(name)}" sheetId="{n}" r:id="rId{n}"/>'
            for n, name in zip(count, self._sheets, strict=True)
        )
        self._add("[Content_Types].xml", _CONTENT_TYPES.format(sheets="".join(_SHEET_TYPE.format(n=n) for n in count)))
        self._add(
            "_rels/.rels",
            f'{_RELATIONS}<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        self._add(
            "xl/workbook.xml",
            f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{sheets}</sheets></workbook>',
        )
        links = "".join(
            f'<Relationship Id="rId{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in count
        )
        links += f'<Relationship Id="rId{len(self._sheets) + 1}" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        self._add("xl/_rels/workbook.xml.rels", f"{_RELATIONS}{links}</Relationships>")
        self._add("xl/styles.xml", _STYLES)
        self._zip.close()


def _entry(inner: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(inner, _MOMENT)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    entry.create_system = 3
    return entry


def _cell(reference: str, text: str, style: int = 0) -> str:
    return f'<c r="{reference}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{_escape(text)}</t></is></c>'


def _row_xml(headers: Mapping[str, str], part: Delivered, layout: SheetLayout, rows: np.ndarray) -> Column:
    numbers = pc.cast(pa.array(rows), pa.string())
    pieces: list[Column | str] = ['<row r="', numbers, '">']
    for place, column in enumerate(headers):
        letters, values = column_letters(place), part.columns[column]
        escaped = pc.replace_substring(
            pc.replace_substring(pc.replace_substring(values, "&", "&amp;"), "<", "&lt;"), ">", "&gt;"
        )
        cell = join(
            f'<c r="{letters}', numbers, '" t="inlineStr"><is><t xml:space="preserve">', escaped, "</t></is></c>"
        )
        number = part.numbers.get(column)
        if number is not None and number.any():
            cell = pc.if_else(pa.array(number), join(f'<c r="{letters}', numbers, '"><v>', values, "</v></c>"), cell)
        if column in layout.dates:
            iso = pc.match_substring_regex(values, r"^\d{4}-\d{2}-\d{2}$")
            days = pc.cast(pc.if_else(iso, values, None), pa.date32()).cast(pa.int32())
            serial = pc.cast(
                pc.add(days, 25_569), pa.string()
            )  # Excel's day 1 is 1900-01-01, with a 29 February 1900 that never was
            cell = pc.if_else(
                pc.fill_null(iso, False), join(f'<c r="{letters}', numbers, '" s="1"><v>', serial, "</v></c>"), cell
            )
        pieces.append(pc.fill_null(cell, ""))
    return flat(join(*pieces, "</row>"))


__all__ = ["Delivered", "SheetLayout", "WorkbookWriter", "Written", "column_letters", "write_json_lines", "write_text"]
