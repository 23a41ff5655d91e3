"""Device keys: their form, what is kept of them, and who gets one."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.common.ids import DeviceId, LocationId
from domain.identity.device import DEVICE_ROLES, DeviceKey
from domain.identity.enroll import EnrollDevice, Enrolled, enroll_device
from domain.identity.errors import DeviceKeyRejected
from domain.identity.exchange import exchange_key
from domain.identity.model import Actor, Role
from domain.identity.revoke import RevokeDevice, revoke_device
from tests.support import stock

ROME = stock.place("ROME")
ADMIN = Actor("ada", Role.ADMIN)


@given(
    role=st.sampled_from(sorted(DEVICE_ROLES)),
    key=st.uuids(),
    secret=st.binary(min_size=32, max_size=32),
)
def test_a_key_names_its_device_and_hides_its_secret(role: Role, key: UUID, secret: bytes) -> None:
    made = DeviceKey.make(role, DeviceId(key), secret)
    assert DeviceKey.parse(made.text) == made
    assert re.fullmatch(r"unico_(pos|warehouse)_[0-9a-f]{32}_[A-Za-z0-9_-]{43}", made.text)
    assert made.prefix == f"unico_{role.value.lower()}_{key.hex}"
    assert made.text.startswith(f"{made.prefix}_")
    assert re.fullmatch(r"[0-9a-f]{64}", made.sha256)


@given(st.text())
def test_what_is_no_key_is_rejected(text: str) -> None:
    with pytest.raises(DeviceKeyRejected):
        DeviceKey.parse(text)


KEY = DeviceKey.make(Role.POS, DeviceId(UUID(int=1)), bytes(32)).text


@pytest.mark.parametrize(
    "text",
    [
        KEY + "\n",
        KEY.upper(),
        KEY.replace("pos", "admin"),
        KEY[:-1],
        " " + KEY,
        KEY.replace("0", "\N{ARABIC-INDIC DIGIT ZERO}", 1),
    ],
)
def test_what_is_nearly_a_key_is_rejected(text: str) -> None:
    DeviceKey.parse(KEY)
    with pytest.raises(DeviceKeyRejected):
        DeviceKey.parse(text)


@pytest.fixture
async def shop(engine: AsyncEngine, clean_database: str) -> AsyncEngine:
    await stock.build(engine, stock.World(locations=("ROME",)))
    return engine


async def enroll(engine: AsyncEngine, key: str = "k", **other: object) -> Enrolled:
    command = EnrollDevice(key, "Till", Role.POS, ROME, **other)  # pyright: ignore[reportArgumentType]
    database = stock.database_of(engine)
    return await database.run(lambda tx: enroll_device(tx, ADMIN, command), actor_key=ADMIN.key)


async def test_the_same_command_at_once_makes_one_device_and_shows_one_key(
    shop: AsyncEngine,
) -> None:
    done = await asyncio.gather(*(enroll(shop) for _ in range(4)))
    assert len({each.device.id for each in done}) == 1
    assert len([each for each in done if each.key is not None]) == 1


async def test_revoking_at_once_is_one_revocation(shop: AsyncEngine) -> None:
    device = (await enroll(shop)).device
    database = stock.database_of(shop)
    done = await asyncio.gather(
        *(
            database.run(
                lambda tx, key=str(number): revoke_device(tx, ADMIN, RevokeDevice(key, device.id)),
                actor_key=ADMIN.key,
            )
            for number in range(4)
        )
    )
    assert {each.version for each in done} == {2}
    published = [each["type"] for each in await stock.events(shop)]
    assert published == ["DeviceEnrolled", "SessionRevoked"]


async def test_a_key_becomes_an_actor_of_its_location(shop: AsyncEngine) -> None:
    end = datetime.now(UTC) + timedelta(days=1)
    done = await enroll(shop, expires_at=end)
    assert done.key is not None
    text, database = done.key.text, stock.database_of(shop)
    actor = await database.run(lambda tx: exchange_key(tx, text), actor_key="TEST")
    assert (actor.role, actor.location_ids) == (Role.POS, frozenset({LocationId(ROME)}))
    assert (actor.device_id, actor.expires_at) == (done.device.id, end)
    again = await database.run(lambda tx: exchange_key(tx, text), actor_key="TEST")
    assert again.token_id != actor.token_id
