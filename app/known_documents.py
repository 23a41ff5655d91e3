"""What is known of GraphQL documents: parsed, measured, validated and priced once, then remembered.

Used by the extension that guards operations (`app.limits`) and by everything else that needs to
know a document before it runs.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    parse,
    specified_rules,
)
from strawberry.schema.schema import validate_document

from app import documents
from app.card_guard import card_in_document
from app.documents import TooComplex
from app.page_cost import Shape, shape_of

MAX_TOKENS = 1_000

_CACHED = 500
LONGEST_KEPT = 20_000
_RULES = tuple(specified_rules)


@dataclass(frozen=True, slots=True)
class Known:
    """A document that was parsed, measured and validated before."""

    document: DocumentNode
    introspects: bool
    shape: Shape
    is_trusted: bool = False


class DocumentCache:
    """The good documents used last, by their text: at most 500 of at most 20,000 characters."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Known] = OrderedDict()

    def get(self, text: str | None) -> Known | None:
        """What is known of the document."""
        if text is None or (known := self._known.get(text)) is None:
            return None
        self._known.move_to_end(text)
        return known

    def put(self, text: str | None, known: Known) -> None:
        """Remember a good document; the one that was not used for longest may be forgotten."""
        if text is None or len(text) > LONGEST_KEPT:
            return
        self._known[text] = known
        if len(self._known) > _CACHED:
            self._known.popitem(last=False)


class Documents:
    """The documents of one schema."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._cache = DocumentCache()
        self._trusted: dict[str | None, Known] = {}

    def get(self, text: str | None) -> Known | None:
        """What is known of the document already."""
        return self._trusted.get(text) or self._cache.get(text)

    def trust(self, text: str) -> list[GraphQLError]:
        """The document is trusted and never forgotten, unless it is no good: then why."""
        found = self.known(text)
        if isinstance(found, list):
            return found
        self._trusted[text] = replace(found, is_trusted=True)
        return []

    def known(self, text: str) -> Known | list[GraphQLError]:
        """What is known of the document, or why it is no good: syntax, limits or validation."""
        if (found := self.get(text)) is not None:
            return found
        try:
            document = parse(text, max_tokens=MAX_TOKENS)
        except GraphQLError as error:
            return [error]
        return self.learn(text, document)

    def learn(
        self,
        text: str | None,
        document: DocumentNode,
        rules: tuple[type[ASTValidationRule], ...] = _RULES,
    ) -> Known | list[GraphQLError]:
        """What is known of a parsed document from now on, or why it is no good."""
        if (refusal := card_in_document(document)) is not None:
            return [refusal]
        try:
            measure = documents.check(document)
        except TooComplex as error:
            return [GraphQLError(str(error), extensions={"code": "DOCUMENT_TOO_COMPLEX"})]
        if errors := validate_document(self._schema, document, rules):
            return errors
        known = Known(document, measure.introspects, shape_of(self._schema, document))
        self._cache.put(text, known)
        return known
