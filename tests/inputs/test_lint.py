"""Lint: the shipped tables have no error, and every rule fires on a table made wrong for it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from tests.inputs.nine_months import before_the_year
from xlwings_addin.inputs.case_files import case_names
from xlwings_addin.inputs.cases import Inputs, load_inputs
from xlwings_addin.inputs.findings import SEVERITIES, Finding
from xlwings_addin.inputs.lint import IDLE, TIMELESS, lint
from xlwings_addin.inputs.lint_rules import ROW_RULES, RULES, stale
from xlwings_addin.inputs.oddity_checks import ODDITIES
from xlwings_addin.inputs.parameters import PARAMETERS, parameter
from xlwings_addin.inputs.tables import Oddity, Row, Tables
from xlwings_addin.valuation.xiaomi import evaluate

TODAY = date(2025, 11, 19)
Mutation = Callable[[Tables], Tables]


def altered(key: str, period: str = "", **updates: object) -> Mutation:
    """Tables whose standing row for a figure is altered."""

    def mutate(tables: Tables) -> Tables:
        row = tables.row(key, period)
        if "value" in updates:
            updates.setdefault("text", str(updates["value"]))
        new = replace(row, **updates)
        return swapped(tables, row, new)

    return mutate


def with_copy(key: str, of: str, **updates: object) -> Mutation:
    """Tables with one row more: a copy of a row that stands, altered."""

    def mutate(tables: Tables) -> Tables:
        row = tables.row(key, of)
        return swapped(tables, row, row, replace(row, **updates))

    return mutate


def swapped(tables: Tables, old: Row, *new: Row) -> Tables:
    def swap(rows: tuple[Row, ...]) -> tuple[Row, ...]:
        return tuple(entry for row in rows for entry in (new if row is old else (row,)))

    return replace(
        tables,
        history=swap(tables.history),
        articles=swap(tables.articles),
        assumptions=swap(tables.assumptions),
    )


def findings_of(tables: Tables, rule: str, *cases: Inputs) -> list[Finding]:
    return [finding for finding in lint(tables, today=TODAY, cases=cases) if finding.rule == rule]


def test_the_shipped_tables_and_cases_have_no_error(tables: Tables, cases: dict[str, Inputs]):
    assert len(cases) == len(case_names())
    findings = lint(tables, today=TODAY, cases=cases.values())
    assert findings
    assert [str(finding) for finding in findings if finding.severity == "error"] == []


def test_errors_come_first(tables: Tables):
    findings = lint(altered("capex", "FY2022", value=1.0)(tables), today=TODAY)
    order = [SEVERITIES.index(finding.severity) for finding in findings]
    assert order == sorted(order)
    assert {finding.severity for finding in findings} == set(SEVERITIES)


def test_a_finding_names_its_place(tables: Tables):
    finding = findings_of(tables, "unverified")[0]
    row = tables.row(finding.key, finding.period)
    assert str(finding) == f"warning unverified: {finding.message} ({row.file} line {row.line})"


MUTATIONS: list[tuple[str, str, Mutation, str]] = [
    (
        "segments",
        "error",
        altered("revenue_iot", "FY2023", value=8011.0),
        # 270.97 less 157.46, 8.011 and 30.11 CNY bn is 75.389: 27.8%.
        "segments of FY2023 leave 27.8% of revenue, must be from -0.3% to 3.0%",
    ),
    (
        "segments",
        "error",
        altered("revenue_internet", "FY2023", value=40110.0),
        # 270.97 less 157.46, 80.11 and 40.11 CNY bn is -6.71: -2.5%.
        "segments of FY2023 leave -2.5% of revenue, must be from -0.3% to 3.0%",
    ),
    (
        "twin_keys",
        "error",
        altered("vehicle_segment_revenue", "FY2024", value=32100.0),
        "revenue_vehicle FY2024 32800 is not vehicle_segment_revenue FY2024 32100",
    ),
    (
        "free_cash_flow",
        "error",
        altered("free_cash_flow", "FY2020", value=21880.0),
        "free_cash_flow FY2020 21,880 is not operating_cash_flow 21,880 less capex 3,030",
    ),
    (
        "vehicle_revenue",
        "error",
        altered("vehicle_average_selling_price", "FY2024", value=32600.0),
        # 136,854 vehicles at 32,600, the price in USD, are 4,461 m.
        "136,854 vehicles of FY2024 at 32,600 CNY are 4,461 CNY m, not vehicle_revenue 32,100",
    ),
    (
        "smartphone_revenue",
        "error",
        altered("smartphone_average_selling_price", "2025Q3", value=149.3),
        # 43.3 m at 149.3, the price in USD, are 6,465 m.
        "43.3 m smartphones of 2025Q3 at 149.3 CNY are 6,465 CNY m, not revenue_smartphone 46,000",
    ),
    (
        "smartphone_revenue",
        "error",
        altered("smartphone_shipments", "2025Q3", value=43.5),
        # 43.5 x 1,062.8 is 46,232, half a per cent more; the announced 43.3 m give 46,019.
        "43.5 m smartphones of 2025Q3 at 1,062.8 CNY are 46,232 CNY m, not revenue_smartphone 46,000",
    ),
    (
        "quarters",
        "error",
        altered("smartphone_shipments", "2024Q4", value=42.2),
        # 40.6 + 42.2 + 43.1 + 42.2 = 168.1.
        "smartphone_shipments FY2024 168.5 is not the sum of its quarters 168.1",
    ),
    (
        "quarters",
        "error",
        altered("adjusted_net_profit", "2024Q4", value=6300.0),
        # 6,490 + 6,200 + 6,300 + 6,300 = 25,290.
        "adjusted_net_profit FY2024 27,230 is not the sum of its quarters 25,290",
    ),
    (
        "quarters",
        "error",
        altered("vehicle_deliveries", "2024Q3", value=37990.0),
        # 0 + 27,307 + 37,990 + 69,697 = 134,994.
        "vehicle_deliveries FY2024 136,854 is not the sum of its quarters 134,994",
    ),
    (
        "units",
        "error",
        altered("debt", "FY2023", unit="RMB m"),
        "debt FY2023 unit 'RMB m' is not a known unit",
    ),
    (
        "units",
        "error",
        altered("price_hkd", unit="USD per share"),
        "price_hkd unit 'USD per share' is not the HKD of its key",
    ),
    (
        "units",
        "error",
        altered("revenue", "FY2023", unit="CNY bn"),
        "revenue FY2023 unit 'CNY bn' differs from 'CNY m' of revenue FY2017",
    ),
    (
        "mixed_currency",
        "error",
        altered("debt", "FY2023", note="printed as $4.2 billion yuan"),
        "debt FY2023 is described as '$4.2 billion yuan', which has two currencies",
    ),
    (
        "mixed_currency",
        "error",
        altered("debt", "FY2023", note="RMB 4.2 bn USD"),
        "debt FY2023 is described as 'RMB 4.2 bn USD', which has two currencies",
    ),
    (
        "exchange_rates",
        "error",
        altered("hkd_per_usd", value=7.2015),
        "hkd_per_usd 7.2015 must be from 7.75 to 7.85",
    ),
    (
        "exchange_rates",
        "error",
        altered("cny_per_usd", "FY2020", value=0.1448),
        "cny_per_usd FY2020 0.1448 must be from 6 to 8.3",
    ),
    (
        "scale",
        "error",
        altered("research_and_development", "FY2021", value=13.17),
        # The other years' median lies between 9,260 and 16,030 CNY m.
        "research_and_development FY2021 13.17 CNY m is ",
    ),
    (
        "scale",
        "error",
        altered("gross_margin_iot", "2025Q1", value=25.2),
        "gross_margin_iot 2025Q1 25.2 ratio is ",
    ),
    (
        "stale",
        "warning",
        altered("price_hkd", as_of=date(2025, 10, 31)),
        # October has 31 days: 31 October to 19 November are 19 days.
        "price_hkd is 19 days old on 2025-11-19, must be at most 7",
    ),
    (
        "stale",
        "warning",
        altered("basic_shares", as_of=date(2025, 5, 19)),
        # 12 + 30 + 31 + 31 + 30 + 31 + 19 days.
        "basic_shares is 184 days old on 2025-11-19, must be at most 183",
    ),
    (
        "ranges",
        "info",
        altered("tax_rate", value=0.15, low=0.15, high=0.15),
        "tax_rate is an assumption whose range is the point 0.15",
    ),
    (
        "known_too_early",
        "error",
        altered("revenue", "FY2023", as_of=date(2023, 3, 19)),
        "revenue FY2023 is reported as of 2023-03-19, before its period ended",
    ),
    (
        "lower_bounds",
        "warning",
        altered("capex", "FY2024", basis="lower_bound"),
        "capex FY2024 is a lower bound: more than 7290 CNY m",
    ),
    (
        "lower_bounds",
        "error",
        altered("vehicle_deliveries", "FY2025", value=409999.0, basis="reported"),
        "vehicle_deliveries FY2025 409999.0 is below its lower bound 410000",
    ),
    (
        "unverified",
        "warning",
        altered("net_profit", "FY2024", basis="unverified"),
        "net_profit is unverified in FY2024",
    ),
    (
        "single_source",
        "info",
        altered("capex", "FY2024", basis="reported"),
        "capex has one source only in FY2017, FY2018, FY2019, FY2020, FY2021, FY2022, FY2023, FY2024",
    ),
    (
        "without_place",
        "warning",
        with_copy("borrowings", "2025-09-30", period="FY2025"),
        "borrowings of 2025-09-30, FY2025, 2026-06-30 stands in the tables and on no sheet",
    ),
    (
        "without_place",
        "info",
        with_copy("vehicle_deliveries", "FY2024", period="2026-10-31"),
        "vehicle_deliveries of 2026-10-31 stands in the tables and on no sheet",
    ),
    (
        "without_place",
        "warning",
        with_copy("revenue", "FY2024", period="FY2031", basis="consensus"),
        "revenue of FY2031 stands in the tables and on no sheet",
    ),
    (
        "former_keys",
        "info",
        altered("capex", "FY2024", former_key="capital_expenditure"),
        "capital_expenditure is read as capex, its name now",
    ),
    (
        "formula_text",
        "warning",
        altered("debt", "FY2023", note="=HYPERLINK(1)"),
        "debt FY2023 note '=HYPERLINK(1)' begins like a formula",
    ),
    (
        "formula_text",
        "warning",
        altered("case_title", value="@SUM(1)"),
        "case_title value '@SUM(1)' begins like a formula",
    ),
    (
        "oddities",
        "warning",
        altered("article_003_price_earnings", value=64.47),
        "a_multiple_above_tesla: the recorded oddity does not hold any more",
    ),
]


@pytest.mark.parametrize(
    ("rule", "severity", "mutate", "message"),
    MUTATIONS,
    ids=[f"{mutation[0]}-{mutation[3][:30]}" for mutation in MUTATIONS],
)
def test_a_rule_fires_on_a_table_made_wrong(
    tables: Tables, rule: str, severity: str, mutate: Mutation, message: str
):
    new = [
        finding for finding in findings_of(mutate(tables), rule) if finding not in findings_of(tables, rule)
    ]
    hits = [finding for finding in new if finding.message.startswith(message)]
    assert len(hits) == 1
    assert hits[0].severity == severity


def test_every_rule_has_a_mutation():
    assert {rule.__name__.strip("_") for rule in (*RULES, stale)} == {rule for rule, *_ in MUTATIONS}


# Cases ---------------------------------------------------------------------------------------------------


def test_ages_are_those_of_the_case_that_the_company_opens_with():
    opening, vintage = load_inputs(), load_inputs("base")
    day = date(2026, 10, 6)

    def prices(*cases: Inputs) -> list[str]:
        stale = [one for one in lint(opening.tables, today=day, cases=cases) if one.rule == "stale"]
        assert stale
        return [f"{one.file} {one.key}" for one in stale if one.key == "price_hkd"]

    assert opening.day("valuation_date") == date(2026, 9, 30)
    assert prices(vintage, opening) == []  # six days
    assert prices(vintage) == ["assumptions.csv price_hkd"]  # 321 days


def with_row(inputs: Inputs, key: str, **updates: object) -> Inputs:
    """A case whose row of a scalar is altered; its value stays."""
    return replace(inputs, rows={**inputs.rows, key: replace(inputs.row(key), **updates)})


def with_history(inputs: Inputs, key: str, period: str, **updates: object) -> Inputs:
    """A case whose tables have an altered row of history."""
    return replace(inputs, tables=altered(key, period, **updates)(inputs.tables))


LATE = {"as_of": date(2025, 11, 20)}


@pytest.mark.parametrize(("reported", "expected"), [(3, 0), (2, 0), (1, 1)])
def test_a_base_year_of_assumptions_for_the_most_part_is_named(
    cases: dict[str, Inputs], reported: int, expected: int
):
    fewer = before_the_year(cases["base"].tables).replace(
        {("revenue", f"2025Q{n}"): None for n in range(reported + 1, 4)}
    )
    messages = [
        finding.message
        for finding in findings_of(fewer, "thin_base_year", replace(cases["base"], tables=fewer))
    ]
    assert len(messages) == expected
    assert all(
        message == "base_year 2025 of base has 3 assumed quarters (2025Q2, 2025Q3, 2025Q4) and 1 reported"
        for message in messages
    )


def look_ahead(inputs: Inputs) -> list[str]:
    return [finding.message for finding in findings_of(inputs.tables, "look_ahead", inputs)]


@pytest.mark.parametrize("case", ["base", "bear", "bull"])
def test_nothing_a_house_case_uses_was_known_too_late(cases: dict[str, Inputs], case: str):
    assert look_ahead(cases[case]) == []


def test_without_cases_no_date_is_compared(tables: Tables):
    assert findings_of(tables, "look_ahead") == []


@pytest.mark.parametrize("key", ["risk_free", "demand_saturation", "liquid_funds", "group_research"])
def test_a_scalar_known_after_the_valuation_date_is_found(cases: dict[str, Inputs], key: str):
    assert look_ahead(with_row(cases["bull"], key, **LATE)) == [
        f"{key} was known on 2025-11-20, after valuation_date 2025-11-19 of bull"
    ]


@pytest.mark.parametrize(
    ("key", "period"),
    [
        ("revenue_iot", "2025Q1"),
        ("smartphone_shipments", "2025Q2"),
        ("gross_margin_internet", "2025Q3"),
        ("vehicle_deliveries", "2025Q3"),
        ("vehicle_deliveries", "2024Q2"),
        ("vehicle_revenue", "2025Q1"),
        ("vehicle_segment_revenue", "2025Q2"),
        ("gross_margin_vehicle_segment", "2025Q3"),
    ],
)
def test_a_quarter_of_the_base_year_known_too_late_is_found_once(
    cases: dict[str, Inputs], key: str, period: str
):
    late = with_history(cases["base"], key, period, **LATE)
    expected = f"{key} {period} was known on 2025-11-20, after valuation_date 2025-11-19 of base"
    assert look_ahead(late) == [expected]


def test_quarters_count_for_the_business_that_is_built_up_from_them(cases: dict[str, Inputs]):
    averaged = with_history(cases["base"].replace(devices_method="average"), "revenue_iot", "2025Q1", **LATE)
    assert look_ahead(averaged) == []
    ramp = with_history(cases["base"].replace(vehicle_method="ramp"), "vehicle_revenue", "2025Q1", **LATE)
    assert look_ahead(ramp) == []


def test_averaged_cash_flows_count_where_devices_are_their_average(cases: dict[str, Inputs]):
    late = with_history(cases["base"], "free_cash_flow", "FY2022", **LATE)
    assert look_ahead(late) == []
    assert look_ahead(late.replace(devices_method="average")) == [
        "free_cash_flow FY2022 was known on 2025-11-20, after valuation_date 2025-11-19 of base"
    ]


def test_each_case_is_compared_with_its_own_day(tables: Tables, cases: dict[str, Inputs]):
    messages = {finding.message for finding in findings_of(tables, "look_ahead", *cases.values())}
    # The announcement of 19 March 2024 is later than the article of 8 March, and earlier than November 2025.
    for key in ("debt", "free_cash_flow FY2023"):
        for case in ("march_2024_replica", "march_2024_strict"):
            assert f"{key} was known on 2024-03-19, after valuation_date 2024-03-08 of {case}" in messages
    assert not [message for message in messages if message.endswith((" base", " bull", " bear"))]


def test_what_a_method_leaves_idle_may_be_known_later(cases: dict[str, Inputs]):
    replica = cases["march_2024_replica"]
    sections = {"Base year", "Devices by segment", "Vehicle units"}
    idle = [entry.key for entry in PARAMETERS if entry.section in sections]
    assert len(idle) > 50
    assert all(replica.row(key).as_of > replica.day("valuation_date") for key in idle)
    messages = look_ahead(replica)
    assert messages
    assert not [message for message in messages if message.split()[0] in idle]


def test_the_scalars_called_idle_do_not_move_the_value(cases: dict[str, Inputs]):
    tried = 0
    for choice, by_choice in IDLE.items():
        for word, names in by_choice.items():
            inputs = cases["base"].replace(**{choice: word})
            value = evaluate(inputs).sotp.value_per_share
            for entry in PARAMETERS:
                row = inputs.row(entry.key)
                if not {entry.key, entry.section} & set(names) or row.low is None or entry.kind == "year":
                    continue
                for end in (row.low, row.high):
                    assert evaluate(inputs.replace(**{entry.key: end})).sotp.value_per_share == value, (
                        entry.key
                    )
                    tried += 1
    assert tried > 100


def test_the_idle_names_are_keys_sections_and_choices_of_the_model():
    vocabulary = {entry.key for entry in PARAMETERS} | {entry.section for entry in PARAMETERS}
    assert set(TIMELESS) <= vocabulary
    for choice, by_choice in IDLE.items():
        assert set(by_choice) == set(parameter(choice).choices)
        assert {name for names in by_choice.values() for name in names} <= vocabulary


ROW_MUTATIONS: list[tuple[str, str, str, dict[str, object], str]] = [
    ("units", "error", "debt", {"unit": "RMB m"}, "debt unit 'RMB m' is not a known unit"),
    (
        "mixed_currency",
        "error",
        "debt",
        {"note": "$4.2 billion yuan"},
        "debt is described as '$4.2 billion yuan', which has two currencies",
    ),
    (
        "exchange_rates",
        "error",
        "hkd_per_usd",
        {"value": 7.2015, "text": "7.2015"},
        "hkd_per_usd 7.2015 must be from 7.75 to 7.85",
    ),
    (
        "ranges",
        "info",
        "tax_rate",
        {"low": 0.15, "high": 0.15, "text": "0.15"},
        "tax_rate is an assumption whose range is the point 0.15",
    ),
    ("former_keys", "info", "debt", {"former_key": "loans"}, "loans is read as debt, its name now"),
    ("formula_text", "warning", "debt", {"source": "=NOW()"}, "debt source '=NOW()' begins like a formula"),
]


@pytest.mark.parametrize(
    ("rule", "severity", "key", "updates", "message"),
    ROW_MUTATIONS,
    ids=[mutation[0] for mutation in ROW_MUTATIONS],
)
def test_a_rule_for_rows_reads_those_of_a_case_too(
    tables: Tables,
    cases: dict[str, Inputs],
    rule: str,
    severity: str,
    key: str,
    updates: dict[str, object],
    message: str,
):
    strict = with_row(cases["march_2024_strict"], key, file="march_2024_strict.csv", **updates)
    before = findings_of(tables, rule, cases["march_2024_strict"])
    (finding,) = [entry for entry in findings_of(tables, rule, strict) if entry not in before]
    assert (finding.severity, finding.message) == (severity, message)
    assert finding.file == "march_2024_strict.csv"


def test_every_rule_for_rows_has_a_mutation():
    assert [rule.__name__.strip("_") for rule in ROW_RULES] == [rule for rule, *_ in ROW_MUTATIONS]


def test_a_row_that_cases_share_is_found_once(tables: Tables, cases: dict[str, Inputs]):
    alone = findings_of(tables, "ranges", cases["march_2024_strict"])
    both = findings_of(tables, "ranges", cases["march_2024_strict"], cases["march_2024_replica"])
    assert alone == both
    assert alone


@pytest.mark.parametrize(
    ("key", "updates"),
    [
        ("plant_3_year", {"low": 2027.0, "high": 2027.0}),
        ("probability", {"low": 0.0, "high": 0.0}),
        ("tax_rate", {"low": 0.15, "high": 0.25}),
        ("tax_rate", {"low": None, "high": None}),
    ],
)
def test_a_year_a_probability_and_a_range_with_width_are_no_points(
    tables: Tables, key: str, updates: dict[str, object]
):
    assert findings_of(altered(key, **updates)(tables), "ranges") == findings_of(tables, "ranges")


# Conflicts -----------------------------------------------------------------------------------------------


def with_rival(value: float, *, chosen: bool) -> Mutation:
    def mutate(tables: Tables) -> Tables:
        row = tables.row("debt", "FY2022")
        rival = {"value": value, "text": f"{value:g}", "line": 999}
        settled = replace(row, note="chosen: the filing") if chosen else row
        return swapped(tables, row, settled, replace(row, **rival))

    return mutate


def test_an_open_conflict_is_the_only_kind_of_finding(tables: Tables):
    findings = lint(with_rival(20000.0, chosen=False)(tables), today=TODAY)
    assert {finding.rule for finding in findings} == {"conflicts"}
    assert [finding.key for finding in findings if finding.severity == "error"] == ["debt"]
    assert findings[-1].rule == "conflicts"


def test_an_open_conflict_names_both_values(tables: Tables):
    (finding,) = [
        entry
        for entry in lint(with_rival(20000.0, chosen=False)(tables), today=TODAY)
        if entry.severity == "error"
    ]
    line = tables.row("debt", "FY2022").line
    assert finding.message == (
        f"debt FY2022: 23600 CNY m (history.csv line {line}) and 20000 CNY m (history.csv line 999) "
        "disagree; 0 rows are chosen, must be 1"
    )


def test_a_settled_conflict_is_recorded_with_its_reason(tables: Tables):
    finding = next(
        entry
        for entry in findings_of(with_rival(20000.0, chosen=True)(tables), "conflicts")
        if entry.key == "debt"
    )
    assert finding.severity == "info"
    assert finding.message.endswith("disagree; chosen: the filing")


@pytest.mark.parametrize(
    ("factor", "guess"),
    [
        (7.8 / 7.2, "HKD against CNY"),
        (7.8, "HKD against USD"),
        (7.2, "CNY against USD"),
        (1000, "a scale of 1,000"),
        (0.1, "a scale of 10;"),
    ],
)
def test_a_conflict_says_which_mix_up_its_ratio_looks_like(tables: Tables, factor: float, guess: str):
    mutated = with_rival(23600.0 * factor, chosen=True)(tables)
    finding = next(entry for entry in findings_of(mutated, "conflicts") if entry.key == "debt")
    assert f"which looks like {guess}" in finding.message


def test_the_real_conflicts_are_recorded(tables: Tables):
    figures = {(finding.key, finding.period) for finding in findings_of(tables, "conflicts")}
    assert figures == {
        ("free_cash_flow", "FY2020"),
        ("free_cash_flow", "FY2023"),
        ("gross_margin_smartphone", "2025Q4"),
        ("operating_cash_flow", "FY2024"),
        ("share_price", "2025-11-19"),
        ("vehicle_deliveries", "FY2025"),
    }


# Oddities ------------------------------------------------------------------------------------------------


def test_every_oddity_is_known_and_resolved(tables: Tables):
    findings = findings_of(tables, "oddities")
    assert len(findings) == len(tables.oddities) > 8
    assert all(finding.message.startswith("known oddity, resolved: ") for finding in findings)


def test_every_computable_oddity_has_a_check_and_every_check_an_oddity(tables: Tables):
    assert {oddity.id for oddity in tables.oddities if oddity.operands} == set(ODDITIES)


# What each article would have to print for its oddity to be none; the arithmetic stands in `oddities.csv`.
MENDED = {
    "a_multiple_above_tesla": [63.0, 62.17],
    "b_dollars_of_yuan": [200.0, 200.0, 7.2],
    "c_plan_parts_miss_total": [10.0, 18.0, 28.0],
    "e_multiple_on_ifrs_profit": [180.0, 47.6, 7.2, 23660.0, 27230.0],
    "f_profit_of_2017": [0.793, 6.757, 5360.0],
    "f_growth_counted_twice": [60.0, 60.0, 0.4, 80.0, 90.0],
    "g_cost_of_equity": [0.044, 1.1, 0.06, 0.11],
    "g_base_revenue": [0.5, 34000.0, 17.0],
    "g_average_price": [50000.0, 22000.0, 36000.0],
    "g_growth_above_risk_free": [0.04, 0.044],
    "g_safety_discount": [13.4, 12.0, 4.75, 0.20],
    "h_vehicles_or_segment": [9.5, 92.51, 0.105, 9700.0],
    "i_trillion_of_what": [7823.0, 1000.0, 7.823],
}


@pytest.mark.parametrize("name", ODDITIES)
def test_an_oddity_shows_in_the_printed_numbers_and_not_in_mended_ones(tables: Tables, name: str):
    (oddity,) = [entry for entry in tables.oddities if entry.id == name]
    printed = [tables.row(*operand).number for operand in oddity.operands]
    assert ODDITIES[name](*printed)
    assert not ODDITIES[name](*MENDED[name])


def spoiled(tables: Tables, **updates: str) -> Tables:
    first: Oddity = tables.oddities[0]
    return replace(tables, oddities=(replace(first, **updates), *tables.oddities[1:]))


def test_an_oddity_about_a_missing_row_is_an_error(tables: Tables):
    findings = findings_of(
        spoiled(tables, keys="article_003_price_earnings article_009_profit@FY2024"), "oddities"
    )
    assert findings[0].severity == "error"
    assert findings[0].message == "a_multiple_above_tesla needs article_009_profit FY2024, not in the tables"


def test_oddities_of_articles_without_rows_are_errors(tables: Tables):
    findings = findings_of(replace(tables, articles=()), "oddities")
    missing = [finding for finding in findings if finding.message.endswith("not in the tables")]
    assert missing
    assert {finding.severity for finding in missing} == {"error"}
    assert len(missing) == len([oddity for oddity in tables.oddities if "article_" in oddity.keys])


def test_an_oddity_with_rows_and_no_check_is_an_error(tables: Tables):
    findings = findings_of(spoiled(tables, id="z_new"), "oddities")
    assert findings[0].severity == "error"
    assert findings[0].message == "z_new names rows but has no check"


# What the rules stay silent on ---------------------------------------------------------------------------


def test_a_recorded_oddity_s_mixed_currency_is_not_found_twice(tables: Tables):
    assert "$200 billion yuan" in tables.row("article_003_investment_cny").note
    assert not findings_of(tables, "mixed_currency")
    assert findings_of(replace(tables, oddities=()), "mixed_currency")


def test_a_rejected_rival_does_not_count_as_a_second_source(tables: Tables):
    (finding,) = [entry for entry in findings_of(tables, "single_source") if entry.key == "free_cash_flow"]
    assert "FY2020" in finding.message


def test_two_publications_of_one_figure_are_two_sources(tables: Tables):
    (finding,) = [
        entry for entry in findings_of(tables, "single_source") if entry.key == "revenue_smartphone"
    ]
    assert len(tables.figures["revenue_smartphone", "2024Q1"]) == 2
    assert "2024Q1" not in finding.message
