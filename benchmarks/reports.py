"""What a person is given of a finished city, and what each costs: the cockpit with the pages behind it, the inspection
reports of all departments, the work orders' workbooks, the catalogue of government data, the data dictionary.

    python benchmarks/reports.py HOME [HOME …]

``HOME``: a deployment whose nights have been run (``govdata sample --people N``, ``govdata run``). Every output is made in a
process of its own, then all of them in one: CPU seconds, wall seconds and peak memory are the operating system's
figures. Cockpit, reports and workbooks are written where a night writes them, the others into a scratch folder.

Aims: 20,000 people all together ≤ 30 s, a million ≤ 3 min and ≤ 2 GB.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from night import Cost, measure

PRELUDE = """
import sys
from pathlib import Path
from govdata import reports, standards
from govdata.access import dictionary
from govdata.deployment import Deployment
from govdata.governance.workbook import write_all
from govdata.reports import inspection_figures
from govdata.storage import sql
d = Deployment.from_env()
registry = standards.load(d.standards)
with sql.catalogue(d) as catalogue:
    date = inspection_figures.newest(catalogue)
out = Path(sys.argv[1])
"""

OUTPUTS = {
    "驾驶舱": "reports.write_cockpit(registry, d)",
    "检测报告（各部门和全市，.docx、.html）": "reports.write(registry, d)",
    "工单工作簿": "write_all(registry, d, date)",
    "政务数据目录（工作簿、登记、JSON、DCAT、网页）": "reports.write_catalogue(registry, d, out)",
    "数据字典": "dictionary.write_dictionary(dictionary.dictionary(registry), out.with_suffix('.xlsx'))",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("homes", type=Path, nargs="+")
    for home in parser.parse_args().homes:
        with tempfile.TemporaryDirectory(prefix="govdata-bench-") as scratch:
            show(home.absolute(), Path(scratch))


def show(home: Path, scratch: Path) -> None:
    """Measure every output of the deployment at ``home`` and print its table."""
    import duckdb
    from rich.console import Console
    from rich.table import Table

    console = Console()
    with duckdb.connect(str(home / "data" / "published" / "govdata.duckdb"), read_only=True) as connection:
        ((people,),) = connection.execute("SELECT count(*) FROM published.population").fetchall()
    environment = os.environ | {"GOVDATA_HOME": str(home)}

    def cost(code: str, folder: str) -> Cost:
        return measure([sys.executable, "-c", PRELUDE + code, str(scratch / folder)], environment)

    table = Table(title=f"人口 {people:,} 行，{os.cpu_count()} 核", title_justify="left")
    for column in ("", "CPU 秒", "墙钟秒", "峰值 MB"):
        table.add_column(column, justify="left" if column == "" else "right")

    def add(name: str, made: Cost, style: str | None = None) -> None:
        table.add_row(name, f"{made.cpu:.1f}", f"{made.wall:.1f}", f"{made.peak:.0f}", style=style)

    add("仅载入程序与标准", cost("", "nothing"), "dim")
    for number, (name, code) in enumerate(OUTPUTS.items()):
        with console.status(name):
            add(name, cost(code, str(number)))
    with console.status("一起"):
        add("在一个进程里一起", cost("\n".join(OUTPUTS.values()), "all"), "bold")
    console.print(table)


if __name__ == "__main__":
    main()
