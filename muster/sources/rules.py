"""The closed list of metrics, and what a row of a claims file or a facilities file must be. Plain Python."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from muster.core.csvfiles import Row
from muster.core.errors import Fault
from muster.core.quantity import Quantity

METRICS = {
    "requested": "members asked for",
    "requested_max": "members asked for, at most",
    "states_called": "states called on",
    "listed": "named in a list",
    "planned": "members planned",
    "authorised": "members authorised",
    "authorised_added": "members added to those authorised",
    "authorised_total": "members authorised in all, as stated",
    "states_eligible": "states newly eligible",
    "states_considering": "states carrying it out or considering it",
    "approved": "members approved",
    "directed": "members directed",
    "training": "members in training",
    "activated": "members activated",
    "activated_max": "members activated, at most",
    "activated_share_pct": "share of the authorised that is activated, per cent",
    "deployed": "members deployed",
    "fbi_staff_added": "FBI staff added",
    "on_duty": "members on duty",
    "declined": "members given by a state that declined",
    "title32_listed": "named in a list of Title 32 missions",
    "title32_states": "states with Title 32 missions",
    "title32_territories": "territories with Title 32 missions",
    "title32_personnel": "members in Title 32 missions",
}
LISTINGS = ("listed", "title32_listed")  # a place stands on a list: there is no number, known or unknown
CLAIM_COLUMNS = (
    "claim_id", "mission", "state", "metric", "low", "high", "as_of", "note", "publisher", "url",
)  # fmt: skip
FACILITY_COLUMNS = (
    "code", "name", "city", "county", "county_fips", "state", "lat", "lon", "field_office", "function", "contract_type",
    "capacity", "guaranteed_min_beds", "over_72h",
)  # fmt: skip
PLACE = re.compile(r"[A-Z]{2}")
AS_OF = re.compile(r"\d{4}-\d{2}(-\d{2})?")
CODE = re.compile(r"[A-Z0-9]{2,20}")


@dataclass(frozen=True)
class ClaimRow:
    """One published number, as its file states it. `as_of` is a day, a month, or empty where the page does not say."""

    id: str
    mission: str
    place: str
    metric: str
    quantity: Quantity | None  # None: the metric says that a place stands on a list, and counts nothing
    as_of: str
    note: str
    publisher: str
    url: str


@dataclass(frozen=True)
class FacilityRow:
    """One site of a facilities file."""

    code: str
    name: str
    city: str
    county: str
    state: str
    lat: float | None
    lon: float | None
    function: str
    capacity: int | None
    over_72h: bool | None


def read_claim(row: Row) -> ClaimRow | list[Fault]:
    """The claim of a row, or everything wrong with it."""
    values = {name: text.strip() for name, text in row.values.items()}
    faults = [_fault(row, name, "missing", f"{name} is empty. Fill it in.")
              for name in ("claim_id", "mission", "publisher", "url") if not values[name]]  # fmt: skip
    if not PLACE.fullmatch(values["state"]):
        faults.append(
            _fault(
                row, "state", "unknown_place", f"{values['state']!r} is not a postal code such as MO, or US."
            )
        )
    if values["metric"] not in METRICS:
        why = f"{values['metric']!r} is not a metric. Choose one of: {', '.join(METRICS)}."
        faults.append(_fault(row, "metric", "unknown_metric", why))
    if values["as_of"] and not is_as_of(values["as_of"]):
        faults.append(
            _fault(
                row,
                "as_of",
                "not_a_date",
                f"{values['as_of']!r} is not a day (2025-08-22) or a month (2025-08).",
            )
        )
    if not values["url"].startswith(("https://", "http://")) and values["url"]:
        faults.append(_fault(row, "url", "not_an_address", f"{values['url'][:60]!r} is not a web address."))
    bounds = {name: _whole(values[name]) for name in ("low", "high")}
    for name, number in bounds.items():
        if number is None and values[name]:
            faults.append(_fault(row, name, "not_a_number", f"{values[name]!r} is not a whole number."))
    low, high = bounds["low"], bounds["high"]
    if low is not None and high is not None and low > high:
        faults.append(_fault(row, "low", "low_above_high", f"low {low} is above high {high}. Exchange them."))
    if faults:
        return faults
    return ClaimRow(
        values["claim_id"], values["mission"], values["state"], values["metric"],
        None if values["metric"] in LISTINGS and low is high is None else _quantity(low, high),
        values["as_of"], values["note"], values["publisher"], values["url"],
    )  # fmt: skip


def read_facility(row: Row) -> FacilityRow | list[Fault]:
    """The site of a row, or everything wrong with it."""
    values = {name: text.strip() for name, text in row.values.items()}
    faults: list[Fault] = []
    if not CODE.fullmatch(values["code"]):
        why = "The site has no code." if not values["code"] else f"{values['code']!r} is not a site code."
        faults.append(
            _fault(row, "code", "no_code", f"{why} Give it the agency's own, in capitals and digits.")
        )
    if not values["name"]:
        faults.append(_fault(row, "name", "missing", "name is empty. Fill it in."))
    if not PLACE.fullmatch(values["state"]):
        faults.append(
            _fault(row, "state", "unknown_place", f"{values['state']!r} is not a postal code such as MO.")
        )
    lat, lon = _degrees(values["lat"], 90), _degrees(values["lon"], 180)
    for name, degrees in (("lat", lat), ("lon", lon)):
        if values[name] and degrees is None:
            faults.append(_fault(row, name, "not_degrees", f"{values[name]!r} is not a {name} in degrees."))
    capacity = _whole(values["capacity"])
    if values["capacity"] and capacity is None:
        faults.append(
            _fault(row, "capacity", "not_a_number", f"{values['capacity']!r} is not a whole number.")
        )
    if values["over_72h"] not in ("", "yes", "no"):
        faults.append(
            _fault(row, "over_72h", "not_yes_or_no", f"{values['over_72h']!r} is neither yes nor no.")
        )
    if faults:
        return faults
    longer = {"yes": True, "no": False}.get(values["over_72h"])
    return FacilityRow(
        values["code"], values["name"], values["city"], values["county"], values["state"], lat, lon,
        values["function"], capacity, longer,
    )  # fmt: skip


def facility_notices(site: FacilityRow) -> Iterator[str]:
    """What a reader of the sites has to know about one of them, by kind."""
    if site.lat is None or site.lon is None:
        yield "no_coordinates"
    if site.state == "CU":
        yield "outside_the_states"  # Guantanamo Bay stands under CU, which is no state


def _quantity(low: int | None, high: int | None) -> Quantity:
    if low is None and high is None:
        return Quantity.parse("not recorded")
    if low is None:
        return Quantity.parse(f"up to {high}")
    if high is None:
        return Quantity.parse(f"at least {low}")
    return Quantity.exact(low) if low == high else Quantity.parse(f"between {low} and {high}")


def is_as_of(text: str) -> bool:
    """Whether it is a day (2025-08-22) or a month (2025-08)."""
    try:
        date.fromisoformat(text if len(text) == 10 else f"{text}-01")
    except ValueError:
        return False
    return bool(AS_OF.fullmatch(text))


def _whole(text: str) -> int | None:
    return int(text) if re.fullmatch(r"\d{1,9}", text) else None


def _degrees(text: str, most: int) -> float | None:
    if not re.fullmatch(r"-?\d{1,3}(\.\d{1,15})?", text) or abs(float(text)) > most:
        return None
    return float(text)


def _fault(row: Row, column: str, code: str, message: str) -> Fault:
    return Fault(row.number, column, f"sources.{code}", message)
