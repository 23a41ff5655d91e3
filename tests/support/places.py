"""Locations made through the API, for tests of locations and what stands on them."""

from typing import Any

from tests.support.mutations import Mutation

_LOCATION = """id code name kind address { street city region postalCode country }
  position { latitude longitude } timeZone openingHours { weekday opens closes } cutOff
  dailyCapacity priority trust canShip canPickup canReceiveReturns active version channels tags"""
CREATE_LOCATION = Mutation(
    "createLocation",
    f"location {{ {_LOCATION} }}",
    "... on LocationCodeTakenError { locationCode }",
)
UPDATE_LOCATION = Mutation("updateLocation", f"location {{ {_LOCATION} }}")


def store(key: str = "k1", **changes: Any) -> dict[str, Any]:
    """Input of createLocation: a store in Rome, changed as told."""
    given: dict[str, Any] = {
        "idempotencyKey": key,
        "code": "ROMA-01",
        "name": "Roma Centro",
        "kind": "STORE",
        "address": {
            "street": "Via del Corso 1",
            "city": "Roma",
            "region": "RM",
            "postalCode": "00186",
            "country": "IT",
        },
        "position": {"latitude": 41.9028, "longitude": 12.4964},
        "timeZone": "Europe/Rome",
        "openingHours": [
            {"weekday": 2, "opens": "15:00", "closes": "19:30"},
            {"weekday": 2, "opens": "09:00", "closes": "13:00"},
            {"weekday": 1, "opens": "10:00", "closes": "00:00"},
        ],
        "cutOff": "16:30",
        "dailyCapacity": 40,
        "priority": 10,
        "trust": "0.95",
        "canShip": True,
        "canPickup": True,
        "canReceiveReturns": False,
    }
    return {**given, **changes}
