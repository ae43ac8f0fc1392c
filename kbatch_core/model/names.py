"""Identifiers and names: what a job is called, and what text a label may hold.

Kubernetes' rules: an object of a Job is a DNS-1123 label here, because its pods' host names are made of it; a
label value has at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

ID_LENGTH = 8
NAME_LIMIT = 40
LABEL_LIMIT = 63

# Without 0 and o, 1, l and i: ids are read aloud and typed by hand. 23 * 31^7 of them, about 6 * 10^11.
_LETTERS = "abcdefghjkmnpqrstuvwxyz"
_ALPHABET = _LETTERS + "23456789"

_SESSION = "jupyter"
"""KubeSpawner's pods begin with it, and admission policies keep it for them."""

_ALNUM = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")


def new_submit_id(random: Random) -> str:
    """A fresh submit id."""
    return f"{random.getrandbits(64):016x}"


def id_from(text: str) -> str:
    """The job id of a submit id: a letter, then seven letters or digits; the same submit again is the same job."""
    from hashlib import sha256  # only for a submit

    digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
    return _spell(int.from_bytes(digest[:8], "big"))


def _spell(number: int) -> str:
    """A 64-bit number as an id; the alphabet's remainder is too small to matter."""
    rest, first = divmod(number, len(_LETTERS))
    chars = [_LETTERS[first]]
    for _ in range(ID_LENGTH - 1):
        rest, place = divmod(rest, len(_ALPHABET))
        chars.append(_ALPHABET[place])
    return "".join(chars)


def is_id(text: str) -> bool:
    """Whether `text` has the form of a job id."""
    return len(text) == ID_LENGTH and text[0] in _LETTERS and all(char in _ALPHABET for char in text)


def slug(text: str, limit: int = LABEL_LIMIT) -> str:
    """`text` as part of a DNS-1123 label: lower case, digits and single '-' inside; empty when nothing is left."""
    chars: list[str] = []
    for char in _plain(text).lower():
        if char in _ALNUM:
            chars.append(char)
        elif chars and chars[-1] != "-":
            chars.append("-")
        if len(chars) > limit:
            break
    return "".join(chars[:limit]).strip("-")


def label_value(text: str) -> str:
    """`text` as a valid label value; the same text always gives the same value, and only "" gives ""."""
    kept = "".join(char if char.lower() in _ALNUM or char in "-_." else "_" for char in _plain(text))
    value = kept.strip("-_.")[:LABEL_LIMIT].strip("-_.")
    if value or not text:
        return value
    from binascii import crc32  # only for text without a single Latin letter or digit

    return f"x{crc32(text.encode('utf-8', 'surrogatepass')):08x}"


def job_name(name: str, job_id: str) -> str:
    """The name of the Job object: `<slug of the name>-<id>`."""
    part = slug(name, NAME_LIMIT) or "job"
    if part == _SESSION or part.startswith(f"{_SESSION}-"):
        part = slug(f"job-{part}", NAME_LIMIT)
    return f"{part}-{job_id}"


def _plain(text: str) -> str:
    """Accents off, so that `Étude` gives `Etude` and not `tude`."""
    if text.isascii():
        return text
    import unicodedata

    return "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
