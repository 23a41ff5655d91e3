"""Messages in English."""

from domain.notifications.model import NotificationKind as K
from domain.notifications.wording.model import Language, Wording

ENGLISH = Language(
    code="en",
    hello="Hello {name},",
    hello_stranger="Hello,",
    follow_order="See your order",
    follow_parcel="Follow the parcel {parcel}",
    shipping="Shipping",
    discount="Discount",
    tax="Tax",
    total="Total",
    closing="This message was sent by {shop} about your order {number}.",
    unknown_date="not known yet",
    show_code="Please show this code in the store: {code}",
    kinds={
        K.ORDER_CONFIRMED: Wording(
            "Your order {number} is confirmed",
            ("thank you for your order {number}. We have confirmed it; this is what you bought:",),
            "{shop}: your order {number} of {total} is confirmed. Thank you!",
        ),
        K.PAYMENT_DECLINED: Wording(
            "Payment for order {number} did not work",
            (
                "the payment for your order {number} of {total} was declined.",
                (
                    "Your goods are kept for you until {date}. Please try again, or choose another "
                    "way to pay."
                ),
            ),
            "{shop}: payment for order {number} was declined. Please pay again by {date}.",
        ),
        K.ORDER_EXPIRED: Wording(
            "Your order {number} has expired",
            (
                "we did not receive a payment for your order {number} in time, so it has ended.",
                "You have not been charged. You are welcome to order again.",
            ),
            "{shop}: order {number} was not paid in time and has ended. You were not charged.",
        ),
        K.ORDER_CANCELLED: Wording(
            "Your order {number} is cancelled",
            (
                "your order {number} was cancelled.",
                "Whatever you have paid for it goes back the way you paid.",
            ),
            "{shop}: your order {number} was cancelled. What you paid is returned to you.",
        ),
        K.UNITS_CANCELLED: Wording(
            "A part of your order {number} is cancelled",
            (
                "a part of your order {number} was cancelled. It now costs {total}.",
                "Whatever you have paid beyond that goes back the way you paid.",
            ),
            "{shop}: a part of order {number} was cancelled. It now costs {total}.",
        ),
        K.CANCEL_REFUSED: Wording(
            "Your order {number} can no longer be cancelled",
            (
                "you asked to cancel your order {number}, but it is already on its way out.",
                "You can return the goods once you have them.",
            ),
            "{shop}: order {number} can no longer be cancelled. You can return the goods later.",
        ),
        K.ORDER_EDITED: Wording(
            "Your order {number} was changed",
            ("your order {number} was changed as agreed. It now costs {total}.",),
            "{shop}: your order {number} was changed. It now costs {total}.",
        ),
        K.PROMISE_MADE: Wording(
            "There is a date for your order {number}",
            (
                "goods that your order {number} waits for have a date now: {date}.",
                "If that is too late for you, you can cancel them free of charge.",
            ),
            "{shop}: goods of order {number} are expected: {date}. You may cancel them.",
        ),
        K.PROMISE_CHANGED: Wording(
            "A new date for your order {number}",
            (
                (
                    "goods that your order {number} waits for come later than we had said. The new "
                    "date: {date}."
                ),
                "We are sorry. If that is too late for you, you can cancel them free of charge.",
            ),
            "{shop}: new date for order {number}: {date}. Sorry! You may cancel if it is too late.",
        ),
        K.SHIPPED: Wording(
            "Your order {number} is on its way",
            ("goods of your order {number} were handed to the carrier: {tracking}.",),
            "{shop}: order {number} is on its way: {tracking}.",
        ),
        K.DELIVERY_DELAYED: Wording(
            "Your parcel for order {number} is late",
            (
                "the carrier tells us that a parcel of your order {number} is late: {tracking}.",
                "It is now expected: {date}. We are sorry for that.",
            ),
            "{shop}: parcel {tracking} of order {number} is late. Expected now: {date}.",
        ),
        K.DELIVERED: Wording(
            "Your parcel for order {number} was delivered",
            ("a parcel of your order {number} was delivered: {tracking}. Enjoy!",),
            "{shop}: parcel {tracking} of order {number} was delivered.",
        ),
        K.DELIVERY_FAILED: Wording(
            "Your parcel for order {number} could not be delivered",
            (
                "a parcel of your order {number} could not be delivered: {tracking}.",
                "We take care of it: we send the goods again, or your money back.",
            ),
            "{shop}: parcel {tracking} of order {number} could not be delivered. We see to it.",
        ),
        K.PARCEL_RETURNED: Wording(
            "Your parcel for order {number} came back to us",
            (
                "a parcel of your order {number} came back to us: {tracking}.",
                "We take care of it: we send the goods again, or your money back.",
            ),
            "{shop}: parcel {tracking} of order {number} came back to us. We see to it.",
        ),
        K.READY_FOR_PICKUP: Wording(
            "Your order {number} is ready to collect",
            (
                "your order {number} waits for you at {place}, until {date}.",
                "Please bring this code: {code}",
            ),
            "{shop}: order {number} is ready. Code {code}, until {date}, {place}",
        ),
        K.PICKUP_CHOICE_NEEDED: Wording(
            "Please choose how you get your order {number}",
            (
                "the store does not have all goods of your order {number}. We are sorry.",
                "Please choose: another store, delivery to your home, or your money back.",
            ),
            "{shop}: the store lacks goods of order {number}. Please choose what to do.",
        ),
        K.PICKUP_EXPIRED: Wording(
            "Your order {number} was not collected",
            (
                "your order {number} was not collected in time, and no longer waits for you.",
                "Whatever you have paid for it goes back the way you paid.",
            ),
            "{shop}: order {number} was not collected in time. What you paid is returned to you.",
        ),
        K.COLLECTED: Wording(
            "Your order {number} was collected",
            ("goods of your order {number} were handed over. Thank you!",),
            "{shop}: goods of order {number} were collected. Thank you!",
        ),
        K.REFUNDED: Wording(
            "Money back for your order {number}",
            (
                "we have returned money for your order {number}: {refunded} in all.",
                "Depending on your bank it takes some days to arrive.",
            ),
            "{shop}: {refunded} of order {number} was returned to you so far.",
        ),
        K.REFUND_OWED: Wording(
            "We owe you money for your order {number}",
            (
                (
                    "you get money back for your order {number}, which we cannot return the "
                    "way you paid."
                ),
                "We will contact you, or pay it out in a store.",
            ),
            "{shop}: we owe you money for order {number} and will contact you about it.",
        ),
        K.RETURN_REQUESTED: Wording(
            "Your return for order {number}",
            ("you asked to return goods of your order {number}. We will tell you what to do.",),
            "{shop}: we received your wish to return goods of order {number}.",
        ),
        K.RETURN_AUTHORISED: Wording(
            "You can send back goods of your order {number}",
            (
                "you can return the goods of your order {number} now.",
                "What to do is on the page of your order.",
            ),
            "{shop}: you can return the goods of order {number} now.",
        ),
        K.RETURN_REJECTED: Wording(
            "About the return of goods of your order {number}",
            ("we are sorry: the goods of your order {number} cannot be returned.",),
            "{shop}: sorry, the goods of order {number} cannot be returned.",
        ),
        K.RETURN_RECEIVED: Wording(
            "We have received your return for order {number}",
            ("the goods of your order {number} have arrived. We look at them now.",),
            "{shop}: your return for order {number} has arrived.",
        ),
        K.RETURN_REFUNDED: Wording(
            "Your return for order {number} is settled",
            ("we have looked at the goods of your order {number}, and settled your return.",),
            "{shop}: your return for order {number} is settled.",
        ),
    },
)
