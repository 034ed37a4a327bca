"""How threads and graphs of a server are called here: `<server>/<id there>`, so that no two are the same."""

from __future__ import annotations


def thread_name(server: str, thread_id: str) -> str:
    """The id of our record of the thread."""
    return f"{server}/{thread_id}"


def graph_name(server: str, graph: str) -> str:
    """The graph's name in policies, cards and commands."""
    return f"{server}/{graph}"


def home_of(name: str) -> tuple[str, str]:
    """The server, and the id there; no server for what is not of this form."""
    server, slash, there = name.partition("/")
    return (server, there) if slash else ("", name)
