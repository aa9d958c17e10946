"""`/api/v1`: the acts and the reads, their problems and their schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.urls import path, re_path
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser

import muster
from muster.api import acts, members, messages, papers, problems, reads, steps
from muster.api.signing_in import Bearer, Session
from muster.core.errors import MusterError
from muster.core.files import LARGEST_BYTES


class BoundedJson(Parser):
    """JSON up to the size that every door takes."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Read the body. Raises RequestDataTooBig, ValueError."""
        if len(request.body) > LARGEST_BYTES:
            raise RequestDataTooBig
        return json.loads(request.body)


class Api(NinjaAPI):
    """The API with its problems written into the schema of every operation."""

    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:
        """OpenAPI 3.1."""
        schema = super().get_openapi_schema(**kwargs)
        schema["components"]["schemas"]["Problem"] = problems.SCHEMA
        content = {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for methods in schema["paths"].values():
            for operation in methods.values():
                for status in problems.STATUSES:
                    operation["responses"][status] = {"description": "A problem", "content": content}
        return schema


api = Api(
    title="Muster", version=muster.__version__, description="The record of civil-support missions.",
    docs_url=None, auth=[Bearer(), Session()], parser=BoundedJson(), urls_namespace="api",
)  # fmt: skip
api.add_router("/acts", acts.router)
api.add_router("", reads.router)
api.add_router("", steps.router)
api.add_router("", members.router)
api.add_router("", messages.router)
api.add_router("", papers.router)
HANDLERS: dict[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
    MusterError: problems.refused,
    AuthenticationError: problems.not_signed_in,
    HttpError: problems.not_read,
    RequestDataTooBig: problems.too_large,
    ValidationError: problems.not_valid,
    Exception: problems.unforeseen,
}
for kind, handler in HANDLERS.items():
    api.add_exception_handler(kind, handler)

urlpatterns = [path("", api.urls), re_path("", problems.no_such_path)]
