"""Decides when to look, never what is true: the truth is in the due list."""
