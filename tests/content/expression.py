"""Row expressions read and evaluated in plain Python: the tests' own reader of docs/standards-format.md, without
sqlglot and without SQL.

Values are those of a standardised row (str, int, Decimal, date, datetime, bool); None is SQL's NULL and a truth that is
not known."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date as Date
from datetime import datetime, time
from decimal import Decimal
from typing import Any

from tests.content import numbers

Value = Any
Evaluator = Callable[[Mapping[str, Value]], Value]

_TOKEN = re.compile(r"\s*(?:([A-Za-z_]\w*)|(\d+(?:\.\d+)?)|('(?:[^']|'')*')|(<>|!=|<=|>=|[=<>+\-*/(),]))", re.ASCII)


def kleene_and(values: list[bool | None]) -> bool | None:
    return False if False in values else None if None in values else True


def kleene_or(values: list[bool | None]) -> bool | None:
    return True if True in values else None if None in values else False


def kleene_not(value: bool | None) -> bool | None:
    return None if value is None else not value


def day(value: Date) -> Date:
    return value.date() if isinstance(value, datetime) else value


def same_kind(left: Value, right: Value) -> tuple[Value, Value]:
    """A date beside a moment is its midnight."""
    if isinstance(left, datetime) != isinstance(right, datetime) and isinstance(left, Date) and isinstance(right, Date):
        left, right = (v if isinstance(v, datetime) else datetime.combine(v, time()) for v in (left, right))
    return left, right


def compare(operator: str, left: Value, right: Value) -> bool | None:
    if left is None or right is None:
        return None
    a, b = same_kind(left, right)
    results = {"=": a == b, "<>": a != b, "!=": a != b}
    return results[operator] if operator in results else {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator]


def like(value: str | None, pattern: str) -> bool | None:
    if value is None:
        return None
    parts = (".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
    return re.fullmatch("".join(parts), value, re.DOTALL) is not None


def matches(value: str | None, pattern: str) -> bool | None:
    return None if value is None else re.fullmatch(pattern, value, re.ASCII) is not None


def years_between(start: Date, end: Date) -> int:
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def months_between(start: Date, end: Date) -> int:
    return (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)


def substr(text: str, start: Value, length: Value = None) -> str:
    first = int(start) - 1 if start > 0 else len(text) + int(start)
    last = len(text) if length is None else first + int(length)
    return text[max(first, 0) : max(last, 0)]


def left(text: str, count: Value) -> str:
    return text[: int(count)] if count >= 0 else text[: len(text) + int(count)]


def right(text: str, count: Value) -> str:
    return text[max(len(text) - int(count), 0) :] if count >= 0 else text[-int(count) :]


def to_number(text: str) -> Decimal | None:
    return Decimal(text) if re.fullmatch(r"[+-]?\d{1,18}(\.\d+)?", text, re.ASCII) else None


STRICT: dict[str, Callable[..., Value]] = {
    "id_birth_date": numbers.id_birth_date,
    "id_sex": numbers.id_sex,
    "id_region": numbers.id_region,
    "age": years_between,
    "years_between": years_between,
    "months_between": months_between,
    "days_between": lambda start, end: (day(end) - day(start)).days,
    "year": lambda value: value.year,
    "month": lambda value: value.month,
    "matches": matches,
    "check_digit_ok": numbers.check_digit_ok,
    "to_number": to_number,
    "abs": abs,
    "left": left,
    "right": right,
    "substr": substr,
    "length": len,
    "upper": str.upper,
    "lower": str.lower,
    "starts_with": str.startswith,
    "nullif": lambda a, b: None if a == b else a,
}
"""Functions that are NULL where an argument is (``nullif`` of NULL is NULL, and of a value and NULL the value: it is
not used so)."""


class Reader:
    """Recursive descent over the tokens; each method returns a function of the row."""

    def __init__(
        self,
        text: str,
        value: str | None,
        delivery_date: Date,
        code_sets: Mapping[tuple[str, bool], frozenset[str]],
        named: Callable[[str], Callable[[str, str], bool]] | None = None,
    ) -> None:
        self.tokens: list[tuple[str, str]] = []
        position = 0
        text = text.rstrip()
        while position < len(text):
            found = _TOKEN.match(text, position)
            assert found is not None, text[position:]
            word, number, quoted, operator = found.groups()
            kind = "word" if word else "number" if number else "text" if quoted else "operator"
            shown = word.lower() if word else number or operator or quoted[1:-1].replace("''", "'")
            self.tokens.append((kind, shown))
            position = found.end()
        self.tokens.append(("end", ""))
        self.at, self.value, self.delivery_date, self.code_sets = 0, value, delivery_date, code_sets
        self.named = named

    def read(self) -> Evaluator:
        result = self.disjunction()
        assert self.tokens[self.at][0] == "end", self.tokens[self.at :]
        return result

    def next(self, *words: str) -> str | None:
        kind, text = self.tokens[self.at]
        if kind in ("word", "operator") and text in words:
            self.at += 1
            return text
        return None

    def must(self, word: str) -> None:
        assert self.next(word), (word, self.tokens[self.at :])

    def several(self, part: Callable[[], Evaluator], word: str, combine: Callable[[list[Value]], Value]) -> Evaluator:
        parts = [part()]
        while self.next(word):
            parts.append(part())
        return parts[0] if len(parts) == 1 else lambda row: combine([item(row) for item in parts])

    def disjunction(self) -> Evaluator:
        return self.several(self.conjunction, "or", kleene_or)

    def conjunction(self) -> Evaluator:
        return self.several(self.negation, "and", kleene_and)

    def negation(self) -> Evaluator:
        if self.next("not"):
            inner = self.negation()
            return lambda row: kleene_not(inner(row))
        return self.predicate()

    def predicate(self) -> Evaluator:
        subject = self.sum()
        if operator := self.next("=", "<>", "!=", "<", "<=", ">", ">="):
            other = self.sum()
            return lambda row: compare(operator, subject(row), other(row))
        if self.next("is"):
            absent = not self.next("not")
            self.must("null")
            return lambda row: (subject(row) is None) is absent
        negated = bool(self.next("not"))
        found = self.membership(subject)
        if found is None:
            assert not negated
            return subject
        return (lambda row: kleene_not(found(row))) if negated else found

    def membership(self, subject: Evaluator) -> Evaluator | None:
        if self.next("in"):
            self.must("(")
            items = [self.sum()]
            while self.next(","):
                items.append(self.sum())
            self.must(")")
            return lambda row: kleene_or([compare("=", subject(row), item(row)) for item in items])
        if self.next("between"):
            low = self.sum()
            self.must("and")
            high = self.sum()
            return lambda row: kleene_and(
                [compare(">=", subject(row), low(row)), compare("<=", subject(row), high(row))]
            )
        if self.next("like"):
            pattern = self.tokens[self.at][1]
            self.at += 1
            return lambda row: like(subject(row), pattern)
        return None

    def sum(self) -> Evaluator:
        return self.arithmetic(self.product, "+", "-")

    def product(self) -> Evaluator:
        return self.arithmetic(self.unary, "*", "/")

    def arithmetic(self, part: Callable[[], Evaluator], *operators: str) -> Evaluator:
        result = part()
        while operator := self.next(*operators):
            result = self.calculation(operator, result, part())
        return result

    @staticmethod
    def calculation(operator: str, first: Evaluator, second: Evaluator) -> Evaluator:
        work = {
            "+": lambda a, b: a + b,
            "-": lambda a, b: a - b,
            "*": lambda a, b: a * b,
            "/": lambda a, b: a / b if b else None,
        }[operator]
        return strict(work, [first, second])

    def unary(self) -> Evaluator:
        if self.next("-"):
            return strict(lambda value: -value, [self.unary()])
        return self.primary()

    def primary(self) -> Evaluator:
        if self.next("("):
            inner = self.disjunction()
            self.must(")")
            return inner
        if self.next("case"):
            return self.case()
        kind, text = self.tokens[self.at]
        self.at += 1
        if kind in ("number", "text"):
            constant: Value = Decimal(text) if kind == "number" else text
            return lambda row: constant
        assert kind == "word", text
        if text in ("null", "true", "false"):
            named = {"null": None, "true": True, "false": False}[text]
            return lambda row: named
        if text == "date" and self.tokens[self.at][0] == "text":
            moment = Date.fromisoformat(self.tokens[self.at][1])
            self.at += 1
            return lambda row: moment
        if self.next("("):
            return self.call(text)
        column = self.value if text == "value" and self.value is not None else text
        return lambda row: row[column]

    def case(self) -> Evaluator:
        subject = None if self.tokens[self.at] == ("word", "when") else self.disjunction()
        branches: list[tuple[Evaluator, Evaluator]] = []
        while self.next("when"):
            condition = self.disjunction()
            self.must("then")
            branches.append((condition, self.disjunction()))
        default = self.disjunction() if self.next("else") else lambda row: None
        self.must("end")

        def chosen(row: Mapping[str, Value]) -> Value:
            for condition, result in branches:
                held = condition(row)
                if (held if subject is None else compare("=", subject(row), held)) is True:
                    return result(row)
            return default(row)

        return chosen

    def call(self, name: str) -> Evaluator:
        arguments: list[Evaluator] = []
        while not self.next(")"):
            arguments.append(self.disjunction())
            self.next(",")
        if name == "delivery_date":
            return lambda row: self.delivery_date
        if name == "coalesce":
            return lambda row: next((found for item in arguments if (found := item(row)) is not None), None)
        if name in ("least", "greatest"):
            extreme = min if name == "least" else max
            return lambda row: extreme((found for item in arguments if (found := item(row)) is not None), default=None)
        if name == "in_code_set":
            codes = self.code_sets[arguments[1]({}), len(arguments) == 3]
            return strict(lambda value: value in codes, arguments[:1])
        if name == "names_another":
            assert self.named is not None
            return strict(self.named(arguments[1]({})), [arguments[0], arguments[2]])
        return strict(STRICT[name], arguments)


def strict(work: Callable[..., Value], arguments: list[Evaluator]) -> Evaluator:
    def evaluated(row: Mapping[str, Value]) -> Value:
        values = [argument(row) for argument in arguments]
        return None if None in values else work(*values)

    return evaluated
