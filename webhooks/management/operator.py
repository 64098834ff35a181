"""The operator: the system user who runs a command."""

import getpass
import os


def system_user() -> str:
    """Return the name of the system user who runs this process, for the audit trail."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container often runs as a number without a name. The record must name somebody.
        return f"user {os.getuid()}"
