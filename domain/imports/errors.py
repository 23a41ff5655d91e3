"""Expected failures of imports."""

from collections.abc import Sequence

from domain.common.errors import DomainError


class EmptyFile(DomainError):
    """The file has not even a header."""

    code = "IMPORT_EMPTY_FILE"

    def __init__(self) -> None:
        super().__init__("the file is empty: its first line must name the columns")


class WrongHeader(DomainError):
    """The first line does not name the columns of this kind of file."""

    code = "IMPORT_WRONG_HEADER"

    def __init__(
        self,
        missing: Sequence[str],
        unknown: Sequence[str],
        twice: Sequence[str],
        known: Sequence[str],
    ) -> None:
        wrong = (("no column", missing), ("an unknown column", unknown), ("twice", twice))
        said = "; ".join(f"{what} {', '.join(names)}" for what, names in wrong if names)
        super().__init__(f"the first line has {said}. Known columns: {', '.join(known)}")
        self.missing = tuple(missing)
        self.unknown = tuple(unknown)
        self.twice = tuple(twice)


class NotText(DomainError):
    """The first line is not UTF-8, or no line of CSV at all."""

    code = "IMPORT_NOT_TEXT"

    def __init__(self) -> None:
        super().__init__("the file is not CSV in UTF-8")


class StagingLost(DomainError):
    """The rows of an unfinished job are gone: the database was restarted after a crash."""

    code = "IMPORT_STAGING_LOST"

    def __init__(self) -> None:
        super().__init__("the database lost the rows that waited: import the file again")
