"""Everything that can go wrong, on one screen.

KbatchError                     exit
├── UsageError                  2    what the user wrote cannot be a job
│   ├── BadOption                    an option or directive with a wrong value
│   │   └── WholeNode                all memory of a node is asked for, which has no number here
│   ├── BadScript                    the script is missing, empty, binary, too large
│   └── BadConfig                    a config file that cannot be read
├── Refused                     1    the cluster answered, and said no
│   ├── PermissionDenied             403: the account lacks a right
│   ├── PolicyDenied                 403/422: quota, admission policy or validation
│   ├── NeverFits                    no node of the cluster could ever hold it; nothing was sent
│   ├── NotFound                     404: no such job, pod or namespace
│   ├── Conflict                     409: somebody else's object has the name
│   └── Gone                         410: the resource version is too old
├── Unreachable                 3    nothing was done, for sure
│   ├── NoCluster                    no cluster is configured here
│   ├── ConnectionFailed             it does not answer
│   ├── AuthExpired                  401: the token or certificate is not accepted
│   └── ServerBusy                   429/5xx until the retry limit
├── UnknownOutcome              4    a write was sent and no answer came
└── JobFailed                   -    a job that was waited for did not succeed; the job's own exit code

A leaf has one sentence for the user, one hint of what to do, and an exit code. Exceptions of urllib3 and
kubernetes never leave `kbatch_core.cluster`; they are chained as the cause.
"""

from __future__ import annotations

__all__ = [
    "AuthExpired",
    "BadConfig",
    "BadOption",
    "BadScript",
    "Conflict",
    "ConnectionFailed",
    "Gone",
    "JobFailed",
    "KbatchError",
    "NeverFits",
    "NoCluster",
    "NotFound",
    "PermissionDenied",
    "PolicyDenied",
    "Refused",
    "ServerBusy",
    "UnknownOutcome",
    "Unreachable",
    "UsageError",
    "WholeNode",
]


class KbatchError(Exception):
    """One thing that went wrong: `sentence` says what, `hint` what to do, `exit_code` what the shell gets."""

    exit_code = 1

    def __init__(self, sentence: str, hint: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.sentence} {self.hint}" if self.hint else self.sentence


class UsageError(KbatchError):
    """What the user wrote cannot be a job; nothing was sent."""

    exit_code = 2


class BadOption(UsageError):
    """An option, directive or argument with a value that cannot be meant.

    `where` is `FILE:LINE` for a directive and empty for the command line.
    """

    def __init__(self, sentence: str, hint: str = "", where: str = "") -> None:
        super().__init__(f"{where}: {sentence}" if where else sentence, hint)
        self.where = where


class WholeNode(BadOption):
    """`--mem=0`: all memory of a node, which would have to be said as a number."""


class BadScript(UsageError):
    """The script is missing, a directory, empty, binary or too large."""


class BadConfig(UsageError):
    """A config file that cannot be read or has an unknown key."""


class Refused(KbatchError):
    """The cluster answered, and said no. `status` is the HTTP status, `reason` the Status reason."""

    exit_code = 1

    def __init__(self, sentence: str, hint: str = "", *, status: int = 0, reason: str = "") -> None:
        super().__init__(sentence, hint)
        self.status = status
        self.reason = reason


class PermissionDenied(Refused):
    """403: the account lacks a right."""


class PolicyDenied(Refused):
    """403 or 422: a quota, an admission policy or the API's validation refused the object."""


class NeverFits(Refused):
    """The cluster's nodes are known, and none of them could ever hold the job."""


class NotFound(Refused):
    """404: no such job, pod, namespace or kind."""


class Conflict(Refused):
    """409: an object of that name is there and is not ours, or it changed under a patch."""


class Gone(Refused):
    """410: the resource version or continue token is too old; list again."""


class Unreachable(KbatchError):
    """Nothing was done, for sure."""

    exit_code = 3


class NoCluster(Unreachable):
    """Neither a pod's service account nor a kubeconfig is here."""


class ConnectionFailed(Unreachable):
    """The API server does not answer, or answers with something that is not Kubernetes."""


class AuthExpired(Unreachable):
    """401: the token or client certificate is not accepted, also after it was read again."""


class ServerBusy(Unreachable):
    """429 or 5xx: the server asks for patience. `retry_after` is in seconds, 0 when it did not say.

    `cause` is the first cause of the Status, such as ResourceVersionTooLarge.
    """

    def __init__(
        self, sentence: str, hint: str = "", *, status: int = 0, retry_after: float = 0.0, cause: str = ""
    ) -> None:
        super().__init__(sentence, hint)
        self.status = status
        self.retry_after = retry_after
        self.cause = cause


class UnknownOutcome(KbatchError):
    """A write was sent and no answer came: it may or may not have happened."""

    exit_code = 4


class JobFailed(KbatchError):
    """A job that was waited for did not succeed. The exit code is the job's own."""

    def __init__(self, sentence: str, hint: str = "", *, exit_code: int = 1) -> None:
        super().__init__(sentence, hint)
        self.exit_code = exit_code
