"""What stands on invoices and credit notes in Italian, Spanish and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from domain.accounting.documents import DocumentKind
from domain.accounting.model import ShareKind


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of one language; `locale` says how dates and amounts are written."""

    locale: str
    titles: Mapping[DocumentKind, str]
    kinds: Mapping[ShareKind, str]
    tenders: Mapping[str, str]
    tax_number: str
    issued: str
    supplied: str
    order: str
    due: str
    corrects: str
    bill_to: str
    description: str
    quantity: str
    price: str
    discount: str
    rate: str
    amount: str
    net: str
    tax: str
    total: str
    with_tax: str
    without_tax: str
    paid: str
    page: str


_ITALIAN = Wording(
    locale="it_IT",
    titles={DocumentKind.INVOICE: "Fattura", DocumentKind.CREDIT_NOTE: "Nota di credito"},
    kinds={
        ShareKind.SHIPPING: "Spedizione",
        ShareKind.FEE: "Spese di reso trattenute",
        ShareKind.ALLOWANCE: "Abbuono",
    },
    tenders={
        "CARD": "Carta", "CASH": "Contanti", "TERMINAL": "POS", "EXTERNAL": "Marketplace",
        "GIFT_CARD": "Carta regalo", "STORE_CREDIT": "Buono", "CHEQUE": "Assegno",
        "BANK_TRANSFER": "Bonifico", "ON_ACCOUNT": "In conto", "EXCHANGE_CREDIT": "Cambio merce",
    },
    tax_number="P. IVA",
    issued="Data",
    supplied="Data della fornitura",
    order="Ordine",
    due="Scadenza",
    corrects="Rettifica",
    bill_to="Destinatario",
    description="Descrizione",
    quantity="Q.tà",
    price="Prezzo",
    discount="Sconto",
    rate="IVA",
    amount="Importo",
    net="Imponibile",
    tax="IVA",
    total="Totale",
    with_tax="Prezzi e importi sono IVA inclusa.",
    without_tax="Prezzi e importi sono IVA esclusa.",
    paid="Pagamento",
    page="pagina",
)  # fmt: skip
_SPANISH = Wording(
    locale="es_ES",
    titles={
        DocumentKind.INVOICE: "Factura",
        DocumentKind.CREDIT_NOTE: "Factura rectificativa",
    },
    kinds={
        ShareKind.SHIPPING: "Envío",
        ShareKind.FEE: "Gastos de devolución retenidos",
        ShareKind.ALLOWANCE: "Rebaja",
    },
    tenders={
        "CARD": "Tarjeta", "CASH": "Efectivo", "TERMINAL": "Datáfono", "EXTERNAL": "Marketplace",
        "GIFT_CARD": "Tarjeta regalo", "STORE_CREDIT": "Vale", "CHEQUE": "Cheque",
        "BANK_TRANSFER": "Transferencia", "ON_ACCOUNT": "A cuenta", "EXCHANGE_CREDIT": "Cambio",
    },
    tax_number="NIF",
    issued="Fecha",
    supplied="Fecha de la entrega",
    order="Pedido",
    due="Vencimiento",
    corrects="Rectifica",
    bill_to="Destinatario",
    description="Descripción",
    quantity="Cant.",
    price="Precio",
    discount="Descuento",
    rate="IVA",
    amount="Importe",
    net="Base imponible",
    tax="IVA",
    total="Total",
    with_tax="Precios e importes con IVA incluido.",
    without_tax="Precios e importes sin IVA.",
    paid="Pago",
    page="página",
)  # fmt: skip
_ENGLISH = Wording(
    locale="en_GB",
    titles={DocumentKind.INVOICE: "Invoice", DocumentKind.CREDIT_NOTE: "Credit note"},
    kinds={
        ShareKind.SHIPPING: "Shipping",
        ShareKind.FEE: "Return fee withheld",
        ShareKind.ALLOWANCE: "Allowance",
    },
    tenders={
        "CARD": "Card", "CASH": "Cash", "TERMINAL": "Card terminal", "EXTERNAL": "Marketplace",
        "GIFT_CARD": "Gift card", "STORE_CREDIT": "Store credit", "CHEQUE": "Cheque",
        "BANK_TRANSFER": "Bank transfer", "ON_ACCOUNT": "On account",
        "EXCHANGE_CREDIT": "Exchange",
    },
    tax_number="VAT no.",
    issued="Date",
    supplied="Date of supply",
    order="Order",
    due="Due",
    corrects="Corrects",
    bill_to="Bill to",
    description="Description",
    quantity="Qty",
    price="Price",
    discount="Discount",
    rate="VAT",
    amount="Amount",
    net="Net",
    tax="VAT",
    total="Total",
    with_tax="Prices and amounts include VAT.",
    without_tax="Prices and amounts are without VAT.",
    paid="Paid by",
    page="page",
)  # fmt: skip
WORDINGS: Mapping[str, Wording] = MappingProxyType({"it": _ITALIAN, "es": _SPANISH, "en": _ENGLISH})


def wording_for(language: str) -> Wording:
    """The words of a language such as `it` or `it-CH`; English ones if there are none."""
    return WORDINGS.get(language.partition("-")[0], _ENGLISH)
