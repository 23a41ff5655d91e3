"""GraphQL at one address: POST with JSON, event streams (SSE), WebSockets, and GraphiQL's page."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, cast
from uuid import uuid4

import orjson
from cross_web import AsyncHTTPRequestAdapter, HTTPException
from graphql import GraphQLError, OperationType, get_operation_ast, parse
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import MissingQueryError
from strawberry.http import GraphQLHTTPResponse, GraphQLRequestData, GraphQLRequestProtocol
from strawberry.http.base import BaseRequestProtocol
from strawberry.http.streaming import (
    HTTPStreamTransport,
    SSETransport,
    merge_stream_with_heartbeat,
)
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.subscriptions import GRAPHQL_SSE_PROTOCOL, GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.graphql import OperationType as Kind

from app import graphiql
from app.answers import issuer_unavailable, refusal, rejected
from app.auth.authenticate import Authenticator
from app.auth.errors import IssuerUnavailable, TokenRejected
from app.graphql_ws import Socket, SocketAdapter
from app.known_documents import MAX_TOKENS
from app.live.events import SharedEvents
from app.live.sharing import Sharing
from app.logging import current_correlation_id
from app.resources import Resources
from app.schema import Schema
from domain.identity.model import Actor
from schema.context import Context
from subscriptions.fanout import Fanout

_JSON_TYPES = frozenset(
    {"application/json", "application/graphql-response+json", "application/*", "*/*"}
)
_SESSION_OVER = {"code": "UNAUTHENTICATED"}


class EventStream(SSETransport):
    """GraphQL over SSE, distinct connections mode (graphql-sse). No mutations: a client that hangs
    up would cancel them halfway.
    """

    def allowed_operation_types(self, allowed_operation_types: set[Kind]) -> Iterable[Kind]:
        """All but mutations."""
        return allowed_operation_types - {Kind.MUTATION}


class GraphQLView(GraphQL[Context, None]):
    """The ASGI application at `/graphql`."""

    websocket_adapter_class = SocketAdapter
    graphql_transport_ws_handler_class = Socket
    stream_transport_classes_by_protocol: Mapping[str, type[HTTPStreamTransport]] = (
        MappingProxyType({GRAPHQL_SSE_PROTOCOL: EventStream})
    )

    def __init__(self, schema: Schema, resources: Resources) -> None:
        settings = resources.settings
        super().__init__(
            schema,
            graphql_ide="graphiql" if settings.graphiql else None,
            allow_queries_via_get=False,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL, GRAPHQL_SSE_PROTOCOL),
            connection_init_wait_timeout=timedelta(seconds=settings.connection_init_timeout_s),
            max_subscriptions_per_connection=settings.max_subscriptions,
            allowed_origins=settings.allowed_origins,
        )
        self._body_timeout_s = settings.operation_timeout_s
        self._resources = resources
        self.sharing = Sharing(schema)

    @property
    def fanout(self) -> Fanout:
        """Where shared subscriptions are served."""
        return self._resources.fanout

    @property
    def authenticator(self) -> Authenticator:
        """Tells who is calling."""
        return self._resources.authenticator

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or one socket."""
        if scope["type"] == "websocket":
            await super().__call__(scope, receive, send)
            return
        try:
            response = await self._answer(Request(scope, receive))
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            return await self.run(request)
        except HTTPException as error:
            return refusal(error.status_code, error.reason)
        except GraphQLError as error:
            return refusal(200, error.message, code=str((error.extensions or {})["code"]))
        except TokenRejected as error:
            return rejected(error)
        except IssuerUnavailable as error:
            return issuer_unavailable(error)

    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> Context:
        """The context of a request; a socket's gets its actor when it authenticates.

        Raises:
            TokenRejected: the request has a bad token. Without any it is anonymous.
            IssuerUnavailable: the token cannot be checked now.
        """
        del response
        is_socket = isinstance(request, WebSocket)
        header = None if is_socket else request.headers.get("authorization")
        actor = await self.authenticator.actor(header)
        correlation_id = current_correlation_id() or uuid4().hex
        request.state.actor = actor
        return Context(self._resources.services, actor, correlation_id, websocket=is_socket)

    def should_render_graphql_ide(self, request: BaseRequestProtocol) -> bool:
        """Whether a browser asks for the page, and there is one."""
        accept = request.headers.get("accept", "")
        return request.method == "GET" and bool(self.graphql_ide) and "text/html" in accept

    async def render_graphql_ide(self, request: Request) -> Response:
        """GraphiQL's page."""
        del request
        return HTMLResponse(graphiql.PAGE, headers=graphiql.HEADERS)

    async def parse_http_body(self, request: AsyncHTTPRequestAdapter) -> GraphQLRequestData:
        """The one operation in the body of a POST.

        Raises:
            HTTPException: it is not a POST, not JSON, or not an operation.
            GraphQLError: it names a document that is not known.
        """
        if request.method != "POST":
            raise HTTPException(405, "send a POST")
        essence = (request.content_type or "").partition(";")[0].strip().lower()
        if essence != "application/json":
            raise HTTPException(415, "the content type must be application/json")
        try:
            async with asyncio.timeout(self._body_timeout_s):
                body = await request.get_body()
        except TimeoutError as error:
            raise HTTPException(408, "the body did not arrive in time") from error
        data = _object(self.parse_json(body))
        text = cast(Schema, self.schema).manifest.resolve(data)
        if isinstance(text, GraphQLError):
            if (text.extensions or {})["code"] == "BAD_REQUEST":
                raise HTTPException(400, text.message)
            raise text
        return _operation({**data, "query": text}, request.headers.get("accept", ""))

    def decode_json(self, data: str | bytes) -> object:
        """The parsed JSON text."""
        return orjson.loads(data)

    def encode_json(self, data: object) -> str:
        """JSON as text: bytes would become binary WebSocket frames, which clients reject."""
        return orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS).decode()

    def create_response(
        self,
        response_data: GraphQLHTTPResponse | list[GraphQLHTTPResponse],
        sub_response: Response,
    ) -> Response:
        """The result as JSON."""
        del sub_response
        content = orjson.dumps(response_data, option=orjson.OPT_NON_STR_KEYS)
        return Response(content, media_type="application/json")

    async def execute_operation(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,
        request_data: GraphQLRequestData | list[GraphQLRequestData],
        context: Context,
        root_value: None,
        sub_response: Response,
    ) -> Any:
        """The result, or the results of a stream; a subscription is shared if it can be."""
        data = cast(GraphQLRequestData, request_data)
        if data.protocol == EventStream.protocol and data.query is not None:
            shared = await self.sharing.admit(
                data.query, data.variables, data.operation_name, context
            )
            if shared is not None:
                return SharedEvents(shared, self.fanout, context.correlation_id)
        return await super().execute_operation(
            request, request_adapter, request_data, context, root_value, sub_response
        )

    async def _create_streaming_response(
        self,
        request: Request,
        result: Any,
        protocol: GraphQLRequestProtocol,
        sub_response: Response,
    ) -> Response:
        if not isinstance(result, SharedEvents):
            return await super()._create_streaming_response(request, result, protocol, sub_response)
        transport = EventStream()
        stream = merge_stream_with_heartbeat(
            result.chunks,
            lambda: transport.heartbeat_message(self.encode_json),
            interval=transport.heartbeat_interval,
            send_initial_heartbeat=transport.send_initial_heartbeat,
        )
        return await self.create_streaming_response(
            request, stream, sub_response, headers=transport.headers
        )

    async def execute_single(
        self,
        request: Request,
        request_adapter: AsyncHTTPRequestAdapter,
        sub_response: Response,
        context: Context,
        root_value: None,
        request_data: GraphQLRequestData,
    ) -> ExecutionResult:
        """The result of a query or mutation.

        Raises:
            HTTPException: there is no such operation, or it is a subscription.
        """
        try:
            return await self.schema.execute(
                request_data.query,
                variable_values=request_data.variables,
                context_value=context,
                operation_name=request_data.operation_name,
                operation_extensions=request_data.extensions,
                allowed_operation_types={Kind.QUERY, Kind.MUTATION},
            )
        except InvalidOperationTypeError as error:
            message = "subscriptions need accept: text/event-stream, or a WebSocket"
            raise HTTPException(400, message) from error
        except (CannotGetOperationTypeError, MissingQueryError) as error:
            raise HTTPException(400, "the request names no operation") from error

    async def create_streaming_response(
        self,
        request: Request | WebSocket,
        stream: Callable[[], AsyncIterator[str]],
        sub_response: Response,
        headers: Mapping[str, str],
    ) -> Response:
        """The event stream, which ends with an error when the caller's session does."""
        actor: Actor | None = request.state.actor
        source = cast(Callable[[], AsyncGenerator[str]], stream)

        def guarded() -> AsyncGenerator[str]:
            return self._while_valid(source(), actor) if actor else source()

        return await super().create_streaming_response(request, guarded, sub_response, headers)

    async def _while_valid(self, chunks: AsyncGenerator[str], actor: Actor) -> AsyncGenerator[str]:
        """The chunks, until the actor's token expires or is revoked."""
        over: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        watch = self.authenticator.sessions.watch(actor, over.set_result)
        following: asyncio.Future[str] | None = None
        try:
            while True:
                following = asyncio.ensure_future(anext(chunks))
                await asyncio.wait({following, over}, return_when=asyncio.FIRST_COMPLETED)
                if over.done():
                    yield self._session_over(over.result())
                    return
                try:
                    yield following.result()
                except StopAsyncIteration:
                    return
        finally:
            watch.close()
            if following is not None:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
            await chunks.aclose()

    def _session_over(self, reason: str) -> str:
        stream = EventStream()
        error = GraphQLError(reason, extensions=_SESSION_OVER)
        last: GraphQLHTTPResponse = {"data": None, "errors": [error.formatted]}
        return stream.encode_next(last, self.encode_json) + stream.encode_complete()


def _object(data: object) -> dict[str, Any]:
    if isinstance(data, list):
        raise HTTPException(400, "batches are not accepted: send one operation")
    if not isinstance(data, dict):
        raise HTTPException(400, "the body must be a JSON object")
    return cast("dict[str, Any]", data)


def _operation(data: dict[str, Any], accept: str) -> GraphQLRequestData:
    for name, kind in (
        ("query", str),
        ("operationName", str),
        ("variables", dict),
        ("extensions", dict),
    ):
        if not isinstance(data.get(name), kind | None):
            raise HTTPException(400, f"{name} must be {'a text' if kind is str else 'an object'}")
    query, operation_name = data.get("query"), data.get("operationName")
    return GraphQLRequestData(
        query=query,
        variables=data.get("variables"),
        operation_name=operation_name,
        extensions=data.get("extensions"),
        protocol="sse" if _wants_stream(accept, query, operation_name) else "http",
    )


def _wants_stream(accept: str, query: str | None, operation_name: str | None) -> bool:
    """Whether to answer with an event stream. Clients that also take JSON (urql sends both with
    everything) get one for subscriptions only.
    """
    types = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    if "text/event-stream" not in types:
        return False
    if not types & _JSON_TYPES:
        return True
    if query is None or "subscription" not in query:
        return False
    try:
        operation = get_operation_ast(parse(query, max_tokens=MAX_TOKENS), operation_name)
    except GraphQLError:
        return False
    return operation is not None and operation.operation is OperationType.SUBSCRIPTION
