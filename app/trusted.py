"""Trusted documents: those that the clients were built with, known by their hash (ADR 0026).

A manifest is a JSON object {hash: document}. A request names a document by `documentId`
("sha256:<hex>", as the draft of GraphQL over HTTP has it) or, as Apollo clients do, by
`extensions.persistedQuery.sha256Hash`.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import orjson
from graphql import GraphQLError

from app.settings import SettingsError

_PREFIX = "sha256:"
_ID = re.compile(rf"(?:{_PREFIX})?([0-9a-f]{{64}})")


class Manifest:
    """The trusted documents by the hex form of their hash. Without any, every id is unknown."""

    def __init__(self, texts: Mapping[str, str] | None = None) -> None:
        self.texts = dict(texts or {})

    @classmethod
    def load(cls, path: Path) -> "Manifest":
        """The manifest in a file.

        Raises:
            SettingsError: it cannot be read, or a hash is not that of its document.
        """
        try:
            found = orjson.loads(path.read_bytes())
        except (OSError, orjson.JSONDecodeError) as error:
            raise SettingsError(f"UNICO_TRUSTED_DOCUMENTS: {path} cannot be read") from error
        if not isinstance(found, dict):
            raise SettingsError(f"UNICO_TRUSTED_DOCUMENTS: {path} must hold a JSON object")
        texts: dict[str, str] = {}
        for key, text in cast("dict[str, Any]", found).items():
            named = _ID.fullmatch(key)
            if named is None or not isinstance(text, str) or named[1] != digest(text):
                raise SettingsError(f"UNICO_TRUSTED_DOCUMENTS: {key} is not the hash of its text")
            texts[named[1]] = text
        return cls(texts)

    @classmethod
    def of(cls, texts: list[str]) -> "Manifest":
        """The manifest of these documents."""
        return cls({digest(text): text for text in texts})

    def as_json(self) -> bytes:
        """The manifest as it stands in a file: sorted, so that equal ones are equal files."""
        named = {_PREFIX + key: self.texts[key] for key in sorted(self.texts)}
        return orjson.dumps(named, option=orjson.OPT_INDENT_2) + b"\n"

    def resolve(self, payload: Mapping[str, Any]) -> str | GraphQLError:
        """The text of the document that a request names or brings, or why there is none.

        Codes: BAD_REQUEST for a request that says nothing, or two different things;
        PERSISTED_DOCUMENT_NOT_FOUND for an id that nobody knows.
        """
        query, wanted = payload.get("query"), _named(payload)
        if not isinstance(query, str | None) or not isinstance(wanted, str | None):
            return _refused("BAD_REQUEST", "query and documentId must be texts")
        if wanted is None:
            return query or _refused("BAD_REQUEST", "give a query or a documentId")
        key = _ID.fullmatch(wanted)
        if query:
            if key is None or key[1] != digest(query):
                return _refused("BAD_REQUEST", "query and documentId are not the same document")
            return query
        text = self.texts.get(key[1]) if key else None
        if text is None:
            return _refused("PERSISTED_DOCUMENT_NOT_FOUND", "no document has this id")
        return text


def digest(text: str) -> str:
    """The SHA-256 of a document's text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _named(payload: Mapping[str, Any]) -> object:
    """The document's id in the request, whichever of the two ways it is given in."""
    wanted = payload.get("documentId")
    if wanted is not None:
        return wanted
    extensions: Any = payload.get("extensions")
    persisted: Any = extensions.get("persistedQuery") if isinstance(extensions, dict) else None
    return cast(Any, persisted).get("sha256Hash") if isinstance(persisted, dict) else None


def _refused(code: str, message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code})
