"""POS devices and the long-lived keys that they hold."""

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.common.ids import DeviceId, LocationId
from domain.identity.errors import DeviceKeyRejected
from domain.identity.model import Role

SECRET_BYTES = 32
DEVICE_ROLES = frozenset({Role.POS, Role.WAREHOUSE})
"""The roles that a device may have: its token can do no more than people on the shop floor."""

_KEY = re.compile(r"unico_(pos|warehouse)_([0-9a-f]{32})_[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Device:
    """An enrolled device. Its key is not part of it: only a hash of the key is kept."""

    id: DeviceId
    name: str
    role: Role
    location_id: LocationId
    key_prefix: str
    enrolled_by: str
    enrolled_at: datetime
    expires_at: datetime | None
    last_seen_at: datetime | None
    revoked_at: datetime | None
    version: int


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A key: `unico_<role>_<device id>_<32 random bytes, base64url>`. All but the end is public."""

    device_id: DeviceId
    text: str

    @classmethod
    def make(cls, role: Role, device_id: DeviceId, secret: bytes) -> "DeviceKey":
        """The key of a device, out of 32 random bytes."""
        assert len(secret) == SECRET_BYTES
        tail = base64.urlsafe_b64encode(secret).decode().rstrip("=")
        return cls(device_id, f"unico_{role.value.lower()}_{device_id.hex}_{tail}")

    @classmethod
    def parse(cls, text: str) -> "DeviceKey":
        """The key that was sent.

        Raises:
            DeviceKeyRejected: it does not have the form of a key.
        """
        found = _KEY.fullmatch(text)
        if found is None:
            raise DeviceKeyRejected
        return cls(DeviceId(UUID(found[2])), text)

    @property
    def prefix(self) -> str:
        """The start of the key, without any of the secret: for people to tell keys apart."""
        return self.text[: self.text.index(self.device_id.hex) + 32]

    @property
    def sha256(self) -> str:
        """What is stored: 256 random bits need no slow hash (OWASP, password storage)."""
        return hashlib.sha256(self.text.encode()).hexdigest()
