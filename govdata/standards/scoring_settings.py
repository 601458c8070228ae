"""How quality is scored, as an officer declares it in ``standards/scoring.yaml``.

GB/T 36344-2018 says what is measured (A, B, A/B) and sets neither weights nor a pass mark. So weights, levels, cards
and the conditions of a ranking are settings: each with its source, the day from which it holds and how well it is
confirmed. Without the file the defaults below hold.
"""

from __future__ import annotations

from datetime import date as Date
from typing import Annotated, Literal

from pydantic import Field

from govdata.standards.validity import in_force
from govdata.standards.written import IsoDate, Maybe, Name, Text, Written

Grade = Literal["A", "B", "C", "P"]
"""As everywhere; ``P``: a proposal of this project that rests on no source."""

Share = Annotated[float, Field(ge=0, le=1)]
Score = Annotated[float, Field(ge=0, le=100)]
Weight = Annotated[float, Field(ge=0, le=1000)]
_PROPOSAL = "本项目的建议，按本地考核办法修改"


class Sourced(Written):
    """Base of a setting that says where it comes from and since when it holds."""

    source: Text = Field(description="依据的文件和条款，或惯例")
    grade: Grade = Field("A", description="依据的可信程度；C 级是惯例；P 是本项目的建议，没有依据")
    valid_from: Maybe[IsoDate] = Field(None, description="从哪一天起执行 YYYY-MM-DD；不写为一直")


class WeightsEntry(Sourced):
    """GB/T 36344 六个维度的权重；时效性分两项：行内的时间（timeliness）和交付是否按时（punctuality）。只看比例"""

    conformity: Weight = Field(description="规范性")
    completeness: Weight = Field(description="完整性")
    accuracy: Weight = Field(description="准确性（含唯一性，指标 0304）")
    consistency: Weight = Field(description="一致性（含跨表规则）")
    timeliness: Weight = Field(description="时效性：行内的时间（指标 0501、0503）")
    punctuality: Weight = Field(description="时效性：按时交付（指标 0502）")
    accessibility: Weight = Field(0.0, description="可访问性；现在不评估")


class Band(Written):
    """一个等级"""

    name: Text = Field(description="等级名称")
    at_least: Score = Field(description="得分达到即为此等级")


class LevelsEntry(Sourced):
    """等级：从高到低，最低的一级从 0 开始"""

    bands: Annotated[list[Band], Field(min_length=1)] = Field(description="从高到低")


class Bounds(Written):
    """一项得分的绿、红界限"""

    green: Score = Field(description="达到才可为绿牌")
    red: Score = Field(description="低于即为红牌")


class CardsEntry(Sourced):
    """给牌：任一项低于红牌界限为红牌；两项都达到绿牌界限为绿牌；其余为黄牌；有一项未评估的不给牌"""

    punctuality: Bounds = Field(description="按时交付率")
    quality: Bounds = Field(description="数据质量得分（不含按时交付）")


class RankingEntry(Sourced):
    """红黑榜：评估覆盖率和评估行数都达到的才上榜；得分相同的名次相同"""

    min_coverage: Share = Field(description="评估到的列占全部列的比例至少为")
    min_rows: Annotated[int, Field(ge=0)] = Field(description="评估的行数至少为")


class WindowEntry(Sourced):
    """按时交付率看最近多少个交付日期"""

    dates: Annotated[int, Field(ge=1, le=366)] = Field(description="交付日期数")


Weights = Annotated[list[WeightsEntry], Field(min_length=1)]
Levels = Annotated[list[LevelsEntry], Field(min_length=1)]
Cards = Annotated[list[CardsEntry], Field(min_length=1)]
Rankings = Annotated[list[RankingEntry], Field(min_length=1)]
Windows = Annotated[list[WindowEntry], Field(min_length=1)]

_WEIGHTS = WeightsEntry(
    conformity=20.0,
    completeness=20.0,
    accuracy=20.0,
    consistency=20.0,
    timeliness=10.0,
    punctuality=10.0,
    source="等权，见于多地的质量平台",
    grade="B",
)
_LEVELS = LevelsEntry(
    bands=[
        Band(name="优秀", at_least=80.0),
        Band(name="良好", at_least=60.0),
        Band(name="中等", at_least=40.0),
        Band(name="不及格", at_least=0.0),
    ],
    source="见于一地的质量平台",
    grade="B",
)
_CARDS = CardsEntry(
    punctuality=Bounds(green=80.0, red=50.0),
    quality=Bounds(green=80.0, red=50.0),
    source="见于一地的质量平台",
    grade="B",
)


class Scoring(Written):
    """数据质量评分的设置"""

    weights: Weights = Field([_WEIGHTS], description="权重；可写几项，按 valid_from 取当时有效的（以下各项同）")
    levels: Levels = Field([_LEVELS], description="等级")
    cards: Cards = Field([_CARDS], description="给牌")
    ranking: Rankings = Field(
        [RankingEntry(min_coverage=0.5, min_rows=100, source=_PROPOSAL, grade="P")], description="红黑榜"
    )
    window: Windows = Field([WindowEntry(dates=30, source=_PROPOSAL, grade="P")], description="按时交付率的期间")
    divisions: dict[Name, Name] = Field({}, description="数据集: 存放区划代码的列。写了的数据集按区划逐级评分")

    def on(self, date: Date) -> Scheme:
        """What holds on a day."""
        return Scheme(
            weights=in_force(self.weights, date),
            levels=in_force(self.levels, date),
            cards=in_force(self.cards, date),
            ranking=in_force(self.ranking, date),
            window=in_force(self.window, date),
        )


class Scheme(Written):
    """The settings in force on one day."""

    weights: WeightsEntry
    levels: LevelsEntry
    cards: CardsEntry
    ranking: RankingEntry
    window: WindowEntry


PARTS: dict[str, tuple[str, str]] = {
    "conformity": ("规范性", ""),
    "completeness": ("完整性", ""),
    "accuracy": ("准确性", ""),
    "consistency": ("一致性", ""),
    "timeliness": ("时效性", "行内时间"),
    "punctuality": ("时效性", "按时交付"),
    "accessibility": ("可访问性", ""),
}
"""What is weighted → dimension of GB/T 36344, and which part of it where a dimension has two."""

PART_OF: dict[str, str] = {name: name for name in PARTS if name != "punctuality"} | {"uniqueness": "accuracy"}
"""A rule's dimension → what it is weighted as; uniqueness is indicator 0304, under 准确性."""
