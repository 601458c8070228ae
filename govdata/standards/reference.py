"""The reference page of the standards' vocabulary, made from the classes of normalisers, rule kinds and types.

It is kept as ``standards/REFERENCE.md``; ``python -m govdata.standards.schemas <standards folder>`` writes it anew.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any

import yaml

from govdata.standards import kinds, normalisers, types

FILE = "REFERENCE.md"

_HEAD = """\
# 标准的词汇：标准化步骤、规则种类、类型

本页由程序生成，与程序一致；怎么用见 README.md。命令行里看：
`govdata standards list normalisers`、`govdata standards list kinds`。
"""

_STEPS = """
## 标准化步骤

写在数据元的 `normalise` 里，按顺序执行；合同的列里也可以写 `normalise`，替换数据元的。
参数里写的其他列，合同里都要有。空着的“用于”表示各类型都可以。
"""

_RULES = """
## 规则种类

一条规则正好写一种。另有隐含的规则：

- `type`：文本能读成数据元的类型；`code_set`：值是代码集中的代码；
- `required`：合同写 `required: true`；`primary_key_unique`：合同写 `primaryKey: true`。

数据集的规则（合同的 `quality`）写 `row` 或 `unique: [列, …]`。

合同可以改规则的 `severity`、`message`，或写 `disabled: true` 停用：列上的规则写在该列的 `overrides`，
`primary_key_unique` 和数据集的规则写在 schema 的 `overrides`。
"""

_TYPES = """
## 类型
"""


def page() -> str:
    """The page as Markdown."""
    steps = _table(("写法", "作用", "用于", "例"), (_step(kind) for kind in normalisers.ALL))
    forms = [(key, kind, form) for key, (kind, form) in kinds.WRITTEN.items()]
    rules = _table(
        ("写法（例）", "检查什么", "用于", "通过的值", "不通过的值"),
        (
            (code(flow({key: form.example})), form.description, titles(kind.types), code(form.passes), code(form.fails))
            for key, kind, form in forms
        ),
    )
    declared = _table(
        ("类型", "名称", "存为", "交付的写法 → 标准写法"),
        ((code(item.name), item.title, code(item.sql_type(2)), _examples(item.examples)) for item in types.ALL),
    )
    return "".join([_HEAD, _STEPS, steps, _RULES, rules, _TYPES, declared])


def flow(value: Any) -> str:
    """``value`` as YAML on one line."""
    said: str = yaml.safe_dump(value, allow_unicode=True, default_flow_style=True, width=10**6, sort_keys=False)
    return said.removesuffix("\n").removesuffix("\n...")


def written(name: str, args: Any) -> str:
    """A step as a page writes it."""
    return flow({name: dict(args)} if args else name)


def titles(names: Iterable[str]) -> str:
    """Chinese names of types, in their order; nothing where they are all."""
    chosen = set(names)
    return "" if chosen == set(types.TYPES) else "、".join(item.title for item in types.ALL if item.name in chosen)


def _step(kind: normalisers.NormaliserKind) -> tuple[str, ...]:
    required = any(not item.optional for item in kind.arguments)
    name = code(written(kind.name, kind.examples[0].args) if required else kind.name)
    pairs = []
    for example in kind.examples:
        beside = "，".join(f"{column} 为 {code(value)}" for column, value in example.beside.items())
        said = f"{code(written(kind.name, example.args))}：" if example.args and not required else ""
        pairs.append(said + _pair(example.before, example.after) + (f"（{beside}）" if beside else ""))
    return name, html.escape("。".join(described(kind)), quote=False), titles(kind.types), "；".join(pairs)


def described(kind: normalisers.NormaliserKind) -> list[str]:
    """What a normaliser does and may be told, in sentences."""
    arguments = [f"{item.name} {item.description}{'（可省略）' if item.optional else ''}" for item in kind.arguments]
    return [kind.title, *filter(None, [kind.remark]), *([f"参数：{'；'.join(arguments)}"] if arguments else [])]


def _examples(examples: Iterable[tuple[str, str | None]]) -> str:
    return "；".join(_pair(before, after, "读不出") for before, after in examples)


def _pair(before: str | None, after: str | None, nothing: str = "空") -> str:
    return f"{code(before) if before is not None else '空'} → {code(after) if after is not None else nothing}"


def code(text: str) -> str:
    return f"`{text}`"


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "\n" + "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in lines)
