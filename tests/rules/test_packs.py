"""The rule packs that come with Muster, and what a faulty pack is told."""

import re
from datetime import date
from pathlib import Path

import pytest

from muster.authority.law import COLUMNS, LiftNotSigned
from muster.authority.packs import SignOff, check, diff, load_packs, read_pack
from muster.core.errors import FaultyFile, NotFound
from muster.core.tasks import TASKS

PACKS = load_packs()
ORDER = "us.dod.2025-07-25-order"

# authority.md section 8, as three letters a row: State Active Duty, Title 32, Title 10.
TABLE = """
    T01 PPP  T02 PPC  T03 PPP  T04 CCX  T05 CCX  T06 CCC  T07 CCC  T08 PPP
    T09 CCC  T10 CCC  T11 CCX  T12 CXX  T13 XXX  T14 XXX  T15 XXX  T16 XXX
    T17 XXX  T18 XXX  T19 CCX  T20 CCX  T21 PPP  T22 PPP  T23 CCC  T24 XXX
"""

SMALL = """\
[pack]
id = "small"
version = "1"
title = "Small"
layer = "law"
words = "A pack for tests"
sign_off = "unsigned"

[[source]]
key = "S1"
words = "A page"

[[fact]]
id = "so"
words = "It is so"

[[rule]]
id = "R-1"
words = "A rule"
citation = "1 USC 1"
mark = "C"
sources = ["S1"]

[[rule.requires]]
any_of = ["so"]
words = "It is so"
"""


def faults_of(text):
    with pytest.raises(FaultyFile) as refusal:
        read_pack(text)
    return [(fault.row, fault.code) for fault in refusal.value.faults]


def test_the_packs_are_there_and_nobody_has_signed_them_yet():
    assert sorted(PACKS.by_id) == [
        ORDER,
        "us.emac",
        "us.federal.core-rules",
        "us.federal.duty-status",
        "us.fema.mission-assignment",
        "us.state.tx",
        "us.task-categories",
    ]
    assert all(pack.sign_off is None for pack in PACKS.by_id.values())


def test_every_duty_status_and_core_rule_of_the_reference_is_there():
    rules = {rule.id for rule in PACKS.law.rules}

    assert " ".join(PACKS.law.statuses) == (
        "SAD T32-502f1A T32-502f1B T32-ch9 T32-112 T10-12406 T10-12301d T10-12302 T10-12304 T10-12304a T10-IA"
    )
    assert {f"AUTH-{n:02}" for n in range(1, 23)} <= rules
    assert {f"EMAC-{n:02}" for n in range(1, 7)} <= rules
    assert {"UNIVERSAL-1", "UNIVERSAL-2"} <= rules


@pytest.mark.parametrize(("task", "letters"), re.findall(r"(T\d\d) ([PCX]{3})", TABLE))
def test_the_task_table_is_the_references_cell_by_cell(task, letters):
    findings = {"P": "permitted", "C": "conditional", "X": "prohibited"}

    assert [PACKS.law.cells[task, column].finding for column in COLUMNS] == [
        findings[letter] for letter in letters
    ]


def test_every_task_category_has_a_row():
    assert {task for task, _ in PACKS.law.cells} == set(TASKS)


def test_only_what_was_wholly_read_in_a_primary_text_is_verified():
    rules = {rule.id: rule.basis.verified for rule in PACKS.law.rules}
    cells = {f"{task} {column}" for (task, column), cell in PACKS.law.cells.items() if cell.basis.verified}

    assert [rules[name] for name in ("AUTH-07", "AUTH-11", "AUTH-16")] == [True, False, False]
    assert cells == {"T13 title_10", "T14 title_10", "T15 title_10"}


def test_no_date_is_guessed_and_a_rule_stands_from_its_first_to_its_last_day():
    rules = {rule.id: rule for rule in PACKS.law.rules}

    assert rules["AUTH-02"].effective_from is None
    assert not rules["AUTH-12"].in_force(date(2025, 6, 11))
    assert rules["AUTH-12"].in_force(date(2025, 6, 12))
    assert rules["AUTH-12"].in_force(date(2025, 12, 31))
    assert not rules["AUTH-12"].in_force(date(2026, 1, 1))
    assert not rules["AUTH-14"].in_force(date(2025, 2, 1)), "the mass-influx finding counts as not in force"


def test_what_one_pack_says_of_another_is_there():
    rules = {rule.id for rule in PACKS.law.rules}
    named = {cell.basis.rule for cell in PACKS.law.cells.values()}
    statuses = {
        status for pack in PACKS.by_id.values() for rule in pack.rules.values() for status in rule.statuses
    }
    allowed = {status for rule in PACKS.by_id[ORDER].rules.values() for status in rule.allows_statuses}

    assert named <= rules | set(TASKS)
    assert statuses | allowed <= set(PACKS.law.statuses)


def test_an_order_is_found_by_its_id_only_among_orders():
    assert [layer.name for layer in PACKS.layers(ORDER)] == ["law", "federal order"]
    assert [layer.name for layer in PACKS.layers(None)] == ["law"]
    for name in ("us.dod.1999", "us.emac"):
        with pytest.raises(NotFound):
            PACKS.layers(name)


@pytest.mark.parametrize(
    ("old", "new", "row", "code"),
    [
        ('mark = "C"', 'mark = "D"', 21, "authority.unknown_choice"),
        ('mark = "C"', "", 17, "authority.missing"),
        ('sources = ["S1"]', 'sources = ["S2"]', 22, "authority.unknown_source"),
        ('any_of = ["so"]', 'any_of = ["not_so"]', 25, "authority.unknown_fact"),
        ('any_of = ["so"]', "any_of = []", 25, "authority.missing"),
        ('citation = "1 USC 1"', 'citation = "1 USC 1"\ncitattion = "x"', 21, "authority.unknown_field"),
        ('citation = "1 USC 1"', "citation = 1", 20, "authority.wrong_kind"),
        ('mark = "C"', 'mark = "C"\nprohibits = ["T99"]', 22, "authority.unknown_task"),
        ('mark = "C"', 'mark = "C"\nwhen_fact = "other"', 22, "authority.unknown_fact"),
        (
            'mark = "C"',
            'mark = "C"\neffective_from = 2025-01-02\neffective_to = 2025-01-01',
            23,
            "authority.ends_before_it_begins",
        ),
        ('layer = "law"', 'layer = "custom"', 5, "authority.unknown_choice"),
        ('sign_off = "unsigned"', "sign_off = { office = 'Counsel' }", 7, "authority.missing"),
        ('id = "R-1"', 'id = "R-1', 18, "authority.malformed"),
    ],
)
def test_a_fault_in_a_pack_is_told_with_its_line(old, new, row, code):
    assert faults_of(SMALL.replace(old, new)) == [(row, code)]


def test_two_rules_of_one_name_are_a_fault():
    again = '\n[[rule]]\nid = "R-1"\nwords = "Again"\ncitation = "x"\nmark = "GK"\n'

    assert faults_of(SMALL + again) == [(29, "authority.named_twice")]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ('sad = "P"\ntitle_32 = "P"', "authority.missing"),
        ('sad = "P"\ntitle_32 = "P"\ntitle_10 = "Q"', "authority.unknown_choice"),
        ('sad = "P"\ntitle_32 = "P"\ntitle_10 = "C"', "authority.conditions_do_not_fit"),
    ],
)
def test_a_row_of_the_task_table_has_every_column(row, code):
    faults = faults_of(SMALL + f'\n[[task]]\nid = "T01"\nwords = "x"\nmark = "GK"\n{row}\n')

    assert code in [found for _, found in faults]


def test_a_prohibition_is_lifted_only_by_a_signed_statute():
    lift = '\n[[lift]]\ntask = "T13"\nstatuses = ["SAD"]\nwords = "Peace officers"\nstatute = "A statute"\n'

    assert faults_of(SMALL + lift) == [(28, LiftNotSigned.code)]
    assert (
        read_pack(SMALL + lift + 'counsel = "State counsel"\nsigned_date = 2026-01-02\n').lifts[0].task
        == "T13"
    )


def test_a_pack_signed_by_counsel_says_who_and_when():
    signed = read_pack(
        SMALL.replace('"unsigned"', '{ office = "State counsel", date = 2026-01-02 }')
    ).sign_off

    assert signed == SignOff(office="State counsel", signed_date=date(2026, 1, 2))


def test_a_pack_on_disk_is_checked_like_one_of_ours(tmp_path):
    file = tmp_path / "small.toml"
    file.write_text(SMALL)

    assert check(file).id == "small"
    for ours in sorted(Path("muster/authority/packs").glob("*.toml")):
        assert check(ours).id == ours.stem


def test_a_new_version_says_what_changed():
    old = read_pack(SMALL)
    new = read_pack(SMALL.replace('words = "A rule"', 'words = "Another rule"'))
    more = read_pack(SMALL + '\n[[rule]]\nid = "R-2"\nwords = "More"\ncitation = "x"\nmark = "GK"\n')

    (reworded,) = diff(old, new)
    (words,) = reworded.fields
    assert (reworded.part, reworded.change) == ("R-1", "changed")
    assert (words.field, words.before, words.after) == ("words", "A rule", "Another rule")
    assert "- A rule" in str(reworded)
    assert [(change.part, change.change) for change in diff(old, more)] == [("R-2", "added")]
    assert [(change.part, change.change) for change in diff(more, old)] == [("R-2", "removed")]
    assert diff(old, old) == ()


STATE = '[pack]\nid = "us.state.ne"\nversion = "1"\ntitle = "A state"\nlayer = "law"\nstate = "NE"\nwords = "W"\nsign_off = "unsigned"\n'
RULE = '\n[[rule]]\nid = "NE-1"\nwords = "W"\ncitation = "C"\nmark = "GK"\n'
TEXT = '\n[[text]]\nid = "t-1"\ncitation = "1 USC 1"\nsource = "S1"\nwords = "No dog shall bark."\n'


def test_a_quotation_stands_word_for_word_in_its_text():
    def quoting(text, exact):
        return SMALL.replace('mark = "C"', f'mark = "C"\nquotes = [{{ text = "{text}", exact = "{exact}" }}]')

    (quote,) = read_pack(quoting("t-1", "dog shall bark") + TEXT).rules["R-1"].quotes

    assert (quote.text, quote.citation, quote.exact) == ("t-1", "1 USC 1", "dog shall bark")
    assert faults_of(quoting("t-1", "dog may bark") + TEXT) == [(22, "authority.not_in_the_text")]
    assert faults_of(quoting("t-2", "dog") + TEXT) == [(22, "authority.unknown_text")]


def test_every_quotation_of_our_packs_is_found_again_in_its_text():
    quotes = [quote for rule in PACKS.law.rules for quote in rule.quotes]
    quotes += [quote for cell in PACKS.law.cells.values() for quote in cell.basis.quotes]
    quotes += [quote for status in PACKS.law.statuses.values() for quote in status.quotes]

    assert {"10-usc-275", "10-usc-277", "8-usc-1357-g", "emac-xiii", "32-usc-904-b"} <= {
        q.text for q in quotes
    }
    assert all(quote.exact in PACKS.texts[quote.text].words for quote in quotes)
    assert [q.text for q in PACKS.law.cells["T13", "title_10"].basis.quotes] == ["10-usc-275"]


def test_a_fact_is_made_of_facts_that_stand_above_it():
    parts = '\n[[fact]]\nid = "whole"\nwords = "W"\nparts = ["so", "other"]\n'

    assert faults_of(SMALL + parts) == [(31, "authority.unknown_fact")]
    assert read_pack(SMALL + parts.replace(', "other"', "")).facts["whole"].parts == ("so",)


def test_how_long_something_may_last_is_counted_from_a_day_that_is_asked_for():
    alone = SMALL.replace('mark = "C"', 'mark = "C"\nmax_days = 10')

    assert faults_of(alone) == [(22, "authority.missing")]
    assert (
        read_pack(alone.replace("max_days = 10", 'max_days = 10\nbegan_fact = "so"')).rules["R-1"].max_days
        == 10
    )


@pytest.mark.parametrize(
    ("pack", "fault"),
    [
        (STATE.replace('"NE"', '"XX"'), (6, "authority.unknown_state")),
        (STATE.replace('"NE"', '"ZZ"'), (6, "authority.unknown_state")),
        (
            STATE
            + '\n[[task]]\nid = "T01"\nsad = "P"\ntitle_32 = "P"\ntitle_10 = "P"\nwords = "W"\nmark = "GK"\n',
            (6, "authority.not_a_states"),
        ),
        (STATE + RULE + 'when_agencies = ["everybody"]\n', (15, "authority.unknown_choice")),
    ],
)
def test_a_states_pack_adds_rules_of_its_own_and_changes_no_table(pack, fault):
    assert faults_of(pack) == [fault]


@pytest.mark.parametrize(
    ("more", "row", "code"),
    [
        ('statuses = ["SADD"]\n', 15, "authority.unknown_status"),
        ('allows_statuses = ["Title 32"]\n', 15, "authority.unknown_status"),
        (
            '\n[[rule]]\nid = "AUTH-01"\nwords = "W"\ncitation = "C"\nmark = "GK"\n',
            17,
            "authority.named_twice",
        ),
        ('\n[[fact]]\nid = "under_emac"\nwords = "Something else"\n', 17, "authority.named_twice"),
    ],
)
def test_what_a_pack_says_of_others_is_checked_beside_them(tmp_path, more, row, code):
    file = tmp_path / "us.state.ne.toml"
    file.write_text(STATE + RULE + more)

    with pytest.raises(FaultyFile) as told:
        check(file)
    with pytest.raises(FaultyFile) as refused:
        load_packs(tmp_path)

    assert [(fault.row, fault.code) for fault in told.value.faults] == [(row, code)]
    assert [fault.code for fault in refused.value.faults] == [code]


def test_a_folder_of_packs_stands_beside_those_of_muster(tmp_path):
    (tmp_path / "us.state.ne.toml").write_text(STATE + RULE)

    beside = load_packs(tmp_path)

    assert set(beside.by_id) == set(PACKS.by_id) | {"us.state.ne"}
    assert beside.law.rules[-1].state == "NE"


def test_the_template_of_a_state_pack_is_a_pack_and_is_not_in_use():
    template = check("muster/authority/packs/templates/us.state.toml")

    assert template.state == "NE"
    assert template.id not in PACKS.by_id


def test_a_rule_without_days_of_its_own_has_those_of_its_pack():
    rules = {rule.id: rule for rule in PACKS.law.rules}

    assert not rules["EMAC-02"].in_force(date(1996, 10, 18))
    assert rules["EMAC-02"].in_force(date(1996, 10, 19))


def test_a_change_of_version_or_sign_off_is_a_change_of_the_pack_and_not_of_its_rules():
    signed = read_pack(SMALL.replace('"unsigned"', '{ office = "State counsel", date = 2026-01-02 }'))

    (change,) = diff(read_pack(SMALL), signed)

    assert (change.part, [value.field for value in change.fields]) == ("pack", ["signed"])
    assert change.fields[0].after == "State counsel, 2026-01-02"


def test_a_pack_says_how_much_of_it_was_read():
    assert PACKS.by_id["us.task-categories"].marks == {"C": 3, "S": 2, "GK": 69}
    assert read_pack(SMALL).marks == {"C": 1, "S": 0, "GK": 0}
