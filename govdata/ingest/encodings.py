"""Delivered bytes to UTF-8 lines, in chunks.

UTF-8 is tried strictly over the whole file before GB18030, since the other order corrupts silently. What a line holds
that is not of the file's encoding is a fault of that line alone: the line keeps its place and is rejected later with
its number.
"""

from __future__ import annotations

import codecs
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

CHUNK = 16 << 20  # bytes read at a time: about a Parquet row group of a wide table
VALIDATED = 256 << 10  # bytes looked at together for the encoding: what the cache holds
MAX_LINE = 8 << 20  # a longer line is rejected unread, so that a file without line ends cannot fill the memory
TAIL = (
    1 << 20
)  # what is left behind a chunk joins it when it is this small, so that the end of a table is seen in one piece
KEPT = 64 << 10  # of a line that is too long

_HIGH = re.compile(rb"[\x80-\xff]+")
_ACCENTED = re.compile(rb"[A-Za-z][\xc0-\xff](?=[A-Za-z\s,;|\t\"]|$)|[\xc0-\xff][a-z]{2}")
_SIGN = re.compile(
    rb"\xb0[CF\s,;)\]]|[\s(,;\"]\xa3(?=[\d)\s])|[A-Za-z]\x92[a-z]|\s[\x96\x97]\s|[\xb2\xb3](?=[\s)\],;])|\xb5[gmls]"
)  # degrees, pounds, micro
DOUBTFUL = "按{encoding}读入，但{doubt}，请核对文字是否正确"
UNDECODABLE = "含有无法按文件编码识别的字节"
OTHER_ENCODING = "该行的编码（UTF-8）与文件的编码（GB18030）不一致"
TOO_LONG = f"行过长（超过{MAX_LINE >> 20} MB）"

# Python's gb18030 codec follows the edition of 2000, which put these characters into the private use area. GB
# 18030-2005 gave A8BC its
# place, and GB 18030-2022 the ten vertical forms and the rest (fourteen ideographs and components).
PRIVATE_USE = {
    0xE78D: 0xFE10,
    0xE78E: 0xFE12,
    0xE78F: 0xFE11,
    0xE790: 0xFE13,
    0xE791: 0xFE14,
    0xE792: 0xFE15,
    0xE793: 0xFE16,
    0xE794: 0xFE17,
    0xE795: 0xFE18,
    0xE796: 0xFE19,
    0xE7C7: 0x1E3F,
    0xE816: 0x20087,
    0xE817: 0x20089,
    0xE818: 0x200CC,
    0xE81E: 0x9FB4,
    0xE826: 0x9FB5,
    0xE82B: 0x9FB6,
    0xE82C: 0x9FB7,
    0xE831: 0x215D7,
    0xE832: 0x9FB8,
    0xE83B: 0x2298F,
    0xE843: 0x9FB9,
    0xE854: 0x9FBA,
    0xE855: 0x241FE,
    0xE864: 0x9FBB,
}


@dataclass
class Chunk:
    """Whole lines as UTF-8, each with its line end (the last line of the file gets one). ``faults``: line index in the
    chunk → reason."""

    data: bytes
    faults: dict[int, str] = field(default_factory=dict)
    last: bool = False


@dataclass(frozen=True)
class Encoding:
    """``name``: utf-8, gb18030, cp1252 (Western), utf-16-le or utf-16-be; ``bom``: bytes to skip; ``proven``: all of it
    was read so without a fault; ``doubt``: why it may be another encoding all the same (Chinese), else empty."""

    name: str
    bom: int = 0
    proven: bool = False
    doubt: str = ""

    @property
    def label(self) -> str:
        return self.name.upper() + ("（带BOM）" if self.bom else "") + (f"（存疑：{self.doubt}）" if self.doubt else "")

    @property
    def width(self) -> int:
        return 2 if self.name.startswith("utf-16") else 1


def valid_utf8(data: bytes | memoryview) -> bool:
    offsets = pa.py_buffer(np.array([0, len(data)], np.int32))
    try:
        pa.StringArray.from_buffers(1, offsets, pa.py_buffer(data)).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def detect(path: Path) -> Encoding:
    """The encoding of a text file, from its mark, its zero bytes, and a strict reading of the whole."""
    with open(path, "rb") as file:
        head = file.read(8192)
        if head.startswith(codecs.BOM_UTF8):
            return Encoding("utf-8", 3)
        if head.startswith(codecs.BOM_UTF16_LE):
            return Encoding("utf-16-le", 2)
        if head.startswith(codecs.BOM_UTF16_BE):
            return Encoding("utf-16-be", 2)
        if len(head) >= 4:
            even, odd = head[0::2].count(0) / len(head[0::2]), head[1::2].count(0) / len(head[1::2])
            for more, less, name in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
                if (more > 0.2 and less < 0.02) or (more > 0.01 and less * 20 < more and _chinese_utf16(head, name)):
                    return Encoding(name)
        file.seek(0)
        carry = b""
        while piece := file.read(VALIDATED):
            piece = carry + piece
            cut = _character_boundary(piece)
            if not valid_utf8(memoryview(piece)[:cut]):
                return _majority(file, path.stat().st_size)
            carry = piece[cut:]
        return Encoding("utf-8", proven=True) if valid_utf8(carry) else _majority(file, path.stat().st_size)


def _character_boundary(data: bytes) -> int:
    """End of the last whole character: at most three bytes of an unfinished one are left over."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte < 0x80:
            return len(data)
        if byte >= 0xC0:
            return len(data) - back
    return len(data)


def _majority(file: BinaryIO, size: int) -> Encoding:
    """Not all of the file is UTF-8: is it UTF-8 with some damaged lines, Western, or GB18030? Lines from the whole file
    vote."""
    utf8 = other = western = packed = 0
    sample: list[bytes] = []
    for start in range(0, size, max(1 << 16, size // 16)):
        file.seek(start)
        lines = file.read(1 << 16).split(b"\n")
        lines = lines[1 if start else 0 : -1] or lines  # whole lines only, where there are any
        for line in lines:
            if line.isascii():
                continue
            if is_chinese_utf8(line):
                utf8 += 1
                continue
            other += 1
            if (lone := _lone(line)) is not None:
                western, packed = western + lone, packed + (not lone)
                sample.append(line)
    if utf8 > other:
        return Encoding("utf-8")
    if western and not packed:
        return Encoding("cp1252")
    return Encoding("gb18030", doubt=doubt(b"\n".join(sample[:2000])))


def _lone(line: bytes) -> bool | None:
    """Whether every byte beyond ASCII stands alone, as an accented letter or a sign does in Western text (Zürich);
    Chinese text has them in runs. None: no such bytes."""
    runs = _HIGH.findall(line)
    return all(len(run) == 1 for run in runs) and bool(_ACCENTED.search(line) or _SIGN.search(line)) if runs else None


def doubt(data: bytes) -> str:
    """Why text that reads as GB18030 may be something else all the same (Chinese), else empty: it is mostly characters
    outside of GB 2312's first level, all of Big5's first level and less so of that of GB 2312, or all Hangul in the
    Korean code."""
    text = "".join(char for char in data.decode("gb18030", "ignore") if char > "\x7f")
    if len(text) < 4:
        return ""
    everyday = sum(map(_everyday, text)) / len(text)
    if _first_level_of_big5(data) > max(0.97, everyday) and len(text) >= 20:
        return "可能是BIG5"
    if len(text) >= 20 and _hangul(data) > 0.97:
        return "可能是韩文（EUC-KR）"
    return "多为生僻字，可能是别的编码" if everyday < 0.5 else ""


def _hangul(data: bytes) -> float:
    """Share of the characters beyond ASCII that are marks or Hangul in the Korean code, whose rows hold half of what
    Chinese text is made of; 0 where the text cannot be Korean."""
    try:
        beyond = [char.encode("euc-kr") for char in data.decode("euc-kr") if char > "\x7f"]
    except UnicodeError:
        return 0.0
    return sum(0xA1 <= code[0] <= 0xC8 for code in beyond) / len(beyond) if beyond else 0.0


def _first_level_of_big5(data: bytes) -> float:
    """Share of the characters beyond ASCII that are marks or of the 5,401 of Big5's first level; 0 where the text
    cannot be Big5."""
    try:
        beyond = [char.encode("big5hkscs") for char in data.decode("big5hkscs") if char > "\x7f"]
    except UnicodeError:
        return 0.0
    return sum(0xA1 <= code[0] <= 0xC6 for code in beyond) / len(beyond) if beyond else 0.0


def _everyday(char: str) -> bool:
    try:
        lead = char.encode("gb2312")[0]
    except UnicodeEncodeError:
        return False
    return lead <= 0xA3 or 0xB0 <= lead <= 0xD7  # marks, and the 3,755 characters of its first level


def _chinese_utf16(head: bytes, name: str) -> bool:
    """Chinese text without a mark has few zero bytes: its ASCII is separators and line ends only."""
    text = head[: len(head) // 2 * 2].decode(name, "replace")
    likely = sum(
        "\u4e00" <= char <= "\u9fff"
        or "\u3000" <= char <= "\u303f"
        or char >= "\uff01"
        or " " <= char < "\x7f"
        or char in "\r\n\t"
        for char in text
    )
    return likely > 0.95 * len(text) and any(char in text for char in "\r\n")


def is_chinese_utf8(line: bytes) -> bool:
    """Strict UTF-8 of which every non-ASCII character is of East Asian writing. GB18030 text meets this by chance only
    when whole runs of rare characters fall on the right bytes (unlike mere validity, which 女 in GBK has)."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return all(char < "\x80" or char == "\u00b7" or "\u2000" <= char <= "\ud7ff" or char >= "\uf900" for char in text)


def lone_returns(codes: np.ndarray) -> np.ndarray:
    """Positions of CRs with no LF behind them."""
    returns = np.flatnonzero(codes == 13)
    following = codes[np.minimum(returns + 1, len(codes) - 1)]
    alone: np.ndarray = returns[(following != 10) | (returns == len(codes) - 1)]
    return alone


def line_ends(codes: np.ndarray) -> np.ndarray:
    """Positions of line ends: LF, CR LF (its LF) and a CR that stands alone."""
    ends = np.flatnonzero(codes == 10)
    alone = lone_returns(codes)
    return np.sort(np.concatenate([ends, alone])) if len(alone) else ends


def chunks(path: Path, encoding: Encoding, size: int = CHUNK, limit: int | None = None) -> Iterator[Chunk]:
    """The file's lines as UTF-8; with ``limit`` only its beginning (bytes)."""
    with open(path, "rb") as file:
        total = min(file.seek(0, 2), limit or 1 << 62)
        truncated = limit is not None and file.tell() > limit
        file.seek(encoding.bom)
        left, carry = total - encoding.bom, b""
        while left > 0 or carry:
            want = left if left <= size + TAIL else size
            if want < left and not carry and encoding.width == 1:
                want = _up_to_line_end(file, want)
            piece = file.read(want) if want > 0 else b""
            left = left - len(piece) if piece else 0
            data, carry = carry + piece if carry else piece, b""
            faults: dict[int, str] = {}
            if left > 0:
                cut = _last_line_end(data, encoding)
                if cut == 0 and len(data) > MAX_LINE:
                    data, left, carry = _skip_line(data, file, left, encoding)
                    faults[0] = TOO_LONG
                elif cut == 0:
                    carry = data
                    continue
                else:
                    data, carry = data[:cut], data[cut:]
            elif truncated:
                data = data[: _last_line_end(data, encoding)] or data
            if data:
                yield _decode(data, encoding, faults, last=left <= 0 and not carry)


def _up_to_line_end(file: BinaryIO, want: int) -> int:
    """``want`` bytes from where ``file`` stands, or a few less so that they end with a line: nothing then has to be
    copied and carried."""
    back = min(want, 64 << 10)
    found = os.pread(file.fileno(), back, file.tell() + want - back).rfind(b"\n")
    return want - back + found + 1 if found >= 0 else want


def _last_line_end(data: bytes, encoding: Encoding) -> int:
    """Bytes up to and with the last line end; a CR at the very end waits for what follows it."""
    if encoding.width == 1:
        return data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, -1) + 1
    codes = _codes(data, encoding)
    for mark in (10, 13):
        found = np.flatnonzero(codes[: len(codes) - (mark == 13)] == mark)
        if len(found):
            return (int(found[-1]) + 1) * 2
    return 0


def _codes(data: bytes, encoding: Encoding) -> np.ndarray:
    if encoding.width == 1:
        return np.frombuffer(data, np.uint8)
    return np.frombuffer(data, "<u2" if encoding.name.endswith("le") else ">u2", count=len(data) // 2)


def _skip_line(data: bytes, file: BinaryIO, left: int, encoding: Encoding) -> tuple[bytes, int, bytes]:
    """Read on to the end of a line that is too long; what is kept of it, bytes left in the file, and what was read
    behind it."""
    newline = "\n".encode(encoding.name)
    kept = data[:KEPT] + newline
    while left > 0:
        piece = file.read(min(1 << 20, left))
        if not piece:
            return kept, 0, b""
        left -= len(piece)
        ends = line_ends(_codes(piece, encoding))
        if len(ends):
            return kept, left, piece[(int(ends[0]) + 1) * encoding.width :]
    return kept, 0, b""


_noted = threading.local()


def _note(error: UnicodeError) -> tuple[str, int]:
    """A decoding error handler that notes where each fault is and puts U+FFFD there."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    _noted.positions.append(error.start)
    return "\ufffd", _resume(error)


codecs.register_error("govdata-note", _note)


def _resume(error: UnicodeDecodeError) -> int:
    """Go on behind the fault, but never swallow a line end with it."""
    for position in range(error.start + 1, error.end):
        if error.object[position] in (10, 13):
            return position
    return error.end


def _decode(data: bytes, encoding: Encoding, faults: dict[int, str], last: bool) -> Chunk:
    if encoding.name == "utf-8" and (encoding.proven or valid_utf8(data)):
        text = data
    else:
        try:
            decoded = data.decode(encoding.name)
        except UnicodeDecodeError:
            _noted.positions = []
            decoded = data.decode(encoding.name, errors="govdata-note")
            ends = line_ends(_codes(data, encoding)) * encoding.width
            for line in np.unique(np.searchsorted(ends, _noted.positions)).tolist():
                faults.setdefault(line, UNDECODABLE)
        if encoding.name == "gb18030":
            faults |= {line: OTHER_ENCODING for line in _utf8_lines(data) if faults.get(line) != TOO_LONG}
        text = decoded.encode("utf-8")
        if encoding.name == "gb18030" and b"\xee" in text:  # a lead byte of the private use area
            text = decoded.translate(PRIVATE_USE).encode("utf-8")
    if last and not text.endswith((b"\n", b"\r")):
        text += b"\n"
    return Chunk(text, faults, last)


def _utf8_lines(data: bytes) -> list[int]:
    """Lines of a GB18030 chunk that are really UTF-8: they would be read as other characters without an error."""
    codes = np.frombuffer(data, np.uint8)
    if len(codes) < 3:
        return []
    follows = (codes & 0xC0) == 0x80
    marks = np.flatnonzero((codes[:-2] >= 0xE2) & (codes[:-2] <= 0xEF) & follows[1:-1] & follows[2:])
    if not len(marks):
        return []
    ends = line_ends(codes)
    lines = np.unique(np.searchsorted(ends, marks))
    starts = np.concatenate([[0], ends + 1])
    stops = np.concatenate([ends, [len(data)]])
    return [line for line in lines.tolist() if _is_rather_utf8(data[starts[line] : stops[line]])]


def _is_rather_utf8(line: bytes) -> bool:
    """A name of two rare characters in GB18030 may be UTF-8 by chance (EA 90 BC 74): the reading counts that has the
    larger share of everyday characters, and where neither has, the file's own."""
    return is_chinese_utf8(line) and _share(line.decode("utf-8")) > _share(line.decode("gb18030", "ignore"))


def _share(text: str) -> float:
    """Of the characters beyond ASCII, those in daily use."""
    beyond = [char for char in text if char > "\x7f"]
    return sum(map(_everyday, beyond)) / len(beyond) if beyond else 0.0


_HZ = re.compile(r"~\{(?:[!-w][!-~])+~\}")  # RFC 1843
_UTF7 = re.compile(r"\+([A-Za-z0-9+/]{3,})-?")


def in_seven_bits(text: str) -> str | None:
    """What an encoding is called that writes Chinese with ASCII alone, which no byte gives away; None where ``text`` is
    in none."""
    if not text.isascii():
        return None
    if len(_HZ.findall(text)) > 2:
        return "HZ编码（汉字写成~{…~}）"
    shifted = _UTF7.findall(text)
    han = sum(bool(re.search("[\u4e00-\u9fff]", _from_utf7(run))) for run in shifted[:50])
    return "UTF-7编码（汉字写成+…-）" if han > 2 and han * 2 > len(shifted[:50]) else None


def _from_utf7(run: str) -> str:
    return f"+{run}-".encode("ascii").decode("utf-7", errors="ignore")
