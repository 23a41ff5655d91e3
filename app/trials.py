"""Simulations of sourcing rules as a duty of the scheduler (`app.duties`), apart from the others,
since a long one must not hold them up.
"""

from app.duties import Duty
from domain.common.database import Database
from domain.trials.working import work_off


def simulating(database: Database) -> Duty:
    """Simulations that wait are worked off."""
    return Duty("sourcing simulations", lambda: work_off(database))
