"""Credentials in scripts: found with their line, and no cry of wolf over ordinary scripts.

The samples are put together from parts, so that no scanner takes this file for a leak.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbatch_core.model.secrets import find_secrets
from tests.corpus.corpus import SCRIPTS
from tests.model.fuzz import fuzz, near


def letters(count: int, alphabet: str = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789") -> str:
    """Characters that look drawn at random, always the same ones, with a digit among them."""
    source = random.Random(count)
    return "".join(source.choice(alphabet) for _ in range(count - 2)) + "a7"


UPPER = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
HEX = "0123456789abcdef"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (f"export AWS_ACCESS_KEY_ID=AKIA{letters(16, UPPER).upper()}", "AWS access key"),
        (f"git clone https://ghp_{letters(36)}@github.com/a/b", "GitHub token"),
        (f"curl -H 'Authorization: token github_pat_{letters(60)}'", "GitHub token"),
        (f"git push https://oauth2:glpat-{letters(20)}@gitlab.com/a/b", "GitLab token"),
        (f"huggingface-cli login --token hf_{letters(34)}", "Hugging Face token"),
        (f"client = OpenAI(api_key='sk-proj-{letters(48)}')", "API key"),
        (f"SLACK=xoxb-{letters(40)}", "Slack token"),
        (f"key=AIza{letters(35)}", "Google API key"),
        (f"TWINE={'pypi-AgEI'}{letters(80)}", "PyPI token"),
        (f"curl -H 'X-Auth: eyJ{letters(40)}.eyJ{letters(60)}.{letters(40)}'", "web token"),
        (f"curl -H 'Authorization: Bearer {letters(32)}' https://x", "access token"),
        ("-----BEGIN OPENSSH " + "PRIVATE KEY-----", "private key"),
        ("-----BEGIN RSA " + "PRIVATE KEY-----", "private key"),
        ("psql postgres://ada:" + "hunter22@db/x", "password in an address"),
        ("https_proxy=http://ada:" + "s3cr-t!@proxy:8080", "password in an address"),
        ("password = '" + "hunter'", "password"),
        ('PASSWORD="' + 'correct-horse"', "password"),
        ("export PGPASSWORD=" + "hunter22", "password"),
        ("conn(user='ada', passwd='" + "hunter22')", "password"),
        ('{"db_password": "' + 'hunter22"}', "password"),
        ('  "db_password = \\"' + 'hunter22\\"\\n",', "password"),
        ("db:\n  password: " + "hunter22", "password"),
        ("tool --password " + "hunter22 run", "password"),
        ("tool --password=" + "hunter22 run", "password"),
        (f"export WANDB_API_KEY={letters(40, HEX)}", "credential"),
        (f"aws_secret_access_key = {letters(40)}", "credential"),
        (f"os.environ['API_TOKEN'] = '{letters(24)}'", "credential"),
        (f"client_secret='{letters(10)}'", "credential"),
        (f"auth(token=\"{letters(32)}\")", "credential"),
        (f"tool --api-key {letters(32)}", "credential"),
        (f"bearer {letters(16)}", "access token"),
        (f"ghp_{letters(30)}", "GitHub token"),
        ("password = '" + "ab1d'", "password"),
        ("password = r'" + "hunter22'", "password"),
        ("PASSWORD=" + "b4rb", "password"),
        ("PASSWORD=" + "hunter_22;", "password"),
        (f"# old: SECRET_TOKEN={letters(32)}", "credential"),
    ],
)  # fmt: skip
def test_found(line: str, kind: str) -> None:
    text = f"#!/bin/bash\necho start\n{line}\necho end\n"
    last = 3 + line.count("\n")
    assert (last, kind) in find_secrets(text)


@pytest.mark.parametrize(
    "line",
    [
        "export TOKEN=$MY_TOKEN_VALUE_12345678",
        "TOKEN=$(cat ~/.token12345678901)",
        'password="$PGPASSWORD"',
        "password=${DB_PASSWORD:?}",
        "password = os.environ['DB_PASSWORD']",
        "password = getpass.getpass()",
        "connect(user=user1, password=password1)",
        "connect(\n    password=password1,\n)",
        "def login(user: str, password: str) -> None:",
        "if password == 'hunter22':",
        "read -s password",
        "password=''",
        'password="changeme"',
        "password: <your password here>",
        'api_key = "YOUR_API_KEY_1234567890"',
        "TOKEN=xxxxxxxxxxxxxxxxxxxx1a",
        "API_KEY_FILE=/home/ada/keys/abcdef1234567890",
        "SECRET_PATH=abcdef1234567890abcdef",
        "--token-file abcdef1234567890abcdef",
        "tokenizer = AutoTokenizer.from_pretrained('bert-base-uncased-12345678')",
        "max_tokens = 4096",
        "pad_token = '[PAD]'",
        "eos_token='<|endoftext|>'",
        "num_tokens=1000000000000000",
        "vocab, token_ids = encode(text, 'abcdefghij1234567890')",
        "model = 'sk-learn-pipeline'",
        "pip install hf_transfer hf_xet",
        "git checkout 3f786850e387550fdab836ed7e6dc881de23001b",
        "echo 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  data.tar' | sha256sum -c",
        "image=quay.io/org/app@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "wget https://example.org/data:v2/file@latest",
        "scp ada@host:/data/run-12345 .",
        "git clone ssh://git@github.com:22/a/b",
        "curl https://$USER:$PASS@host/x",
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN CERTIFICATE-----",
        "export DASK_SCHEDULER=tcp://10.0.0.1:8786",
        "AKIA is how they begin",
        "AKIAIOSFODNN7EXAMPLE",
        "echo secretary",
        "the password is asked for below",
        "secret = 'none'",
        "password = 'ab1'",
        "password = 'CHANGEME'",
        "password=hunter",
        "password=snake_case.name",
        "password=12345678",
        "client_secret=ab12cd34ef",
        "token='ab12cd34ef'",
        "token='a1a1a1a1a1a1a1a1a1a1'",
        "bearer of a1b2c3d4e5f6a7b8",
        "xghp_abcdefghij1234567890abcdefghij1234567890",
        "curl https://user:pass@host/x",
        "secret_ref = 'a1b2c3d4e5f6a7b8c9'",
        "kubectl create secret generic db-credentials --from-file=a1b2c3d4e5f6a7b8c9",
    ],
)
def test_not_found(line: str) -> None:
    assert find_secrets(line) == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_ordinary_scripts_have_none(script: Path) -> None:
    assert find_secrets(script.read_text()) == []


def test_the_value_is_never_told() -> None:
    value = letters(32)
    assert value not in repr(find_secrets(f"password='{value}'\nTOKEN={value}\n"))


def test_each_kind_once_a_line() -> None:
    assert find_secrets("password='" + "hunter22'; password='" + "hunter23'") == [(1, "password")]


@fuzz
@given(near("password=:'\"$ token-AKIA://@1\\\n"))
def test_any_text_is_searched(text: str) -> None:
    lines = text.count("\n") + 1
    assert all(1 <= line <= lines and kind for line, kind in find_secrets(text))


@fuzz
@given(st.text("abcdefgh23456789", min_size=8, max_size=30).filter(lambda text: not text.isalpha()))
def test_a_quoted_password_is_always_found(value: str) -> None:
    assert find_secrets(f'password = "{value}"') == [(1, "password")]
