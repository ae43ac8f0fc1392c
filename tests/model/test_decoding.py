"""Threads that decode a struct for the first time at once do not crash the process."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import kbatch_core

# msgspec learns a struct once in a process: each round has new ones.
ROUNDS = r'''
import sys, threading, types
import msgspec
from kbatch_core.model.decoding import decoder

sys.setswitchinterval(1e-6)
SOURCE = """from __future__ import annotations
import msgspec
class Part(msgspec.Struct):
""" + "".join(f"    field{i}: dict[str, list[int]] = {{}}\n" for i in range(12)) + """
class Made(msgspec.Struct):
    part: Part | None = None
    text: str = ""
"""
for number in range(200):
    module = types.ModuleType(f"made{number}")
    sys.modules[module.__name__] = module
    exec(SOURCE, module.__dict__)
    together = threading.Barrier(2)

    def decode():
        together.wait()
        made = decoder(module.Made).decode(b'{"part": {"field3": {"a": [1]}}}')
        assert made.part.field3 == {"a": [1]}

    threads = [threading.Thread(target=decode) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print("done")
'''


def test_two_threads_may_be_the_first() -> None:
    result = subprocess.run([sys.executable, "-c", ROUNDS], capture_output=True, text=True, timeout=120)
    assert (result.returncode, result.stdout) == (0, "done\n"), result.stderr


def test_no_struct_is_decoded_in_another_way() -> None:
    root = Path(kbatch_core.__file__).parent
    other = re.compile(
        r"msgspec\.json\.decode\(.*type=[A-Z_]|= msgspec\.json\.Decoder\(|json\.decode\(.*type=kind"
    )
    found = [
        f"{path.relative_to(root)}: {line.strip()}"
        for path in sorted(root.rglob("*.py"))
        for line in path.read_text().splitlines()
        if other.search(line) and path.name != "decoding.py"
    ]
    assert [line for line in found if "_decode_labels" not in line] == [], "made at import, by one thread"
