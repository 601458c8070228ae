"""The figures of the pages behind the cockpit: of every department, dataset, rule and district."""

from __future__ import annotations

from govdata.reports.cockpit.city import DELIVERED, IS_OPEN, MEANING, TREND_COLUMNS, TREND_MEANING, trend
from govdata.reports.cockpit.figures import Column, Figure, Scope, columns
from govdata.standards.scoring_settings import PARTS
from govdata.storage import sql

MOST_ORDERS = 200
"""Of a list."""

_PART_COLUMNS = columns(
    ("part", "word", "一项", "Part"),
    ("weight", "number", "权重", "Weight"),
    ("state", "word", "状态", "State"),
    ("score", "score", "得分", "Score"),
    ("a", "count", "满足的（A）", "Meets it (A)"),
    ("b", "count", "评价的（B）", "Assessed (B)"),
    ("failed", "count", "不合格", "Failing"),
    ("waived", "count", "豁免", "Waived"),
    ("change_1", "change", "变化", "Change"),
)
_PART_MEANING = (
    "每一项的 A（满足要求的）、B（被评价的）和得分 A÷B×100；合计按权重。",
    "A (what meets the demand), B (what was assessed) and A÷B×100 of each part; the total by weight.",
)


_PART_ORDER = f"list_position([{', '.join(map(sql.text, (*PARTS, 'total')))}], part)"


def _parts(kind: str) -> str:
    return (
        "SELECT scope, coalesce(part, 'total') AS part, weight, state, score, a, b, failed, waived, change_1 "
        f"FROM governance.scorecard WHERE date = $date AND kind = '{kind}'"
    )


_RULE_COLUMNS: tuple[Column, ...] = (
    MEANING,
    *columns(
        ("severity", "word", "级别", "Severity"),
        ("checked", "count", "检查的行", "Rows checked"),
        ("failed", "count", "不合格的行", "Failing rows"),
        ("people_lower", "count", "人数下界", "People, at least"),
        ("people_upper", "count", "人数上界", "People, at most"),
        ("rule", "rule", "规则编号", "Rule"),
    ),
)
_RULE_MEANING = (
    "最近一次交付（增量交付的数据集：截至那次的全表）里不合格的规则；涉及的人数带界，见首页“涉及人数最多的十条规则”。",
    "Rules that the newest delivery fails (of deltas: the table with it); people touched with bounds, as on the "
    "front page.",
)
_RULE_ORDER = "failed DESC, rule"


def _order_columns(first: Column) -> tuple[Column, ...]:
    return (
        Column("order_no", "code", "编号", "Order"),
        first,
        *columns(
            ("message", "text", "问题", "Problem"),
            ("state_name", "word", "状态", "State"),
            ("open_items", "count", "待整改", "Items open"),
            ("issued", "date", "派发", "Issued"),
            ("due", "date", "截止", "Due"),
            ("overdue", "flag", "超期", "Overdue"),
        ),
    )


def _orders(scope: str, first: str) -> str:
    return (
        f"SELECT {scope} AS scope, order_no, {first}, message, state_name, open_items, issued, due, "
        f"due < $date AS overdue FROM governance.work_orders WHERE {IS_OPEN} "
        f"QUALIFY row_number() OVER (PARTITION BY {scope} ORDER BY due, order_no) <= {MOST_ORDERS}"
    )


_ORDER_MEANING = (
    f"在办的工单，先到期的在前，至多 {MOST_ORDERS} 张。办结只凭后来的交付。",
    f"Open orders, those due first on top, at most {MOST_ORDERS}. Only later deliveries close one.",
)


def _trend(kind: str, of: Scope) -> Figure:
    return Figure(
        f"{of}_trend",
        "三十夜走势",
        "Thirty nights",
        *TREND_MEANING,
        TREND_COLUMNS,
        trend(kind, "scope"),
        "date DESC",
        of,
    )


DEPARTMENT = (
    Figure(
        "department_parts",
        "各项得分",
        "Scores",
        *_PART_MEANING,
        _PART_COLUMNS,
        _parts("department"),
        _PART_ORDER,
        "department",
    ),
    _trend("department", "department"),
    Figure(
        "department_datasets",
        "数据集",
        "Datasets",
        "本部门交付的数据集，和在别的部门的表里由本部门应处理的跨表规则。",
        "Datasets of the department, and rules across tables in others' tables that it has to deal with.",
        columns(
            ("dataset", "dataset", "数据集", "Dataset"),
            ("score", "score", "得分", "Score"),
            ("b", "count", "评价的元素（B）", "Assessed (B)"),
            ("failed", "count", "不合格", "Failing"),
            ("waived", "count", "豁免", "Waived"),
            ("delivery_date", "date", "所评的交付", "Delivery"),
        ),
        "SELECT department AS scope, dataset, score, b, failed, waived, delivery_date FROM governance.scorecard "
        "WHERE date = $date AND kind = 'line' AND part IS NULL",
        "dataset",
        "department",
    ),
    Figure(
        "department_rules",
        "不合格的规则",
        "Failing rules",
        *_RULE_MEANING,
        _RULE_COLUMNS,
        "SELECT department AS scope, rule, message, severity, checked, failed, people_lower, people_upper FROM "
        "($touched)",
        _RULE_ORDER,
        "department",
    ),
    Figure(
        "department_performance",
        "办理情况",
        "Performance",
        "按派发的月份；作废的不计，豁免和复审放行的条目不计。分母为 0 写不适用。",
        "By month of issue, without void orders, waived and released items; not applicable where the denominator is 0.",
        columns(
            ("month", "text", "月份", "Month"),
            ("issued", "count", "派发", "Issued"),
            ("closed", "count", "办结", "Closed"),
            ("open", "count", "在办", "Open"),
            ("overdue", "count", "超期", "Overdue"),
            ("sign_rate", "share", "签收率", "Signed"),
            ("mend_rate", "share", "整改率", "Mended"),
            ("in_time_rate", "share", "按期率", "In time"),
            ("median_days", "number", "办结用时（中位，工作日）", "Median working days"),
        ),
        "SELECT department AS scope, month, issued, closed, open, overdue, sign_rate, mend_rate, in_time_rate, "
        "median_days FROM governance.department_performance",
        "month DESC",
        "department",
    ),
    Figure(
        "department_orders",
        "在办工单",
        "Open orders",
        *_ORDER_MEANING,
        _order_columns(Column("dataset", "dataset", "数据集", "Dataset")),
        _orders("department", "dataset"),
        "due, order_no",
        "department",
    ),
)

DATASET = (
    Figure(
        "dataset_parts", "各项得分", "Scores", *_PART_MEANING, _PART_COLUMNS, _parts("dataset"), _PART_ORDER, "dataset"
    ),
    _trend("dataset", "dataset"),
    Figure(
        "dataset_bounds",
        "数字带界",
        "Count with bounds",
        "这张表的条数：已发布的，和隔离、拒收、冲突、尚未生效的行所允许的下界、上界。下界的查询是 SELECT lower "
        "FROM governance.<数据集>_bounds(条件)，上界的取 upper。",
        "Records of the table: as published, and the bounds that what is held back and in conflict allows.",
        columns(
            ("lower", "count", "下界", "At least"),
            ("published", "count", "已发布", "Published"),
            ("upper", "count", "上界", "At most"),
        ),
        "SELECT dataset AS scope, lower, published, upper FROM ($bounds)",
        of="dataset",
    ),
    Figure(
        "dataset_flow",
        "最近的交付",
        "Recent deliveries",
        "交付＝合格＋隔离＋重复＋拒收。发布为空是没有发布。",
        "Delivered = clean + quarantined + duplicates + rejected. No rows published: it was not published.",
        columns(
            ("date", "date", "交付日期", "Delivered on"),
            ("delivered", "count", "交付", "Delivered"),
            ("clean", "count", "合格", "Clean"),
            ("quarantined", "count", "隔离", "Quarantined"),
            ("duplicates", "count", "重复", "Duplicates"),
            ("rejected", "count", "拒收", "Rejected"),
            ("published", "count", "发布后的行数", "Rows published"),
        ),
        "SELECT dataset AS scope, date, delivered, clean, quarantined, duplicates, rejected, published "
        f"FROM governance.reconciliation WHERE date <= $date AND dataset IN (SELECT dataset FROM ({DELIVERED})) "
        "QUALIFY row_number() OVER (PARTITION BY dataset ORDER BY date DESC) <= 30",
        "date DESC",
        "dataset",
    ),
    Figure(
        "dataset_rules",
        "不合格的规则",
        "Failing rules",
        *_RULE_MEANING,
        _RULE_COLUMNS,
        "SELECT dataset AS scope, rule, message, severity, checked, failed, people_lower, people_upper FROM ($touched)",
        _RULE_ORDER,
        "dataset",
    ),
    Figure(
        "dataset_orders",
        "在办工单",
        "Open orders",
        *_ORDER_MEANING,
        _order_columns(Column("department", "department", "部门", "Department")),
        _orders("dataset", "department"),
        "due, order_no",
        "dataset",
    ),
)

_THIS_RULE = "dataset || '/' || rule_id"

RULE = (
    Figure(
        "rule_now",
        "这条规则",
        "The rule",
        "意思、依据和最近一次交付（增量交付的数据集：截至那次的全表）的检查结果；人数带界。",
        "What it means, on what ground, and what the newest delivery (of deltas: the table with it) gave; people with "
        "bounds.",
        columns(
            ("dataset", "dataset", "数据集", "Dataset"),
            ("department", "department", "应处理的部门", "Owner"),
            ("message", "text", "意思", "Meaning"),
            ("source", "text", "依据", "Ground"),
            ("severity", "word", "级别", "Severity"),
            ("indicator", "code", "GB/T 36344 指标", "GB/T 36344 indicator"),
            ("checked", "count", "检查", "Checked"),
            ("failed", "count", "不合格", "Failing"),
            ("waived", "count", "豁免", "Waived"),
            ("people_lower", "count", "人数下界", "People, at least"),
            ("people_upper", "count", "人数上界", "People, at most"),
        ),
        "SELECT rule AS scope, dataset, department, message, source, severity, indicator, checked, failed, waived, "
        "people_lower, people_upper, judged, standing FROM ($touched)",
        of="rule",
    ),
    Figure(
        "rule_history",
        "最近的检查",
        "Recent results",
        "最近 30 次交付里检查的行数和不合格的行数；增量交付的只是那一次交来的行，不是全表。",
        "Rows checked and failing in the last 30 deliveries, of deltas in what came that time alone.",
        columns(
            ("date", "date", "交付日期", "Delivered on"),
            ("checked", "count", "检查", "Checked"),
            ("failed", "count", "不合格", "Failing"),
        ),
        f"SELECT {_THIS_RULE} AS scope, date, checked, failed FROM governance.rule_results WHERE date <= $date "
        f"AND {_THIS_RULE} IN (SELECT rule FROM ($touched)) "
        "QUALIFY row_number() OVER (PARTITION BY dataset, rule_id ORDER BY date DESC) <= 30",
        "date DESC",
        "rule",
    ),
    Figure(
        "rule_districts",
        "在哪些区划",
        "Where",
        "最近一次交付（增量交付的为全表）按行里的区划代码计数；只有声明了区划列的数据集才有。",
        "By the division code in the rows of the newest delivery (of deltas: of the table), where the dataset has one.",
        columns(
            ("district", "district", "区划", "District"),
            ("checked", "count", "检查", "Checked"),
            ("failed", "count", "不合格", "Failing"),
        ),
        "SELECT d.dataset || '/' || d.rule_id AS scope, division AS district, d.checked, d.failed "
        "FROM governance.division_results AS d JOIN governance.scorecard_rules AS s ON s.dataset = d.dataset "
        "AND s.rule_id = d.rule_id AND s.judged = d.date WHERE s.date = $date AND d.failed > 0",
        "failed DESC, district",
        "rule",
    ),
    Figure(
        "rule_orders",
        "在办工单",
        "Open orders",
        *_ORDER_MEANING,
        _order_columns(Column("department", "department", "部门", "Department")),
        _orders(_THIS_RULE, "department"),
        "due, order_no",
        "rule",
    ),
)

DISTRICT = (
    Figure(
        "district_parts",
        "各项得分",
        "Scores",
        *_PART_MEANING,
        _PART_COLUMNS,
        _parts("division"),
        _PART_ORDER,
        "district",
    ),
    _trend("division", "district"),
    Figure(
        "district_people",
        "数字带界",
        "Counts with bounds",
        "各登记簿里属于本区划（含下级和并入的旧代码）的条数，带界。区划不明的行可能属于任何区划，计入每个上界，"
        "所以各区划的上界不能相加。",
        "Records of each register in the division with all below it, with bounds. A row of unknown division may "
        "belong to "
        "any and is in every upper bound, so upper bounds do not add up.",
        columns(
            ("dataset", "dataset", "登记簿", "Register"),
            ("lower", "count", "下界", "At least"),
            ("published", "count", "已发布", "Published"),
            ("upper", "count", "上界", "At most"),
            ("condition", "text", "条件", "Condition"),
        ),
        "SELECT * FROM ($district_bounds)",
        "dataset",
        "district",
    ),
    Figure(
        "district_rules",
        "不合格的规则",
        "Failing rules",
        "最近一次交付里本区划（含下级）不合格的行。",
        "Failing rows of the newest deliveries in the division with all below it.",
        (
            MEANING,
            *columns(
                ("checked", "count", "检查的行", "Rows checked"),
                ("failed", "count", "不合格的行", "Failing rows"),
                ("rule", "rule", "规则编号", "Rule"),
            ),
        ),
        "SELECT l.division AS scope, d.dataset || '/' || d.rule_id AS rule, any_value(r.message) AS message, "
        "sum(d.checked)::BIGINT AS checked, sum(d.failed)::BIGINT AS failed FROM governance.division_results AS d "
        "JOIN (SELECT dataset, max(date) AS date FROM governance.rule_results WHERE date <= $date GROUP BY "
        "dataset) AS n "
        "USING (dataset, date) JOIN ($lineage) AS l ON l.code = d.division LEFT JOIN governance.rule_results AS r "
        "ON r.dataset = d.dataset AND r.rule_id = d.rule_id AND r.date = d.date GROUP BY ALL HAVING sum(d.failed) > 0",
        "failed DESC, rule",
        "district",
    ),
    Figure(
        "district_codes",
        "区划沿革",
        "History",
        "并入本区划的旧代码：撤销、改设之后，它们的行在这里计数。",
        "Former codes that count here since they were abolished or changed.",
        columns(
            ("code", "code", "旧代码", "Former code"),
            ("name", "text", "名称", "Name"),
            ("until", "text", "停用", "Until"),
        ),
        "SELECT successor AS scope, code, any_value(name_zh) AS name, max(valid_to) AS until FROM $divisions AS c "
        "WHERE NOT current AND successor IN (SELECT scope FROM governance.scorecard WHERE date = $date "
        "AND kind = 'division') GROUP BY ALL",
        "code",
        "district",
    ),
)

OF: dict[Scope, tuple[Figure, ...]] = {"department": DEPARTMENT, "dataset": DATASET, "rule": RULE, "district": DISTRICT}
FIGURES: tuple[Figure, ...] = tuple(figure for figures in OF.values() for figure in figures)
