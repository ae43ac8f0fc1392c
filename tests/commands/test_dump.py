"""Objects as text: what is printed is read back as it was, and nothing in it acts on a terminal."""

from __future__ import annotations

import json

import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from kqueue_tui.cli.dump import dump, dump_all
from tests.model.fuzz import fuzz

texts = st.one_of(st.text(alphabet=" \t\n#ab-:|>'\"\\é\x1b\x9b%&*!{}[],", max_size=30), st.text(max_size=20))
objects = st.recursive(
    texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=3)
    ),
    max_leaves=6,
)


@fuzz
@given(value=objects)
@example(value={"script": "#!/bin/sh\n\tcat <<-END  \n\t\x1b[31m\n\tEND\n"})
def test_any_object_comes_back(value: object) -> None:
    as_yaml, as_json = dump(value, "yaml"), dump(value, "json")
    assert yaml.safe_load(as_yaml) == value
    assert json.loads(as_json) == value
    for text in (as_yaml, as_json):
        assert text.replace("\n", "").replace("\t", "").isprintable()


def test_a_script_reads_as_it_was_written() -> None:
    script = "#!/bin/bash\n\tif true; then   \n  echo é: 'x'\n"
    lines = dump({"script": script}, "yaml").splitlines()
    assert lines == ["script: |", "  #!/bin/bash", "  \tif true; then   ", "    echo é: 'x'"]


def test_several_objects() -> None:
    assert list(yaml.safe_load_all(dump_all([{"a": 1}, {"b": "x\ny"}], "yaml"))) == [{"a": 1}, {"b": "x\ny"}]
    assert json.loads(dump_all([{"a": 1}, {"b": 2}], "json"))["items"] == [{"a": 1}, {"b": 2}]
