"""The figures of how the nights went, of the rules that tell nothing and of what anomalies are judged by."""

from __future__ import annotations

from govdata.reports.cockpit.figures import Figure, columns
from govdata.standards.anomaly_settings import SEASON_DAYS

NIGHTS = Figure(
    "nights",
    "夜间运行",
    "How the nights went",
    "到本页日期为止的 30 夜，没有运行的夜也在内；用时是各环节之和。写报告、驾驶舱和清理排在目录之后，下一夜起才计入。"
    "交付＝已发布＋被阻断＋出错＋没有走完的。",
    "The 30 nights up to the date, those that did not run too; seconds are the sum over stages. Stages after the "
    "catalogue count from the next night on. Deliveries = published + blocked + in error + unfinished.",
    columns(
        ("date", "date", "日期", "Date"),
        ("state", "word", "结果", "Outcome"),
        ("deliveries", "count", "处理的交付", "Deliveries"),
        ("published", "count", "已发布", "Published"),
        ("blocked", "count", "被阻断", "Blocked"),
        ("failed", "count", "出错", "In error"),
        ("unread", "count", "没有读的", "Unread"),
        ("late", "count", "迟交", "Late"),
        ("missing", "count", "缺", "Missing"),
        ("stopped_stages", "count", "停下的环节", "Stages stopped"),
        ("seconds", "number", "用时（秒）", "Seconds"),
    ),
    """SELECT n.date, state, deliveries, published, blocked, failed, unread, p.late, p.missing, stopped_stages, seconds
FROM governance.night_runs AS n LEFT JOIN (SELECT date, count(*) FILTER (WHERE state = 'late') AS late,
count(*) FILTER (WHERE state = 'missing') AS missing FROM governance.punctuality GROUP BY date) AS p USING (date)
WHERE n.date <= $date AND n.date > $date - INTERVAL 30 DAY""",
    "date",
    needs=("governance.night_runs",),
)

STOPPED = Figure(
    "stopped",
    "停下的环节",
    "Stages that stopped",
    "同样 30 夜里被阻断或出错、后来也没有重做好的环节。",
    "Stages of the same 30 nights that were blocked or failed and have not been done since.",
    columns(
        ("date", "date", "日期", "Date"),
        ("dataset", "dataset", "数据集", "Dataset"),
        ("stage_name", "word", "环节", "Stage"),
        ("outcome", "word", "结果", "Outcome"),
        ("reason", "text", "原因", "Reason"),
    ),
    """SELECT date, dataset, stage_name, outcome, reason FROM governance.stage_runs
WHERE outcome IN ('blocked', 'error') AND date <= $date AND date > $date - INTERVAL 30 DAY""",
    "date DESC, dataset, stage_name",
    needs=("governance.stage_runs",),
)

STAGES = Figure(
    "stages",
    "今晚各环节的用时",
    "Tonight's stages by time",
    "最慢的在前；写报告、驾驶舱和清理排在目录之后，重做以前的日期才有。",
    "The slowest first; those after the catalogue only where the date was done again.",
    columns(
        ("dataset", "dataset", "数据集", "Dataset"),
        ("stage_name", "word", "环节", "Stage"),
        ("outcome", "word", "结果", "Outcome"),
        ("seconds", "number", "用时（秒）", "Seconds"),
    ),
    "SELECT dataset, stage_name, outcome, seconds FROM governance.stage_runs WHERE date = $date",
    "seconds DESC NULLS LAST, dataset, stage_name",
    needs=("governance.stage_runs",),
)

STALE_RULES = Figure(
    "stale_rules",
    "久不起作用的规则",
    "Rules that tell nothing",
    "连续多次交付没有一行不合格、全部不合格或没有一行可判的规则，和豁免已久的规则：多半是规则、数据或口径该改了。",
    "Rules that never failed, always failed or had nothing to judge for many deliveries, and rules waived for long.",
    columns(
        ("dataset", "dataset", "数据集", "Dataset"),
        ("rule", "rule", "规则", "Rule"),
        ("state", "word", "状态", "State"),
        ("since", "date", "起于", "Since"),
        ("message", "text", "说明", "What"),
    ),
    """SELECT dataset, dataset || '/' || rule_id AS rule, state, since, message FROM governance.stale_rules
WHERE date = $date""",
    "CASE state WHEN 'always_failed' THEN 1 WHEN 'long_waived' THEN 2 WHEN 'never_asked' THEN 3 ELSE 4 END, rule",
    needs=("governance.stale_rules",),
)

BASELINES = Figure(
    "baselines",
    "异常的基线",
    "Baselines of the anomalies",
    "各数据集拿来比的以前的交付（与最近一次同为全量或同为增量的）；不足要求的次数或基线已到期的不比，"
    "所以没有异常不等于没有问题。周期长的数据集只比以前各年的同一季节。"
    "要求的次数、责任人和到期日写在 standards/anomalies.yaml。",
    "Earlier deliveries that the newest is held against (whole with whole, delta with delta). With too few, or an "
    "expired baseline, nothing is compared: no anomaly then means nothing. Declared in standards/anomalies.yaml.",
    columns(
        ("dataset", "dataset", "数据集", "Dataset"),
        ("state", "word", "状态", "State"),
        ("earlier", "count", "以前的交付", "Earlier deliveries"),
        ("least", "count", "至少要有", "Needed"),
        ("owner", "text", "责任人", "Owner"),
        ("until", "date", "到期", "Expires"),
    ),
    f"""WITH b AS ($baselines), m AS (SELECT dataset, max(date) AS last, max_by(mode, date) AS mode FROM
governance.profiles WHERE date <= $date GROUP BY dataset),
n AS (SELECT dataset, count(DISTINCT date) AS earlier FROM governance.profiles JOIN m USING (dataset, mode) JOIN b USING
(dataset) WHERE date < last AND (NOT by_season OR (year(date) < year(last) AND least(abs(dayofyear(date) -
dayofyear(last)), 365 - abs(dayofyear(date) - dayofyear(last))) <= {SEASON_DAYS})) GROUP BY dataset)
SELECT dataset, CASE WHEN until < $date THEN 'expired' WHEN coalesce(earlier, 0) < b.least THEN 'too_few' ELSE
'compared' END AS state, coalesce(earlier, 0) AS earlier, b.least, owner, until FROM b LEFT JOIN n USING (dataset)""",
    "dataset",
    needs=("governance.profiles",),
)

FIGURES: tuple[Figure, ...] = (NIGHTS, STOPPED, STAGES, STALE_RULES, BASELINES)
