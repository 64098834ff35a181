"""The least that dj-stripe's endpoint needs. Runs in an environment of its own."""
