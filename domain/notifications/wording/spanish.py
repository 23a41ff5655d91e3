"""Messages in Spanish."""

from domain.notifications.model import NotificationKind as K
from domain.notifications.wording.model import Language, Wording

SPANISH = Language(
    code="es",
    hello="Hola, {name}:",
    hello_stranger="Hola:",
    follow_order="Ver tu pedido",
    follow_parcel="Seguir el paquete {parcel}",
    shipping="Envío",
    discount="Descuento",
    tax="Impuesto",
    total="Total",
    closing="{shop} te ha enviado este mensaje por tu pedido {number}.",
    unknown_date="aún no se conoce",
    show_code="Muestra este código en la tienda: {code}",
    kinds={
        K.ORDER_CONFIRMED: Wording(
            "Tu pedido {number} está confirmado",
            ("gracias por tu pedido {number}. Está confirmado; esto es lo que has comprado:",),
            "{shop}: tu pedido {number} de {total} está confirmado. ¡Gracias!",
        ),
        K.PAYMENT_DECLINED: Wording(
            "El pago del pedido {number} no ha funcionado",
            (
                "el pago de tu pedido {number} de {total} ha sido rechazado.",
                (
                    "Te guardamos los artículos hasta: {date}. Inténtalo de nuevo o elige otra "
                    "forma de pago."
                ),
            ),
            "{shop}: pago del pedido {number} rechazado. Inténtalo de nuevo hasta: {date}.",
        ),
        K.ORDER_EXPIRED: Wording(
            "Tu pedido {number} ha caducado",
            (
                "no hemos recibido a tiempo el pago de tu pedido {number}, que ha caducado.",
                "No se te ha cobrado nada. Puedes volver a pedir cuando quieras.",
            ),
            "{shop}: el pedido {number} no se pagó a tiempo y ha caducado. No se te ha cobrado.",
        ),
        K.ORDER_CANCELLED: Wording(
            "Tu pedido {number} está cancelado",
            (
                "tu pedido {number} ha sido cancelado.",
                "Lo que hayas pagado se te devuelve por el mismo medio de pago.",
            ),
            "{shop}: tu pedido {number} está cancelado. Se te devuelve lo que hayas pagado.",
        ),
        K.UNITS_CANCELLED: Wording(
            "Una parte de tu pedido {number} está cancelada",
            (
                "una parte de tu pedido {number} ha sido cancelada. Ahora cuesta {total}.",
                "Lo que hayas pagado de más se te devuelve por el mismo medio de pago.",
            ),
            "{shop}: una parte del pedido {number} está cancelada. Ahora cuesta {total}.",
        ),
        K.CANCEL_REFUSED: Wording(
            "Tu pedido {number} ya no se puede cancelar",
            (
                "has pedido cancelar tu pedido {number}, pero ya está saliendo.",
                "Podrás devolver los artículos cuando los tengas.",
            ),
            "{shop}: el pedido {number} ya no se puede cancelar. Podrás devolver los artículos.",
        ),
        K.ORDER_EDITED: Wording(
            "Tu pedido {number} ha cambiado",
            ("tu pedido {number} ha cambiado como acordamos. Ahora cuesta {total}.",),
            "{shop}: tu pedido {number} ha cambiado. Ahora cuesta {total}.",
        ),
        K.PROMISE_MADE: Wording(
            "Hay una fecha para tu pedido {number}",
            (
                "los artículos que espera tu pedido {number} ya tienen fecha: {date}.",
                "Si es demasiado tarde para ti, puedes cancelarlos sin coste.",
            ),
            "{shop}: los artículos del pedido {number} se esperan: {date}. Puedes cancelarlos.",
        ),
        K.PROMISE_CHANGED: Wording(
            "Nueva fecha para tu pedido {number}",
            (
                (
                    "los artículos que espera tu pedido {number} llegan más tarde de lo dicho. La "
                    "nueva fecha: {date}."
                ),
                "Lo sentimos. Si es demasiado tarde para ti, puedes cancelarlos sin coste.",
            ),
            "{shop}: nueva fecha del pedido {number}: {date}. Si es tarde, puedes cancelar.",
        ),
        K.SHIPPED: Wording(
            "Tu pedido {number} está en camino",
            ("hemos entregado al transportista artículos de tu pedido {number}: {tracking}.",),
            "{shop}: el pedido {number} está en camino: {tracking}.",
        ),
        K.DELIVERY_DELAYED: Wording(
            "El paquete de tu pedido {number} se retrasa",
            (
                (
                    "el transportista nos dice que un paquete de tu pedido {number} se retrasa: "
                    "{tracking}."
                ),
                "Entrega prevista ahora: {date}. Lo sentimos.",
            ),
            "{shop}: el paquete {tracking} del pedido {number} se retrasa. Previsto: {date}.",
        ),
        K.DELIVERED: Wording(
            "El paquete de tu pedido {number} se ha entregado",
            ("se ha entregado un paquete de tu pedido {number}: {tracking}. ¡Disfrútalo!",),
            "{shop}: paquete {tracking} del pedido {number} entregado.",
        ),
        K.DELIVERY_FAILED: Wording(
            "El paquete de tu pedido {number} no se ha podido entregar",
            (
                "no se ha podido entregar un paquete de tu pedido {number}: {tracking}.",
                "Nos ocupamos de ello: te lo enviamos de nuevo o te devolvemos el dinero.",
            ),
            "{shop}: paquete {tracking} del pedido {number} no entregado. Nos ocupamos de ello.",
        ),
        K.PARCEL_RETURNED: Wording(
            "El paquete de tu pedido {number} ha vuelto",
            (
                "un paquete de tu pedido {number} ha vuelto a nosotros: {tracking}.",
                "Nos ocupamos de ello: te lo enviamos de nuevo o te devolvemos el dinero.",
            ),
            "{shop}: el paquete {tracking} del pedido {number} ha vuelto. Nos ocupamos de ello.",
        ),
        K.READY_FOR_PICKUP: Wording(
            "Tu pedido {number} está listo para recoger",
            (
                "tu pedido {number} te espera en {place}, hasta: {date}.",
                "Trae este código: {code}",
            ),
            "{shop}: pedido {number} listo. Código {code}, hasta: {date}, {place}",
        ),
        K.PICKUP_CHOICE_NEEDED: Wording(
            "Elige cómo recibir tu pedido {number}",
            (
                "la tienda no tiene todos los artículos de tu pedido {number}. Lo sentimos.",
                "Elige tú: otra tienda, entrega a domicilio o la devolución del dinero.",
            ),
            "{shop}: la tienda no tiene artículos del pedido {number}. Elige otra opción.",
        ),
        K.PICKUP_EXPIRED: Wording(
            "Tu pedido {number} no se ha recogido",
            (
                "tu pedido {number} no se recogió a tiempo y ya no te espera.",
                "Lo que hayas pagado se te devuelve por el mismo medio de pago.",
            ),
            "{shop}: el pedido {number} no se recogió a tiempo. Se te devuelve lo pagado.",
        ),
        K.COLLECTED: Wording(
            "Tu pedido {number} se ha recogido",
            ("hemos entregado en tienda artículos de tu pedido {number}. ¡Gracias!",),
            "{shop}: artículos del pedido {number} recogidos. ¡Gracias!",
        ),
        K.REFUNDED: Wording(
            "Devolución de dinero por tu pedido {number}",
            (
                "te hemos devuelto dinero por tu pedido {number}: {refunded} en total.",
                "Según el banco, tarda unos días en llegar.",
            ),
            "{shop}: por el pedido {number} te hemos devuelto hasta ahora {refunded}.",
        ),
        K.REFUND_OWED: Wording(
            "Te debemos dinero por tu pedido {number}",
            (
                (
                    "te corresponde dinero por tu pedido {number}, que no podemos devolver por el "
                    "medio con el que pagaste."
                ),
                "Nos pondremos en contacto contigo o te lo daremos en una tienda.",
            ),
            "{shop}: te debemos dinero por el pedido {number}. Te contactaremos.",
        ),
        K.RETURN_REQUESTED: Wording(
            "Tu devolución del pedido {number}",
            ("has pedido devolver artículos de tu pedido {number}. Te diremos qué hacer.",),
            "{shop}: hemos recibido tu solicitud de devolución del pedido {number}.",
        ),
        K.RETURN_AUTHORISED: Wording(
            "Puedes devolver artículos de tu pedido {number}",
            (
                "ya puedes devolver los artículos de tu pedido {number}.",
                "Lo que hay que hacer está en la página de tu pedido.",
            ),
            "{shop}: ya puedes devolver los artículos del pedido {number}.",
        ),
        K.RETURN_REJECTED: Wording(
            "Sobre la devolución de tu pedido {number}",
            ("lo sentimos: los artículos de tu pedido {number} no se pueden devolver.",),
            "{shop}: lo sentimos, los artículos del pedido {number} no se pueden devolver.",
        ),
        K.RETURN_RECEIVED: Wording(
            "Hemos recibido la devolución del pedido {number}",
            ("los artículos de tu pedido {number} han llegado. Ahora los revisamos.",),
            "{shop}: la devolución del pedido {number} ha llegado.",
        ),
        K.RETURN_REFUNDED: Wording(
            "La devolución del pedido {number} está resuelta",
            ("hemos revisado los artículos de tu pedido {number} y resuelto tu devolución.",),
            "{shop}: la devolución del pedido {number} está resuelta.",
        ),
    },
)
