"""Code sets 代码集: the index, the code tables, synonyms and the deployment's local codes → ``CodeSet`` values.

Codes are text. A code may stand in several rows whose validity does not overlap; an abolished code stays, known as
such.
"""

from __future__ import annotations

from datetime import date as Date
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from govdata.standards.format import CodeSetEntry
from govdata.standards.model import Code, CodeSet, unambiguous
from govdata.standards.source import NAME, Document, Everything, Findings, read_csv, read_yaml
from govdata.standards.validation import validate

CODE_COLUMNS = ("code", "name_zh", "name_en", "parent", "valid_from", "valid_to", "note")
SYNONYM_COLUMNS = ("source", "code", "note")
INDEX = "codes/index.yaml"


def read(root: Path, findings: Findings) -> tuple[dict[str, CodeSet], frozenset[str]]:
    """The code sets under ``root``/codes, and the ids that were declared, usable or not."""
    folder = root / "codes"
    if not folder.is_dir():
        return {}, frozenset()
    document = read_yaml(folder / "index.yaml", INDEX, findings) if (folder / "index.yaml").is_file() else None
    if document is not None and not isinstance(document.data, dict):
        findings.add(INDEX, "应为映射：代码集标识 → 说明", 1)
        document = None
    declared = frozenset(document.data) if document is not None else Everything()
    _check_files(folder, declared, findings)
    sets: dict[str, CodeSet] = {}
    if document is None:
        return sets, declared
    for identifier in document.data:
        code_set = _read_set(folder, identifier, document, findings)
        if code_set is not None:
            sets[identifier] = code_set
    return sets, declared


def _check_files(folder: Path, declared: frozenset[str], findings: Findings) -> None:
    """Files nobody declared: a forgotten index entry, or a name with a slip in it."""
    files = sorted(path.name for path in folder.glob("*.csv") if not path.name.startswith("."))
    if files and not (folder / "index.yaml").is_file():
        findings.add(INDEX, "缺少代码集索引 index.yaml")
    for name in files:
        identifier, _, rest = name.partition(".")
        if rest not in ("csv", "synonyms.csv", "local.csv") or NAME.fullmatch(identifier) is None:
            findings.add(f"codes/{name}", "文件名应为 <标识>.csv、<标识>.synonyms.csv 或 <标识>.local.csv")
        elif identifier not in declared:
            findings.add(f"codes/{name}", f"索引 index.yaml 中没有代码集“{identifier}”")


def _read_set(folder: Path, identifier: str, document: Document, findings: Findings) -> CodeSet | None:
    line = document.line((identifier,))
    if NAME.fullmatch(identifier) is None:
        findings.add(INDEX, "代码集标识应以小写字母开头，只含小写字母、数字和下划线，至多63个字符", line, identifier)
        return None
    entry = validate(CodeSetEntry, document.data[identifier], document, (identifier,), findings, identifier)
    if entry is None:
        return None
    name = f"{identifier}.csv"
    if entry.file not in (None, name):
        findings.add(INDEX, f"文件名应为 {name}", document.line((identifier, "file")), identifier)
    if entry.valid_from and (
        reason := _date_reason(entry.valid_from, "year" if len(entry.valid_from) == 4 else "date")
    ):
        findings.add(INDEX, f"valid_from {reason}", document.line((identifier, "valid_from")), identifier)
    if not (folder / name).is_file():
        findings.add(INDEX, f"代码表 codes/{name} 不存在", line, identifier)
        return None
    before = len(findings.found)
    rows = _read_codes(folder / name, f"codes/{name}", entry.validity, findings, local=False)
    local_name = f"{identifier}.local.csv"
    if (folder / local_name).is_file():
        rows += _read_codes(folder / local_name, f"codes/{local_name}", entry.validity, findings, local=True)
    if not rows:
        if len(findings.found) == before:
            findings.add(f"codes/{name}", "代码表没有代码", 1, identifier)
        return None
    _check_overlaps(rows, findings)
    codes = tuple(code for _, _, code in rows)
    synonyms = {}
    synonyms_name = f"{identifier}.synonyms.csv"
    if (folder / synonyms_name).is_file():
        synonyms = _read_synonyms(folder / synonyms_name, f"codes/{synonyms_name}", codes, entry.accept_names, findings)
    return CodeSet(
        id=identifier,
        name=entry.name,
        standard=entry.standard,
        edition=entry.edition,
        valid_from=entry.valid_from,
        source=entry.source,
        grade=entry.grade,
        file=name,
        accept_names=entry.accept_names,
        hierarchical=entry.hierarchical,
        finer=entry.finer,
        validity=entry.validity,
        codes=codes,
        synonyms=synonyms,
        affixes=(tuple(entry.affixes.before), tuple(entry.affixes.behind)),
    )


_Row = tuple[str, int, Code]
"""File, line, code."""

_CODES = TypeAdapter(list[Code])


def _read_codes(path: Path, file: str, validity: str, findings: Findings, *, local: bool) -> list[_Row]:
    lines: list[int] = []
    written: list[dict[str, Any]] = []
    checked_dates: dict[str, str | None] = {"": None}  # a table has few distinct dates
    for line, row in read_csv(path, file, CODE_COLUMNS, findings) or ():
        if not row["code"] or not row["name_zh"]:
            findings.add(file, "代码和中文名称不能为空", line)
            continue
        cells = list(row.values())
        if list(map(str.strip, cells)) != cells:
            findings.add(file, "有的单元格首尾有空白", line)
            continue
        for column in ("valid_from", "valid_to"):
            if row[column] not in checked_dates:
                checked_dates[row[column]] = _date_reason(row[column], validity)
            if reason := checked_dates[row[column]]:
                findings.add(file, f"{column} {reason}", line)
                break
        else:
            if row["valid_from"] and row["valid_to"] and row["valid_from"] >= row["valid_to"]:
                findings.add(file, "有效期的起始不早于终止（终止不含在内）", line)
            fields: dict[str, Any] = {column: row[column] for column in CODE_COLUMNS}
            written.append(fields | {"successor": row.get("successor", ""), "local": local})
            lines.append(line)
    # One call for the table: a constructor call per code takes twice as long, and there are eleven thousand.
    return [(file, line, code) for line, code in zip(lines, _CODES.validate_python(written), strict=True)]


def _date_reason(text: str, validity: str) -> str | None:
    """Why ``text`` cannot be a bound of validity."""
    if validity == "year":
        return None if len(text) == 4 and text.isascii() and text.isdigit() else "应为四位年份"
    try:
        if len(text) != 10:
            raise ValueError
        Date.fromisoformat(text)
    except ValueError:
        return "应为日期 YYYY-MM-DD"
    return None


def _check_overlaps(rows: list[_Row], findings: Findings) -> None:
    once: dict[str, _Row] = {}
    repeated: dict[str, list[_Row]] = {}
    for row in rows:
        first_row = once.setdefault(row[2].code, row)
        if first_row is not row:
            repeated.setdefault(row[2].code, [first_row]).append(row)
    for code, same in repeated.items():
        same.sort(key=lambda row: row[2].valid_from)
        for (first_file, first_line, first), (file, line, second) in pairwise(same):
            if not first.valid_to or first.valid_to > second.valid_from:
                place = f"第 {first_line} 行" if first_file == file else f"{first_file} 第 {first_line} 行"
                findings.add(file, f"代码“{code}”与{place}的有效期重叠", line)


def _read_synonyms(
    path: Path, file: str, codes: tuple[Code, ...], accept_names: bool, findings: Findings
) -> dict[str, str]:
    known = {code.code for code in codes}
    names = unambiguous((code.name_zh, code.code) for code in codes) if accept_names else {}
    synonyms: dict[str, str] = {}
    lines: dict[str, int] = {}
    for line, row in read_csv(path, file, SYNONYM_COLUMNS, findings) or ():
        source, code = row["source"], row["code"]
        if not source or source != source.strip():
            findings.add(file, "来源值为空，或首尾有空白", line)
        elif code not in known:
            findings.add(file, f"同义词指向的代码“{code}”不在代码表中", line)
        elif source in known and source != code:
            findings.add(file, f"来源值“{source}”本身是另一个代码", line)
        elif names.get(source, code) != code:
            findings.add(file, f"来源值“{source}”是代码“{names[source]}”的名称，却指向“{code}”", line)
        elif source in synonyms:
            twice = "重复" if synonyms[source] == code else f"与第 {lines[source]} 行指向不同的代码"
            findings.add(file, f"来源值“{source}”{twice}", line)
        else:
            synonyms[source] = code
            lines[source] = line
    return synonyms


def known_words(code_set: CodeSet) -> frozenset[str]:
    """Every text that stands for one code of the set: the codes, their synonyms, their names."""
    names = unambiguous((code.name_zh, code.code) for code in code_set.codes) if code_set.accept_names else {}
    return frozenset({code.code for code in code_set.codes} | code_set.synonyms.keys() | names.keys())
