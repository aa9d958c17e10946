"""The same code scanned twice: a band held too long before the scanner says nothing new."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

AGAIN_WITHIN = timedelta(seconds=3)  # source: reference/ui.md section 3
AGAIN = "The same code within 3 seconds: read once."


def scanned_again(request: HttpRequest, code: str) -> bool:
    """Whether the same code was scanned in this session less than `AGAIN_WITHIN` ago. The session keeps no tag, but its keyed hash."""
    now, before = timezone.now(), request.session.get("scan")
    digest = salted_hmac("muster.scan", "".join(code.split()).replace("-", "").upper()).hexdigest()
    again = (
        before is not None and before[0] == digest and now - datetime.fromisoformat(before[1]) < AGAIN_WITHIN
    )
    if not again:
        request.session["scan"] = [digest, now.isoformat()]
    return again
