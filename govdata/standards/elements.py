"""Data elements 数据元: pages of YAML → ``Element`` values, with every contradiction inside an element reported.

An element's ``rules`` begin with the implied one (``type`` or ``code_set``), so that they are all the rules a column of
it has, ``required`` apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from govdata.standards import steps
from govdata.standards.binding import grade_conflict
from govdata.standards.codes import known_words
from govdata.standards.format import KINDS, DefaultsFile, ElementEntry, ExamplesEntry, RuleEntry
from govdata.standards.kinds import WRITTEN, Contradiction, Place
from govdata.standards.lists import Lists, with_lists
from govdata.standards.model import (
    CodeSet,
    Element,
    Examples,
    InCodeSet,
    Pattern,
    Rule,
    Sensitivity,
    Typed,
)
from govdata.standards.source import NAME, Document, Everything, Findings, read_yaml
from govdata.standards.spelling import suggestion
from govdata.standards.types import TYPES
from govdata.standards.validation import validate

DEFAULTS = "elements/_defaults.yaml"


@dataclass(frozen=True)
class Defaults:
    """What ``elements/_defaults.yaml`` says. ``lists`` is None where the file cannot be read."""

    null_tokens: Mapping[str, Sequence[str]] = field(default_factory=dict)
    rules: Mapping[str, RuleEntry] = field(default_factory=dict)
    lists: Lists | None = field(default_factory=dict)


def null_words(words: Iterable[str]) -> tuple[str, ...]:
    """Each word also in capitals, in small letters and with a capital at its head, as systems write NULL, null and
    Null; in order, once."""
    return tuple(
        dict.fromkeys(form for word in words for form in (word, word.upper(), word.lower(), word.capitalize()))
    )


@dataclass
class _Context:
    """What the checks of one element share."""

    document: Document
    id: str
    findings: Findings
    code_sets: Mapping[str, CodeSet]
    declared_sets: Collection[str]
    lists: Lists | None
    defaults: Defaults

    def add(self, message: str, *path: str | int) -> None:
        where = ".".join([self.id, *(str(part) for part in path[:2] if path[0] == "rules")])
        self.findings.add(self.document.file, message, self.document.line((self.id, *path)), where)


def read(
    root: Path, code_sets: Mapping[str, CodeSet], declared_sets: Collection[str], findings: Findings
) -> tuple[dict[str, Element], frozenset[str], tuple[str, ...], Lists | None]:
    """The elements under ``root``/elements, the ids that were declared (usable or not), the default null tokens and the
    named lists (None where they cannot be read)."""
    folder = root / "elements"
    if not folder.is_dir():
        findings.add("elements", "缺少数据元目录 elements/")
        return {}, frozenset(), (), None
    defaults = _defaults(root / DEFAULTS, findings)
    null_tokens, lists = null_words(word for words in defaults.null_tokens.values() for word in words), defaults.lists
    elements: dict[str, Element] = {}
    places: dict[str, str] = {}
    complete = True
    for path in sorted(folder.iterdir()):
        file = f"elements/{path.name}"
        if path.suffix == ".yml":
            findings.add(file, "扩展名应为 .yaml，否则不会被读取")
        if path.suffix != ".yaml" or path.name.startswith("."):
            continue
        if path.name.startswith("_"):
            continue
        document = read_yaml(path, file, findings)
        if document is None:
            complete = False
            continue
        if not isinstance(document.data, dict):
            findings.add(file, "应为映射：数据元标识 → 说明", 1)
            complete = False
            continue
        for identifier in document.data:
            place = f"{file}:{document.line((identifier,))}"
            if identifier in places:
                findings.add(
                    file,
                    f"数据元“{identifier}”已在 {places[identifier]} 定义",
                    document.line((identifier,)),
                    identifier,
                )
                continue
            places[identifier] = place
            element = _read_element(_Context(document, identifier, findings, code_sets, declared_sets, lists, defaults))
            if element is not None:
                elements[identifier] = element
    return elements, frozenset(places) if complete else Everything(), null_tokens, lists


def _defaults(path: Path, findings: Findings) -> Defaults:
    """Without the file there is nothing."""
    if not path.is_file():
        return Defaults()
    document = read_yaml(path, DEFAULTS, findings)
    written = validate(DefaultsFile, document.data, document, (), findings) if document is not None else None
    return Defaults(written.null_tokens, written.rules, written.lists) if written is not None else Defaults(lists=None)


def _read_element(context: _Context) -> Element | None:
    document, identifier = context.document, context.id
    if NAME.fullmatch(identifier) is None:
        context.add("数据元标识应以小写字母开头，只含小写字母、数字和下划线，至多63个字符")
        return None
    entry = validate(ElementEntry, document.data[identifier], document, (identifier,), context.findings, identifier)
    if entry is None:
        return None
    before = len(context.findings.found)
    _check_type(entry, context)
    normalise = with_lists(
        entry.normalise, context.lists, lambda position, reason: context.add(reason, "normalise", position)
    )
    rules = _rules(entry, context)
    _check_examples(entry.examples, entry, rules, context)
    if len(context.findings.found) > before:
        return None
    return Element(
        id=identifier,
        name=entry.name,
        name_en=entry.name_en or "",
        definition=entry.definition,
        standard=entry.standard,
        clause=entry.clause,
        type=entry.type,
        scale=entry.scale,
        code_set=entry.code_set,
        unit=entry.unit,
        normalise=normalise,
        null_tokens=_null_tokens(entry, context),
        rules=tuple(rules.values()),
        sensitivity=Sensitivity(**entry.sensitivity.model_dump()),
        examples=Examples(**entry.examples.model_dump(), lines=_example_lines(entry.examples, context)),
        authority=entry.authority,
        file=document.file,
        line=document.line((identifier,)) or 0,
    )


def _null_tokens(entry: ElementEntry, context: _Context) -> tuple[str, ...]:
    """What means "no value" here. Of the default words those are none that the element's code set or type knows: NA is
    Namibia among countries, 无 a "no" among booleans."""
    if entry.null_tokens is not None:
        return null_words(entry.null_tokens)
    defaults = context.defaults.null_tokens
    words = null_words([*defaults.get("all", ()), *defaults.get(entry.type, ())])
    code_set = context.code_sets.get(entry.code_set or "")
    known = (known_words(code_set) if code_set else frozenset()) | TYPES[entry.type].words
    return tuple(word for word in words if word not in known)


def _check_type(entry: ElementEntry, context: _Context) -> None:
    declared = TYPES[entry.type]
    for key in declared.required_keys:
        if getattr(entry, key) is None:
            context.add(f"类型为 {entry.type} 的数据元要写明 {key}")
    for other in TYPES.values():
        for key in set(other.keys) - set(declared.keys):
            if getattr(entry, key) is not None:
                context.add(f"{key} 只用于类型 {other.name}，这里的类型是 {entry.type}", key)
    if entry.code_set is not None and entry.code_set not in context.declared_sets:
        near = suggestion(entry.code_set, context.declared_sets)
        context.add(f"没有名为“{entry.code_set}”的代码集{near}", "code_set")
    for position, reason in steps.refusals([name for name, _ in entry.normalise], entry.type):
        context.add(reason, "normalise", position)


# --------------------------------------------------------------------------------------------------------------- rules


def implied_rule(entry: ElementEntry, code_sets: Mapping[str, CodeSet]) -> Rule | None:
    """The rule every column of the type has: its text can be read as the type, or its value is a code of the set."""
    if entry.type == "text":
        return None
    if entry.type != "code":
        message = f"{entry.name}{TYPES[entry.type].unreadable}"
        return Rule(
            name="type",
            spec=Typed(),
            dimension="conformity",
            severity="error",
            message=message,
            indicator="0302",
            empties=True,
        )
    code_set = code_sets.get(entry.code_set or "")
    grade = code_set.grade if code_set else "A"
    return Rule(
        name="code_set",
        spec=InCodeSet(code_set=entry.code_set or ""),
        dimension="conformity",
        severity="warning" if grade == "C" else "error",
        message=f"{entry.name}不是《{code_set.name if code_set else entry.code_set}》中的代码",
        indicator="0105",
        source=" ".join(part for part in (code_set.standard, code_set.edition) if part) if code_set else None,
        grade=grade,
        empties=grade != "C",
    )


def _rules(entry: ElementEntry, context: _Context) -> dict[str, Rule]:
    rules: dict[str, Rule] = {}
    implied = implied_rule(entry, context.code_sets)
    if implied is not None:
        rules[implied.name] = implied
    for name, written in entry.rules.items():
        shared = context.defaults.rules.get(name)
        if name in ("type", "code_set", "required"):
            rule = _redeclared(name, written, implied, context)
        elif shared is not None:
            rule = _redeclared(name, written, _shared(name, shared, entry, context), context)
        else:
            rule = _rule(name, written, entry, context)
        if rule is not None:
            rules[name] = rule
            if reason := grade_conflict(rule, context.code_sets):
                context.add(reason, "rules", name)
    _check_emptying(rules, context)
    return rules


def _check_emptying(rules: Mapping[str, Rule], context: _Context) -> None:
    """One rule of an element says what cannot be read: once the value is gone, nothing tells which of two it failed."""
    emptying = [name for name, rule in rules.items() if rule.empties]
    for name in emptying:
        if not isinstance(rules[name].spec, (Pattern, Typed)) and name != "code_set":
            context.add("empties 只用于 pattern、not_pattern 和隐含规则 type、code_set", "rules", name)
        elif name != emptying[0]:
            context.add(f"一个数据元只能有一条规则写 empties，已有 {emptying[0]}", "rules", name)


def _redeclared(name: str, written: RuleEntry, implied: Rule | None, context: _Context) -> Rule | None:
    if name == "required":
        context.add("规则 required 由合同的 required: true 产生，数据元里不能定义", "rules", name)
    elif implied is None or implied.name != name:
        context.add(f"规则名 {name} 保留给隐含规则，此类型的数据元没有这条规则", "rules", name)
    elif any(getattr(written, kind) is not None for kind in KINDS):
        context.add(
            f"{'公共' if name in context.defaults.rules else '隐含'}规则 {name} 只能改 severity、message、dimension "
            "等，不能另写检查内容",
            "rules",
            name,
        )
    else:
        changes = {key: getattr(written, key) for key in ("dimension", "severity", "message", "indicator", "source")}
        withholds = (written.severity or implied.severity) == "error"
        changes["empties"] = written.empties if written.empties is not None else implied.empties and withholds
        if "grade" in written.model_fields_set:
            changes["grade"] = max(written.grade, implied.grade)  # "C" is the weakest
        return implied.model_copy(update={key: value for key, value in changes.items() if value is not None})
    return None


def _shared(name: str, written: RuleEntry, entry: ElementEntry, context: _Context) -> Rule | None:
    """A rule of ``_defaults.yaml`` as the element's own; its message begins with the element's name."""
    rule = _rule(name, written, entry, context)
    return None if rule is None else rule.model_copy(update={"message": entry.name + rule.message})


def _rule(name: str, written: RuleEntry, entry: ElementEntry, context: _Context) -> Rule | None:
    kinds = [kind for kind in KINDS if getattr(written, kind) is not None]
    complete = True
    if len(kinds) != 1:
        said = f"却有 {'、'.join(kinds)}" if kinds else "却没有写"
        context.add(f"每条规则应正好检查一件事（{'、'.join(KINDS)}），{said}", "rules", name)
        complete = False
    for key in ("dimension", "severity", "message"):
        if getattr(written, key) is None:
            context.add(f"缺少“{key}”", "rules", name)
            complete = False
    if not complete:
        return None
    kind = kinds[0]
    declared = WRITTEN[kind][0]
    if entry.type not in declared.types:
        context.add(f"类型为{TYPES[entry.type].title}的数据元不能用规则种类 {kind}", "rules", name, kind)
        return None
    try:
        spec = declared.read(kind, getattr(written, kind), Place(entry.type, context.declared_sets))
    except Contradiction as contradiction:
        context.add(str(contradiction), "rules", name, kind)
        return None
    assert written.dimension and written.severity and written.message
    return Rule(
        name=name,
        spec=spec,
        dimension=written.dimension,
        severity=written.severity,
        message=written.message,
        indicator=written.indicator,
        source=written.source,
        grade=written.grade,
        empties=bool(written.empties),
    )


# ------------------------------------------------------------------------------------------------------------ examples


def _example_lines(examples: ExamplesEntry, context: _Context) -> dict[str, int]:
    """``<kind>.<value>`` → the line it stands on."""
    places = {f"valid.{value}": ("valid", position) for position, value in enumerate(examples.valid)}
    places |= {f"{kind}.{value}": (kind, value) for kind in ("invalid", "repairs") for value in getattr(examples, kind)}
    found = {key: context.document.line((context.id, "examples", *place)) for key, place in places.items()}
    return {key: line for key, line in found.items() if line is not None}


def _check_examples(examples: ExamplesEntry, entry: ElementEntry, rules: Mapping[str, Rule], context: _Context) -> None:
    """Contradictions that need no engine; whether the examples hold is the engine's test."""
    path = ("examples",)
    declared = set(rules) | set(entry.rules)
    for position, value in enumerate(examples.valid):
        if value in examples.valid[:position]:
            context.add("有效示例重复", *path, "valid", position)
        if value in examples.invalid:
            context.add("同一个值既是有效示例又是无效示例", *path, "invalid", value)
    for value, rule in examples.invalid.items():
        if rule not in declared:
            context.add(f"示例应不通过的规则“{rule}”不存在{suggestion(rule, declared)}", *path, "invalid", value)
    for value, repaired in examples.repairs.items():
        if repaired is not None and repaired in examples.invalid:
            context.add("修复后的值却是无效示例", *path, "repairs", value)
    if TYPES[entry.type].unreadable is not None:
        return
    checks = {name: rule.spec for name, rule in rules.items() if rule.spec.passes("") is not None}
    failing = {name: {value for value in examples.valid if not spec.passes(value)} for name, spec in checks.items()}
    for name, values in failing.items():
        if not values:
            continue
        if len(values) == len(examples.valid) and len(examples.valid) > 1:
            context.add("没有一个有效示例通过此规则", "rules", name)
            continue
        for position, value in enumerate(examples.valid):
            if value in values:
                context.add(f"有效示例不通过规则 {name}", *path, "valid", position)
    positive = [name for name, spec in checks.items() if isinstance(spec, Pattern) and not spec.negate]
    if (
        len(positive) > 1
        and examples.valid
        and all(any(value in failing[name] for name in positive) for value in examples.valid)
    ):
        context.add(f"规则 {'、'.join(positive)} 互相矛盾：没有一个有效示例同时通过", "rules", positive[1])
