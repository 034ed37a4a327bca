"""Graphs in, interrupts out, decisions back. `ask` is for graphs that are written with Signoff in mind."""

from agents.helper import Answer, ask

__all__ = ["Answer", "ask"]
