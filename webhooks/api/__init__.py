"""The API for programs: what all its parts share, and the events."""
