"""Where a local cluster keeps its things: one folder for each, that only its owner may enter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import platformdirs

from kbatch_core.errors import BadOption
from kbatch_core.model.decoding import decoder

DEFAULT = "default"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,29}")


class Address(msgspec.Struct, frozen=True):
    """Where a server listens, and as which process."""

    pid: int
    port: int
    token: str

    @property
    def server(self) -> str:
        return f"https://127.0.0.1:{self.port}"


@dataclass(frozen=True)
class Place:
    """The folder of the cluster `name`."""

    name: str
    folder: Path

    @property
    def database(self) -> Path:
        return self.folder / "state.db"

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    @property
    def certificate(self) -> Path:
        return self.folder / "server.crt"

    @property
    def key(self) -> Path:
        return self.folder / "server.key"

    @property
    def token(self) -> Path:
        return self.folder / "token"

    @property
    def address_file(self) -> Path:
        return self.folder / "server.json"

    @property
    def lock(self) -> Path:
        """Locked by the server for as long as it lives: the kernel lets go of it however that ends."""
        return self.folder / "lock"

    @property
    def start_lock(self) -> Path:
        """Locked by whoever starts, stops or removes the cluster."""
        return self.folder.with_name(f".{self.name}.lock")

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def pods(self) -> Path:
        return self.folder / "pods"

    def make(self) -> None:
        """Make the folder, or make it private again."""
        self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.folder.chmod(0o700)

    def address(self) -> Address | None:
        """The server that was started last; None where there was none."""
        try:
            return decoder(Address).decode(self.address_file.read_bytes())
        except (OSError, msgspec.MsgspecError):
            return None


def find_place(name: str, environ: Mapping[str, str]) -> Place:
    """The place of a cluster; it need not be there. Raises BadOption for what is no name."""
    if not _NAME.fullmatch(name):
        raise BadOption(
            f"{name!r} cannot be a local cluster's name.", "Use up to 30 small letters, digits and '-'."
        )
    return Place(name, root(environ) / name)


def all_places(environ: Mapping[str, str]) -> list[Place]:
    """The clusters that there are, by name."""
    try:
        found = sorted(path.name for path in root(environ).iterdir() if _NAME.fullmatch(path.name))
    except OSError:
        return []
    return [find_place(name, environ) for name in found]


def root(environ: Mapping[str, str]) -> Path:
    """The folder of all local clusters, by the rules of this system."""
    given = environ.get("XDG_STATE_HOME", "")
    base = Path(given) if given.startswith("/") else platformdirs.user_state_path()
    return base / "kbatch" / "local"
