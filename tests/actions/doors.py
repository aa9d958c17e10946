"""Asking at the API as somebody, for tests of doors."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from muster.access.control import new_token
from muster.access.models import User


@dataclass
class Door:
    """One asker at the API."""

    url: str
    token: str | None
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: Any = None, **more: str) -> tuple[int, str, Any]:
        """Status, media type and JSON of the answer; `body` is sent as JSON, or as it is when it is bytes."""
        headers = {"Content-Type": "application/json", **self.headers, **more}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        http_ = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        http_.request(method, path, body if isinstance(body, bytes) else json.dumps(body), headers)
        answer = http_.getresponse()
        told = json.loads(answer.read())
        http_.close()
        return answer.status, str(answer.getheader("Content-Type")), told


def door(url: str, user: int) -> Door:
    """The API for a user, by a fresh token."""
    return Door(url, new_token(User.objects.get(pk=user)))
