"""A client that costs little, so that on a small machine the server is what is measured."""

import asyncio
from typing import Any
from urllib.parse import urlsplit

import orjson

from bench.service import Service


class Wire:
    """One connection that speaks GraphQL over HTTP/1.1, one request after the other."""

    def __init__(self, running: Service, token: str, document: str) -> None:
        address = urlsplit(running.url)
        self._host, self._port = str(address.hostname), int(address.port or 80)
        self._token, self._document = token, document
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, variables: dict[str, Any]) -> Any:
        """The answer, as JSON. The connection is made when there is none.

        Raises:
            OSError, EOFError: it broke; whether the request was served is not known.
        """
        if self._open is None:
            self._open = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._open
        body = orjson.dumps({"query": self._document, "variables": variables})
        head = (
            f"POST /graphql HTTP/1.1\r\nhost: {self._host}\r\nauthorization: Bearer {self._token}"
            f"\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        try:
            writer.write(head.encode() + body)
            header = await reader.readuntil(b"\r\n\r\n")
            length = int(header.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            return orjson.loads(await reader.readexactly(length))
        except (OSError, EOFError, ValueError):
            self.close()
            raise

    def close(self) -> None:
        """The connection is let go."""
        if self._open is not None:
            self._open[1].close()
            self._open = None
