"""The HTTP client of the benchmarks. It knows only what they need, and so takes a tenth of the
processor time of a general one: on a small machine that would halve what the server can show.
"""

import asyncio
from typing import Any, NamedTuple, Self

import orjson

ANSWER_S = 60.0


class Connection(NamedTuple):
    """One of a client's connections."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class Wire:
    """GraphQL over HTTP/1.1 to a server on this machine, with as many connections as there are
    requests at a time.
    """

    def __init__(self, port: int, token: str = "") -> None:
        self._port = port
        authorization = f"authorization: Bearer {token}\r\n" if token else ""
        self._head = (
            f"POST /graphql HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n{authorization}"
            "content-type: application/json\r\ncontent-length: "
        ).encode()
        self._idle: list[Connection] = []

    async def __aenter__(self) -> Self:
        """The same."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Connections are let go."""
        for connection in self._idle:
            connection.writer.close()
        self._idle.clear()

    async def value(self, document: str, variables: dict[str, Any] | None = None) -> Any:
        """The value of the operation's only root field.

        Raises:
            RuntimeError: the answer holds an error.
            OSError, EOFError: see `post`.
        """
        answer = await self.ask(document, variables)
        if "errors" in answer:
            raise RuntimeError(answer["errors"])
        value = next(iter(answer["data"].values()))
        if isinstance(value, dict) and "code" in value:
            raise RuntimeError(value)
        return value

    async def ask(self, document: str, variables: dict[str, Any] | None = None) -> Any:
        """The answer, as JSON.

        Raises:
            OSError, EOFError: see `post`.
        """
        body = orjson.dumps({"query": document, "variables": variables or {}})
        return orjson.loads(await self.post(body))

    async def post(self, body: bytes) -> bytes:
        """The body of the answer.

        Raises:
            OSError, EOFError: the connection broke; whether the request was served is not known.
        """
        connection = await self._connection()
        reader, writer = connection
        try:
            async with asyncio.timeout(ANSWER_S):
                writer.write(b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
                answer = await reader.readexactly(int(length))
        except BaseException:
            writer.close()
            raise
        self._idle.append(connection)
        return answer

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not connection.reader.at_eof() and not connection.writer.is_closing():
                return connection
            connection.writer.close()
        return Connection(*await asyncio.open_connection("127.0.0.1", self._port))
