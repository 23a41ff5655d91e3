"""The command line: `unico COMMAND`. Every module here that has a `command` is one."""

import click

from app.cli._group import CommandGroup


@click.group(cls=CommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="unico", prog_name="unico")
def main() -> None:
    """Unico: one order hub for stores, web, call center and marketplaces.

    \b
    Start here:
      unico up                       everything, with demo data, on port 8000
      unico token --role ADMIN       a token to call the API with
      unico doctor                   what is wrong, and what to do about it

    Settings are environment variables. Without DATABASE_URL and REDIS_URL, Unico brings its own
    PostgreSQL and Valkey and keeps them in the folder .unico (UNICO_HOME).
    """
