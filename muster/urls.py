"""The map of the doors."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("muster.web.urls")),
    path("api/v1/", include("muster.api.urls")),
    path("account/", include("allauth.urls")),
]
