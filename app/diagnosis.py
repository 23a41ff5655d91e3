"""What `unico doctor` looks at: small functions, each with one finding."""

import shutil
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, requires, version

import asyncpg
from packaging.requirements import Requirement
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.migrate import current, head
from app.settings import Settings
from domain.common.database import write_engine
from domain.orders import audit as order_audit
from domain.orders.invariants import invariant_violations

_OLDEST_POSTGRES = 180_000
_OLDEST_REDIS = (7, 0)
_TOLERATED_SKEW_S = 2.0
_TOLERATED_BACKLOG_S = 10.0
_LONG_TRANSACTION_S = 60
_FREE_BYTES = 1_000_000_000
# Room to overflow of the pools for writing and reading, the payment ledger's, and the relay.
_MORE_PER_WORKER = 4 + 8 + 6 + 1
_OTHER_CONNECTIONS = 10


class Verdict(StrEnum):
    """OK, worth a look, or broken."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check saw; `advice` says what to do unless all is well."""

    verdict: Verdict
    text: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What checks may look at."""

    settings: Settings
    database: "asyncpg.Connection[asyncpg.Record]"


Check = Callable[[Patient], Awaitable[Finding]]


def ok(text: str) -> Finding:
    """Nothing to do."""
    return Finding(Verdict.OK, text)


async def check_python(_: Patient) -> Finding:
    """The interpreter is new enough, and every required package is there in a fitting version."""
    wrong: list[str] = []
    for line in requires("unico") or ():
        requirement = Requirement(line)
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            found = "missing"
        if found == "missing" or not requirement.specifier.contains(found, prereleases=True):
            wrong.append(f"{requirement.name} {found} (needs {requirement.specifier})")
    if wrong:
        return Finding(Verdict.FAILED, ", ".join(wrong), "pip install -r requirements/runtime.txt")
    return ok(f"Python {sys.version.split()[0]}, every package fits")


async def check_settings(patient: Patient) -> Finding:
    """Settings that are allowed, but deserve a second look."""
    settings = patient.settings
    doubts: list[str] = []
    if settings.is_development and settings.host not in ("127.0.0.1", "::1", "localhost"):
        doubts.append("a development server listens on a public address: UNICO_ENVIRONMENT")
    if "*" in settings.allowed_origins:
        doubts.append("every web origin may call: UNICO_ALLOWED_ORIGINS")
    if doubts:
        return Finding(Verdict.WARNING, "; ".join(doubts), "set the variables named")
    return ok(f"{settings.environment} settings are consistent")


async def check_disk(patient: Patient) -> Finding:
    """There is room where the embedded servers write."""
    folder = patient.settings.home if patient.settings.home.exists() else "."
    free = shutil.disk_usage(folder).free
    if free < _FREE_BYTES:
        return Finding(
            Verdict.WARNING,
            f"{free / 1e9:.1f} GB free at {folder}",
            "PostgreSQL stops on full disks",
        )
    return ok(f"{free / 1e9:.0f} GB free")


async def check_postgres(patient: Patient) -> Finding:
    """The server is new enough and keeps what it acknowledged."""
    show = patient.database.fetchval
    number = int(await show("SHOW server_version_num"))
    name = f"PostgreSQL {await show('SHOW server_version')}"
    if number < _OLDEST_POSTGRES:
        return Finding(Verdict.FAILED, name, "Unico needs PostgreSQL 18 or newer")
    names = ("fsync", "full_page_writes")
    if unsafe := [each for each in names if await show(f"SHOW {each}") != "on"]:
        return Finding(
            Verdict.FAILED, f"{name} with {' and '.join(unsafe)} off", "a power cut loses data"
        )
    return ok(name)


async def check_connections(patient: Patient) -> Finding:
    """All workers' pools fit into the server's limit."""
    limit = int(await patient.database.fetchval("SHOW max_connections"))
    workers, size = patient.settings.workers, patient.settings.pool_size
    needed = workers * (2 * size + _MORE_PER_WORKER) + _OTHER_CONNECTIONS
    if needed > limit:
        return Finding(
            Verdict.WARNING,
            f"up to {needed} connections for a limit of {limit}",
            "raise max_connections, or lower UNICO_WORKERS or UNICO_POOL_SIZE",
        )
    return ok(f"up to {needed} of {limit} connections")


async def check_migrations(patient: Patient) -> Finding:
    """The schema is at the revision that this code was written for."""
    known, found = head(), await current(patient.settings.database_url)
    if known != found:
        return Finding(
            Verdict.FAILED, f"schema at {found or 'nothing'}, code at {known}", "unico migrate"
        )
    return ok(f"schema at {found}")


async def check_redis(patient: Patient) -> Finding:
    """The stream server answers and is new enough; without it updates are only slower."""
    client = Redis.from_url(patient.settings.redis_url, socket_timeout=3, socket_connect_timeout=3)
    try:
        info: dict[str, str] = await client.info("server")
    except (RedisError, OSError) as error:
        return Finding(
            Verdict.WARNING, f"no answer: {error}", "check REDIS_URL; updates are slower"
        )
    finally:
        await client.aclose()
    name = f"{info.get('server_name', 'redis')} {info.get('valkey_version', info['redis_version'])}"
    compatible = tuple(int(part) for part in info["redis_version"].split(".")[:2])
    if compatible < _OLDEST_REDIS:
        return Finding(Verdict.FAILED, name, "Unico needs Redis 7 or Valkey 8, or newer")
    return ok(name)


async def check_clock(patient: Patient) -> Finding:
    """This machine and the database agree on the time: tokens are checked by our clock."""
    before = datetime.now(UTC)
    theirs: datetime = await patient.database.fetchval("SELECT clock_timestamp()")
    ours = before + (datetime.now(UTC) - before) / 2
    skew = abs((theirs - ours).total_seconds())
    if skew > _TOLERATED_SKEW_S:
        return Finding(Verdict.FAILED, f"clocks differ by {skew:.1f} s", "run NTP on both machines")
    return ok(f"clocks differ by {skew * 1000:.0f} ms")


async def check_sequencer(patient: Patient) -> Finding:
    """Committed events move on to the log."""
    if not await patient.database.fetchval("SELECT to_regclass('sequencer_state') IS NOT NULL"):
        return Finding(Verdict.FAILED, "no event tables", "unico migrate")
    row = await patient.database.fetchrow(
        """SELECT (SELECT count(*) FROM outbox) AS waiting,
                  (SELECT extract(epoch FROM clock_timestamp() - min(created_at))::float8
                   FROM outbox) AS age_s,
                  (SELECT last_seq FROM sequencer_state) AS last_seq"""
    )
    if row is None or row["last_seq"] is None:
        return Finding(Verdict.FAILED, "no sequencer state", "unico migrate")
    if (row["age_s"] or 0) > _TOLERATED_BACKLOG_S:
        return Finding(
            Verdict.WARNING,
            f"{row['waiting']} commits wait for {row['age_s']:.0f} s",
            "no worker runs: start unico up, or unico relay",
        )
    return ok(f"{row['last_seq']} events logged, {row['waiting']} commits waiting")


async def check_transactions(patient: Patient) -> Finding:
    """No session of this database holds a transaction open for minutes: it would block clean-up and
    migrations.
    """
    oldest = await patient.database.fetchval(
        """SELECT extract(epoch FROM max(now() - xact_start))::float8 FROM pg_stat_activity
           WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
             AND datname = current_database()"""
    )
    if (oldest or 0) > _LONG_TRANSACTION_S:
        return Finding(
            Verdict.WARNING, f"a transaction is open for {oldest:.0f} s", "look at pg_stat_activity"
        )
    return ok("no long transaction")


async def check_books(patient: Patient) -> Finding:
    """Ledger and levels, orders and stock, versions and events agree."""
    if head() != await current(patient.settings.database_url):
        return Finding(Verdict.WARNING, "not looked at: the schema is behind", "unico migrate")
    engine = write_engine(patient.settings.database_url, pool_size=1)
    try:
        async with engine.connect() as connection:
            broken = [
                *await invariant_violations(connection),
                *await order_audit.status_violations(connection),
            ]
    finally:
        await engine.dispose()
    if broken:
        text = f"{len(broken)} rules broken, the first: {broken[0].kind}, {broken[0].detail}"
        return Finding(Verdict.FAILED, text, "a defect: please report it")
    return ok("ledger, stock, orders and events agree")


# In the order in which they are shown; other parts append theirs.
CHECKS: list[tuple[str, Check]] = [
    ("python", check_python),
    ("settings", check_settings),
    ("disk", check_disk),
    ("postgres", check_postgres),
    ("connections", check_connections),
    ("migrations", check_migrations),
    ("redis", check_redis),
    ("clock", check_clock),
    ("events", check_sequencer),
    ("transactions", check_transactions),
    ("books", check_books),
]


async def diagnose(
    settings: Settings, checks: Sequence[tuple[str, Check]] = ()
) -> list[tuple[str, Finding]]:
    """Name and finding of each check, in order; `settings` hold the addresses of the servers."""
    database = await asyncpg.connect(settings.database_url.replace("+asyncpg", ""), timeout=5)
    try:
        patient = Patient(settings, database)
        return [(name, await check(patient)) for name, check in checks or CHECKS]
    finally:
        await database.close()
