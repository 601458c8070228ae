"""``govdata explain``: one row, or one of its cells, from the delivered file to what analysts read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from govdata.cli.app import Command, app
from govdata.cli.common import By, Purpose, RoleName, console, known_datasets, load_registry, read_date
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.storage.tables.system_columns import ROW_ID, UNPARSED

if TYPE_CHECKING:
    from govdata.access.explain import Cell, Explained, Judged
    from govdata.standards.model import Registry
    from govdata.standards.role_settings import Role

FATES = {
    "clean": "合格",
    "quarantined": "隔离",
    "duplicate": "重复，未保留",
    "rejected": "拒收",
    "unjudged": "已读入，还没有标准化（或该日的交付已更正，等待重新运行）",
}
OUTCOMES = {"passed": "符合", "failed": "不符合", "unasked": "无可检查", "unknown": "没有记录"}

Shown = Callable[[str, str | None], str]
"""Column, value → what is written of it."""


@app.command(cls=Command)
def explain(
    row_id: Annotated[str, typer.Argument(help=f"行标识：查询结果里的 {ROW_ID}")],
    column: Annotated[str | None, typer.Argument(help="只看这一列，逐步说明")] = None,
    dataset: Annotated[str | None, typer.Option(help="数据集；不写则逐个查找")] = None,
    date: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="交付日期；不写则最近一次")] = None,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="显示记录的值；须写 --role 和 --purpose；不写只显示字形，如 数18、汉3")
    ] = False,
    role: RoleName = None,
    purpose: Purpose = None,
    by: By = None,
) -> None:
    """一行数据的来龙去脉：交付的文本、每一步改成什么、类型、各条规则、在哪几期里。

    例：govdata explain 3f2a… birth_date
    """
    from govdata.access.explain import explain as explained
    from govdata.access.roles import role_of
    from govdata.storage import access_log

    deployment = Deployment.from_env()
    registry = load_registry(deployment)
    eyes = role_of(registry, role, "explain", reveal=reveal, purpose=purpose)
    if dataset:
        known_datasets([dataset], registry)
    found = explained(deployment, registry, row_id.strip(), dataset=dataset, date=read_date(date) if date else None)
    names = [item.name for item in found.dataset.columns]
    if column is not None and column not in names:
        raise GovdataError(f"{found.dataset.name} 没有列 {column}；有：{'、'.join(names)}")
    show = _shown(found, registry, eyes)
    if eyes is not None:
        access_log.record(
            deployment, "look", purpose=str(purpose), subjects=[found.row_id], door="explain", actor=by, revealed=True,
            role=role,
        )  # fmt: skip
    lines = [*_head(found), ""]
    if column is None:
        lines += _whole(found, show)
    else:
        lines += [line for cell in found.cells if cell.column == column for line in _one(found, cell, show)]
    if eyes is None:
        lines += ["", "只显示字形；加 --reveal --role 角色 --purpose 用途 显示值"]
    console().print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _shown(found: Explained, registry: Registry, role: Role | None) -> Shown:
    """Values of the elements that the role sees, the shape of others."""
    from govdata.access.displayed import sees
    from govdata.ingest import shape

    seen = {c.name for c in found.dataset.columns if sees(role, registry.elements[c.element])}

    def show(column: str, value: str | None) -> str:
        if value is None:
            return "（空）"
        return f"“{value}”" if column in seen else shape(value)

    return show


def _head(found: Explained) -> Iterator[str]:
    yield f"{found.dataset.title}（{found.dataset.name}）{found.date}  {found.file} 第 {found.line} 行"
    failed = [each.rule.id for each in found.rules if each.outcome == "failed" and each.rule.severity == "error"]
    told = FATES[found.fate] + (f"：{'、'.join(failed)}" if failed else "")
    told += f"：{found.reason}" if found.reason else ""
    told += f"，保留的是 {found.kept}" if found.kept else ""
    yield f"结果：{told}"
    if found.shown:
        until = f"，{found.hidden} 期起已被取代或注销" if found.hidden else "，至今有效"
        yield f"发布：{found.shown[0]} 期起{until}"
    elif found.fate == "clean":
        yield "发布：没有一期有这一行（那一夜被阻断，或那几期已按保留策略清理）"
    if found.fate in ("clean", "quarantined") and not found.same_standards:
        yield "标准：此后有改动，下面是当时的步骤；当时没有不符合的规则显示为“没有记录”"


def _whole(found: Explained, show: Shown) -> Iterator[str]:
    titles = {item.name: item.title for item in found.dataset.columns}
    for cell in found.cells:
        change = (
            f" → {'读不出' if cell.unread else show(cell.column, cell.stored)}" if cell.altered or cell.unread else ""
        )
        yield f"{titles.get(cell.column, cell.column)}（{cell.column}）：{show(cell.column, cell.delivered)}{change}"
        yield from (f"    {_rule(each)}" for each in cell.judged if each.outcome == "failed")
    yield from (f"整行  {_rule(each)}" for each in found.rules if each.outcome == "failed" and not each.rule.columns)


def _one(found: Explained, cell: Cell, show: Shown) -> Iterator[str]:
    title = next((item.title for item in found.dataset.columns if item.name == cell.column), cell.column)
    yield f"{title}（{cell.column}）"
    yield f"  交付    {show(cell.column, cell.delivered)}"
    before = cell.delivered
    for name, after in cell.steps:
        yield f"  {name}  {'没有变化' if after == before else show(cell.column, after)}"
        before = after
    if cell.unread:
        yield f"  {cell.by}  读不出：发布为空，交付的文本在 {UNPARSED}"
    elif found.fate in ("clean", "quarantined"):
        yield f"  存入    {show(cell.column, cell.stored)}" + (f"（{cell.by}）" if cell.stored != before else "")
        yield f"  台账    {'记有这一格（governance.repairs）' if cell.altered else '没有改动'}"
    yield from (f"  {_rule(each)}" for each in cell.judged)


def _rule(judged: Judged) -> str:
    from govdata.standards.model import DIMENSION_NAMES

    rule = judged.rule
    severity = "（仅提示）" if rule.severity == "warning" else ""
    told = f"：{rule.message}" if judged.outcome == "failed" else ""
    return f"{OUTCOMES[judged.outcome]}  {rule.id}  {DIMENSION_NAMES[rule.dimension]}{severity}{told}"
