"""The written form of the standards, as pydantic models: what an element page, the code-set index and a contract may
say.

Two things come from these models and so cannot drift apart: the checks of the loader, and the JSON Schemas an officer's
editor completes from (``govdata.standards.schemas``). Descriptions are Chinese because the editor shows them.
Where a contract carries keys of ODCS v3.1.0 that govdata does not read, they are named here and left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, create_model
from pydantic.json_schema import SkipJsonSchema

from govdata.standards.catalogue_entry import CatalogueEntry
from govdata.standards.derivations import DERIVATIONS
from govdata.standards.kinds import WRITTEN
from govdata.standards.model import Dimension, Grade, LogicalType, Severity
from govdata.standards.normalisers import NORMALISERS
from govdata.standards.spelling import suggestion
from govdata.standards.types import TYPES
from govdata.standards.written import Indicator, Maybe, Name, Sharing, Text, Written
from govdata.storage.tables.system_columns import UNPARSED


def _step(value: Any) -> tuple[str, dict[str, Any]]:
    """``halfwidth`` or ``{unit_suffix: {units: [克, g]}}`` → (name, arguments); raises ValueError in Chinese."""
    if isinstance(value, str):
        name = value
        arguments: Any = {}
    elif isinstance(value, dict) and len(value) == 1:
        name, arguments = next(iter(value.items()))
        if not isinstance(arguments, dict):
            raise ValueError(f"标准化步骤 {name} 的参数应为映射，如 {{{name}: {{参数: 值}}}}")
    else:
        raise ValueError("标准化步骤应为名称，或只有一个键的映射 {名称: {参数: 值}}")
    if name not in NORMALISERS:
        raise ValueError(f"没有名为“{name}”的标准化步骤{suggestion(name, NORMALISERS)}")
    declared = {item.name: item for item in NORMALISERS[name].arguments}
    for argument, given in arguments.items():
        if argument not in declared:
            raise ValueError(f"标准化步骤 {name} 没有参数“{argument}”（可用：{'、'.join(declared) or '无参数'}）")
        if refusal := declared[argument].refusal(given):
            raise ValueError(f"标准化步骤 {name} 的参数 {argument} {refusal}")
    if missing := [key for key, item in declared.items() if key not in arguments and not item.optional]:
        raise ValueError(f"标准化步骤 {name} 缺少参数：{'、'.join(missing)}")
    if contradiction := NORMALISERS[name].contradiction(arguments):
        raise ValueError(f"标准化步骤 {name}：{contradiction}")
    return name, arguments


def _step_schema() -> dict[str, Any]:
    plain, with_arguments = [], []
    for name, kind in NORMALISERS.items():
        required = [item.name for item in kind.arguments if not item.optional]
        if not required:
            plain.append({"const": name, "description": kind.title})
        if kind.arguments:
            properties = {item.name: item.schema() for item in kind.arguments}
            body = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
            one_key = {"type": "object", "properties": {name: body}, "required": [name], "additionalProperties": False}
            with_arguments.append({**one_key, "description": kind.title})
    return {"oneOf": plain + with_arguments}


Step = Annotated[Any, BeforeValidator(_step), WithJsonSchema(_step_schema())]


# ------------------------------------------------------------------------------------------------------------ elements


KINDS = tuple(WRITTEN)
"""What a written rule checks; each rule names exactly one. The implied rules ``type`` and ``code_set`` name none."""

_NAMED: list[dict[str, Any]] = [{"required": [kind]} for kind in KINDS]
_ONE_KIND: dict[str, Any] = {"oneOf": [*_NAMED, {"not": {"anyOf": _NAMED}}]}


class _RuleFacts(Written):
    """One rule of an element, besides what it checks."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, json_schema_extra=_ONE_KIND)

    dimension: Maybe[Dimension] = Field(None, description="质量维度（GB/T 36344）")
    severity: Maybe[Severity] = Field(None, description="error 隔离该行；warning 只报告")
    message: Maybe[Text] = Field(None, description="给来源部门看的中文说明")
    indicator: Maybe[Indicator] = Field(None, description="GB/T 36344 指标编号，如 '0302'")
    source: Maybe[Text] = Field(None, description="规则依据的标准和条款，与数据元不同时填写")
    grade: Grade = Field("A", description="依据的可信程度；C 级不得隔离数据")
    empties: Maybe[bool] = Field(
        None,
        description="不通过的值按读不出处理：选填且不是主键的列发布为空，只提示，"
        f"原文留在 {UNPARSED}；必填列和主键仍按 severity。"
        "隐含规则 type、code_set 为 error 时默认如此",
    )


_checked: dict[str, Any] = {
    key: (Maybe[form.annotation], Field(None, description=form.description))  # type: ignore[misc, name-defined]
    for key, (_, form) in WRITTEN.items()
}
if TYPE_CHECKING:
    RuleEntry = _RuleFacts
else:
    RuleEntry = create_model("RuleEntry", __base__=_RuleFacts, __doc__="One rule of an element.", **_checked)


class SensitivityEntry(Written):
    level: Annotated[int, Field(ge=1, le=4)] = Field(description="一般数据的级别 1–4（GB/T 43697-2024 附录H）")
    personal: Literal["none", "general", "sensitive"] = Field("none", description="个人信息类别：非个人、一般、敏感")
    mask: Maybe[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]] = Field(None, description="展示时的脱敏方式")


class ExamplesEntry(Written):
    valid: list[str] = Field([], description="已符合标准的值")
    invalid: dict[str, str] = Field({}, description="不合格的值: 应不通过的规则名")
    repairs: dict[str, str | None] = Field({}, description="交付的写法: 标准写法（null 表示视为空）")


class ElementEntry(Written):
    """数据元"""

    name: Text = Field(description="中文名称")
    name_en: Maybe[Text] = Field(None, description="英文名称，可省略")
    definition: Text = Field(description="定义")
    standard: Maybe[Text] = Field(None, description="标准编号和年份，如 GB 11643-1999")
    clause: Maybe[Text] = Field(None, description="条款，加引号")
    type: LogicalType = Field(description="类型")
    scale: Maybe[Annotated[int, Field(ge=0, le=12)]] = Field(None, description="小数位数，只用于 decimal")
    code_set: Maybe[Name] = Field(None, description="代码集，只用于 code")
    unit: Maybe[Text] = Field(None, description="计量单位")
    normalise: list[Step] = Field([], description="标准化步骤，按顺序执行")
    null_tokens: Maybe[list[str]] = Field(None, description="视为空的写法，替换默认列表")
    rules: dict[Name, RuleEntry] = Field({}, description="规则名: 规则")
    sensitivity: SensitivityEntry = Field(description="敏感级别")
    examples: ExamplesEntry = Field(ExamplesEntry(), description="示例，作为测试执行")
    authority: Maybe[Text] = Field(
        None, description="数源部门：几个部门都有这一数据元时以谁的为准；each 为各部门各自产生"
    )


_WORDS = {"type": "array", "items": {"type": "string"}}
NullTokens = Annotated[
    dict[LogicalType | Literal["all"], list[str]],
    BeforeValidator(lambda written: {"all": written} if isinstance(written, list) else written),
    WithJsonSchema(
        {
            "oneOf": [
                _WORDS,
                {"type": "object", "propertyNames": {"enum": ["all", *TYPES]}, "additionalProperties": _WORDS},
            ]
        }
    ),
]
"""Words that mean "no value": for every type, or by type."""


class DefaultsFile(Written):
    """elements/_defaults.yaml"""

    null_tokens: NullTokens = Field(
        description="默认视为空的写法：列表用于各类型；或写 all: 列表，另按类型增加。代码集认得的词不算空"
    )
    rules: dict[Name, RuleEntry] = Field(
        {}, description="公共规则：数据元写同名规则而不写检查内容时采用，可改 severity、message 等"
    )
    lists: dict[Name, Annotated[list[Text], Field(min_length=1)]] = Field(
        {}, description="名称: 列表。标准化步骤的参数可以只写名称"
    )


# ----------------------------------------------------------------------------------------------------------- code sets


class Affixes(Written):
    """词缀"""

    before: list[Text] = Field([], description="前面可以带的字样")
    behind: list[Text] = Field([], description="后面可以带的字样")


class CodeSetEntry(Written):
    """代码集"""

    name: Text = Field(description="代码集名称")
    standard: Text = Field(description="标准编号")
    edition: Maybe[Text] = Field(None, description="版次（年份加引号）")
    valid_from: Maybe[Annotated[str, Field(pattern=r"^[0-9]{4}(-[0-9]{2}-[0-9]{2})?$")]] = Field(
        None, description="实施日期 YYYY-MM-DD 或年份"
    )
    source: Text = Field(description="来源")
    grade: Grade = Field(description="可信程度：A 多源核对，B 单一可靠来源，C 待核")
    file: Maybe[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}\.csv$")]] = Field(
        None, description="文件名，须为 <标识>.csv，可省略"
    )
    accept_names: bool = Field(True, description="代码名称（无歧义时）也可作为来源值")
    affixes: Affixes = Field(Affixes(), description="名称和同义词前后可以带、不改变代码的字样，如学历前的“函授”")
    hierarchical: bool = Field(
        False, description="层次码：去掉末尾的0就是下级代码的开头（如20已婚、21初婚），标签比代码更细或更粗都算相符"
    )
    finer: bool = Field(False, description="代码之下还有本代码集没有收的细目（如乡镇、村），代码旁可以写这些名称")
    validity: Literal["date", "year"] = Field("date", description="有效期的单位：日期或年份")


# ----------------------------------------------------------------------------------------------------------- contracts

Ignored = Any | SkipJsonSchema[None]
"""A key of ODCS that govdata does not read; the official JSON Schema says what it may hold."""


class CustomProperty(Written):
    property: Text
    value: Any = None
    id: Ignored = None
    description: Ignored = None


class DescriptionEntry(Written):
    purpose: str = ""
    limitations: str = ""
    usage: Ignored = None
    authoritativeDefinitions: Ignored = None
    customProperties: Ignored = None


class TeamEntry(Written):
    name: Text
    id: Ignored = None
    description: Ignored = None
    members: Ignored = None
    tags: Ignored = None
    customProperties: Ignored = None
    authoritativeDefinitions: Ignored = None


class SlaEntry(Written):
    property: Text
    value: Any = None
    unit: str | None = None
    id: Ignored = None
    valueExt: Ignored = None
    element: Ignored = None
    driver: Ignored = None
    description: Ignored = None
    scheduler: Ignored = None
    schedule: Ignored = None


class Implementation(Written):
    """What a rule of the dataset checks: ``row`` or ``unique``, and where it rests."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        json_schema_extra={"oneOf": [{"required": ["row"]}, {"required": ["unique"]}]},
    )

    row: Maybe[Text] = Field(None, description="行表达式，为假的行不通过")
    unique: Maybe[Annotated[list[Name], Field(min_length=1)]] = Field(None, description="合起来不得重复的列")
    columns: Maybe[Annotated[list[Name], Field(min_length=1)]] = Field(
        None, description="涉及的列，第一列是问题所归的列"
    )
    indicator: Maybe[Indicator] = Field(None, description="GB/T 36344 指标编号")
    source: Maybe[Text] = Field(None, description="依据的标准和条款")
    grade: Grade = Field("A", description="依据的可信程度；C 级不得隔离数据")


class QualityEntry(Written):
    type: Literal["text", "library", "sql", "custom"] = "library"
    name: str | None = None
    description: str | None = None
    dimension: str | None = None
    severity: str | None = None
    engine: str | None = None
    implementation: Ignored = None
    id: Ignored = None
    authoritativeDefinitions: Ignored = None
    businessImpact: Ignored = None
    customProperties: Ignored = None
    method: Ignored = None
    schedule: Ignored = None
    scheduler: Ignored = None
    tags: Ignored = None
    unit: Ignored = None
    metric: Ignored = None
    rule: Ignored = None
    arguments: Ignored = None
    query: Ignored = None
    mustBe: Ignored = None
    mustNotBe: Ignored = None
    mustBeGreaterThan: Ignored = None
    mustBeGreaterOrEqualTo: Ignored = None
    mustBeLessThan: Ignored = None
    mustBeLessOrEqualTo: Ignored = None
    mustBeBetween: Ignored = None
    mustNotBeBetween: Ignored = None


class GovdataRule(Written):
    """A quality entry with ``engine: govdata``."""

    name: Name
    description: Text = Field(description="给来源部门看的中文说明")
    type: Literal["custom"]
    engine: Literal["govdata"]
    dimension: Dimension
    severity: Severity
    implementation: Implementation


class PropertyEntry(Written):
    name: Name
    businessName: str | None = None
    description: str = ""
    logicalType: str | None = None
    required: bool = False
    primaryKey: bool = False
    primaryKeyPosition: int | None = None
    unique: bool = False
    customProperties: list[CustomProperty] = []
    quality: list[QualityEntry] = []
    logicalTypeOptions: Ignored = None
    id: Ignored = None
    physicalType: Ignored = None
    physicalName: Ignored = None
    partitioned: Ignored = None
    partitionKeyPosition: Ignored = None
    classification: Ignored = None
    encryptedName: Ignored = None
    transformSourceObjects: Ignored = None
    transformLogic: Ignored = None
    transformDescription: Ignored = None
    examples: Ignored = None
    criticalDataElement: Ignored = None
    relationships: Ignored = None
    authoritativeDefinitions: Ignored = None
    tags: Ignored = None


class SchemaEntry(Written):
    name: Name
    businessName: str | None = None
    properties: Annotated[list[PropertyEntry], Field(min_length=1)]
    quality: list[QualityEntry] = []
    customProperties: list[CustomProperty] = []
    id: Ignored = None
    physicalType: Ignored = None
    physicalName: Ignored = None
    description: Ignored = None
    logicalType: Ignored = None
    dataGranularityDescription: Ignored = None
    relationships: Ignored = None
    authoritativeDefinitions: Ignored = None
    tags: Ignored = None


class ContractFile(Written):
    apiVersion: Literal["v3.1.0"]
    kind: Literal["DataContract"]
    id: Text
    name: Text
    version: Text
    status: Text
    domain: Text
    team: TeamEntry
    description: DescriptionEntry = DescriptionEntry()
    slaProperties: list[SlaEntry] = []
    schema_: Annotated[list[SchemaEntry], Field(min_length=1, max_length=1, alias="schema")]
    tenant: Ignored = None
    tags: Ignored = None
    servers: Ignored = None
    dataProduct: Ignored = None
    support: Ignored = None
    price: Ignored = None
    roles: Ignored = None
    slaDefaultElement: Ignored = None
    authoritativeDefinitions: Ignored = None
    customProperties: Ignored = None
    contractCreatedTs: Ignored = None


class MarkerEntry(Written):
    name: Text = Field(
        description="标记文件的名称；含 {file}（数据文件名）或 {stem}（去掉扩展名）的每个数据文件一个，否则整份交付一个"
    )
    checksum: Maybe[Literal["md5", "sha1", "sha256", "sm3"]] = Field(
        None, description="标记文件里写的是哪种校验值；名称以它结尾的不必写"
    )
    count: Maybe[Text] = Field(
        None, description="从标记文件里取记录数的正则表达式，正好一个括号组，如 'COUNT=([0-9]+)'"
    )


class DeliveryEntry(Written):
    mode: Literal["snapshot", "delta"] = Field(description="snapshot 每次交付全量；delta 交付变化，按键合并")
    key: list[Name] = Field([], description="合并的键；delta 必填")
    operation: Maybe[Name] = Field(None, description="存放 I、U、D 的列")
    snapshot_files: list[Text] = Field([], description="文件名通配；delta 数据集中匹配的文件为全量")
    settle: Annotated[int, Field(ge=0, le=86_400)] = Field(
        0, description="文件最后一次写入后须静置的秒数，未满则视为没有传完；0 不要求"
    )
    marker: Maybe[MarkerEntry] = Field(None, description="部门传完数据后放的标记文件；没有它就视为没有传完")
    watermark: Maybe[Text] = Field(
        None,
        description="数据由程序从部门的库表抽取：按库表的哪一列抽取。抽取程序把起止写在数据旁的 _watermark.json",
    )
    ignored_sheets: list[Text] = Field(
        [], description="工作表名通配；这些工作表即使像有记录也不属于本数据集，可以不读；默认：有记录而没读的，不发布"
    )
    totals: Literal["match", "told"] = Field(
        "match", description="文件里写明的记录数（共 N 条、某市（N所））：match 与读到的不符时不发布；told 只提示"
    )


class VolumeEntry(Written):
    min_rows: Annotated[int, Field(ge=0)] = Field(1, description="发布后至少的行数")
    max_rows: Maybe[Annotated[int, Field(ge=1)]] = Field(None, description="发布后至多的行数")
    max_change: Maybe[Annotated[float, Field(ge=0)]] = Field(None, description="与上次相比行数变化的上限（比例）")
    max_quarantine: Annotated[float, Field(ge=0, le=1)] = Field(0.2, description="隔离行占比的上限")
    max_rejected: Annotated[float, Field(ge=0, le=1)] = Field(0.05, description="拒收（读不出的）记录占比的上限")


class Override(Written):
    severity: Maybe[Severity] = None
    message: Maybe[Text] = None
    disabled: Maybe[Literal[True]] = Field(None, description="不用此规则")


_origin: dict[str, Any] = {
    name: (Maybe[kind], Field(None, description=kind.SUMMARY))  # type: ignore[valid-type, misc]
    for name, kind in DERIVATIONS.items()
}
if TYPE_CHECKING:
    Origin = Written
else:
    Origin = create_model("Origin", __base__=Written, __doc__="表从哪里来：生成方式之一", **_origin)


class DatasetProperties(Written):
    """customProperties of the schema object."""

    delivery: Maybe[DeliveryEntry] = Field(None, description="交付方式；部门交付的数据集必填")
    origin: Maybe[Origin] = Field(None, description="由已发布的表生成：{方式: 参数}；部门交付的数据集不写")
    volume: VolumeEntry = Field(VolumeEntry(), description="数据量界限")
    overrides: dict[Text, Override] = Field(
        {}, description="整个数据集的规则的改动，规则名: 改动，如 primary_key_unique；列上的规则写在该列"
    )
    sharing: Sharing = Field("conditional", description="共享属性：无条件、有条件、不予共享")
    catalogue: Maybe[CatalogueEntry] = Field(None, description="在政务数据目录中的条目；不写则不登记")


class ColumnProperties(Written):
    """customProperties of a property."""

    element: Name = Field(description="数据元的标识")
    headers: list[Text] = Field([], description="交付文件里可能的表头")
    synonyms: dict[Text, Text] = Field({}, description="本部门特有的来源值: 代码")
    normalise: Maybe[list[Step]] = Field(None, description="替换数据元的标准化步骤")
    optional_header: Maybe[bool] = Field(None, description="交付文件可以没有此列；默认：非必填列可以没有")
    overrides: dict[Name, Override] = Field({}, description="规则名: 改动")
    former_names: list[Name] = Field([], description="合同里本列以前的列名；以前按旧名发布的值照样读出")
    may_vanish: bool = Field(False, description="交付文件可以时有时无此列；默认：上次有而这次没有的，不发布")
    sharing: Maybe[Sharing] = Field(None, description="本列的共享属性；不写则同数据集，敏感个人信息至多有条件")
    opening: Maybe[Sharing] = Field(None, description="本列的开放属性；不写则同条目，敏感个人信息不开放")
    secret: bool = Field(False, description="是否涉密；涉密的不得进入本目录")
