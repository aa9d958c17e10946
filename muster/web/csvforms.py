"""A page that takes a CSV file in: every fault told by row, and nothing kept until there is none."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from muster.actions import storable
from muster.core.errors import Fault, FaultyFile, FaultyInput, MusterError
from muster.web.pages import form_page

MOST_BYTES = 4_000_000


@dataclass(frozen=True, kw_only=True)
class CsvForm:
    """The page with one file field. `take_in` is given the file and its name, and answers as an import does."""

    title: str
    lead: str
    label: str
    button: str
    columns: Sequence[str]
    take_in: Callable[[BinaryIO, str], dict[str, Any]]
    done: Callable[[dict[str, Any]], str]
    back: str
    drill: bool = False
    zone: str | None = None  # the zone that the form asks for, as given; None: it asks for none

    def page(self, request: HttpRequest) -> HttpResponse:
        """The form, fresh or refused; after the import, the way back with the fact in words."""
        refusal: MusterError | None = None
        faults: list[Fault] = []
        if request.method == "POST":
            try:
                answer = self._taken(request)
            except FaultyFile as told:
                refusal, faults = FaultyInput([Fault(None, "file", told.code, str(told))]), told.faults
            except MusterError as told:
                refusal = told
            else:
                messages.success(
                    request, f"{answer['rows']} row{'s' * (answer['rows'] != 1)} read: {self.done(answer)}."
                )
                return redirect(self.back)
        context = {"form": self, "faults": faults, "drill": self.drill}
        return form_page(request, "web/csv_file.html", context, refusal=refusal)

    def _taken(self, request: HttpRequest) -> dict[str, Any]:
        sent = request.FILES.get("file")
        if sent is None:
            raise FaultyInput([Fault(None, "file", "web.bad_field", "Choose a CSV file.")])
        if (sent.size or 0) > MOST_BYTES:
            words = "The file is larger than 4 MB. Part it, and send one part after the other."
            raise FaultyInput([Fault(None, "file", "web.bad_field", words)])
        with storable():
            return self.take_in(io.BytesIO(sent.read()), str(sent.name))
