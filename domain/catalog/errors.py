"""Expected failures of the catalogue."""

from datetime import datetime

from domain.common.errors import DomainError


class ChannelCodeTaken(DomainError):
    """Another channel has this code."""

    code = "CHANNEL_CODE_TAKEN"

    def __init__(self, channel_code: str) -> None:
        super().__init__(f"a channel with code {channel_code} exists")
        self.channel_code = channel_code


class ProductCodeTaken(DomainError):
    """Another product has this code."""

    code = "PRODUCT_CODE_TAKEN"

    def __init__(self, product_code: str) -> None:
        super().__init__(f"a product with code {product_code} exists")
        self.product_code = product_code


class SkuTaken(DomainError):
    """Another variant has this SKU."""

    code = "SKU_TAKEN"

    def __init__(self, sku: str) -> None:
        super().__init__(f"a variant with SKU {sku} exists")
        self.sku = sku


class BarcodeTaken(DomainError):
    """Another variant has this barcode."""

    code = "BARCODE_TAKEN"

    def __init__(self, barcode: str) -> None:
        super().__init__(f"a variant with barcode {barcode} exists")
        self.barcode = barcode


class KitNesting(DomainError):
    """A kit would contain a kit. `sku` is the variant that cannot be in both places."""

    code = "KIT_NESTING"

    def __init__(self, sku: str) -> None:
        super().__init__(f"{sku} cannot be a kit and a component of a kit")
        self.sku = sku


class PriceOverlap(DomainError):
    """Another price is valid in a part of the period; its limits, if they are known."""

    code = "PRICE_OVERLAP"

    def __init__(
        self, valid_from: datetime | None = None, valid_to: datetime | None = None
    ) -> None:
        super().__init__("another price is valid in a part of this period")
        self.valid_from = valid_from
        self.valid_to = valid_to


class TaxRateOverlap(DomainError):
    """Another rate is valid in a part of the period; its limits, if they are known."""

    code = "TAX_RATE_OVERLAP"

    def __init__(
        self, valid_from: datetime | None = None, valid_to: datetime | None = None
    ) -> None:
        super().__init__("another tax rate is valid in a part of this period")
        self.valid_from = valid_from
        self.valid_to = valid_to
