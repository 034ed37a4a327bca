"""Graphs on a real LangGraph Server, approved here."""
