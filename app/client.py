"""A client of the API: mutations over HTTP, subscriptions over graphql-transport-ws."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Subprotocol

PROTOCOL = Subprotocol("graphql-transport-ws")
_LARGEST_MESSAGE = 2**24
_AGAIN_S = 0.5
_REFUSALS = range(4400, 4500)
"""Close codes that say that coming back will not help."""

Payload = Mapping[str, Any]


class Refused(Exception):
    """The API refused, for a reason with a code. `details`: the error's fields."""

    def __init__(self, code: str, message: str, details: Payload | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.details = details or {}


class Caller:
    """Calls the API in somebody's name. `url` is that of the service, such as
    http://127.0.0.1:8000.
    """

    def __init__(self, http: httpx2.AsyncClient, url: str, token: str) -> None:
        self._http = http
        self._url = f"{url}/graphql"
        self._headers = {
            "authorization": f"Bearer {token}",
            "content-type": "application/json",
        }

    async def do(self, document: str, given: Mapping[str, Any]) -> Payload:
        """The payload of the mutation's only field, with `given` as its input.

        Raises:
            Refused: a typed error of the union, or an error of the request.
        """
        result = await self.ask(document, {"input": given})
        if result["__typename"].endswith("Error"):
            raise Refused(result["code"], result["message"], result)
        return result

    async def ask(self, document: str, variables: Mapping[str, Any]) -> Any:
        """The value of the document's only field.

        Raises:
            Refused: an error of the request.
        """
        content = orjson.dumps({"query": document, "variables": variables})
        response = await self._http.post(self._url, content=content, headers=self._headers)
        body: dict[str, Any] = orjson.loads(response.content)
        if errors := body.get("errors"):
            raise _refusal(errors[0])
        (value,) = body["data"].values()
        return value


def _refusal(error: Mapping[str, Any]) -> Refused:
    code = error.get("extensions", {}).get("code", "ERROR")
    return Refused(str(code), str(error.get("message", "")))


async def is_answering(url: str) -> bool:
    """Whether the service at `url` is ready."""
    async with httpx2.AsyncClient(timeout=5) as http:
        try:
            return (await http.get(f"{url}/ready")).is_success
        except httpx2.TransportError:
            return False


class Watch:
    """A subscription that comes back by its cursor when the connection breaks.

    `seen` gets each payload: the value of the document's only field.
    """

    def __init__(
        self,
        url: str,
        token: str,
        document: str,
        variables: Mapping[str, Any],
        seen: Callable[[Payload], None],
    ) -> None:
        self._address = f"{url.replace('http', 'ws', 1)}/graphql"
        self._token = token
        self._document = document
        self._variables = dict(variables)
        self._seen = seen
        self.started = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled, or the server refuses.

        Raises:
            Refused: the operation is not allowed, or not valid.
        """
        while True:
            try:
                async with connect(
                    self._address,
                    subprotocols=[PROTOCOL],
                    compression=None,
                    max_size=_LARGEST_MESSAGE,
                ) as connection:
                    try:
                        await self._follow(connection)
                    finally:
                        await connection.close()
            except ConnectionClosed as closed:
                if closed.rcvd is not None and closed.rcvd.code in _REFUSALS:
                    raise Refused(str(closed.rcvd.code), closed.rcvd.reason) from closed
            except (OSError, WebSocketException):
                pass
            await asyncio.sleep(_AGAIN_S)

    async def _follow(self, connection: ClientConnection) -> None:
        await _send(connection, "connection_init", {"authorization": f"Bearer {self._token}"})
        async for text in connection:
            message: dict[str, Any] = orjson.loads(text)
            match message["type"]:
                case "connection_ack":
                    payload = {"query": self._document, "variables": self._variables}
                    await _send(connection, "subscribe", payload, id="1")
                case "ping":
                    await _send(connection, "pong")
                case "next":
                    self._take(message["payload"])
                case "error":
                    raise _refusal(message["payload"][0])
                case "complete":
                    return
                case _:
                    pass

    def _take(self, result: Mapping[str, Any]) -> None:
        if errors := result.get("errors"):
            raise _refusal(errors[0])
        (payload,) = result["data"].values()
        self._variables["after"] = payload["cursor"]
        if payload["complete"]:
            self.started.set()
        self._seen(payload)


async def _send(
    connection: ClientConnection, type_: str, payload: object = None, **more: str
) -> None:
    message = {"type": type_, **more, **({} if payload is None else {"payload": payload})}
    await connection.send(orjson.dumps(message).decode())
