"""What mutations of customers answer."""

from typing import Annotated

import strawberry
from strawberry import relay

from domain.customers import errors
from schema.access import access
from schema.customers.types import Customer
from schema.errors import CommonError, Error, twin_of
from schema.ids import global_id


@access()
@strawberry.type(description="The new customer.")
class CreateCustomerPayload:
    customer: Customer = strawberry.field(description="The customer as it is now.")


@access()
@strawberry.type(description="The changed customer.")
class UpdateCustomerPayload:
    customer: Customer = strawberry.field(description="The customer as it is now.")


@access()
@strawberry.type(description="The customer with one more address.")
class AddCustomerAddressPayload:
    customer: Customer = strawberry.field(description="The customer as it is now.")
    address_id: strawberry.ID = strawberry.field(description="Id of the new address.")


@access()
@strawberry.type(description="The customer without the address.")
class RemoveCustomerAddressPayload:
    customer: Customer = strawberry.field(description="The customer as it is now.")


@access()
@strawberry.type(description="The customer with what holds now.")
class RecordConsentPayload:
    customer: Customer = strawberry.field(description="The customer as it is now.")


@access()
@strawberry.type(description="The customer with other segments.")
class SetCustomerSegmentsPayload:
    customer: Customer = strawberry.field(description="The customer as it is now.")


@access()
@strawberry.type(description="The customer with one more note, which head office can read.")
class AddCustomerNotePayload:
    customer: Customer = strawberry.field(description="The customer as it is now.")
    note_id: strawberry.ID = strawberry.field(description="Id of the new note.")


@twin_of(errors.CustomerExists)
@access()
@strawberry.type(description="Another customer has this e-mail address, phone number or reference.")
class CustomerExistsError(Error):
    """Twin of CustomerExists."""

    field: str = strawberry.field(description="Which of them: email, phone or references.")
    customer_id: relay.GlobalID | None = strawberry.field(
        description="The other customer, for staff; null for everybody else."
    )

    @staticmethod
    def of(error: errors.CustomerExists) -> "CustomerExistsError":
        """The twin."""
        other = error.customer_id
        return CustomerExistsError(
            code=error.code,
            message=error.message,
            field=error.field,
            customer_id=global_id("Customer", other) if other is not None else None,
        )


CreateCustomerResult = Annotated[
    CreateCustomerPayload | CustomerExistsError | CommonError,
    strawberry.union("CreateCustomerResult", description="The new customer, or why not."),
]
UpdateCustomerResult = Annotated[
    UpdateCustomerPayload | CustomerExistsError | CommonError,
    strawberry.union("UpdateCustomerResult", description="The changed customer, or why not."),
]
AddCustomerAddressResult = Annotated[
    AddCustomerAddressPayload | CommonError,
    strawberry.union("AddCustomerAddressResult", description="The changed customer, or why not."),
]
RemoveCustomerAddressResult = Annotated[
    RemoveCustomerAddressPayload | CommonError,
    strawberry.union(
        "RemoveCustomerAddressResult", description="The changed customer, or why not."
    ),
]
RecordConsentResult = Annotated[
    RecordConsentPayload | CommonError,
    strawberry.union("RecordConsentResult", description="The changed customer, or why not."),
]
AddCustomerNoteResult = Annotated[
    AddCustomerNotePayload | CommonError,
    strawberry.union("AddCustomerNoteResult", description="The changed customer, or why not."),
]

SetCustomerSegmentsResult = Annotated[
    SetCustomerSegmentsPayload | CommonError,
    strawberry.union("SetCustomerSegmentsResult", description="What setCustomerSegments answers."),
]
