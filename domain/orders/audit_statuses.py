"""Statuses as SQL: what is stored must be the function of the line groups (L7).

The rules are those of `orders.model`, in its words; a test compares both over mixtures of states.
"""

from domain.orders.sql_rules import listed
from domain.orders.states import (
    CALLED_OFF,
    GONE_WRONG,
    ON_THE_WAY,
    SERVED,
    UNSOURCED,
    WAITING,
    WORK_ORDER,
    GroupState,
)
from domain.orders.states import FulfillmentOrderStatus as Work
from domain.orders.states import FulfillmentStatus as Goods


def _array(states: frozenset[GroupState]) -> str:
    return f"ARRAY[{listed(states)}]"


GOODS_STATUS = f"""
CASE WHEN live IS NULL THEN '{Goods.CANCELLED.value}'
     WHEN live <@ {_array(SERVED)} THEN '{Goods.DELIVERED.value}'
     WHEN live && {_array(SERVED)} THEN '{Goods.PARTIALLY_DELIVERED.value}'
     WHEN live <@ {_array(GONE_WRONG)} THEN '{Goods.DELIVERY_FAILED.value}'
     WHEN live <@ {_array(ON_THE_WAY | GONE_WRONG)} THEN '{Goods.SHIPPED.value}'
     WHEN live && {_array(ON_THE_WAY)} THEN '{Goods.PARTIALLY_SHIPPED.value}'
     WHEN live <@ ARRAY['{GroupState.READY_FOR_PICKUP.value}']
         THEN '{Goods.READY_FOR_PICKUP.value}'
     WHEN live <@ {_array(UNSOURCED)} THEN '{Goods.BACKORDERED.value}'
     WHEN live <@ {_array(WAITING)} THEN '{Goods.UNFULFILLED.value}'
     ELSE '{Goods.IN_PROGRESS.value}' END
"""
"""SQL of `fulfillment_status`; `live`: the states of units not called off, NULL if none."""

WORK_STATUS = (
    "CASE "
    + " ".join(
        f"WHEN live && {_array(members)} THEN '{status.value}'" for members, status in WORK_ORDER
    )
    + f" WHEN rejected THEN '{Work.REJECTED.value}' ELSE '{Work.CANCELLED.value}' END"
)
"""SQL of `Order.work_status`; `rejected`: whether the location rejected the work."""

_LIVE = f"array_agg(DISTINCT g.state) FILTER (WHERE g.state <> ALL ({_array(CALLED_OFF)}))"

VIOLATIONS = f"""
WITH goods AS (
    SELECT o.number, o.fulfillment_status AS stored, {_LIVE} AS live
    FROM sales_order AS o JOIN line_group AS g ON g.order_id = o.id GROUP BY o.id
),
works AS (
    SELECT o.number, w.status AS stored, w.rejected_at IS NOT NULL AS rejected, {_LIVE} AS live
    FROM fulfillment_order AS w
    JOIN sales_order AS o ON o.id = w.order_id
    LEFT JOIN line_group AS g ON g.fulfillment_order_id = w.id
    GROUP BY w.id, o.number
),
derived AS (
    SELECT number, stored, {GOODS_STATUS} AS derived, live FROM goods
    UNION ALL
    SELECT number, stored, {WORK_STATUS}, live FROM works
)
SELECT 'STATUSES' AS kind, number AS subject,
       format('stored %s, derived %s of %s', stored, derived, live) AS detail
FROM derived WHERE stored <> derived
"""  # noqa: S608 -- only constants of the model are put in
"""A query: kind, subject and detail of each stored status that is not the function of its units."""
