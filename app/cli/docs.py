"""`unico docs`: the pages of the documentation that are made from the code."""

from pathlib import Path

import click

_ROOT = Path(__file__).parents[2]


@click.command
def command() -> None:
    """Write docs/lifecycle.md, docs/scenarios.md and the table in docs/settings.md anew.

    \b
    Examples:
      unico docs
    """
    # Loads the domain: not for `--help`.
    from app.pages.lifecycle import lifecycle_page
    from app.pages.scenarios import scenarios_page
    from app.pages.settings import settings_page

    pages = {
        "lifecycle.md": lifecycle_page(),
        "scenarios.md": scenarios_page(_ROOT),
        "settings.md": settings_page((_ROOT / "docs" / "settings.md").read_text()),
    }
    for name, text in pages.items():
        (_ROOT / "docs" / name).write_text(text)
        click.echo(f"docs/{name}: {text.count(chr(10))} lines")
