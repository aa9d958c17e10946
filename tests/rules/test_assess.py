"""May it be given, in which duty status, by which rule: the engine's cases as tables."""

import tomllib
from dataclasses import replace
from datetime import date, timedelta

import pytest

from muster.assistance.rules import read_request
from muster.authority.findings import LAYERS, STRICTNESS, Basis
from muster.authority.law import Lift, LiftNotSigned
from muster.authority.limits import LimitLayer
from muster.authority.packs import load_packs
from muster.authority.rules import UnknownStatus, assess

PACKS = load_packs()
LAW = PACKS.law
DAY = date(2025, 8, 22)
ORDER = "us.dod.2025-07-25-order"
PAID = {"reimbursement_agreement": True}
UNPAID = {"reimbursement_agreement": False, "reimbursement_waiver_277c": False}
HOMELAND = {"governor_asked_for_homeland_defense": True, "secdef_found_homeland_defense_necessary": True}
CONSENTS = {"members_consent": True, "governor_consents": True}
ORDERED = {"national_emergency_declared": True, "named_operational_mission": True}
RIDES = {"agency_officer_keeps_custody_and_rides_along": True, "custody_rules_loaded": True}


def ask(task, *, agency="federal_law_enforcement", contact="", **more):
    line = {"task": task, "words": "As asked", "people": 5, "place": "Site A", "contact": contact} | more.pop(
        "line", {}
    )
    head = {
        "id": "R-1",
        "title": "T",
        "kind": "exercise",
        "requester": "An agency",
        "asked": "ZZ-GOVERNOR",
        "state": "ZZ",
    }
    return read_request(head | {"agency_kind": agency, "purpose": "P", "lines": [line]} | more)


def find(request, status, facts, *, on=DAY, layers=(LAW,)):
    (finding,) = assess(request, status, on, layers, facts)
    return finding


def governor(**limits):
    basis = {
        name: Basis(rule=f"D-1.{name}", citation="Decision 1", verified=True, words=f"Said: {name}.")
        for name in limits
    }
    return LimitLayer(name="governor's decision", basis=basis, **limits)


# The eight cases of the reference. Blocked, rejected and expired mean prohibited.
CASES = """
    [[case]]
    says = "1 processing with the person in Title 10"
    task = "T05"
    status = "T10-12302"
    facts = { duty_began_on = 2025-06-20 }
    finding = "prohibited"
    layer = "law"
    rule = "AUTH-02"
    cites = "July 25, 2025"

    [[case]]
    says = "2 transport of detainees where the governor allows no contact"
    task = "T04"
    status = "T32-502f1A"
    facts = { reimbursement_agreement = true }
    contact = "none"
    finding = "prohibited"
    layer = "governor's decision"
    rule = "D-1.contact"

    [[case]]
    says = "3 clerical work, no reimbursement agreement and no waiver"
    task = "T01"
    status = "T32-502f1A"
    facts = { reimbursement_agreement = false, reimbursement_waiver_277c = false }
    finding = "prohibited"
    layer = "law"
    rule = "AUTH-07"
    cites = "10 USC 277(c) (AUTH-08)"

    [[case]]
    says = "4 a Guard unit under 12304a"
    task = "T21"
    status = "T10-12304a"
    finding = "prohibited"
    layer = "law"
    rule = "T10-12304a"
    cites = "10 USC 12304a"

    [[case]]
    says = "5 homeland defense duty, day 180"
    task = "T21"
    status = "T32-ch9"
    facts = { duty_began_on = 2025-01-01 }
    day = 180
    finding = "permitted"
    layer = "law"
    rule = "T21"

    [[case]]
    says = "5 day 181 without an extension"
    task = "T21"
    status = "T32-ch9"
    facts = { duty_began_on = 2025-01-01 }
    day = 181
    finding = "prohibited"
    layer = "law"
    rule = "T32-ch9"
    cites = "32 USC 904(b)"

    [[case]]
    says = "5 day 181 with the Secretary's concurrence"
    task = "T21"
    status = "T32-ch9"
    facts = { duty_began_on = 2025-01-01, extension_with_secdef_concurrence = true }
    day = 181
    finding = "permitted"
    layer = "law"
    rule = "T21"

    [[case]]
    says = "5 day 270 with it"
    task = "T21"
    status = "T32-ch9"
    facts = { duty_began_on = 2025-01-01, extension_with_secdef_concurrence = true }
    day = 270
    finding = "permitted"
    layer = "law"
    rule = "T21"

    [[case]]
    says = "5 day 271 with it"
    task = "T21"
    status = "T32-ch9"
    facts = { duty_began_on = 2025-01-01, extension_with_secdef_concurrence = true }
    day = 271
    finding = "prohibited"
    layer = "law"
    rule = "T32-ch9"

    [[case]]
    says = "6 arrest in another state under the compact"
    task = "T13"
    status = "T32-502f1A"
    facts = { under_emac = true, reimbursement_agreement = true }
    finding = "prohibited"
    layer = "law"
    rule = "EMAC-02"
    cites = "Art. XIII"

    [[case]]
    says = "7 the last day of an authorization of the Missouri kind"
    task = "T01"
    status = "T32-502f1A"
    facts = { reimbursement_agreement = true }
    effective_to = 2026-09-30
    on = 2026-09-30
    finding = "permitted"
    layer = "law"
    rule = "T01"

    [[case]]
    says = "7 the day after, with no renewal"
    task = "T01"
    status = "T32-502f1A"
    facts = { reimbursement_agreement = true }
    effective_to = 2026-09-30
    on = 2026-10-01
    finding = "prohibited"
    layer = "governor's decision"
    rule = "D-1.effective_to"

    [[case]]
    says = "8 a flood in State Active Duty, no custody rules loaded"
    task = "T21"
    status = "SAD"
    agency = "local"
    facts = {}
    finding = "permitted"
    layer = "law"
    rule = "T21"
"""


@pytest.mark.parametrize("case", tomllib.loads(CASES)["case"], ids=lambda case: case["says"])
def test_the_engine_finds_as_the_reference_says(case):
    facts = case.get("facts", {}) | (HOMELAND if case["status"] == "T32-ch9" else {})
    on = case.get("on", DAY)
    if "day" in case:
        on = facts["duty_began_on"] + timedelta(days=case["day"] - 1)
    limits = {name: case[name] for name in ("contact", "effective_to") if name in case}
    layers = (LAW, governor(**limits)) if limits else (LAW,)

    agency = case.get("agency", "federal_law_enforcement" if case["status"] == "T32-502f1A" else "local")
    found = find(ask(case["task"], agency=agency), case["status"], facts, on=on, layers=layers)

    assert (found.finding, found.layer, found.rule) == (case["finding"], case["layer"], case["rule"])
    assert case.get("cites", "") in found.citation


def test_without_the_governors_limit_the_second_case_is_conditional_by_law():
    assert find(ask("T04"), "T32-502f1A", PAID).finding == "conditional"


def test_the_first_case_names_the_change_of_status():
    found = find(ask("T05"), "T10-12301d", {})

    assert found.finding == "prohibited"
    assert "changed to Title 32 on July 25, 2025" in found.words


@pytest.mark.parametrize(
    ("facts", "finding", "said"),
    [
        ({}, "conditional", "not stated: agency_officer_keeps_custody_and_rides_along or"),
        (RIDES, "conditional", "(stated: agency_officer_keeps_custody_and_rides_along)"),
        (
            {"agreement_287g_covers_it": True},
            "conditional",
            "(stated: agreement_287g_covers_it; not stated: ",
        ),
        ({"agency_officer_keeps_custody_and_rides_along": False}, "conditional", "not stated"),
        ({"governor_allows_contact": False}, "prohibited", ""),
        ({"custody_rules_loaded": False}, "prohibited", ""),
        (
            {
                "agency_officer_keeps_custody_and_rides_along": False,
                "agreement_287g_covers_it": False,
                "counterdrug_plan_112_covers_it": False,
            },
            "prohibited",
            "",
        ),
    ],
)
def test_an_unstated_fact_leaves_a_condition_open_and_a_false_one_breaks_it(facts, finding, said):
    found = find(ask("T04"), "T32-502f1A", PAID | facts)

    assert found.finding == finding
    assert said in " ".join(found.conditions)
    assert bool(found.conditions) == (finding == "conditional")


@pytest.mark.parametrize(
    ("facts", "finding"),
    [
        ({}, "conditional"),
        ({"reimbursement_agreement": False}, "conditional"),
        ({"reimbursement_waiver_277c": True}, "permitted"),
        ({"reimbursement_agreement": False, "reimbursement_waiver_277c": True}, "permitted"),
        (PAID, "permitted"),
        (UNPAID, "prohibited"),
    ],
)
@pytest.mark.parametrize("status", ["T32-502f1A", "T32-502f1B"])
def test_federal_law_enforcement_support_in_title_32_is_reimbursed_or_waived(status, facts, finding):
    assert find(ask("T01"), status, CONSENTS | facts).finding == finding


@pytest.mark.parametrize(
    ("agency", "status"),
    [("federal_other", "T32-502f1A"), ("federal_law_enforcement", "SAD"), ("state", "T32-502f1B")],
)
def test_the_reimbursement_rule_reaches_no_other_support(agency, status):
    assert find(ask("T01", agency=agency), status, CONSENTS | UNPAID).finding == "permitted"


@pytest.mark.parametrize("status", ["T32-112", "T10-IA"])
@pytest.mark.parametrize("task", ["T01", "T13", "T21"])
def test_a_status_without_a_column_needs_counsel(status, task):
    found = find(ask(task, agency="local"), status, {})

    assert (found.finding, found.verified) == ("needs_counsel", False)


def test_a_gap_in_the_table_needs_counsel():
    cells = {key: cell for key, cell in LAW.cells.items() if key != ("T01", "sad")}

    assert find(ask("T01"), "SAD", {}, layers=(replace(LAW, cells=cells),)).finding == "needs_counsel"


BARRED = [(task, column) for (task, column), cell in LAW.cells.items() if cell.finding == "prohibited"]


@pytest.mark.parametrize(("task", "column"), BARRED)
def test_an_x_prohibits_whatever_its_mark_and_whatever_is_stated(task, column):
    status = {"sad": "SAD", "title_32": "T32-502f1A", "title_10": "T10-12301d"}[column]
    everything = {name: True for name, fact in PACKS.facts.items() if fact.kind == "yes_or_no"}

    assert find(ask(task, agency="local"), status, everything).finding == "prohibited"


def test_only_a_signed_statute_lifts_an_x_and_only_from_its_day():
    lift = Lift(
        task="T13",
        statuses=frozenset({"SAD"}),
        statute="A state statute",
        counsel="State counsel",
        signed_date=DAY,
        effective_from=None,
        effective_to=DAY,
        words="Members are peace officers",
    )
    law = replace(LAW, lifts=(lift,))

    def on(day, status="SAD", task="T13"):
        return find(ask(task, agency="local"), status, {}, on=day, layers=(law,))

    assert (on(DAY).finding, on(DAY).citation) == ("conditional", "A state statute")
    assert on(DAY - timedelta(days=1)).finding == "prohibited"
    assert on(DAY + timedelta(days=1)).finding == "prohibited"
    assert on(DAY, status="T32-502f1A").finding == "prohibited"
    assert on(DAY, task="T14").finding == "prohibited"
    for missing in ({"statute": ""}, {"counsel": ""}, {"signed_date": None}):
        with pytest.raises(LiftNotSigned):
            replace(lift, **missing)


@pytest.mark.parametrize(
    ("status", "task", "finding"),
    [
        ("T10-12304", "T21", "prohibited"),
        ("T10-12304", "T22", "prohibited"),
        ("T10-12304", "T08", "conditional"),
        ("T10-12302", "T21", "conditional"),
        ("T10-12301d", "T21", "permitted"),
    ],
)
def test_a_named_operational_mission_is_no_way_to_a_disaster(status, task, finding):
    assert find(ask(task, agency="local"), status, CONSENTS).finding == finding


@pytest.mark.parametrize(
    ("status", "began", "latest"),
    [
        ("T10-12304", date(2025, 1, 1), date(2025, 12, 31)),
        ("T10-12302", date(2024, 2, 29), date(2026, 2, 27)),
        ("T10-12302", date(2024, 1, 1), date(2025, 12, 31)),
    ],
)
def test_a_duty_ends_after_the_longest_time_that_the_law_gives(status, began, latest):
    facts = ORDERED | {"duty_began_on": began}

    assert find(ask("T08"), status, facts, on=latest).finding == "permitted"
    assert find(ask("T08"), status, facts, on=latest + timedelta(days=1)).rule == status


@pytest.mark.parametrize(
    ("contact", "finding"),
    [("none", "conditional"), ("", "conditional"), ("incidental", "prohibited"), ("direct", "prohibited")],
)
def test_title_10_case_management_is_without_contact(contact, finding):
    assert find(ask("T02", contact=contact), "T10-12301d", {}).finding == finding


@pytest.mark.parametrize(
    ("facts", "task", "finding", "rule"),
    [
        ({}, "T21", "conditional", "EMAC-01"),
        ({"emac_emergency_declared": False}, "T21", "prohibited", "EMAC-01"),
        ({"emac_emergency_declared": True, "emac_mission_order": False}, "T21", "prohibited", "EMAC-06"),
        (
            {"emac_emergency_declared": True, "emac_mission_order": True, "emac_req_a_signed": True},
            "T21",
            "permitted",
            "T21",
        ),
        ({}, "T20", "needs_counsel", "EMAC-02"),
        ({}, "T14", "prohibited", "EMAC-02"),
    ],
)
def test_under_the_compact_its_own_rules_come_on_top(facts, task, finding, rule):
    found = find(ask(task, agency="state"), "T32-502f1A", facts | {"under_emac": True})

    assert (found.finding, found.rule) == (finding, rule)


@pytest.mark.parametrize(
    ("task", "status", "on", "finding", "layer"),
    [
        ("T01", "T32-502f1A", date(2025, 7, 25), "permitted", "law"),
        ("T06", "T32-502f1A", date(2025, 7, 24), "conditional", "law"),
        ("T06", "T32-502f1A", date(2025, 7, 25), "needs_counsel", "federal order"),
        ("T13", "T32-502f1A", date(2025, 7, 25), "prohibited", "law"),
        ("T01", "T10-12301d", date(2025, 7, 24), "permitted", "law"),
        ("T01", "T10-12301d", date(2025, 7, 25), "needs_counsel", "federal order"),
    ],
)
def test_what_the_order_does_not_name_goes_to_counsel_from_its_day(task, status, on, finding, layer):
    found = find(ask(task), status, PAID | CONSENTS, on=on, layers=PACKS.layers(ORDER))

    assert (found.finding, found.layer) == (finding, layer)


@pytest.mark.parametrize(
    ("limits", "line", "facts", "finding", "rule"),
    [
        ({"tasks_allowed": ("T02",)}, {}, {}, "prohibited", "D-1.tasks_allowed"),
        ({"tasks_allowed": ("T01",)}, {}, {}, "permitted", "T01"),
        ({"tasks_barred": ("T01",)}, {}, {}, "prohibited", "D-1.tasks_barred"),
        ({"effective_from": DAY + timedelta(days=1)}, {}, {}, "prohibited", "D-1.effective_from"),
        ({"effective_from": DAY}, {}, {}, "permitted", "T01"),
        ({"effective_to": DAY}, {}, {}, "permitted", "T01"),
        ({"effective_to": DAY - timedelta(days=1)}, {}, {}, "prohibited", "D-1.effective_to"),
        ({"known_from": DAY + timedelta(days=1), "tasks_barred": ("T01",)}, {}, {}, "permitted", "T01"),
        ({"contact": "none"}, {"contact": "none"}, {}, "permitted", "T01"),
        ({"contact": "none"}, {"contact": ""}, {}, "conditional", "D-1.contact"),
        ({"contact": "none"}, {"contact": "incidental"}, {}, "prohibited", "D-1.contact"),
        ({"contact": "incidental"}, {"contact": "incidental"}, {}, "permitted", "T01"),
        ({"contact": "incidental"}, {"contact": "direct"}, {}, "prohibited", "D-1.contact"),
        ({"places": ("Site A",)}, {}, {}, "permitted", "T01"),
        ({"places": ("Site B",)}, {}, {}, "prohibited", "D-1.places"),
        ({"places": ("Site B",)}, {"place": ""}, {}, "conditional", "D-1.places"),
        ({"volunteers_only": True}, {}, {}, "conditional", "D-1.volunteers_only"),
        ({"volunteers_only": True}, {}, {"members_are_volunteers": True}, "permitted", "T01"),
        (
            {"volunteers_only": True},
            {},
            {"members_are_volunteers": False},
            "prohibited",
            "D-1.volunteers_only",
        ),
    ],
)
def test_a_governors_limit_narrows_what_the_law_permits(limits, line, facts, finding, rule):
    found = find(ask("T01", line=line), "T32-502f1A", PAID | facts, layers=(LAW, governor(**limits)))

    assert (found.finding, found.rule) == (finding, rule)


def test_a_decision_that_allows_contact_settles_that_condition_of_the_law():
    found = find(ask("T04"), "T32-502f1A", PAID, layers=(LAW, governor(contact="direct")))

    assert "(stated: governor_allows_contact)" in " ".join(found.conditions)


def test_a_limit_without_a_sentence_is_still_told_in_plain_words():
    site = LimitLayer(name="site rule", tasks_barred=("T01",))

    found = find(ask("T01"), "SAD", {}, layers=(LAW, site))

    assert (found.layer, found.rule, found.words) == ("site rule", "tasks_barred", "T01 is barred.")


def test_what_the_request_leaves_out_is_outside_its_scope():
    request = ask("T01", exclusions=[{"task": "T01", "words": "No paper work."}])

    found = find(request, "SAD", {})

    assert (found.finding, found.layer, found.rule) == ("prohibited", "request scope", "exclusions")


def test_the_window_of_a_line_includes_its_last_day():
    request = ask("T01", line={"to": str(DAY)})

    assert find(request, "SAD", {}, on=DAY).finding == "permitted"
    assert find(request, "SAD", {}, on=DAY + timedelta(days=1)).layer == "request scope"


def test_of_two_equally_strict_layers_the_one_named_first_decides_whatever_their_order():
    site = LimitLayer(name="site rule", tasks_barred=("T13",))
    decision = governor(tasks_barred=("T13", "T01"))

    for layers in ((LAW, decision, site), (site, decision, LAW)):
        assert find(ask("T13"), "SAD", {}, layers=layers).layer == "law"
        assert find(ask("T01"), "SAD", {}, layers=layers).layer == "governor's decision"
    assert STRICTNESS == ("permitted", "conditional", "needs_counsel", "prohibited")
    assert LAYERS == ("law", "federal order", "governor's decision", "request scope", "site rule")


def test_an_unverified_cell_keeps_its_finding_and_says_so():
    found = find(ask("T01"), "SAD", {})

    assert (found.finding, found.verified) == ("permitted", False)
    assert find(ask("T13"), "T10-12301d", {}).verified


def test_a_status_that_no_pack_holds_is_refused():
    with pytest.raises(UnknownStatus) as refusal:
        find(ask("T01"), "Title 32", {})

    assert refusal.value.code == "authority.unknown_status"
    assert "T32-502f1A" in str(refusal.value)


def test_lines_are_found_in_their_order_one_finding_each():
    request = replace(
        ask("T01"), lines=(*ask("T13").lines, *(replace(line, n=2) for line in ask("T01").lines))
    )

    found = assess(request, "SAD", DAY, (LAW,), {})

    assert [(finding.line, finding.task, finding.finding) for finding in found] == [
        (1, "T13", "prohibited"),
        (2, "T01", "permitted"),
    ]
