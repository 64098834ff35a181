"""One process's memory of the moments before, bounded whatever strangers send.

Nothing here is shared: each process counts what it sees itself, so that no guard waits for Redis.
"""
