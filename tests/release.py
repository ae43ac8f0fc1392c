"""What a release must pass: python -m tests.release TOOLS, as `make release-check` calls it.

TOOLS is the folder of programs with build, twine and others.

In dist/ it leaves the wheel, the source and sbom.json. Exit code 1 names what did not pass.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.commands.terminal import Terminal

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"
TABLE_HEAD = "JOBID"


def run(*command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> str:
    """The output of a command. Raises RuntimeError with what it said."""
    environ = None if env is None else {**os.environ, **env}
    done = subprocess.run([*map(str, command)], cwd=cwd, env=environ, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError((done.stdout + done.stderr).strip())
    return done.stdout


def build(tools: Path) -> None:
    """The wheel and the source, whose description renders."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(tools / "python", "-m", "build", "--outdir", DIST, ROOT)
    run(tools / "twine", "check", "--strict", *DIST.iterdir())


def bill_of_materials(tools: Path) -> None:
    """What the package stands on, at the versions that are tested, as CycloneDX."""
    pins = _pins_of_the_package(tools)
    run(
        tools / "cyclonedx-py",
        "requirements",
        pins,
        "--pyproject",
        ROOT / "pyproject.toml",
        "-o",
        DIST / "sbom.json",
    )


def audit(tools: Path) -> None:
    """Nothing that the package stands on is known to be unsafe. No answer is no pass."""
    pins = _pins_of_the_package(tools)
    try:
        run(tools / "pip-audit", "--strict", "--no-deps", "--disable-pip", "-r", pins)
    except RuntimeError as error:
        # What it found is on lines of its own; what it could not do is logged.
        lines = [line.partition("ERROR:")[2].partition(":")[2] for line in str(error).splitlines()]
        why = "; ".join(filter(None, lines))
        if not why:
            raise
        raise RuntimeError(f"Not audited: {why}. Run it where pypi.org answers.") from error


def installs_alone(tools: Path) -> None:
    """In an empty environment, without what the tests need, with the tested versions of what it stands on."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        venv.create(home / "venv", with_pip=True)
        (wheel,) = DIST.glob("*.whl")
        run(home / "venv/bin/python", "-m", "pip", "install", "--quiet", "-c", _pins(home), wheel, cwd=home)
        works(home)


def works_with_the_lowest_versions(tools: Path) -> None:
    """The same with the oldest versions that pyproject.toml allows, which a user may have already."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        venv.create(home / "venv")
        (wheel,) = DIST.glob("*.whl")
        python = home / "venv/bin/python"
        oldest = ("--resolution", "lowest-direct")
        run(tools / "uv", "pip", "install", "--quiet", "--python", python, *oldest, wheel, cwd=home)
        works(home)


def works(home: Path) -> None:
    """Its demo runs in a pipe and in a terminal, and its pages are there. Raises RuntimeError."""
    kqueue, environ = home / "venv/bin/kqueue", {"HOME": str(home)}
    said = run(kqueue, "demo", cwd=home, env=environ)
    if TABLE_HEAD not in said:
        raise RuntimeError(f"kqueue demo printed no table:\n{said}")
    if not run(kqueue, "docs", "admin", cwd=home).startswith("# "):
        raise RuntimeError("kqueue docs admin printed no page.")
    with Terminal(str(kqueue), "demo", environ=environ) as terminal:
        try:
            terminal.wait_for(lambda screen: TABLE_HEAD in screen, what="the dashboard's table")
            terminal.type("q")
            code = terminal.wait_end()
        except TimeoutError as error:
            raise RuntimeError(f"kqueue demo in a terminal: {error}") from error
    if code:
        raise RuntimeError(f"kqueue demo in a terminal ended with exit code {code}.")


def _pins(folder: Path) -> Path:
    """constraints.txt without its hashes, which pip does not allow in constraints for a local wheel."""
    lines = (ROOT / "constraints.txt").read_text().replace("\\\n", " ").splitlines()
    found = folder / "pins.txt"
    found.write_text("".join(line.partition(" --hash")[0].strip() + "\n" for line in lines))
    return found


def _pins_of_the_package(tools: Path) -> Path:
    """The tested versions of what the wheel asks for, and of what that asks for."""
    target = DIST / "requirements.txt"
    report = run(
        tools / "python", "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", "-",
        "-c", _pins(DIST.parent / ".venv"), next(DIST.glob("*.whl")),
    )  # fmt: skip
    packages = [each["metadata"] for each in json.loads(report)["install"]]
    target.write_text(
        "".join(f"{one['name']}=={one['version']}\n" for one in packages if one["name"] != "kqueue-tui")
    )
    return target


def main() -> int:
    tools = Path(sys.argv[1]).absolute()
    steps: list[Callable[[Path], None]] = [
        build,
        bill_of_materials,
        installs_alone,
        works_with_the_lowest_versions,
        audit,
    ]
    failed = []
    for step in steps:
        try:
            step(tools)
        except RuntimeError as error:
            failed.append(step.__name__)
            print(f"{step.__name__}: FAILED\n{error}")
        else:
            print(f"{step.__name__}: passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
