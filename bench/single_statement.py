"""What the order engine is measured against: one statement that takes a unit and writes the order,
run by `pgbench` with prepared statements. It decides nothing: price, customer and location are
given, nobody asks for its key, and no request comes with it.
"""

import asyncio
import re
import tempfile
from dataclasses import dataclass
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import make_url

from app.embedded.postgres import find_binaries
from bench.cpu import tree_cpu_s
from bench.service import Service
from bench.world import World
from domain.common.database import write_engine
from domain.customers.tables import customer

CLIENTS = 16

_TAKE = """
WITH level AS (
  UPDATE stock_level SET reserved = reserved + 1, version = version + 1, updated_at = now()
  WHERE location_id = '{place}' AND sku = '{sku}'
    AND on_hand - allocated - reserved - damaged - inspection - quality_hold - display - safety >= 1
  RETURNING *
), placed AS (
  INSERT INTO sales_order (id, number, tracking_token, channel, customer_id, status, holds,
    fulfillment_status, payment_status, delivery_mode, delivery_location_id, unfilled_policy,
    language, country, currency, items_minor, shipping_minor, tax_minor, tax_included, total_minor,
    placed_at, placed_by, pay_until, updated_at, version)
  SELECT gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), '{channel}', '{customer}',
    'PENDING_PAYMENT', '{{}}', 'UNFULFILLED', 'CAPTURED', 'PICKUP', location_id, 'REFUSE', 'en',
    'IT', 'EUR', 1990, 0, 359, true, 1990, now(), 'bench', now() + interval '30 minutes', now(), 1
  FROM level RETURNING id
), line AS (
  INSERT INTO order_line (id, order_id, position, sku, names, ordered_quantity, unit_price_minor,
    tax_rate, tax_minor, total_minor, components)
  SELECT gen_random_uuid(), id, 1, '{sku}', '{{"en": "Bench"}}', 1, 1990, 0.22, 359, 1990,
    '{{"{sku}": 1}}'
  FROM placed RETURNING id, order_id
)"""
_EVENTS = """
INSERT INTO outbox (events)
SELECT jsonb_build_array(
  jsonb_build_object('type', 'StockChanged', 'aggregate', 'stock_level', 'aggregate_id', level.id,
    'version', level.version, 'topics', jsonb_build_array('stock:{place}'), 'payload',
    jsonb_build_object('sku', level.sku, 'on_hand', level.on_hand, 'allocated', level.allocated,
      'reserved', level.reserved, 'version', level.version), 'at', now()),
  jsonb_build_object('type', 'OrderChanged', 'aggregate', 'order', 'aggregate_id', placed.id,
    'version', 1, 'topics', jsonb_build_array('order:' || placed.id), 'payload',
    jsonb_build_object('order_id', placed.id, 'status', 'PENDING_PAYMENT', 'total_minor', 1990),
    'at', now()))
FROM level, placed;
"""
_REST = """, units AS (
  INSERT INTO line_group (id, order_id, line_id, quantity, state, location_id, updated_at)
  SELECT gen_random_uuid(), order_id, id, 1, 'NEW', '{place}', now() FROM line
), paid AS (
  INSERT INTO payment (id, order_id, tender, state, psp_key, currency, amount_minor,
    authorised_minor, captured_minor, refunded_minor, refund_due_minor, created_at, updated_at)
  SELECT gen_random_uuid(), id, 'EXTERNAL', 'CAPTURED', gen_random_uuid(), 'EUR', 1990, 1990, 1990,
    0, 0, now(), now() FROM placed
), history AS (
  INSERT INTO order_history (order_id, version, action, actor, detail, at)
  SELECT id, 1, 'PLACE', 'bench', '{{"channel": "web"}}', now() FROM placed
), held AS (
  INSERT INTO reservation (id, sku, location_id, quantity, state, owner, expires_at, created_at)
  SELECT gen_random_uuid(), '{sku}', '{place}', 1, 'ACTIVE', 'order:' || id,
    now() + interval '30 minutes', now() FROM placed
), moved AS (
  INSERT INTO stock_movement (sku, location_id, from_bucket, to_bucket, quantity, reason,
    reference, actor, at)
  SELECT '{sku}', '{place}', 'FREE', 'RESERVED', 1, 'RESERVED', 'order:' || id, 'bench', now()
  FROM placed
), named AS (
  INSERT INTO idempotency_key (actor, key, operation, input_hash, subject_id)
  SELECT 'bench', gen_random_uuid(), 'placeOrder', repeat('0', 64), id FROM placed
)"""


@dataclass(frozen=True, slots=True)
class Target:
    """What is sold: a SKU at a place, to a customer on a channel."""

    place: UUID
    sku: str
    channel: str
    customer: UUID


@dataclass(frozen=True, slots=True)
class Baseline:
    """How a run of `pgbench` went."""

    per_second: float
    cpu_ms: float
    """CPU of PostgreSQL per order."""


def smallest(target: Target) -> str:
    """The level, an order with a line, and the events: what no order system can do without."""
    return _text(_TAKE + _EVENTS, target)


def whole(target: Target) -> str:
    """The rows of `smallest`, and all others that accepting an order writes."""
    return _text(_TAKE + _REST + _EVENTS, target)


def _text(template: str, target: Target) -> str:
    given = {
        "place": target.place, "sku": target.sku, "channel": target.channel,
        "customer": target.customer,
    }  # fmt: skip
    return " ".join(template.format(**given).split()) + "\n"


async def target_of(running: Service, world: World) -> Target:
    """The world's first SKU, and a customer who is stored for it."""
    engine = write_engine(running.database_url)
    row = {"id": uuid4(), "email": "bench@example.com", "first_channel": "web", "version": 1}
    wanted = insert(customer).values(**row, created_at=sa.func.now())
    same = {"email": wanted.excluded.email}
    stored = wanted.on_conflict_do_update(index_elements=[customer.c.email], set_=same)
    async with engine.begin() as connection:
        key = await connection.scalar(stored.returning(customer.c.id))
    assert key is not None  # it was inserted, or is there
    await engine.dispose()
    return Target(world.location_id, world.skus[0], "web", key)


async def run_pgbench(running: Service, statement: str, seconds: int) -> Baseline:
    """How fast `CLIENTS` clients run the statement, each on a connection of its own.

    Raises:
        RuntimeError: `pgbench` failed.
    """
    server = make_url(running.database_url)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(statement)
        script.flush()
        before = tree_cpu_s([running.postmaster])
        process = await asyncio.create_subprocess_exec(
            str(find_binaries() / "pgbench"),
            *("-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "1", "-T", str(seconds)),
            *("-f", script.name, "-h", str(server.host), "-p", str(server.port)),
            *("-U", str(server.username), str(server.database)),
            env={"PGPASSWORD": str(server.password)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, errors = await process.communicate()
        spent = tree_cpu_s([running.postmaster]) - before
    said = output.decode()
    done = re.search(r"actually processed: (\d+)", said)
    rate = re.search(r"tps = ([\d.]+)", said)
    if process.returncode or done is None or rate is None or int(done[1]) == 0:
        raise RuntimeError(f"pgbench failed: {errors.decode()}")
    return Baseline(float(rate[1]), 1000 * spent / int(done[1]))
