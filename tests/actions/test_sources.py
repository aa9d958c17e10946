"""Claims and sites from real files: every fault told, nothing added up, twice changes nothing."""

import io
import os
from pathlib import Path

import pytest

from muster.access.control import Actor, NotFound, actor_of
from muster.access.models import Grant, User
from muster.core.errors import FaultyFile
from muster.core.quantity import Quantity
from muster.parties.models import Site
from muster.sources import actions, importing, rules
from muster.sources.models import Claim, Source

SHARED = Path(os.environ.get("MUSTER_SHARED", Path(__file__).parents[3] / "shared")) / "data"
real = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared sample data is not beside the project")
GOOD = "G1,M-1,MO,listed,,,2025-08-25,in the list,WIBC,https://example.org/a"


@pytest.fixture
def administrator() -> Actor:
    user = User.objects.create_user("administrator")
    Grant.objects.create(user=user, role="administrator")
    return actor_of(user)


def claims(actor: Actor, *rows: str, keep_good: bool = False) -> dict[str, object]:
    text = "\n".join([",".join(rules.CLAIM_COLUMNS), *rows, ""])
    return importing.import_claims(
        io.BytesIO(text.encode()), actor=actor, name="claims.csv", keep_good=keep_good
    )


@real
def test_the_real_claims_are_kept_as_stated_and_twice_changes_nothing(administrator: Actor) -> None:
    path = SHARED / "guard_claims.csv"

    dry = importing.import_claims(path, actor=administrator, name=path.name, dry_run=True)
    assert (dry["rows"], dry["kept"], Claim.objects.count()) == (118, 0, 0)
    first = importing.import_claims(path, actor=administrator, name=path.name)
    again = importing.import_claims(path, actor=administrator, name=path.name)

    assert (first["rows"], first["kept"], first["refused"], first["notices"]) == (118, 118, [], {})
    assert again["notices"] == {"already_there": 118}
    assert Claim.objects.count() == 118
    # Three figures for Florida stand side by side, and a list of 19 states is not a number of members.
    florida = Claim.objects.filter(mission="ICE-SUPPORT-2025", place="FL", metric="activated").order_by("id")
    assert [Quantity.from_json(claim.quantity).said for claim in florida] == ["25", "20", "200"]
    assert (
        Claim.objects.get(pk="G050").quantity is None
    )  # Missouri stands on a list: no number, known or unknown
    assert Quantity.from_json(Claim.objects.get(pk="G002").quantity).said == "up to 1,700"


@real
def test_the_real_facilities_without_a_code_are_told_and_the_others_kept_when_asked(
    administrator: Actor,
) -> None:
    path = SHARED / "facilities.csv"

    with pytest.raises(FaultyFile) as told:
        importing.import_facilities(path, actor=administrator, name=path.name)
    assert [(fault.column, fault.code) for fault in told.value.faults] == [("code", "sources.no_code")] * 2
    assert not Site.objects.exists()

    answer = importing.import_facilities(path, actor=administrator, name=path.name, keep_good=True)
    again = importing.import_facilities(path, actor=administrator, name=path.name, keep_good=True)

    assert (answer["rows"], answer["kept"], len(answer["refused"])) == (844, 842, 2)
    assert answer["notices"] == {"no_coordinates": 135, "outside_the_states": 3}
    assert again["notices"]["already_there"] == 842
    assert Site.objects.count() == 842


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (GOOD.replace("listed", "expected"), "metric", "sources.unknown_metric"),
        (GOOD.replace("MO", "Missouri"), "state", "sources.unknown_place"),
        (GOOD.replace(",,,", ",7,3,"), "low", "sources.low_above_high"),
        (GOOD.replace(",,,", ",some,,"), "low", "sources.not_a_number"),
        (GOOD.replace("2025-08-25", "2025-13"), "as_of", "sources.not_a_date"),
        (GOOD.replace("https:", "file:"), "url", "sources.not_an_address"),
        (GOOD.replace("G1,", ","), "claim_id", "sources.missing"),
        (GOOD + "\n" + GOOD, "claim_id", "sources.row_twice"),
    ],
)
def test_a_faulty_row_is_told_by_row_and_column_and_the_good_ones_wait(
    administrator: Actor, row: str, column: str, code: str
) -> None:
    good = GOOD.replace("G1", "G0")

    with pytest.raises(FaultyFile) as told:
        claims(administrator, good, row)

    fault = told.value.faults[0]
    assert (fault.row, fault.column, fault.code) == (3 + row.count("\n"), column, code)
    assert not Claim.objects.exists()
    assert claims(administrator, good, row, keep_good=True)["kept"] == 1 + row.count("\n")


def test_a_claim_is_never_changed(administrator: Actor) -> None:
    claims(administrator, GOOD)

    with pytest.raises(actions.SaidOtherwise, match="G1"):
        claims(administrator, GOOD.replace("in the list", "in another list"))


def test_a_page_is_one_source(administrator: Actor) -> None:
    claims(administrator, GOOD, GOOD.replace("G1", "G2"))

    assert Source.objects.get().publisher == "WIBC"


def test_somebody_without_a_role_brings_no_files_in() -> None:
    with pytest.raises(NotFound):
        claims(actor_of(User.objects.create_user("passer-by")), GOOD)
