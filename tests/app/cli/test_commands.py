"""The command line, as a user meets it."""

from collections.abc import Awaitable, Callable, Generator
from pathlib import Path

import jwt
import pytest
from click.testing import CliRunner, Result

from app.cli import main
from app.cli._group import CommandGroup
from tests.support.logs import logs_as_before

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Run]:
    """Runs `unico` in a home of its own, without servers unless the test names some."""
    monkeypatch.setenv("UNICO_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("UNICO_LOG_FORMAT", "json")
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str, **environment: str) -> Result:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(main, list(arguments))

    with logs_as_before():
        yield run


def test_help_names_every_command_with_a_summary(run: Run) -> None:
    result = run("--help")
    assert result.exit_code == 0
    for name in ("up", "doctor", "token", "migrate"):
        assert f"\n  {name} " in result.output


def test_the_help_of_every_command_teaches_by_examples(run: Run) -> None:
    group = main
    assert isinstance(group, CommandGroup)
    with group.make_context("unico", ["up"]) as context:
        names = group.list_commands(context)
    for name in names:
        result = run(name, "--help")
        assert result.exit_code == 0, result.output
        lines = result.output.splitlines()
        assert "  Examples:" in lines, name
        assert any(line.strip().startswith(f"unico {name}") for line in lines), name


def test_a_wrong_setting_is_one_line(run: Run) -> None:
    result = run("doctor", UNICO_PORT="http")
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "Error: UNICO_PORT Input should be a valid integer, unable to parse string as an integer"
    ]


def test_an_unreachable_database_is_one_line(run: Run) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    result = run("doctor", DATABASE_URL=nowhere, REDIS_URL="redis://127.0.0.1:1")
    assert result.exit_code == 1
    (line,) = result.output.splitlines()
    assert line.startswith("Error: The database does not answer (")
    assert line.endswith("): check DATABASE_URL.")


def test_doctor_finds_a_healthy_installation_healthy(
    run: Run, clean_database: str, redis_url: str
) -> None:
    result = run("doctor", DATABASE_URL=clean_database, REDIS_URL=redis_url)
    verdicts = {line.split()[0]: line.split()[1] for line in result.stdout.splitlines()}
    # The servers of the tests run without fsync, which the doctor must see.
    assert verdicts.pop("postgres") == "failed"
    assert set(verdicts.values()) == {"ok"}
    assert "a power cut loses data" in result.output
    assert result.exit_code == 1


def test_doctor_tells_what_to_do_about_a_schema_that_is_behind(
    run: Run, empty_database: str, redis_url: str
) -> None:
    result = run("doctor", DATABASE_URL=empty_database, REDIS_URL=redis_url)
    assert result.exit_code == 1
    (line,) = [each for each in result.stdout.splitlines() if each.startswith("migrations")]
    assert line.split()[1] == "failed"
    assert line.strip().endswith("unico migrate")


def test_doctor_calls_an_absent_redis_a_warning(run: Run, clean_database: str) -> None:
    result = run("doctor", DATABASE_URL=clean_database, REDIS_URL="redis://127.0.0.1:1")
    (line,) = [each for each in result.stdout.splitlines() if each.startswith("redis")]
    assert line.split()[1] == "warning"
    assert "check REDIS_URL" in line


def test_migrate_brings_a_database_to_head_and_can_be_repeated(
    run: Run, empty_database: str, redis_url: str
) -> None:
    for _ in range(2):
        result = run("migrate", DATABASE_URL=empty_database, REDIS_URL=redis_url)
        assert result.exit_code == 0, result.output
        assert result.output.splitlines()[-1].startswith("The database is at revision ")


def test_the_bare_token_is_the_last_line(run: Run, clean_database: str, redis_url: str) -> None:
    result = run("token", "--role", "admin", DATABASE_URL=clean_database, REDIS_URL=redis_url)
    assert result.exit_code == 0, result.output
    claims = jwt.decode(result.stdout.splitlines()[-1], options={"verify_signature": False})
    assert (claims["role"], claims["sub"]) == ("ADMIN", "sample-admin")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--role", "POS", "--location", "NOWHERE"), "Error: No location NOWHERE in the database."),
        (("--role", "CHANNEL", "--channel", "NONE"), "Error: No channel NONE in the database."),
        (
            ("--role", "CUSTOMER", "--customer", "nobody@example.com"),
            "Error: No customer nobody@example.com: give an id or a known e-mail address.",
        ),
    ],
)
def test_a_token_for_an_unknown_scope_is_refused(
    run: Run, clean_database: str, redis_url: str, arguments: tuple[str, ...], message: str
) -> None:
    result = run("token", *arguments, DATABASE_URL=clean_database, REDIS_URL=redis_url)
    assert (result.exit_code, result.output.splitlines()[-1]) == (1, message)


def test_without_the_development_issuer_there_is_no_token(run: Run) -> None:
    result = run("token", "--role", "ADMIN", UNICO_DEV_ISSUER="false")
    assert result.exit_code == 1
    assert result.output.startswith("Error: UNICO_DEV_ISSUER is off")


@pytest.fixture
async def empty_database(new_database: Callable[[], Awaitable[str]]) -> str:
    return await new_database()
