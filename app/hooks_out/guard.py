"""Where webhooks may go: to addresses of the public internet only (no SSRF).

The name is resolved here, every address is looked at, and the connection is made to that address
and no other, so that a name that means something else a moment later leads nowhere.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

_TRANSLATED = (
    ipaddress.ip_network("64:ff9b::/96"),
    ipaddress.ip_network("64:ff9b:1::/48"),
    ipaddress.ip_network("2002::/16"),
)
"""IPv6 that leads to an IPv4 address in it (NAT64, 6to4): it could be a private one."""


class NotAllowed(Exception):
    """The address must not be called."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses of a host.

    Raises:
        OSError: it has none.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def is_public(address: IpAddress) -> bool:
    """Whether an address belongs to the public internet: not private, loopback, link-local (where
    clouds tell machines their secrets), shared, multicast, reserved or a translation.
    """
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def allowed_address(
    host: str, port: int, *, loopback: bool, resolve: Resolve = resolve
) -> str:
    """The address to connect to. `loopback` lets this machine itself be called too.

    Raises:
        NotAllowed: one of the host's addresses is not public.
        OSError: it has none.
    """
    found = [ipaddress.ip_address(each) for each in await resolve(host, port)]
    if not found:
        raise OSError("no address")
    for each in found:
        if not is_public(each) and not (loopback and each.is_loopback):
            raise NotAllowed("the host has an address that is not public")
    return str(found[0])
