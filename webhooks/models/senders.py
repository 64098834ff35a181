"""What is kept of who sent a delivery: bounded, and erased with what was sent."""

from typing import Final

LONGEST_USER_AGENT: Final = 200
LONGEST_REQUEST_ID: Final = 64

SENDER_COLUMNS: Final = ("client", "user_agent", "request_id")
"""The columns of an event that identify the sender of its first delivery."""
