"""`unico export-schema`: the GraphQL schema as text."""

from pathlib import Path

import click

import schema

_SNAPSHOT = Path(schema.__file__).with_name("schema.graphql")


@click.command
@click.option(
    "--output",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default=_SNAPSHOT,
    help="File to write, or - for standard output.  [default: schema/schema.graphql]",
)
@click.option("--check", is_flag=True, help="Write nothing; fail when the file is not current.")
def command(output: Path, check: bool) -> None:
    """Write the GraphQL schema (SDL) that this version serves.

    The snapshot in schema/schema.graphql is part of the source: clients generate their types from
    it, and a test compares it with the code.

    \b
    Examples:
      unico export-schema
      unico export-schema --output - | less
      unico export-schema --check
    """
    # Building the schema takes a second: not for `--help`.
    from app.schema import sdl

    text = sdl()
    if check:
        if not output.is_file() or output.read_text() != text:
            raise click.ClickException(f"{output} is not current: run make schema.")
        return
    with click.open_file(str(output), "w") as file:
        file.write(text)
    if str(output) != "-":
        click.echo(f"{output}: {text.count(chr(10))} lines")
