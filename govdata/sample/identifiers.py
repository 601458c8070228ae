"""Numbers with check digits, vectorised. All of them lie in the region block 19xxxx, so none can be a real person's or
company's."""

from __future__ import annotations

import numpy as np

from govdata.sample.arrow import Column, characters, join, text, words

_ID_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
_ID_CHECKS = "10X98765432"
_USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: without I O S V Z
_USCC_WEIGHTS = np.array([1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28])
_ORG_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2])
_ORG_CHECKS = "0123456789X"
_BODY_SERIALS = 31**6
_BODY_STEP = 104_729 * 31 + 1  # coprime to 31: consecutive companies get bodies far apart, all different


def _digits(numbers: np.ndarray, width: int) -> np.ndarray:
    """Decimal digits, most significant first: shape (rows, width)."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return (numbers[:, None] // powers) % 10


def citizen_ids(region: np.ndarray, birth: np.ndarray, sequence: np.ndarray) -> Column:
    """GB 11643-1999 numbers of six-digit ``region``, ``birth`` (yyyymmdd) and three-digit ``sequence`` (odd: male)."""
    body = region.astype(np.int64) * 10**11 + birth.astype(np.int64) * 1000 + sequence
    remainder = np.zeros(len(body), np.int64)
    left = body.copy()
    for weight in _ID_WEIGHTS[::-1]:
        remainder += weight * (left % 10)
        left //= 10
    return join(text(body), words(list(_ID_CHECKS), remainder % 11))


def yyyymmdd(days: np.ndarray) -> np.ndarray:
    """Calendar number of days since 1970-01-01."""
    date = np.asarray(days).astype("datetime64[D]")
    year = date.astype("datetime64[Y]")
    month = date.astype("datetime64[M]")
    return np.asarray(
        (year.astype(np.int64) + 1970) * 10_000
        + ((month - year.astype("datetime64[M]")).astype(np.int64) + 1) * 100
        + (date - month.astype("datetime64[D]")).astype(np.int64)
        + 1
    )


def organisation_codes(serial: np.ndarray, prefix: str) -> tuple[Column, np.ndarray]:
    """GB 11714 codes ``XXXXXXXX-X`` of ``prefix`` (two characters) and a serial below 31^6; also the nine characters as
    indexes of the GB 32100 alphabet, shape (rows, 9)."""
    scattered = serial.astype(np.int64) * _BODY_STEP % _BODY_SERIALS
    body = np.empty((len(serial), 9), np.int64)
    body[:, 0], body[:, 1] = (_USCC_ALPHABET.index(character) for character in prefix)
    for place in range(6):
        body[:, 7 - place] = scattered % 31
        scattered //= 31
    ascii_codes = np.frombuffer(_USCC_ALPHABET.encode(), np.uint8)
    letters = ascii_codes[body[:, :8]].astype(np.int64)
    values = np.where(letters >= ord("A"), letters - ord("A") + 10, letters - ord("0"))
    check = (11 - values @ _ORG_WEIGHTS % 11) % 11  # 11 → 0, 10 → X
    body[:, 8] = np.where(check == 10, _USCC_ALPHABET.index("X"), check)
    column = join(characters(ascii_codes[body[:, :8]]), "-", words(list(_ORG_CHECKS), check))
    return column, body


def usccs(kind: str, region: np.ndarray, organisation: np.ndarray) -> Column:
    """GB 32100-2015 codes of department and category ``kind`` ('91'), six-digit ``region`` and ``organisation`` (see
    above)."""
    index = np.empty((len(region), 18), np.int64)
    index[:, 0], index[:, 1] = (_USCC_ALPHABET.index(character) for character in kind)
    index[:, 2:8] = _digits(region.astype(np.int64), 6)
    index[:, 8:17] = organisation
    index[:, 17] = (31 - index[:, :17] @ _USCC_WEIGHTS % 31) % 31
    return characters(np.frombuffer(_USCC_ALPHABET.encode(), np.uint8)[index])


def registration_numbers(region: np.ndarray, serial: np.ndarray) -> Column:
    """15-digit registration numbers of GS 15-2006 (digit 7 is 0–3: domestic enterprise); ``serial`` below
    40,000,000."""
    body = region.astype(np.int64) * 10**8 + serial
    remainder = np.full(len(body), 10, np.int64)  # ISO 7064 MOD 11,10
    for place in _digits(body, 14).T:
        total = (remainder + place) % 10
        remainder = np.where(total == 0, 10, total) * 2 % 11
    return text(body * 10 + (11 - remainder) % 10)
