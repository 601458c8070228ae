"""When a delivery counts as unusual, as an officer declares it in ``standards/anomalies.yaml``.

Baselines are learnt from a dataset's own past deliveries. Somebody answers for each (``owner``), and it expires: a
threshold that nobody looks at any more must not go on crying.
"""

from __future__ import annotations

from datetime import date as Date
from typing import Annotated

from pydantic import Field

from govdata.standards.written import IsoDate, Maybe, Name, Text, Written

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1, le=1000)]

RARE_DAYS, SEASON_DAYS, SEASONS = 60, 45, 2
"""A dataset whose period is longer than the first is compared with its deliveries of other years within so many days of
the day of the year, of which so many are enough."""


class Sensitivity(Written):
    """灵敏程度"""

    deviations: Annotated[float, Field(ge=2, le=100)] = Field(5.0, description="偏离历史波动（稳健标准差）多少倍才算")
    volume: Share = Field(0.25, description="行数至少差多少（占通常的比例）才算")
    share: Share = Field(0.1, description="空值、不同值的比例至少差多少才算")
    psi: Annotated[float, Field(gt=0, le=10)] = Field(0.25, description="分布的 PSI 至少多少才算")
    min_rows: Annotated[int, Field(ge=1)] = Field(30, description="通常不到这么多行的（整次或一个区划）不比")


class Baseline(Written):
    """一个数据集的基线"""

    owner: Maybe[Text] = Field(None, description="责任人；默认用总的")
    until: Maybe[IsoDate] = Field(None, description="到期日 YYYY-MM-DD；默认用总的")
    ignore: list[Name] = Field([], description="不比的列")
    sensitivity: Maybe[Sensitivity] = Field(None, description="另定的灵敏程度")


class Anomalies(Written):
    """异常提示的设置"""

    owner: Text = Field("数据局", description="基线的责任人")
    until: Maybe[IsoDate] = Field(None, description="全部基线的到期日；不写则不到期")
    history: Annotated[int, Field(ge=14, le=1000)] = Field(120, description="看最近多少次交付")
    least: Count = Field(14, description="历史不足这么多次交付的不比")
    sensitivity: Sensitivity = Field(Sensitivity(), description="灵敏程度")
    baselines: dict[Name, Baseline] = Field({}, description="数据集: 它的基线")
    stale_nights: Count = Field(60, description="规则连续这么多次交付从未（或全部）不合格即列出")
    waived_days: Annotated[int, Field(ge=1)] = Field(180, description="豁免这么多天以上即列出")

    def owner_of(self, dataset: str) -> str:
        return (self.baselines[dataset].owner if dataset in self.baselines else None) or self.owner

    def until_of(self, dataset: str) -> Date | None:
        own = self.baselines[dataset].until if dataset in self.baselines else None
        text = own or self.until
        return Date.fromisoformat(text) if text else None

    def sensitivity_of(self, dataset: str) -> Sensitivity:
        return (self.baselines[dataset].sensitivity if dataset in self.baselines else None) or self.sensitivity

    def ignored(self, dataset: str) -> frozenset[str]:
        return frozenset(self.baselines[dataset].ignore) if dataset in self.baselines else frozenset()
