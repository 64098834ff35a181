"""The project as it is deployed: behind a real nginx, in a real browser, scraped by Prometheus. `make test-system`.

Not a part of `make test`, as programs are needed that no Python package brings along.
"""
