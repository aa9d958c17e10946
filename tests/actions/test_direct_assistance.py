"""Direct federal assistance and the signature that it needs, on the page of a request."""

from __future__ import annotations

import test_steps
from test_pdfs import client
from test_steps import Offices, asked

from muster import actions as do

offices = test_steps.offices


def test_the_page_says_that_direct_federal_assistance_is_not_signed_until_it_is(offices: Offices) -> None:
    do.assistance.draft(actor=offices.agency, request=asked(assistance_type="DFA"), at=test_steps.at(-48))
    agency, page = client("agency"), "/requests/EX-PROCESSING-1/"

    assert "MA-04, RRF block II.9" in agency.get(page).content.decode()
    assert "II.9 approving signature" in agency.get(f"{page}fill/check/").content.decode()
    signed = {"name": "The state's approving official", "on": "2026-03-01"}
    do.assistance.amend(
        actor=offices.agency, request="EX-PROCESSING-1", version=1, content=asked(assistance_type="DFA", approval=signed),
        at=test_steps.at(-47), reason="Signed",
    )  # fmt: skip
    assert "MA-04" not in agency.get(page).content.decode()
