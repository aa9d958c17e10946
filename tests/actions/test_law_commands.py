"""`muster check` and `muster packs` as they are typed: the note in the margin, a state's own packs, and what changed in a pack."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from muster import config
from muster.authority.packs import load_packs
from muster.cli.main import app

EXAMPLES = Path("examples")
TEMPLATE = Path("muster/authority/packs/templates/us.state.toml")


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_a_finding_is_printed_like_a_note_in_the_margin() -> None:
    told = typed("check", EXAMPLES / "missouri-2025-request.toml", "--as-of", "2025-11-01")

    assert told.exit_code == 1
    for words in (
        "Line 3  T04  PROHIBITED (unverified)",
        "  by governor's decision, rule MO-DECISION.tasks_allowed: Data entry, case management and logistics.",
        "  would change it: An amendment of the decision by the office that issued it (tasks allowed).",
        "  would change it: Without the governor's decision, the law would still say conditional (T04).",
        '  "No other provision of this chapter shall apply to such support." (10 USC 277)',
        "  mark C; pack us.federal.core-rules 1, unsigned",
        "Always: Self-defense and the defense of others are always allowed",
        "Not stated: under_emac. The Guard serves outside its own state under the compact? Then EMAC-01, EMAC-02, EMAC-06",
    ):
        assert words in told.stdout


def test_the_answer_for_programs_says_the_same() -> None:
    told = json.loads(typed("check", EXAMPLES / "exercise-request.toml", "--json").stdout)

    (line,) = [line for line in told["lines"] if line["task"] == "T04"]
    assert (line["mark"], line["signed"], line["asks"]) == ("GK", "unsigned", ["governor_allows_contact"])
    assert {quote["text"] for quote in line["quotes"]} == {"dod-release-2025-07-25", "8-usc-1357-g"}
    assert [rule["rule"] for rule in told["always"]] == ["UNIVERSAL-1", "UNIVERSAL-2"]
    assert "under_emac" in [each["fact"] for each in told["could_apply"]]
    assert "what_if" not in told


def test_what_every_other_duty_status_would_give_is_told_when_asked_for() -> None:
    told = json.loads(typed("check", EXAMPLES / "exercise-request.toml", "--what-if", "--json").stdout)
    printed = typed("check", EXAMPLES / "exercise-request.toml", "--what-if").stdout

    assert list(told["what_if"]) == list(load_packs().law.statuses)
    assert told["what_if"]["T32-502f1A"] == told["lines"]
    assert {line["rule"] for line in told["what_if"]["T10-12304a"]} == {"T10-12304a"}
    assert "If the duty status were another:" in printed


def test_the_packs_are_listed_with_what_was_read_and_who_signed() -> None:
    told = json.loads(typed("packs", "list", "--json").stdout)["packs"]

    (table,) = [pack for pack in told if pack["id"] == "us.task-categories"]
    assert (table["cells"], table["sign_off"], table["marks"]) == (72, "unsigned", {"C": 3, "S": 2, "GK": 69})
    (texas,) = [pack for pack in told if pack["state"] == "TX"]
    assert texas["lifts"] == 0
    listed = typed("packs", "list").stdout
    assert "1996-10-19" in listed
    assert "62 rules, 67 events, 0 overlays" in listed
    (holdroom,) = [pack for pack in told if pack["id"] == "us.ice.holdroom"]
    assert (holdroom["layer"], holdroom["rules"], holdroom["overlays"]) == ("standard", 24, 3)


def test_a_state_s_own_packs_are_heard_beside_those_of_muster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = (
        TEMPLATE.read_text()
        .replace('statuses = ["SAD"]', 'statuses = ["T32-502f1A"]')
        .replace('["T12"]', '["T01"]')
    )
    folder = tmp_path / "packs"
    folder.mkdir()
    (folder / "us.state.ne.toml").write_text(mine)
    asked = tmp_path / "asked.toml"
    text = (EXAMPLES / "missouri-2025-request.toml").read_text()
    asked.write_text(text[: text.index("[[limits]]")].replace('state = "MO"', 'state = "NE"'))

    without = json.loads(typed("check", asked, "--json").stdout)["lines"][0]
    beside = json.loads(typed("check", asked, "--packs", folder, "--json").stdout)["lines"][0]

    assert "ne_fact_1" not in without["asks"]
    assert "ne_fact_1" in beside["asks"]
    assert "us.state.ne" in typed("packs", "list", "--packs", folder).stdout
    monkeypatch.setenv("MUSTER_PACKS", str(folder))
    config.current.cache_clear()
    try:
        assert "us.state.ne" in load_packs().by_id
        monkeypatch.setenv("MUSTER_PACKS", str(folder / "nothing"))
        config.current.cache_clear()
        with pytest.raises(config.BadSetting, match="packs"):
            load_packs()
    finally:
        monkeypatch.undo()
        config.current.cache_clear()


def test_a_faulty_pack_is_told_by_line(tmp_path: Path) -> None:
    file = tmp_path / "us.state.ne.toml"
    file.write_text(TEMPLATE.read_text().replace('"The text of the section"', '"Other words"'))

    told = typed("packs", "check", file)

    assert told.exit_code == 2
    row = next(n for n, line in enumerate(file.read_text().splitlines(), start=1) if "Other words" in line)
    assert f"row {row}: " in told.stderr
    assert "authority.not_in_the_text" in told.stderr
    assert "no faults; unsigned." in typed("packs", "check", TEMPLATE).stdout


def test_a_pack_is_compared_with_another_version_of_it_field_by_field(tmp_path: Path) -> None:
    newer = tmp_path / "us.emac.toml"
    text = Path("muster/authority/packs/us.emac.toml").read_text()
    newer.write_text(
        text.replace('version = "1"', 'version = "2"').replace("carries workers", "pays workers")
    )

    told = json.loads(typed("packs", "diff", "us.emac", newer, "--json").stdout)["changes"]

    assert [(change["part"], change["fields"][0]["field"]) for change in told] == [
        ("EMAC-05", "words"),
        ("pack", "version"),
    ]
    printed = typed("packs", "diff", "us.emac", newer).stdout
    assert "- The assisting state carries workers' compensation." in printed
    assert "+ The assisting state pays workers' compensation." in printed
    assert "Nothing changed." in typed("packs", "diff", "us.emac", "us.emac").stdout
    assert "MED-09: removed" in typed("packs", "diff", "us.ice.nds2019", "us.ice.nds2025").stdout
