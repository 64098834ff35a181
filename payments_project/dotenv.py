"""Development settings with fresh secrets: `python -m payments_project.dotenv`."""

import os
import secrets
from pathlib import Path

DEFAULT_PATH = Path(__file__).resolve().parent.parent / ".env"


def write_dotenv(path: Path = DEFAULT_PATH) -> bool:
    """Write a `.env` for development, readable by its owner alone, unless there is one already.

    Says whether it was written.
    """
    lines = [
        "DEBUG=true",
        f"SECRET_KEY={secrets.token_urlsafe(50)}",
        f"AUDIT_KEY={secrets.token_urlsafe(48)}",
        f"STRIPE_WEBHOOK_SECRET=whsec_{secrets.token_urlsafe(24)}",
    ]
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as file:
        file.write("\n".join(lines) + "\n")
    return True


if __name__ == "__main__":
    write_dotenv()
