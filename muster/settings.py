"""Django's settings, from `muster.config`. Importing them opens no connection and makes no file."""

import sys
from functools import cache
from typing import Any

import psycopg
import structlog
from django.utils.functional import lazy
from psycopg.conninfo import conninfo_to_dict

from muster import config
from muster.database.embedded import APP, DATABASE, OWNER

CONFIG = config.current()
LOOPBACK = {"localhost", "127.0.0.1", "[::1]"}

# Made when first needed: commands that need no database leave no folder behind.
SECRET_KEY = lazy(cache(CONFIG.secret), str)()
DEBUG = False
ALLOWED_HOSTS = CONFIG.allowed_hosts

INSTALLED_APPS = [
    "muster.parties",
    "muster.access",
    "muster.record",
    "muster.sources",
    "muster.ledger",
    "muster.assistance",
    "muster.authority",
    "muster.decisions",
    "muster.missions",
    "muster.costs",
    "muster.tasks",
    "muster.custody",
    "muster.cases",
    "muster.transport",
    "muster.web",
    "muster.api",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "muster.web.csp.ContentSecurity",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "muster.urls"
WSGI_APPLICATION = "muster.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True  # the wheel carries the files; there is no collecting step

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"  # each site's own zone is applied where a moment is shown
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "access.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
_RULES = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_RULES}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_RULES}.CommonPasswordValidator"},
    {"NAME": f"{_RULES}.NumericPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]

# Browsers keep a Secure cookie from plain http, which is how a laptop serves itself.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not set(ALLOWED_HOSTS) <= LOOPBACK
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"


def _database(url: str | None, *, setting: str, role: str) -> dict[str, Any]:
    """One entry of DATABASES: the server of the address, or without one the embedded server."""
    common: dict[str, Any] = {"ENGINE": "muster.database", "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    if url is None:
        return {**common, "NAME": DATABASE, "USER": role, "EMBEDDED": CONFIG.data_folder, "OPTIONS": {}}
    try:
        parts = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise config.BadSetting(
            setting=setting, problem=f"it is not a PostgreSQL address ({error})"
        ) from None
    named = {name: parts.pop(name.lower(), "") for name in ("USER", "PASSWORD", "HOST", "PORT")}
    return {**common, **named, "NAME": parts.pop("dbname", ""), "OPTIONS": parts}


DATABASES = {"default": _database(CONFIG.database_url, setting="database_url", role=APP)}
# A forgotten open transaction anywhere holds back the numbering of acts, so the application's are ended.
DATABASES["default"]["OPTIONS"]["options"] = "-c idle_in_transaction_session_timeout=60s"
if CONFIG.migrate_url or not CONFIG.database_url:
    DATABASES["owner"] = _database(CONFIG.migrate_url, setting="migrate_url", role=OWNER)
DATABASE_ROUTERS = ["muster.database.router.OwnerMigrates"]

_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
_RENDERERS: list[Any] = (
    [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    if sys.stderr.isatty()
    else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
)
# Plain tracebacks only: those with local variables would write persons' names into the log.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "structlog.stdlib.ProcessorFormatter",
            "foreign_pre_chain": _SHARED,
            "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_RENDERERS],
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"muster": {"level": "INFO"}, "django": {"handlers": [], "level": "WARNING"}},
}
structlog.configure(
    processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
    cache_logger_on_first_use=True,
)
