"""WebSocket text frames of graphql-transport-ws (RFC 6455, 5.2), made around a shared body.

Server frames are not masked, and there is no compression: a body's bytes serve every socket.
"""

from collections.abc import Sequence
from functools import lru_cache

import orjson

_TEXT = 0x81  # a whole message in one frame
_ONE_BYTE, _TWO_BYTES = 126, 65_536


def opening(operation_id: str) -> bytes:
    """The beginning of a `next` message of this operation, up to the body."""
    return b'{"id":' + orjson.dumps(operation_id) + b',"type":"next","payload":'


def frames(start: bytes, bodies: Sequence[bytes]) -> bytes:
    """One frame for each body, for one operation; `start` is its `opening`."""
    if len(bodies) == 1:
        return _frame(start, bodies[0])
    return b"".join([_frame(start, body) for body in bodies])


def completion(operation_id: str) -> bytes:
    """The frame that says that the operation has ended."""
    return _framed(b'{"id":' + orjson.dumps(operation_id) + b',"type":"complete"}')


def _frame(start: bytes, body: bytes) -> bytes:
    return _header(len(start) + len(body) + 1) + start + body + b"}"


def _framed(message: bytes) -> bytes:
    return _header(len(message)) + message


@lru_cache(maxsize=4_096)
def _header(length: int) -> bytes:
    if length < _ONE_BYTE:
        return bytes((_TEXT, length))
    if length < _TWO_BYTES:
        return bytes((_TEXT, _ONE_BYTE, length >> 8, length & 0xFF))
    return bytes((_TEXT, 127)) + length.to_bytes(8, "big")
