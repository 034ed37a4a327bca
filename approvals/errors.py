"""Exceptions: contracts that were broken. What is expected to go wrong is a `Refusal`, a return value."""


class SignoffError(Exception):
    """Something that the caller must fix. The message names the thing and the remedy."""


class ConfigError(SignoffError):
    """A setting, a policy file, `langgraph.json` or a server is not as it must be."""


class InputError(SignoffError):
    """A value handed in (graph input, arguments, an id) is malformed."""


class StoreError(SignoffError):
    """The store holds something that this version cannot read."""


class LeaseLost(SignoffError):
    """The thread's lease passed to somebody else; nothing more may be written for it here."""


class Later(SignoffError):
    """Not now, and not a failure: whoever was asked says to come back after `seconds` (Slack's `Retry-After`)."""

    def __init__(self, seconds: float, why: str = "") -> None:
        super().__init__(why or f"asked to come back in {seconds:g} s")
        self.seconds = seconds
