"""What the standards officer looks up, as a terminal shows it: lists of what is declared, one element in full."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from govdata.errors import GovdataError
from govdata.standards import suggestion
from govdata.standards.model import Element, Registry
from govdata.standards.reference import described, flow, titles, written
from govdata.standards.types import TYPES

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

Lines = Iterator[tuple[str, ...]]

SEVERITIES = {"error": "隔离", "warning": "提示"}
PERSONAL = {"none": "非个人信息", "general": "个人信息", "sensitive": "敏感个人信息"}


def _elements(registry: Registry) -> Lines:
    for element in sorted(registry.elements.values(), key=lambda item: item.id):
        yield element.id, element.name, TYPES[element.type].title, element.basis or ""


def _codes(registry: Registry) -> Lines:
    for item in sorted(registry.code_sets.values(), key=lambda item: item.id):
        yield item.id, item.name, " ".join(filter(None, (item.standard, item.edition))), f"{len(item.codes):,}"


def _normalisers(_: Registry) -> Lines:
    from govdata.standards.normalisers import ALL

    for kind in ALL:
        first = kind.examples[0]
        became = f"{first.before or '空'} → {first.after or '空'}"
        yield kind.name, "。".join(described(kind)), titles(kind.types) or "各类型", became


def _kinds(_: Registry) -> Lines:
    from govdata.standards.kinds import WRITTEN

    for key, (kind, form) in WRITTEN.items():
        yield key, form.description, titles(kind.types) or "各类型", flow({key: form.example})


def _rules(registry: Registry) -> Lines:
    for element in sorted(registry.elements.values(), key=lambda item: item.id):
        for rule in element.rules:
            yield f"{element.id}.{rule.name}", SEVERITIES[rule.severity], rule.message
    for name in sorted(registry.datasets):
        for bound in registry.rules(name):
            if "." not in bound.id:
                yield f"{name}：{bound.id}", SEVERITIES[bound.severity], bound.message
    for across in registry.cross:
        yield f"{across.dataset}：{across.id}", SEVERITIES[across.severity], across.message


KINDS: dict[str, tuple[str, tuple[str, ...], Callable[[Registry], Lines]]] = {
    "elements": ("数据元", ("标识", "名称", "类型", "依据"), _elements),
    "codes": ("代码集", ("标识", "名称", "依据", "代码数"), _codes),
    "normalisers": ("标准化步骤", ("名称", "作用", "用于", "例"), _normalisers),
    "kinds": ("规则种类", ("写法", "检查什么", "用于", "例"), _kinds),
    "rules": ("规则", ("规则", "不通过时", "说明"), _rules),
}
"""Word of the command line → what it lists, heads, lines."""


def listed(kind: str | None, word: str | None, registry: Registry, terminal: Console) -> None:
    """Prints one list, only lines that have ``word`` in them; without ``kind`` how many of each there are.

    Raises ``GovdataError`` for a kind that is none."""
    if kind is None:
        for name, (title, _, lines) in KINDS.items():
            terminal.print(f"govdata standards list {name:<12} {title} {len(list(lines(registry)))}", highlight=False)
        return
    if kind not in KINDS:
        raise GovdataError(f"没有“{kind}”这一类{suggestion(kind, KINDS)}；可列出：{'、'.join(KINDS)}")
    title, heads, lines = KINDS[kind]
    found = [line for line in lines(registry) if word is None or word.lower() in "\n".join(line).lower()]
    if found:
        terminal.print(_table(heads, found))
    terminal.print(f"{title} {len(found)}" + (f"（含“{word}”的）" if word else ""), markup=False, highlight=False)


def shown(identifier: str, registry: Registry, terminal: Console) -> None:
    """Prints an element in full. Raises ``GovdataError`` where there is none of the name."""
    element = registry.elements.get(identifier)
    if element is None:
        raise GovdataError(
            f"没有名为“{identifier}”的数据元{suggestion(identifier, registry.elements)}；"
            "查找：govdata standards list elements 词"
        )
    terminal.print(_table(("", ""), [line for line in _facts(element, registry) if line[1]], heads_shown=False))
    steps: list[tuple[str, ...]] = [(written(step.name, step.args), step.kind.title) for step in element.normalise]
    _section(terminal, "标准化步骤（按顺序）", ("写法", "作用"), steps)
    _rules_of(element, terminal)
    _section(terminal, "用在", ("数据集.列", "名称", "合同另写的"), list(_uses(element, registry)))
    _section(terminal, "例子", ("交付的写法", "结果"), list(_examples(element)))


def _facts(element: Element, registry: Registry) -> Iterator[tuple[str, str]]:
    yield "数据元", f"{element.name}（{element.id}）"
    yield "英文名", element.name_en
    yield "定义", element.definition
    yield "依据", element.basis or ""
    scale = f"，{element.scale} 位小数" if element.scale is not None else ""
    yield "类型", TYPES[element.type].title + scale
    if element.code_set is not None:
        used = registry.code_sets[element.code_set]
        yield "代码集", f"{used.name}（{used.id}，{used.standard}，{len(used.codes):,} 个代码，{used.grade} 级）"
    yield "单位", element.unit or ""
    masked = f"，脱敏 {element.sensitivity.mask}" if element.sensitivity.mask else ""
    yield "敏感级别", f"{element.sensitivity.level} 级，{PERSONAL[element.sensitivity.personal]}{masked}"
    yield "写在", f"{element.file} 第 {element.line} 行"


def _rules_of(element: Element, terminal: Console) -> None:
    """Expressions are long: each rule has lines of its own."""
    from rich.padding import Padding
    from rich.text import Text

    _heading(terminal, "规则", bool(element.rules))
    for rule in element.rules:
        key, value = rule.spec.written()
        said = key if value is True else f"{key}: {value if isinstance(value, str) else flow(value)}"
        withheld = "不通过时选填的读作空" if rule.empties else f"不通过时{SEVERITIES[rule.severity]}"
        terminal.print(Text(f"{rule.name}（{withheld}）{rule.message}"))
        terminal.print(Padding(Text(said, style="dim"), (0, 0, 0, 4), expand=False))


def _uses(element: Element, registry: Registry) -> Iterator[tuple[str, ...]]:
    for name in sorted(registry.datasets):
        for item in registry.datasets[name].columns:
            if item.element == element.id:
                own = ["必填"] * item.required + ["主键"] * item.primary_key
                own += ["标准化步骤"] * (item.normalise is not None) + ["同义词"] * bool(item.synonyms)
                yield f"{name}.{item.name}", item.title, "、".join(own)


def _examples(element: Element) -> Iterator[tuple[str, str]]:
    for value in element.examples.valid:
        yield value, "合格"
    for value, rule in element.examples.invalid.items():
        yield value, f"不通过 {rule}"
    for value, after in element.examples.repairs.items():
        yield value, f"标准化为 {after}" if after is not None else "视为空"


def _section(terminal: Console, title: str, heads: tuple[str, ...], lines: list[tuple[str, ...]]) -> None:
    _heading(terminal, title, bool(lines))
    if lines:
        terminal.print(_table(heads, lines))


def _heading(terminal: Console, title: str, anything: bool) -> None:
    terminal.print(f"\n{title}" + ("" if anything else "：无"), style="bold", markup=False, highlight=False)


def _table(heads: tuple[str, ...], lines: list[tuple[str, ...]], *, heads_shown: bool = True) -> Table:
    """Narrow columns keep their words, the widest gives way."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=heads_shown, header_style="dim", padding=(0, 2, 0, 0), pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    for line in lines:
        table.add_row(*(Text(cell) for cell in line))
    return table
