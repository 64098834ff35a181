"""Django's own settings: keys, hosts, apps, middleware, templates, language, files."""

from pathlib import Path

from payments_project import environment
from payments_project.reading import read, read_file

BASE_DIR: Path = environment.BASE_DIR

read_file(read("ENV_FILE"))

DEBUG = read("DEBUG")
SECRET_KEY = read("SECRET_KEY")
SECRET_KEY_FALLBACKS = read("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = read("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"] if DEBUG else None)

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "axes",
    "csp",
    "webhooks",
    "billing",
    "payments_project.staff",
]

MIDDLEWARE = [
    # Before all: each answer names its request, whoever gives it.
    "payments_project.request_ids.RequestIdMiddleware",
    # None of those below runs for MACHINE_PATHS, which have a short stack of their own.
    "payments_project.machines.MachineMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "payments_project.headers.HeadersMiddleware",
    # Before whatever reads a form: the CSRF middleware does.
    "payments_project.body_limits.BodyLimitMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "payments_project.staff.middleware.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Last: it puts its own answer in the place of a login's.
    "axes.middleware.AxesMiddleware",
]

# No page takes files. Django's own default writes those of any size to disk, for strangers too.
DATA_UPLOAD_MAX_NUMBER_FILES = 0
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576

ROOT_URLCONF = "payments_project.urls"
WSGI_APPLICATION = "payments_project.wsgi.application"

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

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
WHITENOISE_USE_FINDERS = DEBUG
