"""The figures of the whole city, as ``docs/cockpit.zh-CN.md`` explains them."""

from __future__ import annotations

from govdata.reports.cockpit import nights
from govdata.reports.cockpit.figures import Column, Figure, columns

TOTAL = "governance.scorecard WHERE date = $date AND part IS NULL"
NEWEST = "SELECT dataset, max(date) AS date FROM governance.reconciliation WHERE date <= $date GROUP BY dataset"
DELIVERED = "SELECT scope AS dataset, scope_name AS title, department FROM " + TOTAL + " AND kind = 'dataset'"
"""Of the tables that departments deliver; derived ones have lines of reconciliation too."""

STANDING = Figure(
    "standing",
    "各数据集的现状",
    "Where each dataset stands",
    "今晚有没有按合同周期应有的交付、交付怎样了、现在发布的是哪一期、依据哪一版标准。"
    "周期内：上一次交付还没有超过合同的周期，今晚不必再交。",
    "Whether the delivery due came, what became of it, which snapshot is current and by which edition of the "
    "standards. Within the period: the last delivery is not yet older than the contract's period.",
    columns(
        ("dataset", "dataset", "数据集", "Dataset"),
        ("department", "department", "部门", "Department"),
        ("due", "word", "今晚的交付", "Delivery tonight"),
        ("outcome", "word", "结果", "Outcome"),
        ("reason", "text", "原因", "Reason"),
        ("published", "date", "现行一期", "Current snapshot"),
        ("rows", "count", "行数", "Rows"),
        ("snapshot_id", "code", "期次编号", "Snapshot"),
        ("batch_id", "code", "批次编号", "Batch"),
        ("standards_hash", "code", "标准指纹", "Standards"),
        ("period_days", "count", "周期（天）", "Period (days)"),
        ("whole", "flag", "完好", "Whole"),
    ),
    f"""WITH d AS ({DELIVERED}),
s AS (SELECT dataset, max_by(date, date) AS published, max_by(rows, date) AS rows, max_by(snapshot_id, date) AS
snapshot_id,
max_by(batch_id, date) AS batch_id, max_by(standards_hash, date) AS standards_hash, max_by(complete, date) AS complete
FROM governance.snapshots WHERE date <= $date GROUP BY dataset),
t AS (SELECT dataset, max_by(outcome, number) AS outcome, max_by(reason, number) AS reason FROM governance.deliveries
WHERE date = $date GROUP BY dataset),
r AS (SELECT dataset, bool_or(damaged IS NOT NULL) AS damaged FROM governance.reconciliation WHERE date <= $date
GROUP BY dataset)
SELECT d.dataset, d.department, CASE WHEN p.state = 'on_time' AND t.outcome IS NULL THEN 'within' ELSE p.state END
AS due, coalesce(t.outcome, 'nothing') AS outcome, t.reason, s.published,
s.rows,
s.snapshot_id, s.batch_id, s.standards_hash, p.period_days,
coalesce(s.complete, FALSE) AND NOT coalesce(r.damaged, FALSE) AS whole
FROM d LEFT JOIN governance.punctuality AS p ON p.dataset = d.dataset AND p.date = $date
LEFT JOIN s ON s.dataset = d.dataset LEFT JOIN t ON t.dataset = d.dataset LEFT JOIN r ON r.dataset = d.dataset""",
    "d.department, d.dataset",
)

SCORE = Figure(
    "score",
    "质量得分",
    "Quality score",
    "Σ（各项 A÷B×100×权重）÷Σ已评估各项的权重；全市的分由各部门的 A、B 相加得出，不是部门得分的平均。",
    "Σ(A÷B×100×weight) ÷ Σ weights of what was assessed; from the sums of A and B, not the mean of departments.",
    columns(
        ("score", "score", "得分", "Score"),
        ("level", "word", "等级", "Level"),
        ("card", "word", "给牌", "Card"),
        ("change_1", "change", "比上次交付", "Since last delivery"),
        ("standards_changed", "flag", "标准变过", "Standards changed"),
        ("standards_hash", "code", "标准指纹", "Standards"),
    ),
    f"""SELECT score, level, card, change_1, coalesce(standards_changed_1, FALSE) AS standards_changed, standards_hash
FROM {TOTAL} AND kind = 'bureau'""",
)

COVERAGE = Figure(
    "coverage",
    "评估覆盖率",
    "Coverage",
    "有规则评价到的列÷合同的列；评价的行÷交付的记录。少查几条规则得分自然好看，所以与得分一起看。",
    "Columns some rule assessed ÷ columns of the contracts; rows assessed ÷ records delivered. Read it beside the "
    "score.",
    columns(
        ("coverage", "share", "列覆盖率", "Columns covered"),
        ("assessed_columns", "count", "评估的列", "Columns assessed"),
        ("columns", "count", "合同的列", "Columns"),
        ("row_coverage", "share", "行覆盖率", "Rows covered"),
        ("assessed_weight", "share", "评估到的权重", "Weight assessed"),
    ),
    f"""SELECT assessed_columns / columns AS coverage, assessed_columns, columns, assessed_rows / rows AS row_coverage,
assessed_weight FROM {TOTAL} AND kind = 'bureau'""",
)

TONIGHT = Figure(
    "tonight",
    "今晚的交付去了哪里",
    "Where tonight's records went",
    "交付＝拒收＋重复＋隔离＋合格已发布＋合格被阻断。合计留下的＝拒收＋隔离＋被阻断。现行发布的行数含以前的交付。",
    "Delivered = rejected + duplicates + quarantined + clean and published + clean but blocked. Held back = rejected + "
    "quarantined + blocked. Rows now published include earlier deliveries.",
    columns(
        ("delivered", "count", "交付", "Delivered"),
        ("published", "count", "合格已发布", "Clean, published"),
        ("held", "count", "留下", "Held back"),
        ("duplicates", "count", "重复", "Duplicates"),
        ("quarantined", "count", "隔离", "Quarantined"),
        ("rejected", "count", "拒收", "Rejected"),
        ("blocked", "count", "被阻断", "Blocked"),
        ("current", "count", "现行发布", "Rows now published"),
    ),
    f"""WITH r AS (SELECT * FROM governance.reconciliation WHERE date = $date AND dataset IN (SELECT dataset FROM
({DELIVERED})))
SELECT coalesce(sum(delivered), 0)::BIGINT AS delivered,
coalesce(sum(clean) FILTER (WHERE published IS NOT NULL), 0)::BIGINT AS published,
coalesce(sum(rejected + quarantined + CASE WHEN published IS NULL THEN clean ELSE 0 END), 0)::BIGINT AS held,
coalesce(sum(duplicates), 0)::BIGINT AS duplicates, coalesce(sum(quarantined), 0)::BIGINT AS quarantined,
coalesce(sum(rejected), 0)::BIGINT AS rejected,
coalesce(sum(clean) FILTER (WHERE published IS NULL), 0)::BIGINT AS blocked,
(SELECT sum(rows) FROM (SELECT max_by(rows, date) AS rows FROM governance.snapshots WHERE date <= $date AND dataset IN
(SELECT dataset FROM ({DELIVERED})) GROUP BY dataset))::BIGINT AS current FROM r""",
)

BLOCKED = Figure(
    "blocked",
    "阻断",
    "Blocked",
    "今晚被阻断、拒收或出错的交付；它们的行不在任何已发布的数字里，数据集保留上一期。",
    "Deliveries blocked, refused or in error tonight; none of their rows is in a published figure.",
    columns(
        ("stopped", "count", "没有发布的交付", "Deliveries not published"),
        ("arrived", "count", "今晚的交付", "Deliveries tonight"),
        ("published", "count", "已发布", "Published"),
    ),
    """SELECT count(*) FILTER (WHERE outcome IN ('blocked', 'refused', 'error')) AS stopped, count(*) AS arrived,
count(*) FILTER (WHERE outcome = 'published') AS published FROM (SELECT dataset, max_by(outcome, number) AS outcome
FROM governance.deliveries WHERE date = $date GROUP BY dataset)""",
)

IS_OPEN = "issued <= $date AND closed IS NULL AND state <> 90"
ORDERS = Figure(
    "orders",
    "在办工单",
    "Open orders",
    "在办＝派发－办结－作废；超期是过了截止日期仍在办的。今日的在办＝昨日＋新派＋重开－办结－作废。",
    "Open = issued − closed − void; overdue: open past their due date.",
    columns(
        ("open", "count", "在办", "Open"),
        ("overdue", "count", "超期", "Overdue"),
        ("issued", "count", "今日新派", "Issued today"),
        ("closed", "count", "累计办结", "Closed so far"),
        ("open_items", "count", "待整改条目", "Items open"),
    ),
    f"""SELECT count(*) FILTER (WHERE {IS_OPEN}) AS open, count(*) FILTER (WHERE {IS_OPEN} AND due < $date) AS overdue,
count(*) FILTER (WHERE issued = $date) AS issued, count(*) FILTER (WHERE closed <= $date) AS closed,
coalesce(sum(open_items) FILTER (WHERE {IS_OPEN}), 0)::BIGINT AS open_items FROM governance.work_orders""",
)

ON_TIME = Figure(
    "on_time",
    "按时交付率",
    "Delivered on time",
    "最近 30 个交付日期里，当天有周期内的交付的÷应有的（每个数据集每天算一次，周期内的上一次交付也算有）。"
    "分母为 0 写不适用。今晚应有＝已有＋缺。",
    "Of the last 30 delivery dates, those with a delivery within the contract's period ÷ those due, each dataset "
    "counted each day. Due tonight = there + missing.",
    columns(
        ("rate", "share", "按时率", "On time"),
        ("on_time", "count", "按时", "On time"),
        ("due", "count", "应有", "Due"),
        ("due_tonight", "count", "今晚应有", "Due tonight"),
        ("there_tonight", "count", "今晚已有", "There tonight"),
        ("missing_tonight", "count", "今晚缺", "Missing tonight"),
    ),
    """SELECT count(*) FILTER (WHERE state = 'on_time') / nullif(count(*) FILTER (WHERE state <> 'not_due'), 0) AS rate,
count(*) FILTER (WHERE state = 'on_time') AS on_time, count(*) FILTER (WHERE state <> 'not_due') AS due,
count(*) FILTER (WHERE date = $date AND state <> 'not_due') AS due_tonight,
count(*) FILTER (WHERE date = $date AND state IN ('on_time', 'late')) AS there_tonight,
count(*) FILTER (WHERE date = $date AND state = 'missing') AS missing_tonight
FROM governance.punctuality WHERE date BETWEEN $date - INTERVAL ($window - 1) DAY AND $date""",
)

DEPARTMENTS = Figure(
    "departments",
    "部门",
    "Departments",
    "名次只排覆盖率和行数够的；同分同名次。标＊的变化期间标准或评分办法变过，不全是数据的。",
    "Only departments with enough coverage and rows are ranked; ties share a rank. ＊: standards changed meanwhile.",
    columns(
        ("rank", "count", "名次", "Rank"),
        ("department", "department", "部门", "Department"),
        ("score", "score", "得分", "Score"),
        ("change_1", "change", "变化", "Change"),
        ("standards_changed", "flag", "标准变过", "Standards changed"),
        ("level", "word", "等级", "Level"),
        ("card", "word", "给牌", "Card"),
        ("coverage", "share", "列覆盖率", "Coverage"),
        ("failed", "count", "不合格", "Failing"),
        ("waived", "count", "其中豁免", "Waived"),
        ("rank_note", "word", "不上榜的原因", "Why not ranked"),
    ),
    f"""SELECT rank, scope AS department, score, change_1, coalesce(standards_changed_1, FALSE) AS
standards_changed, level,
card, assessed_columns / columns AS coverage, failed, waived, rank_note FROM {TOTAL} AND kind = 'department'""",
    "rank NULLS LAST, department",
)

HEAT = Figure(
    "heat",
    "部门 × 维度",
    "Departments × dimensions",
    "每格是该部门该维度的 A÷B×100；斜纹是未评估（没有规则或没有交付，不算满分），横线是不适用（B＝0）。",
    "Each cell: A÷B×100 of the department's dimension; hatched: not assessed (never counted as full marks).",
    columns(
        ("department", "department", "部门", "Department"),
        ("part", "word", "一项", "Part"),
        ("weight", "number", "权重", "Weight"),
        ("state", "word", "状态", "State"),
        ("score", "score", "得分", "Score"),
        ("failed", "count", "不合格", "Failing"),
        ("b", "count", "评价的元素（B）", "Assessed (B)"),
    ),
    """SELECT scope AS department, part, weight, state, score, failed, b FROM governance.scorecard
WHERE date = $date AND part IS NOT NULL AND kind = 'department'""",
    "department, part",
)

FLOW = Figure(
    "flow",
    "从交付到发布",
    "From delivery to publication",
    "各数据集最近一次交付：交付＝合格＋隔离＋重复＋拒收；合格而没有发布的是被阻断。"
    "发布是那一期的行数（增量表含以前的）。",
    "Each dataset's newest delivery: delivered = clean + quarantined + duplicates + rejected; published: rows of "
    "that snapshot.",
    columns(
        ("dataset", "dataset", "数据集", "Dataset"),
        ("date", "date", "交付日期", "Delivered on"),
        ("delivered", "count", "交付", "Delivered"),
        ("clean", "count", "合格", "Clean"),
        ("quarantined", "count", "隔离", "Quarantined"),
        ("duplicates", "count", "重复", "Duplicates"),
        ("rejected", "count", "拒收", "Rejected"),
        ("published", "count", "发布后的行数", "Rows published"),
    ),
    f"""SELECT r.dataset, r.date, delivered, clean, quarantined, duplicates, rejected, published
FROM governance.reconciliation AS r JOIN ({NEWEST}) AS n USING (dataset, date) WHERE r.dataset IN (SELECT dataset
FROM ({DELIVERED}))""",
    "r.dataset",
)

TREND_COLUMNS: tuple[Column, ...] = columns(
    ("date", "date", "日期", "Date"),
    ("score", "score", "得分", "Score"),
    ("failed", "count", "不合格", "Failing"),
    ("standards_hash", "code", "标准指纹", "Standards"),
    ("moved", "flag", "标准变过", "Standards changed"),
)
TREND_MEANING = (
    "最近 30 次评分，当时怎样说就怎样记。▼ 是标准或评分办法变过的那一次：它前后的分不能直接比。",
    "The last 30 scorecards as they were said then. ▼: standards or scheme changed; scores before and after do "
    "not compare.",
)


def trend(kind: str, scope: str = "") -> str:
    """The scorecards of one kind of scope. ``scope``: SQL of a column that names it."""
    named, part = (f"{scope} AS scope, ", "PARTITION BY scope") if scope else ("", "")
    within = "PARTITION BY s.scope" if scope else ""
    return (
        f"SELECT {named}date, score, failed, standards_hash, coalesce(standards_hash <> before, FALSE) AS moved FROM "
        f"(SELECT s.*, lag(standards_hash) OVER ({within} ORDER BY date) AS before FROM governance.scorecard AS s "
        f"WHERE kind = '{kind}' AND part IS NULL AND date <= $date AND score IS NOT NULL) "
        f"QUALIFY row_number() OVER ({part} ORDER BY date DESC) <= 30"
    )


TREND = Figure("trend", "三十夜走势", "Thirty nights", *TREND_MEANING, TREND_COLUMNS, trend("bureau"), "date DESC")

MEANING = Column("message", "text", "意思", "Meaning", "rule")
"""What a rule means, leading to its page."""

TOP_RULES = Figure(
    "top_rules",
    "涉及人数最多的十条规则",
    "Ten rules by people touched",
    "不合格的行上提到的自然人，带界：下界是已认定的不同的人（隔离的行没有认定，至少算一人），"
    "上界是每一次没有认定的提及各算"
    "一人。各规则相加会重复，不等于全市涉及人数。",
    "People mentioned on failing rows, with bounds: at least those linked and distinct, at most every unlinked mention "
    "one more. Rules overlap: the sum is more than the city's.",
    (
        MEANING,
        *columns(
            ("department", "department", "应处理的部门", "Owner"),
            ("severity", "word", "级别", "Severity"),
            ("failed", "count", "不合格的行", "Failing rows"),
            ("people_lower", "count", "人数下界", "People, at least"),
            ("people_upper", "count", "人数上界", "People, at most"),
            ("rule", "rule", "规则编号", "Rule"),
        ),
    ),
    "SELECT * FROM ($touched) WHERE people_upper > 0 ORDER BY people_upper DESC, failed DESC, rule LIMIT 10",
    needs=("published.person_at", "published.person_link_at"),
)

DISTRICTS = Figure(
    "districts",
    "区划",
    "Districts",
    "按户籍地、办理机构所在地等逐级汇总，上级含下级，撤销的区划并入继任者；列到乡级。人数带界在各区划的页上。",
    "Rolled up by division, parents with children, abolished ones under their successors; down to townships. "
    "People with bounds: on each one's page.",
    columns(
        ("district", "district", "区划", "District"),
        ("level", "word", "层级", "Level"),
        ("parent", "district", "上级", "Parent"),
        ("score", "score", "得分", "Score"),
        ("change_1", "change", "变化", "Change"),
        ("b", "count", "评价的元素（B）", "Assessed (B)"),
        ("failed", "count", "不合格", "Failing"),
        ("codes", "count", "并入的旧代码", "Former codes"),
    ),
    f"""SELECT s.scope AS district, s.scope_name AS name, CASE WHEN c.code IS NULL THEN '未知' WHEN length(c.code)
> 9 THEN '村级'
WHEN length(c.code) > 6 THEN '乡级' WHEN right(c.code, 4) = '0000' THEN '省级' WHEN right(c.code, 2) = '00' THEN '地级'
ELSE '县级' END AS level, nullif(c.parent, '') AS parent, score, change_1, b, failed,
(SELECT count(DISTINCT o.code) FROM $divisions AS o WHERE o.successor = s.scope AND NOT o.current) AS codes
FROM (SELECT * FROM {TOTAL} AND kind = 'division' AND length(scope) <= 9) AS s
LEFT JOIN (SELECT code, any_value(parent) AS parent FROM $divisions GROUP BY code) AS c ON c.code = s.scope""",
    "s.scope",
)

PEOPLE = Figure(
    "bounds",
    "数字带界",
    "Counts with bounds",
    "各登记簿的条数：发布的行数，以及隔离、拒收、互相冲突、尚未生效的行所允许的下界和上界（以现行一期的日期为准）。"
    "下界的查询是 SELECT lower FROM governance.<数据集>_bounds(条件)，上界的是 SELECT upper FROM "
    "governance.<数据集>_bounds(条件)，任何条件都行。",
    "Records of each register: as published, and the bounds that rows quarantined, rejected, in conflict or not yet in "
    "force allow, as of the current snapshot. Ask any count so: governance.<dataset>_bounds(condition).",
    columns(
        ("dataset", "dataset", "登记簿", "Register"),
        ("lower", "count", "下界", "At least"),
        ("published", "count", "已发布", "Published"),
        ("upper", "count", "上界", "At most"),
    ),
    "SELECT * EXCLUDE (condition) FROM ($bounds)",
    "dataset",
)

MASTERS = Figure(
    "masters",
    "主数据",
    "Masters",
    "一个主体一行；在两个以上数据集里出现的÷全部＝覆盖率；来源说法不同的，是某个属性有冲突。"
    "下界：有有效标识的主体；上界：全部主体，再加隔离、拒收、被阻断的行上每一次可能的提及。",
    "One row per person or organisation; covered: seen in two or more datasets; disagreeing: sources contradict "
    "each other.",
    columns(
        ("kind", "word", "种类", "Kind"),
        ("masters", "count", "主体", "Masters"),
        ("lower", "count", "下界", "At least"),
        ("upper", "count", "上界", "At most"),
        ("covered", "count", "两个以上来源", "In two or more sources"),
        ("coverage", "share", "覆盖率", "Covered"),
        ("disagreeing", "count", "来源说法不同", "Sources disagree"),
    ),
    "SELECT * FROM ($masters)",
    "kind",
    needs=("published.person_at", "published.person_link_at"),
)

LINKS = Figure(
    "links",
    "关联",
    "Links",
    "提及＝按号码关联＋按相似或复核关联＋没有关联（自成一个主体）；链接率＝已关联÷提及。待复核的等人判断。",
    "Mentions = by number + by likeness or review + unlinked (a master of their own); rate = linked ÷ mentions.",
    columns(
        ("kind", "word", "种类", "Kind"),
        ("mentions", "count", "提及", "Mentions"),
        ("by_number", "count", "按号码", "By number"),
        ("by_likeness", "count", "按相似或复核", "By likeness or review"),
        ("unlinked", "count", "没有关联", "Unlinked"),
        ("rate", "share", "链接率", "Link rate"),
        ("waiting", "count", "待复核", "Awaiting review"),
    ),
    "SELECT * FROM ($links)",
    "kind",
    needs=("published.person_at", "published.person_link_at"),
)

CONFLICTS = Figure(
    "conflicts",
    "冲突",
    "Conflicts",
    "同一主体的同一属性，各来源说法不同，按应核实的部门列出；主体数不能跨属性相加。",
    "Sources that contradict each other of one element of one master, by the department to verify it.",
    columns(
        ("kind", "word", "种类", "Kind"),
        ("element", "element", "属性", "Element"),
        ("owner", "department", "应核实的部门", "To verify"),
        ("masters", "count", "主体", "Masters"),
        ("values", "count", "不同的说法", "Values in dispute"),
        ("first_seen", "date", "最早", "Since"),
    ),
    """SELECT master_kind AS kind, element, owner, count(DISTINCT master_id) AS masters, count(*) AS values,
min(first_seen) AS first_seen FROM governance.conflicts_at($date) WHERE open AND NOT chosen AND owner IS NOT NULL
GROUP BY ALL""",
    "masters DESC, kind, element, owner",
    needs=("governance.conflicts_at",),
)

AGEING = Figure(
    "ageing",
    "工单时龄",
    "Age of open orders",
    "在办的工单，按派发以来的工作日（派发当日不算）；四段之和＝在办。",
    "Open orders by working days since they were issued; the four add up to all open ones.",
    columns(
        ("age", "word", "工作日", "Working days"),
        ("orders", "count", "工单", "Orders"),
        ("overdue", "count", "其中超期", "Overdue"),
        ("open_items", "count", "待整改条目", "Items open"),
    ),
    f"""SELECT a.age, count(w.order_no) AS orders, count(*) FILTER (WHERE w.due < $date) AS overdue,
coalesce(sum(w.open_items), 0)::BIGINT
AS open_items FROM (VALUES (1, '0–5'), (2, '6–10'), (3, '11–20'), (4, '>20')) AS a(place, age) LEFT JOIN
(SELECT *, CASE WHEN issued > $day_6 THEN 1 WHEN issued > $day_11 THEN 2 WHEN issued > $day_21 THEN 3 ELSE 4 END AS
place
FROM governance.work_orders WHERE {IS_OPEN}) AS w USING (place) GROUP BY a.place, a.age""",
    "a.place",
)

WAIVERS = Figure(
    "waivers",
    "豁免",
    "Waivers",
    "期内的豁免；它们照样计入不合格，得分不因豁免而变好。",
    "Waivers in force; what they cover still counts as failing.",
    columns(
        ("active", "count", "期内", "In force"),
        ("expiring", "count", "30 天内到期", "Expiring in 30 days"),
    ),
    """SELECT count(*) AS active, count(*) FILTER (WHERE until <= $date + INTERVAL 30 DAY) AS expiring FROM
governance.waivers
WHERE granted <= $date AND until >= $date""",
)

ANOMALIES = Figure(
    "anomalies",
    "异常",
    "Anomalies",
    "这一天的交付与自身历史相比反常的地方，一个原因一条，最反常的在前；本次不在自己的基线里。",
    "What is unusual of the date's deliveries against their own history, one line per cause, the most unusual first.",
    columns(
        ("dataset", "dataset", "数据集", "Dataset"),
        ("message", "text", "说明", "What"),
        ("cause", "word", "原因", "Cause"),
        ("since", "date", "起于", "Since"),
        ("nights", "count", "所依据的交付", "Deliveries compared"),
        ("owner", "text", "基线的责任人", "Owner of the baseline"),
    ),
    "SELECT dataset, message, cause, since, nights, owner FROM governance.anomalies WHERE date = $date",
    "score DESC, dataset, message",
    needs=("governance.anomalies",),
)

FIGURES: tuple[Figure, ...] = (
    STANDING, SCORE, COVERAGE, TONIGHT, BLOCKED, ORDERS, ON_TIME, DEPARTMENTS, HEAT, FLOW, TREND, TOP_RULES, DISTRICTS,
    PEOPLE, MASTERS, LINKS, CONFLICTS, AGEING, WAIVERS, ANOMALIES,
    *nights.FIGURES,
)  # fmt: skip
