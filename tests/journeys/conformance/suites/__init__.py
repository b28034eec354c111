"""Suites of others, each run through a gateway of its own; `make conformance` runs them (docs/conformance.md)."""
