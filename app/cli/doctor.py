"""`unico doctor`: what is wrong with this installation, and what to do about it."""

import asyncio

import click
from rich.console import Console
from rich.table import Table

from app.embedded import resolved
from app.logging import configure
from app.settings import load_settings

_COLOURS = {"ok": "green", "warning": "yellow", "failed": "red"}


@click.command
def command() -> None:
    """Check versions, settings, migrations, servers and clocks.

    Looks at a running installation when there is one, else starts the embedded servers for a
    moment. Ends with exit code 1 when something is broken.

    \b
    Examples:
      unico doctor
      DATABASE_URL=postgresql://... REDIS_URL=redis://... unico doctor
    """
    # The database libraries take half a second to load: not for `--help`.
    from app.diagnosis import Verdict, diagnose

    settings = load_settings()
    configure(settings)
    with resolved(settings) as ready:
        findings = asyncio.run(diagnose(ready))
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, finding in findings:
        verdict = f"[{_COLOURS[finding.verdict]}]{finding.verdict}[/]"
        table.add_row(name, verdict, finding.text, finding.advice)
    Console().print(table)
    if any(finding.verdict is Verdict.FAILED for _, finding in findings):
        raise SystemExit(1)
