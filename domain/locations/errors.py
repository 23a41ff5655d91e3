"""Expected failures of the locations area."""

from domain.common.errors import DomainError


class LocationCodeTaken(DomainError):
    """Another location has this code."""

    code = "LOCATION_CODE_TAKEN"

    def __init__(self, location_code: str) -> None:
        super().__init__(f"a location with code {location_code} exists")
        self.location_code = location_code
