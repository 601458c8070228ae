"""The catalogue as pages for people: an index that searches without a network, a page per table, data element and code
set. Each page is one file, opens from a folder, and asks for nothing: its policy names its style and script by hash."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govdata.engine.typed import sql_type
from govdata.publish.described import PERSONAL
from govdata.reports.catalogue.cells import Cell, Grid, count, link, row
from govdata.reports.catalogue.entries import ENTRY_FIELDS, Catalogue, Entry, level
from govdata.reports.catalogue.holdings import NOTHING, Holding
from govdata.reports.inspection import score as cut
from govdata.standards import lineage
from govdata.standards.lineage import Place
from govdata.standards.model import SEVERITY_NAMES, CodeSet, Column, Dataset, Element, Registry
from govdata.storage import files
from govdata.storage.tables.system_columns import CHINESE

if TYPE_CHECKING:
    import jinja2

TEMPLATES = Path(__file__).parents[1] / "templates"
PARTS = ("dataset", "element", "codes")
"""Folders of pages."""
TITLE = "政务数据目录"
MOST_CODES = 1_000
"""Codes that a page lists; of more only those in force, and of these the first so many."""
MOST_SOURCES = 8
"""Columns that a cell names; of more their number."""
OF_EACH = "各部门各自产生"
IDLE_DAYS = 30
IDLE_NOTE = (
    f"{IDLE_DAYS} 天以上没有人经 govdata 读过的表：该不该继续建，请提供方和使用部门商定。直接打开目录文件的、没有写入"
    "权限的账户的读取不计，所以这里列出的是线索。没有列出表，就是都有人读，或发布还不满这么多天。"
)
"""A table unread for so many days is listed."""
FREQUENCY = {"d": "天", "w": "周", "m": "月", "y": "年"}


def write(made: Catalogue, registry: Registry, target: Path, downloads: Sequence[tuple[str, str]]) -> int:
    """The pages under ``target``; pages of what is no more are removed. ``downloads``: file beside the index → what it
    is. Returns how many pages there are."""
    site = _Site(made, registry, downloads)
    for part in PARTS:
        (target / part).mkdir(exist_ok=True)
    pages = set()
    for name, text in site.pages():
        written = files.temporary(target / name)
        written.write_text(text, encoding="utf-8")
        pages.add(files.put(written, target / name))
    for part in PARTS:
        for stale in set((target / part).glob("*.html")) - pages:
            stale.unlink()
    return len(pages)


@dataclass
class _Site:
    made: Catalogue
    registry: Registry
    downloads: Sequence[tuple[str, str]]

    def pages(self) -> Iterable[tuple[str, str]]:
        yield "index.html", self._index()
        for dataset in self.datasets:
            yield f"dataset/{dataset.name}.html", self._dataset(dataset)
        for element in self.elements:
            yield f"element/{element.id}.html", self._element(element)
        for code_set in self.code_sets:
            yield f"codes/{code_set.id}.html", self._codes(code_set)

    @cached_property
    def entries(self) -> Mapping[str, Entry]:
        return {entry.dataset.name: entry for entry in self.made.entries}

    @cached_property
    def datasets(self) -> list[Dataset]:
        """Registered ones by their code, then the others."""
        entered = [entry.dataset for entry in self.made.entries]
        return [*entered, *(self.registry.datasets[name] for name in self.made.unregistered)]

    @cached_property
    def elements(self) -> list[Element]:
        return [self.registry.elements[name] for name in sorted(self.registry.elements)]

    @cached_property
    def code_sets(self) -> list[CodeSet]:
        return [self.registry.code_sets[name] for name in sorted(self.registry.code_sets)]

    @cached_property
    def sources(self) -> lineage.Sources:
        return lineage.sources(self.registry)

    @cached_property
    def uses(self) -> lineage.Sources:
        return lineage.uses(self.sources)

    @cached_property
    def holders(self) -> Mapping[str, list[tuple[Dataset, Column]]]:
        """Element → the columns that hold it."""
        found: dict[str, list[tuple[Dataset, Column]]] = {}
        for dataset in self.datasets:
            for column in dataset.columns:
                found.setdefault(column.element, []).append((dataset, column))
        return found

    @cached_property
    def date(self) -> str:
        newest = max((held.snapshot for held in self.made.holdings.values() if held.snapshot), default=None)
        return f"数据截至 {newest}" if newest else "还没有发布过数据"

    # ------------------------------------------------------------------------------------------------------- pages

    def _index(self) -> str:
        sections = [
            {
                "id": "datasets",
                "name": "数据集",
                "columns": ("名称", "表", "提供方", "共享", "开放", "更新周期", "级别", "最新一期", "行数", "质量得分"),
                "rows": [self._dataset_row(dataset) for dataset in self.datasets],
            },
            {
                "id": "elements",
                "name": "数据元",
                "columns": ("名称", "标识", "标准", "类型", "级别", "数源部门", "几列用它"),
                "rows": [self._element_row(element) for element in self.elements],
            },
            {
                "id": "codes",
                "name": "代码集",
                "columns": ("名称", "标识", "标准", "代码数"),
                "rows": [self._codes_row(code_set) for code_set in self.code_sets],
            },
        ]
        counted = (
            f"{len(self.datasets)} 张表（登记 {len(self.entries)} 张），{len(self.elements)} 个数据元，"
            f"{len(self.code_sets)} 个代码集。{self.date}。"
        )
        told = {
            "title": TITLE,
            "trail": (),
            "counted": counted,
            "sections": sections,
            "idle": self._idle(),
            "idle_note": IDLE_NOTE,
            "downloads": self.downloads,
        }
        return self._rendered("index", told, script=True)

    def _idle(self) -> Grid:
        """Tables that nobody has read for long, those unread longest first."""
        known = [(self._held(dataset), dataset) for dataset in self.datasets]
        long = [(held, dataset) for held, dataset in known if (held.idle_days or 0) >= IDLE_DAYS]
        long.sort(key=lambda each: (-(each[0].idle_days or 0), each[1].name))
        lines = [
            (
                link(f"dataset/{dataset.name}.html", dataset.title),
                dataset.owner,
                held.first_snapshot and held.first_snapshot.isoformat(),
                count(held.rows),
                count(held.reads),
                held.last_read.isoformat() if held.last_read else "没有读过",
                count(held.idle_days),
            )
            for held, dataset in long
        ]
        return Grid("建得多、用得少", ("名称", "提供方", "首期", "行数", "读取次数", "最近读取", "多少天没有读"), lines)

    def _dataset_row(self, dataset: Dataset) -> Mapping[str, Any]:
        entry, held = self.entries.get(dataset.name), self._held(dataset)
        line = entry.line if entry else {}
        score = held.quality.score if held.quality else None
        cells = (
            link(f"dataset/{dataset.name}.html", line.get("title") or dataset.title),
            f"{dataset.schema_name}.{dataset.name}",
            dataset.owner,
            line.get("sharing") or "没有登记",
            line.get("opening"),
            line.get("update"),
            level(self.registry, dataset),
            held.snapshot and held.snapshot.isoformat(),
            count(held.rows),
            None if score is None else {"number": cut(score)},
        )
        words = [word for column in dataset.columns for word in (column.name, column.title, *column.headers)]
        return row(cells, dataset.title, dataset.purpose, line.get("code"), line.get("summary"), *words)

    def _element_row(self, element: Element) -> Mapping[str, Any]:
        held = self.holders.get(element.id, ())
        cells = (
            link(f"element/{element.id}.html", element.name),
            element.id,
            element.basis or "",
            element.type,
            element.sensitivity.level,
            self._authority(element),
            count(len(held)),
        )
        return row(cells, element.name_en, element.definition, *(column.title for _, column in held))

    def _codes_row(self, code_set: CodeSet) -> Mapping[str, Any]:
        cells = (
            link(f"codes/{code_set.id}.html", code_set.name),
            code_set.id,
            code_set.standard
            if (code_set.edition or "") in code_set.standard
            else f"{code_set.standard}（{code_set.edition}）",
            count(len(code_set.codes)),
        )
        return row(cells, code_set.source)

    def _dataset(self, dataset: Dataset) -> str:
        entry, held = self.entries.get(dataset.name), self._held(dataset)
        columns = (
            "业务名称",
            "技术名称",
            "数据元",
            "类型",
            "代码集",
            "共享",
            "开放",
            "敏感",
            "级别",
            "主键",
            "可空",
            "别的部门也有",
        )
        quality = held.quality
        told: dict[str, Any] = {
            "title": entry.line["title"] if entry else dataset.title,
            "subtitle": f"{dataset.schema_name}.{dataset.name}",
            "summary": "；".join(part for part in (dataset.purpose, dataset.limitations) if part),
            "remarks": entry.remarks if entry else (),
            "about": self._about(dataset, entry, held),
            "items": Grid("信息项", columns, [self._item(dataset, column, entry) for column in dataset.columns]),
            "lineage": self._lineage(dataset),
            "lineage_note": self._origin(dataset),
            "quality": None,
            "quality_note": "",
            "queries": self._queries(dataset),
        }
        if quality is not None:
            lines = [
                (part.name, count(part.a), count(part.b), {"number": cut(100 * part.a / part.b)})
                for part in quality.parts
            ]
            told["quality"] = Grid("质量", ("维度", "满足要求的（A）", "被评价的（B）", "A÷B×100"), lines)
            scored = "" if quality.score is None else f"，得分 {cut(quality.score)}（{quality.level}）"
            told["quality_note"] = f"{quality.date}：A {quality.a:,}，B {quality.b:,}{scored}。没有评估的维度不算满分。"
        return self._rendered("dataset", told, up="datasets", part="数据集")

    def _about(self, dataset: Dataset, entry: Entry | None, held: Holding) -> list[tuple[str, Cell]]:
        if entry is not None:
            apart = {"title", "summary", "subjects_sum", "rows"}
            told: list[tuple[str, Cell]] = [
                (name.rstrip("*"), entry.line[key]) for key, name in ENTRY_FIELDS.items() if key not in apart
            ]
        else:
            told = [("登记", "没有登记政务数据目录（治理过程中的表）"), ("提供方", dataset.owner)]
            told.append(("数据分级", level(self.registry, dataset)))
        schedule = dataset.schedule
        if dataset.derived is None:
            due = f"每 {schedule.every} {FREQUENCY[schedule.unit]}" + (
                f"，{schedule.deadline} 以前" if schedule.deadline else ""
            )
            told.append(("应当交付", due))
            if held.deliveries:
                told.append(("已交付", f"{held.deliveries} 期，{held.first_delivery} 至 {held.last_delivery}"))
            if held.due:
                told.append(("按时交付", f"近 30 期应交付 {held.due} 次，按时 {held.on_time} 次"))
        if held.snapshot is not None:
            size = f"{held.files} 个文件，{held.size / 1_000_000:,.2f} MB"
            told.append(("最新一期", f"{held.snapshot}，{held.rows:,} 行，{size}，快照 {held.snapshot_id}"))
        else:
            told.append(("最新一期", "还没有发布过"))
        if held.idle_days is not None:
            last = f"{held.reads:,} 次，最近 {held.last_read}" if held.reads else f"没有人读过，已 {held.idle_days} 天"
            told.append(("读取（经 govdata 的）", last))
        return told

    def _item(self, dataset: Dataset, column: Column, entry: Entry | None) -> Sequence[Cell]:
        element = self.registry.elements[column.element]
        line = next(item for item in entry.items if item["name"] == column.name) if entry else {}
        others = sorted({each.owner for each, _ in self.holders[element.id] if each.derived is None} - {dataset.owner})
        return (
            column.title,
            column.name,
            self._element_link(element),
            sql_type(element),
            self._codes_link(element),
            line.get("sharing"),
            line.get("opening"),
            PERSONAL[element.sensitivity.personal] if element.sensitivity.personal != "none" else None,
            element.sensitivity.level,
            "是" if column.name in dataset.key else None,
            None if column.required else "是",
            others,
        )

    def _lineage(self, dataset: Dataset) -> Grid:
        """Of a delivered table the headers a column may come under, of others the columns it is made of; and what is
        made of it."""
        delivered = dataset.derived is None
        lines = []
        for column in dataset.columns:
            place = Place(dataset.name, column.name)
            made_of = list(column.headers) if delivered else self._places(self.sources.get(place, ()))
            used = sorted(self.uses.get(place, ()), key=lambda each: (len(each.column), each))
            lines.append((f"{column.title}（{column.name}）", made_of, self._places(used)))
        return Grid("血缘", ("列", "交付时的表头" if delivered else "由哪些列得来", "用于哪些列"), lines)

    def _origin(self, dataset: Dataset) -> Cell:
        names = self.registry.inputs(dataset.name)
        titles = "、".join(self.registry.datasets[name].title for name in names)
        return (
            f"由这些表生成：{titles}。"
            if names
            else f"由{dataset.owner}交付；一列可以用下面任何一种表头交付，列名本身也可以。"
        )

    def _places(self, places: Iterable[Place]) -> Cell:
        found = list(places)
        shown = [
            link(
                f"../dataset/{place.dataset}.html", f"{place.dataset}.{place.column}" if place.column else place.dataset
            )
            for place in found[:MOST_SOURCES]
        ]
        return [*shown, f"等 {len(found)} 列"] if len(found) > MOST_SOURCES else shown

    def _queries(self, dataset: Dataset) -> list[tuple[str, str]]:
        name = f"{dataset.schema_name}.{dataset.name}"
        columns = ", ".join(f'"{column.name}"' for column in dataset.columns[:6])
        text = f"SELECT {columns}\nFROM {name}\nLIMIT 20"
        rules = (
            "SELECT date, rule_id, message, checked, failed\nFROM governance.rule_results\n"
            f"WHERE dataset = '{dataset.name}' AND failed > 0\nORDER BY date DESC, failed DESC"
        )
        return [
            ("SQL：在任何 DuckDB 客户端里打开 data/published/govdata.duckdb，或 govdata sql", text),
            ("中文列名", f"SELECT * FROM {name}{CHINESE} LIMIT 20"),
            ("命令行", f'govdata sql "SELECT count(*) FROM {name}"'),
            ("Python（pandas）", f'import govdata\nframe = govdata.load("{name}")'),
            ("哪些规则不合格", rules),
        ]

    def _element(self, element: Element) -> str:
        sensitivity = element.sensitivity
        about = [
            ("标识", element.id),
            ("英文名称", element.name_en),
            ("标准", element.basis or ""),
            ("类型", f"{element.type}（{sql_type(element)}）"),
            ("计量单位", element.unit),
            ("代码集", self._codes_link(element)),
            ("数据分级", sensitivity.level),
            ("个人信息", PERSONAL[sensitivity.personal]),
            ("展示时脱敏", sensitivity.mask),
            ("数源部门", self._authority(element)),
            ("标准化步骤", "、".join(step.name for step in element.normalise)),
        ]
        holders = [
            (
                link(f"../dataset/{dataset.name}.html", dataset.title),
                column.title,
                column.name,
                dataset.owner,
                list(column.headers),
            )
            for dataset, column in self.holders.get(element.id, ())
        ]
        rules = [
            (rule.message, SEVERITY_NAMES[rule.severity], rule.indicator, rule.source or element.standard)
            for rule in element.rules
        ]
        told = {
            "title": element.name,
            "subtitle": element.id,
            "definition": element.definition,
            "about": about,
            "holders": Grid("谁有这一数据元", ("数据集", "列", "列名", "责任部门", "交付时的表头"), holders),
            "rules": Grid("规则", ("不合格时", "性质", "GB/T 36344 指标", "依据"), rules),
        }
        return self._rendered("element", told, up="elements", part="数据元")

    def _codes(self, code_set: CodeSet) -> str:
        every = list(code_set.codes)
        shown = every if len(every) <= MOST_CODES else [code for code in every if not code.valid_to][:MOST_CODES]
        note = (
            f"共 {len(every):,} 个。"
            if len(shown) == len(every)
            else f"共 {len(every):,} 个，这里列现行的前 {len(shown):,} 个。"
        )
        users = [
            (
                link(f"../dataset/{dataset.name}.html", dataset.title),
                column.title,
                column.name,
                self._element_link(element),
            )
            for element in self.elements
            if element.code_set == code_set.id
            for dataset, column in self.holders.get(element.id, ())
        ]
        lines = [
            (code.code, code.name_zh, code.parent, code.valid_from, code.valid_to, code.successor, code.note)
            for code in shown
        ]
        about = [
            ("标识", code_set.id),
            ("标准", code_set.standard),
            ("版次", code_set.edition),
            ("实施", code_set.valid_from),
            ("来源", code_set.source),
            ("可信程度", code_set.grade),
            ("同义词", f"{len(code_set.synonyms):,} 个" if code_set.synonyms else None),
        ]
        told = {
            "title": code_set.name,
            "subtitle": code_set.id,
            "about": about,
            "users": Grid("哪些列用它", ("数据集", "列", "列名", "数据元"), users),
            "codes_note": note,
            "codes": Grid("代码", ("代码", "名称", "上级", "起", "止", "继任", "备注"), lines),
            "query": f"SELECT * FROM codes.{code_set.id} ORDER BY code",
        }
        return self._rendered("codes", told, up="codes", part="代码集")

    # ------------------------------------------------------------------------------------------------------- parts

    def _held(self, dataset: Dataset) -> Holding:
        return self.made.holdings.get(dataset.name, NOTHING)

    def _authority(self, element: Element) -> str | None:
        return OF_EACH if element.authority == "each" else element.authority

    def _element_link(self, element: Element) -> Cell:
        return link(f"../element/{element.id}.html", element.name)

    def _codes_link(self, element: Element) -> Cell:
        if element.code_set is None:
            return None
        return link(f"../codes/{element.code_set}.html", self.registry.code_sets[element.code_set].name)

    def _rendered(
        self, template: str, told: Mapping[str, Any], up: str = "", part: str = "", script: bool = False
    ) -> str:
        trail = ((TITLE, "../index.html"), (part, f"../index.html#{up}")) if up else ()
        page = {"subtitle": "", "trail": trail, "site": TITLE, "made": self.date, **told}
        return _environment().get_template(f"catalogue/{template}.html.jinja").render(**page, **_assets(script))


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )


@cache
def _assets(script: bool) -> Mapping[str, Any]:
    from markupsafe import Markup

    style, code = (
        (TEMPLATES / "catalogue" / name).read_text(encoding="utf-8") for name in ("catalogue.css", "search.js")
    )
    told = {"style": Markup(style), "style_hash": _hash(style)}
    return {**told, "script": Markup(code), "script_hash": _hash(code)} if script else {**told, "script": ""}


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
