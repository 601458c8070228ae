"""What the beginning of an address names, for the tests' own judge: names from a code set, no regular expression, no
table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from govdata.standards.model import Code, CodeSet

PARTS_OF_ANY_CITY = {"东区", "西区", "南区", "北区", "中区", "城区", "市区", "郊区", "新区", "矿区", "林区"}


def reach(text: str, shortest: int, longest: int, without: str, endings: tuple[str, ...]) -> int:
    """Length of the shortest piece at the beginning that ends so; 0 where none does."""
    for stem in range(shortest, longest + 1):
        if len(text) < stem or any(sign in without for sign in text[:stem]):
            return 0
        for ending in endings:
            if text.startswith(ending, stem):
                return stem + len(ending)
    return 0


def beginning(address: str) -> str:
    digits = "0123456789"
    at = reach(address, 2, 8, "省市区县", ("省", "自治区", "特别行政区"))
    rest = address[at:]
    at += reach(rest, 1, 11, "省县" + digits, ("自治州", "地区", "盟", "市")) or reach(
        rest, 1, 3, "省县", ("县地区", "县市")
    )
    counties = ("县区", "县市", "旗区", "旗县", "市区", "市市", "区", "县", "旗", "市")
    return address[: at + reach(address[at:], 1, 17, "省" + digits, counties)]


class Gazetteer:
    def __init__(self, code_set: CodeSet, in_force: Callable[[Code], bool]) -> None:
        self.now = {code.code: code for code in code_set.codes if in_force(code)}
        self.heirs = {code.code: code.successor for code in code_set.codes if code.successor}
        self.bearers: dict[str, set[str]] = defaultdict(set)
        names: dict[str, list[str]] = defaultdict(list)
        for code in code_set.codes:
            names[code.code].append(code.name_zh)
        for code in code_set.codes:
            self.bearers[self.bare(code.name_zh, names.get(code.parent, []))].add(self.heir(code.code))
        self.named: dict[str, set[str]] = defaultdict(set)
        for code in self.now:
            chain = self.chain(code)
            parts = [self.own(item) for item in chain]
            for first in range(len(parts)):
                alone = first == len(parts) - 1
                if not alone or len(parts) == 1 or self.only_one(code, parts[-1]):
                    self.named["".join(parts[first:])].add(code)

    @staticmethod
    def bare(name: str, around: list[str]) -> str:
        return next((name[len(outer) :] for outer in around if name.startswith(outer) and name != outer), name)

    def own(self, code: str) -> str:
        item = self.now[code]
        return self.bare(item.name_zh, [self.now[item.parent].name_zh] if item.parent in self.now else [])

    def only_one(self, code: str, name: str) -> bool:
        return len(name) > 2 and name not in PARTS_OF_ANY_CITY and self.bearers[name] == {code}

    def heir(self, code: str) -> str:
        for _ in range(20):
            if code in self.now or code not in self.heirs:
                return code
            code = self.heirs[code]
        return code

    def chain(self, code: str) -> list[str]:
        """The divisions in force around the code, the widest first, and itself."""
        found = [code]
        while (code := self.now[code].parent) in self.now:
            found.insert(0, code)
        return found

    def names_another(self, code: str, address: str) -> bool:
        named = self.named.get(beginning(address), set())
        if not named or code not in self.now:
            return False
        return not any(code in self.chain(other) or other in self.chain(code) for other in named)
