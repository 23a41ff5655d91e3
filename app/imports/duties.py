"""Imports as duties of the scheduler (`app.duties`). Working on them is a duty apart, since a large
file must not hold up the others.
"""

from app.duties import Duty
from domain.common.database import Database
from domain.imports.working import clear_up, work_off

EVERY_S = 1.0


def working(database: Database) -> Duty:
    """Jobs that wait are worked off."""
    return Duty("imports", lambda: work_off(database))


def forgetting(database: Database, days: int) -> Duty:
    """What ended more than so many days ago is forgotten, and what broken uploads left behind."""
    return Duty("old imports", lambda: clear_up(database, days=days))
