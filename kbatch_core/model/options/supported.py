"""The rows of the options that do something: sbatch's first, then kbatch's own.

Order is the order in --help, --show-options and docs/slurm.md. Meanings are those of the sbatch manual; `here`
says what differs.
"""

from __future__ import annotations

from kbatch_core.model.arrays import parse_array
from kbatch_core.model.options import values
from kbatch_core.model.options.option import Option
from kbatch_core.model.patterns import check
from kbatch_core.model.quantity import parse_cpus, parse_memory
from kbatch_core.model.signals import parse_signal
from kbatch_core.model.timelimit import parse_time_limit

SBATCH = (
    Option(
        "job-name", "Name of the job. Default: the script's.", values.parse_job_name, "J", "NAME", field="name",
        here="Any characters; the Job object is called after it, `<name>-<id>`.",
    ),
    Option(
        "time", "Time limit: minutes, H:MM:SS, D-HH:MM:SS, 90m, 1d12h. Default: none.", parse_time_limit, "t",
        "TIME", field="time_limit", category="adapted",
        here="Counted from the start of the script, to the second; TERM, 30 s later KILL. Units as in `90m` too.",
    ),
    Option(
        "output", "Output file. Default: kbatch-%j.out, of arrays kbatch-%A_%a.out.", check, "o", "PATTERN",
        field="output", category="adapted",
        here="The default begins with `kbatch-`; an unknown `%` symbol is an error; a missing folder is made. "
        "`%n` and `%t` are 0, and `%r` is 0 because a restart goes on in the same file. `kqueue logs` shows the "
        "output as well. Of a notebook: `out-%j.ipynb` names the notebook with its outputs, any other name the log.",
    ),
    Option(
        "error", "File for stderr. Default: with the output.", check, "e", "PATTERN", field="error",
        here="Patterns as for `--output`.",
    ),
    Option(
        "partition", "Queue: a Kueue LocalQueue or a profile of this site.", values.parse_partition, "p", "NAME",
        field="partition", category="adapted",
        here="A Kueue LocalQueue, else a profile of the site's config; an error with the names there are. Of a "
        "comma list the first is used, and that is said.",
    ),
    Option(
        "cpus-per-task", "CPUs. Default: the notebook server's.", parse_cpus, "c", "N", field="cpus",
        category="adapted",
        here="The CPU request; fractions such as `0.5` and `500m` too. Without it: what the notebook server has.",
    ),
    Option(
        "mem", "Memory, e.g. 4G. Default: the notebook server's.", parse_memory, metavar="SIZE", field="memory",
        category="adapted",
        here="Request and limit; `4G`, `4Gi` and `4GB` are the same. 0 (a whole node) is refused. Without it: what "
        "the notebook server has.",
    ),
    Option(
        "mem-per-cpu", "Memory for each CPU of -c.", parse_memory, metavar="SIZE", category="adapted",
        here="Times `-c`, or times 1 without it; not with `--mem`.",
    ),
    Option(
        "mem-per-gpu", "Memory for each GPU.", parse_memory, metavar="SIZE", category="adapted",
        here="Times the number of GPUs; not with `--mem`.",
    ),
    Option(
        "account", "Account, for your own filters.", values.parse_text, "A", "NAME", field="account",
        category="adapted", here="A label of the job; nothing is charged.",
    ),
    Option(
        "gpus", "GPUs: 2 or a100:2.", values.parse_gpus, "G", "[TYPE:]N", category="adapted",
        here="Limit of the GPU resource that the nodes offer. A type is one of the site's config, or of the nodes' "
        "product labels where they may be read; no such GPU is an error at submit.",
    ),
    Option(
        "gres", "GPUs as Slurm writes them: gpu:2 or gpu:a100:2.", values.parse_gres, metavar="LIST",
        category="adapted", here="`gpu` as `--gpus`; any other resource is ignored by name.",
    ),
    Option(
        "gpus-per-node", "The same as --gpus: a job has one node.", values.parse_gpus, metavar="[TYPE:]N",
        category="adapted", here="As `--gpus`: a job has one node.",
    ),
    Option(
        "gpus-per-task", "The same as --gpus: a job has one task.", values.parse_gpus, metavar="[TYPE:]N",
        category="adapted", here="As `--gpus`: a job has one task.",
    ),
    Option(
        "cpus-per-gpu", "CPUs for each GPU.", parse_cpus, metavar="N", category="adapted",
        here="Times the number of GPUs; not with `-c`.",
    ),
    Option(
        "array", "Array of tasks: 0-15, 1,4,9, 0-30:2; %4 runs four at a time.", parse_array, "a", "INDEXES",
        field="array", here="An Indexed Job; at most 10,000 tasks, numbers up to 4,000,000. One failing task does "
        "not stop the others.",
    ),
    Option(
        "chdir", "Run in this directory. Default: this one.", values.parse_text, "D", "DIR", field="workdir",
        here="Must lie on a disk that the job has.",
    ),
    Option(
        "constraint", "Node features of the site's config.", values.parse_text, "C", "LIST", category="adapted",
        here="Each feature is a node label in the site's config; `a&b` and `a,b` ask for both. `|`, counts and "
        "brackets are refused, and so is a feature that the config lacks.",
    ),
    Option(
        "export", "Variables to take along: ALL, NONE, NAME, NAME=VALUE.", values.parse_export, metavar="LIST",
        category="adapted",
        here="ALL is the notebook server's variables and what you changed in your shell, without credentials; a "
        "name takes that one along even if it looks like one.",
    ),
    Option(
        "signal", "Send a signal before the end: [B:]USR1@60.", parse_signal, metavar="[B:]SIG[@SEC]",
        field="signal", category="adapted",
        here="To the second. Without `B:` to the whole tree of processes. Also when a drained node or "
        "a cancel ends the pod, which then waits that much longer. `R:` is refused.",
    ),
    Option(
        "requeue", "Start again after the loss of a node. The default.", values.parse_requeue, kind="optional",
        field="requeue", category="adapted",
        here="Node failure, drain, preemption: from the start, same id, at most 5 times.",
    ),
    Option(
        "no-requeue", "Do not start again after the loss of a node.", values.parse_not_flag, kind="flag",
        field="requeue",
    ),
    Option(
        "open-mode", "append or truncate the output file on a restart.", values.parse_open_mode, metavar="MODE",
        field="open_mode", category="adapted", here="The default is append, with a line that says so.",
    ),
    Option("comment", "Any text, shown by kqueue show.", values.parse_comment, metavar="TEXT", field="comment"),
    Option(
        "hold", "Submit held; `kqueue release ID` lets it go.", values.parse_flag, "H", kind="flag", field="hold",
        here="The Job is suspended.",
    ),
    Option(
        "tmp", "Space on the node's own disk, for /tmp.", parse_memory, metavar="SIZE", field="tmp",
        category="adapted", here="The request of ephemeral storage.",
    ),
    Option("wait", "Wait for the end; exit as the job did.", values.parse_flag, "W", kind="flag",
           here="Ctrl-C detaches, the job goes on."),
    Option("wrap", "Run this command line instead of a script.", values.parse_command, metavar="COMMAND"),
    Option("test-only", "Check with the cluster whether it would run; submit nothing.", values.parse_flag,
           kind="flag", category="adapted",
           here="A dry run at the API server, and a check against nodes and quota; no start time is guessed."),
    Option("parsable", "Print the id alone.", values.parse_flag, kind="flag"),
    Option("quiet", "Print nothing but errors.", values.parse_flag, "Q", kind="flag"),
    Option("nodes", "1: a job runs on one node.", values.parse_nodes, "N", "1", category="adapted",
           here="1 is accepted, more is refused."),
    Option("ntasks", "1: a job is one task.", values.parse_tasks, "n", "1", category="adapted",
           here="1 is accepted, more is refused."),
    *(
        Option(name, "1: a job is one task.", values.parse_tasks, metavar="1", category="adapted",
               here="1 is accepted, more is refused.", aliases=aliases)
        for name, aliases in (
            ("ntasks-per-node", ("tasks-per-node",)),
            ("ntasks-per-core", ()),
            ("ntasks-per-socket", ()),
            ("ntasks-per-gpu", ()),
        )
    ),
)  # fmt: skip

OWN = (
    Option("image", "Run in this image. Default: the notebook server's.", values.parse_image, metavar="IMAGE",
           field="image", category="own", here="The container image."),
    Option("env", "Set a variable in the job; may be repeated.", values.parse_env, metavar="NAME=VALUE",
           category="own", multiple=True, here="Wins over `--export`."),
    Option("home", "none: without the home directory.", values.parse_home, metavar="none", field="home",
           category="own", here="`none` leaves the home volume away; `server`, the default, takes it along."),
    Option("cpu-limit", "Use no more than the CPUs of -c.", values.parse_flag, kind="flag", field="cpu_limit",
           category="own", here="For namespaces whose quota demands a limit; without it idle CPUs may be used."),
    Option("give-up-after", "Fail if it has not started by then.", values.parse_give_up_after, metavar="TIME",
           field="give_up_after", category="own", here="Counts while the job waits; a held job's clock stands."),
    Option("submit-id", "The same one twice makes one job.", values.parse_text, metavar="TEXT",
           field="submit_id", category="own", here="Makes a submit repeatable."),
    Option("like", "Submit as this job was, with the changes given.", values.parse_text, metavar="ID",
           category="own", here="Script, arguments, options and environment come from that job, whatever variables, "
           "directives and config files say; what is typed beside it changes them."),
    Option("map-file", "An array with a task for each line, the line as last argument.", values.parse_text,
           metavar="FILE[%N]", category="own",
           here="A task's number is its line's, blank lines are none; `%4` runs four at a time; `-` reads standard "
           "input. Not with `--array`. In `--wrap` it is `$1`."),
    Option("parameter", "Parameter of a notebook; may be repeated.", values.parse_parameter, "P",
           "NAME=VALUE", category="own", multiple=True, here="Set after the cell tagged `parameters`, as papermill."),
    Option("follow", "Show the output until the end.", values.parse_flag, "f", kind="flag", category="own",
           here="Ctrl-C detaches, the job goes on."),
    Option("dry-run", "Print the Job that would be sent, and send nothing.", values.parse_dry_run,
           kind="optional", metavar="json", category="own", here="As YAML; `--dry-run=json` as JSON, and so is, as "
           "with kubectl, `--dry-run -o json`. For kubectl's `--dry-run=server` there is `--test-only`."),
    Option("json", "Print the job as JSON.", values.parse_flag, kind="flag", category="own"),
    Option("show-options", "Print each option's value and where it comes from.", values.parse_flag, kind="flag",
           category="own"),
    Option("strict", "Refuse what is otherwise ignored.", values.parse_flag, kind="flag", category="own",
           here="An ignored option is an error."),
    Option("allow-secrets", "Submit a script although it holds a credential.", values.parse_flag, kind="flag",
           category="own"),
)  # fmt: skip
