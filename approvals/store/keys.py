"""Every key name, once. All share one hash tag, so that a script stays in one slot of a cluster."""

from __future__ import annotations

from dataclasses import dataclass

from approvals.due import DueKind


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys under one namespace; two Signoffs can share a server under different ones."""

    namespace: str = "signoff"

    def _key(self, *parts: str) -> str:
        return ":".join((f"{{{self.namespace}}}", *parts))

    def approval(self, approval_id: str) -> str:
        """Hash: `v` (version), `doc`."""
        return self._key("approval", approval_id)

    def thread(self, thread_id: str) -> str:
        """Hash: `v` (version), `doc`, `live` (ids of the approvals that are not final, each between commas)."""
        return self._key("thread", thread_id)

    def trail(self, approval_id: str) -> str:
        """List: the stream ids of the approval's audit events."""
        return self._key("trail", approval_id)

    def lease(self, thread_id: str) -> str:
        """String with a time to live: the holder's fencing token."""
        return self._key("lease", thread_id)

    def index(self, name: str, *of: str) -> str:
        """Sorted set of ids by opening time, in microseconds; `decided` by when they were decided, and
        `undelivered` of those that ended and whose callback was given up, by the end; `broken` of threads that
        failed or were lost."""
        return self._key("index", name, *of)

    def away(self, user_id: str) -> str:
        """String with a time to live: the doc of somebody who is away."""
        return self._key("away", user_id)

    def covers(self, user_id: str) -> str:
        """Sorted set of those for whom this person stands in, by the end of it, in microseconds. It may name people who
        have come back or chose somebody else since: their own doc says so."""
        return self._key("covers", user_id)

    @property
    def absences(self) -> str:
        """Sorted set of those who are away and have a cover, by the end of it; as exact as `covers`."""
        return self._key("absences")

    @property
    def homes(self) -> str:
        """Sorted set of people by when they opened their Home tab, in microseconds."""
        return self._key("homes")

    def home(self, user_id: str) -> str:
        """String with a time to live: when a person's Home tab was drawn, in microseconds."""
        return self._key("home", user_id)

    @property
    def told(self) -> str:
        """Set of what admins were told of the policies."""
        return self._key("told")

    def daily(self, *of: str) -> str:
        """String: until when everybody was told of their day, in microseconds. Of a day and a person: they were told,
        for some days. `late`: hash of those who could not be told, to since when."""
        return self._key("daily", *of)

    @property
    def checkpointer(self) -> str:
        """String: the name of the saver that wrote the checkpoints of our threads."""
        return self._key("checkpointer")

    @property
    def audit(self) -> str:
        """Stream of audit events."""
        return self._key("audit")

    @property
    def sealed(self) -> str:
        """Hash: `n`, `hash` and `to` of the newest seal of the audit; `archived` and `trimmed`, numbers of seals."""
        return self._key("sealed")

    @property
    def seals(self) -> str:
        """Hash: number to the seal's JSON."""
        return self._key("seals")

    @property
    def due(self) -> str:
        """Sorted set of `<subject>|<kind>` by due time, in microseconds: everything but drives."""
        return self._key("due")

    @property
    def drives(self) -> str:
        """The same for drives: threads wait for them in a line of their own, so that neither holds up the other."""
        return self._key("drives")

    def line(self, kind: DueKind) -> str:
        """The line that work of a kind waits in."""
        return self.drives if kind is DueKind.DRIVE else self.due

    @property
    def claims(self) -> str:
        """Hash: due member to the token of who performs it now."""
        return self._key("claims")

    @property
    def attempts(self) -> str:
        """Hash: due member to how often performing it failed."""
        return self._key("attempts")

    @property
    def policies(self) -> str:
        """Hash: `n` (the number of the version that counts), `hash` of its text, `file` (of the one last applied)."""
        return self._key("policies")

    @property
    def policy_versions(self) -> str:
        """Hash: number to `doc`."""
        return self._key("policies", "versions")

    def pace(self, bucket: str) -> str:
        """Hash: when the bucket is empty again, and the turn of each ticket that waits."""
        return self._key("pace", bucket)

    def burst(self, channel: str, *of: str) -> str:
        """Of a channel into which too much comes at once. By itself a hash: `n` (number of the last collection), `ts-N`
        (of its message), `last` (when one joined it). `recent`: sorted set of approvals with cards of their own. A
        number: sorted set of the members. `at-TS`: the number of the collection that a message shows."""
        return self._key("burst", channel, *of)

    @property
    def api_keys(self) -> str:
        """Hash: id of an API key to `doc`."""
        return self._key("api_keys")

    @property
    def api_keys_used(self) -> str:
        """Hash: id of an API key to when it was used last, in seconds since the epoch, to the minute."""
        return self._key("api_keys", "used")

    @property
    def fence(self) -> str:
        """Counter that the fencing tokens come from."""
        return self._key("fence")
