"""Expected failures of the customers area. None of them repeats personal data."""

from domain.common.errors import DomainError
from domain.common.ids import CustomerId


class CustomerExists(DomainError):
    """Another record has this e-mail address, phone number or reference.

    `field` says which: `email`, `phone` or `references`. `customer_id` is that record, for staff;
    None for callers that may not learn it.
    """

    code = "CUSTOMER_EXISTS"

    def __init__(self, field: str, customer_id: CustomerId | None) -> None:
        super().__init__(f"another customer has this {field}")
        self.field = field
        self.customer_id = customer_id
