"""Logins of staff, and the lock-outs that hold guessing back."""

from datetime import timedelta

from payments_project.reading import read

AUTHENTICATION_BACKENDS = [
    # First: it refuses those who are locked out before their password is looked at.
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    # For what was hashed before; a password is hashed anew when it is next used.
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

STAFF_SECOND_FACTOR = read("STAFF_SECOND_FACTOR")
OTP_TOTP_ISSUER = "Payments"

AXES_HANDLER = "payments_project.staff.lockouts.LockoutHandler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "ip_address"]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
# Nobody can keep somebody locked out by going on, nor fill the table.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_CLIENT_IP_CALLABLE = "payments_project.staff.lockouts.client_address"
AXES_USERNAME_CALLABLE = "payments_project.staff.lockouts.account"
AXES_LOCKOUT_CALLABLE = "payments_project.staff.lockouts.refusal"
# Log-ins are in the audit trail.
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
