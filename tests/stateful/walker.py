"""Calls mutations in a world and judges what they did by the table of transitions."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from domain.orders.lifecycle import transition_of
from domain.orders.states import CALLED_OFF, DeliveryMode, GroupState
from tests.stateful.calls import TABLES, Call, Now, Row, Rows, Scope, Which
from tests.stateful.catalogue import CALLS
from tests.stateful.world import World
from tests.support.mutations import everything
from tests.support.shop import ADMIN

_ALL_ROWS = sa.text(
    "SELECT jsonb_build_object("
    + ", ".join(
        f"'{table}', (SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.id), '[]') FROM {table} t)"
        for table in TABLES
    )
    + ")"
)
UNASKED = {"NOT_FOUND", "VALIDATION_FAILED"}
"""Refusals that are not about the state of the target."""


@dataclass
class Walker:
    """Walks through a world. What it counts says how often its calls were done and refused."""

    world: World
    seen: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])

    def rows(self) -> Rows:
        """All rows of the tables that calls look at."""
        return self.world.do(self.world.connection.scalar(_ALL_ROWS)) or {}

    def digest(self) -> Mapping[str, str]:
        """Of all rows of all tables, and of the PSP's ledger."""
        found = self.world.do(everything(self.world.stage.engine))
        return found | {"psp": self.world.gateway.ledger()}

    def now(self, call: Call, pick: int, way: int, rows: Rows | None = None) -> Now | None:
        """One of the targets of a call; None if there is none."""
        rows = self.rows() if rows is None else rows
        if call.scope is Scope.NOTHING:
            return Now(rows, {"id": None}, pick, way)
        targets = rows[call.scope.table]
        return Now(rows, targets[pick % len(targets)], pick, way) if targets else None

    def open_calls(self, way: int) -> dict[str, list[tuple[Call, Now]]]:
        """What the table allows now, by mutation: nearly all of it would be done."""
        rows = self.rows()
        found: dict[str, list[tuple[Call, Now]]] = {}
        for call in (each for each in CALLS if each.which is not Which.NONE):
            for pick in range(len(rows[call.scope.table])):
                now = self.now(call, pick, way, rows)
                if now is not None and call.is_open(now):
                    found.setdefault(call.name, []).append((call, now))
        return found

    def call(self, call: Call, now: Now, before: Mapping[str, str], *, keep: bool) -> str:
        """The code of the refusal, empty if it was done. Afterwards all is as before, unless it was
        done and is kept.
        """
        with self.world.taken_back() as undoing:
            answer = self.world.do(
                self.world.stage.do(ADMIN, call.name, call.kind, "", **call.input(now))
            )
            code = "" if answer["__typename"].endswith("Payload") else str(answer["code"])
            self.seen[call.name, code] += 1
            if code:
                self._refused(call, now, before, code)
            else:
                self._done(call, now)
                undoing.kept = keep
        return code

    def _refused(self, call: Call, now: Now, before: Mapping[str, str], code: str) -> None:
        after = self.digest()
        changed = {table for table in after if after[table] != before[table]}
        told = (call.name, code, _states(call, now))
        assert changed <= call.marks.get(code, frozenset()), (*told, changed)
        if code not in UNASKED and call.guard is not None and call.guard(now):
            assert not call.allowed(now), told

    def _done(self, call: Call, now: Now) -> None:
        assert call.allowed(now) is not False, (call.name, _states(call, now))
        rows = self.rows()
        mine = {group["id"] for group in call.scope.groups(now.rows, now.target)}
        self._moves(call, now.rows, rows, mine)
        if call.which is Which.ALL:
            self._all_moved(call, now, rows, mine)
        assert self.world.broken() == []

    def _all_moved(self, call: Call, now: Now, after: Rows, mine: set[str]) -> None:
        mode = DeliveryMode(now.order["delivery_mode"])
        targets = {rule.target for action in call.first if (rule := transition_of(action, mode))}
        states = {GroupState(each["state"]) for each in after["line_group"] if each["id"] in mine}
        assert states <= targets | CALLED_OFF, (call.name, states)

    def _moves(self, call: Call, before: Rows, after: Rows, mine: set[str]) -> None:
        """Every unit that moved did so by an action of the call, and no bystander's did."""
        modes = {row["id"]: DeliveryMode(row["delivery_mode"]) for row in before["sales_order"]}
        old = {group["id"]: group for group in before["line_group"]}
        for group in after["line_group"]:
            if group["order_id"] not in modes or (call.adds and group["id"] not in old):
                continue  # ordered by this call
            mode = modes[group["order_id"]]
            sources = (
                [old[group["id"]]]
                if group["id"] in old
                else [each for each in old.values() if each["line_id"] == group["line_id"]]
            )
            allowed = [
                each
                for each in sources
                if GroupState(group["state"]) in _reach(call, mode, each, mine)
            ]
            moved = [(each["state"], group["state"]) for each in sources]
            assert allowed, (call.name, moved)


def _reach(call: Call, mode: DeliveryMode, group: Row, mine: set[str]) -> set[GroupState]:
    state = GroupState(group["state"])
    if group["id"] in mine:
        return call.may_become(mode, state)
    return replace(call, first=()).may_become(mode, state) if call.others else {state}


def _states(call: Call, now: Now) -> list[Any]:
    groups = call.scope.groups(now.rows, now.target)
    order = {key: now.order[key] for key in ("status", "holds", "delivery_mode")} if groups else {}
    return [order, [(group["state"], group["quantity"]) for group in groups]]
