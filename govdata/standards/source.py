"""YAML and CSV as the standards are written in: plain values that remember the line each was written on.

YAML is read from libyaml's event stream, not through a constructor: no tag can make an object, aliases are refused (so
no expansion bomb), duplicate keys are found, and scalars follow the YAML 1.2 core schema, so that ``NO``, ``12:30`` or
an unquoted date stay the text an officer typed. Nothing here knows what a key means.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import yaml

from govdata.errors import Problem

Loc = tuple[str | int, ...]
"""Where a value stands in a document: keys and list positions from the root."""

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
"""Names of elements, code sets, datasets, columns and rules; they become file, table and check names."""

MAX_YAML_BYTES = 4_000_000
MAX_CSV_BYTES = 64_000_000
MAX_DEPTH = 30

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?")
_CONSTANTS: dict[str, bool | None] = {"": None, "~": None, "null": None, "Null": None, "NULL": None}
_CONSTANTS |= {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass
class Findings:
    """Collects problems; every check adds what it finds and goes on."""

    found: list[Problem] = field(default_factory=list)
    _known: set[Problem] = field(default_factory=set)

    def add(self, file: str, message: str, line: int | None = None, where: str | None = None) -> None:
        problem = Problem(file, message, line, where)
        if problem not in self._known:
            self._known.add(problem)
            self.found.append(problem)

    def ordered(self) -> list[Problem]:
        return sorted(self.found, key=lambda p: (p.file, p.line or 0))


class Everything(frozenset[str]):
    """Stands for the names a file declares when the file cannot be read: nothing that uses them is to blame."""

    def __contains__(self, name: object) -> bool:
        return True


@dataclass(frozen=True)
class Document:
    """One YAML file. ``lines`` holds the line (from 1) of each value by its Loc; for a mapping's entry, the line of the
    key."""

    file: str
    data: Any
    lines: dict[Loc, int]

    def line(self, loc: Loc) -> int | None:
        """The line of ``loc``, or of its nearest ancestor that has one."""
        for end in range(len(loc), -1, -1):
            if (line := self.lines.get(loc[:end])) is not None:
                return line
        return None


class _Refused(Exception):
    def __init__(self, message: str, line: int | None) -> None:
        self.message = message
        self.line = line


def read_yaml(path: Path, file: str, findings: Findings) -> Document | None:
    """The document at ``path`` (reported as ``file``), or None when it cannot be read; every reason goes to
    ``findings``."""
    text = _read_text(path, file, MAX_YAML_BYTES, findings)
    if text is None:
        return None
    try:
        return _document(file, text, findings)
    except _Refused as refused:
        findings.add(file, refused.message, refused.line)
    except yaml.MarkedYAMLError as error:
        opened = (
            error.context_mark if error.problem and re.search(r"end of stream|expected ',' or", error.problem) else None
        )
        mark = opened or error.problem_mark
        findings.add(file, f"YAML 语法错误：{_explain(error)}", None if mark is None else mark.line + 1)
    except yaml.YAMLError:
        findings.add(file, "YAML 语法错误：含有不允许的字符")
    return None


def read_csv(
    path: Path, file: str, required: tuple[str, ...], findings: Findings
) -> list[tuple[int, dict[str, str]]] | None:
    """(line, row) pairs of a UTF-8 CSV with a header; None when the file or its header cannot be used.

    Lines that are empty or have another number of cells than the header are reported (the former silently skipped).
    """
    text = _read_text(path, file, MAX_CSV_BYTES, findings)
    if text is None:
        return None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, dict[str, str]]] = []
    try:
        header = next(reader, [])
        if repeated := sorted({name for name in header if header.count(name) > 1}):
            findings.add(file, f"表头重复：{'、'.join(repeated)}", 1)
            return None
        if missing := [name for name in required if name not in header]:
            findings.add(file, f"表头缺少列：{'、'.join(missing)}（应有 {','.join(required)}）", 1)
            return None
        before = reader.line_num
        for cells in reader:
            line, before = before + 1, reader.line_num
            if not cells:
                continue
            if len(cells) != len(header):
                findings.add(file, f"应有 {len(header)} 列，实有 {len(cells)} 列", line)
                continue
            rows.append((line, dict(zip(header, cells, strict=True))))
    except csv.Error:
        findings.add(file, "CSV 语法错误：引号没有闭合或位置不对", reader.line_num)
        return None
    return rows


def _read_text(path: Path, file: str, limit: int, findings: Findings) -> str | None:
    try:
        content = path.read_bytes() if path.stat().st_size <= limit else None
    except OSError:
        findings.add(file, "文件无法读取")
        return None
    if content is None:
        findings.add(file, f"文件超过 {limit // 1_000_000} MB，不像一份标准")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        findings.add(file, "不是 UTF-8 编码，请另存为 UTF-8", content.count(b"\n", 0, error.start) + 1)
        return None
    if control := _CONTROL.search(text):
        findings.add(file, f"含有控制字符 U+{ord(control.group()):04X}", text.count("\n", 0, control.start()) + 1)
        return None
    return text


def _document(file: str, text: str, findings: Findings) -> Document | None:
    """Builds the values with an explicit stack, so that depth is a number we bound and not Python's recursion."""
    lines: dict[Loc, int] = {}
    stack: list[_Open] = []
    root: Any = None
    documents = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1
        kind = type(event)  # two hundred contracts are half a million events
        if kind is yaml.ScalarEvent or kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            if event.anchor is not None:
                raise _Refused("不允许使用锚点（&名称）", line)
            if event.tag is not None:
                raise _Refused("不允许使用标签（!…）", line)
            if len(stack) >= MAX_DEPTH:
                raise _Refused(f"嵌套超过 {MAX_DEPTH} 层", line)
            container: Any = None
            if kind is yaml.ScalarEvent:
                if event.style == '"' and (control := _CONTROL.search(event.value)):  # written as an escape
                    raise _Refused(f"含有控制字符 U+{ord(control.group()):04X}", line)
                value = _scalar(event)
            else:
                value = container = {} if kind is yaml.MappingStartEvent else []
            if not stack:
                root, loc = value, cast(Loc, ())
                lines[loc] = line
            else:
                loc = stack[-1].take(value, event, line, lines, file, findings)
            if container is not None:
                stack.append(_Open(container, loc))
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            stack.pop()
        elif kind is yaml.DocumentStartEvent:
            documents += 1
            if documents > 1:
                raise _Refused("一个文件只能有一份 YAML 文档（多了一行 ---）", line)
        elif kind is yaml.AliasEvent:
            raise _Refused("不允许使用引用（*名称）", line)
    if documents == 0 or root is None:
        findings.add(file, "文件是空的")
        return None
    return Document(file, root, lines)


class _Open:
    """A mapping or list whose end has not come yet."""

    def __init__(self, container: dict[str, Any] | list[Any], loc: Loc) -> None:
        self.container = container
        self.loc = loc
        self.key: str | None = None
        self.skip = False

    def take(
        self, value: Any, event: yaml.NodeEvent, line: int, lines: dict[Loc, int], file: str, findings: Findings
    ) -> Loc:
        """Adds ``value`` as the next key, entry or item, and returns where it stands."""
        if isinstance(self.container, list):
            loc: Loc = (*self.loc, len(self.container))
            self.container.append(value)
            lines[loc] = line
            return loc
        if self.key is None:
            if not isinstance(event, yaml.ScalarEvent):
                raise _Refused("键必须是文本", line)
            self.key = event.value  # as written: a key 01 is the text 01
            self.skip = self.key in self.container
            if self.skip:
                findings.add(file, f"键“{self.key}”重复", line)
            else:
                lines[(*self.loc, self.key)] = line
            return (*self.loc, self.key)
        loc = (*self.loc, self.key)
        if not self.skip:  # the first of two equal keys is kept, only to go on checking
            self.container[self.key] = value
        self.key = None
        return loc


def _scalar(event: yaml.ScalarEvent) -> Any:
    if not event.implicit[0]:  # quoted or block text
        return event.value
    text: str = event.value
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


_EXPLANATIONS = (
    ("mapping values are not allowed", "冒号的位置不对（值里含“: ”时要加引号）"),
    ("cannot start any token", "有不能这样开头的字符（缩进不能用制表符；以 @、`、% 开头的值要加引号）"),
    ("tab character", "缩进不能用制表符"),
    ("could not find expected ':'", "缺少冒号"),
    ("did not find expected ',' or", "这一行开始的方括号或花括号里缺少逗号，或没有闭合"),
    ("did not find expected key", "缩进不一致，或前面的引号、括号没有闭合"),
    ("did not find expected '-' indicator", "列表的缩进不一致"),
    ("unexpected end of stream", "这一行的引号没有闭合"),
    ("block sequence entries are not allowed", "这里不能写列表项"),
    ("did not find expected node content", "缺少值"),
    ("found undefined tag", "不允许使用标签（!…）"),
    ("invalid Unicode character", "双引号里的 \\u 写法不是一个字符"),
    ("unknown escape", "双引号里的反斜杠写法不对（正则请用单引号）"),
    ("found undefined alias", "不允许使用引用（*名称）"),
)


def _explain(error: yaml.MarkedYAMLError) -> str:
    problem = f"{error.problem} {error.context}"
    return next((chinese for english, chinese in _EXPLANATIONS if english in problem), "结构不完整或缩进不对")
