"""``published/<table>/_README.md`` tells whoever opens the Parquet files themselves how not to count old rows."""

from __future__ import annotations

from pathlib import Path

from govdata.deployment import Deployment
from govdata.storage import files
from govdata.storage.tables.system_columns import FAILED_RULES, REPAIR_FLAGS

NAME = "_README.md"
"""Begins with a line: DuckDB, Spark and Hive pass over such names, and no pattern for Parquet files meets it."""

_TEXT = """# {table}：直接读这里的 Parquet 文件之前

各期共用文件：一个日期文件夹里的文件，可能后来各期还在用；较早的文件里有已被后来的交付取代或注销的行。
把 `*.parquet` 全部读在一起，行数会多。

请用目录 `{catalogue}` 的视图 `published.{table}`（列名为中文的 `published.{table}_zh`），或者
`govdata sql`、Python 的 `govdata.load("{table}")`：它们只给出现行一期的行。

只能读文件的，按某一期的清单 `<日期>/snapshot.json` 读：

- `files`：这一期的文件，路径相对于部署文件夹，次序有意义；
- `hidden_file`：不再计入的行，`file` 是 `files` 中的第几个（从 0 起），`position` 是该文件中的第几行（从 0 起）；
  为 null 则全部计入；
- `rows`：这一期的行数，读完请核对。

例（DuckDB，在部署文件夹中运行）：

```sql
SET VARIABLE files = (SELECT files FROM read_json('data/published/{table}/<日期>/snapshot.json'));
SET VARIABLE hidden = (SELECT hidden_file FROM read_json('data/published/{table}/<日期>/snapshot.json'));
SELECT b.* FROM read_parquet(getvariable('files'), hive_partitioning = false) AS b
ANTI JOIN read_parquet(getvariable('hidden'), hive_partitioning = false) AS h
ON b.file_index = h.file AND b.file_row_number = h.position;
```

`hidden_file` 为 null 时去掉 ANTI JOIN 和 ON 两行。文件里的 `{flags}<n>` 和 `{failed}` 是程序自用的标记，不属于这张表。
本文件由程序写成，改动会被覆盖；其余文件不可改动，`govdata verify` 会查出来。
"""


def write(deployment: Deployment, table: str) -> None:
    """Lay it beside the table's files where it is not there as it should be."""
    folder: Path = deployment.published / table
    catalogue = deployment.relative(deployment.catalogue)
    content = _TEXT.format(table=table, catalogue=catalogue, flags=REPAIR_FLAGS, failed=FAILED_RULES).encode()
    target = folder / NAME
    try:
        if target.read_bytes() == content:
            return
    except FileNotFoundError:
        pass
    written = files.temporary(target)
    written.write_bytes(content)
    files.put(written, target)
