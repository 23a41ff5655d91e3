"""The embedded PostgreSQL, for real: started, killed, started again."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable, Generator
from pathlib import Path

import asyncpg
import pytest

from app.embedded import EmbeddedPostgres, EmbeddedServerError
from app.embedded.privileges import RootMode
from app.embedded.process import command_line
from tests.support.servers import connected

FAST = {"fsync": "off", "shared_buffers": "16MB", "max_connections": "20"}
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up privileges")

Make = Callable[[Path], EmbeddedPostgres]


@pytest.fixture
def make() -> Generator[Make]:
    """Makes servers that are killed at the end."""
    made: list[EmbeddedPostgres] = []

    def new(folder: Path) -> EmbeddedPostgres:
        made.append(EmbeddedPostgres(folder, settings=FAST))
        return made[-1]

    yield new
    for server in made:
        server.kill()


async def _run(server: EmbeddedPostgres, *statements: str) -> object:
    """The single value of the last statement."""
    async with connected(server.dsn) as connection:
        return [await connection.fetchval(statement) for statement in statements][-1]


async def test_it_is_a_postgres_18_that_a_password_protects(tmp_path: Path, make: Make) -> None:
    server = make(tmp_path / "postgres")
    url = server.start()

    assert int(str(await _run(server, "SHOW server_version_num"))) >= 180_000
    assert await _run(server, "SELECT current_database()") == "unico"
    assert await _run(server, "SELECT count(*) FROM pg_extension WHERE extname = 'plpgsql'") == 1
    assert await _run(server, "SHOW shared_preload_libraries") == "pg_stat_statements"
    password = url.split(":")[2].split("@")[0]
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url.replace("+asyncpg", "").replace(password, "guess"))


async def test_data_survive_a_stop_and_a_start(tmp_path: Path, make: Make) -> None:
    first = make(tmp_path / "postgres")
    first.start()
    await _run(first, "CREATE TABLE note (text text)", "INSERT INTO note VALUES ('kept')")
    first.stop()
    assert not first.is_running

    second = make(tmp_path / "postgres")
    second.start()

    assert await _run(second, "SELECT text FROM note") == "kept"


async def test_data_survive_a_kill_of_the_server_on_the_same_port(
    tmp_path: Path, make: Make
) -> None:
    server = make(tmp_path / "postgres")
    url = server.start()
    async with connected(url) as connection:
        await connection.execute("CREATE TABLE note AS SELECT 'kept' AS text")
        # The backend of this session outlives the postmaster for a moment: recovery must wait.
        server.kill()
        assert server.start() == url
    assert await _run(server, "SELECT text FROM note") == "kept"


async def test_a_server_left_over_by_a_killed_parent_is_replaced(
    tmp_path: Path, make: Make
) -> None:
    script = (
        "import sys, pathlib; from app.embedded import EmbeddedPostgres;"
        "server = EmbeddedPostgres(pathlib.Path(sys.argv[1]), settings={'fsync': 'off'});"
        "print(server.start(), flush=True); sys.stdin.read()"
    )
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", script, str(tmp_path / "postgres")),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert parent.stdout is not None
    url = (await parent.stdout.readline()).decode().strip()
    async with connected(url) as connection:
        await connection.execute("CREATE TABLE note AS SELECT 'kept' AS text")
    old_pid = int((tmp_path / "postgres" / "postmaster.pid").read_text().splitlines()[0])

    parent.kill()
    await parent.communicate()
    server = make(tmp_path / "postgres")
    server.start()

    assert await _run(server, "SELECT text FROM note") == "kept"
    assert command_line(old_pid) == ""


def test_a_stray_server_without_a_guard_is_shut_down_first(tmp_path: Path, make: Make) -> None:
    stray = make(tmp_path / "postgres")
    stray.start()

    server = make(tmp_path / "postgres")
    server.start()

    assert (stray.is_running, server.is_running) == (False, True)
    assert "received fast shutdown request" in server.log.read_text()


def test_a_recycled_process_id_in_the_pid_file_does_not_block_the_start(
    tmp_path: Path, make: Make
) -> None:
    server = make(tmp_path / "postgres")
    server.start()
    server.kill()
    pid_file = tmp_path / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join([str(os.getppid()), *lines[1:]]))

    make(tmp_path / "postgres").start()

    os.kill(os.getppid(), 0)  # the innocent process is alive


@pytest.mark.parametrize("content", ["", "garbage\n"])
def test_a_pid_file_that_was_never_written_does_not_block_the_start(
    tmp_path: Path, make: Make, content: str
) -> None:
    first = make(tmp_path / "postgres")
    first.start()
    first.stop()
    (tmp_path / "postgres" / "postmaster.pid").write_text(content)

    assert make(tmp_path / "postgres").start()


def test_a_cluster_that_was_half_made_is_made_again(tmp_path: Path, make: Make) -> None:
    half = tmp_path / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")

    assert make(tmp_path / "postgres").start()


def test_a_folder_with_something_else_in_it_is_refused(tmp_path: Path, make: Make) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "thesis.txt").touch()

    with pytest.raises(EmbeddedServerError, match="not empty and not a PostgreSQL cluster"):
        make(tmp_path / "postgres").start()

    assert [each.name for each in (tmp_path / "postgres").iterdir()] == ["thesis.txt"]


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", settings={**FAST, "wal_level": "none"})
    with pytest.raises(EmbeddedServerError, match=r'FATAL: .*"wal_level": "none"'):
        server.start()


async def test_two_side_by_side_do_not_collide(tmp_path: Path, make: Make) -> None:
    one, two = make(tmp_path / "one" / "postgres"), make(tmp_path / "two" / "postgres")
    one.start()
    two.start()

    assert one.port != two.port
    await _run(one, "CREATE TABLE note (text text)")
    assert await _run(two, "SELECT to_regclass('note')::text") is None


@as_root
def test_as_root_nothing_outside_the_folder_changes_hands(tmp_path: Path, make: Make) -> None:
    before = (tmp_path.stat().st_mode, tmp_path.stat().st_uid)
    server = make(tmp_path / "home" / "postgres")
    server.start()

    assert (tmp_path.stat().st_mode, tmp_path.stat().st_uid) == before
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "home" / "postgres").stat().st_uid == os.geteuid()


@as_root
async def test_as_root_without_namespaces_another_user_runs_it() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        data = Path(folder) / "home" / "postgres"
        server = EmbeddedPostgres(data, settings=FAST, root_mode=RootMode.USER)
        server.start()
        try:
            assert data.stat().st_uid != 0
            assert await _run(server, "SELECT 1") == 1
        finally:
            server.kill()


@as_root
def test_as_root_a_home_that_no_other_user_reaches_is_refused_with_advice(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedPostgres(closed / "home" / "postgres", root_mode=RootMode.USER)

    with pytest.raises(EmbeddedServerError, match="set UNICO_HOME to a folder such as"):
        server.start()

    assert closed.stat().st_mode & 0o777 == 0o700


def test_missing_binaries_are_named(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "postgres", binaries=tmp_path)
    with pytest.raises(EmbeddedServerError, match="set DATABASE_URL to a server of yours"):
        server.start()


def test_stopping_twice_or_before_the_start_is_harmless(tmp_path: Path, make: Make) -> None:
    server = make(tmp_path / "postgres")
    server.stop()
    server.start()
    server.stop()
    server.stop()
