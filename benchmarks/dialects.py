"""How many polluted text files are read exactly: govdata against DuckDB's sniffer, CleverCSV and pandas, on the same
files.

    python benchmarks/dialects.py [--corpus pollution|producers|both] [--failures]

The files are the corpora of tests/ingest/pollution.py and tests/ingest/producers.py; CleverCSV is needed beside the
development packages (pip install clevercsv). The peers are helped where it costs nothing: they are told the encoding (a
file they cannot be told of is given to them as UTF-8), values stay text, and a case counts as theirs if any of several
settings reads it exactly. govdata is told nothing and has one try; the last column gives it a contract's headers, as in
a night run. Cells are compared without outer white space.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.ingest import pollution, producers
from tests.ingest.own_reading import read, read_with_contract
from tests.ingest.pollution import Case, Reading, same


def _text(case: Case) -> str:
    """The file as a reader sees it that knows the encoding."""
    return case.data.decode(case.codec, errors="replace").removeprefix("\ufeff")


def govdata(case: Case, path: Path) -> Iterator[Callable[[], Reading]]:
    yield lambda: _counted(case, *read(path))


def govdata_with_contract(case: Case, path: Path) -> Iterator[Callable[[], Reading]]:
    yield lambda: _counted(case, *(read(path) if case.header is None else read_with_contract(path, case.header)))


def _counted(case: Case, reading: Reading, rejected: int) -> Reading:
    """What is damaged must be rejected, not dropped: only govdata can be asked that."""
    if rejected != case.rejected and not case.alternatives:
        raise ValueError("rejects")
    return reading


def duckdb(case: Case, path: Path) -> Iterator[Callable[[], Reading]]:
    import duckdb

    if case.codec != "utf-8":
        path = path.with_suffix(".utf8")
        path.write_bytes(_text(case).encode())

    def sniffed(options: str) -> Reading:
        with duckdb.connect() as connection:
            sniff = f"SELECT HasHeader FROM sniff_csv(?, all_varchar = true{options})"
            found = connection.sql(sniff, params=[str(path)]).limit(1).fetchall()
            made = connection.sql(f"FROM read_csv(?, all_varchar = true{options})", params=[str(path)])
            return made.columns if found and found[0][0] else None, made.fetchall()

    for options in ("", ", ignore_errors = true", ", null_padding = true", ", strict_mode = false", ", header = true"):
        yield lambda options=options: sniffed(options)


def clevercsv(case: Case, path: Path) -> Iterator[Callable[[], Reading]]:
    import clevercsv

    text = _text(case)

    def detected(with_header: bool | None) -> Reading:
        dialect = clevercsv.Sniffer().sniff(text[:30_000])  # its search takes minutes on more
        rows = [
            row for row in clevercsv.reader(io.StringIO(text, newline=""), dialect) if any(cell.strip() for cell in row)
        ]
        headed = clevercsv.Sniffer().has_header(text[:30_000]) if with_header is None else with_header
        return (rows[0], rows[1:]) if headed else (None, rows)

    for choice in (None, True, False):
        yield lambda choice=choice: detected(choice)


def pandas(case: Case, path: Path) -> Iterator[Callable[[], Reading]]:
    import pandas

    text = _text(case)

    def loaded(**options: object) -> Reading:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame = pandas.read_csv(
                io.StringIO(text),
                sep=None,
                engine="python",
                dtype=str,
                keep_default_na=False,
                index_col=False,
                **options,
            )
        names = None if "header" in options else [str(name) for name in frame.columns]
        return names, frame.values.tolist()

    yield lambda: loaded()
    yield lambda: loaded(on_bad_lines="skip")
    yield lambda: loaded(skipinitialspace=True)
    if case.header is None:
        yield lambda: loaded(header=None)


READERS = {
    "govdata": govdata,
    "DuckDB": duckdb,
    "CleverCSV": clevercsv,
    "pandas": pandas,
    "govdata, contract": govdata_with_contract,
}


def exact(case: Case, attempts: Iterator[Callable[[], Reading]]) -> bool:
    for attempt in attempts:
        try:
            names, rows = attempt()
            if names and names[0] in ("", "column0", "Unnamed: 0"):  # each has its own word for a column without a name
                names = ("列1", *names[1:])
            if same(case, (names, rows)):
                return True
        except Exception:
            continue
    return False


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--failures", action="store_true", help="name the cases each reader does not read exactly")
    options.add_argument("--corpus", choices=["pollution", "producers", "both"], default="pollution")
    arguments = options.parse_args()
    corpora = {"pollution": pollution.cases, "producers": producers.cases}
    for name, made in corpora.items():
        if arguments.corpus in (name, "both"):
            compare(made(), arguments.failures)


def compare(cases: Sequence[Case], failures: bool) -> None:
    kinds: Counter[str] = Counter()
    good: dict[str, Counter[str]] = {name: Counter() for name in READERS}
    missed: dict[str, list[str]] = {name: [] for name in READERS}
    with tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(cases):
            path = Path(folder) / f"{number}.csv"
            path.write_bytes(case.data)
            kinds[case.family] += 1
            for name, reader in READERS.items():
                if exact(case, reader(case, path)):
                    good[name][case.family] += 1
                else:
                    missed[name].append(case.name)
    print("\n" + "".join(["| kind | cases |", *(f" {name} |" for name in READERS)]))
    print("|---|---:|" + "---:|" * len(READERS))
    for family in kinds:
        print(f"| {family} | {kinds[family]} |" + "".join(f" {good[name][family]} |" for name in READERS))
    total = kinds.total()
    print(
        f"| **all** | **{total}** |"
        + "".join(f" **{good[n].total()}** ({good[n].total() / total:.1%}) |" for n in READERS)
    )
    print("\n" + ", ".join(f"{name} {version(name)}" for name in ("duckdb", "clevercsv", "pandas")))
    if failures:
        for name, names in missed.items():
            print(f"\n{name}:\n" + "\n".join(f"  {each}" for each in names))


if __name__ == "__main__":
    main()
