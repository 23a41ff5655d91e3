"""What label use cases hand back, and what is stored under their idempotency keys."""

from dataclasses import dataclass

from domain.common.ids import LabelId


@dataclass(frozen=True, slots=True)
class LabelDone:
    """The label of a request; `refusal` is why the carrier did not do it. Without an answer yet the
    label is in an intent's state, and the scheduler goes on with it.
    """

    label_id: LabelId
    refusal: str | None = None
