"""What the outside may ask of customers."""

from uuid import UUID

import strawberry
from strawberry import relay

from domain.common.errors import ValidationFailed
from domain.common.ids import ChannelCode, CustomerId, LocationId
from domain.common.patch import KEEP, Keep
from domain.customers.addresses import AddCustomerAddress, RemoveCustomerAddress
from domain.customers.consents import RecordConsent
from domain.customers.model import AddressId, Reference
from domain.customers.notes import AddCustomerNote
from domain.customers.register import CreateCustomer, UpdateCustomer
from domain.customers.segments import SetCustomerSegments
from schema.customers.enums import ConsentPurpose
from schema.ids import id_of
from schema.inputs import KEY, VERSION, given

_CUSTOMER = "The customer."
_COUNTRY = "ISO 3166-1 alpha-2 code of the country whose national form `phone` is in."


@strawberry.input(description="The name that another system has for a customer.")
class CustomerReferenceInput:
    source: str = strawberry.field(
        description="The channel or system, 1 to 128 characters; for an integration one of its "
        "channels."
    )
    reference: str = strawberry.field(description="Its name for the customer, 1 to 128 characters.")

    def to_domain(self) -> Reference:
        """The reference, not yet checked."""
        return Reference(self.source, self.reference)


@strawberry.input(description="A new customer. At least a name, e-mail, phone or reference.")
class CreateCustomerInput:
    idempotency_key: str = strawberry.field(description=KEY)
    channel: str = strawberry.field(description="Code of the channel that met the customer.")
    email: str | None = strawberry.field(default=None, description="E-mail address.")
    phone: str | None = strawberry.field(
        default=None, description="Phone number, with its country code or in national form."
    )
    country: str | None = strawberry.field(default=None, description=_COUNTRY)
    first_name: str = strawberry.field(default="", description="At most 100 characters.")
    last_name: str = strawberry.field(default="", description="At most 100 characters.")
    language: str = strawberry.field(default="en", description="Preferred language, such as it.")
    preferred_location_id: relay.GlobalID | None = strawberry.field(
        default=None, description="The preferred store."
    )
    references: list[CustomerReferenceInput] = strawberry.field(
        default_factory=list[CustomerReferenceInput],
        description="Names that other systems have for the customer, at most 20.",
    )

    def to_domain(self) -> CreateCustomer:
        """The command.

        Raises:
            ValidationFailed: the id is not that of a location.
        """
        return CreateCustomer(
            idempotency_key=self.idempotency_key,
            channel=ChannelCode(self.channel),
            email=self.email,
            phone=self.phone,
            country=self.country,
            first_name=self.first_name,
            last_name=self.last_name,
            language=self.language,
            preferred_location_id=_location(self.preferred_location_id),
            references=tuple(each.to_domain() for each in self.references),
        )


@strawberry.input(description="Other values for a customer. What is left out stays as it is.")
class UpdateCustomerInput:
    idempotency_key: str = strawberry.field(description=KEY)
    id: relay.GlobalID = strawberry.field(description=_CUSTOMER)
    expected_version: int | None = strawberry.field(default=None, description=VERSION)
    email: strawberry.Maybe[str | None] = strawberry.field(
        description="E-mail address; null for none. Not for customers themselves."
    )
    phone: strawberry.Maybe[str | None] = strawberry.field(
        description="Phone number; null for none. Not for customers themselves."
    )
    country: str | None = strawberry.field(default=None, description=_COUNTRY)
    first_name: strawberry.Maybe[str] = strawberry.field(description="At most 100 characters.")
    last_name: strawberry.Maybe[str] = strawberry.field(description="At most 100 characters.")
    language: strawberry.Maybe[str] = strawberry.field(
        description="Preferred language, such as it."
    )
    preferred_location_id: strawberry.Maybe[relay.GlobalID | None] = strawberry.field(
        description="The preferred store; null for none."
    )
    add_references: list[CustomerReferenceInput] = strawberry.field(
        default_factory=list[CustomerReferenceInput],
        description="More names that other systems have for the customer. Not for customers "
        "themselves.",
    )

    def to_domain(self) -> UpdateCustomer:
        """The command.

        Raises:
            ValidationFailed: an id is not that of a customer or location.
        """
        return UpdateCustomer(
            idempotency_key=self.idempotency_key,
            customer_id=_customer(self.id),
            expected_version=self.expected_version,
            email=given(self.email),
            phone=given(self.phone),
            country=self.country,
            first_name=given(self.first_name),
            last_name=given(self.last_name),
            language=given(self.language),
            preferred_location_id=self._preferred(),
            add_references=tuple(each.to_domain() for each in self.add_references),
        )

    def _preferred(self) -> LocationId | Keep | None:
        if self.preferred_location_id is None:
            return KEEP
        return _location(self.preferred_location_id.value)


@strawberry.input(description="One more address of a customer. Lines have at most 200 characters.")
class AddCustomerAddressInput:
    idempotency_key: str = strawberry.field(description=KEY)
    customer_id: relay.GlobalID = strawberry.field(description=_CUSTOMER)
    recipient: str = strawberry.field(description="Who receives parcels there.")
    street: str = strawberry.field(description="Street and house number.")
    city: str = strawberry.field(description="Town.")
    country: str = strawberry.field(description="ISO 3166-1 alpha-2 code, such as IT.")
    postal_code: str = strawberry.field(default="", description="Postal code.")
    region: str = strawberry.field(default="", description="Province or state.")
    label: str = strawberry.field(
        default="", description="What the customer calls it, at most 100 characters."
    )
    is_default: bool = strawberry.field(
        default=False,
        description="Whether it is used unless told otherwise. The first of all is in any case.",
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> AddCustomerAddress:
        """The command.

        Raises:
            ValidationFailed: the id is not that of a customer.
        """
        return AddCustomerAddress(
            idempotency_key=self.idempotency_key,
            customer_id=_customer(self.customer_id, "customerId"),
            recipient=self.recipient,
            street=self.street,
            city=self.city,
            postal_code=self.postal_code,
            country=self.country,
            region=self.region,
            label=self.label,
            is_default=self.is_default,
            expected_version=self.expected_version,
        )


@strawberry.input(description="An address that a customer has no longer.")
class RemoveCustomerAddressInput:
    idempotency_key: str = strawberry.field(description=KEY)
    customer_id: relay.GlobalID = strawberry.field(description=_CUSTOMER)
    address_id: strawberry.ID = strawberry.field(description="The address.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> RemoveCustomerAddress:
        """The command.

        Raises:
            ValidationFailed: an id is not that of a customer or address.
        """
        try:
            address_id = AddressId(UUID(self.address_id))
        except ValueError as error:
            raise ValidationFailed("addressId", "is not the id of an address") from error
        return RemoveCustomerAddress(
            idempotency_key=self.idempotency_key,
            customer_id=_customer(self.customer_id, "customerId"),
            address_id=address_id,
            expected_version=self.expected_version,
        )


@strawberry.input(description="A customer gave or took back consent.")
class RecordConsentInput:
    idempotency_key: str = strawberry.field(description=KEY)
    customer_id: relay.GlobalID = strawberry.field(description=_CUSTOMER)
    purpose: ConsentPurpose = strawberry.field(description="What it is about.")
    granted: bool = strawberry.field(description="Whether the customer agrees.")
    source: str = strawberry.field(
        description="Where it happened, such as a form or the checkout; 1 to 128 characters."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> RecordConsent:
        """The command.

        Raises:
            ValidationFailed: the id is not that of a customer.
        """
        return RecordConsent(
            idempotency_key=self.idempotency_key,
            customer_id=_customer(self.customer_id, "customerId"),
            purpose=self.purpose,
            granted=self.granted,
            source=self.source,
            expected_version=self.expected_version,
        )


@strawberry.input(description="Which segments a customer belongs to.")
class SetCustomerSegmentsInput:
    idempotency_key: str = strawberry.field(description=KEY)
    customer_id: relay.GlobalID = strawberry.field(description=_CUSTOMER)
    segments: list[str] = strawberry.field(
        description="All of them, at most 50: small letters, digits, `_` and `-`."
    )
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> SetCustomerSegments:
        """The command.

        Raises:
            ValidationFailed: the id is not that of a customer.
        """
        return SetCustomerSegments(
            idempotency_key=self.idempotency_key,
            customer_id=_customer(self.customer_id, "customerId"),
            segments=tuple(self.segments),
            expected_version=self.expected_version,
        )


@strawberry.input(description="What staff should know of a customer. Never a card number.")
class AddCustomerNoteInput:
    idempotency_key: str = strawberry.field(description=KEY)
    customer_id: relay.GlobalID = strawberry.field(description=_CUSTOMER)
    text: str = strawberry.field(description="1 to 4,000 characters; line breaks stay.")
    expected_version: int | None = strawberry.field(default=None, description=VERSION)

    def to_domain(self) -> AddCustomerNote:
        """The command.

        Raises:
            ValidationFailed: the id is not that of a customer.
        """
        return AddCustomerNote(
            idempotency_key=self.idempotency_key,
            customer_id=_customer(self.customer_id, "customerId"),
            text=self.text,
            expected_version=self.expected_version,
        )


def _customer(global_id: relay.GlobalID, field: str = "id") -> CustomerId:
    return CustomerId(id_of(global_id, "Customer", field))


def _location(global_id: relay.GlobalID | None) -> LocationId | None:
    if global_id is None:
        return None
    return LocationId(id_of(global_id, "Location", "preferredLocationId"))
