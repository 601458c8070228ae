"""The typed registry of declared standards: data elements 数据元, code sets 代码集, dataset contracts 数据集合同, bound
rules.

Everything downstream (SQL, GX suites, Dagster assets and checks, catalogue, documents) is compiled from these values;
nothing here knows of Dagster, GX or DuckDB.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from pydantic import Field, PrivateAttr

from govdata.standards.agreement import (  # what a contract agrees is part of the typed form
    WATERMARK_FILE as WATERMARK_FILE,
)
from govdata.standards.agreement import DeliveryMode as DeliveryMode
from govdata.standards.agreement import Marker as Marker
from govdata.standards.agreement import Schedule as Schedule
from govdata.standards.agreement import Volume as Volume
from govdata.standards.anomaly_settings import Anomalies
from govdata.standards.catalogue_entry import CatalogueEntry, narrower
from govdata.standards.comparisons import Agrees, Excludes, References, Total
from govdata.standards.derivations import Conflicts, Events, Links, Relations, RollUp, Survivors
from govdata.standards.kinds import (  # noqa: F401  what a rule says is part of the typed form
    CheckDigit,
    DateRange,
    Frozen,
    Garbled,
    InCodeSet,
    Length,
    Pattern,
    Range,
    Required,
    Row,
    RuleKind,
    RuleSpec,
    Typed,
    Unique,
)
from govdata.standards.master_model import Master
from govdata.standards.normalisers import NORMALISERS, NormaliserKind, Stage
from govdata.standards.role_settings import Role
from govdata.standards.scoring_settings import Scoring
from govdata.standards.types import TYPES
from govdata.standards.workorder_settings import WorkOrders
from govdata.storage.tables.nights import DIMENSION_NAMES as DIMENSION_NAMES

Dimension = Literal["conformity", "completeness", "accuracy", "consistency", "timeliness", "uniqueness"]
"""Quality dimension in ODCS terms; GB/T 36344-2018: 规范性, 完整性, 准确性, 一致性, 时效性; uniqueness is its 0304
under 准确性."""

Severity = Literal["error", "warning"]
"""``error`` quarantines the row; ``warning`` publishes it and reports."""

SEVERITY_NAMES = {"error": "错误", "warning": "警告"}

if TYPE_CHECKING:
    LogicalType = str
else:
    LogicalType = Literal[tuple(TYPES)]

Grade = Literal["A", "B", "C"]
"""How well a fact is confirmed. A rule that rests on a fact graded C must not quarantine a row."""


class Rule(Frozen):
    """A rule as an element or a contract declares it. In an element's row expression ``value`` stands for the
    column."""

    name: str
    spec: RuleSpec
    dimension: Dimension
    severity: Severity
    message: str
    indicator: str | None = None  # GB/T 36344 indicator code, e.g. 0302
    source: str | None = None  # standard and clause the rule rests on, where it differs from the element's
    grade: Grade = "A"
    empties: bool = False
    """Whether a value that fails it counts as unreadable: published as NULL with a warning where the column is optional
    and no key."""


class BoundRule(Frozen):
    """A rule bound to a dataset. ``id`` is ``<column>.<name>`` or, for a rule of the dataset, ``<name>``;
    ``index`` is its position among the dataset's rules; ``columns`` are all columns it reads, ``column`` the one it is
    told of."""

    id: str
    index: int
    dataset: str
    column: str | None
    columns: tuple[str, ...]
    spec: RuleSpec
    dimension: Dimension
    severity: Severity
    message: str
    indicator: str | None = None
    source: str | None = None
    empties: bool = False

    @property
    def check_name(self) -> str:
        """A name Dagster and GX accept: letters, digits, underscore."""
        return self.id.replace(".", "__")


# ------------------------------------------------------------------------------------------------------------ elements


class Normaliser(Frozen):
    """One step of a column's standardisation, from the closed vocabulary ``govdata.standards.normalisers``."""

    name: str
    args: dict[str, Any] = {}

    @property
    def kind(self) -> NormaliserKind:
        """Raises ``KeyError`` for a normaliser that is no more."""
        return NORMALISERS[self.name]

    @property
    def columns(self) -> dict[str, str]:
        """Argument → name of the other column it makes the step read."""
        return self.kind.columns(self.args)

    def stage(self, *, coded: bool) -> Stage:
        """Where the step is done; ``coded``: whether the column has a code set."""
        return self.kind.stage(self.args, coded=coded)


class Sensitivity(Frozen):
    """``level``: 1–4 of 一般数据 (GB/T 43697-2024 Annex H); ``personal``: class under PIPL; ``mask``: how a display
    hides it."""

    level: int = Field(ge=1, le=4)
    personal: Literal["none", "general", "sensitive"] = "none"
    mask: str | None = None


class Examples(Frozen):
    """Executed as tests. ``valid``: already standard; ``invalid``: value → name of the rule that must fail;
    ``repairs``: delivered text → standard text (dates ISO, numbers plain), which must then be valid; None where it
    becomes NULL."""

    valid: tuple[str, ...] = ()
    invalid: dict[str, str] = {}
    repairs: dict[str, str | None] = {}
    lines: dict[str, int] = {}
    """``<kind>.<value>`` → the line of the page it stands on."""


class Element(Frozen):
    """数据元. ``normalise`` runs in order on the delivered text; a typed element is then parsed into its type, a code
    element mapped through its code set's synonyms. ``authority`` 数源部门: the one department whose word it is, or
    ``each``: every department makes its own."""

    id: str
    name: str
    name_en: str = ""
    definition: str
    standard: str | None = None
    clause: str | None = None
    type: LogicalType
    scale: int | None = None  # decimal: digits behind the point
    code_set: str | None = None
    unit: str | None = None
    normalise: tuple[Normaliser, ...] = ()
    null_tokens: tuple[str, ...] | None = None  # None: the registry's default
    rules: tuple[Rule, ...] = ()
    sensitivity: Sensitivity
    examples: Examples = Examples()
    authority: str | None = None
    file: str = ""
    line: int = 0

    @property
    def basis(self) -> str | None:
        """Standard and clause, written as rules write their ``source``: ``GB 11643-1999 4.1.3``."""
        return " ".join(part for part in (self.standard, self.clause) if part) or None


# ----------------------------------------------------------------------------------------------------------- code sets


class Code(Frozen):
    code: str
    name_zh: str
    name_en: str = ""
    parent: str = ""
    valid_from: str = ""
    valid_to: str = ""
    note: str = ""
    successor: str = ""
    local: bool = False  # from an overlay file of the deployment


def bearers(named: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    """Name → the codes that bear it, of (name, code)."""
    found: dict[str, set[str]] = {}
    for name, code in named:
        found.setdefault(name, set()).add(code)
    return found


def unambiguous(named: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Name → code, of (name, code), where only one code bears the name."""
    return {name: next(iter(codes)) for name, codes in bearers(named).items() if len(codes) == 1}


class CodeSet(Frozen):
    """代码集. A code may stand in several rows with disjoint validity. ``synonyms`` maps source values to codes; the
    codes' own names are source values too when ``accept_names`` (only names that stand for exactly one code)."""

    id: str
    name: str
    standard: str
    edition: str | None = None
    valid_from: str | None = None
    source: str
    grade: Grade
    file: str
    accept_names: bool = True
    hierarchical: bool = False
    """Whether a code without its trailing zeros begins the narrower codes below it (20 已婚, 21 初婚)."""
    finer: bool = False
    """Whether there are narrower terms than the set has, which may stand beside its codes (190101-花园街道)."""
    validity: Literal["date", "year"] = "date"
    codes: tuple[Code, ...]
    synonyms: dict[str, str] = {}
    affixes: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    """What may stand before and behind a name or synonym and says nothing about the code (函授本科, 高中文化程度)."""


# ----------------------------------------------------------------------------------------------------------- contracts


class Column(Frozen):
    """A column of a contract. ``headers`` are what it may arrive under (its own name always is). ``synonyms`` are
    source values of this department alone, tried before the code set's. ``former_names`` are what the contract called
    the column earlier: what was published under them is read as this column. ``may_vanish``: deliveries lawfully come
    with and without it."""

    name: str
    title: str
    element: str
    required: bool = False
    primary_key: bool = False
    headers: tuple[str, ...] = ()
    synonyms: dict[str, str] = {}
    former_names: tuple[str, ...] = ()
    may_vanish: bool = False
    # False: a file without the column is refused. Unless said otherwise a required column must be there and any other
    # may be missing.
    optional_header: bool = Field(default_factory=lambda said: not said["required"])
    normalise: tuple[Normaliser, ...] | None = None  # replaces the element's steps where the delivery needs others
    description: str = ""
    sharing: str | None = None
    opening: str | None = None
    secret: bool = False


class Dataset(Frozen):
    """数据集合同, read from one ODCS file. ``derived``: how the table is made of published ones; None: a department
    delivers it. ``entry``: its place in the catalogue of government data; None: it is not registered there."""

    name: str
    title: str
    domain: str
    owner: str
    version: str
    purpose: str = ""
    limitations: str = ""
    delivery: DeliveryMode
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = ()
    volume: Volume = Volume()
    schedule: Schedule = Schedule()
    sharing: Literal["unconditional", "conditional", "none"] = "conditional"
    derived: RollUp | Links | Survivors | Conflicts | Events | Relations | None = None
    entry: CatalogueEntry | None = None
    file: str = ""

    @property
    def origin(self) -> Literal["landing", "source", "derived"]:
        """Delivered as files, pulled from a department's table, or made of published tables."""
        if self.derived is not None:
            return "derived"
        return "landing" if self.delivery.watermark is None else "source"

    @property
    def key(self) -> tuple[str, ...]:
        """The columns by which a record is known from delivery to delivery."""
        return self.delivery.key or tuple(column.name for column in self.columns if column.primary_key)

    @property
    def schema_name(self) -> str:
        """The catalogue's schema that shows it."""
        return self.derived.SCHEMA if self.derived is not None else "published"

    @property
    def own_checks(self) -> Mapping[str, str]:
        """What must hold of it as a whole beside the checks of every table: name → description."""
        return self.derived.CHECKS if self.derived is not None else {}

    def item_sharing(self, column: Column, element: Element) -> str:
        """The class of one item: as declared, else the table's, but nothing sensitive without conditions."""
        bound = "conditional" if element.sensitivity.personal == "sensitive" else "unconditional"
        return column.sharing or narrower(self.sharing, bound)

    def item_opening(self, column: Column, element: Element) -> str:
        """The same of opening to the public; nothing that is not in the catalogue is opened."""
        if column.opening is not None or self.entry is None:
            return column.opening or "none"
        bound = "none" if element.sensitivity.personal == "sensitive" else self.item_sharing(column, element)
        return narrower(self.entry.opening, bound)

    def column(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


class CrossRule(Frozen):
    """``id``: its name, unique in the deployment. ``kind``: a name in ``KINDS``; ``spec``: what that kind is written
    with. ``links``: of a reference that may be found by master, the table of links and its column of masters.
    ``catalogue``: its number in the catalogue of rules between departments (docs/masters.md)."""

    id: str
    dataset: str
    kind: str
    spec: References | Excludes | Agrees
    column: str
    dimension: Dimension
    severity: Severity
    message: str
    owner: str
    indicator: str | None = None
    source: str | None = None
    links: tuple[str, str] | None = None
    catalogue: str | None = None

    @property
    def condition(self) -> str | None:
        """The expression over both sides, where the kind has one."""
        return getattr(self.spec, "row", None)

    @property
    def texts(self) -> tuple[str, ...]:
        """Every row expression that it is written with."""
        total: Total | None = getattr(self.spec, "total", None)
        added = (total.of, total.above) if total is not None else ()
        return tuple(text for text in (self.spec.where, self.spec.other, self.condition, *added) if text is not None)

    @property
    def tables(self) -> tuple[str, ...]:
        """The published tables the rule reads, each once."""
        third = [lookup.table] if (lookup := getattr(self.spec, "lookup", None)) is not None else []
        return tuple(dict.fromkeys((self.dataset, self.spec.table, *third, *(self.links or ())[:1])))


Made = TypeVar("Made")


class Kept:
    """What was worked out from a registry: no part of what it says, so never what two of them differ by."""

    def __init__(self) -> None:
        self.made: dict[Hashable, tuple[object, Any]] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Kept)

    __hash__ = None  # type: ignore[assignment]


class Registry(Frozen):
    """All declared standards of a deployment, checked. ``null_tokens``: source texts that mean "no value" wherever an
    element names none. ``hashes``: dataset name → hash of everything declared that the dataset's result depends on.
    ``cross``: rules across tables, by id. ``masters``: kinds of master data, by name. ``workorders``: how what is wrong
    is told to departments and followed up; ``working_days``: day → whether it is worked, where the officer says so;
    ``scoring``: how quality is scored; ``anomalies``: what counts as unusual; ``roles``: who
    sees which values in full; ``folder``: what it was read from."""

    elements: dict[str, Element]
    code_sets: dict[str, CodeSet]
    datasets: dict[str, Dataset]
    null_tokens: tuple[str, ...]
    bound: dict[str, tuple[BoundRule, ...]]
    hashes: dict[str, str]
    cross: tuple[CrossRule, ...] = ()
    masters: dict[str, Master] = {}
    folder: Path = Path()
    workorders: WorkOrders = WorkOrders()
    working_days: dict[Date, bool] = {}
    scoring: Scoring = Scoring()
    anomalies: Anomalies = Anomalies()
    roles: dict[str, Role] = {}
    _kept: Kept = PrivateAttr(default_factory=Kept)

    def keep(self, key: Hashable, make: Callable[[], Made], version: object = None) -> Made:
        """What ``make`` gave when ``key`` was first asked for, or when last with another ``version``. It lives as long
        as the registry does, so that nothing compiled can outlive the standards it was compiled from."""
        known = self._kept.made.get(key)
        if known is None or known[0] != version:
            known = self._kept.made[key] = (version, make())
        made: Made = known[1]
        return made

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy may say something else, so it keeps nothing."""
        copied = super().model_copy(update=update, deep=deep)
        copied._kept = Kept()
        return copied

    @property
    def delivered(self) -> tuple[str, ...]:
        """The datasets that departments deliver, by name."""
        return tuple(name for name in sorted(self.datasets) if self.datasets[name].derived is None)

    @property
    def derived(self) -> tuple[str, ...]:
        """The tables made of published ones, each after those it reads."""
        order: dict[str, None] = {}

        def place(name: str) -> None:
            made = self.datasets[name].derived
            if made is not None and name not in order:
                for table in self.inputs(name):
                    place(table)
                order[name] = None

        for name in sorted(self.datasets):
            place(name)
        return tuple(order)

    def inputs(self, dataset: str) -> tuple[str, ...]:
        """The published tables that a derived one is made of."""
        made = self.datasets[dataset].derived
        return made.inputs(self.masters) if made is not None else ()

    def rules(self, dataset: str) -> tuple[BoundRule, ...]:
        """The dataset's rules in the order of their bits: columns in contract order (required, type, code set, the
        element's own), then the contract's own rules."""
        return self.bound[dataset]

    def is_unique(self, dataset: str, key: Collection[str]) -> bool:
        """Whether the standards see to it that no two clean rows of a delivery share the columns ``key``."""
        return any(
            isinstance(rule.spec, Unique)
            and rule.severity == "error"
            and rule.spec.columns
            and set(rule.spec.columns) <= set(key)
            for rule in self.rules(dataset)
        )

    def element(self, dataset: str, column: str) -> Element:
        return self.elements[self.datasets[dataset].column(column).element]
