"""公共数据资源登记: what is told of every registered table when it is registered as a public data resource.

Source: 公共数据资源登记管理暂行办法（发改数据规〔2025〕26号）; the platform's own template is not published, so the
fields are our proposal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from govdata.reports.catalogue.entries import Catalogue, Entry
from govdata.standards.model import Registry

FIELDS: dict[str, str] = {
    "kind": "登记类型*",
    "subject": "登记主体*",
    "subject_code": "统一社会信用代码*",
    "name": "资源名称*",
    "code": "信息资源代码*",
    "source": "数据来源*",
    "basis": "产生依据*",
    "scope": "资源范围*",
    "format": "资源格式*",
    "volume": "资源规模*",
    "update": "更新周期*",
    "level": "数据分级*",
    "sharing": "共享属性*",
    "opening": "开放属性*",
    "quality_a": "质量：符合要求的（A）",
    "quality_b": "质量：被评价的（B）",
    "quality_date": "质量评价日期",
    "assessment": "安全评估情况*",
    "use": "应用场景*",
    "limits": "使用限制*",
    "operation": "授权运营*",
}
"""Field → heading; ``*``: asked for."""


def lines(made: Catalogue, registry: Registry) -> list[Mapping[str, Any]]:
    """A line per registered table, keys of ``FIELDS``."""
    titles = {name: dataset.title for name, dataset in registry.datasets.items()}
    return [_line(entry, [titles[name] for name in registry.inputs(entry.dataset.name)]) for entry in made.entries]


def _line(entry: Entry, made_of: list[str]) -> Mapping[str, Any]:
    declared, holding, line = entry.declared, entry.holding, entry.line
    quality = holding.quality
    limits = [line["sharing_condition"], line["sharing_basis"], line["opening_condition"], entry.dataset.limitations]
    return {
        "kind": "注销" if declared.life.retired else "首次",
        "subject": entry.dataset.owner,
        "subject_code": entry.provider_code,
        "name": line["title"],
        "code": declared.code,
        "source": f"由{'、'.join(made_of)}生成" if made_of else declared.system or entry.dataset.owner,
        "basis": declared.basis,
        "scope": f"{declared.area}；{line['period']}；{declared.objects}",
        "format": "数据库表（Parquet）",
        "volume": _volume(entry),
        "update": line["update"],
        "level": declared.level,
        "sharing": line["sharing"],
        "opening": line["opening"],
        "quality_a": quality and quality.a,
        "quality_b": quality and quality.b,
        "quality_date": quality and quality.date.isoformat(),
        "assessment": f"{declared.assessed} 完成" if declared.assessed else "尚未评估",
        "use": line["scenes"],
        "limits": "；".join(text for text in limits if text),
        "operation": line["authorised_operation"],
    }


def _volume(entry: Entry) -> str:
    holding = entry.holding
    if holding.rows is None:
        return "还没有发布过"
    return f"{holding.rows:,} 条，{len(entry.items)} 项，{holding.size / 1_000_000:,.2f} MB（{holding.snapshot}）"
