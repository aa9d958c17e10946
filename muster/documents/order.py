"""The decision's order on paper."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from muster.core.times import local
from muster.documents.rendering import render

NOT_RECORDED = "not recorded"


def order_pdf(order: Mapping[str, Any], *, demonstration: bool) -> bytes:
    """Give an order, in the shape of `decisions.orders.order_of`, as a PDF. Its moments are said in the order's zone."""
    as_of = datetime.fromisoformat(order["as_of"])
    return render("order", _told(order, demonstration=demonstration), as_of=as_of)


def _told(order: Mapping[str, Any], *, demonstration: bool) -> dict[str, Any]:
    zone = ZoneInfo(order["zone"])
    findings = order["findings"]
    marks = ["EXERCISE EXERCISE EXERCISE"] * order["exercise"] + ["DEMONSTRATION"] * demonstration
    return {
        "title": f"Decision {order['decision']}",
        "marks": marks,
        "standing": f"{order['decision']}, as of {_moment(order['as_of'], zone)}, as known at act {order['known_at']}",
        "facts": _facts(order, zone),
        "in_force": _in_force(order["in_force"], zone),
        "sentences": order["in_force"]["sentences"],
        "versions": [_version(version, zone) for version in order["versions"]],
        "findings_said": _seen(findings),
        "findings": [_finding(line) for line in findings["lines"]] if findings else [],
        "verify": [*order["verify"], f"SHA-256 of the order: {order['sha256']}"],
    }


def _facts(order: Mapping[str, Any], zone: ZoneInfo) -> list[list[str]]:
    if order["decided_at"]:
        when = _moment(order["decided_at"], zone)
    else:
        about = "about " if order["reported_about"] else ""
        when = f"not recorded; reported {about}{order['reported_on']} by {order['source'] or NOT_RECORDED}"
    request = order["request"]
    return [
        ["Outcome", order["outcome"].replace("_", " ")],
        ["Office", order["office"]],
        ["Request", f"{request['id']}, {request['title']}"],
        ["Asked by", request["agency"] or NOT_RECORDED],
        ["Decided", when],
        ["Instrument", order["instrument"] or NOT_RECORDED],
        ["Why", order["reason"]],
    ]


def _in_force(in_force: Mapping[str, Any], zone: ZoneInfo) -> str:
    if in_force["version"] is None:
        return "It allows nothing."
    if in_force["why"] is None:
        return f"In force, by version {in_force['version']}."
    since = f" since {_moment(in_force['since'], zone)}" if in_force["since"] else ""
    return f"Not in force: {in_force['why'].replace('_', ' ')}{since}. Its limits, by version {in_force['version']}, are:"


def _version(version: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    return {
        "heading": f"Version {version['n']}: {version['kind']}",
        "facts": [
            ["Counts from", _moment(version["effective_at"], zone)],
            ["Recorded as", f"act {version['act']}"],
            ["Why", version["reason"]],
            *([f"Line {line['n']}", _line(line)] for line in version["lines"] or ()),
        ],
        "sentences": version["sentences"],
    }


def _line(line: Mapping[str, Any]) -> str:
    words = f" {line['words']}" if line["words"] else ""
    return f"{line['task']} {line['judgement'].replace('_', ' ')}.{words}".strip()


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


def _moment(said: str, zone: ZoneInfo) -> str:
    return local(datetime.fromisoformat(said), zone)
