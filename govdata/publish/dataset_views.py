"""The views of contracts' tables: ``published.<dataset>``, its history and ``quarantine.<dataset>``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from govdata.batches import Snapshot
from govdata.deployment import Deployment
from govdata.engine.typed import sql_type
from govdata.publish import renames
from govdata.publish.chinese_views import chinese, columns, selected
from govdata.publish.described import described
from govdata.publish.merge import NONE, published_columns, visible
from govdata.publish.pinned import Night
from govdata.publish.renames import FormerNames
from govdata.publish.views import Catalogue, empty
from govdata.standards.model import Dataset, Registry
from govdata.storage import sql
from govdata.storage.tables import comments, system_columns, types


def selection(columns: dict[str, str], present: Iterable[str], former: FormerNames = NONE) -> str:
    """The columns of relation ``b`` in order; one the files do not have is read under its former name, else NULL of its
    type."""
    known = set(present)
    found = {name: renames.source(name, known, former) for name in columns}
    return ", ".join(
        (f"CAST(NULL AS {kind})" if (old := found[name]) is None else f"b.{sql.identifier(old)}")
        + f" AS {sql.identifier(name)}"
        for name, kind in columns.items()
    )


def former_names(dataset: Dataset | None) -> FormerNames:
    return {column.name: column.former_names for column in dataset.columns if column.former_names} if dataset else {}


def left_over(columns: Iterable[str], present: dict[str, str], former: FormerNames) -> dict[str, str]:
    """Columns of the data (not the engine's own) that a changed contract no longer has: shown as they were, until they
    are gone from it."""
    return {
        name: present[name]
        for name in renames.unexplained(columns, present, former)
        if name != system_columns.FAILED_RULES and name[0] != "_"
    }


def _either(name: str, kind: str, known: list[str], present: dict[str, str]) -> str:
    """``name`` from whichever of the columns ``known`` holds it; as text where they are of different types."""
    if not known:
        return f"CAST(NULL AS {kind}) AS {sql.identifier(name)}"
    read = [f"b.{sql.identifier(column)}" for column in known]
    if len({present[column] for column in known}) > 1:
        read = [f"CAST({column} AS VARCHAR)" for column in read]
    return (f"coalesce({', '.join(read)})" if len(read) > 1 else read[0]) + f" AS {sql.identifier(name)}"


def declared(dataset: Dataset, registry: Registry) -> dict[str, str]:
    return {column.name: sql_type(registry.elements[column.element]) for column in dataset.columns}


def _of(told: Mapping[str, str], shown: Iterable[str]) -> dict[str, str]:
    """The comments of the columns that are shown."""
    return {name: told[name] for name in shown if name in told}


def published(
    catalogue: Catalogue,
    table: str,
    snapshots: Sequence[Snapshot],
    registry: Registry,
    deployment: Deployment,
    code_files: Mapping[str, Path],
) -> None:
    """``published.<table>``: the newest of ``snapshots`` (newest first); ``published.<table>_at(date)``: the one that
    was current then; ``<table>_zh`` and, of a delivered table, ``<table>_zh_at(date)``: the same in Chinese. A derived
    table may be shown in another schema. ``code_files``: code set → its file."""
    contract = registry.datasets.get(table)
    contracted = declared(contract, registry) if contract else {}
    schema = contract.schema_name if contract else "published"
    former = former_names(contract)
    declared_columns = {**contracted, **types(system_columns.PUBLISHED)}
    comment, told = described(table, registry)
    told = {**told, **comments(system_columns.PUBLISHED)}
    in_chinese = contract if contract is not None and table + system_columns.CHINESE not in registry.datasets else None

    def show(query: str, paths: Sequence[Path], state: str, shown: Mapping[str, str]) -> None:
        catalogue.view(schema, table, query, paths, state, _of(told, shown))
        if in_chinese is not None:
            chinese(catalogue, in_chinese, registry, query, shown, paths, state, code_files)

    def as_of(name: str, query: str) -> None:
        catalogue.connection.execute(
            f"CREATE MACRO catalogue.{schema}.{sql.identifier(name + '_at')}(as_of) AS TABLE {query}"
        )

    branches = []
    present_ever: dict[str, None] = {}
    later: Snapshot | None = None
    for snapshot in snapshots:
        shown = declared_columns
        if snapshot.files:
            present = catalogue.schema(deployment.absolute(snapshot.files[0]))
            shown = {**shown, **left_over(shown, present, former)} if contract else published_columns(present)
            # A column whose type the contract changed since keeps the type it was published with, in the newest
            # snapshot.
            query = visible(snapshot, deployment, selection(shown, present, former))
        elif contract:
            query = empty(shown)
        else:
            continue
        paths = [
            deployment.absolute(file)
            for file in (*snapshot.files, *([snapshot.hidden_file] if snapshot.hidden_file else []))
        ]
        if later is None:
            state = f"{comment}。{snapshot.date.isoformat()} 期，{snapshot.rows} 行"
            show(query, paths, state, shown)
        catalogue.named.update(paths)
        present_ever |= dict.fromkeys(shown)
        until = f" AND CAST(as_of AS DATE) < DATE '{later.date.isoformat()}'" if later else ""
        branches.append(
            f"SELECT * FROM ({query}) WHERE CAST(as_of AS DATE) >= DATE '{snapshot.date.isoformat()}'{until}"
        )
        later = snapshot
    if later is None and contract:
        query = empty(declared_columns)
        show(query, (), f"{comment}。尚未发布", declared_columns)
    if branches:
        history = " UNION ALL BY NAME ".join(branches)
        as_of(table, history)
        # DuckDB reads the files of every snapshot for each such macro: a millisecond a night that is kept.
        if in_chinese is not None and table in registry.delivered:
            as_of(
                table + system_columns.CHINESE,
                selected(history, columns(in_chinese, registry, present_ever), code_files),
            )


def quarantine(catalogue: Catalogue, dataset: str, nights: Sequence[Night], registry: Registry) -> None:
    """Rows of all kept dates. Files made under different standards are read by column name: a column that was missing
    is NULL, and one whose type was changed is shown in a type that holds both (text at last), so that nothing is
    lost."""
    columns = {
        **declared(registry.datasets[dataset], registry),
        **types(system_columns.QUARANTINE),
    }
    comment, told = described(dataset, registry)
    files = [path for night in nights for path in night.quarantine]
    query = empty(columns)
    if files:
        relation = sql.parquet(files, by_name=True)
        present = {
            row[0]: row[1] for row in catalogue.connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
        }
        # Files of before and after a change of names lie in one relation: each row has the one or the other.
        former = former_names(registry.datasets[dataset])
        shown = [
            _either(name, kind, [known for known in (name, *former.get(name, ())) if known in present], present)
            for name, kind in columns.items()
        ]
        old = {name for names in former.values() for name in names}
        more = {name: kind for name, kind in left_over(columns, present, former).items() if name not in old}
        query = f"SELECT {', '.join([*shown, *(f'b.{sql.identifier(name)}' for name in more)])} FROM {relation} AS b"
        columns |= more
    told = _of({**told, **comments(system_columns.QUARANTINE)}, columns)
    catalogue.view("quarantine", dataset, query, files, f"{comment}：隔离的行", told)
