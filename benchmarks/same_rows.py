"""Whether two revisions give the same rows: fingerprints of every view of the catalogue over three known sets of
deliveries.

    python benchmarks/same_rows.py save BEFORE.json        # on the revision before
    python benchmarks/same_rows.py save AFTER.json         # on the revision after
    python benchmarks/same_rows.py compare BEFORE.json AFTER.json

The deliveries are the committed sample, 20,000 people (seed 5) and three nights of a small delta table, each made and
processed by the revision's own ``govdata`` in a temporary folder. A column counts by the multiset of its texts, a view
by that of its rows over the columns both sides know, so a difference is told with its view and column. What names a
batch or a file's making is left out.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

REPOSITORY = Path(__file__).resolve().parent.parent
MADE_ANEW = {"batch_id", "snapshot_id", "standards_hash", "files", "base_snapshot_id"}
"""Columns that name a run or its files; two equal nights may differ in them."""


def deployments(folder: Path) -> dict[str, Path]:
    """The three deployments, delivered and not yet run."""
    sys.path.insert(0, str(REPOSITORY))
    from tests.faults.city import lay_down

    sample, people, delta = (folder / name for name in ("sample", "people", "delta"))
    shutil.copytree(REPOSITORY / "standards", sample / "standards")
    shutil.copytree(REPOSITORY / "data" / "landing", sample / "data" / "landing")
    shutil.copytree(REPOSITORY / "standards", people / "standards")
    govdata(people, "sample", "--people", "20000", "--seed", "5", "--out", str(people))
    lay_down(delta, nights=3)
    return {"sample": sample, "people": people, "delta": delta}


def govdata(home: Path, *arguments: str) -> None:
    environment = os.environ | {"GOVDATA_HOME": str(home), "PYTHONPATH": str(REPOSITORY)}
    subprocess.run(
        [sys.executable, "-m", "govdata", *arguments],
        cwd=REPOSITORY,
        env=environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def fingerprints(home: Path) -> dict[str, Any]:
    """View → rows and, per column, the sum of the hashes of its texts and of (row id or whole row, text)."""
    found: dict[str, Any] = {}
    with duckdb.connect(str(home / "data" / "published" / "govdata.duckdb"), read_only=True) as connection:
        views = connection.execute(
            "SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal AND schema_name <> 'codes' ORDER "
            "BY ALL"
        ).fetchall()
        for schema, view in views:
            name = f'"{schema}"."{view}"'
            columns = [row[0] for row in connection.execute(f"DESCRIBE {name}").fetchall() if row[0] not in MADE_ANEW]
            identity = "_row_id" if "_row_id" in columns else "''"
            sums = ", ".join(
                f'CAST(sum(CAST(hash({identity}, CAST("{column}" AS VARCHAR)) AS HUGEINT)) AS VARCHAR)'
                for column in columns
            )
            row = connection.execute(f"SELECT count(*), {sums} FROM {name}").fetchone()
            assert row is not None
            found[f"{schema}.{view}"] = {"rows": row[0], "columns": dict(zip(columns, row[1:], strict=True))}
    return found


def save(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        result = {}
        for name, home in deployments(Path(folder)).items():
            govdata(home, "run")
            result[name] = fingerprints(home)
    target.write_text(json.dumps(result, indent=1, ensure_ascii=False), encoding="utf-8")


def compare(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """One line for each difference; views and columns that only one side has are told and do not count as different
    rows."""
    lines = []
    for deployment, views in before.items():
        for view, old in views.items():
            new = after[deployment].get(view)
            if new is None:
                lines.append(f"{deployment} {view}: gone")
                continue
            if old["rows"] != new["rows"]:
                lines.append(f"{deployment} {view}: {old['rows']} rows before, {new['rows']} after")
            for column, value in old["columns"].items():
                if column not in new["columns"]:
                    lines.append(f"{deployment} {view}.{column}: gone")
                elif new["columns"][column] != value:
                    lines.append(f"{deployment} {view}.{column}: other values")
    return lines


def main() -> None:
    match sys.argv[1:]:
        case ["save", target]:
            save(Path(target))
        case ["compare", before, after]:
            lines = compare(json.loads(Path(before).read_text("utf-8")), json.loads(Path(after).read_text("utf-8")))
            print("\n".join(lines) or "same rows in every view")
            sys.exit(bool(lines))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
