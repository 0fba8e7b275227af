"""`lighttrap texts`: proofreading the texts of alert messages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lighttrap.errors import InputFault
from lighttrap.notify import catalogue, proof
from lighttrap.notify.catalogue import Catalogue
from lighttrap.notify.texts import Kind, render, table_of

cli = typer.Typer(help="The texts of alert messages.", no_args_is_help=True)

Folder = Annotated[
    Path | None,
    typer.Argument(help="A folder with vi.toml, km.toml or en.toml to look at in place of the installed ones."),
]


@cli.command()
def check(folder: Folder = None) -> None:
    """Says what a translation lost, and which SMS would get too long with the longest names. Exit code 1 if any."""
    texts = _texts(folder)
    wrong = proof.faults(texts)
    for fault in wrong:
        typer.echo(fault)
    for language, one in texts.items():
        if one.empty:
            typer.echo(f"{language}: {len(one.empty)} texts await their translator", err=True)
    if wrong:
        raise typer.Exit(1)
    typer.echo("no fault")


@cli.command()
def show(
    language: Annotated[str, typer.Argument(help="vi, km or en.")],
    folder: Folder = None,
    kind: Annotated[Kind, typer.Option(help="What carries the text.")] = Kind.SMS,
    accents: Annotated[bool, typer.Option(help="SMS with the language's own accents.")] = True,
) -> None:
    """Every text of a language with the longest names and numbers; of an SMS, how many parts it takes."""
    texts = _texts(folder)
    if language not in texts:
        raise InputFault(f"there are no texts in {language!r}: ask for one of {', '.join(texts)}")
    for told in proof.events():
        made = render(told, language, kind, accents, unreviewed=True, texts=texts)
        told_in = "" if made.language == language else f", not there in {language}: shown in {made.language}"
        length = (
            f" ({made.segments.count} SMS, {made.segments.units} {made.segments.encoding})" if made.segments else ""
        )
        typer.echo(f"{table_of(told)}{length}{told_in}")
        typer.echo("\n".join(f"    {line}" for line in [made.subject, *made.text.splitlines()] if line))


def _texts(folder: Path | None) -> dict[str, Catalogue]:
    if folder is None:
        return {language: catalogue.load(language) for language in catalogue.LANGUAGES}
    own = [language for language in catalogue.LANGUAGES if (folder / f"{language}.toml").is_file()]
    if not own:
        raise InputFault(f"{folder} has none of vi.toml, km.toml, en.toml")
    return {one: catalogue.load(one, folder if one in own else None) for one in catalogue.LANGUAGES}
