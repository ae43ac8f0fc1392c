"""kqueue docs: the pages of docs/, which an installed package has as well."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from kqueue_tui.cli.offers import complete_words

PAGES = {
    "start": "Getting started on a hub.",
    "slurm": "Slurm's options, and what each does here; where options come from.",
    "troubleshooting": "What a message or a reason means, and what helps.",
    "hub": "What a job has of its notebook server.",
    "notebooks": "Notebooks as jobs.",
    "dashboard": "The dashboard: keys, colours, settings.",
    "history": "What is kept in home.",
    "python": "From Python.",
    "local": "A cluster on this machine.",
    "json": "The JSON of commands.",
    "supervisor": "What runs in the pod, and what is set there.",
    "admin": "For the admin of a hub: rights, images, site settings.",
    "scale": "For the admin: how it scales.",
    "architecture": "For contributors: where everything is.",
    "decisions": "For contributors: why, and the numbers.",
}
WIDTH = 100


@click.command("docs")
@click.argument(
    "page",
    metavar="[PAGE]",
    required=False,
    type=click.Choice(list(PAGES)),
    shell_complete=complete_words(*PAGES),
)
def command(page: str | None) -> None:
    """Show PAGE of the documentation, in a terminal by the pager; without one, the pages that there are."""
    if page is None:
        for name, about in PAGES.items():
            click.echo(f"{name:<17}{about}")
        return
    text = page_path(page).read_text(encoding="utf-8")
    if not sys.stdout.isatty():
        click.echo(text, nl=False)
        return
    from rich.console import Console  # only for a terminal, which Textual needs it for as well
    from rich.markdown import Markdown

    console = Console()
    with console.capture() as made:
        console.print(Markdown(text, hyperlinks=False), width=min(console.width, WIDTH))
    click.echo_via_pager(made.get())


def page_path(page: str) -> Path:
    """The file of a page: in the package as it is installed, else in the clone."""
    package = Path(__file__).parents[1]
    shipped = package / "docs"
    return (shipped if shipped.is_dir() else package.parent / "docs") / f"{page}.md"
