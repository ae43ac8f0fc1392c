"""What the cluster's answers mean for who wants to submit and see jobs (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kbatch_core.cluster.settings import Settings
from kbatch_core.doctor.finding import Finding, failed
from kbatch_core.environment import Environment
from kbatch_core.environment.session import Session
from kbatch_core.errors import KbatchError
from kbatch_core.manifest.rules import Ruling
from kbatch_core.model.rights import NEEDED, Extra, Right, name_rights

NOTHING_WORKS = "Nothing works but `kqueue list -a`, `show`, `logs` and `eff` of jobs in the history."
# Below that nothing is to be noticed: a Date has whole seconds, and an answer takes its time.
CLOCK_SECONDS = 5.0
NAMED = 6
DIGITS = 12


def server(settings: Settings, version: str, ahead: float) -> Finding:
    """A cluster that answers. `ahead`: seconds that its clock is ahead of ours."""
    sentence = f"{settings.source}: {settings.server}, Kubernetes {version.removeprefix('v')}"
    if abs(ahead) < CLOCK_SECONDS:
        return Finding(check="cluster", verdict="ok", sentence=sentence)
    return Finding(
        check="cluster",
        verdict="limited",
        sentence=f"{sentence}. Its clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the one here",
        costs="kqueue shows times by the server's clock, but a login may be refused as not yet or no longer valid.",
        hint="Set the clock of this machine; in a notebook server, tell your admin.",
    )


def account(name: str, session: Session, namespace: str, is_there: bool | None) -> Finding:
    """Who we are. `name` is the cluster's word on it, "" when it gives none; `is_there`: the namespace."""
    who = f'{name or "an account whose name is not known"}, in namespace "{namespace}"'
    if is_there is False:
        return Finding(
            check="account",
            verdict="broken",
            sentence=f"{who}, which is not there",
            costs="No command that asks the cluster works.",
            hint="Name another with --namespace, or in the kubeconfig.",
        )
    return Finding(
        check="account", verdict="ok", sentence=f'{who}; your jobs are those of user "{session.user}"'
    )


def rights(found: Mapping[Right, bool | None], account: str, namespace: str, *, pods: bool) -> Finding:
    """The rights that are needed: which of them there are, None = may not be asked.

    Without `pods` the hub wrote the server's pod down because nobody here may read pods.
    """
    unknown = [right for right, has in found.items() if has is None]
    if unknown:
        return Finding(
            check="rights",
            verdict="broken",
            sentence="Even to ask which rights there are is not allowed",
            costs="What works is not known.",
            hint="Ask your admin: each account may ask by default (ClusterRole system:basic-user).",
        )
    lacking = [right for right, has in found.items() if not has]
    if not lacking:
        return Finding(check="rights", verdict="ok", sentence=f"all {len(found)} that are needed")
    ask = f'{account or "your account"} in namespace "{namespace}": `kqueue docs admin` has the Role.'
    if len(lacking) == len(found):
        return Finding(
            check="rights",
            verdict="broken",
            sentence="Your account has none of the rights that are needed",
            costs="No command that asks the cluster works.",
            hint=f"Is another namespace meant (--namespace)? Else ask your admin to give them to {ask}",
        )
    grave = [right for right in lacking if pods or right.resource != "pods"]
    return Finding(
        check="rights",
        verdict="broken" if grave else "limited",
        sentence=f"Your account may not {name_rights(lacking)}",
        details=tuple(f"{name_rights([right])}: {NEEDED[right]}" for right in lacking),
        hint=f"Ask your admin to allow it to {ask}",
    )


def extra_rights(lacking: Sequence[tuple[Extra, Sequence[Right]]]) -> Finding:
    """The rights that are done without; those of each Extra that lack."""
    if not lacking:
        return Finding(check="more rights", verdict="ok", sentence="all that kbatch can use")
    return Finding(
        check="more rights",
        verdict="limited",
        sentence="What kbatch can use and does without, because your account may not:",
        details=tuple(
            f"{name_rights(rights)}{' (whole cluster)' if extra.everywhere else ''}: {extra.gives}"
            for extra, rights in lacking
        ),
        hint="Ask your admin for what you miss.",
    )


def environment(found: Environment | KbatchError, session: Session, image: str) -> Finding:
    """What a job copies; `image` is the one that config or variables name."""
    if isinstance(found, KbatchError):
        if not (session.in_pod or session.local):
            return Finding(
                check="environment",
                verdict="ok",
                sentence="no notebook server to copy from: each job names its image, `kbatch --image IMAGE`",
            )
        return failed("environment", found, "`kbatch` works only with --image.")
    if session.local:
        sentence = "this machine's own programs, as you"
    elif not found.server:
        sentence = f"the image {image} of your settings, and nothing else"
    else:
        how = "as the hub wrote it down" if session.pod is not None else "as the API has it"
        sentence = f'the pod "{found.server}" {how}, image {_short(found.image)}'
    return Finding(check="environment", verdict="ok", sentence=sentence)


def _short(image: str) -> str:
    """An image with the beginning of its digest."""
    name, at, digest = image.partition("@sha256:")
    return f"{name}{at}{digest[:DIGITS]}{'…' if len(digest) > DIGITS else ''}"


def home(found: Environment) -> Finding:
    """Whether a job has the user's home, and where it can run then."""
    if not found.home:
        return Finding(
            check="home",
            verdict="limited",
            sentence="A job has no home: there is no volume at $HOME that stays and can be written",
            costs="Output goes to the container's log alone, and `kqueue eff` and the history know no job's end.",
            hint="Ask your admin for a home volume; with --chdir and -o another volume can hold the output.",
        )
    claim = found.home_claim()
    where = f'{found.home}, from the claim "{claim}"' if claim else found.home
    if not found.home_on_one_node:
        return Finding(check="home", verdict="ok", sentence=f"{where}, which jobs on any node can mount")
    why = f"{found.home_access}" if found.home_access else "taken so: claims may not be read"
    return Finding(
        check="home", verdict="ok", sentence=f"{where}, for one node ({why}): jobs run where your server runs"
    )


def quota(rulings: Iterable[Ruling]) -> Finding:
    """What quotas and limit ranges say to a job that asks for nothing of its own."""
    found = list(rulings)
    wrong = [one for one in found if one.never] or [one for one in found if one.hint]
    if not wrong:
        told = "; ".join(one.sentence for one in found[:NAMED])
        return Finding(check="quota", verdict="ok", sentence=told or "nothing that limits a job")
    first = wrong[0]
    return Finding(
        check="quota",
        verdict="limited",
        sentence="; ".join(one.sentence for one in wrong[:NAMED]),
        costs="The pods of a job that does not ask for it are refused." if first.never else "New jobs wait.",
        hint=f"{first.hint}."
        if first.never
        else "It ends with jobs that end; `kqueue cancel` ends one's own.",
    )


def partitions(queues: Sequence[str] | None, profiles: Iterable[str]) -> Finding:
    """What `-p` may name. `queues` are Kueue's; None when Kueue is not there, or its queues may not be listed."""
    told = [
        f"{what} {', '.join(sorted(names)[:NAMED])}{', …' if len(names) > NAMED else ''}"
        for what, names in (("Kueue queues", list(queues or ())), ("profiles", list(profiles)))
        if names
    ]
    return Finding(
        check="partitions", verdict="ok", sentence="; ".join(told) or "none to choose from: leave -p out"
    )
