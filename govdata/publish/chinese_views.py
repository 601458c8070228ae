"""``published.<dataset>_zh``: the same rows under their Chinese titles, each code with its name beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from govdata.publish.described import described
from govdata.publish.views import Catalogue
from govdata.standards.model import Dataset, Registry
from govdata.storage import sql
from govdata.storage.tables import system_columns
from govdata.storage.tables.codes import CODE, CURRENT, NAME_ZH, VALID_FROM


@dataclass(frozen=True)
class Shown:
    """A column of the view: under ``title`` what ``column`` holds, or the name of its code in ``code_set``."""

    title: str
    column: str
    comment: str
    code_set: str | None = None


def columns(dataset: Dataset, registry: Registry, present: Iterable[str]) -> list[Shown]:
    """The columns of the view in order, of those that the table has; no two have one title."""
    added = {str(column): column.comment for column in system_columns.PUBLISHED}
    told = {**described(dataset.name, registry)[1], **added}
    titles = {column.name: column.title for column in dataset.columns}
    titles |= {str(column): column.label for column in system_columns.PUBLISHED}
    code_sets = {column.name: registry.elements[column.element].code_set for column in dataset.columns}
    taken: set[str] = set()
    found = []
    for name in present:
        title = _free(titles.get(name, name), name, taken)
        found.append(Shown(title, name, f"{name}：{told[name]}" if name in told else name))
        code_set = code_sets.get(name)
        if code_set is not None:
            label = _free(f"{title.removesuffix('代码')}名称", f"{name}的名称", taken | set(titles.values()))
            taken.add(label)
            found.append(Shown(label, name, f"{title}的代码名称（codes.{code_set}）；代码集里没有的为空", code_set))
    return found


def _free(title: str, name: str, taken: set[str]) -> str:
    """``title``, or where another column has it (upper and lower case are one to DuckDB) with the column's name."""
    free = title if title.lower() not in {other.lower() for other in taken} else f"{title}（{name}）"
    taken.add(free)
    return free


def chinese(
    catalogue: Catalogue,
    dataset: Dataset,
    registry: Registry,
    query: str,
    present: Iterable[str],
    files: Iterable[Path],
    comment: str,
    code_files: Mapping[str, Path],
) -> None:
    """The view over ``query``, the SELECT of the table's own."""
    shown = columns(dataset, registry, present)
    catalogue.view(
        dataset.schema_name,
        f"{dataset.name}{system_columns.CHINESE}",
        selected(query, shown, code_files),
        [*files, *(code_files[column.code_set] for column in shown if column.code_set is not None)],
        f"{comment}。同 {dataset.schema_name}.{dataset.name}，列名为中文，代码旁有名称",
        {column.title: column.comment for column in shown},
    )


def selected(query: str, shown: Iterable[Shown], code_files: Mapping[str, Path]) -> str:
    """The SELECT of the columns ``shown`` over ``query``. Each coded column is joined with one row per code, which
    costs some ten nanoseconds a row."""
    values, joined = [], []
    for place, column in enumerate(shown):
        value = f"b.{sql.identifier(column.column)}"
        if column.code_set is not None:
            names = f"n{place}"
            same = f"{names}.{CODE} = CAST({value} AS VARCHAR)"
            joined.append(f"LEFT JOIN ({_names(code_files[column.code_set])}) AS {names} ON {same}")
            value = f"{names}.{NAME_ZH}"
        values.append(f"{value} AS {sql.identifier(column.title)}")
    return " ".join([f"SELECT {', '.join(values)} FROM ({query}) AS b", *joined])


def _names(path: Path) -> str:
    """One name per code: that in force, else the newest."""
    order = f"({CURRENT}, coalesce({VALID_FROM}, ''))"
    return f"SELECT {CODE}, arg_max({NAME_ZH}, {order}) AS {NAME_ZH} FROM {sql.parquet([path])} GROUP BY {CODE}"
