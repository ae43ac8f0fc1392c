"""The config files: where they are, what may stand in them, and what a slip says."""

from __future__ import annotations

from pathlib import Path

import platformdirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.errors import BadConfig
from kbatch_core.model.options.config import (
    SITE_PATH,
    Config,
    Profile,
    load_config,
    read_config,
    site_config_path,
    user_config_path,
)
from tests.model.fuzz import fuzz


def test_all_of_it() -> None:
    config = read_config(
        b"""
        [options]
        time = "2:00:00"
        cpus-per-task = 2
        hold = true
        requeue = false
        env = ["A=1", "B=2"]
        [profiles.gpu]
        description = "GPU nodes"
        nodeSelector = { pool = "gpu" }
        tolerations = [{ key = "k", operator = "Exists", tolerationSeconds = 5 }]
        [features]
        bigmem = { size = "big" }
        [gpu-types]
        a100 = { product = "A100" }
        """,
        "c.toml",
    )
    assert [(given.option.name, given.text, given.where) for given in config.options] == [
        ("time", "2:00:00", "c.toml"),
        ("cpus-per-task", "2", "c.toml"),
        ("hold", "yes", "c.toml"),
        ("requeue", "no", "c.toml"),
        ("env", "A=1", "c.toml"),
        ("env", "B=2", "c.toml"),
    ]
    toleration: dict[str, str | int] = {"key": "k", "operator": "Exists", "tolerationSeconds": 5}
    assert config.profiles == {"gpu": Profile("GPU nodes", {"pool": "gpu"}, (toleration,))}
    assert (config.features, config.gpu_types) == ({"bigmem": {"size": "big"}}, {"a100": {"product": "A100"}})


@pytest.mark.parametrize(
    ("text", "sentence", "hint"),
    [
        ("[options]\ntimes = '1'", "'times', which is no option", "--time"),
        ("[options]\nmail-type = 'ALL'", "no effect", "Take it out"),
        ("[options]\ndependency = '1'", "no effect", "Take it out"),
        ("[options]\ntime = ['1', '2']", "takes one value", "brackets"),
        ("[options]\ntime = {}", "options", "Correct"),
        ("[option]\n", "option", "Correct"),
        ("[profiles.x]\nnode_selector = {}", "node_selector", "Correct"),
        ("[features]\na = 'x'", "features", "Correct"),
        ("x = ", "c.toml", "Correct"),
        ("\xff", "c.toml", "Correct"),
        ("x = " + "[" * 100_000, "c.toml", "Correct"),
    ],
)
def test_slips(text: str, sentence: str, hint: str) -> None:
    with pytest.raises(BadConfig) as caught:
        read_config(text.encode("latin-1"), "c.toml")
    assert caught.value.sentence.startswith("c.toml: ")
    assert sentence in caught.value.sentence
    assert hint in caught.value.hint


def test_no_file_is_an_empty_config(tmp_path: Path) -> None:
    assert load_config(tmp_path / "none.toml") == Config()
    (tmp_path / "file").write_text("")
    assert load_config(tmp_path / "file" / "none.toml") == Config()


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=str(tmp_path)):
        load_config(tmp_path)


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("[options]\ntime = 5\n")
    (given,) = load_config(path).options
    assert (given.text, given.where) == ("5", str(path))


def test_the_user_s_names_stand_over_the_site_s() -> None:
    site = Config(features={"a": {"x": "site"}, "b": {"x": "b"}}, profiles={"p": Profile("site")})
    user = Config(features={"a": {"x": "user"}}, gpu_types={"g": {"x": "g"}})
    both = user.over(site)
    assert both.features == {"a": {"x": "user"}, "b": {"x": "b"}}
    assert both.profiles == {"p": Profile("site")}
    assert both.gpu_types == {"g": {"x": "g"}}


def test_where_the_files_are(monkeypatch: pytest.MonkeyPatch) -> None:
    assert site_config_path({}) == Path(SITE_PATH)
    assert site_config_path({"KBATCH_SITE_CONFIG": "/x/c.toml"}) == Path("/x/c.toml")
    assert user_config_path({"HOME": "/home/ada"}) == Path("/home/ada/.config/kbatch/config.toml")
    assert user_config_path({"HOME": "/h", "XDG_CONFIG_HOME": "/c"}) == Path("/c/kbatch/config.toml")


@pytest.mark.parametrize("environ", [{"HOME": "/home/ada"}, {"HOME": "/h", "XDG_CONFIG_HOME": "/c"}])
def test_the_user_s_file_is_where_platformdirs_says(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    folder = platformdirs.user_config_path("kbatch", appauthor=False)
    assert user_config_path(environ) == folder / "config.toml"
    monkeypatch.setattr("sys.platform", "darwin")
    assert user_config_path(environ) == folder / "config.toml"


@fuzz
@given(st.binary(max_size=60) | st.text("[]={}.'\"options\n 1", max_size=60).map(str.encode))
def test_any_bytes_are_a_config_or_refused(data: bytes) -> None:
    try:
        read_config(data, "c.toml")
    except BadConfig as error:
        assert error.sentence.endswith(".")
