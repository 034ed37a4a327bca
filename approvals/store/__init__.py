"""Where approvals are kept: Redis, and nothing else. The only place that imports redis."""
