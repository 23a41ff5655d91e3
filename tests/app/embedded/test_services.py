"""One home, one owner; others find its servers."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.embedded import HomeInUse, embedded_services, resolved
from app.embedded.process import wait_until
from app.settings import Settings


def test_with_both_urls_set_nothing_is_started(tmp_path: Path) -> None:
    settings = Settings(
        home=tmp_path / "home", database_url="postgres://db/unico", redis_url="redis://stream/0"
    )
    with resolved(settings) as ready:
        assert ready.database_url == "postgresql+asyncpg://db/unico"
        assert ready.redis_url == "redis://stream/0"
    assert not (tmp_path / "home").exists()


def test_only_what_has_no_url_is_started(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url="postgresql://db/unico")
    with embedded_services(settings) as services:
        assert services.database_url == "postgresql+asyncpg://db/unico"
        assert services.redis_url.startswith("redis://:")
        assert not (tmp_path / "postgres").exists()


def test_a_second_command_uses_the_servers_of_the_first(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url="postgresql://db/unico")
    with embedded_services(settings) as first, embedded_services(settings) as second:
        assert second == first
        assert (tmp_path / "services.json").stat().st_mode & 0o777 == 0o600


def test_a_second_server_on_the_same_home_is_refused_in_one_line(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url="postgresql://db/unico")
    with embedded_services(settings):
        expected = rf"^{tmp_path} is in use by .* \(process {os.getpid()}\): stop it, or set UNICO_"
        with pytest.raises(HomeInUse, match=expected), resolved(settings, exclusive=True):
            pass
    with resolved(settings, exclusive=True):
        pass


def test_a_server_that_dies_is_started_again_at_its_address(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url="postgresql://db/unico")
    pid_file = tmp_path / "valkey" / "valkey.pid"
    with embedded_services(settings):
        first = pid_file.read_text()
        os.kill(int(first), signal.SIGKILL)
        assert wait_until(lambda: pid_file.read_text() not in ("", first), timeout_s=30)


def test_servers_end_with_a_killed_owner_and_the_home_is_free(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib; from app.embedded import embedded_services;"
        "from app.settings import Settings;"
        "settings = Settings(home=pathlib.Path(sys.argv[1]), database_url='postgresql://db/unico')\n"
        "with embedded_services(settings): print('up', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"up\n"
        pid = int((tmp_path / "valkey" / "valkey.pid").read_text())
        owner.kill()
    assert wait_until(lambda: not Path(f"/proc/{pid}/exe").exists(), timeout_s=30)
    settings = Settings(home=tmp_path, database_url="postgresql://db/unico")
    with resolved(settings, exclusive=True):
        pass
