"""The decision's order on paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from muster.core.times import local
from muster.documents.sheets import (
    NOT_RECORDED,
    Block,
    Said,
    Sheet,
    facts,
    heading,
    items,
    said,
    table,
    words,
)

KINDS = {
    "executive_order": "executive order",
    "letter": "letter",
    "verbal": "verbal, to be confirmed in writing within 24 hours",
}


def order_sheet(order: Mapping[str, Any]) -> Sheet:
    """Give an order, in the shape of `decisions.orders.order_of`, as a paper. Its moments are said in the order's zone."""
    zone = ZoneInfo(order["zone"])
    return Sheet(
        title=f"Decision {order['decision']}", about="", as_of=datetime.fromisoformat(order["as_of"]), exercise=order["exercise"],
        standing=f"{order['decision']}, as of {_moment(order['as_of'], zone)}, as known at act {order['known_at']}",
        blocks=tuple(_blocks(order, zone)),
    )  # fmt: skip


def _blocks(order: Mapping[str, Any], zone: ZoneInfo) -> Iterator[Block]:
    in_force, findings = order["in_force"], order["findings"]
    yield facts(*_facts(order, zone))
    yield heading("What it allows")
    yield words(_in_force(in_force, zone))
    if in_force["limits"]:
        yield items(in_force["sentences"])
        yield facts(*_limits(in_force["limits"]))
    yield heading("Versions")
    for version in order["versions"]:
        yield heading(f"Version {version['n']}: {version['kind']}", level=3)
        yield facts(*_version(version, order["office"], zone))
        if version["sentences"]:
            yield items(version["sentences"])
    yield heading("Findings that were seen when it was decided")
    yield words(_seen(findings))
    if findings:
        yield table(
            ["Line", "Task", "Finding", "Rule and its words"],
            [_finding(line) for line in findings["lines"]],
            widths=[3, 11, 8, 22],
        )
    yield heading("How to check this paper")
    for line in [*order["verify"], f"SHA-256 of the order: {order['sha256']}"]:
        yield words(line)


def _facts(order: Mapping[str, Any], zone: ZoneInfo) -> Iterator[tuple[str, Said]]:
    if order["decided_at"]:
        when = _moment(order["decided_at"], zone)
    else:
        about = "about " if order["reported_about"] else ""
        when = f"not recorded; reported {about}{order['reported_on']} by {order['source'] or NOT_RECORDED}"
    request, confirmed = order["request"], order["confirmation"]
    yield "Outcome", order["outcome"].replace("_", " ")
    yield "Office", order["office"]
    yield "Request", f"{request['id']}, {request['title']}"
    yield "Asked by", request["agency"]
    yield "Decided", when
    yield "Kind of instrument", KINDS.get(order["instrument_kind"])
    yield "Instrument", order["instrument"]
    if order["instrument_kind"] == "verbal" or confirmed:
        yield (
            "Confirmed in writing",
            f"{confirmed['instrument']}, {_moment(confirmed['at'], zone)}" if confirmed else "not yet",
        )
    yield "Legal authority", "; ".join(order["legal_authority"])
    yield "Funding reference", order["funding_ref"]
    if order["referred_to"]:
        yield "Referred to", order["referred_to"]
    if order["supersedes"]:
        yield "Supersedes", order["supersedes"]
    if order["superseded_by"]:
        yield "Superseded by", ", ".join(order["superseded_by"])
    yield "Why", order["reason"]


def _limits(limits: Mapping[str, Any]) -> Iterator[tuple[str, Said]]:
    """The limits that the sentences may leave unsaid, as they are kept."""
    interval, days = limits["reporting_interval_days"], limits["person_days_max"]
    yield (
        "Arms",
        {"none": "nobody is armed", "individual": "single members", "unit": "the unit"}[limits["armed"]],
    )
    yield "Rules for the use of force", limits["ruf_version"] or "none named"
    yield "Person-days over the whole time", "not limited" if days is None else f"{days:,} at most"
    yield "Reports", "none asked for" if interval is None else f"every {interval} days"


def _in_force(in_force: Mapping[str, Any], zone: ZoneInfo) -> str:
    if in_force["version"] is None:
        return "It allows nothing."
    if in_force["why"] is None:
        return f"In force, by version {in_force['version']}."
    since = f" since {_moment(in_force['since'], zone)}" if in_force["since"] else ""
    return f"Not in force: {in_force['why'].replace('_', ' ')}{since}. Its limits, by version {in_force['version']}, are:"


def _version(version: Mapping[str, Any], office: str, zone: ZoneInfo) -> Iterator[tuple[str, Said]]:
    yield "Counts from", _moment(version["effective_at"], zone)
    yield "Recorded as", f"act {version['act']} by {said(version['by'])}"
    if version["delegation"]:
        yield "Delegation", f"for the {office}, by {version['delegation']}"
    yield "Why", version["reason"]
    if version["signed"]:
        yield "Signed", _signed(version["signed"])
    for line in version["lines"] or ():
        yield f"Line {line['n']}", _line(line)


def _signed(signed: Mapping[str, Any]) -> str:
    if signed["how"] != "passkey":
        return "by sign-in, without a passkey"
    if not signed["verified"]:
        return "by passkey, and the signature does not count: what was signed is not what stands here"
    return f"by passkey, verified. SHA-256 of the text signed: {signed['text_sha256']}"


def _line(line: Mapping[str, Any]) -> str:
    own = f" {line['words']}" if line["words"] else ""
    return f"{line['task']} {line['judgement'].replace('_', ' ')}.{own}".strip()


def _seen(findings: Mapping[str, Any] | None) -> str:
    if findings is None:
        return "None is recorded."
    return (
        f"Version {findings['version']} of the request, in duty status {findings['status']}, judged as of {findings['on_date']}. "
        "They are kept as they were, whatever the rules say since."
    )


def _finding(line: Mapping[str, Any]) -> Sequence[str]:
    unverified = "" if line["verified"] else " (unverified)"
    mark = f", mark {line['mark']}" if line["mark"] else ""
    conditions = "".join(f" If: {condition}" for condition in line["conditions"])
    return [
        str(line["line"]),
        f"{line['task']} {line['name']}",
        f"{line['finding'].replace('_', ' ')}{unverified}",
        f"{line['layer']}, {line['rule']}{mark}: {line['words']} ({line['citation']}){conditions}",
    ]


def _moment(told: str, zone: ZoneInfo) -> str:
    return local(datetime.fromisoformat(told), zone)
