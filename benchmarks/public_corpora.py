"""How well files are read that others collected: the two parts of Pollock (files polluted one by one, files of a survey
of open data) by its own measures, and csv-spectrum.

    python benchmarks/public_corpora.py FOLDER_OF_POLLOCK [--spectrum FOLDER] [--failures 20] [--peers]

The corpora are not part of this repository: check out HPI-Information-Systems/Pollock (with Git LFS) and
max-mapper/csv-spectrum. A file scores at most 10: one point for being read, and precision, recall and F1 of the header's
cells, of the records and of all cells. Nothing is told to the reader. Cells are compared as they are written, where
Pollock's own script counts equal numbers and dates as equal: that makes our figure the lower one. A file without a
header is written without one, so that its first record stands where Pollock has it. Pollock's table of weights names
files that its corpus does not hold: by its own convention they count as unread, which nobody can better; both figures
are printed. ``--peers``: DuckDB's sniffer and, where it is installed, CleverCSV read the same files in the same run.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb

from govdata.errors import GovdataError
from govdata.ingest import write_csv

Reader = Callable[[Path, Path], object]
"""Reads a file and writes what it found as CSV; raises where it cannot."""

PARTS = ("polluted_files", "survey_sample")


def measures(wanted: Sequence[str], found: Sequence[str]) -> float:
    """Precision, recall and F1, added up."""
    if not wanted:
        return 3.0
    hits = sum((Counter(wanted) & Counter(found)).values())
    if not hits:
        return 0.0
    precision, recall = hits / len(found), hits / len(wanted)
    return precision + recall + 2 * precision * recall / (precision + recall)


def table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def by_duckdb(file: Path, made: Path) -> None:
    with duckdb.connect() as connection:
        found = "SELECT * FROM read_csv(?, all_varchar = true, ignore_errors = true)"
        connection.execute(f"COPY ({found}) TO '{made}' (HEADER true)", [str(file)])


def by_clevercsv(file: Path, made: Path) -> None:
    import clevercsv

    with made.open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows(clevercsv.read_table(str(file), num_chars=10_000))


def score(clean: Path, file: Path, made: Path, read: Reader) -> float:
    wanted = table(clean)
    if not wanted:
        return 10.0
    made.unlink(missing_ok=True)
    try:
        read(file, made)
    except GovdataError:
        return 0.0
    except Exception:
        if read is write_csv:
            raise
        return 0.0
    if not made.exists():
        return 0.0
    found = table(made)
    records = [["".join(map(str.strip, row)) for row in rows[1:]] for rows in (wanted, found)]
    cells = [[cell for row in rows for cell in row] for rows in (wanted, found)]
    header = measures(*([cell.strip() for cell in rows[0]] for rows in (wanted, found)))
    return 1 + header + measures(*records) + measures(*cells)


def pollock(folder: Path, failures: int, readers: dict[str, Reader]) -> None:
    weights: dict[str, float] = json.loads((folder / "pollock_weights.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as scratch:
        for part, (name, read) in ((part, reader) for part in PARTS for reader in readers.items()):
            scores = {
                file.name: score(folder / part / "clean" / file.name, file, Path(scratch, "made.csv"), read)
                for file in sorted((folder / part / "csv").iterdir())
                if (folder / part / "clean" / file.name).exists()
            }
            weighed = [(weights[file], value) for file, value in scores.items() if file in weights]
            told = f"{part}, {name}: {len(scores)} files, simple {sum(scores.values()) / len(scores):.3f}"
            if weighed:
                total, named = sum(weight * value for weight, value in weighed), sum(weights.values())
                held = sum(weight for weight, _ in weighed)
                told += f", weighted {total / held:.3f}, by Pollock's convention {total / named:.3f}"
                told += f" (at best {10 * held / named:.3f})"
            print(told, flush=True)
            for file, value in sorted(scores.items(), key=lambda item: item[1])[:failures] if read is write_csv else ():
                print(f"  {value:5.2f} {file}")


def spectrum(folder: Path) -> None:
    """Content and order of the records, and the names of their columns."""
    wrong = []
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch, "made.csv")
        for file in sorted((folder / "csvs").glob("*.csv")):
            write_csv(file, made)
            with made.open(encoding="utf-8-sig", newline="") as lines:
                if list(csv.DictReader(lines)) != json.loads((folder / "json" / f"{file.stem}.json").read_text()):
                    wrong.append(file.stem)
    print(f"csv-spectrum: other than its JSON: {', '.join(wrong) or 'none'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pollock", type=Path)
    parser.add_argument("--spectrum", type=Path)
    parser.add_argument("--failures", type=int, default=0)
    parser.add_argument("--peers", action="store_true")
    chosen = parser.parse_args()
    readers: dict[str, Reader] = {"govdata": write_csv}
    if chosen.peers:
        readers["DuckDB"] = by_duckdb
        if importlib.util.find_spec("clevercsv"):
            readers["CleverCSV"] = by_clevercsv
    pollock(chosen.pollock, chosen.failures, readers)
    if chosen.spectrum:
        spectrum(chosen.spectrum)


if __name__ == "__main__":
    main()
