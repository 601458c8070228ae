"""The command line ``govdata``. Thin: every command calls one function of a room below; heavy imports happen inside the commands.

Exit codes: 0 everything was published; 3 a dataset was blocked; 1 an error, or `verify` found a lost night;
2 the command was called wrongly; 130 ended by Ctrl-C, 143 by SIGTERM.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer
from typer.core import TyperCommand, TyperGroup

from govdata import permissions
from govdata.deployment import Deployment
from govdata.errors import GovdataError
from govdata.escaping import visible

if TYPE_CHECKING:
    from rich.console import Console

    from govdata.standards.model import Registry

BLOCKED = 3
DEBUG = "GOVDATA_DEBUG"
"""Environment variable: set, an unexpected error is shown in full. It may quote a record's values, so never set it on a server."""


_HEADINGS = {"Usage:": "用法：", "Options:": "选项：", "Arguments:": "参数：", "Commands:": "命令："}


def _in_chinese(page: str) -> str:
    """Typer words the headings of a help page itself; they stand at the beginning of a line."""
    lines = page.split("\n")
    for number, line in enumerate(lines):
        for heading, chinese in _HEADINGS.items():
            if line.startswith(heading):
                lines[number] = chinese + line[len(heading) :]
    return "\n".join(lines)


class _Command(TyperCommand):
    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = "显示帮助"
        return option

    def get_help(self, ctx: Any) -> str:
        return _in_chinese(super().get_help(ctx))


class _Group(TyperGroup):
    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = "显示帮助"
        return option

    def get_help(self, ctx: Any) -> str:
        return _in_chinese(super().get_help(ctx))


app = typer.Typer(
    cls=_Group,
    help="把各部门交付的数据变成可信的表。部署目录由环境变量 GOVDATA_HOME 指定，默认为当前目录。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # its help pages cost half a second of imports
)
standards_app = typer.Typer(cls=_Group, help="数据标准：数据元、代码集、数据集合同", no_args_is_help=True, rich_markup_mode=None)
catalogue_app = typer.Typer(cls=_Group, help="DuckDB 目录", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(standards_app, name="standards")
app.add_typer(catalogue_app, name="catalogue")


@app.command(cls=_Command)
def run(
    date: Annotated[list[str] | None, typer.Option("--date", metavar="YYYY-MM-DD", help="交付日期，可重复；不写则依次处理全部交付")] = None,
    dataset: Annotated[list[str] | None, typer.Option("--dataset", metavar="名称", help="只处理这个数据集，可重复")] = None,
) -> None:
    """处理交付：读入、标准化、检查、发布。全部发布返回 0，有数据集被阻断返回 3，出错返回 1，中断返回 130 或 143。"""
    from govdata import interruption

    command = Deployment.from_env().command(*sys.argv[1:])
    told = f"已中断，没有做完的交付日期没有发布，已发布的数据不受影响。再次运行即可继续：{command}"
    number: list[int] = []
    with _terminal() as terminal:

        def first(_: int) -> None:
            print("\n正在结束：做完当前环节后停止（再按一次 Ctrl-C 立即结束）", file=terminal, flush=True)

        def second(_: int) -> None:
            print(f"\n{told}", file=terminal, flush=True)

        def work() -> None:
            try:
                _run_all(date, dataset, terminal)
            except KeyboardInterrupt:
                number.append(interruption.asked() or 2)

        interruption.watched(work, first, second)
    if number:
        print(told, file=sys.stderr)
        raise typer.Exit(128 + number[0])


@contextmanager
def _terminal() -> Iterator[TextIO]:
    """Standard error under a descriptor of its own: Dagster turns descriptor 2 to a file while a step runs."""
    try:
        number = os.dup(sys.stderr.fileno())
    except (OSError, ValueError):  # no file: somebody keeps what is printed
        yield sys.stderr
        return
    with os.fdopen(number, "w", buffering=1, encoding=sys.stderr.encoding, errors=sys.stderr.errors) as terminal:
        yield terminal


def _run_all(date: list[str] | None, dataset: list[str] | None, terminal: TextIO) -> None:
    deployment = Deployment.from_env()
    registry = _registry(deployment)
    from govdata import alerts, night

    alerts.webhook()  # an address that can take no alert is told now, not in the night it is needed
    if (warning := permissions.warning(deployment)) is not None:
        print(warning, file=sys.stderr)
    datasets = _known(dataset, registry)
    if date:
        dates = [_date(text) for text in date]
        for wrong in (_out_of_range(day) for day in dates):
            if wrong:
                raise GovdataError(wrong)
    else:
        dates = night.delivery_dates(deployment, datasets)
        for day in [day for day in dates if _out_of_range(day)]:
            _console(stderr=True).print(f"跳过：{_out_of_range(day)}", style="yellow", highlight=False)
            dates.remove(day)
    if not dates:
        raise GovdataError(f"{deployment.landing} 下没有任何交付（应为 <数据集>/<YYYY-MM-DD>/ 文件夹）")
    outcomes = _run_nights(deployment, registry, datasets, sorted(set(dates)), terminal)
    states = {outcome.outcome for outcome in outcomes}
    if "error" in states:
        raise typer.Exit(1)
    if "blocked" in states:
        raise typer.Exit(BLOCKED)


def _run_nights(deployment: Deployment, registry: Registry, datasets: list[str], dates: list[Date], terminal: TextIO) -> list[Any]:
    import gc

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from govdata import summary
    from govdata.night import STAGE_NAMES, STAGES, Nights

    titles = {name: registry.datasets[name].title for name in datasets} | {"catalogue": ""}
    delivered = sum(deployment.delivery(name, date).is_dir() for name in datasets for date in dates)
    # Dagster and GX keep a million small objects for as long as we live: looking through them for rubbish after every few hundred
    # new ones cost a twentieth of a small night.
    gc.set_threshold(100_000, 20, 100)
    nights = Nights(deployment, registry, datasets)
    outcomes = []
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # Drawing ten times a second, as it would, is two per cent of a core on a terminal.
    with Progress(*columns, console=_console(file=terminal), refresh_per_second=4) as progress, nights.opened():
        task = progress.add_task("准备", total=delivered * len(STAGES) + len(dates))
        for date in dates:

            def on_step(stage: str, dataset: str, date: Date = date) -> None:
                if stage:
                    progress.update(task, description=f"{date} {titles[dataset]} {STAGE_NAMES[stage]}")
                else:
                    progress.advance(task)

            outcomes += nights.run(date, on_step)
        progress.update(task, description="完成")
    summary.show(_console(), outcomes, registry, deployment)
    return outcomes


@standards_app.command("check", cls=_Command)
def standards_check() -> None:
    """检查 standards/ 下的全部声明，一次列出所有问题（文件、行号、原因）；有问题返回 1。"""
    from govdata import standards
    from govdata.engine import examples, trial

    deployment = Deployment.from_env()
    problems = standards.problems(deployment.standards, engine=trial.refusal)
    registry = None
    if not problems:
        registry = standards.load(deployment.standards)
        problems = trial.problems(registry) or examples.problems(registry)
    console = _console()
    if registry is None or problems:
        for problem in problems:
            console.print(str(problem), markup=False, highlight=False, soft_wrap=True)
        console.print(f"共 {len(problems)} 个问题", style="bold red")
        raise typer.Exit(1)
    rules = sum(len(registry.rules(name)) for name in registry.datasets)
    counts = f"{len(registry.elements)} 个数据元，{len(registry.code_sets)} 个代码集，{len(registry.datasets)} 个数据集，{rules} 条规则"
    console.print(f"没有问题：{counts}", highlight=False)


@app.command(cls=_Command)
def sample(
    people: Annotated[int, typer.Option(min=100, help="人数")] = 2000,
    seed: Annotated[int, typer.Option(help="随机种子；相同的种子得到相同的文件")] = 1,
    out: Annotated[Path, typer.Option(help="部署目录；没有 standards/ 时一并放入随附的数据标准")] = Path("sample-city"),
) -> None:
    """生成一座模拟城市的部门交付。

    含已知缺陷和真值表 data/truth.parquet。区划 19xxxx、电话 179 开头，不对应任何真人。
    """
    from govdata.sample import generate

    out.mkdir(parents=True, exist_ok=True)
    if not (out / "standards").exists():
        lay_down_standards(out / "standards")
    console = _console()
    with _console(stderr=True).status("正在生成"):
        generate(people, seed, out)
    deployment = Deployment.from_env(out)
    files = [path for path in deployment.landing.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    console.print(f"已生成 {len(files)} 个交付文件，{size / 1e6:.1f} MB：{deployment.landing}", highlight=False, soft_wrap=True)
    console.print(f"下一步：{deployment.command('run')}", highlight=False, soft_wrap=True)


def lay_down_standards(target: Path) -> None:
    """Copy the standards that come with the package to ``target``. Raises ``GovdataError`` where the package has none."""
    import shutil

    package = Path(__file__).parent
    for source in (package / "_standards", package.parent / "standards"):  # installed wheel, then a checkout
        if source.is_dir():
            shutil.copytree(source, target)
            return
    raise GovdataError("安装包中没有随附的数据标准，请把 standards/ 复制到部署目录")


@app.command(cls=_Command)
def sql(
    query: Annotated[str | None, typer.Argument(help="一条 SELECT；不写则从标准输入读取")] = None,
    rows: Annotated[int, typer.Option(min=1, help="最多显示的行数")] = 40,
    csv: Annotated[bool, typer.Option("--csv", help="输出 CSV（全部行），便于转存")] = False,
    seconds: Annotated[int | None, typer.Option(min=1, help="最多运行的秒数；默认 600，或环境变量 GOVDATA_QUERY_SECONDS")] = None,
) -> None:
    """在目录上查询（只读，不能访问部署之外的文件）。

    例：govdata sql "SELECT * FROM governance.reconciliation"
    """
    from dataclasses import replace

    from govdata import access as door

    text = query if query is not None else sys.stdin.read()
    limits = door.Limits.from_env()
    if seconds is not None:
        limits = replace(limits, seconds=seconds)
    result = door.select(Deployment.from_env(), text, None if csv else rows, limits)
    if csv:
        door.write_csv(result, sys.stdout)
    else:
        console = _console()
        if not console.is_terminal and not os.environ.get("COLUMNS"):
            console.width = 10_000  # in a file or a pipe there is no margin to fold the columns at
        console.print(door.as_table(result))
        console.print(f"只显示前 {rows} 行" if result.more else f"{len(result.rows)} 行", highlight=False)


@app.command(cls=_Command)
def ui(
    port: Annotated[int, typer.Option(min=1, max=65535, help="端口")] = 3000,
) -> None:
    """打开 Dagster 界面和定时服务（仅本机 127.0.0.1 可访问），Ctrl-C 结束。"""
    from govdata.assets.instance import prepare
    from govdata.web.server import serve

    deployment = Deployment.from_env()
    _registry(deployment)
    home = prepare(deployment)
    serve(deployment, home, port, lambda: _console().print(f"http://127.0.0.1:{port}", highlight=False))


@app.command(cls=_Command)
def inspect(
    file: Annotated[Path, typer.Argument(help="交付文件", exists=True, dir_okay=False, readable=True)],
    out: Annotated[Path | None, typer.Option(help="把读到的记录另存为 UTF-8 CSV")] = None,
) -> None:
    """看一个文件会被怎样读入，不需要合同。

    显示格式、编码、分隔符、表头行、工作表、列、记录数、拒收的行及原因。
    """
    from govdata import ingest
    from govdata.inspected import show

    if out is not None and out.exists() and out.samefile(file):
        raise GovdataError("不能写到交付文件自身")
    inspection = ingest.inspect(file) if out is None else ingest.write_csv(file, out)
    show(_console(), inspection)
    if inspection.misread:
        written = "" if out is None else "，没有写出"
        raise GovdataError(
            f"{file.name}：{inspection.rejected:,} 条记录被拒收，多于读入的 {inspection.records:,} 条{written}；请按上面的原因改正后再读"
        )
    if out is not None:
        _console().print(f"已写入 {out}", highlight=False, soft_wrap=True)


@app.command(cls=_Command)
def backup(file: Annotated[Path, typer.Argument(help="要写的 tar 文件，不能已存在")]) -> None:
    """备份部署：标准、交付、数据湖、已发布的快照、报告。运行中的环节先等它做完，读者不受影响。"""
    from govdata.backup import backup as write

    deployment = Deployment.from_env()
    made = write(deployment, _registry(deployment), file)
    _console().print(f"已备份 {made.files} 个文件，{made.bytes / 1e6:.1f} MB：{made.path}", highlight=False, soft_wrap=True)


@app.command(cls=_Command)
def restore(
    file: Annotated[Path, typer.Argument(help="govdata backup 写的 tar 文件", exists=True, dir_okay=False)],
    to: Annotated[Path, typer.Option("--to", help="恢复到哪个文件夹：不存在或为空")],
) -> None:
    """从备份恢复部署并重建目录；文件逐个核对，损坏的备份不予恢复。"""
    from govdata import publish
    from govdata.backup import restore as read

    made = read(file, to)
    deployment = Deployment.from_env(to)
    publish.rebuild_catalogue(deployment, _registry(deployment))
    _console().print(f"已恢复 {made.files} 个文件，{made.bytes / 1e6:.1f} MB：{deployment.home}", highlight=False, soft_wrap=True)
    _console().print(f"下一步：{deployment.command('run')}", highlight=False, soft_wrap=True)


@catalogue_app.command("rebuild", cls=_Command)
def catalogue_rebuild() -> None:
    """仅凭已发布的快照重建目录（部署搬家之后也用它）。"""
    from govdata import publish

    deployment = Deployment.from_env()
    path = publish.rebuild_catalogue(deployment, _registry(deployment))
    _console().print(f"已重建 {path}", highlight=False, soft_wrap=True)


@app.command(cls=_Command)
def verify() -> None:
    """逐字节核对已发布的文件与发布时的记录（sha256）。

    内容被改动的文件移开，目录改用未受影响的各期，写告警并给出重做的命令。全部相符返回 0，否则返回 1。
    """
    from govdata import verification

    deployment = Deployment.from_env()
    found = verification.verify(deployment, _registry(deployment))
    console = _console()
    for name in found.changed:
        console.print(f"内容被改动，已移开：{name}", style="red", markup=False, highlight=False, soft_wrap=True)
    for command in found.commands:
        console.print(f"请重新运行：{command}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"已核对 {found.files} 个文件（另有 {found.unsealed} 个由旧版本发布，没有记录）", highlight=False)
    if found.commands:
        raise typer.Exit(1)


def _registry(deployment: Deployment) -> Registry:
    from govdata import standards

    if not deployment.standards.is_dir():
        raise GovdataError(f"{deployment.home} 不是部署目录：没有 standards/。用 GOVDATA_HOME 指定，或先运行 govdata sample --out 目录")
    return standards.load(deployment.standards)


def _known(names: list[str] | None, registry: Registry) -> list[str]:
    for name in names or ():
        if name not in registry.datasets:
            raise GovdataError(f"没有数据集 {name}；已声明的有：{'、'.join(sorted(registry.datasets))}")
    return sorted(set(names)) if names else sorted(registry.datasets)


def _date(text: str) -> Date:
    try:
        return Date.fromisoformat(text)
    except ValueError:
        raise GovdataError(f"{text} 不是日期，应为 YYYY-MM-DD") from None


def _out_of_range(date: Date) -> str | None:
    """Why there is no night of ``date``, in Chinese, or None."""
    from datetime import UTC, datetime, timedelta

    from govdata.deployment import FIRST_DATE, first_date

    if date > (datetime.now(UTC) + timedelta(hours=8)).date():
        return f"交付日期 {date} 晚于今天"
    if date < first_date():
        return f"交付日期 {date} 早于 {first_date()}（由环境变量 {FIRST_DATE} 设定）"
    return None


def _console(stderr: bool = False, file: TextIO | None = None) -> Console:
    from rich.console import Console

    from govdata.terminal import Quiet

    console = Console(stderr=stderr, file=file)
    console.push_render_hook(Quiet())
    return console


def main() -> None:
    """Run the command line and end the process."""
    permissions.restrict()
    sys.exit(_run())


def _run() -> int:
    """The exit code. An error of the user's is one Chinese text; of an unexpected one the type and the places, never its message."""
    try:
        app()
        return 0
    except SystemExit as finished:
        return finished.code if isinstance(finished.code, int) else 0 if finished.code is None else 1
    except GovdataError as error:
        print(visible(str(error), keep="\n"), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("已中断", file=sys.stderr)
        return 130
    except BaseException as error:  # a panic of a library written in Rust is no Exception, and quotes what it stumbled over
        if os.environ.get(DEBUG):
            raise
        import traceback

        places = "".join(traceback.format_tb(error.__traceback__)[-6:])
        hint = f"消息可能含数据，未显示；设 {DEBUG}=1 可看全文"
        print(f"程序错误 {type(error).__name__}（{hint}）\n{places}", file=sys.stderr)
        return 1
