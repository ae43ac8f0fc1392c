"""What a request for GPUs means: the site's config first, then what the nodes offer."""

from __future__ import annotations

import pytest

from kbatch_core.errors import BadOption
from kbatch_core.manifest.gpus import GpuChoice, choose_gpus, offers
from kbatch_core.model.objects import Node
from kbatch_core.model.options.config import Config
from tests.fit.nodes import node

NVIDIA = {"nvidia.com/gpu": "4"}
AMD = {"amd.com/gpu": "4"}
PRODUCT = "nvidia.com/gpu.product"


def a100(memory: str) -> Node:
    return node(f"a100-{memory}", NVIDIA, labels={PRODUCT: f"NVIDIA-A100-SXM4-{memory}"})


@pytest.mark.parametrize(
    ("nodes", "resource"),
    [
        (None, "nvidia.com/gpu"),
        ([node("a"), node("b", NVIDIA)], "nvidia.com/gpu"),
        ([node("a", AMD)], "amd.com/gpu"),
        ([node("a", {"gpu.intel.com/i915": "1"})], "gpu.intel.com/i915"),
        ([node("a", {"nvidia.com/mig-1g.5gb": "7"})], "nvidia.com/mig-1g.5gb"),
        ([node("a", {"nvidia.com/mig-1g.5gb": "7"}), node("b", NVIDIA)], "nvidia.com/gpu"),
        ([node("a", {"nvidia.com/gpu": "0"}), node("b", AMD)], "amd.com/gpu"),
    ],
)
def test_a_number_alone_counts_what_the_nodes_have(nodes: list[Node] | None, resource: str) -> None:
    assert choose_gpus("", Config(), nodes) == GpuChoice(resource)


def test_the_config_names_what_is_counted() -> None:
    assert choose_gpus("", Config(gpu_resource="amd.com/gpu"), None) == GpuChoice("amd.com/gpu")
    assert choose_gpus("", Config(gpu_resource="amd.com/gpu"), [node("a", NVIDIA)]) == GpuChoice(
        "amd.com/gpu"
    )


def test_no_gpu_anywhere_is_an_error() -> None:
    with pytest.raises(BadOption, match="No node of this cluster has a GPU"):
        choose_gpus("", Config(), [node("a"), node("b", {"nvidia.com/gpu": "0"})])


def test_two_makes_are_asked_about() -> None:
    nodes = [node("a", NVIDIA), node("b", AMD)]
    with pytest.raises(BadOption, match=r"The nodes have nvidia\.com/gpu and amd\.com/gpu") as caught:
        choose_gpus("", Config(), nodes)
    assert "--gpus=nvidia:1" in caught.value.hint
    assert choose_gpus("AMD", Config(), nodes) == GpuChoice("amd.com/gpu")
    assert choose_gpus("nvidia", Config(), nodes) == GpuChoice("nvidia.com/gpu")


TYPES = Config(
    gpu_types={"A100": {PRODUCT: "x"}, "slice": {"resource": "nvidia.com/mig-1g.5gb"},
               "mi": {"pool": "m", "resource": "amd.com/gpu"}}
)  # fmt: skip


@pytest.mark.parametrize("nodes", [None, [node("a", AMD)]])
def test_a_type_of_the_config_is_labels_and_may_name_the_resource(nodes: list[Node] | None) -> None:
    assert choose_gpus("slice", TYPES, nodes) == GpuChoice("nvidia.com/mig-1g.5gb")
    assert choose_gpus("MI", TYPES, nodes) == GpuChoice("amd.com/gpu", {"pool": "m"})
    counted = "nvidia.com/gpu" if nodes is None else "amd.com/gpu"
    assert choose_gpus("a100", TYPES, nodes) == GpuChoice(counted, {PRODUCT: "x"})


def test_a_type_that_the_nodes_are_labelled_with_needs_no_config() -> None:
    nodes = [
        a100("40GB"),
        node("b", NVIDIA, labels={"cloud.google.com/gke-accelerator": "nvidia-tesla-t4"}),
    ]
    wanted = {PRODUCT: "NVIDIA-A100-SXM4-40GB"}
    for kind in ("a100", "A100", "a100-40gb", "NVIDIA-A100-SXM4-40GB"):
        assert choose_gpus(kind, Config(), nodes) == GpuChoice("nvidia.com/gpu", wanted)
    assert choose_gpus("t4", Config(), nodes).labels == {
        "cloud.google.com/gke-accelerator": "nvidia-tesla-t4"
    }


def test_a_slice_is_asked_for_by_its_size() -> None:
    nodes = [node("a", {"nvidia.com/mig-1g.5gb": "7"}), a100("80GB")]
    assert choose_gpus("1g.5gb", Config(), nodes) == GpuChoice("nvidia.com/mig-1g.5gb")


def test_a_type_that_may_be_two_is_asked_about() -> None:
    with pytest.raises(BadOption, match="NVIDIA-A100-SXM4-40GB or NVIDIA-A100-SXM4-80GB"):
        choose_gpus("a100", Config(), [a100("40GB"), a100("80GB")])


@pytest.mark.parametrize(
    ("nodes", "sentence", "hint"),
    [
        (None, "the config of this site has no GPU type 'k80'.", "There is A100, mi, slice"),
        ([node("a", NVIDIA)], "neither config nor nodes have GPU type 'k80'.", "nvidia.com/gpu"),
        ([a100("40GB")], "neither config nor nodes have GPU type 'k80'.", "NVIDIA-A100-SXM4-40GB"),
    ],
)
def test_an_unknown_type_is_an_error_with_those_there_are(
    nodes: list[Node] | None, sentence: str, hint: str
) -> None:
    with pytest.raises(BadOption) as caught:
        choose_gpus("k80", TYPES, nodes)
    assert caught.value.sentence == sentence
    assert hint in caught.value.hint


def test_offers_are_in_a_steady_order() -> None:
    nodes = [node("a", AMD | NVIDIA), node("b", {"nvidia.com/mig-1g.5gb": "1", "example.com/fpga": "1"})]
    assert offers(nodes) == offers(nodes[::-1]) == ["nvidia.com/gpu", "amd.com/gpu", "nvidia.com/mig-1g.5gb"]
