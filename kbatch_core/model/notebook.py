"""The notebook as it travels: read, its outputs stripped, parameters put in (pure).

The form is Jupyter's (nbformat 4); the conventions of parameters are papermill's: a cell tagged
`injected-parameters` after the one tagged `parameters`, with values that are typed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kbatch_core.errors import BadScript
from kbatch_core.model.parameters import assignment, language_of, parse_value

SUFFIX = ".ipynb"
PARAMETERS = "parameters"
INJECTED = "injected-parameters"

Cell = dict[str, Any]
Notebook = dict[str, Any]


def is_notebook(name: str) -> bool:
    """Whether a file of this name is a notebook."""
    return name.endswith(SUFFIX)


def freeze(name: str, data: bytes) -> str:
    """The notebook in `data` as text, without outputs and counters: what runs, whatever is saved later.

    It is what nbformat calls valid. Raises BadScript.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadScript(
            f"{name} is not a notebook: it is not UTF-8 text.", "Save it again in JupyterLab."
        ) from error
    notebook = _load(name, text)
    if notebook.setdefault("nbformat", 4) != 4:
        raise BadScript(
            f"{name} has the notebook format {notebook['nbformat']!r}, and kbatch reads 4.",
            "Open it in JupyterLab and save it again.",
        )
    if not any(source.strip() for source in _code(notebook)):
        raise BadScript(f"{name} has no code to run.", "Put the commands to run in a code cell.")
    notebook.setdefault("nbformat_minor", 4)
    _metadata(notebook).pop("widgets", None)
    with_ids = isinstance(notebook["nbformat_minor"], int) and notebook["nbformat_minor"] >= 5
    seen: set[object] = set()
    for number, cell in enumerate(notebook["cells"], 1):
        _metadata(cell).pop("execution", None)
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
        if with_ids and (not isinstance(cell.get("id"), str) or cell["id"] in seen):
            cell["id"] = f"kbatch-{number}"
        seen.add(cell.get("id"))
    return _dump(notebook)


def sections(name: str, text: str) -> Iterator[tuple[str, str]]:
    """(what to call it, its text) for each code cell, `NAME[CELL]` counted from 1; for a script (`name`, `text`).

    Raises BadScript.
    """
    if not is_notebook(name):
        yield name, text
        return
    for number, source in enumerate(_code(_load(name, text)), 1):
        yield f"{name}[{number}]", source


def with_parameters(name: str, text: str, parameters: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """(the notebook with a cell that sets the parameters, names that its `parameters` cell does not set).

    An injected cell that is there already is replaced. Raises BadOption for a value that cannot be read.
    """
    if not parameters:
        return text, ()
    notebook = _load(name, text)
    language = language_of(notebook)
    lines = [assignment(key, parse_value(key, value), language) for key, value in parameters.items()]
    cell: Cell = {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"tags": [INJECTED]},
        "outputs": [],
        "source": "\n".join(["# Parameters", *lines]),
    }
    if notebook.get("nbformat_minor", 4) >= 5:
        cell["id"] = INJECTED
    cells: list[Cell] = [cell for cell in notebook["cells"] if INJECTED not in _tags(cell)]
    at = next((place for place, cell in enumerate(cells, 1) if PARAMETERS in _tags(cell)), 0)
    known = _source(cells[at - 1]) if at else ""
    unknown = tuple(key for key in parameters if at and not _sets(known, key))
    notebook["cells"] = [*cells[:at], cell, *cells[at:]]
    return _dump(notebook), unknown


def _load(name: str, text: str) -> Notebook:
    """The notebook as JSON, with the parts that are read here checked. Raises BadScript."""
    import json  # only for notebooks; unlike msgspec it takes the NaN that plots leave in outputs

    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadScript(
            f"{name} is not a notebook: {_problem(error)}.", "Open it in JupyterLab and save it again."
        ) from error
    cells = notebook.get("cells", []) if isinstance(notebook, dict) else None
    if not isinstance(cells, list) or not all(map(_is_cell, cells)):
        raise BadScript(
            f"{name} is not a notebook: it has no list of cells.", "Open it in JupyterLab and save it again."
        )
    notebook["cells"] = cells
    return dict(notebook)


def _problem(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _is_cell(cell: object) -> bool:
    if not isinstance(cell, dict) or not isinstance(cell.get("cell_type"), str):
        return False
    source = cell.get("source", "")
    return isinstance(source, str) or (
        isinstance(source, list) and all(isinstance(line, str) for line in source)
    )


def _dump(notebook: Notebook) -> str:
    import json

    return json.dumps(notebook, indent=1) + "\n"


def _code(notebook: Notebook) -> Iterator[str]:
    return (_source(cell) for cell in notebook["cells"] if cell["cell_type"] == "code")


def _source(cell: Cell) -> str:
    source = cell.setdefault("source", "")
    return source if isinstance(source, str) else "".join(source)


def _metadata(part: dict[str, Any]) -> dict[str, Any]:
    """The metadata of a notebook or cell; made where it is missing."""
    if not isinstance(part.get("metadata"), dict):
        part["metadata"] = {}
    metadata: dict[str, Any] = part["metadata"]
    return metadata


def _tags(cell: Cell) -> list[object]:
    tags = _metadata(cell).get("tags")
    return tags if isinstance(tags, list) else []


def _sets(source: str, name: str) -> bool:
    """Whether a line gives `name` a value, in any of the languages: `x = 1`, `x: int = 1`, `x <- 1`."""
    for line in source.split("\n"):
        rest = line.removeprefix(name)
        if rest != line and rest.lstrip()[:1] in ("=", ":", "<"):
            return True
    return False
