"""Who runs a command."""

import getpass
import os


def system_user() -> str:
    """The name of the system's user, for the record."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"user {os.getuid()}"
