"""``govdata standards …``: what the standards officer asks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from govdata.cli.app import Command, standards_app
from govdata.cli.common import console, load_registry
from govdata.deployment import NIGHT, Deployment

if TYPE_CHECKING:
    from govdata.errors import Problem
    from govdata.standards.model import Registry


@standards_app.command("check", cls=Command)
def standards_check() -> None:
    """检查 standards/ 下的全部声明，一次列出所有问题（文件、行号、原因）；有问题返回 1。"""
    deployment = Deployment.from_env()
    registry, problems = _checked(deployment)
    terminal = console()
    if registry is None or problems:
        for problem in problems:
            terminal.print(str(problem), markup=False, highlight=False, soft_wrap=True)
        terminal.print(f"共 {len(problems)} 个问题", style="bold red")
        raise typer.Exit(1)
    rules = sum(len(registry.rules(name)) for name in registry.datasets)
    declared = (
        f"{len(registry.elements)} 个数据元，{len(registry.code_sets)} 个代码集，{len(registry.datasets)} 个数据集"
    )
    counts = f"{declared}，{rules} 条规则，{len(registry.cross)} 条跨表规则"
    terminal.print(f"没有问题：{counts}", highlight=False)
    if unregistered := [name for name, dataset in sorted(registry.datasets.items()) if dataset.entry is None]:
        told = f"没有登记政务数据目录的：{'、'.join(unregistered)}（合同里没有 catalogue）"
        terminal.print(told, markup=False, highlight=False, soft_wrap=True)
    for name in registry.delivered:
        dataset = registry.datasets[name]
        if (dataset.schedule.deadline or "") > f"{NIGHT:%H:%M}":
            late = f"{dataset.title}（{name}）的交付期限 {dataset.schedule.deadline} 晚于夜间运行 {NIGHT:%H:%M}"
            terminal.print(
                f"{late}：夜间没有的由补收（late_deliveries）处理", markup=False, highlight=False, soft_wrap=True
            )


def _checked(deployment: Deployment) -> tuple[Registry | None, list[Problem]]:
    """What is declared, and its problems; a terminal is shown meanwhile what is tried and how much is left."""
    from govdata import standards
    from govdata.engine import examples, trial
    from govdata.engine.tried import Tried

    with console(stderr=True).status("读标准") as status:
        registry, problems = standards.checked(deployment.standards, engine=trial.refusal)
        if registry is None or problems:
            return registry, problems
        # Standards without data are somebody's working copy: nothing is left beside them.
        known = Tried(deployment.standards_tried if deployment.data.is_dir() else None)
        taken: set[str] = set()
        problems = examples.problems(
            registry, tried=known, watch=lambda left: status.update(f"试数据元的例子，还有 {left} 个"), taken=taken
        )
        if not problems:  # what the elements compile to is not asked again of the contracts made of them
            problems = trial.problems(registry, known, lambda left: status.update(f"试合同，还有 {left} 个"), taken)
        known.keep()
    return registry, problems


@standards_app.command("list", cls=Command)
def standards_list(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="[elements|codes|normalisers|kinds|rules]",
            help="数据元、代码集、标准化步骤、规则种类、规则；不写则列出各有多少",
            show_default=False,
        ),
    ] = None,
    word: Annotated[str | None, typer.Argument(metavar="[词]", help="只列出含这个词的", show_default=False)] = None,
) -> None:
    """列出标准里有什么，可按词查找。"""
    from govdata.cli import vocabulary

    vocabulary.listed(kind, word, load_registry(Deployment.from_env()), console())


@standards_app.command("show", cls=Command)
def standards_show(element: Annotated[str, typer.Argument(metavar="数据元", help="数据元的标识")]) -> None:
    """一个数据元的全部：定义、依据、类型、步骤、规则、代码集、用在哪里、例子。"""
    from govdata.cli import vocabulary

    vocabulary.shown(element, load_registry(Deployment.from_env()), console())


@standards_app.command("exam", cls=Command)
def standards_exam(
    dataset: Annotated[list[str] | None, typer.Option("--dataset", help="只体检这些数据集；可多次给出")] = None,
    rows: Annotated[int, typer.Option(min=100, max=100_000, help="每个数据集至多取多少行")] = 4_000,
    each: Annotated[int, typer.Option(min=1, max=1_000, help="每种毛病在每一列弄坏多少行")] = 12,
    seed: Annotated[int, typer.Option(help="随机种子；同样的种子和数据，结果相同")] = 1,
    xlsx: Annotated[Path | None, typer.Option(help="另存为 Excel 工作簿：毛病、规则、漏网的")] = None,
) -> None:
    """规则体检：取最近一期没有问题的行，按常见的毛病弄坏，看规则查得出多少、误报多少。

    弄坏的行只在临时文件夹里判定，不影响部署；每条规则的结果另记入 governance.rule_exam。毛病都修复或查出、也没有误报
    返回 0；有漏网的或误报返回 1。
    """
    from govdata import access, exam, publish
    from govdata.cli.examined import sheets, summary
    from govdata.storage import files

    deployment = Deployment.from_env()
    registry = load_registry(deployment)
    for name in dataset or ():
        if name not in registry.delivered:
            raise typer.BadParameter(f"没有这个由部门交付的数据集：{name}", param_hint="--dataset")
    files.demand_new(xlsx)
    terminal = console()
    with console(stderr=True).status("正在体检"):
        made = exam.examine(registry, deployment, dataset, rows=rows, each=each, seed=seed)
        exam.keep(made, deployment, registry)
        publish.rebuild_catalogue(deployment, registry)
    for part in summary(made, registry):
        if isinstance(part, str):
            terminal.print(part, markup=False, highlight=False, soft_wrap=True)
        else:
            terminal.print(access.as_table(part))
    if xlsx is not None:
        access.write_sheets(sheets(made, registry), xlsx)
        terminal.print(f"已写入 {xlsx}", markup=False, highlight=False, soft_wrap=True)
    if made.blind_spots or made.false_alarms:
        raise typer.Exit(1)
