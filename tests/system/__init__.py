"""The project as it is deployed: behind nginx, in a browser, scraped by Prometheus, all real.

Run by `make test-system` and not by `make test`: it needs programs that no Python package brings.
"""
