"""Check digits as SQL. Each predicate is TRUE or FALSE for any text, never NULL, and NULL only for NULL."""

from __future__ import annotations

from sqlglot import exp

from govdata.trees.build import literal, sql, wrap

GB11643_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
GB32100_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
GB11714_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
GB32100_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def add(parts: list[exp.Expression]) -> exp.Expression:
    total = parts[0]
    for part in parts[1:]:
        total = exp.Add(this=total, expression=part)
    return exp.Paren(this=total)


def _weighted_digits(number: exp.Expression, weights: tuple[int, ...], modulus: int) -> list[exp.Expression]:
    """Terms that add up to the weighted sum of the digits of ``number`` (as many as ``weights``), modulo ``modulus``.

    The i-th digit is the number cut after it less ten times the number cut before it, so a sum over the cut numbers
    with other weights is the same: one division and one product per digit, no remainder. An integer division is half
    the cost of taking a substring."""
    terms = []
    for position, weight in enumerate(weights):
        following = weights[position + 1] if position + 1 < len(weights) else 0
        power = 10 ** (len(weights) - 1 - position)
        cut = number if power == 1 else sql(":n // :p", n=number, p=power)
        terms.append(wrap(sql(":c * :w", c=cut, w=(weight - 10 * following) % modulus)))
    return terms


def _number17(text_: exp.Expression) -> exp.Expression:
    return sql("TRY_CAST(left(:x, 17) AS BIGINT)", x=text_)


def gb11643_sum(digits17: exp.Expression) -> exp.Expression:
    """Weighted sum of the first 17 digits modulo 11, plus a multiple of 11 (GB 11643-1999, ISO 7064 MOD 11-2);
    ``digits17`` is text that begins with them."""
    number = _number17(digits17)
    first = sql("(:n // 100000000)", n=number)
    second = sql("(:n % 100000000)", n=number)
    return add(_weighted_digits(first, GB11643_WEIGHTS[:9], 11) + _weighted_digits(second, GB11643_WEIGHTS[9:], 11))


def gb11643_digit(digits17: exp.Expression) -> exp.Expression:
    return sql("substr('10X98765432', :s % 11 + 1, 1)", s=gb11643_sum(digits17))


def _both(form: exp.Expression, digit: exp.Expression, value: exp.Expression) -> exp.Expression:
    """``form AND digit = last character``, written as a product: inside AND or CASE the engine would not share the
    common subexpressions of the weighted sum, which makes it four times dearer."""
    return sql(
        "CAST(:f AS INTEGER) * CAST(coalesce(:d = right(:x, 1), FALSE) AS INTEGER) = 1", f=form, d=digit, x=value
    )


def _gb11643(value: exp.Expression) -> exp.Expression:
    """17 digits of which the first is not 0 (no region begins with it), then the digit they give. That the text is the
    number printed proves the digits at a quarter of a pattern's cost; a product for the reason given in ``_both``."""
    return sql(
        "CAST(strlen(:x) = 18 AS INTEGER) * CAST(coalesce(:n > 0, FALSE) AS INTEGER) "
        "* CAST(coalesce(CAST(:n AS VARCHAR) = left(:x, 17), FALSE) AS INTEGER) * CAST(coalesce(suffix(:x, :d), "
        "FALSE) AS INTEGER) = 1",
        x=value,
        n=_number17(value),
        d=gb11643_digit(value),
    )


def _values(value: exp.Expression, alphabet: str, count: int) -> list[exp.Expression]:
    """Position in ``alphabet`` of each of the first ``count`` characters, by one list lookup on the character's ASCII
    code."""
    highest = max(ord(character) for character in alphabet)
    table = exp.Array(expressions=[literal(max(alphabet.find(chr(code)), 0)) for code in range(48, highest + 1)])
    return [sql("(:t)[ascii(substr(:x, :i, 1)) - 47]", t=table, x=value, i=index + 1) for index in range(count)]


def _gb32100(value: exp.Expression) -> exp.Expression:
    terms = [
        wrap(sql(":v * :w", v=v, w=w))
        for v, w in zip(_values(value, GB32100_ALPHABET, 17), GB32100_WEIGHTS, strict=True)
    ]
    digit = sql("substr(:a, (31 - :s % 31) % 31 + 1, 1)", a=GB32100_ALPHABET, s=add(terms))
    return _both(sql("regexp_full_match(:x, '[0-9A-HJ-NPQRTUWXY]{18}')", x=value), digit, value)


def _gb11714(value: exp.Expression) -> exp.Expression:
    terms = [
        wrap(sql(":v * :w", v=v, w=w))
        for v, w in zip(_values(value, ORGANISATION_ALPHABET, 8), GB11714_WEIGHTS, strict=True)
    ]
    digit = sql("substr('0X987654321', :s % 11 + 1, 1)", s=add(terms))  # 11 - r; r = 0 → 11 → '0', r = 1 → 10 → 'X'
    return _both(sql("regexp_full_match(:x, '[0-9A-Z]{8}-?[0-9X]')", x=value), digit, value)


def _gs15(value: exp.Expression) -> exp.Expression:
    """ISO 7064 MOD 11,10 over 14 digits. s ≡ p + d (mod 10), 0 → 10; p ← 2s mod 11: the chain is unrolled as nested
    lookups of a table indexed by p and digit, so that each step is one list access."""
    state: exp.Expression = literal(10)
    # next state for p in 1..10 and d in 0..9, flattened; states are never 0 because 2s mod 11 is 0 only for s = 11.
    table = exp.Array(expressions=[literal(2 * ((p + d) % 10 or 10) % 11) for p in range(1, 11) for d in range(10)])
    for index in range(14):
        state = sql("(:t)[(:p - 1) * 10 + ascii(substr(:x, :i, 1)) - 47]", t=table, p=state, x=value, i=index + 1)
    return _both(
        sql("regexp_full_match(:x, '[0-9]{15}')", x=value),
        sql("substr('0123456789', (11 - :p) % 10 + 1, 1)", p=state),
        value,
    )


ALGORITHMS = {"gb11643": _gb11643, "gb32100": _gb32100, "gb11714": _gb11714, "gs15": _gs15}
"""gb11643: ISO 7064 MOD 11-2 over 18 characters; gb32100: MOD 31 over 18; gb11714: MOD 11 over 9 (hyphen allowed);
gs15: ISO 7064 MOD 11,10 over 15."""


def check_digit_ok(algorithm: str, value: exp.Expression) -> exp.Expression:
    """Whether ``value`` has the algorithm's form and its check digit is right.

    gb11643: GB 11643-1999 §4.2; gb32100: GB 32100-2015 §4.2.5 and annex A; gb11714: GB 11714-1997; gs15: GS 15-2006
    with GB/T 17710 MOD 11,10."""
    return ALGORITHMS[algorithm](value)
