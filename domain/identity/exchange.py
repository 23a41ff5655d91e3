"""A device shows its key and becomes an actor for a few minutes."""

from domain.common.ids import new_id
from domain.common.transaction import Tx
from domain.identity import repository
from domain.identity.device import DeviceKey
from domain.identity.errors import DeviceKeyRejected
from domain.identity.model import Actor


async def exchange_key(tx: Tx, text: str) -> Actor:
    """The actor that the device is; what it may do ends at the device's own location.

    Raises:
        DeviceKeyRejected: the key is malformed, unknown, expired or revoked.
    """
    device = await repository.use_key(tx.connection, DeviceKey.parse(text))
    if device is None:
        raise DeviceKeyRejected
    return Actor(
        subject=f"device:{device.id}",
        role=device.role,
        location_ids=frozenset({device.location_id}),
        token_id=new_id(),
        device_id=device.id,
        expires_at=device.expires_at,
    )
