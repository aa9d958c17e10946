"""A decision's order: the same at every door, the same again for the same moment and act, and whole on paper."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

from people import at
from pypdf import PdfReader
from test_cli import muster
from test_judge import amended
from test_steps import Offices, offices, opened
from test_usage import client_of, page_of

from muster import actions as do
from muster.decisions.models import Decision
from muster.decisions.orders import order_of
from muster.documents.order import order_sheet
from muster.ledger.queries import latest_known

__all__ = ["offices"]
MOMENT = "2026-03-01T12:00:00Z"


def text_of(pdf: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def test_the_same_moment_and_act_give_the_same_order_and_the_same_paper(offices: Offices) -> None:
    decision = opened(offices)
    known = str(latest_known())
    first = order_of(Decision.objects.get(), MOMENT, known)
    amended(offices, decision, -1, people_max=3)

    again = order_of(Decision.objects.get(), MOMENT, known)

    assert again == first
    assert order_sheet(again).pdf(demonstration=False) == order_sheet(first).pdf(demonstration=False)
    latest = order_of(Decision.objects.get(), MOMENT, None)
    assert [version["kind"] for version in latest["versions"]] == ["issued", "amended"]
    assert latest["sha256"] != first["sha256"]


def test_anybody_can_compute_the_hash_and_a_changed_order_has_another(offices: Offices) -> None:
    opened(offices)
    order = order_of(Decision.objects.get(), MOMENT, None)

    def digest(rest: dict[str, object]) -> str:
        text = json.dumps(rest, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    rest = {name: value for name, value in order.items() if name != "sha256"}

    assert digest(json.loads(json.dumps(rest))) == order["sha256"]
    assert digest(rest | {"outcome": "declined"}) != order["sha256"]


def test_the_findings_that_were_seen_are_frozen_with_it(offices: Offices) -> None:
    opened(offices)
    decision = Decision.objects.get()
    seen = decision.findings_seen

    order = order_of(decision, MOMENT, None)

    assert seen is not None
    assert order["findings"]["assessment"] == str(seen.pk)
    assert [line["rule"] for line in order["findings"]["lines"]] == list(
        seen.findings.values_list("rule", flat=True)
    )


def test_the_paper_is_tagged_and_says_every_sentence_its_hash_and_its_pages(offices: Offices) -> None:
    opened(offices)
    order = order_of(Decision.objects.get(), MOMENT, None)

    pdf = order_sheet(order).pdf(demonstration=True)

    reader, text = PdfReader(io.BytesIO(pdf)), text_of(pdf)
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-US"
    assert reader.metadata is not None
    assert reader.metadata.title == f"Decision {order['decision']}"
    assert b"pdfuaid" in pdf
    assert order["in_force"]["sentences"]
    for sentence in order["in_force"]["sentences"]:
        assert sentence in text
    assert order["sha256"] in text
    for n, page in enumerate(reader.pages, start=1):
        said = page.extract_text()
        assert f"{n} of {len(reader.pages)}" in said
        assert f"as known at act {order['known_at']}" in said
        assert "DEMONSTRATION" in said
        assert "EXERCISE" in said


def test_words_of_the_record_are_never_markup(offices: Offices) -> None:
    opened(offices)
    reason = '#panic("no") *so* $x$ <b> "quoted" \\ [x]'
    order = order_of(Decision.objects.get(), MOMENT, None) | {"reason": reason}

    assert reason in text_of(order_sheet(order).pdf(demonstration=False))


def test_suspended_it_says_so_and_quotes_what_would_apply(offices: Offices) -> None:
    decision = opened(offices)
    do.decisions.suspend(actor=offices.governor, decision=decision, reason="A review", effective_at=at(-1))

    order = order_of(Decision.objects.get(), at(1).isoformat(), None)

    assert order["in_force"]["why"] == "suspended"
    assert "Not in force: suspended since" in text_of(order_sheet(order).pdf(demonstration=False))


def test_the_doors_say_the_same(offices: Offices, database_env: dict[str, str], tmp_path: Path) -> None:
    decision = opened(offices)
    query = f"at={MOMENT}&known_at={latest_known()}"
    order = order_of(Decision.objects.get(), MOMENT, str(latest_known()))
    paper, file = tmp_path / "order.pdf", tmp_path / "order.json"
    asked = ("order", decision, "--at", MOMENT, "--known-at", str(latest_known()), "--out")

    assert muster(*asked, str(paper), env=database_env).returncode == 0
    by_command = json.loads(muster(*asked, str(file), "--json", env=database_env).stdout)
    by_api = client_of(offices).get(f"/api/v1/decisions/{decision}/order?{query}").json()
    page = page_of(offices)
    by_page = page.get(f"/decisions/{decision}/order.json?{query}")
    printed = page.get(f"/papers/order/{decision}.pdf?{query}")

    assert by_api == by_command == json.loads(file.read_text("utf-8")) == by_page.json() == order
    assert paper.read_bytes() == printed.content
    assert printed["Content-Type"] == "application/pdf"
    assert f"/papers/order/{decision}.pdf?at=" in page.get(f"/decisions/{decision}/").content.decode()


def test_what_is_refused(offices: Offices, database_env: dict[str, str], tmp_path: Path) -> None:
    before = latest_known()
    decision = opened(offices)
    client, page = client_of(offices), page_of(offices)
    api = f"/api/v1/decisions/{decision}/order"

    early = client.get(f"{api}?known_at={before}")

    assert (early.status_code, early.json()["code"]) == (422, "ledger.not_known_then")
    assert client.get(f"{api}?at=soon").status_code == 422
    assert client.get("/api/v1/decisions/NONE/order").status_code == 404
    assert page.get("/decisions/NONE/order.json").status_code == 404
    assert page.get(f"/decisions/{decision}/order.json?at=soon").status_code == 422
    assert not_signed_in(f"/decisions/{decision}/order.json") == 302
    wrong = muster("order", decision, "--out", str(tmp_path / "order.txt"), env=database_env)
    assert wrong.returncode == 2
    assert b"cli.no_such_kind" in wrong.stderr
    nowhere = muster("order", decision, "--out", str(tmp_path / "no" / "order.pdf"), env=database_env)
    assert nowhere.returncode == 2
    assert b"core.unwritable" in nowhere.stderr
    assert muster("order", "NONE", env=database_env).returncode == 2


def not_signed_in(path: str) -> int:
    from django.test import Client

    return Client().get(path).status_code
