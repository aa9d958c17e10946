"""The forms whose fields our papers carry: which edition of which agency, and how well the list of its fields is known.

The layouts are our own; no agency's form or logo is copied. Plain Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Mark = Literal["C", "S", "GK"]
MARKS: Mapping[Mark, str] = {
    "C": "its fields were read in a copy of the form",
    "S": "its fields were read in a secondary source",
    "GK": "its fields are from general knowledge: check the current edition",
}
BOOKLET = "NIMS ICS Forms Booklet, FEMA 502-2, September 2010"


@dataclass(frozen=True, kw_only=True)
class Form:
    """One form. An empty `omb_no`: the form has none, or none is known. When it expires was read of none."""

    id: str
    name: str
    edition: str
    agency: str
    mark: Mark
    omb_no: str = ""

    @property
    def said(self) -> str:
        """The form in one sentence, for every paper that follows it."""
        omb = f" OMB {self.omb_no}, expires not recorded." if self.omb_no else ""
        return (
            f"Follows {self.id}, {self.name} ({self.agency}; {self.edition}), in a layout of our own; "
            f"mark {self.mark}: {MARKS[self.mark]}.{omb}"
        )


# Source: forms of FEMA and of the NIMS ICS Forms Booklet, and EMAC's REQ-A. Of the booklet itself the list of blocks was not read,
# but for ICS 204 in a packet of copies, and for ICS 211 in part.
ICS_204 = Form(id="ICS 204", name="Assignment List", edition=BOOKLET, agency="FEMA", mark="C")
ICS_211 = Form(id="ICS 211", name="Incident Check-In List", edition=BOOKLET, agency="FEMA", mark="GK")
ICS_213RR = Form(id="ICS 213RR", name="Resource Request", edition=BOOKLET, agency="FEMA", mark="GK")
ICS_221 = Form(id="ICS 221", name="Demobilization Check-Out", edition=BOOKLET, agency="FEMA", mark="GK")
RRF = Form(
    id="FF-104-FY-21-120", name="Resource Request Form", edition="formerly 010-0-7, draft of FY 21", agency="FEMA", mark="C",
    omb_no="1660-0047",
)  # fmt: skip
REQ_A = Form(
    id="REQ-A", name="Interstate request for assistance", edition="edition not recorded", agency="EMAC", mark="GK"
)  # fmt: skip
# Source: forms.md, I-77 and G-589, by the inspection worksheet for funds and personal property.
G_589 = Form(id="G-589", name="Property Receipt", edition="edition not recorded", agency="ICE", mark="S")
I_77 = Form(id="I-77", name="Baggage Check", edition="edition not recorded", agency="ICE", mark="S")
# Source: forms.md section 5: DD 2708 and DA 1594 by previews of copies, the others from general knowledge.
DD_2708 = Form(
    id="DD 2708", name="Receipt for Pre-Trial/Post-Trial Prisoner or Detained Person", edition="edition not recorded",
    agency="Department of Defense", mark="C",
)  # fmt: skip
I_203 = Form(
    id="I-203", name="Order to Detain or Release", edition="edition not recorded", agency="ICE", mark="GK"
)
I_216 = Form(
    id="I-216", name="Record of Persons and Property Transferred", edition="edition not recorded", agency="ICE", mark="GK"
)  # fmt: skip
ICS_214 = Form(id="ICS 214", name="Activity Log", edition=BOOKLET, agency="FEMA", mark="GK")
DA_1594 = Form(
    id="DA 1594", name="Daily Staff Journal or Duty Officer's Log", edition="December 2019", agency="Army", mark="C"
)  # fmt: skip
SHELTER = Form(
    id="5972", name="Shelter Registration", edition="number from general knowledge", agency="Red Cross", mark="GK"
)  # fmt: skip
