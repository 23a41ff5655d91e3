"""`unico device`: tills and scanners with a long-lived key."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID, uuid4

import click
from rich.console import Console
from rich.table import Table

from app.embedded import resolved
from app.logging import configure
from app.settings import load_settings
from domain.common.errors import DomainError
from domain.common.ids import DeviceId, LocationId
from domain.identity.device import DEVICE_ROLES, Device
from domain.identity.model import Actor, Role

if TYPE_CHECKING:
    from domain.common.database import Database, DbConnection
    from domain.common.transaction import Tx
    from domain.identity.enroll import Enrolled

T = TypeVar("T")

_OPERATOR = Actor("command-line", Role.ADMIN)


@click.group
def command() -> None:
    """Give tills and scanners a key, list them, and take the key away.

    A device exchanges its key at POST /auth/device for tokens of at most 15 minutes. The key is
    shown once; only a hash of it is kept.

    \b
    Examples:
      unico device enroll --name "Till 1" --location MI-01
      unico device list
      unico device revoke unico_pos_0197b2c4a5d17e8f9a0b1c2d3e4f5a6b
    """


@command.command("enroll")
@click.option("--name", required=True, help="Name for people, 1 to 100 characters.")
@click.option("--location", required=True, help="Code of the location where it stands.")
@click.option(
    "--role",
    type=click.Choice(sorted(role.value for role in DEVICE_ROLES), case_sensitive=False),
    default=Role.POS.value,
    show_default=True,
    help="What it may do.",
)
@click.option("--days", type=click.IntRange(1), help="Life of the key; without it, it lasts.")
def enroll(name: str, location: str, role: str, days: int | None) -> None:
    """Enroll a device and print its key; the last line is the bare key.

    \b
    Examples:
      unico device enroll --name "Till 1" --location MI-01
      unico device enroll --name "Scanner 7" --location DC-NORTH --role WAREHOUSE --days 365
    """

    async def work(database: "Database") -> "Enrolled":
        return await _enroll(database, name, location, Role(role), days)

    done = _run(work)
    device = done.device
    click.echo(f"{device.role.value} {device.name} at {location}: device {device.id}", err=True)
    if done.key is not None:
        click.echo(done.key.text)


@command.command("list")
def list_devices() -> None:
    """List all devices, newest first, with what their keys begin with.

    \b
    Examples:
      unico device list
    """
    devices, codes = _run(_all_devices)
    table = Table(box=None)
    for heading in ("device", "name", "role", "location", "enrolled", "last seen", "state"):
        table.add_column(heading, no_wrap=True)
    for device in devices:
        seen = f"{device.last_seen_at:%Y-%m-%d %H:%M}" if device.last_seen_at else "never"
        table.add_row(
            device.key_prefix,
            device.name,
            device.role.value,
            codes.get(device.location_id, "?"),
            f"{device.enrolled_at:%Y-%m-%d}",
            seen,
            _state(device),
        )
    Console().print(table)


@command.command("revoke")
@click.argument("device")
def revoke(device: str) -> None:
    """End a device's key and tokens; its live connections close within seconds.

    DEVICE is its id, or the start of its key as `unico device list` shows it.

    \b
    Examples:
      unico device revoke unico_pos_0197b2c4a5d17e8f9a0b1c2d3e4f5a6b
    """
    device_id = _id_of(device)

    async def work(database: "Database") -> Device:
        # The use case brings the database libraries, which take half a second: not for `--help`.
        from domain.identity.revoke import RevokeDevice, revoke_device

        return await _change(
            database,
            lambda tx: revoke_device(tx, _OPERATOR, RevokeDevice(str(uuid4()), device_id)),
        )

    done = _run(work)
    click.echo(f"{done.name} ({done.key_prefix}) is revoked.")


def _run(work: Callable[["Database"], Awaitable[T]]) -> T:
    """What `work` returns, with the database of this installation."""
    settings = load_settings()
    configure(settings)

    async def connected(url: str) -> T:
        from domain.common.database import Database, read_engine, write_engine

        writes, reads = write_engine(url, pool_size=1), read_engine(url, pool_size=1)
        # A running service looks at the outbox four times a second: nobody needs to be woken.
        database = Database(writes, reads, after_commit=lambda: None)
        try:
            return await work(database)
        except DomainError as error:
            raise click.ClickException(error.message) from error
        finally:
            await database.close()

    with resolved(settings) as ready:
        return asyncio.run(connected(ready.database_url))


async def _change(database: "Database", work: Callable[["Tx"], Awaitable[T]]) -> T:
    return await database.run(work, actor_key=_OPERATOR.key)


async def _enroll(
    database: "Database", name: str, code: str, role: Role, days: int | None
) -> "Enrolled":
    from domain.identity.enroll import EnrollDevice, enroll_device
    from domain.locations.repository import location_by_code

    location = await database.read(lambda c: location_by_code(c, code, seen_by=_OPERATOR))
    if location is None:
        raise click.ClickException(f"No location {code} in the database.")

    async def work(tx: "Tx") -> "Enrolled":
        end = await tx.now() + timedelta(days=days) if days else None
        wanted = EnrollDevice(str(uuid4()), name, role, location.id, end)
        return await enroll_device(tx, _OPERATOR, wanted)

    return await _change(database, work)


async def _all_devices(database: "Database") -> tuple[Sequence[Device], dict[LocationId, str]]:
    from domain.common.paging import MAX_PAGE, Keyset, PageRequest
    from domain.identity.repository import page
    from domain.locations.repository import all_locations_by_id

    async def read(connection: "DbConnection") -> tuple[list[Device], dict[LocationId, str]]:
        devices: list[Device] = []
        after: Keyset | None = None
        while True:
            found = await page(connection, PageRequest(MAX_PAGE, after), _OPERATOR)
            devices += found.items
            if not found.has_next:
                break
            after = Keyset.decode(found.cursors[-1])
        ids = [device.location_id for device in devices]
        places = await all_locations_by_id(connection, ids)
        return devices, {key: place.code for key, place in places.items()}

    return await database.read(read)


def _state(device: Device) -> str:
    if device.revoked_at:
        return "revoked"
    return f"until {device.expires_at:%Y-%m-%d}" if device.expires_at else "active"


def _id_of(text: str) -> DeviceId:
    """The id in an id or in the start of a key."""
    try:
        return DeviceId(UUID(text.rpartition("_")[2]))
    except ValueError as error:
        raise click.ClickException(
            f"{text} is neither a device id nor the start of a key: see unico device list."
        ) from error
