"""Settings from the environment: the embedded defaults need nothing; DATABASE_URL and CELERY_BROKER_URL grow it up."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from config.environment import (
    EMBEDDED_BROKER,
    SQLITE,
    broker,
    database,
    flag,
    folder,
    folder_to_read,
    given,
    listed,
    log_level,
    whole_number,
)

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = folder("BELLWETHER_VAR", BASE_DIR / "var" / "live")


def _secret_key() -> str:
    """From the environment, or made once and kept beside the embedded database, readable by its owner alone."""
    path = VAR_DIR / "secret-key"
    if not (key := given("DJANGO_SECRET_KEY")) and not path.exists():
        part = path.with_name(f"secret-key.{os.getpid()}")
        part.touch(mode=0o600)
        part.write_text(secrets.token_urlsafe(64), encoding="ascii")
        _put_first(part, path)
    return key or path.read_text(encoding="ascii").strip()


def _put_first(part: Path, path: Path) -> None:
    """Moves *part* to *path*, whole, unless something is there: of several processes that start at once, one wins."""
    try:
        os.link(part, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links, such as a USB stick's or a network share's
        with suppress(FileExistsError):
            path.touch(mode=0o600, exist_ok=False)
            part.replace(path)
    part.unlink(missing_ok=True)


SECRET_KEY = _secret_key()
DEBUG = flag("DJANGO_DEBUG")
ALLOWED_HOSTS = listed("DJANGO_ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = listed("DJANGO_CSRF_TRUSTED_ORIGINS")

# Behind TLS: one switch turns on everything that `check --deploy` asks for.
HTTPS = flag("BELLWETHER_HTTPS")
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "registry",
    "monitoring",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": database("DATABASE_URL", VAR_DIR / "bellwether.sqlite3")}
if DATABASES["default"]["ENGINE"] == SQLITE:
    # WAL lets pages read while a worker writes. IMMEDIATE takes the write lock at BEGIN, where the timeout applies:
    # a transaction that upgrades later fails at once with "database is locked".
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# The task queue. Tasks are idempotent and short-lived: a message is acknowledged once its work is done, and one that
# waited too long is dropped, since the next beat sends a fresher one.
CELERY_BROKER_URL = broker("CELERY_BROKER_URL")
if CELERY_BROKER_URL == EMBEDDED_BROKER:
    BROKER_DIR = VAR_DIR / "broker"
    for _folder in ("messages", "routes"):
        (BROKER_DIR / _folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "messages"),
        "data_folder_out": str(BROKER_DIR / "messages"),
        "control_folder": str(BROKER_DIR / "routes"),
        "polling_interval": 0.5,
    }
    CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # it would poll a mailbox folder for nobody
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_DEFAULT_QUEUE = "bellwether"
CELERY_TASK_IGNORE_RESULT = True  # results are rows; there is no result backend
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A net under each run's own deadline, cast by prefork workers; a pool of threads cannot be interrupted.
CELERY_TASK_SOFT_TIME_LIMIT = 120
CELERY_TASK_TIME_LIMIT = 150
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
CELERY_BEAT_SCHEDULE = {
    "dispatch-due-checks": {
        "task": "monitoring.tasks.dispatch_due_checks",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    "follow-registry": {
        "task": "monitoring.tasks.follow_registry",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
}

# Governance: whether the one who plans an epoch may also approve it, and where polls are fetched from.
BELLWETHER_FOUR_EYES = flag("BELLWETHER_FOUR_EYES")
SNAPSHOT_URL = given("BELLWETHER_SNAPSHOT_URL") or "https://hub.snapshot.org/graphql"
SNAPSHOT_API_KEY = given("BELLWETHER_SNAPSHOT_KEY")

# The catalogue against the world: a checkout of the documentation's exchange pages, and how long a component has to
# fail by its connector's fault before a bounty is drafted from it.
BELLWETHER_PAGES = folder_to_read("BELLWETHER_PAGES")
BELLWETHER_BOUNTY_AFTER = timedelta(hours=whole_number("BELLWETHER_BOUNTY_AFTER_HOURS", 24))

REST_FRAMEWORK = {
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "EXCEPTION_HANDLER": "registry.api.errors.error_response",
    "URL_FORMAT_OVERRIDE": None,  # there is one format: `?format=` is an unknown parameter like any other
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "config.logs.LineFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": log_level("BELLWETHER_LOG_LEVEL")},
    "loggers": {
        "django": {"handlers": [], "propagate": True},
        "uvicorn": {"handlers": [], "propagate": True},
        "uvicorn.access": {"handlers": [], "level": "WARNING"},
        # One line per request, per message and per beat: the rows in the database say it better.
        "httpx": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
    },
}
