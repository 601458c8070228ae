"""How a table is made of published tables: each way is one class, written as its fields in a contract's ``origin``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from govdata.standards.expressions import Kind
from govdata.standards.master_model import Masters
from govdata.standards.spelling import suggestion
from govdata.standards.timelines import Event, Side, Statement
from govdata.standards.written import Maybe, Name, Text, Written

Place = tuple[str | int, ...]
"""Where something is written in a derivation."""


@dataclass(frozen=True)
class Said:
    """A row expression over the columns of ``table``, or the name of one of them (``column``). ``kind``: what it has to
    give, None: anything."""

    path: Place
    table: str
    text: str
    kind: Kind | None = None
    column: bool = False


class Derivation(Written):
    """A declared way to make a table of published ones. ``CHECKS``: what must hold of the table as a whole beside the
    checks of every table, name → description. ``SCHEMA``: where the catalogue shows it. ``WHOLE``: false where a table
    it reads may be missing as long as there is one; ``EVERY_LINK``: false where that is so of tables of links too.
    ``LAYERED``: a night's rows are mostly those of the night before, so only their difference is published."""

    NAME: ClassVar[str]
    SUMMARY: ClassVar[str]
    CHECKS: ClassVar[Mapping[str, str]] = {}
    SCHEMA: ClassVar[str] = "published"
    WHOLE: ClassVar[bool] = True
    EVERY_LINK: ClassVar[bool] = True
    LAYERED: ClassVar[bool] = False

    def inputs(self, masters: Masters) -> tuple[str, ...]:
        """The published tables it reads."""
        raise NotImplementedError

    def output(self, masters: Masters) -> tuple[str, ...]:
        """The columns it makes; the contract must have just these."""
        raise NotImplementedError

    def masters_read(self) -> tuple[str, ...]:
        """The kinds of master data it is about."""
        return ()

    def links_read(self) -> Mapping[str, str]:
        """Kind of master data → the table of its links that it reads, made the same night."""
        return {}

    def holds(self) -> Mapping[str, Sequence[str]]:
        """Column → the kinds of master whose ids are in it; a row follows from what mentions one of these masters."""
        return {}

    def sorted_by(self) -> tuple[str, ...]:
        """The columns by which its rows are mostly looked up: they lie together, before the order of the key."""
        return ()

    def says(self, masters: Masters) -> Iterable[Said]:
        """The expressions and columns of its inputs that are written in it."""
        return ()

    def mistakes(self, masters: Masters) -> Iterable[tuple[Place, str]]:
        """What else is wrong with what is written, in Chinese."""
        return ()


class RollUp(Derivation):
    """区划汇总：按层次代码逐级汇总行数"""

    NAME: ClassVar = "roll_up"
    SUMMARY: ClassVar = "按行政区划（层次代码集）逐级汇总；已撤销而有唯一继任者的代码并入继任者"
    FIXED: ClassVar = (
        "division",
        "division_name",
        "level",
        "parent_division",
        "in_force",
        "successor",
        "under_this_code",
    )

    table: Name = Field(description="要汇总的已发布的表")
    division: Name = Field(description="存放区划代码的列（代码类数据元）")
    where: Maybe[Text] = Field(None, description="行表达式：只汇总符合的行")
    total: Name = Field(description="输出的列：数全部的行")
    counts: dict[Name, Text] = Field({}, description="输出的列: 行表达式；数符合的行")

    def inputs(self, masters: Masters) -> tuple[str, ...]:
        return (self.table,)

    def output(self, masters: Masters) -> tuple[str, ...]:
        return (*self.FIXED, self.total, *self.counts)

    def expressions(self) -> dict[str, str]:
        return ({"where": self.where} if self.where else {}) | self.counts

    def says(self, masters: Masters) -> Iterable[Said]:
        yield Said(("division",), self.table, self.division, column=True)
        if self.where:
            yield Said(("where",), self.table, self.where, "boolean")
        for name, text in self.counts.items():
            yield Said(("counts", name), self.table, text, "boolean")


class Links(Derivation):
    """关联：每次提及属于哪个主体"""

    NAME: ClassVar = "links"
    SUMMARY: ClassVar = "把各表中的提及按有效标识归到主体；没有有效标识的各自为一个主体"
    CHECKS: ClassVar = {
        "linked_once": "各表中的每次提及恰好归到一个主体，没有多出的提及",
        "one_identifier": "没有主体带有两个不同的有效标识",
        "stable": "与上一期相比，合并、拆分、消失的主体和换了主体的提及不超过上限",
    }
    WHOLE: ClassVar = False
    LAYERED: ClassVar = True

    master: Name = Field(description="主数据种类：standards/masters 里的文件名")

    def inputs(self, masters: Masters) -> tuple[str, ...]:
        return masters[self.master].datasets if self.master in masters else ()

    def output(self, masters: Masters) -> tuple[str, ...]:
        mention = ("mention_id", "dataset", "role", "row_id", "delivery_date")
        return (*mention, f"{self.master}_id", "method", "score", "agreed")

    def sorted_by(self) -> tuple[str, ...]:
        return (f"{self.master}_id",)

    def masters_read(self) -> tuple[str, ...]:
        return (self.master,)


class Survivors(Derivation):
    """主数据：每个主体一行，各属性按权威来源取值"""

    NAME: ClassVar = "survivors"
    SUMMARY: ClassVar = "每个主体一行：各属性取最权威来源的值，附来源、日期和一致、不一致的提及数"
    CHECKS: ClassVar = {
        "counts_reconcile": "主体数等于关联表中的主体数，各主体的提及数之和等于关联表的行数",
    }
    WHOLE: ClassVar = False
    LAYERED: ClassVar = True
    DETAILS: ClassVar = ("source", "date", "agree", "disagree")

    master: Name = Field(description="主数据种类：standards/masters 里的文件名")
    links: Name = Field(description="它的关联表")

    def inputs(self, masters: Masters) -> tuple[str, ...]:
        return (self.links, *(masters[self.master].datasets if self.master in masters else ()))

    def output(self, masters: Masters) -> tuple[str, ...]:
        elements = masters[self.master].elements if self.master in masters else ()
        told = [name for e in elements for name in (e, *(f"{e}_{detail}" for detail in self.DETAILS))]
        fixed = ("identifier_kind", "identifier", "mentions", "datasets", "disagreements")
        return (f"{self.master}_id", *fixed, *told)

    def masters_read(self) -> tuple[str, ...]:
        return (self.master,)

    def links_read(self) -> Mapping[str, str]:
        return {self.master: self.links}

    def holds(self) -> Mapping[str, Sequence[str]]:
        return {f"{self.master}_id": (self.master,)}


class Conflicts(Derivation):
    """冲突：同一主体的同一属性有不同的值"""

    NAME: ClassVar = "conflicts"
    SUMMARY: ClassVar = "同一主体的同一属性在各来源的不同取值，取用了哪一个、为什么、应由谁核实"
    SCHEMA: ClassVar = "governance"
    WHOLE: ClassVar = False
    EVERY_LINK: ClassVar = False
    LAYERED: ClassVar = True

    links: dict[Name, Name] = Field(description="主数据种类: 它的关联表")

    def inputs(self, masters: Masters) -> tuple[str, ...]:
        datasets = [name for kind in self.links if kind in masters for name in masters[kind].datasets]
        return tuple(dict.fromkeys((*self.links.values(), *datasets)))

    def output(self, masters: Masters) -> tuple[str, ...]:
        value = ("master_kind", "master_id", "element", "dataset", "role", "source_value")
        told = ("row_id", "delivery_date", "mentions", "chosen", "reason", "owner")
        return (*value, *told, "first_seen", "last_seen", "open")

    def masters_read(self) -> tuple[str, ...]:
        return tuple(self.links)

    def links_read(self) -> Mapping[str, str]:
        return self.links

    def holds(self) -> Mapping[str, Sequence[str]]:
        return {"master_id": self.masters_read()}


class Events(Derivation):
    """事件：每个主体经历了什么，哪一天，哪张表的哪一行说的"""

    NAME: ClassVar = "events"
    SUMMARY: ClassVar = "各表的行所说的主体的事件；同一主体同一天的同一事件合为一行，取写在最前的来源"
    WHOLE: ClassVar = False
    LAYERED: ClassVar = True

    master: Name = Field(description="主数据种类：standards/masters 里的文件名")
    links: Name = Field(description="它的关联表")
    events: Annotated[list[Event], Field(min_length=1)] = Field(description="各种事件；来源权威的写在前")

    def inputs(self, masters: Masters) -> tuple[str, ...]:
        return (self.links, *_datasets(masters, [(self.master, event.mention) for event in self.events]))

    def output(self, masters: Masters) -> tuple[str, ...]:
        return (f"{self.master}_id", "kind", "event", "event_date", "detail", "dataset", "role", "row_id", "rows")

    def masters_read(self) -> tuple[str, ...]:
        return (self.master,)

    def links_read(self) -> Mapping[str, str]:
        return {self.master: self.links}

    def holds(self) -> Mapping[str, Sequence[str]]:
        return {f"{self.master}_id": (self.master,)}

    def says(self, masters: Masters) -> Iterable[Said]:
        for number, event in enumerate(self.events):
            for table in _datasets(masters, [(self.master, event.mention)]):
                place = ("events", number)
                yield Said((*place, "date"), table, event.date, "date")
                if event.where is not None:
                    yield Said((*place, "where"), table, event.where, "boolean")
                if event.detail is not None:
                    yield Said((*place, "detail"), table, event.detail, column=True)

    def mistakes(self, masters: Masters) -> Iterable[tuple[Place, str]]:
        seen: set[tuple[str, str]] = set()
        names: dict[str, str] = {}
        for number, event in enumerate(self.events):
            place = ("events", number)
            yield from _unknown(masters, [self.master], event.mention, (*place, "mention"))
            if (event.kind, event.mention) in seen:
                yield (*place, "kind"), f"身份“{event.mention}”的事件 {event.kind} 写了两次：合为一项，用 OR 或 CASE"
            seen.add((event.kind, event.mention))
            if names.setdefault(event.kind, event.name) != event.name:
                yield (*place, "name"), f"事件 {event.kind} 前面叫“{names[event.kind]}”，名称应一致"


class Relations(Derivation):
    """关系：哪两方有这种关系，自何日起，至何日止，哪一行说的"""

    NAME: ClassVar = "relations"
    SUMMARY: ClassVar = "同一行提到的两方之间的关系：按各行所说的起止连成时段，一个时段一行"
    WHOLE: ClassVar = False
    LAYERED: ClassVar = True

    links: Annotated[dict[Name, Name], Field(min_length=1)] = Field(description="主数据种类: 它的关联表")
    left: Side = Field(description="左方")
    right: Side = Field(description="右方")
    statements: Annotated[list[Statement], Field(min_length=1)] = Field(description="哪些行怎样说明起止")

    def inputs(self, masters: Masters) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.links.values(), *_datasets(masters, self._mentioned()))))

    def output(self, masters: Masters) -> tuple[str, ...]:
        said = ("kind", "valid_from", "valid_to", "ended_by", "dataset", "row_id", "ended_dataset", "ended_row_id")
        return (self.left.column, self.right.column, *said, "rows")

    def masters_read(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*self.left.kinds, *self.right.kinds)))

    def links_read(self) -> Mapping[str, str]:
        return self.links

    def holds(self) -> Mapping[str, Sequence[str]]:
        return {side.column: side.kinds for side in (self.left, self.right) if side.kinds}

    def dataset(self, statement: Statement, masters: Masters) -> str:
        """The table whose rows say it."""
        return _datasets(masters, self._mentioned(statement))[0]

    def is_whole(self, statement: Statement) -> bool:
        """Whether its rows tell of both sides."""
        sides = ((self.left, statement.left), (self.right, statement.right))
        return all(side.key is not None or name is not None for side, name in sides)

    def says(self, masters: Masters) -> Iterable[Said]:
        for number, statement in enumerate(self.statements):
            place = ("statements", number)
            for table in _datasets(masters, self._mentioned(statement))[:1]:
                for name in ("begins", "holds", "ends"):
                    if (text := getattr(statement, name)) is not None:
                        yield Said((*place, name), table, text, "date")
                if statement.where is not None:
                    yield Said((*place, "where"), table, statement.where, "boolean")
                for end, side in (("left", self.left), ("right", self.right)):
                    for written, columns in (("key", side.key), ("told", side.told)):
                        for column in columns or ():
                            yield Said((end, written), table, column, column=True)

    def mistakes(self, masters: Masters) -> Iterable[tuple[Place, str]]:
        for end, side in (("left", self.left), ("right", self.right)):
            if sum(given is not None for given in (side.master, side.masters, side.key)) != 1:
                yield (end,), "master、masters 和 key 应正好写一个"
            for kind in side.kinds:
                if kind not in self.links:
                    yield (end, "master"), f"links 里没有 {kind} 的关联表"
            if side.told is not None and side.key is None:
                yield (end, "told"), "只有 key 而成的组才写 told"
        if self.left.key is not None and self.right.key is not None:
            yield ("right", "key"), "至少一方应是一类主体（master）"
        if self.left.column == self.right.column:
            yield ("right", "column"), "两方的列应不同名"
        for number, statement in enumerate(self.statements):
            yield from self._wrong(statement, ("statements", number), masters)

    def _wrong(self, statement: Statement, place: Place, masters: Masters) -> Iterable[tuple[Place, str]]:
        for end, side, name in (("left", self.left, statement.left), ("right", self.right, statement.right)):
            if name is not None and side.key is not None:
                yield (*place, end), "这一方是 key 而成的组，不写身份"
            elif name is not None:
                yield from _unknown(masters, side.kinds, name, (*place, end))
        if not statement.mentions:
            yield place, "left 和 right 至少写一个"
        if len(tables := _datasets(masters, self._mentioned(statement))) > 1:
            yield place, f"两方的身份不在同一张表：{'、'.join(tables)}"
        given = [name for name in ("begins", "holds", "ends") if getattr(statement, name) is not None]
        if len(given) != 1:
            yield place, "begins、holds、ends 应正好写一个"
        elif not self.is_whole(statement) and given != ["ends"]:
            yield (*place, given[0]), "只写一方的只能说明终止（ends）"
        if statement.years is not None and statement.begins is None:
            yield (*place, "years"), "years 自 begins 起算，应写 begins"

    def _mentioned(self, only: Statement | None = None) -> list[tuple[str, str]]:
        return [
            (kind, name)
            for statement in ([only] if only is not None else self.statements)
            for side, name in ((self.left, statement.left), (self.right, statement.right))
            if name is not None
            for kind in side.kinds
        ]


def _datasets(masters: Masters, mentioned: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The tables of (kind of master, role), each once; what is not declared has none."""
    found = (masters[kind].mentions.get(role) for kind, role in mentioned if kind in masters)
    return tuple(dict.fromkeys(mention.dataset for mention in found if mention is not None))


def _unknown(masters: Masters, kinds: Sequence[str], role: str, path: Place) -> Iterable[tuple[Place, str]]:
    """Where none of the kinds has the role; a kind that is not declared has been told of."""
    roles = [name for kind in kinds if kind in masters for name in masters[kind].mentions]
    if roles and role not in roles:
        yield path, f"{'、'.join(kinds)} 没有声明身份“{role}”{suggestion(role, roles)}"


WAYS = (RollUp, Links, Survivors, Conflicts, Events, Relations)
DERIVATIONS: dict[str, type[Derivation]] = {kind.NAME: kind for kind in WAYS}
