"""The standards of custody and shelter as they stand in their packs, and what a faulty one is told."""

import re
from importlib import resources
from pathlib import Path

import pytest

from muster.authority import packs as law
from muster.authority.packs.mechanics import diff
from muster.authority.packs.reading import Pack
from muster.cases.packs import UnknownStandard, check, load_standards, named
from muster.cases.packs.reading import read_standard
from muster.cases.rules import Standard
from muster.core.errors import FaultyFile

STANDARDS = load_standards()

# Sections 1 to 6 and 9 of the reference, and the hours of drivers of section 7. HOLD-01L is no law, and CNT-06 is a law of the
# ledger itself: neither stands in a pack.
IDS = """
    CLK-01 CLK-02 CLK-03 CLK-04 CLK-05 CLK-06 CLK-07 CLK-08 CLK-09 CLK-10 CLK-11 CLK-12 CLK-13 CLK-14 CLK-15 CLK-16 CLK-17 CLK-18
    HOLD-01 HOLD-01W HOLD-02 HOLD-02NY HOLD-02IL HOLD-02AZ HOLD-03 HOLD-04 HOLD-05 HOLD-06 HOLD-07 HOLD-08 HOLD-09 HOLD-10 HOLD-11
    ADM-01 ADM-02 ADM-03 ADM-04 ADM-05 ADM-06 ADM-07 ADM-08 ADM-09 ADM-10 ADM-11
    CLS-01 CLS-02 CLS-03 CLS-04 CLS-05 CLS-06 CLS-07
    MED-01 MED-02 MED-03 MED-04 MED-05 MED-06 MED-07 MED-08 MED-09 MED-10 MED-11
    PROP-01 PROP-02 PROP-03 PROP-04 PROP-05 PROP-06
    CNT-01 CNT-02 CNT-03 CNT-04 CNT-05 CNT-07 CNT-08 INSP-01 INSP-02
    TRF-01 TRF-02 TRF-03 TRF-04 TRF-05 TRF-06 TRF-07 REL-01 REL-02 REL-03 REL-04
    TRN-05 TRN-06 TRN-07 TRN-08 TRN-09 TRN-10 TRN-11 TRN-12
    SHL-01 SHL-02 SHL-03 SHL-04 SHL-05 SHL-06 SHL-07 SHL-08 SHL-09 SHL-10 SPH-01 SPH-02 SPH-03 SPH-04 SPH-05 SPH-06
"""

SMALL = """\
[pack]
id = "small"
version = "1"
title = "Small"
layer = "standard"
words = "A standard for tests"
sign_off = "unsigned"

[[source]]
key = "S1"
words = "A page"

[[event]]
id = "tea_served"
words = "Tea was served"

[[overlay]]
id = "T-02"
name = "An order"
words = "An order for tests"
citation = "None"
mark = "GK"

[[rule]]
id = "T-01"
name = "Tea"
words = "Tea within an hour"
responsible = "facility"
citation = "None"
mark = "S"
sources = ["S1"]
severity = "info"
on_breach = "Serve it."
limit = { kind = "within", value = 1, unit = "h" }

[rule.clock]
start = ["arrived"]
stop_on = ["tea_served"]
warn = [{ value = 30, unit = "min" }]

[[rule.variants]]
id = "T-01A"
words = "Two hours"
overlay = "T-02"
limit = { kind = "within", value = 2, unit = "h" }
citation = "None"
mark = "GK"
"""


def test_every_rule_of_the_reference_stands_in_a_pack():
    held = {name for pack in STANDARDS.by_id.values() for name in (*pack.rules, *pack.overlays)}
    held |= {
        variant.id
        for pack in STANDARDS.by_id.values()
        for rule in pack.rules.values()
        for variant in rule.variants
    }

    assert set(IDS.split()) <= held


def test_the_packs_are_those_of_the_reference_and_those_of_the_law_beside_them():
    assert sorted(STANDARDS.by_id) == [
        "general.shelter", "us.cbp.teds2015", "us.dhs.prea", "us.federal.custody", "us.fmcsa.hours", "us.ice.2026rev",
        "us.ice.holdroom", "us.ice.nds2019", "us.ice.nds2025", "us.ice.pbnds2011r2016",
    ]  # fmt: skip


def test_only_what_was_read_in_a_primary_text_is_verified():
    for pack in STANDARDS.by_id.values():
        for rule in pack.rules.values():
            assert rule.verified is (rule.mark == "C" and not rule.unverified)
            assert rule.citation


def test_every_rule_read_in_a_primary_text_names_where():
    packs = STANDARDS.by_id.values()
    without = [
        rule.id for pack in packs for rule in pack.rules.values() if rule.mark == "C" and not rule.sources
    ]
    assert without == []


def test_every_declared_event_is_named_by_a_rule():
    rules = [rule for pack in STANDARDS.by_id.values() for rule in pack.rules.values()]
    used = {event for rule in rules for event in rule.timing.events}
    assert set(STANDARDS.events) == used


def test_every_source_is_named_by_a_rule_or_says_what_the_pack_rests_on():
    rests_on = {"TOC", "OIG2423", "NDS19", "IPTNDS", "COLDC", "AP26"}
    for pack in STANDARDS.by_id.values():
        used = {source for rule in pack.rules.values() for source in rule.sources}
        assert set(pack.sources) - used <= rests_on


def test_no_event_keeps_what_belongs_in_the_agencys_own_system():
    """What asks for nationality, biometrics or a search is kept as done or not done, when and by whom, and no more."""
    asks = re.compile(r"nationalit|religio|biometric|fingerprint|photograph|search|consul", re.I)
    for pack in STANDARDS.by_id.values():
        for event in pack.events.values():
            if asks.search(event.words):
                assert event.in_agency_system or event.id in ("authority_to_hold_seen", "cbp_rights_told"), (
                    event.id
                )


def test_nothing_a_shelter_reads_speaks_of_custody():
    text = (resources.files("muster.cases.packs") / "general.shelter.toml").read_text("utf-8")
    assert not re.search(r"custod|detain|detention|inmate|prison|\bICE\b|\bCBP\b", text)
    assert [pack.id for pack in STANDARDS.together(["general.shelter"])] == ["general.shelter"]


def test_checklists_stand_in_their_order():
    def steps(pack: str, checklist: str) -> list[str]:
        rules = [rule for rule in STANDARDS.by_id[pack].rules.values() if rule.checklist == checklist]
        return [rule.id for rule in sorted(rules, key=lambda rule: rule.step or 0)]

    dedicated = "us.ice.pbnds2011r2016"
    assert steps(dedicated, "admission") == [f"ADM-{n:02}" for n in range(1, 12)]
    assert steps(dedicated, "release") == ["REL-01", "REL-02", "REL-03", "REL-04"]
    assert steps("general.shelter", "shelter_registration") == ["SHL-05", "SHL-06"]


def test_a_standard_brings_what_holds_wherever_it_does():
    found = [pack.id for pack in STANDARDS.together(["us.ice.pbnds2011r2016"])]

    assert found == ["us.dhs.prea", "us.federal.custody", "us.ice.holdroom", "us.ice.pbnds2011r2016"]


def test_the_rules_of_an_order_hold_only_where_it_is_recorded():
    without = {rule.id for rule in STANDARDS.rules(["us.ice.holdroom"])}
    under = {rule.id for rule in STANDARDS.rules(["us.ice.holdroom", "HOLD-02NY"])}

    assert under - without == {
        f"HOLD-02NY-{name}" for name in ("SPACE", "BED", "CLEAN", "SOAP", "NOTICE", "CALL", "CALLS", "MEAL")
    }


def test_an_unknown_standard_is_refused_with_those_that_are_there():
    with pytest.raises(
        UnknownStandard, match=r"'us\.none' is not a standard .* us\.ice\.holdroom"
    ) as refused:
        STANDARDS.rules(["us.none"])

    assert refused.value.code == "cases.unknown_standard"


def test_a_small_pack_has_no_faults():
    pack = read_standard(SMALL)

    assert str(pack.rules["T-01"].limit) == "within 1 h"
    assert pack.marks == {"C": 0, "S": 1, "GK": 2}


# (what is replaced, by what, the code of the fault, its line, part of its words)
FAULTS = [
    ('kind = "within", value = 1', 'kind = "soonish", value = 1', "cases.unknown_choice", 34, "soonish"),
    (', value = 1, unit = "h"', "", "cases.missing", 34, "unit is missing"),
    ('value = 1, unit = "h" }', 'value = 1.5, unit = "h" }', "cases.wrong_kind", 34, "must be whole"),
    ('value = 1, unit = "h" }', 'value = 0, unit = "h" }', "cases.wrong_kind", 34, "above 0"),
    ('value = 1, unit = "h" }', 'value = true, unit = "h" }', "cases.wrong_kind", 34, "must be a number"),
    (
        'value = 1, unit = "h" }',
        'value = 1, unit = "h", times = 3 }',
        "cases.does_not_fit",
        34,
        "has no times",
    ),
    ('"within", value = 1, unit = "h"', '"every"', "cases.missing", 34, "Say how often"),
    ('start = ["arrived"]\n', "", "cases.missing", 36, "by which event the time starts"),
    ('stop_on = ["tea_served"]', 'pause_on = ["tea_served"]', "cases.missing", 36, "stop_on"),
    (
        'stop_on = ["tea_served"]',
        'stop_on = ["tea_served"]\npause_on = ["x"]',
        "cases.missing",
        36,
        "resume_on",
    ),
    (
        'stop_on = ["tea_served"]',
        'stop_on = ["tea_served"]\nbefore = ["left"]',
        "cases.missing",
        39,
        "before",
    ),
    ('stop_on = ["tea_served"]', 'stop_on = ["tea_served"]\nwhy = 1', "cases.unknown_field", 39, "'why'"),
    ('unit = "min" }', 'unit = "hours" }', "cases.unknown_choice", 39, "hours"),
    ('mark = "S"', 'mark = "X"', "cases.unknown_choice", 30, "'X'"),
    ('sources = ["S1"]', 'sources = ["S2"]', "cases.unknown_source", 31, "S2"),
    ('overlay = "T-02"', 'overlay = "T-03"', "cases.unknown_overlay", 44, "T-03"),
    ('overlay = "T-02"\n', "", "cases.always_so", 41, "between days or under an overlay"),
    ('severity = "info"', 'severity = "info"\nstep = 1', "cases.missing", 33, "belong together"),
    ('severity = "info"', 'severity = "loud"', "cases.unknown_choice", 32, "loud"),
    ('"within", value = 1, unit = "h"', '"always"', "cases.no_clock", 36, "has no clock"),
    ('layer = "standard"', 'layer = "law"', "cases.unknown_choice", 5, "layer"),
    ('[[overlay]]\nid = "T-02"', "[[overlay]]", "cases.missing", 17, "id is missing"),
    ("[pack]", "[pack", "cases.malformed", 1, "line 1"),
]


@pytest.mark.parametrize(("old", "new", "code", "row", "words"), FAULTS)
def test_a_fault_of_a_pack_is_told_with_its_line(old: str, new: str, code: str, row: int, words: str):
    assert old in SMALL

    with pytest.raises(FaultyFile) as refused:
        read_standard(SMALL.replace(old, new, 1))

    fault = next(fault for fault in refused.value.faults if fault.code == code)
    assert fault.row == row
    assert words in fault.message


def test_business_days_count_hours_and_not_days():
    text = SMALL.replace('unit = "h"', 'unit = "day"', 1).replace(
        "warn =", 'calendar = "business_days"\nwarn ='
    )

    with pytest.raises(FaultyFile, match="Business days count hours"):
        read_standard(text)


def test_two_rules_of_one_id_are_a_fault():
    rule = SMALL[SMALL.index("[[rule]]") :]

    with pytest.raises(FaultyFile, match="There are two rule tables called T-01"):
        read_standard(f"{SMALL}\n{rule}")


# What a pack says of others and is not so.
MISMATCHES = [
    ('stop_on = ["tea_served"]', 'stop_on = ["coffee_served"]', "cases.unknown_event", "coffee_served"),
    ('id = "tea_served"', 'id = "arrived"', "cases.named_twice", "read from the record"),
    (
        'id = "tea_served"',
        'id = "meal_served"',
        "cases.named_twice",
        "an event called meal_served",
    ),
    (
        'sign_off = "unsigned"',
        'sign_off = "unsigned"\ntogether_with = ["no.such"]',
        "cases.unknown_standard",
        "no.such",
    ),
]


@pytest.mark.parametrize(("old", "new", "code", "words"), MISMATCHES)
def test_what_a_pack_says_of_others_is_checked(old: str, new: str, code: str, words: str, tmp_path: Path):
    file = tmp_path / "small.toml"
    file.write_text(SMALL.replace(old, new), encoding="utf-8")

    with pytest.raises(FaultyFile) as refused:
        check(file)

    fault = next(fault for fault in refused.value.faults if fault.code == code)
    assert fault.row
    assert re.search(words, fault.message)


def test_a_folder_of_ones_own_may_hold_packs_of_both_kinds(tmp_path: Path):
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")

    assert "small" in load_standards(tmp_path).by_id
    assert "small" not in law.load_packs(tmp_path).by_id


def test_a_faulty_standard_in_the_folder_is_told_by_the_standards(tmp_path: Path):
    (tmp_path / "small.toml").write_text(SMALL.replace("arrived", "came"), encoding="utf-8")

    with pytest.raises(FaultyFile, match="No pack holds an event 'came'"):
        load_standards(tmp_path)


def test_one_check_reads_packs_of_both_kinds(tmp_path: Path):
    file = tmp_path / "small.toml"
    file.write_text(SMALL, encoding="utf-8")

    assert isinstance(check(file), Standard)
    assert isinstance(named("us.emac"), Pack)
    assert isinstance(named("us.ice.holdroom"), Standard)


def test_what_changed_between_two_versions_is_told_by_part():
    new = read_standard(SMALL.replace('value = 1, unit = "h"', 'value = 2, unit = "h"').replace('"1"', '"2"'))

    changes = {change.part: change for change in diff(read_standard(SMALL), new)}

    assert set(changes) == {"pack", "T-01"}
    assert [value.field for value in changes["T-01"].fields] == ["limit"]


def test_parts_of_one_name_and_two_kinds_are_one_removed_and_one_added():
    said = law.read_pack(
        '[pack]\nid = "t"\nversion = "1"\ntitle = "T"\nlayer = "law"\nwords = "W"\nsign_off = "unsigned"\n'
        '[[rule]]\nid = "T-01"\nwords = "W"\ncitation = "C"\nmark = "GK"\n'
    )

    changes = [change.change for change in diff(said, read_standard(SMALL)) if change.part == "T-01"]

    assert changes == ["removed", "added"]
