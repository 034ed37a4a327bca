"""Real processes, killed at every named point and at random, and what must be true afterwards."""
