"""Expected failures of simulations."""

from domain.common.errors import DomainError


class TooManySimulations(DomainError):
    """As many simulations wait or run as the house allows; nothing was changed."""

    code = "TOO_MANY_SIMULATIONS"

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} simulations wait or run already: wait, or cancel one")
        self.most = most


class SimulationEnded(DomainError):
    """The simulation has ended already; nothing was changed."""

    code = "SIMULATION_ENDED"

    def __init__(self, status: str) -> None:
        super().__init__(f"the simulation has ended: it is {status}")
        self.status = status
