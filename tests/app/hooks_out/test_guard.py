"""Where webhooks may go, and where not."""

from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from app.hooks_out.guard import NotAllowed, allowed_address, is_public, resolve


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b:1::a9fe:a9fe",
        "2002:7f00:1::", "2001:db8::1", "100::1",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700::1111"])
def test_addresses_that_are_public(address: str) -> None:
    assert is_public(ip_address(address))


async def test_one_bad_address_of_a_host_is_enough() -> None:
    async def both(_: str, __: int) -> Sequence[str]:
        return ["93.184.215.14", "10.0.0.1"]

    async def good(_: str, __: int) -> Sequence[str]:
        return ["93.184.215.14", "8.8.8.8"]

    async def nothing(_: str, __: int) -> Sequence[str]:
        return []

    with pytest.raises(NotAllowed):
        await allowed_address("h", 443, loopback=True, resolve=both)
    assert await allowed_address("h", 443, loopback=False, resolve=good) == "93.184.215.14"
    with pytest.raises(OSError, match="no address"):
        await allowed_address("h", 443, loopback=False, resolve=nothing)


async def test_loopback_only_when_it_is_let() -> None:
    assert await allowed_address("127.0.0.1", 80, loopback=True) == "127.0.0.1"
    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1"):
        with pytest.raises(NotAllowed):
            await allowed_address(host, 80, loopback=False)
    assert "127.0.0.1" in await resolve("127.0.0.1", 80)
