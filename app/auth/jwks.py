"""The keys that an issuer publishes (JWKS, RFC 7517): fetched, cached, and kept through outages."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlsplit

import httpx2
import orjson
import structlog
from jwt import PyJWTError
from jwt.api_jwk import PyJWK

from app.auth.errors import IssuerUnavailable
from app.auth.tokens import Key, key_of_jwk
from app.settings import SettingsError

_FRESH_S = 600.0
_OLDEST_S = 86_400.0
_BETWEEN_FETCHES_S = 60.0
_RETRY_S = 5.0
_TIMEOUT_S = 3.0
_MAX_BYTES = 262_144
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

log = structlog.get_logger("unico.auth")


class RemoteKeys:
    """A `KeySource` over a JWKS URL.

    Keys are fresh for ten minutes, then fetched again in the background; while that fails, the old
    ones serve for a day. A key id that is not known causes a fetch at most once a minute.
    """

    def __init__(
        self,
        url: str,
        algorithms: frozenset[str],
        client: httpx2.AsyncClient,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = _checked(url)
        self._algorithms = algorithms
        self._client = client
        self._clock = clock
        self._keys: dict[str, Key] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._failed = False
        self._lock = asyncio.Lock()
        self._refresh: asyncio.Task[None] | None = None

    async def find(self, kid: str | None) -> Key | None:
        """The key of that id; without an id the only key, if there is only one.

        Raises:
            IssuerUnavailable: there are no keys, or they are older than a day.
        """
        age = self._clock() - self._fetched_at
        if age > _OLDEST_S:
            await self._fetch()
        elif age > _FRESH_S:
            self._fetch_in_background()
        found = self._find(kid)
        if found is None and await self._fetch():
            found = self._find(kid)
        if self._clock() - self._fetched_at > _OLDEST_S:
            raise IssuerUnavailable("the keys of the token issuer cannot be fetched")
        return found

    async def close(self) -> None:
        """No fetch is running any more."""
        if self._refresh is not None:
            self._refresh.cancel()
            await asyncio.gather(self._refresh, return_exceptions=True)

    def _find(self, kid: str | None) -> Key | None:
        if kid is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(kid)

    def _fetch_in_background(self) -> None:
        async def refresh() -> None:
            await self._fetch()

        if self._refresh is None or self._refresh.done():
            self._refresh = asyncio.create_task(refresh(), name="jwks-refresh")

    async def _fetch(self) -> bool:
        """Whether the keys are new now; nothing is asked twice within the pause."""
        before = self._fetched_at
        async with self._lock:
            if self._fetched_at != before:
                return True
            pause = _RETRY_S if self._failed else _BETWEEN_FETCHES_S
            if self._clock() - self._tried_at < pause:
                return False
            self._tried_at = self._clock()
            try:
                self._keys = self._usable(await self._download())
            except (httpx2.HTTPError, ValueError) as error:
                self._failed = True
                log.warning("issuer keys not fetched", url=self._url, reason=repr(error))
                return False
            self._failed, self._fetched_at = False, self._clock()
            return True

    async def _download(self) -> list[Any]:
        body = bytearray()
        request = self._client.stream("GET", self._url, timeout=_TIMEOUT_S, follow_redirects=False)
        async with request as response:
            if response.status_code != 200:
                raise ValueError(f"status {response.status_code}")
            async for part in response.aiter_bytes():
                body += part
                if len(body) > _MAX_BYTES:
                    raise ValueError("the answer is too long")
        document = orjson.loads(body)
        if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
            raise ValueError("the answer is not a JWKS")
        return cast("list[Any]", document["keys"])

    def _usable(self, entries: list[Any]) -> dict[str, Key]:
        """Signature keys of allowed algorithms, by id; others are passed over."""
        keys: dict[str, Key] = {}
        for entry in entries:
            if not isinstance(entry, dict):
                continue
            try:
                jwk = PyJWK(cast("dict[str, Any]", entry))
            except (PyJWTError, ValueError, TypeError):
                continue
            if jwk.algorithm_name in self._algorithms and jwk.public_key_use in (None, "sig"):
                keys[str(jwk.key_id)] = key_of_jwk(jwk)
        return keys


def _checked(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise SettingsError("UNICO_JWKS_URL must start with https://")
    return url
