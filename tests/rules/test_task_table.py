"""Every duty status and every task category with its conditions, a case a line; and what holds of every finding."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from muster.assistance.rules import read_request
from muster.authority.applying import dormant, questions
from muster.authority.findings import LAYERS, STRICTNESS, Basis
from muster.authority.law import Lift
from muster.authority.limits import LimitLayer
from muster.authority.packs import load_packs
from muster.authority.rules import assess
from muster.core.tasks import CONTACTS, TASKS

PACKS = load_packs()
LAW = PACKS.law
DAY = date(2025, 8, 22)
STATUSES = tuple(LAW.statuses)

# What is stated in each case, by a short name; `!` before a name states that it is not so.
STATED = {
    "paid": "reimbursement_agreement",
    "waived": "reimbursement_waiver_277c",
    "member": "members_consent",
    "governor": "governor_consents",
    "emergency": "national_emergency_declared",
    "mission": "named_operational_mission",
    "asked": "governor_asked_for_homeland_defense",
    "found": "secdef_found_homeland_defense_necessary",
    "began": "duty_began_on",
    "rides": "agency_officer_keeps_custody_and_rides_along",
    "287g": "agreement_287g_covers_it",
    "in-writing": "agreement_287g_in_writing",
    "certified": "agreement_287g_members_certified",
    "supervised": "agreement_287g_federal_supervision",
    "at-expense": "agreement_287g_at_state_expense",
    "112": "counterdrug_plan_112_covers_it",
    "drug-law": "plan_112_persons_broke_drug_law",
    "contact-allowed": "governor_allows_contact",
    "standard": "custody_rules_loaded",
    "directs": "agency_directs_processing",
    "no-questions": "no_interrogation",
    "no-discretion": "no_discretion_over_custody",
    "taken": "property_already_taken_by_agency",
    "custodian": "agency_custodian_present",
    "two": "two_people_list_property",
    "no-evidence": "property_is_not_evidence",
    "state-site": "state_law_allows_site_work",
    "no-authority": "no_authority_over_persons",
    "licensed": "medical_staff_licensed",
    "records": "medical_consent_and_records_rules",
    "economy": "economy_act_order",
    "money": "economy_act_money_available",
    "interest": "economy_act_best_interest",
    "can-provide": "economy_act_agency_can_provide",
    "not-cheaper": "economy_act_not_commercially",
    "stafford": "stafford_act_pays",
    "documents": "interpreting_documents_or_care_only",
    "reviewed": "interpreting_legal_review",
    "armed-order": "arming_and_ruf_order",
    "custody-power": "state_law_gives_custody_power",
    "crowd-order": "governor_ordered_crowd_control",
    "crowd-law": "state_law_allows_crowd_control",
    "crowd-trained": "crowd_control_training_and_ruf",
    "disaster-traffic": "disaster_traffic_control_under_state_law",
    "counsel-opened": "counsel_opened_adjudication",
    "emac": "under_emac",
    "declared": "emac_emergency_declared",
    "req-a": "emac_req_a_signed",
    "order": "emac_mission_order",
    "12406-3": "call_rests_on_12406_3",
    "fema": "under_mission_assignment",
    "disaster": "disaster_declared",
    "issued": "mission_assignment_issued",
    "dfa": "direct_federal_assistance",
    "official": "state_approving_official_signed",
    "dod-work": "emergency_work_5170b_c",
    "dod-began": "emergency_work_began_on",
    "work-asked": "governor_asked_for_emergency_work",
    "work-directed": "president_directed_emergency_work",
    "at-once": "immediate_response",
    "on-paper": "oral_request_put_in_writing",
    "reassessed": "immediate_response_reassessed",
    "plan": "plan_112_approved",
    "plan-certified": "plan_112_certified",
    "plan-examined": "plan_112_examined",
    "legislature": "legislature_or_governor_asked",
    "proclaimed": "proclamation_to_disperse",
}
IN_287G = "287g in-writing certified supervised at-expense"
ECONOMY = "economy money interest can-provide not-cheaper"
EMAC = "emac declared req-a order"

# task  status  agency (le: federal law enforcement, fed: other federal, state, local)  facts -> finding rule
CASES = f"""
    # Duty statuses: whom they cover, who must consent, how long they last.
    T21 SAD        local -                                    -> permitted     T21
    T01 T32-502f1A le    paid                                 -> permitted     T01
    T01 T32-502f1B le    paid                                 -> conditional   T32-502f1B
    T01 T32-502f1B le    paid member                          -> permitted     T01
    T01 T32-502f1B le    paid !member                         -> prohibited    T32-502f1B
    T21 T32-ch9    local began=2025-08-01                     -> conditional   T32-ch9
    T21 T32-ch9    local began=2025-08-01 asked found         -> permitted     T21
    T21 T32-ch9    local began=2025-08-01 !asked found        -> prohibited    T32-ch9
    T21 T32-ch9    local began=2025-08-01 asked !found        -> prohibited    T32-ch9
    T21 T32-ch9    local asked found                          -> conditional   T32-ch9
    T04 T32-112    le    plan plan-certified plan-examined    -> needs_counsel T04
    T04 T32-112    le    plan plan-certified !plan-examined   -> prohibited    T32-112
    T01 T10-12406  le    -                                    -> permitted     T01
    T01 T10-12406  le    12406-3 on=2025-12-22                -> permitted     T01
    T01 T10-12406  le    12406-3 on=2025-12-23                -> needs_counsel AUTH-11
    T13 T10-12406  le    12406-3 on=2025-12-23                -> prohibited    AUTH-02
    T01 T10-12301d le    -                                    -> conditional   T10-12301d
    T01 T10-12301d le    member                               -> conditional   T10-12301d
    T01 T10-12301d le    member governor                      -> permitted     T01
    T01 T10-12301d le    member !governor                     -> prohibited    T10-12301d
    T01 T10-12301d le    !member governor                     -> prohibited    T10-12301d
    T01 T10-12302  le    began=2025-08-01 emergency           -> permitted     T01
    T01 T10-12302  le    began=2025-08-01 !emergency          -> prohibited    T10-12302
    T01 T10-12304  le    began=2025-08-01 mission             -> permitted     T01
    T01 T10-12304  le    began=2025-08-01 !mission            -> prohibited    T10-12304
    T21 T10-12304  fed   began=2025-08-01 mission             -> prohibited    T10-12304
    T19 T10-12304  fed   began=2025-08-01 mission             -> prohibited    T10-12304
    T22 T10-12304  fed   began=2025-08-01 mission             -> prohibited    T10-12304
    T21 T10-12304a local -                                    -> prohibited    T10-12304a
    T08 T10-12304a fed   -                                    -> prohibited    T10-12304a
    T19 T10-IA     fed   legislature proclaimed               -> needs_counsel T19
    T19 T10-IA     fed   legislature !proclaimed              -> prohibited    T10-IA
    # The task table, each condition met, open and broken.
    T02 T32-502f1A state -                                    -> permitted     T02
    T02 T10-12406  state contact=none no-discretion           -> conditional   AUTH-02
    T02 T10-12406  state contact=none !no-discretion          -> prohibited    AUTH-02
    T02 T10-12406  state contact=direct no-discretion         -> prohibited    AUTH-02
    T03 T10-12406  le    -                                    -> permitted     T03
    T04 SAD        le    rides contact-allowed standard       -> conditional   T04
    T04 T32-502f1A le    paid !rides {IN_287G} contact-allowed standard -> conditional T04
    T04 T32-502f1A le    paid !rides {IN_287G} !112 contact-allowed standard -> conditional T04
    T04 T32-502f1A le    paid !rides 287g !certified !112     -> prohibited    T04
    T04 T32-502f1A le    paid !rides !287g 112 !drug-law      -> prohibited    T04
    T04 T32-502f1A le    paid !rides !287g 112 drug-law       -> conditional   T04
    T04 T32-502f1A le    paid rides !standard                 -> prohibited    T04
    T04 T10-12406  le    rides contact-allowed standard       -> prohibited    AUTH-02
    T05 T32-502f1A le    paid directs no-questions            -> conditional   T05
    T05 T32-502f1A le    paid !directs no-questions           -> prohibited    T05
    T05 T32-502f1A le    paid directs !no-questions           -> prohibited    T05
    T05 T10-12406  le    directs no-questions                 -> prohibited    AUTH-02
    T06 T32-502f1A le    paid taken custodian two             -> conditional   T06
    T06 T32-502f1A le    paid !taken custodian two            -> prohibited    T06
    T06 T32-502f1A le    paid taken !custodian two            -> prohibited    T06
    T06 T32-502f1A le    paid taken custodian !two            -> prohibited    T06
    T06 T10-12406  le    taken custodian two contact=none no-evidence  -> conditional T06
    T06 T10-12406  le    taken custodian two contact=none !no-evidence -> prohibited  T06
    T06 T10-12406  le    taken custodian two contact=incidental no-evidence -> prohibited T06
    T07 SAD        state state-site                           -> conditional   T07
    T07 SAD        state !state-site                          -> prohibited    T07
    T07 T10-12406  le    no-authority                         -> conditional   T07
    T07 T10-12406  le    !no-authority                        -> prohibited    T07
    T08 T10-12406  le    -                                    -> permitted     T08
    T09 SAD        local licensed records                     -> conditional   T09
    T09 SAD        local !licensed records                    -> prohibited    T09
    T09 SAD        local licensed !records                    -> prohibited    T09
    T09 T32-502f1A fed   licensed records {ECONOMY}           -> conditional   T09
    T09 T32-502f1A fed   licensed records !economy !stafford  -> prohibited    AUTH-09
    T09 T32-502f1A fed   licensed records economy !money !stafford -> prohibited AUTH-09
    T09 T32-502f1A fed   licensed records !economy stafford   -> conditional   T09
    T10 T32-502f1A le    paid documents                       -> conditional   T10
    T10 T32-502f1A le    paid !documents reviewed             -> conditional   T10
    T10 T32-502f1A le    paid !documents !reviewed            -> prohibited    T10
    T10 T10-12406  le    !documents reviewed                  -> prohibited    T10
    T11 SAD        state armed-order                          -> conditional   T11
    T11 SAD        state !armed-order                         -> prohibited    T11
    T11 T10-12406  le    armed-order                          -> prohibited    DODI-3025.21-E3
    T12 SAD        state custody-power                        -> conditional   T12
    T12 SAD        state !custody-power                       -> prohibited    T12
    T12 T32-502f1A le    paid custody-power                   -> prohibited    T12
    T12 T10-12406  le    custody-power                        -> prohibited    AUTH-02
    T13 SAD        state custody-power                        -> prohibited    T13
    T14 T32-502f1A le    paid                                 -> prohibited    T14
    T15 T10-12406  le    -                                    -> prohibited    AUTH-02
    T16 T32-502f1A le    paid                                 -> prohibited    T16
    T16 T10-12406  le    -                                    -> prohibited    DODI-3025.21-E3
    T17 T32-502f1A le    paid {IN_287G}                       -> prohibited    T17
    T18 SAD        state -                                    -> prohibited    T18
    T19 SAD        state crowd-order crowd-law crowd-trained  -> conditional   T19
    T19 SAD        state !crowd-order crowd-law crowd-trained -> prohibited    T19
    T19 T32-502f1A state crowd-order crowd-law !crowd-trained -> prohibited    T19
    T19 T10-12406  state crowd-order crowd-law crowd-trained  -> prohibited    DODI-3025.21-E3
    T20 SAD        local disaster-traffic                     -> conditional   T20
    T20 SAD        le    !disaster-traffic                    -> prohibited    T20
    T20 T10-12406  local disaster-traffic                     -> prohibited    DODI-3025.21-E3
    T22 T32-502f1A local -                                    -> permitted     T22
    T23 T32-502f1A le    paid counsel-opened                  -> conditional   T23
    T23 T32-502f1A le    paid !counsel-opened                 -> prohibited    T23
    T24 SAD        state {IN_287G}                            -> prohibited    T24
    # Reimbursement of support to federal law enforcement in 502(f) duty.
    T08 T32-502f1A le    -                                    -> conditional   AUTH-07
    T08 T32-502f1A le    waived                               -> permitted     T08
    T08 T32-502f1A le    !paid                                -> conditional   AUTH-07
    T08 T32-502f1A le    !paid !waived                        -> prohibited    AUTH-07
    T08 T32-ch9    le    began=2025-08-01 asked found !paid !waived -> prohibited AUTH-07
    T08 SAD        le    !paid !waived                        -> permitted     T08
    T08 T10-12406  le    !paid !waived                        -> permitted     T08
    # The compact.
    T21 SAD        state {EMAC}                               -> permitted     T21
    T21 SAD        state emac declared req-a !order           -> prohibited    EMAC-06
    T21 SAD        state emac declared !req-a order           -> prohibited    EMAC-06
    T21 SAD        state emac !declared req-a order           -> prohibited    EMAC-01
    T13 SAD        state {EMAC}                               -> prohibited    EMAC-02
    T15 T32-502f1A state {EMAC}                               -> prohibited    EMAC-02
    T12 T32-502f1A state {EMAC}                               -> prohibited    T12
    T19 SAD        state {EMAC} crowd-order crowd-law crowd-trained -> needs_counsel EMAC-02
    T04 T32-502f1A le    {EMAC} paid rides contact-allowed standard -> needs_counsel EMAC-02
    # Mission assignments, emergency work and immediate response.
    T21 T32-502f1A fed   fema disaster issued                 -> permitted     T21
    T21 T32-502f1A fed   fema disaster                        -> conditional   MA-FLOW
    T21 T32-502f1A fed   fema !disaster issued                -> prohibited    MA-FLOW
    T22 T32-502f1A fed   dfa                                  -> conditional   MA-04
    T22 T32-502f1A fed   dfa official                         -> permitted     T22
    T22 T32-502f1A fed   dfa !official                        -> prohibited    MA-04
    T21 T10-12406  fed   dod-work work-asked work-directed dod-began=2025-08-13 -> permitted  T21
    T21 T10-12406  fed   dod-work work-asked work-directed dod-began=2025-08-12 -> prohibited AUTH-15
    T21 T10-12406  fed   dod-work work-asked work-directed    -> conditional   AUTH-15
    T21 T10-12406  fed   dod-work work-asked !work-directed dod-began=2025-08-22 -> prohibited AUTH-15
    T08 T10-12406  fed   dod-work                             -> permitted     T08
    T21 T10-12406  local at-once                              -> conditional   AUTH-16
    T21 T10-12406  local at-once on-paper reassessed          -> permitted     T21
    T21 T10-12406  local at-once on-paper !reassessed         -> prohibited    AUTH-16
"""
AGENCIES = {"le": "federal_law_enforcement", "fed": "federal_other", "state": "state", "local": "local"}


def rows(text):
    return [
        " ".join(row.split()) for row in text.splitlines() if row.strip() and not row.strip().startswith("#")
    ]


def ask(*tasks, agency="local", contact="", state="NE", **more):
    common = {"words": "As asked", "place": "Site A", "people": 20, "contact": contact}
    lines = [{"task": task} | common for task in tasks]
    head = {
        "id": "R-1",
        "title": "T",
        "kind": "exercise",
        "requester": "An agency",
        "asked": f"{state}-GOVERNOR",
    }
    return read_request(head | {"state": state, "agency_kind": agency, "purpose": "P", "lines": lines} | more)


def find(request, status, facts, *, on=DAY, layers=(LAW,)):
    (finding,) = assess(request, status, on, layers, facts)
    return finding


@pytest.mark.parametrize("row", rows(CASES))
def test_the_law_finds_as_its_tables_say(row):
    asked, found = row.split(" -> ")
    task, status, agency, *stated = asked.split()
    facts, contact, on = {}, "", DAY
    for word in stated:
        name, _, value = word.partition("=")
        if name == "contact":
            contact = value
        elif name == "on":
            on = date.fromisoformat(value)
        elif word != "-":
            facts[STATED[name.lstrip("!")]] = date.fromisoformat(value) if value else not name.startswith("!")

    finding = find(ask(task, agency=AGENCIES[agency], contact=contact), status, facts, on=on)

    assert [finding.finding, finding.rule] == found.split()
    assert finding.layer == "law"


def test_the_cases_are_many_and_every_task_category_and_duty_status_is_among_them():
    cases = [row.split() for row in rows(CASES)]

    assert len(cases) >= 60
    assert {words[0] for words in cases} == set(TASKS)
    assert {words[1] for words in cases} == set(STATUSES)
    assert set(STATED.values()) <= set(PACKS.facts)


# --- what a finding says ------------------------------------------------------------


def test_a_finding_says_its_pack_who_signed_it_its_mark_and_the_words_of_the_law():
    found = find(ask("T13", agency="federal_law_enforcement"), "T10-12406", {})

    assert (found.pack, found.signed, found.mark, found.verified) == (
        "us.task-categories 1",
        "unsigned",
        "C",
        True,
    )
    assert [quote.citation for quote in found.quotes] == ["10 USC 275"]
    assert "search, seizure, arrest, or other similar activity" in found.quotes[0].exact


def test_processing_in_title_10_quotes_the_statute_and_the_reason_of_the_change():
    found = find(ask("T05"), "T10-12406", {})

    assert list(dict.fromkeys(quote.text for quote in found.quotes)) == [
        "10-usc-275",
        "dod-release-2025-07-25",
    ]


def test_what_is_weaker_than_the_mark_is_said():
    found = find(ask("T04"), "T32-502f1A", {"under_emac": True})

    assert (found.rule, found.mark, found.verified) == ("EMAC-02", "C", False)
    assert found.unverified.startswith("Which other task categories")


@pytest.mark.parametrize(
    ("task", "status", "facts", "asks"),
    [
        ("T04", "T32-502f1A", {}, 5),
        ("T04", "T32-502f1A", {"agency_officer_keeps_custody_and_rides_along": True}, 2),
        ("T01", "T32-502f1A", {}, 0),
        ("T13", "SAD", {}, 0),
    ],
)
def test_a_finding_asks_for_the_facts_that_nobody_stated(task, status, facts, asks):
    found = find(ask(task), status, facts)

    assert len(found.asks) == asks
    assert set(found.asks) <= set(PACKS.facts)


def test_a_fact_that_is_made_of_others_asks_for_them():
    covered = {"agreement_287g_covers_it": True, "agreement_287g_in_writing": True}
    found = find(ask("T04"), "T32-502f1A", covered)

    assert "agreement_287g_members_certified" in found.asks
    assert "agreement_287g_in_writing" not in found.asks
    assert "(stated: agreement_287g_covers_it; not stated: " in found.conditions[0]
    stated = dict.fromkeys(LAW.parts["agreement_287g_covers_it"], True) | covered
    assert "(stated: agreement_287g_covers_it)" in find(ask("T04"), "T32-502f1A", stated).conditions[0]


@pytest.mark.parametrize(
    ("task", "status", "facts", "change"),
    [
        ("T13", "SAD", {}, "Only a named statute, with counsel's sign-off, lifts this."),
        ("T12", "T32-502f1A", {}, "In Title 32 it takes the governor, state law and a federal delegation."),
        (
            "T07",
            "SAD",
            {},
            "Prohibited where this is known not to be so: State law allows the work at a site run by the state "
            "(state_law_allows_site_work).",
        ),
        (
            "T07",
            "SAD",
            {"state_law_allows_site_work": False},
            "It would not stand in the way if this were so: State law allows the work at a site run by the state "
            "(state_law_allows_site_work).",
        ),
        ("T21", "T10-12304a", {}, "Another duty status, one that covers the National Guard."),
        ("T01", "T10-IA", {}, "Counsel's written opinion on T01 in T10-IA."),
        (
            "T21",
            "T32-ch9",
            {"duty_began_on": date(2025, 1, 1)},
            "Extended by 90 days where it is so: extension_with_secdef_concurrence.",
        ),
    ],
)
def test_a_finding_says_what_would_change_it(task, status, facts, change):
    assert change in find(ask(task), status, facts).changes


def test_a_finding_says_what_would_still_be_said_without_the_layer_that_decided():
    decision = LimitLayer(name="governor's decision", tasks_barred=("T04",))

    found = find(ask("T04"), "T32-502f1A", {}, layers=(LAW, decision))

    assert found.changes == (
        "An amendment of the decision by the office that issued it (tasks barred).",
        "Without the governor's decision, the law would still say conditional (T04).",
    )


def test_rules_for_a_kind_of_mission_that_nobody_stated_are_named():
    named = [rule.id for rule in dormant(ask("T21"), "SAD", DAY, LAW, {})]

    assert {"EMAC-01", "EMAC-02", "EMAC-06", "MA-FLOW", "MA-04"} <= set(named)
    assert "AUTH-11" not in named, "it is about 10 USC 12406 alone"
    assert "EMAC-01" not in [r.id for r in dormant(ask("T21"), "SAD", DAY, LAW, {"under_emac": False})]


def test_self_defense_and_drift_stand_beside_every_finding():
    assert [rule.id for rule in LAW.universal] == ["UNIVERSAL-1", "UNIVERSAL-2"]


# --- a state's own law --------------------------------------------------------------


def test_the_texas_agreement_lifts_nothing_while_no_statute_is_named_and_signed():
    found = find(ask("T13", state="TX"), "SAD", {"tx_under_cbp_supervision": True})

    assert (found.finding, found.rule) == ("prohibited", "T13")


def test_with_a_signed_statute_the_conditions_of_the_agreement_bite_in_texas_alone():
    lift = Lift(
        task="T13",
        statuses=frozenset({"SAD"}),
        statute="A statute that counsel names",
        counsel="State counsel",
        signed_date=DAY,
        effective_from=None,
        effective_to=None,
        words="As far as it reaches",
        state="TX",
    )
    law = replace(LAW, lifts=(lift,))
    supervised = {"tx_under_cbp_supervision": True, "tx_in_contact_with_cbp_official": True}

    def in_state(state, facts):
        return find(ask("T13", state=state), "SAD", facts, layers=(law,))

    assert in_state("TX", supervised).finding == "conditional"
    assert in_state("TX", {}).asks == ("tx_under_cbp_supervision", "tx_in_contact_with_cbp_official")
    assert in_state("TX", {"tx_under_cbp_supervision": False}).rule == "TX-CBP-2025"
    assert in_state("NE", supervised).finding == "prohibited"


# --- what holds of every finding ----------------------------------------------------

ANY_FACT = st.sampled_from(sorted(name for name, fact in PACKS.facts.items() if fact.kind == "yes_or_no"))
FACTS = st.dictionaries(ANY_FACT, st.booleans(), max_size=12)
BEGAN = st.one_of(st.just({}), st.builds(lambda day: {"duty_began_on": day}, st.dates(date(2024, 1, 1), DAY)))
REQUESTS = st.builds(
    lambda tasks, agency, contact, barred: ask(
        *tasks,
        agency=agency,
        contact=contact,
        exclusions=[{"task": task, "words": "Not asked for"} for task in barred],
    ),
    st.lists(st.sampled_from(sorted(TASKS)), min_size=1, max_size=4),
    st.sampled_from(sorted(AGENCIES.values())),
    st.sampled_from(("", *CONTACTS)),
    st.lists(st.sampled_from(sorted(TASKS)), max_size=1),
)
AS_OF = st.dates(date(2025, 7, 1), date(2026, 12, 31))


def seldom(*others):
    """None, which bounds nothing, or now and then one of the others."""
    return st.sampled_from((None,) * (3 * len(others)) + others)


@st.composite
def limits(draw):
    """A layer of limits as anybody might write one: most of its limits bound nothing."""
    given = {
        "known_from": draw(seldom(date(2025, 8, 1), date(2026, 1, 1))),
        "effective_from": draw(seldom(date(2025, 8, 1), date(2026, 1, 1))),
        "effective_to": draw(seldom(date(2025, 12, 31), date(2026, 6, 30))),
        "statuses": draw(seldom(("SAD",), ("T32-502f1A", "T32-502f1B"))),
        "tasks_allowed": draw(seldom((), ("T01", "T02", "T04", "T05", "T08"))),
        "tasks_barred": draw(seldom(("T12", "T13"), ("T01", "T04"))),
        "contact": draw(st.sampled_from((None, *CONTACTS))),
        "places": draw(seldom(("Site A",), ("Site B",), ("Site C",))),
        "volunteers_only": draw(seldom(True)),
        "people_max": draw(seldom(5, 500)),
        "otherwise": draw(seldom("needs_counsel")),
    }
    named = draw(st.sampled_from(("D-1", "D-2", "D-3")))
    said = {
        limit: Basis(rule=f"{named}.{limit}", citation=named, verified=True, words=named) for limit in given
    }
    return LimitLayer(
        name=draw(st.sampled_from([name for name in LAYERS if name not in ("law", "request scope")])),
        basis=draw(st.sampled_from(({}, said))),
        **{name: value for name, value in given.items() if value is not None},
    )


@st.composite
def situations(draw):
    """A request, a duty status, a day, the facts stated, and the layers: the facts are mostly those that the rules ask for."""
    request, status, on = draw(REQUESTS), draw(st.sampled_from(STATUSES)), draw(AS_OF)
    facts = draw(FACTS.filter(lambda facts: len(facts) < 4)) | draw(BEGAN)
    for name in questions(request, status, on, LAW, facts):
        if (
            PACKS.facts[name].kind == "yes_or_no"
            and (stated := draw(st.sampled_from((True, True, False, None)))) is not None
        ):
            facts[name] = stated
    return request, status, on, facts, draw(st.lists(limits(), max_size=3))


@settings(max_examples=300, deadline=None)
@given(situations(), limits())
def test_a_layer_more_never_permits_more(situation, one_more):
    request, status, on, facts, layers = situation
    before = assess(request, status, on, (LAW, *layers), facts)
    after = assess(request, status, on, (LAW, *layers, one_more), facts)

    for less, more in zip(before, after, strict=True):
        assert STRICTNESS.index(more.finding) >= STRICTNESS.index(less.finding)


def test_the_conditions_of_two_layers_stand_in_the_order_of_the_layers_whichever_is_given_first():
    decision = LimitLayer(name="governor's decision", people_max=5)
    site = LimitLayer(name="site rule", volunteers_only=True)

    one_way = find(ask("T01"), "SAD", {}, layers=(LAW, decision, site))

    assert find(ask("T01"), "SAD", {}, layers=(site, decision, LAW)) == one_way
    assert [words.split(" (")[0] for words in one_way.conditions] == [
        "At most 5 people at any one moment.",
        "Only members who volunteer",
    ]


def test_a_decision_that_allows_contact_does_not_make_so_what_was_stated_not_to_be():
    stated = {"governor_allows_contact": False, "reimbursement_agreement": True}
    decision = LimitLayer(name="governor's decision", contact="direct")

    without = find(ask("T04", contact="direct"), "T32-502f1A", stated)
    under_it = find(ask("T04", contact="direct"), "T32-502f1A", stated, layers=(LAW, decision))

    assert (without.finding, under_it.finding) == ("prohibited", "prohibited")


@settings(max_examples=300, deadline=None)
@given(situations())
def test_a_finding_always_names_a_rule_a_layer_and_what_would_change_it(situation):
    request, status, on, facts, layers = situation
    for found in assess(request, status, on, (LAW, *layers), facts):
        assert found.layer in LAYERS
        assert found.rule
        assert found.citation
        assert found.words
        assert bool(found.changes) == (found.finding != "permitted")
        assert bool(found.conditions) == (found.finding == "conditional") or found.finding == "needs_counsel"
        assert (found.pack != "") == (found.layer == "law")


@settings(max_examples=200, deadline=None)
@given(situations(), st.randoms(use_true_random=False))
def test_neither_the_order_of_layers_nor_of_rules_nor_of_facts_matters(situation, shuffled):
    request, status, on, facts, layers = situation
    one_way = assess(request, status, on, (LAW, *layers), facts)
    turned, rules = [LAW, *layers], list(LAW.rules)
    shuffled.shuffle(turned)
    shuffled.shuffle(rules)

    assert assess(request, status, on, turned, dict(reversed(list(facts.items())))) == one_way
    other_law = replace(LAW, rules=tuple(rules))
    for here, there in zip(one_way, assess(request, status, on, (other_law, *layers), facts), strict=True):
        assert (here.finding, here.layer, here.rule, here.words) == (
            there.finding,
            there.layer,
            there.rule,
            there.words,
        )
        assert set(here.conditions) == set(there.conditions)
        assert set(here.asks) == set(there.asks)


@settings(max_examples=200, deadline=None)
@given(REQUESTS, st.sampled_from(STATUSES), FACTS, BEGAN, st.sampled_from(sorted(PACKS.facts)))
def test_a_fact_known_to_be_so_is_never_stricter_than_not_known_unless_a_rule_waits_for_it(
    request, status, facts, began, name
):
    triggers = {rule.when_fact for rule in LAW.rules}
    if PACKS.facts[name].kind == "date" or name in triggers:
        return
    unknown = {key: value for key, value in facts.items() if key != name} | began

    for not_known, so, not_so in zip(
        assess(request, status, DAY, (LAW,), unknown),
        assess(request, status, DAY, (LAW,), unknown | {name: True}),
        assess(request, status, DAY, (LAW,), unknown | {name: False}),
        strict=True,
    ):
        strictness = [STRICTNESS.index(found.finding) for found in (so, not_known, not_so)]
        assert strictness == sorted(strictness)


@pytest.mark.parametrize("status", STATUSES)
def test_one_day_later_never_brings_a_duty_back(status):
    began = {"duty_began_on": DAY}

    found = [find(ask("T08"), status, began, on=DAY + timedelta(days=n)).finding for n in range(0, 800, 7)]

    assert found == sorted(found, key=lambda verdict: verdict == "prohibited")
