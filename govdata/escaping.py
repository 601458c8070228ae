"""Text from outside (names of files, sheets, columns, members of archives) where a person reads it.

A name may hold what a terminal obeys (escape sequences), what makes one line look like two, what turns the direction of
writing, what cannot be seen, what is no text at all (a byte in no encoding), and what a reader of Markdown renders. It
is shown, and does nothing.
"""

from __future__ import annotations

import re

_SPACES = "\N{IDEOGRAPHIC SPACE}\N{NO-BREAK SPACE}"
_INVISIBLE = "\u034f\u115f\u1160\u3164\uffa0"
"""Letters and marks, by Unicode, of which nothing is seen: a joiner and the fillers of Hangul."""

_INLINE = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
_LINE_START = re.compile(r"^(\s*(?:[0-9]{1,9})?)(?=[#+\-=.)])")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def visible(text: str, keep: str = "") -> str:
    """``text`` with every character that is no mark on paper as its escape (``\\x1b``, ``\\u202e``, ``\\udc80``),
    those of ``keep`` apart: controls, line ends, formats (direction, zero width), surrogates and
    code points that are none."""
    if text.isprintable() and not any(char in _INVISIBLE for char in text):
        return text
    return "".join(char if _is_seen(char) or char in keep else _escape(char) for char in text)


def markdown(text: str) -> str:
    """``text`` as one line of Markdown that renders as the text itself: no link, no picture, no HTML, no heading, list,
    table or code."""
    quoted = _INLINE.sub(lambda found: "\\" + found[0], visible(text).translate(_ENTITIES))
    return _LINE_START.sub(lambda found: found[1] + "\\", quoted)


def _is_seen(char: str) -> bool:
    return char not in _INVISIBLE and (char.isprintable() or char in _SPACES)


def _escape(char: str) -> str:
    number = ord(char)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
