"""A company: its names and currencies, its groups, segments and parts, and the inputs it has.

It is a folder: `company.toml` says what stands here, `parameters.csv` its inputs (`inputs.parameters`),
`inputs/` and `cases/` their values (`inputs.tables`, `inputs.cases`).

    format        of the folder, 1
    key           what the project calls the company
    ticker        where its share is traded, `1810.HK`
    book          the file name of its workbook
    replicates    sources whose printed figures a case may have to give
    beyond        what the market pays for beyond the parts, for the line of price less value; may be left out
    default_case  the case that is meant where none is named, and that the workbook opens with; else base
    [name]        en, zh; short, where sheets call it so
    [currency]    listing, of the price of a share; reporting, of the accounts
    [[groups]]    key, label; `group` is the group it stands in: businesses that share overheads, research,
                  tax and reinvestment
    [[segments]]  key, template, label; `group` the group it stands in; `unit` what it sells; `bare` where
                  its lines on sheets that several share have no prefix
    [[parts]]     key, label, `short` for headings, `note`; `methods` the groups and segments that may value
                  the part, by the word of the input KEY_method. Without any part, each outermost group and
                  each segment in none is a part

A group or segment may have `sheet` and `question`, the title and the purpose of its sheet.

>>> xiaomi = packaged_company()
>>> xiaomi.ticker, xiaomi.currency.listing, [part.key for part in xiaomi.parts]
('1810.HK', 'HKD', ['devices', 'vehicle', 'new_initiatives'])
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property, lru_cache
from pathlib import Path

from xlwings_addin.inputs.defaults import BASE_CASE
from xlwings_addin.inputs.folders import COMPANY_FILE, PARAMETERS_FILE, tables_folder
from xlwings_addin.inputs.optional import completed
from xlwings_addin.inputs.parameter import Parameter
from xlwings_addin.inputs.parameters import PARAMETERS, ParameterList, load_parameters

BUILD_UP = "build_up"
"""The template of a group: what its segments earn, less what they share."""


@dataclass(frozen=True)
class Name:
    """What a company is called in English and in Chinese, and what its sheets call it."""

    en: str
    zh: str
    short: str = ""


@dataclass(frozen=True)
class Currency:
    """What a share is quoted in, and what the accounts are kept in: three letters each."""

    listing: str
    reporting: str


@dataclass(frozen=True)
class GroupEntry:
    """Businesses that share overheads, research, tax, losses, working capital and reinvestment."""

    key: str
    label: str
    group: str = ""
    sheet: str = ""
    question: str = ""
    place: str = ""


@dataclass(frozen=True)
class SegmentEntry:
    """A business by a template; `sheet` and `question` are title and purpose of its sheet, if it has one.

    Where `bare` is set, its lines on sheets that several businesses share have no prefix.
    """

    key: str
    template: str
    label: str
    group: str = ""
    sheet: str = ""
    question: str = ""
    unit: str = "unit"
    bare: bool = False
    place: str = ""

    def line(self, key: str) -> str:
        """The key of a line of this business on a sheet that several share."""
        return key if self.bare else f"{self.key}_{key}"


@dataclass(frozen=True)
class PartEntry:
    """A part of the sum: the groups or segments that may value it, by the words of its choice of method."""

    key: str
    label: str
    short: str
    methods: Mapping[str, str]
    note: str = ""
    place: str = ""

    @property
    def method_key(self) -> str | None:
        """The input that says which method counts; None where there is one only."""
        return f"{self.key}_method" if len(self.methods) > 1 else None


@dataclass(frozen=True)
class Business:
    """A way to value a part: a group built up from its segments, or a segment by itself.

    `key` is that of the group or segment, of its sheet and of its lines in the model; the keys of its inputs
    begin with the key of the part.
    """

    key: str
    label: str
    template: str
    part: PartEntry
    method: str
    sheet: str
    question: str
    members: tuple[SegmentEntry, ...] = ()
    entry: SegmentEntry | None = None

    @property
    def prefix(self) -> str:
        """What the keys of its inputs begin with."""
        return self.part.key

    def line(self, key: str) -> str:
        """The key of a line of this business on a sheet that several share."""
        return self.entry.line(key) if self.entry is not None else f"{self.key}_{key}"


@dataclass(frozen=True)
class Company:
    """What `company.toml` and `parameters.csv` of a folder say."""

    key: str
    name: Name
    ticker: str
    currency: Currency
    book: str
    replicates: tuple[str, ...]
    groups: tuple[GroupEntry, ...]
    segments: tuple[SegmentEntry, ...]
    parts: tuple[PartEntry, ...]
    parameters: ParameterList
    folder: Path = field(compare=False)
    beyond: str = ""
    default_case: str = BASE_CASE

    def parameter(self, key: str) -> Parameter:
        """The input called `key`, or an `InputError` with the nearest name."""
        return self.parameters.named(key, stacklevel=3)

    @property
    def price_key(self) -> str:
        """The input that holds the price of a share.

        >>> packaged_company().price_key
        'price_hkd'
        """
        return f"price_{self.currency.listing.lower()}"

    def text(self, text: str) -> str:
        """A unit or label with the currencies, names and ticker of the company.

        >>> packaged_company().text("{listing} per {currency}")
        'HKD per CNY'
        """
        if "{" not in text:
            return text
        for token, value in self._words.items():
            text = text.replace(token, value)
        return text

    @cached_property
    def _words(self) -> dict[str, str]:
        return {
            "{currency}": self.currency.reporting,
            "{listing}": self.currency.listing,
            "{name}": self.name.en,
            "{short_name}": self.name.short,
            "{ticker}": self.ticker,
        }

    def per_usd(self, currency: str) -> str | None:
        """The input that holds what a US dollar costs in a currency; None for the US dollar itself."""
        return None if currency == "USD" else f"{currency.lower()}_per_usd"

    @cached_property
    def businesses(self) -> tuple[Business, ...]:
        """Every way to value every part, in the order of the parts.

        >>> [business.key for business in packaged_company().businesses]
        ['devices', 'devices_average', 'vehicle_units', 'vehicle_ramp', 'new_initiatives', 'venture']
        """
        groups = {group.key: group for group in self.groups}
        segments = {segment.key: segment for segment in self.segments}
        made = []
        for part in self.parts:
            for method, key in part.methods.items():
                if key in groups:
                    group = groups[key]
                    made.append(
                        Business(
                            *(key, group.label, BUILD_UP, part, method, group.sheet, group.question),
                            members=self.members(key),
                        )
                    )
                else:
                    entry = segments[key]
                    about = (key, entry.label, entry.template, part, method, entry.sheet, entry.question)
                    made.append(Business(*about, entry=entry))
        return tuple(made)

    def business(self, key: str) -> Business:
        return next(business for business in self.businesses if business.key == key)

    def methods_of(self, part: str) -> tuple[Business, ...]:
        """The ways to value a part."""
        return tuple(business for business in self.businesses if business.part.key == part)

    def by_template(self, template: str) -> tuple[Business, ...]:
        return tuple(business for business in self.businesses if business.template == template)

    @cached_property
    def grouped(self) -> tuple[SegmentEntry, ...]:
        """The segments whose revenue and margin are built up in groups."""
        return tuple(segment for business in self.businesses for segment in business.members)

    @cached_property
    def delivering(self) -> str | None:
        """The part whose deliveries are counted from the first one on, for its cost follows them; or none."""
        keys = (part.key for part in self.parts)
        return next((key for key in keys if self.parameters.has(f"assumed_{key}_deliveries")), None)

    def sold_by_unit(self, segment: str) -> bool:
        """Whether the revenue of a segment is units by their price."""
        return self.parameters.has(f"assumed_{segment}_shipments")

    @cached_property
    def researching(self) -> tuple[str, ...]:
        """The parts that the group's research is charged to; the first one has what the others leave."""
        built = [part.key for part in self.parts if any(b.members for b in self.methods_of(part.key))]
        shares = [part.key for part in self.parts if self.parameters.has(f"{part.key}_research_share")]
        return tuple(dict.fromkeys([*built, *shares]))

    @property
    def money(self) -> str:
        """The unit of amounts: millions of the reporting currency.

        >>> packaged_company().money
        'CNY m'
        """
        return f"{self.currency.reporting} m"

    def members(self, group: str) -> tuple[SegmentEntry, ...]:
        """The segments of a group, those of the groups in it included.

        >>> [segment.key for segment in packaged_company().members("devices")]
        ['smartphone', 'iot', 'internet']
        """
        inner = {entry.key for entry in self.groups if entry.group == group}
        return tuple(
            segment
            for segment in self.segments
            if segment.group == group or any(segment in self.members(key) for key in inner)
        )

    def __hash__(self) -> int:
        return hash((self.key, self.parameters))


def load_company(folder: Path | None = None) -> Company:
    """The company of a folder; tables without a company.toml are those of the packaged company.

    Raises `InputError` or `ChoiceError` that names file, line, value and rule.
    """
    if folder is None or not (folder / COMPANY_FILE).exists():
        return packaged_company()
    from xlwings_addin.inputs.company_file import read_company

    company, packaged = read_company(folder, load_parameters(folder / PARAMETERS_FILE)), packaged_company()
    words = {packaged.price_key: company.price_key, packaged.money: company.money}
    parameters = ParameterList(completed(company.parameters, PARAMETERS, words))
    return replace(company, parameters=_the_same(parameters))


@cache
def packaged_company() -> Company:
    """The company that is meant where none is named."""
    from xlwings_addin.inputs.company_file import read_company

    return read_company(tables_folder(), PARAMETERS)


@lru_cache(maxsize=32)
def _the_same(parameters: ParameterList) -> ParameterList:
    """One object for equal lists: a company is the key of caches, and is then equal at a glance."""
    return parameters
