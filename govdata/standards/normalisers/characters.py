"""Classes of characters that several normalisers look for."""

from __future__ import annotations

# Spaces a person cannot see or tell apart: ASCII controls and space, NEL, NBSP, U+1680, U+2000–200A, line and paragraph
# separators, U+202F, U+205F, U+3000.
WHITESPACE = r"\x00-\x20\x7F\x85\xA0\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}"
# Characters without any width: soft hyphen, combining grapheme joiner, zero-width and direction marks, word joiner,
# BOM.
INVISIBLE = r"\xAD\x{034F}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{2066}-\x{2069}\x{FEFF}"
# What spreadsheets and people put before a number to keep it text: apostrophes and back-ticks.
QUOTES = "'`\u2018\u2019\u00b4"
LOWER = "abcdefghijklmnopqrstuvwxyz"
# Only ASCII letters have a case here: upper() of other scripts differs between engines (ß), and codes have no such
# letters.


def escape_class(characters: str) -> str:
    """``characters`` as the body of an RE2 character class."""
    return "".join("\\" + c if c in r"\]^-[" else c for c in characters)
