"""Credentials in a script: found before it is stored in a Job, where everybody in the namespace may read it.

A small rule set and no entropy search over everything: a job script is full of paths, hashes and model names, and
a check that cries wolf is switched off. Found are tokens by the form that their makers gave them, private keys,
passwords in addresses, and literals assigned to a name that says what they are. Never a value is returned.
"""

from __future__ import annotations

from collections.abc import Iterator

# How a token begins, whose it is, and how many more characters it has at least.
_PREFIXES = (
    ("AKIA", "AWS access key", 16),
    ("ASIA", "AWS access key", 16),
    ("ghp_", "GitHub token", 30),
    ("gho_", "GitHub token", 30),
    ("ghu_", "GitHub token", 30),
    ("ghs_", "GitHub token", 30),
    ("ghr_", "GitHub token", 30),
    ("github_pat_", "GitHub token", 30),
    ("glpat-", "GitLab token", 20),
    ("hf_", "Hugging Face token", 30),
    ("sk-", "API key", 32),
    ("xoxb-", "Slack token", 20),
    ("xoxp-", "Slack token", 20),
    ("xoxa-", "Slack token", 20),
    ("xapp-", "Slack token", 20),
    ("AIza", "Google API key", 33),
    ("ya29.", "Google access token", 30),
    ("npm_", "npm token", 30),
    ("pypi-", "PyPI token", 60),
    ("dckr_pat_", "Docker token", 20),
    ("eyJ", "web token", 60),
)
_TOKEN_CHARS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")
_NAME_CHARS = _TOKEN_CHARS

_PASSWORDS = ("password", "passwd", "passphrase")
_NAMES = (
    *_PASSWORDS,
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "access_key",
    "private_key",
    "credential",
)

# `token_file=...` and the like name a place or a number, not the thing.
_ABOUT = (
    "file", "path", "dir", "url", "uri", "name", "id", "ids", "type", "len", "length", "count", "size", "limit",
    "env", "var", "ref", "filename", "hash", "policy", "prompt", "field", "header", "version", "expiry", "ttl",
)  # fmt: skip

_STAND_INS = (
    "example", "changeme", "change_me", "your", "placeholder", "dummy", "redacted", "xxxx", "****", "....",
)  # fmt: skip

# As a password these are stand-ins too; a token may hold them by its maker's form.
_WORDS = ("todo", "insert", "replace", "secret", "password", "passwd", "token")

_LINE_LIMIT = 4096
"""Longer lines are pictures in notebooks; names are looked for in this much of them."""


def find_secrets(text: str) -> list[tuple[int, str]]:
    """(line, kind) of everything that looks like a credential; lines count from 1, each kind once a line."""
    found: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        found += [(number, kind) for kind in dict.fromkeys(_in_line(line))]
    return found


def _in_line(line: str) -> Iterator[str]:
    if "-----BEGIN" in line and "PRIVATE KEY" in line:
        yield "private key"
    yield from _tokens(line)
    if "://" in line:
        yield from _in_addresses(line)
    low = line[:_LINE_LIMIT].lower()
    for name in _NAMES:
        at = low.find(name)
        while at >= 0:
            kind = _assigned(line[:_LINE_LIMIT], low, at, name)
            if kind:
                yield kind
            at = low.find(name, at + len(name))
    at = low.find("bearer ")
    if at >= 0 and _is_random(_run(line, at + len("bearer ")), 16):
        yield "access token"


def _tokens(line: str) -> Iterator[str]:
    for prefix, kind, least in _PREFIXES:
        at = line.find(prefix)
        while at >= 0:
            run = _run(line, at + len(prefix))
            fresh = at == 0 or not line[at - 1].isalnum()
            if fresh and len(run) >= least and _is_random(run, least):
                yield kind
            at = line.find(prefix, at + len(prefix))


def _in_addresses(line: str) -> Iterator[str]:
    """`scheme://user:password@host`, also without a user."""
    for rest in line.split("://")[1:]:
        words = rest.split(None, 1)
        _, colon, password = (words[0] if words else "").partition("/")[0].rpartition("@")[0].partition(":")
        if colon and _is_literal(password):
            yield "password in an address"


def _assigned(line: str, low: str, at: int, word: str) -> str:
    """The kind of credential when the name around `at` is given a literal; "" otherwise."""
    start, end = at, at + len(word)
    while start and low[start - 1] in _NAME_CHARS:
        start -= 1
    while end < len(low) and low[end] in _NAME_CHARS:
        end += 1
    name = low[start:end]
    if name.replace("-", "_").rpartition("_")[2].rstrip(".") in _ABOUT:
        return ""
    value, quoted, sign = _value(line, end)
    if not sign and not name.startswith("--"):
        return ""
    if not _is_literal(value):
        return ""
    if any(password in name for password in _PASSWORDS):
        return "password" if quoted or _is_mixed(value) else ""
    least = 8 if "secret" in name and quoted else 16
    return "credential" if _is_random(value, least) else ""


def _value(line: str, at: int) -> tuple[str, bool, str]:
    """What stands after a name: (text, whether in quotes, `=`, `:` or ""); also in JSON and in escaped quotes."""
    rest = line[at:].lstrip("\\\"'])").lstrip()
    sign = rest[:1] if rest[:1] in ("=", ":") else ""
    if rest[:2] in ("==", "=~", "::"):
        return "", False, ""
    rest = rest[len(sign) :].lstrip(">").lstrip()
    if rest[:1] in ("r", "b") and rest[1:2] in ("'", '"'):
        rest = rest[1:]
    bare = rest.lstrip("\\")
    if bare[:1] in ("'", '"'):
        text = bare[1:].partition(bare[0])[0].rstrip("\\")
        return text, True, sign
    words = rest.split(None, 1)
    text = words[0] if words else ""
    # A comma or bracket is code: the value is a variable there, not a literal.
    return ("" if text[-1:] in ",)]}:" or "(" in text else text.rstrip(";")), False, sign


def _run(line: str, at: int) -> str:
    """The characters of a token from `at` on."""
    end = at
    while end < len(line) and line[end] in _TOKEN_CHARS:
        end += 1
    return line[at:end]


def _is_literal(value: str) -> bool:
    """Whether it is a value itself: no variable, no command, no path, no stand-in for one."""
    low = value.lower()
    if (
        len(value) < 4
        or value[0] in "$/~.<[{-%&|("
        or any(mark in value for mark in ("$", "{", "`", "<", " ", "://"))
    ):
        return False
    return low != "pass" and not any(word in low for word in (*_STAND_INS, *_WORDS))


def _is_mixed(value: str) -> bool:
    """Letters together with something else: a word of a program or of prose is letters alone."""
    return any(char.isalpha() for char in value) and not all(char.isalpha() or char in "_." for char in value)


def _is_random(value: str, least: int) -> bool:
    """Long enough, with letters and digits, and not one of few characters; no stand-in such as xxxx."""
    return (
        len(value) >= least
        and any(char.isalpha() for char in value)
        and any(char.isdigit() for char in value)
        and len(set(value)) >= min(least, 10) - 2
        and not any(word in value.lower() for word in _STAND_INS)
    )
