"""docs/slurm.md, made from the option table.

python -m tests.options.page > docs/slurm.md
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from kbatch_core.model.options.option import Option
from kbatch_core.model.options.supported import OWN, SBATCH
from kbatch_core.model.options.unsupported import IGNORED, REFUSED

_BEGIN = """\
# sbatch's options, and what each does here

<!-- Made from the option table: python -m tests.options.page > docs/slurm.md -->

A script with `#SBATCH` lines is submitted as it is: `kbatch train.sh`. Each of sbatch's options does what it does
in Slurm, does it in another way that this page tells, is ignored and named once, or is refused with a hint. An
option that would change what the job does is never ignored.

## Where options come from

From the strongest to the weakest; `kbatch --show-options SCRIPT` tells what won:

1. the command line;
2. the environment variables in the tables below (inside a job, the ones that it was started with do not count);
3. `#KBATCH` lines of the script, which may hold every option of this page;
4. `#SBATCH` lines, which may hold sbatch's options;
5. your config file, `~/.config/kbatch/config.toml`;
6. the site's config file, `/etc/kbatch/config.toml` or where `KBATCH_SITE_CONFIG` points.

Lines are read as sbatch reads them: they begin with the word, in any language whose comments begin with `#`, up to
the first line that is neither comment nor blank; quotes group, `#` begins a comment. Of a notebook the first code
cells are read. An option may be shortened to what is unique among sbatch's. `--strict` refuses what would be
ignored.

A config file holds defaults, and the names that a site gives to nodes:

```toml
[options]                       # any option with an effect, by its long name
time = "2:00:00"

[profiles.gpu]                  # what -p gpu means where there is no Kueue
nodeSelector = { pool = "gpu" }
tolerations = [{ key = "nvidia.com/gpu", operator = "Exists" }]

[features]                      # what -C bigmem means: node labels
bigmem = { "node.kubernetes.io/instance-type" = "r6.4xlarge" }

[gpu-types]                     # the same for the type in --gpus=a100:2
a100 = { "nvidia.com/gpu.product" = "NVIDIA-A100-SXM4-40GB" }
slice = { resource = "nvidia.com/mig-1g.5gb" }     # and, where it differs, what is counted
```

Above the tables may stand `gpu-resource = "amd.com/gpu"`, Kubernetes' name of what `--gpus` counts, and
`autoscaling = true` where nodes are added when a job needs one: then a job that no present node could hold is not
refused. Where an account may list nodes, neither is needed for GPUs: the resource, and a type that a node's product
label has in it (`a100`, `a100-80gb`), are found by themselves.

## Values

| Value | Forms |
| --- | --- |
| Time | `M`, `M:S`, `H:M:S`, `D-H`, `D-H:M`, `D-H:M:S`, and `90m`, `2h`, `1d12h`, `30s`; \
`0` or `UNLIMITED` is no limit |
| Memory | `4000` (MiB), `512M`, `4G`, `1.5T`; powers of 1024, also written `4Gi` or `4GB` |
| CPUs | `4`, `0.5`, `500m` |
| GPUs | `2`, `a100`, `a100:2` |
| Array | `0-15`, `1,4,9`, `0-30:2`; with `%4` four at a time |
| Signal | `USR1`, `SIGUSR1@120`, `B:10@60` |
| File name | `%j` and `%A` the id, `%a` the array task, `%x` the name, `%u` the user, `%N` the node, \
`%%` a percent sign; `%4a` fills with zeros; a backslash anywhere switches this off |
"""

_END = """\
A job of several parts (`#SBATCH hetjob`) is refused, and so is `#SBATCH` with a word that is no option. `#SBATCH`
lines after the first command are not read, as in Slurm, and kbatch says so; it says so of `#PBS` lines too, which
sbatch would translate.
"""


def page() -> str:
    """The whole page."""
    parts = [
        _BEGIN,
        "## Options of sbatch with an effect\n",
        *_table(SBATCH),
        "\n## Options of kbatch\n",
        *_table(OWN),
        "\n## Ignored, and named once\n",
        "These say where or how well a job runs, not what it does.\n",
        "| Option | Why |",
        "| --- | --- |",
        *_by_reason(IGNORED),
        "\n## Refused\n",
        "| Option | Why | Instead |",
        "| --- | --- | --- |",
        *(f"| {_spelled(option)} | {option.here} | {_cell(option.hint)} |" for option in REFUSED),
        "",
        _END,
    ]
    return "\n".join(parts)


def _table(options: Iterable[Option]) -> list[str]:
    rows = [
        f"| {_spelled(option)} | {_cell(option.help)} | {_here(option)} | `{option.variable}` |"
        for option in options
    ]
    return ["| Option | | Here | Variable |", "| --- | --- | --- | --- |", *rows]


def _here(option: Option) -> str:
    words = ["As in Slurm."] if option.category == "same" else []
    return _cell(" ".join([*words, option.here] if option.here else words))


def _spelled(option: Option) -> str:
    return ", ".join(f"`{spelling}`" for spelling in reversed(option.spellings))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _by_reason(options: Iterable[Option]) -> list[str]:
    ordered = sorted(options, key=lambda option: option.here)
    return [
        f"| {', '.join(map(_spelled, group))} | {_cell(why)} |"
        for why, group in groupby(ordered, key=lambda option: option.here)
    ]


if __name__ == "__main__":
    print(page(), end="")
