"""Decisions over HTTP, for whatever can speak it: `docs/api.md`."""
