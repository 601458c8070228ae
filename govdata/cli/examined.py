"""What an examination of the rules says, for a terminal and for a workbook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from govdata.access import Result

if TYPE_CHECKING:
    from govdata.exam import Exam, Ruled, Struck
    from govdata.standards import Registry

MOST = 30
"""Lines that the terminal shows of a list; the workbook has all."""

STRUCK = ("数据集", "毛病", "列", "性质", "弄坏", "查出", "修复", "漏网")
RULED = ("数据集", "规则", "性质", "说明", "检出", "应检", "检出率", "只有它查出", "误报")


def summary(made: Exam, registry: Registry) -> Iterator[str | Result]:
    """Lines and tables, what matters first."""
    for name, count in made.sampled.items():
        left = made.left_out[name]
        told = f"，另有 {left:,} 行重放后与发布的不同，没有用" if left else ""
        yield f"{registry.datasets[name].title}（{name}）{made.dates[name]}：样本 {count:,} 行{told}"
    if made.unexamined:
        yield f"没有体检（没有发布过，或没有适用的毛病）：{'、'.join(made.unexamined)}"
    struck = sum(each.struck for each in made.strikes)
    found, restored = (sum(getattr(each, name) for each in made.strikes) for name in ("found", "restored"))
    yield f"弄坏 {struck:,} 行：查出 {found:,}，修复 {restored:,}，漏网 {struck - found - restored:,}"
    if made.blind_spots:
        yield "漏网的毛病（发布了不对的值而没有一条规则提示）："
        yield _narrow(STRUCK, (_struck(each, registry) for each in made.blind_spots), "性质")
    if made.false_alarms:
        yield "误报（没有毛病的行却不合格；多半是标准在发布之后改过）："
        yield _narrow(RULED, (_ruled(each, registry) for each in made.false_alarms), "性质", "说明")
    tried = [each for each in made.rules if each.hits]
    yield f"{len(made.rules)} 条规则：{len(tried)} 条查出过毛病，{len(made.untried)} 条没有毛病碰到它"
    weak = sorted((each for each in tried if each.hits < each.due), key=lambda each: each.recall or 0)
    if weak:
        yield "检出率不到 100 % 的（其余的由别的规则查出，或已修复）："
        yield _narrow(RULED, (_ruled(each, registry) for each in weak), "性质", "说明")
    if made.redundant:
        names = "、".join(f"{each.rule.dataset}.{each.rule.id}" for each in made.redundant)
        yield f"从不单独查出的规则 {len(made.redundant)} 条（没有它们，这些毛病别的规则也查得出）：{names}"


def _narrow(columns: tuple[str, ...], lines: Iterable[Sequence[str | None]], *left_out: str) -> Result:
    """What fits on a terminal: one name of table and rule or column, without what the workbook says beside."""
    kept = [at for at, name in enumerate(columns) if at and name not in left_out]
    joined = [(f"{line[0]}.{line[1]}", *(line[at] for at in kept[1:])) for line in lines]
    return Result(tuple(columns[at] for at in kept), joined[:MOST], more=len(joined) > MOST)


def sheets(made: Exam, registry: Registry) -> Mapping[str, Result]:
    return {
        "漏网": Result(STRUCK, [_struck(each, registry) for each in made.blind_spots], more=False),
        "毛病": Result(STRUCK, [_struck(each, registry) for each in made.strikes], more=False),
        "规则": Result(RULED, [_ruled(each, registry) for each in made.rules], more=False),
    }


def _struck(each: Struck, registry: Registry) -> Sequence[str | None]:
    title = registry.datasets[each.dataset].column(each.column).title if each.column else "整行"
    kind = "可修复" if each.repairable else "不可修复"
    return (each.dataset, each.kind, title, kind, *map(str, (each.struck, each.found, each.restored, each.survived)))


def _ruled(each: Ruled, registry: Registry) -> Sequence[str | None]:
    from govdata.standards.model import SEVERITY_NAMES

    rule = each.rule
    rate = None if each.recall is None else f"{100 * each.recall:.0f} %"
    counts = map(str, (each.hits, each.due))
    said = (rule.dataset, rule.id, SEVERITY_NAMES[rule.severity], rule.message)
    return (*said, *counts, rate, str(each.alone), str(each.false_alarms))
