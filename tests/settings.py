"""The settings of a test run: a folder of its own, and nothing of the caller's environment."""

import os
import tempfile
from pathlib import Path

from connectors.catalog import CONNECTORS

_OURS = ("BELLWETHER_", "CELERY_", "DATABASE_", "DJANGO_", *(f"{name.upper()}_" for name in CONNECTORS))
_FOR_TESTS = ("BELLWETHER_REQUIRE_SERVICES", "BELLWETHER_TEST_DATABASE_URL")
for _name in [name for name in os.environ if name.startswith(_OURS) and name not in _FOR_TESTS]:
    del os.environ[_name]
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
os.environ["BELLWETHER_VAR"] = tempfile.mkdtemp(prefix="bellwether-tests-")
os.environ["BELLWETHER_NONCE_DIR"] = str(Path(os.environ["BELLWETHER_VAR"]) / "nonces")
if _database := os.environ.get("BELLWETHER_TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = _database

from config.settings import *  # noqa: E402, F403 -- the environment comes first
from config.settings import DATABASES, STATIC_ROOT, STORAGES, VAR_DIR  # noqa: E402

if not _database:  # a file, as in an installation: locks and WAL behave otherwise in memory
    DATABASES["default"]["TEST"] = {"NAME": str(VAR_DIR / "test.sqlite3")}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast, for people made up on the spot
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"  # needs no manifest
STATIC_ROOT.mkdir()
