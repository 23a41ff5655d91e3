"""Refusals of the accounting area."""

from datetime import date

from domain.common.errors import DomainError


class DayAlreadyClosed(DomainError):
    """The business day is closed; a closed day is not opened again."""

    code = "DAY_ALREADY_CLOSED"

    def __init__(self, business_date: date) -> None:
        super().__init__(f"{business_date} is closed already, and is not opened again")
        self.business_date = business_date
