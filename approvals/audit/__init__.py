"""The audit as evidence: events sealed into a chain of hashes, verified, archived, and handed out as receipts.

Nothing here knows Redis or LangGraph; `approvals.store.audit` keeps it, `bot.audit_cli` is its door.
"""
