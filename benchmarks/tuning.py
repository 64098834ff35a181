"""Everything that may be tuned, in one place; the same for every contender."""

WORKERS = 2
BLOCKING_THREADS = 4

# Keep-alive connections of the load generator, and threads that drive them.
CONNECTIONS = 16
LOAD_THREADS = 2

# As many as the endpoint's own connections to the database.
PGBENCH_CLIENTS = WORKERS * BLOCKING_THREADS

ROUNDS = 3
ROUND_SECONDS = 5
WARM_UP_SECONDS = 2

BODY_BYTES = 2500
REPEATED_EVENTS = 2000
FORGED_DELIVERIES = 4000

# Requests are signed ahead of a run: enough for the fastest first run, then for what was measured.
FIRST_GUESS_PER_SECOND = 8000
HEADROOM = 2.5
FEWEST_PER_SECOND = 500
