"""Finds the commands, loads only the one that runs, and turns failures into one line."""

import importlib
import pkgutil
from typing import cast

import click

from app.embedded.errors import EmbeddedServerError
from app.settings import SettingsError

_FIRST = ("up", "doctor", "token", "device", "seed", "import", "replay", "simulate", "migrate")


def _modules() -> dict[str, str]:
    """Module by command: `export-schema` is in `export_schema`, `import` in `import_`."""
    package = importlib.import_module("app.cli")
    names = (found.name for found in pkgutil.iter_modules(package.__path__))
    return {name.rstrip("_").replace("_", "-"): name for name in names if name[0] != "_"}


class CommandGroup(click.Group):
    """A group whose commands are the modules of `app.cli`, as `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, the usual ones first."""
        last = len(_FIRST)
        return sorted(
            _modules(), key=lambda name: (_FIRST.index(name) if name in _FIRST else last, name)
        )

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        module = _modules().get(cmd_name)
        if module is None:
            return None
        return cast(click.Command, importlib.import_module(f"app.cli.{module}").command)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an expected failure becomes a click error of one line."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            message = explain(error)
            if message is None:
                raise
            raise click.ClickException(message) from error


def explain(error: Exception) -> str | None:
    """One line that says what is wrong and what to do; None when it is a defect of ours."""
    # Loaded on failure only: `unico --help` must not take a second.
    import asyncpg
    import redis.exceptions
    from sqlalchemy.exc import DBAPIError

    from app.server import ServerError

    if isinstance(error, SettingsError | EmbeddedServerError | ServerError):
        return str(error)
    if isinstance(error, redis.exceptions.ConnectionError):
        return f"Redis does not answer ({_first_line(error)}): check REDIS_URL."
    if isinstance(error, DBAPIError):
        return f"The database refused ({_first_line(error.orig or error)}): try `unico doctor`."
    if isinstance(error, asyncpg.PostgresError | ConnectionError):
        return f"The database does not answer ({_first_line(error)}): check DATABASE_URL."
    return None


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
