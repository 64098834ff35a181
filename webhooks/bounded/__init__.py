"""What one process remembers of the moments before, in bounded memory whatever strangers send.

Nothing here is shared: each process counts what it sees itself, so that no guard waits for Redis.
"""
