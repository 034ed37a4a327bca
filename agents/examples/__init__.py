"""Small graphs, one pattern each. None needs a key or a network."""
