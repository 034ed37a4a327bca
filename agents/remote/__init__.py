"""Graphs that are deployed on LangGraph Server: found there, asked here, resumed there. Nothing changes in them."""
