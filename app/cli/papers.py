"""`unico papers`: samples of invoices, credit notes, labels and pick lists."""

from pathlib import Path

import click


@click.command
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("docs/samples"),
    show_default=True,
    help="Folder that they are written to.",
)
@click.option("--png", is_flag=True, help="Also as pictures; needs the packages for development.")
def command(folder: Path, *, png: bool) -> None:
    """Write a sample of each paper as PDF: of made-up orders, of nobody.

    \b
    Examples:
      unico papers --png
    """
    # Load what lays out papers: not for `--help`.
    from app.pages.papers import papers

    folder.mkdir(parents=True, exist_ok=True)
    for name, content in papers().items():
        (folder / f"{name}.pdf").write_bytes(content)
        click.echo(folder / f"{name}.pdf")
        if png:
            _picture(content, folder / f"{name}.png")


def _picture(content: bytes, path: Path) -> None:
    try:
        # Only where the packages for development are installed.
        import pypdfium2
    except ImportError as error:
        raise click.ClickException("pictures need the package pypdfium2") from error
    document = pypdfium2.PdfDocument(content)
    try:
        picture = document[0].render(scale=2).to_pil().convert("P")
        picture.save(path, optimize=True)
    finally:
        document.close()
    click.echo(path)
