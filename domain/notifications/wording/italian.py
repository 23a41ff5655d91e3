"""Messages in Italian."""

from domain.notifications.model import NotificationKind as K
from domain.notifications.wording.model import Language, Wording

ITALIAN = Language(
    code="it",
    hello="Ciao {name},",
    hello_stranger="Buongiorno,",
    follow_order="Vedi il tuo ordine",
    follow_parcel="Segui il pacco {parcel}",
    shipping="Spedizione",
    discount="Sconto",
    tax="Imposta",
    total="Totale",
    closing="Questo messaggio è stato inviato da {shop} per il tuo ordine {number}.",
    unknown_date="non ancora nota",
    show_code="Mostra questo codice in negozio: {code}",
    kinds={
        K.ORDER_CONFIRMED: Wording(
            "Il tuo ordine {number} è confermato",
            ("grazie per il tuo ordine {number}. È confermato; ecco che cosa hai acquistato:",),
            "{shop}: il tuo ordine {number} di {total} è confermato. Grazie!",
        ),
        K.PAYMENT_DECLINED: Wording(
            "Il pagamento dell'ordine {number} non è riuscito",
            (
                "il pagamento del tuo ordine {number} di {total} è stato rifiutato.",
                (
                    "Teniamo da parte la merce per te fino a: {date}. Riprova, oppure scegli un "
                    "altro metodo di pagamento."
                ),
            ),
            "{shop}: pagamento dell'ordine {number} rifiutato. Riprova entro: {date}.",
        ),
        K.ORDER_EXPIRED: Wording(
            "Il tuo ordine {number} è scaduto",
            (
                "il pagamento del tuo ordine {number} non è arrivato in tempo: l'ordine è scaduto.",
                "Non ti è stato addebitato nulla. Puoi ordinare di nuovo quando vuoi.",
            ),
            "{shop}: l'ordine {number} non è stato pagato in tempo ed è scaduto. Nessun addebito.",
        ),
        K.ORDER_CANCELLED: Wording(
            "Il tuo ordine {number} è annullato",
            (
                "il tuo ordine {number} è stato annullato.",
                "Quanto hai pagato ti viene restituito con lo stesso metodo di pagamento.",
            ),
            "{shop}: il tuo ordine {number} è annullato. Quanto hai pagato ti viene restituito.",
        ),
        K.UNITS_CANCELLED: Wording(
            "Una parte del tuo ordine {number} è annullata",
            (
                "una parte del tuo ordine {number} è stata annullata. Ora costa {total}.",
                "Quanto hai pagato in più ti viene restituito con lo stesso metodo di pagamento.",
            ),
            "{shop}: una parte dell'ordine {number} è annullata. Ora costa {total}.",
        ),
        K.CANCEL_REFUSED: Wording(
            "Il tuo ordine {number} non si può più annullare",
            (
                "hai chiesto di annullare il tuo ordine {number}, ma è già in partenza.",
                "Potrai restituire la merce quando l'avrai ricevuta.",
            ),
            "{shop}: l'ordine {number} non si può più annullare. Potrai restituire la merce.",
        ),
        K.ORDER_EDITED: Wording(
            "Il tuo ordine {number} è stato modificato",
            ("il tuo ordine {number} è stato modificato come concordato. Ora costa {total}.",),
            "{shop}: il tuo ordine {number} è stato modificato. Ora costa {total}.",
        ),
        K.PROMISE_MADE: Wording(
            "C'è una data per il tuo ordine {number}",
            (
                "la merce attesa per il tuo ordine {number} ha ora una data: {date}.",
                "Se per te è troppo tardi, puoi annullarla senza spese.",
            ),
            "{shop}: la merce dell'ordine {number} è attesa: {date}. Se vuoi, puoi annullarla.",
        ),
        K.PROMISE_CHANGED: Wording(
            "Nuova data per il tuo ordine {number}",
            (
                (
                    "la merce attesa per il tuo ordine {number} arriva più tardi del previsto. La "
                    "nuova data: {date}."
                ),
                "Ci dispiace. Se per te è troppo tardi, puoi annullarla senza spese.",
            ),
            "{shop}: nuova data per l'ordine {number}: {date}. Se è tardi, puoi annullare.",
        ),
        K.SHIPPED: Wording(
            "Il tuo ordine {number} è in viaggio",
            ("la merce del tuo ordine {number} è stata affidata al corriere: {tracking}.",),
            "{shop}: l'ordine {number} è in viaggio: {tracking}.",
        ),
        K.DELIVERY_DELAYED: Wording(
            "Il pacco del tuo ordine {number} è in ritardo",
            (
                (
                    "il corriere ci comunica che un pacco del tuo ordine {number} è in ritardo: "
                    "{tracking}."
                ),
                "Consegna prevista ora: {date}. Ci dispiace.",
            ),
            "{shop}: il pacco {tracking} dell'ordine {number} è in ritardo. Previsto: {date}.",
        ),
        K.DELIVERED: Wording(
            "Il pacco del tuo ordine {number} è stato consegnato",
            ("un pacco del tuo ordine {number} è stato consegnato: {tracking}. A presto!",),
            "{shop}: il pacco {tracking} dell'ordine {number} è stato consegnato.",
        ),
        K.DELIVERY_FAILED: Wording(
            "Il pacco del tuo ordine {number} non è stato consegnato",
            (
                "non è stato possibile consegnare un pacco del tuo ordine {number}: {tracking}.",
                "Ce ne occupiamo noi: rispediamo la merce oppure ti rimborsiamo.",
            ),
            "{shop}: pacco {tracking} dell'ordine {number} non consegnato. Ce ne occupiamo noi.",
        ),
        K.PARCEL_RETURNED: Wording(
            "Il pacco del tuo ordine {number} è tornato da noi",
            (
                "un pacco del tuo ordine {number} è tornato da noi: {tracking}.",
                "Ce ne occupiamo noi: rispediamo la merce oppure ti rimborsiamo.",
            ),
            "{shop}: il pacco {tracking} dell'ordine {number} è tornato. Ce ne occupiamo noi.",
        ),
        K.READY_FOR_PICKUP: Wording(
            "Il tuo ordine {number} è pronto per il ritiro",
            (
                "il tuo ordine {number} ti aspetta presso {place}, fino a: {date}.",
                "Porta con te questo codice: {code}",
            ),
            "{shop}: ordine {number} pronto. Codice {code}, fino a: {date}, {place}",
        ),
        K.PICKUP_CHOICE_NEEDED: Wording(
            "Scegli come ricevere il tuo ordine {number}",
            (
                "il negozio non ha tutta la merce del tuo ordine {number}. Ci dispiace.",
                "Scegli tu: un altro negozio, la consegna a casa o il rimborso.",
            ),
            "{shop}: il negozio non ha la merce dell'ordine {number}. Scegli un'altra soluzione.",
        ),
        K.PICKUP_EXPIRED: Wording(
            "Il tuo ordine {number} non è stato ritirato",
            (
                "il tuo ordine {number} non è stato ritirato in tempo e non ti aspetta più.",
                "Quanto hai pagato ti viene restituito con lo stesso metodo di pagamento.",
            ),
            "{shop}: l'ordine {number} non è stato ritirato in tempo. Ti rimborsiamo.",
        ),
        K.COLLECTED: Wording(
            "Il tuo ordine {number} è stato ritirato",
            ("la merce del tuo ordine {number} è stata consegnata in negozio. Grazie!",),
            "{shop}: merce dell'ordine {number} ritirata. Grazie!",
        ),
        K.REFUNDED: Wording(
            "Rimborso per il tuo ordine {number}",
            (
                "ti abbiamo rimborsato per il tuo ordine {number}: {refunded} in tutto.",
                "A seconda della banca occorre qualche giorno.",
            ),
            "{shop}: per l'ordine {number} ti abbiamo rimborsato finora {refunded}.",
        ),
        K.REFUND_OWED: Wording(
            "Ti dobbiamo un rimborso per il tuo ordine {number}",
            (
                (
                    "ti spetta un rimborso per il tuo ordine {number}, che non possiamo fare con "
                    "il metodo di pagamento usato."
                ),
                "Ti contatteremo, oppure te lo daremo in negozio.",
            ),
            "{shop}: ti dobbiamo un rimborso per l'ordine {number}. Ti contatteremo.",
        ),
        K.RETURN_REQUESTED: Wording(
            "Il tuo reso per l'ordine {number}",
            ("hai chiesto di rendere merce del tuo ordine {number}. Ti diremo che cosa fare.",),
            "{shop}: abbiamo ricevuto la tua richiesta di reso per l'ordine {number}.",
        ),
        K.RETURN_AUTHORISED: Wording(
            "Puoi rendere la merce del tuo ordine {number}",
            (
                "ora puoi rendere la merce del tuo ordine {number}.",
                "Che cosa fare è scritto nella pagina del tuo ordine.",
            ),
            "{shop}: ora puoi rendere la merce dell'ordine {number}.",
        ),
        K.RETURN_REJECTED: Wording(
            "Il reso del tuo ordine {number}",
            ("ci dispiace: la merce del tuo ordine {number} non si può rendere.",),
            "{shop}: spiacenti, la merce dell'ordine {number} non si può rendere.",
        ),
        K.RETURN_RECEIVED: Wording(
            "Abbiamo ricevuto il reso dell'ordine {number}",
            ("la merce del tuo ordine {number} è arrivata. Ora la controlliamo.",),
            "{shop}: il reso dell'ordine {number} è arrivato.",
        ),
        K.RETURN_REFUNDED: Wording(
            "Il reso dell'ordine {number} è concluso",
            ("abbiamo controllato la merce del tuo ordine {number} e concluso il tuo reso.",),
            "{shop}: il reso dell'ordine {number} è concluso.",
        ),
    },
)
