"""Taking a request in: a file, or a document with its passages, then a guided form a part at a time, saved at every step."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, get_args

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header

from muster.access.control import Actor, Scope, agencies_of, can, may
from muster.actions import storable
from muster.assistance import actions as assistance
from muster.assistance import queries, rules
from muster.assistance.actions import ChangedMeanwhile, DocumentGiven, NothingChanged, PassageGiven
from muster.assistance.comparing import differences
from muster.assistance.forms import ASSISTANCE_TYPES, FORMS, LABELS, LINE_LABELS, label
from muster.assistance.intake import read_document
from muster.assistance.models import Request
from muster.assistance.passages import Passage, marked
from muster.assistance.pdfs import LARGEST_PDF_BYTES, KindNotTaken, empty_pages, is_pdf, is_text, read_pdf
from muster.assistance.rules import MalformedRequest
from muster.authority.packs import load_packs
from muster.core.errors import Fault, FaultyInput, MusterError, NotFound
from muster.core.files import Malformed, read_data, take_in
from muster.core.quantity import Quantity
from muster.core.tasks import CONTACTS, TASKS
from muster.parties.models import Office, Organisation
from muster.record.action import KeyReused
from muster.web.forms import ONCE, Input, Kind, read_all, record
from muster.web.pages import form_page, key_of, signed_in
from muster.web.views.requests import found, offices_of

NOT_CARRIED = ("csrfmiddlewaretoken", "key", "beside", "text", "version", "pdf")
A_FILE = re.compile(r"\s*[{\[]|(?m:^[ \t]*[A-Za-z_]+[ \t]*=)")  # JSON, or a line of TOML
PARTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "who": ("Who asks", (
        "requester", "agency_kind", "form", "assistance_type", "tracking", "requested_by.name", "requested_by.title", "requested_by.phone",
        "requested_by.email", "verbal", "paper_due_at", "approval.name", "approval.title", "approval.on",
    )),
    "what": ("What for", (
        "title", "incident", "purpose", "priority", "needed_at", "as_of", "duty_status_asked", "federal_order", "reimbursement",
        "site_contact.name", "site_contact.title", "site_contact.phone", "site_contact.email", "conditions", "substitutes",
        "cost_estimate_usd", "fund_citation", "exclusions",
    )),
    "lines": ("What is needed", tuple(LINE_LABELS)),
    "passages": ("Passages", ()),
    "check": ("Check", ()),
}  # fmt: skip
STEPS = ("Start", *(title for title, _ in PARTS.values()))
MOMENT = "Date, time and offset, such as 2026-03-01 08:00-06:00."
DAY = "Such as 2026-03-01."
QUANTITY = "As it was said: 12, about 12, up to 20, between 10 and 12. Empty: not recorded."
HINTS = {
    "needed_at": MOMENT, "paper_due_at": f"{MOMENT} Only where it was asked by word of mouth.", "as_of": DAY, "approval.on": DAY,
    "from": f"{DAY} Included.", "to": f"{DAY} Included.", "people": QUANTITY, "vehicles": QUANTITY,
    "cost_estimate_usd": "Whole dollars, in digits.", "exclusions": "One on each line: the task, then the words. Such as T13 No arrests.",
    "reimbursement": "The authority, as cited.",
    "assistance_type": "Of a request to FEMA. Direct federal assistance needs the signature below.",
    "approval.name": "For direct federal assistance the state or tribal approving official (RRF block II.9).",
    "federal_order": "The id of the order's rule pack.",
}  # fmt: skip
LONG = ("purpose", "conditions", "substitutes", "words", "exclusions")


OF_A_FILE = dict.fromkeys((
    "core.too_large", "core.not_utf8", "assistance.kind_not_taken", "assistance.pdf_too_large", "assistance.pdf_locked",
    "assistance.pdf_without_text", "assistance.pdf_unreadable",
), "file")  # fmt: skip


class NotAVersion(MusterError):
    """The form does not say which version it was made from."""

    code = "web.not_a_version"

    def __init__(self) -> None:
        super().__init__("The form does not say which version of the request it shows. Open it again.")


# --- the start ----------------------------------------------------------------------


@signed_in
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Record a request from its file, or from a document: what looks like it is shown before, and nothing entered is lost."""
    offices = offices_of(actor)
    if not offices:
        can(actor, "assistance.draft", Scope("request", "a new request", None))
    inputs = _head(actor, offices)
    refusal, text, pdf = None, request.POST.get("text", "").replace("\r\n", "\n"), False
    if request.method == "POST":
        try:
            pdf = bool(request.POST.get("pdf"))
            came = _came(request, again=pdf)
            pdf = came.pdf is not None
            # The text of a PDF stays out of the form: the file is what is recorded.
            text, read = text if pdf else came.text, came.text
            is_file = not pdf and bool(A_FILE.match(read))
            data = _from_file(read, actor) if is_file else _from_document(read, inputs, request)
            alike = queries.alike(actor, rules.read_request(data, draft=True))
            if alike and not request.POST.get("beside"):
                carried = [(n, v) for n, v in request.POST.items() if n not in NOT_CARRIED]
                context = {
                    "alike": alike,
                    "carried": carried,
                    "text": text,
                    "pdf": pdf,
                    "key_again": key_of(request),
                }
                return form_page(request, "web/request_alike.html", context)
            document = (
                None if is_file or not read.strip() else _document(came, request.POST.get("source", ""))
            )
            with storable():
                done = assistance.draft(
                    actor=actor, key=key_of(request), request=data, at=timezone.now(), document=document
                )
        except KeyReused:
            messages.info(request, ONCE)
            return redirect("requests")
        except MusterError as told:
            refusal = _in_one_field(told) if A_FILE.match(text) and not pdf else told
        else:
            messages.success(request, f"{done.answer.request} is recorded as a draft. {record(done)}")
            if is_file:
                return redirect("request", done.answer.request)
            return redirect("request-fill", done.answer.request, "who")
    context = {"inputs": inputs, "offices": offices, "steps": STEPS, "text": text, "pdf": pdf}
    return form_page(request, "web/request_new.html", context, refusal=refusal, fields={
        "core.not_found": "text" if A_FILE.match(text) else "asked", "assistance.in_the_record": "id",
        "assistance.malformed": "text", **OF_A_FILE,
    })  # fmt: skip


def _head(actor: Actor, offices: Sequence[Office]) -> list[Input]:
    own = agencies_of(actor)
    all_of_them = Organisation.objects.order_by("name").values_list("code", "name")
    agencies = [pair for pair in all_of_them if pair[0] in own] if own else list(all_of_them)
    one = own[0] if len(own) == 1 else ""
    states = {office.organisation.state for office in offices}
    return [
        Input("source", "What the document is", hint="Such as: letter of 1 March. Needed where there is one.", needed=False),
        Input("id", "Id"),
        Input("title", "Title", hint="Empty: the document's own subject.", needed=False),
        Input("asked", "Office that is asked", "choice", choices=[(each.code, each.title) for each in offices]),
        Input("state", "State asked", hint="Its postal code.", value=states.pop() if len(states) == 1 else ""),
        Input("agency", "Agency that asks", "choice", "Its people see the request. Leave it where the agency is not on the list.",
              agencies, needed=bool(own), value=one),
        Input("kind", "Real or exercise", "radio", choices=(("real", "Real"), ("exercise", "Exercise: a drill"))),
    ]  # fmt: skip


@dataclass(frozen=True)
class Came:
    """What came with a form: its text, and the PDF that it was read from; None where it came as text."""

    text: str
    pdf: bytes | None


def _came(request: HttpRequest, *, again: bool = False) -> Came:
    """The file that was chosen, else the text that was pasted; `again`: it was a PDF before, which a browser does not keep.

    Raises TooLarge, NotUtf8, KindNotTaken, and what `read_pdf` raises.
    """
    sent = request.FILES.get("file")
    if sent is None:
        text = request.POST.get("text", "").replace("\r\n", "\n")
        if again and not text.strip():
            raise FaultyInput(
                [Fault(None, "file", "web.bad_field", "Choose the PDF again: a browser does not keep it.")]
            )
        return Came(text, None)
    content = sent.read(LARGEST_PDF_BYTES + 1)
    if is_pdf(content):
        return Came(read_pdf(content).text, content)
    if not is_text(content):
        raise KindNotTaken()
    return Came(take_in(content), None)


def _from_file(text: str, actor: Actor) -> dict[str, Any]:
    try:
        data = dict(read_data(text))
    except Malformed as fault:
        raise MalformedRequest(reason=fault.reason, row=fault.row) from None
    own = agencies_of(actor)
    return data if "agency" in data or len(own) != 1 else data | {"agency": own[0]}


def _from_document(text: str, inputs: Sequence[Input], request: HttpRequest) -> dict[str, Any]:
    """The draft that a document and the fields beside it make. Raises FaultyInput."""
    head = {name: value for name, value in read_all(inputs, request, "UTC").items() if value}
    if text.strip() and not head.pop("source", ""):
        raise FaultyInput([Fault(None, "source", "web.bad_field", "Say what the document is.")])
    head.pop("source", None)
    return read_document(text).data() | head


def _document(came: Came, title: str) -> DocumentGiven:
    found = read_document(came.text).passages
    tied = tuple(PassageGiven(path, p.exact, p.prefix, p.suffix) for path, p in found.items())
    return replace(_given(came, title), passages=tied)


def _given(came: Came, title: str) -> DocumentGiven:
    if came.pdf is not None:
        return DocumentGiven(title.strip(), pdf=base64.b64encode(came.pdf).decode())
    return DocumentGiven(title.strip(), came.text)


def _in_one_field(refusal: MusterError) -> MusterError:
    """The faults of a pasted file lead to the field that it was pasted into."""
    if isinstance(refusal, FaultyInput):
        return FaultyInput(
            [Fault(each.row, "text", each.code, f"{each.column}: {each.message}") for each in refusal.faults]
        )
    return refusal


# --- the guided form ----------------------------------------------------------------


@dataclass(frozen=True)
class LineForm:
    """The fields of one line; `new` for the empty one at the end."""

    n: int
    new: bool
    inputs: Sequence[Input]


@signed_in
def fill(request: HttpRequest, actor: Actor, name: str, part: str) -> HttpResponse:
    """One part of the guided form. What is there is saved as it is; another's amendment meanwhile is shown beside it."""
    row = found(actor, name)
    if part not in PARTS:
        raise NotFound(kind="part of a request", name=part)
    can(actor, "assistance.amend", queries.scope_of(row))
    rules.check_amendable(row.state)
    if part == "check":
        return _check(request, actor, row)
    if part == "passages":
        return _passages(request, actor, row)
    content = rules.to_file(queries.as_rule(row))
    refusal = None
    if request.method == "POST":
        try:
            content = _entered(part, content, request.POST)
            _amend(request, actor, row, content)
            return _onward(request, row, part)
        except KeyReused:
            messages.info(request, ONCE)
            return _onward(request, row, part)
        except NothingChanged:
            messages.info(request, "Nothing was changed in this part.")
            return _onward(request, row, part)
        except ChangedMeanwhile as told:
            return _meanwhile(request, row, part, content, told)
        except MusterError as told:
            refusal = _by_field(told)
    return form_page(
        request, "web/request_fill.html", _context(row, part, content), refusal=refusal, fields={"assistance.reason_needed": "reason"}
    )  # fmt: skip


def _context(row: Request, part: str, content: Mapping[str, Any]) -> dict[str, Any]:
    said = [*content.get("lines", [])]
    forms = [LineForm(n, n > len(said), _line_inputs(n, line)) for n, line in enumerate([*said, {}], start=1)]
    reason = Input("reason", "Why it is amended", "long", "The office reads it beside what changed.", rows=2)
    return {
        **_around(row, part), "inputs": [_input(path, content) for path in PARTS[part][1]] if part != "lines" else [],
        "line_forms": forms if part == "lines" else [], "count": len(said), "reason": None if row.state == "draft" else reason,
        "documents": _documents(row),
    }  # fmt: skip


def _around(row: Request, part: str) -> dict[str, Any]:
    names = list(PARTS)
    return {
        "row": row, "drill": row.kind == "exercise", "part": part, "heading": PARTS[part][0], "steps": STEPS,
        "current": names.index(part) + 2, "parts": [(name, title) for name, (title, _) in PARTS.items()],
    }  # fmt: skip


def _documents(row: Request) -> list[dict[str, Any]]:
    """The documents of a request in pieces, with the fields that stand in them and what could not be read."""
    return [
        {
            "document": each, "tied": (tied := queries.tied(row, each)),
            "pieces": marked(each.text, [Passage(t.passage.exact, t.passage.prefix, t.passage.suffix) for t in tied]),
            "empty_pages": empty_pages(each.text, each.page_starts) if each.page_starts else (),
            "unread": [(label(one.path), one.value, one.why) for one in read_document(each.text).unread],
        }
        for each in row.documents.all()
    ]  # fmt: skip


def field_id(path: str) -> str:
    """A path as the name and id of a field: `lines[1].people` is `lines-1-people`."""
    return re.sub(r"[.\[\]]+", "-", path).strip("-")


def _input(path: str, content: Mapping[str, Any]) -> Input:
    outer, _, inner = path.partition(".")
    value = content.get(outer)
    value = value.get(inner) if inner and isinstance(value, Mapping) else value
    name = path.rpartition(".")[2] if path.startswith("lines[") else path
    return _made(field_id(path), name, LABELS.get(path, "tasks left out"), value)


def _line_inputs(n: int, line: Mapping[str, Any]) -> list[Input]:
    return [
        _made(f"lines-{n}-{name}", name, words, line.get(name)) for name, words in LINE_LABELS.items()
    ] + [Input(f"lines-{n}-out", "Take this line out", "flag", needed=False)] * bool(line)


def _made(field: str, name: str, words: str, value: Any) -> Input:
    choices = _choices(name)
    kind: Kind = "radio" if name == "verbal" else "choice" if choices else "long" if name in LONG else "text"
    shown = _shown(name, value)
    return Input(
        field,
        words[0].upper() + words[1:],
        kind,
        HINTS.get(name, ""),
        choices,
        needed=False,
        value=shown,
        rows=3,
    )


def _choices(name: str) -> list[tuple[str, str]]:
    match name:
        case "priority" | "agency_kind":
            kinds = rules.Priority if name == "priority" else rules.AgencyKind
            return [(each, each.replace("_", " ").capitalize()) for each in get_args(kinds)]
        case "form":
            return [(form.id, form.name) for form in FORMS.values()]
        case "verbal":
            return [("yes", "Yes: the paper is still to come"), ("no", "No, in writing")]
        case "assistance_type":
            return list(ASSISTANCE_TYPES.items())
        case "duty_status_asked":
            return [(one.id, f"{one.id}: {one.name}") for one in load_packs().law.statuses.values()]
        case "task":
            return [(task.id, f"{task.id} {task.name}") for task in TASKS.values()]
        case "contact":
            return [(each, each.capitalize()) for each in CONTACTS]
    return []


def _shown(name: str, value: Any) -> str:
    """A value as it is typed."""
    if name == "verbal":
        return "yes" if value else "no"
    if name == "exclusions":
        return "\n".join(f"{each['task']} {each.get('words', '')}".strip() for each in value or ())
    if name in ("people", "vehicles") and isinstance(value, Mapping):
        return Quantity.from_json(value).said
    if name in ("needed_at", "paper_due_at") and value:
        with suppress(ValueError):  # what was just typed may be none: it stays as it is
            return datetime.fromisoformat(value).isoformat(" ", "minutes")
    return "" if value is None else str(value)


def _entered(part: str, content: Mapping[str, Any], posted: QueryDict) -> dict[str, Any]:
    """The request with what was entered in one part."""
    said = dict(content)
    if part == "lines":
        said["lines"] = list(_entered_lines(posted))
        return said
    for path in PARTS[part][1]:
        outer, _, inner = path.partition(".")
        value = _typed(path, posted.get(field_id(path), "").strip())
        if inner:
            said[outer] = {**said.get(outer, {}), inner: value}
        else:
            said[outer] = value
    return said


def _typed(path: str, text: str) -> Any:
    if path == "verbal":
        return text == "yes"
    if path == "exclusions":
        rows = [line.strip().partition(" ") for line in text.splitlines() if line.strip()]
        return [{"task": task.upper(), "words": words} for task, _, words in rows]
    if path == "cost_estimate_usd" and text.isascii() and text.isdecimal() and len(text) < 16:
        return int(text)
    return text or None


def _entered_lines(posted: QueryDict) -> Iterator[dict[str, Any]]:
    count = posted.get("count", "")
    for n in range(1, (int(count) if count.isascii() and count.isdecimal() and len(count) < 5 else 0) + 2):
        line = {name: posted.get(f"lines-{n}-{name}", "").strip() or None for name in LINE_LABELS}
        if any(line.values()) and not posted.get(f"lines-{n}-out"):
            yield line


def _amend(request: HttpRequest, actor: Actor, row: Request, content: dict[str, Any]) -> None:
    version = request.POST.get("version", "")
    if not (version.isascii() and version.isdecimal() and len(version) < 6):
        raise NotAVersion()
    with storable():
        done = assistance.amend(
            actor=actor, key=key_of(request), request=row.pk, version=int(version), content=content, at=timezone.now(),
            reason=request.POST.get("reason", ""),
        )  # fmt: skip
    again = (
        " It is submitted again, because what was found complete was other words."
        if done.answer.state != row.state
        else ""
    )
    messages.success(request, f"{row.pk} is saved as version {done.answer.version}.{again} {record(done)}")


def _onward(request: HttpRequest, row: Request, part: str) -> HttpResponse:
    names = list(PARTS)
    stays = request.POST.get("go") == "stay"
    return redirect("request-fill", row.pk, part if stays else names[names.index(part) + 1])


def _by_field(refusal: MusterError) -> MusterError:
    if isinstance(refusal, FaultyInput):
        faults = refusal.faults
        return FaultyInput([Fault(f.row, field_id(f.column or ""), f.code, f.message) for f in faults])
    return refusal


def _meanwhile(
    request: HttpRequest, row: Request, part: str, content: dict[str, Any], told: ChangedMeanwhile
) -> HttpResponse:
    """Both side by side: what stands now, and what was entered; one of the two is chosen."""
    row.refresh_from_db()
    try:
        mine = rules.read_request(content, draft=True)
    except FaultyInput:
        mine = None
    changes = differences(queries.as_rule(row), mine) if mine else []
    carried = [(n, v) for n, v in request.POST.items() if n not in NOT_CARRIED]
    context = {
        **_around(row, part),
        "told": told,
        "changes": changes,
        "carried": carried,
        "readable": mine is not None,
    }
    answer = form_page(request, "web/request_meanwhile.html", context)
    answer.status_code = told.status
    return answer


def _check(request: HttpRequest, actor: Actor, row: Request) -> HttpResponse:
    """What is still missing, by the record and by the form it came on, and the way to submit."""
    asked = queries.as_rule(row)
    form = asked.details.form
    lacks = [
        (label(str(fault.column)), _part_of(str(fault.column)), str(fault.column))
        for fault in rules.missing(asked)
    ]
    context = {
        **_around(row, "check"), "lacks": lacks, "form": FORMS[form] if form else None,
        "of_form": [(lack, _part_of(lack.path)) for lack in queries.lacking_of(row)],
        "alike": queries.alike(actor, asked), "lines": row.lines,
        "may_submit": row.state in ("draft", "returned_for_information") and may(actor, "assistance.submit", queries.scope_of(row)),
    }  # fmt: skip
    return render(request, "web/request_check.html", context)


def _part_of(path: str) -> str:
    return next((name for name, (_, paths) in PARTS.items() if path in paths), "lines")


def _passages(request: HttpRequest, actor: Actor, row: Request) -> HttpResponse:
    """The documents with their passages marked; a field is tied to the words that were copied, or a document is attached."""
    refusal = None
    if request.method == "POST":
        try:
            with storable():
                if request.POST.get("document"):
                    _tie(request, actor, row)
                else:
                    _attach(request, actor, row)
            return redirect("request-fill", row.pk, "passages")
        except KeyReused:
            messages.info(request, ONCE)
            return redirect("request-fill", row.pk, "passages")
        except MusterError as told:
            refusal = told
    said = queries.fields_of(row)
    fields = [(path, label(path)) for path, value in said.items() if value is not None]
    inputs = [
        Input("field", "Field", "choice", choices=fields),
        Input(
            "exact",
            "The words, as they stand in the document",
            "long",
            "Copied from it, spaces and all.",
            rows=2,
        ),
        Input(
            "prefix",
            "What stands just before them",
            hint="Only where the words stand more than once.",
            needed=False,
        ),
        Input("suffix", "What stands just after them", needed=False),
    ]
    more = [
        Input("source", "What the document is"),
        Input("text", "Its text", "long", "Or choose the file below.", rows=8),
    ]
    context = {**_around(row, "passages"), "documents": _documents(row), "inputs": inputs, "more": more}
    return form_page(request, "web/request_passages.html", context, refusal=refusal, fields={
        "assistance.passage_not_found": "exact", "assistance.passage_not_unique": "prefix", "assistance.unknown_field": "field",
        "assistance.attached_already": "text", **OF_A_FILE,
    })  # fmt: skip


def _tie(request: HttpRequest, actor: Actor, row: Request) -> None:
    given = {name: request.POST.get(name, "") for name in ("field", "exact", "prefix", "suffix")}
    number = request.POST["document"]
    if not (number.isascii() and number.isdecimal() and len(number) < 18):
        raise NotFound(kind="document of the request", name=number[:20])
    given = {name: text.replace("\r\n", "\n") for name, text in given.items()}
    done = assistance.tie(
        actor=actor, key=key_of(request), request=row.pk, document=int(number), tied=[PassageGiven(**given)]
    )
    messages.success(request, f"The {label(given['field'])} is tied to its passage. {record(done)}")


def _attach(request: HttpRequest, actor: Actor, row: Request) -> None:
    document = _given(_came(request), request.POST.get("source", ""))
    done = assistance.attach(actor=actor, key=key_of(request), request=row.pk, document=document)
    messages.success(request, f"The document is kept with {row.pk}. {record(done)}")


# --- versions -----------------------------------------------------------------------


@signed_in
def changes(request: HttpRequest, actor: Actor, name: str) -> HttpResponse:
    """What changed between any two versions of a request."""
    row = found(actor, name)
    was, now = (
        _number(request.GET.get(key), default)
        for key, default in (("was", row.version - 1), ("now", row.version))
    )
    context = {
        "row": row, "drill": row.kind == "exercise", "was": max(was, 1), "now": now,
        "versions": row.versions.select_related("act__actor", "act__number"),
        "changes": queries.changes(row, max(was, 1), now), "address": reverse("request-changes", args=[row.pk]),
    }  # fmt: skip
    return render(request, "web/request_changes.html", context)


def _number(text: str | None, default: int) -> int:
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 6):
        raise NotFound(kind="version of a request", name=text[:20])
    return int(text)


@signed_in
def document(request: HttpRequest, actor: Actor, name: str, document: int) -> HttpResponse:
    """The file that a document was read from, as it came."""
    row = found(actor, name)
    kept = row.documents.select_related("source__file").filter(pk=document, source__isnull=False).first()
    if kept is None or kept.source is None or kept.source.file is None:
        raise NotFound(kind="file of a request", name=str(document))
    answer = HttpResponse(bytes(kept.source.file.content), content_type=kept.source.file.media_type)
    answer["Content-Disposition"] = content_disposition_header(True, f"{row.pk}-{kept.pk}.pdf") or ""
    return answer
