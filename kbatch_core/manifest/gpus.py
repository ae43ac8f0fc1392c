"""Which resource and which node labels a request for GPUs means on this cluster (pure).

The site's config goes first; then what the nodes themselves offer and are labelled with, where they may be read. The
labels are those that GPU Feature Discovery, the AMD and Intel labellers, GKE and Karpenter give to nodes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from kbatch_core.errors import BadOption
from kbatch_core.model.jobspec import GPU_RESOURCE, JobSpec
from kbatch_core.model.objects import Node
from kbatch_core.model.options.combine import asks_gpus, gpu_option
from kbatch_core.model.options.config import Config, find_name
from kbatch_core.model.options.resolve import Resolved
from kbatch_core.status.words import amount_of, is_gpu

RESOURCE = "resource"
"""The key of a GPU type in the config that names what is counted, beside the labels."""

_PRODUCT_LABELS = (
    "nvidia.com/gpu.product",
    "amd.com/gpu.product-name",
    "gpu.intel.com/product",
    "cloud.google.com/gke-accelerator",
    "karpenter.k8s.aws/instance-gpu-name",
)
_SLICES = "/mig-"


class GpuChoice(msgspec.Struct, frozen=True):
    """What is counted, and the labels that a node must have."""

    resource: str
    labels: dict[str, str] = {}


def with_gpus(spec: JobSpec, resolved: Resolved, nodes: Iterable[Node] | None) -> JobSpec:
    """`spec` with the resource and node labels of the GPUs that it asks for. Raises BadOption as `choose_gpus`."""
    if not (spec.gpus and asks_gpus(resolved)):
        return spec
    try:
        choice = choose_gpus(spec.gpu_type, resolved.config, nodes)
    except BadOption as error:
        flag, where = gpu_option(resolved)
        raise BadOption(f"{flag}: {error.sentence}", error.hint, where) from error
    return msgspec.structs.replace(
        spec, gpu_resource=choice.resource, node_labels=spec.node_labels | choice.labels
    )


def choose_gpus(kind: str, config: Config, nodes: Iterable[Node] | None) -> GpuChoice:
    """What a request for GPUs of type `kind` (empty = any) means. `nodes` is None when they may not be read.

    Raises BadOption when the type is known neither to the config nor to the nodes, and when no node has a GPU.
    """
    named = find_name(kind, config.gpu_types) if kind else None
    if named is not None:
        labels = {key: value for key, value in named.items() if key != RESOURCE}
        resource = named.get(RESOURCE) or config.gpu_resource
        if resource or nodes is None:
            return GpuChoice(resource or GPU_RESOURCE, labels)
        return GpuChoice(_only(offers(nodes)), labels)
    if nodes is None:
        if kind:
            raise _unknown("the config of this site has no", kind, list(config.gpu_types))
        return GpuChoice(config.gpu_resource or GPU_RESOURCE)
    nodes = list(nodes)
    there = offers(nodes)
    if not kind:
        return GpuChoice(config.gpu_resource or _only(there))
    # As the resource says it: nvidia.com/mig-1g.5gb is asked for as 1g.5gb, amd.com/gpu as amd.
    by_name = [name for name in there if kind.lower() in (name.partition(_SLICES)[2], name.partition(".")[0])]
    if by_name:
        return GpuChoice(by_name[0])
    found = _products(kind, nodes)
    if len(found) > 1:
        raise BadOption(
            f"GPU type {kind!r} may mean {' or '.join(sorted(value for _, value, _ in found))}.",
            "Write more of it.",
        )
    if not found:
        products = sorted({value for _, value, _ in _all_products(nodes)})
        raise _unknown("neither config nor nodes have", kind, [*config.gpu_types, *(products or there)])
    key, value, resource = found.pop()
    return GpuChoice(config.gpu_resource or resource, {key: value})


def offers(nodes: Iterable[Node]) -> list[str]:
    """The GPU resources that nodes have, whole GPUs before slices of one, NVIDIA's first."""
    names = {name for node in nodes for name in _of(node)}
    return sorted(names, key=lambda name: (_SLICES in name, name != GPU_RESOURCE, name))


def _of(node: Node) -> list[str]:
    return [
        name for name, amount in node.status.allocatable.items() if is_gpu(name) and amount_of(amount) > 0
    ]


def _only(there: list[str]) -> str:
    """What a request without a type counts. Raises BadOption when nothing is there or the choice is not ours."""
    if not there:
        raise BadOption("No node of this cluster has a GPU.", "Leave the option out, or ask your admin.")
    whole = [name for name in there if _SLICES not in name] or there
    if len(whole) > 1:
        kinds = [name.partition(_SLICES)[2] or name.partition(".")[0] for name in whole]
        raise BadOption(f"The nodes have {' and '.join(whole)}.", f"Name one: --gpus={kinds[0]}:1.")
    return whole[0]


def _all_products(nodes: Iterable[Node]) -> set[tuple[str, str, str]]:
    """(label, value, resource) of every kind of GPU that nodes are labelled with; of several labels the first."""
    found = set()
    for node in nodes:
        resources = _of(node)
        key = next((key for key in _PRODUCT_LABELS if key in node.metadata.labels), "")
        if resources and key:
            found.add((key, node.metadata.labels[key], resources[0]))
    return found


def _products(kind: str, nodes: Iterable[Node]) -> set[tuple[str, str, str]]:
    """Those whose name has every word of `kind`: `a100-80gb` is NVIDIA-A100-SXM4-80GB."""
    wanted = _words(kind)
    return {product for product in _all_products(nodes) if wanted <= _words(product[1])}


def _words(text: str) -> set[str]:
    return {word for word in re.split(r"[^a-z0-9.]+", text.lower()) if word}


def _unknown(who: str, kind: str, known: list[str]) -> BadOption:
    there = f"There is {', '.join(sorted(known))}" if known else "None is known"
    return BadOption(f"{who} GPU type {kind!r}.", f"{there}; leave the type out, or ask for it to be added.")
