"""Measurements of what a send costs: `python -m benchmarks [--small] [NAME…]`."""
