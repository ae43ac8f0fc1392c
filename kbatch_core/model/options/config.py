"""The two config files: the site's, which a hub can mount, and the user's own.

Both are TOML with the same keys:

    [options]                       # defaults, by the long names of the options
    time = "2:00:00"
    [profiles.gpu]                  # what -p means where there is no Kueue
    nodeSelector = { pool = "gpu" }
    tolerations = [{ key = "nvidia.com/gpu", operator = "Exists" }]
    [features]                      # what -C means: node labels
    bigmem = { "node.kubernetes.io/instance-type" = "r6.4xlarge" }
    [gpu-types]                     # the same for the type in --gpus=TYPE:N
    a100 = { "nvidia.com/gpu.product" = "NVIDIA-A100-SXM4-40GB" }
    slice = { resource = "nvidia.com/mig-1g.5gb" }

Two keys stand above the tables: `gpu-resource`, Kubernetes' name of what --gpus counts, and `autoscaling`, whether
nodes are added when a job needs one.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from kbatch_core.errors import BadConfig
from kbatch_core.model.options.option import Given
from kbatch_core.model.options.table import BY_NAME, nearest

SITE_PATH = "/etc/kbatch/config.toml"
SITE_VARIABLE = "KBATCH_SITE_CONFIG"

Labels = dict[str, str]


class Profile(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Where the jobs of a partition run, in Kubernetes' own words."""

    description: str = ""
    node_selector: Labels = {}
    tolerations: tuple[dict[str, str | int], ...] = ()


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    gpu_resource: str = msgspec.field(default="", name="gpu-resource")
    autoscaling: bool | None = None
    options: dict[str, str | int | float | bool | list[str]] = {}
    profiles: dict[str, Profile] = {}
    features: dict[str, Labels] = {}
    gpu_types: dict[str, Labels] = msgspec.field(default={}, name="gpu-types")


class Config(msgspec.Struct, frozen=True):
    """One config file, or two joined. `options` are defaults as the file gives them."""

    options: tuple[Given, ...] = ()
    profiles: dict[str, Profile] = {}
    features: dict[str, Labels] = {}
    gpu_types: dict[str, Labels] = {}
    gpu_resource: str = ""
    autoscaling: bool | None = None

    def over(self, site: Config) -> Config:
        """This config's names and those of the site's that it lacks. The options are left out: they have ranks."""
        return Config(
            (),
            site.profiles | self.profiles,
            site.features | self.features,
            site.gpu_types | self.gpu_types,
            self.gpu_resource or site.gpu_resource,
            site.autoscaling if self.autoscaling is None else self.autoscaling,
        )


def find_name(name: str, known: Mapping[str, Labels]) -> Labels | None:
    """What the config has for a name, in any case of letters; None when it has it not."""
    return next((labels for key, labels in known.items() if key.lower() == name.lower()), None)


def site_config_path(environ: Mapping[str, str]) -> Path:
    """Where the site's config file is."""
    return Path(environ.get(SITE_VARIABLE) or SITE_PATH)


def user_config_path(environ: Mapping[str, str]) -> Path:
    """Where the user's config file is: the folder that platformdirs names, found without importing it on Linux."""
    system: str = sys.platform
    if system == "linux":
        base = environ.get("XDG_CONFIG_HOME", "").strip()
        home = Path(environ.get("HOME") or "~").expanduser()
        return (Path(base) if base else home / ".config") / "kbatch" / "config.toml"
    from platformdirs import user_config_path as folder

    return folder("kbatch", appauthor=False) / "config.toml"


def load_config(path: Path) -> Config:
    """The config in a file; an empty one when there is no such file. Raises BadConfig."""
    try:
        data = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return Config()
    except OSError as error:
        raise BadConfig(f"{path}: {error.strerror}.", "Make it readable, or remove it.") from error
    return read_config(data, str(path))


def read_config(data: bytes, path: str) -> Config:
    """The config in the bytes of a file called `path`. Raises BadConfig."""
    try:
        content = msgspec.toml.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadConfig(f"{path}: {error}.", "Correct the file, or remove it.") from error
    return Config(
        tuple(given for name, value in content.options.items() for given in _option(name, value, path)),
        content.profiles,
        content.features,
        content.gpu_types,
        content.gpu_resource,
        content.autoscaling,
    )


def _option(name: str, value: str | float | bool | list[str], path: str) -> list[Given]:
    option = BY_NAME.get(name)
    if option is None:
        raise BadConfig(f"{path}: [options] has {name!r}, which is no option.", nearest(name))
    if not option.settable:
        raise BadConfig(f"{path}: [options] has {name!r}, which has no effect here.", "Take it out.")
    if isinstance(value, bool):
        texts = ["yes" if value else "no"]
    elif isinstance(value, list):
        if not option.multiple:
            raise BadConfig(f"{path}: [options] {name!r} takes one value.", "Write it without brackets.")
        texts = value
    else:
        texts = [str(value)]
    return [Given(option, text, path) for text in texts]
