"""The five tables of work orders in the catalogue: their columns, and the files that the room of governance keeps for
them.

A name of a file stands for its content, so a reader never sees one change; ``WorkOrderTables`` names those in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from govdata.deployment import Deployment
from govdata.publish import layers, views
from govdata.storage import files, sql
from govdata.storage.manifest import Inside, Manifest

Columns = Mapping[str, tuple[str, str]]
"""Column → (type, comment)."""

WORK_ORDERS: Columns = {
    "order_no": ("VARCHAR", "工单编号，不重复使用"),
    "department": ("VARCHAR", "现在的责任部门"),
    "owner": ("VARCHAR", "派发时的责任部门"),
    "dataset": ("VARCHAR", "数据集"),
    "scope": ("VARCHAR", "delivery：逐次交付判的规则；cross：跨表规则"),
    "rule_id": ("VARCHAR", "规则编号；rejected 为无法读取的记录"),
    "column_name": ("VARCHAR", "列"),
    "message": ("VARCHAR", "规则说明"),
    "cause": ("VARCHAR", "同因归并的原因，不含数据值"),
    "severity": ("VARCHAR", "error：该行隔离；warning：照常发布并提示"),
    "dimension": ("VARCHAR", "质量维度"),
    "indicator": ("VARCHAR", "GB/T 36344 指标编码"),
    "source": ("VARCHAR", "规则依据"),
    "state": ("BIGINT", "状态代码"),
    "state_name": ("VARCHAR", "状态：待签收、处理中、已反馈、待验证、退回、办结、重开、挂起、作废"),
    "priority": ("BIGINT", "优先级：1 普通，2 紧急，3 非常紧急"),
    "score": ("DOUBLE", "优先级得分（standards/workorders.yaml 的权重）"),
    "issued": ("DATE", "派发日期"),
    "sign_due": ("DATE", "应签收的日期"),
    "signed": ("DATE", "签收日期"),
    "due": ("DATE", "截止日期"),
    "replied": ("DATE", "首次反馈日期"),
    "closed": ("DATE", "办结日期"),
    "overdue": ("BOOLEAN", "是否超期"),
    "limit_days": ("BIGINT", "整改时限，工作日"),
    "limit_source": ("VARCHAR", "时限的依据"),
    "limit_grade": ("VARCHAR", "时限依据的可信程度；C 为惯例"),
    "calendar_note": ("VARCHAR", "截止日期只按周末推算的年份（调休安排尚不知道）"),
    "items_at_issue": ("BIGINT", "派发时的条目数（整改前）"),
    "items": ("BIGINT", "条目总数"),
    "open_items": ("BIGINT", "仍不合格、没有豁免的条目数（整改后）"),
    "mended_items": ("BIGINT", "已修正：后来的交付里同一记录合格"),
    "vanished_items": ("BIGINT", "已消失：后来的交付里没有这条记录了"),
    "waived_items": ("BIGINT", "豁免期内的条目数"),
    "reopened": ("BIGINT", "重开次数"),
    "reminded": ("BIGINT", "催办次数"),
    "extended": ("BIGINT", "延期次数"),
    "standards_hash": ("VARCHAR", "派发时所依据标准的指纹"),
}
WORK_ORDER_ITEMS: Columns = {
    "order_no": ("VARCHAR", "工单编号"),
    "item_id": ("VARCHAR", "条目号：不透明，同一记录不变"),
    "dataset": ("VARCHAR", "数据集"),
    "rule_id": ("VARCHAR", "规则编号"),
    "state": ("VARCHAR", "open 仍存在，mended 已修正，vanished 已消失，waived 豁免"),
    "shape": ("VARCHAR", "原值的写法：9 数字，A 字母，汉 汉字"),
    "rows": ("BIGINT", "最近一次不合格时的行数"),
    "_row_id": ("VARCHAR", "最近一次不合格时的行标识"),
    "_source_file": ("VARCHAR", "最近一次不合格时的来源文件"),
    "_source_row": ("BIGINT", "最近一次不合格时的行号"),
    "_delivery_date": ("DATE", "那一行的交付日期"),
    "first_seen": ("DATE", "首次发现"),
    "last_seen": ("DATE", "最近一次不合格"),
    "due": ("DATE", "截止日期"),
    "ended": ("DATE", "已修正或已消失的日期"),
    "returned": ("BIGINT", "改好之后又不合格的次数"),
    "waived_until": ("DATE", "豁免到哪一天"),
    "reply": ("VARCHAR", "反馈代码"),
}
WORK_ORDER_EVENTS: Columns = {
    "seq": ("BIGINT", "事件序号"),
    "at": ("VARCHAR", "记录时间（UTC）"),
    "date": ("DATE", "交付日期，或有人办理的日期"),
    "order_no": ("VARCHAR", "工单编号；空为不属于一张工单的事件"),
    "dataset": ("VARCHAR", "数据集"),
    "kind": ("VARCHAR", "事件代码"),
    "kind_name": ("VARCHAR", "事件"),
    "actor": ("VARCHAR", "办理人；govdata 为程序"),
    "reason": ("VARCHAR", "理由或说明"),
    "department": ("VARCHAR", "部门"),
    "items": ("VARCHAR[]", "条目号；空为全部"),
    "until": ("DATE", "事件定下的日期：截止、豁免到期、计划"),
    "reply": ("VARCHAR", "反馈代码"),
}
WAIVERS: Columns = {
    "order_no": ("VARCHAR", "工单编号"),
    "item_id": ("VARCHAR", "条目号"),
    "dataset": ("VARCHAR", "数据集"),
    "rule_id": ("VARCHAR", "规则编号"),
    "granted": ("DATE", "豁免日期"),
    "until": ("DATE", "到期日（含）"),
    "actor": ("VARCHAR", "谁准予的"),
    "reason": ("VARCHAR", "理由"),
    "active": ("BOOLEAN", "是否在期内"),
}
_OF_ISSUED = "月份为派发的月份"
DEPARTMENT_PERFORMANCE: Columns = {
    "department": ("VARCHAR", "责任部门"),
    "month": ("VARCHAR", _OF_ISSUED),
    "issued": ("BIGINT", "派发的工单，不含作废"),
    "void": ("BIGINT", "作废的工单，不计入各率"),
    "signed_in_time": ("BIGINT", "按期签收的工单"),
    "sign_rate": ("DOUBLE", "签收率＝按期签收 ÷ 派发；分母为0为空，下同"),
    "reply_due": ("BIGINT", "时限已过的工单"),
    "replied_in_time": ("BIGINT", "其中时限内有反馈或已办结的"),
    "reply_rate": ("DOUBLE", "响应率＝时限内有反馈或已办结 ÷ 时限已过的工单"),
    "items": ("BIGINT", "条目，不含豁免期内的"),
    "resolved_items": ("BIGINT", "已修正和已消失的条目"),
    "mend_rate": ("DOUBLE", "整改率＝（已修正＋已消失）÷（条目－豁免）"),
    "items_due": ("BIGINT", "截止日期已过的条目，不含豁免期内的"),
    "resolved_in_time": ("BIGINT", "其中截止日期之内整改的"),
    "in_time_rate": ("DOUBLE", "按期率＝按期整改 ÷ 到期的条目"),
    "closed": ("BIGINT", "办结的工单"),
    "close_rate": ("DOUBLE", "办结率＝办结 ÷ 派发"),
    "ever_closed": ("BIGINT", "曾经办结的工单"),
    "reopened": ("BIGINT", "其中重开过的"),
    "reopen_rate": ("DOUBLE", "重开率＝重开过 ÷ 曾经办结"),
    "open": ("BIGINT", "在办的工单"),
    "overdue": ("BIGINT", "其中超期的"),
    "overdue_rate": ("DOUBLE", "超期率＝超期 ÷ 在办"),
    "mean_days": ("DOUBLE", "办结用时的平均数，工作日"),
    "median_days": ("DOUBLE", "办结用时的中位数，工作日"),
}
TABLES: dict[str, tuple[Columns, str]] = {
    "work_orders": (WORK_ORDERS, "问题数据工单；只有后来的交付能使工单办结"),
    "work_order_items": (WORK_ORDER_ITEMS, "工单的条目：每条不合格的记录后来怎样"),
    "work_order_events": (WORK_ORDER_EVENTS, "工单的全部事件"),
    "waivers": (WAIVERS, "豁免：确认无误或不再维护而仍不合格的条目"),
    "department_performance": (DEPARTMENT_PERFORMANCE, "各部门的签收率、响应率、整改率、按期率、重开率、超期率"),
}
"""``governance.<table>`` → its columns and comment."""


class WorkOrderTables(Manifest):
    """Table → its file in force, relative to the deployment."""

    files: dict[str, Inside]

    @staticmethod
    def path(deployment: Deployment) -> Path:
        return deployment.governance / "workorders.json"


def show(catalogue: views.Catalogue, deployment: Deployment) -> None:
    """The views ``governance.<table>``, empty where nothing was judged yet or the file is damaged (the next night makes
    it again)."""
    kept = layers.read(WorkOrderTables, WorkOrderTables.path(deployment))
    for name, (columns, comment) in TABLES.items():
        file = deployment.absolute(kept.files[name]) if kept is not None and name in kept.files else None
        sound = file if file is not None and files.is_sound(file, columns) else None
        query = f"SELECT {sql.identifiers(columns)} FROM {sql.parquet([sound])}" if sound else _empty(columns)
        told = {column: said for column, (_, said) in columns.items()}
        catalogue.view("governance", name, query, [sound] if sound else [], comment, columns, told)


def _empty(columns: Columns) -> str:
    return views.empty({column: kind for column, (kind, _) in columns.items()})
