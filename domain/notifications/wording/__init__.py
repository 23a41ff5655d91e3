"""What messages say, in each language. A language without words of its own reads English."""

from collections.abc import Mapping

from domain.common.texts import DEFAULT_LANGUAGE
from domain.notifications.wording.english import ENGLISH
from domain.notifications.wording.italian import ITALIAN
from domain.notifications.wording.model import Language, Wording
from domain.notifications.wording.spanish import SPANISH

LANGUAGES: Mapping[str, Language] = {each.code: each for each in (ENGLISH, ITALIAN, SPANISH)}

__all__ = ["LANGUAGES", "Language", "Wording", "language_for"]


def language_for(tag: str) -> Language:
    """The words for a language tag such as `it-CH`: those of its language, else English ones."""
    return LANGUAGES.get(tag.partition("-")[0].lower(), LANGUAGES[DEFAULT_LANGUAGE])
