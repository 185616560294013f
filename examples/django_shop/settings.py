"""Django's settings: one database, which Django and the core both open."""

import os

from sqlalchemy import make_url

CRM_DATABASE = make_url(os.environ.get("SHOP_DB", "sqlite:///shop.db"))


def database(told: str) -> dict[str, object]:
    """The database of a URL, as Django is told of it."""
    url = make_url(told)
    if url.get_backend_name() == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": url.database,
            # A transaction that reads before it writes would be refused where another writer came between.
            "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 30},
        }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.database,
        "USER": url.username or "",
        "PASSWORD": url.password or "",
        "HOST": url.host or url.query.get("host", ""),
        "PORT": url.port or "",
    }


DATABASES = {"default": database(CRM_DATABASE.render_as_string(hide_password=False))}
INSTALLED_APPS = ["examples.django_shop"]
ROOT_URLCONF = "examples.django_shop.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ALLOWED_HOSTS = ["localhost", "testserver"]
DEBUG = False
SECRET_KEY = os.environ.get("SHOP_SECRET", "for this example alone")
TIME_ZONE, USE_TZ = "UTC", True
