"""What identity refuses."""

from typing import ClassVar

from domain.common.errors import DomainError


class DeviceKeyRejected(DomainError):
    """The device key is malformed, unknown, expired or revoked; which of these is not told."""

    code: ClassVar[str] = "DEVICE_KEY_REJECTED"

    def __init__(self) -> None:
        super().__init__("the device key is not valid")
