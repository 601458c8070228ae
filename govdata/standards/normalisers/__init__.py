"""The closed vocabulary of normalisers, one class in one file each. A new normaliser: its file with its examples, and
its place in ``ALL``.

What it makes of a text stands in the class as a tree (``govdata.trees``), which knows no engine. Its form in YAML, the
JSON Schemas of editors and the reference page (``govdata.standards.reference``) are made from the classes.
"""

from govdata.standards.normalisers.address import Address
from govdata.standards.normalisers.base import Cell, Example, NormaliserKind, Stage
from govdata.standards.normalisers.brackets import Brackets
from govdata.standards.normalisers.certificate_prefix import CertificatePrefix
from govdata.standards.normalisers.collapse_spaces import CollapseSpaces
from govdata.standards.normalisers.county_code import CountyCode
from govdata.standards.normalisers.currency_of import CurrencyOf
from govdata.standards.normalisers.date_text import DateText
from govdata.standards.normalisers.day_numbers import DayNumbers
from govdata.standards.normalisers.digits_zh import DigitsZh
from govdata.standards.normalisers.edge_marks import EdgeMarks
from govdata.standards.normalisers.excel_text import ExcelText
from govdata.standards.normalisers.garbled_text import GarbledText
from govdata.standards.normalisers.halfwidth import Halfwidth
from govdata.standards.normalisers.han_spaces import HanSpaces
from govdata.standards.normalisers.layout_markup import LayoutMarkup
from govdata.standards.normalisers.lookalike_x import LookalikeX
from govdata.standards.normalisers.lowercase import Lowercase
from govdata.standards.normalisers.marriage_certificate import MarriageCertificate
from govdata.standards.normalisers.money import Money
from govdata.standards.normalisers.name_dots import NameDots
from govdata.standards.normalisers.name_spaces import NameSpaces
from govdata.standards.normalisers.org_code_hyphen import OrgCodeHyphen
from govdata.standards.normalisers.outer_spaces import OuterSpaces
from govdata.standards.normalisers.pad_left import PadLeft
from govdata.standards.normalisers.percentage import Percentage
from govdata.standards.normalisers.phone import Phone
from govdata.standards.normalisers.placeholder_dates import PlaceholderDates
from govdata.standards.normalisers.prefix_code import MARKED, PrefixCode, code_part, label_part
from govdata.standards.normalisers.remove_spaces import RemoveSpaces
from govdata.standards.normalisers.strip import Strip
from govdata.standards.normalisers.student_number import StudentNumber
from govdata.standards.normalisers.time_required import TimeRequired
from govdata.standards.normalisers.unified_ideographs import UnifiedIdeographs
from govdata.standards.normalisers.unit_scale import UnitScale
from govdata.standards.normalisers.unit_suffix import UnitSuffix
from govdata.standards.normalisers.upgrade_15_to_18 import Upgrade15To18
from govdata.standards.normalisers.uppercase import Uppercase
from govdata.standards.normalisers.uscc_lookalike import UsccLookalike
from govdata.standards.normalisers.year_span import YearSpan

ALL: tuple[NormaliserKind, ...] = (
    Halfwidth(),
    Strip(),
    RemoveSpaces(),
    OuterSpaces(),
    CollapseSpaces(),
    Uppercase(),
    Lowercase(),
    LookalikeX(),
    ExcelText(),
    Upgrade15To18(),
    UsccLookalike(),
    OrgCodeHyphen(),
    NameDots(),
    NameSpaces(),
    Brackets(),
    Address(),
    Phone(),
    MarriageCertificate(),
    CertificatePrefix(),
    EdgeMarks(),
    UnitScale(),
    UnitSuffix(),
    Percentage(),
    Money(),
    CurrencyOf(),
    DateText(),
    PlaceholderDates(),
    DayNumbers(),
    DigitsZh(),
    PadLeft(),
    PrefixCode(),
    HanSpaces(),
    GarbledText(),
    LayoutMarkup(),
    UnifiedIdeographs(),
    CountyCode(),
    StudentNumber(),
    YearSpan(),
    TimeRequired(),
)
NORMALISERS: dict[str, NormaliserKind] = {kind.name: kind for kind in ALL}

__all__ = [
    "ALL",
    "MARKED",
    "NORMALISERS",
    "Cell",
    "Example",
    "NormaliserKind",
    "Stage",
    "code_part",
    "label_part",
]
