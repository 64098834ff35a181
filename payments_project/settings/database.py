"""The database and the cache."""

from pathlib import Path

from payments_project.reading import database, read

DATABASE_PATH = read("DATABASE_PATH")
DATABASE_URL = read("DATABASE_URL")
if DATABASE_URL:
    DATABASES = {"default": database(DATABASE_URL)}
    # Connections are kept; one that has gone bad is found when it is used (see intake.record).
    DATABASES["default"]["CONN_MAX_AGE"] = None
    # Prepared statements spare PostgreSQL a sixth of the work of recording an event. PgBouncer in
    # transaction mode needs version 1.21 or newer for them.
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        {"server_side_binding": True, "prepare_threshold": 5, "connect_timeout": 5}
    )
else:
    Path(DATABASE_PATH).parent.mkdir(parents=True, exist_ok=True)
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATABASE_PATH,
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                # A transaction that begins by reading would be refused when it comes to write
                # and another has written since; beginning as a writer waits its turn instead.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            },
        }
    }

REDIS_URL = read("REDIS_URL")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django_redis.cache.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 0.05, "SOCKET_TIMEOUT": 0.05},
        }
    }
else:
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
