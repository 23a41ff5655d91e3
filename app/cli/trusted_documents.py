"""`unico trusted-documents`: the manifest of the documents in a folder."""

from pathlib import Path

import click


@click.command
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default=Path("trusted-documents.json"),
    show_default=True,
    help="File to write, or - for standard output.",
)
def command(folder: Path, output: Path) -> None:
    """Check all .graphql files below FOLDER and write their manifest.

    Each file is one document, complete with the fragments that it uses. Its id is the hash of the
    file as it stands, so a client must send, or be built with, exactly that text. Point
    UNICO_TRUSTED_DOCUMENTS to the manifest.

    \b
    Examples:
      unico trusted-documents pos/src/graphql
      unico trusted-documents web --output - > manifest.json
    """
    # Building the schema takes a second: not for `--help`.
    from app.schema import bare_schema
    from app.trusted import Manifest, digest

    known = bare_schema().documents
    texts: list[str] = []
    for path in sorted(folder.rglob("*.graphql")):
        text = path.read_text()
        found = known.known(text)
        if isinstance(found, list):
            raise click.ClickException(f"{path}: {found[0].message}")
        texts.append(text)
        click.echo(f"sha256:{digest(text)}  {path.relative_to(folder)}", err=True)
    if not texts:
        raise click.ClickException(f"{folder} holds no .graphql file.")
    with click.open_file(str(output), "wb") as file:
        file.write(Manifest.of(texts).as_json())
