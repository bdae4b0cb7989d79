"""What people are called, and where mail reaches them."""

from typing import NamedTuple

from .dice import Dice

_FIRST = {
    "Ada": "ada",
    "Björn": "bjoern",
    "Chloé": "chloe",
    "Dmitri": "dmitri",
    "Emeka": "emeka",
    "Fatima": "fatima",
    "Grace": "grace",
    "花子": "hanako",
    "Ioana": "ioana",
    "Jun": "jun",
    "Lukas": "lukas",
    "María": "maria",
    "Noor": "noor",
    "Priya": "priya",
    "Seán": "sean",
    "Zoë": "zoe",
}
_LAST = {
    "Abara": "abara",
    "Berg": "berg",
    "Costa": "costa",
    "Dubois": "dubois",
    "El-Amin": "el-amin",
    "García": "garcia",
    "Hughes": "hughes",
    "Ivanov": "ivanov",
    "Kim": "kim",
    "Müller": "mueller",
    "Novák": "novak",
    "O'Brien": "obrien",
    "Patel": "patel",
    "山田": "yamada",
    "Wang": "wang",
}
_UNKNOWN_ODDS = 0.05


class Person(NamedTuple):
    """A name and an address; the directory may lack either."""

    name: str | None
    email: str | None


def person(user_id: str) -> Person:
    """The person behind an id, always the same."""
    dice = Dice("person", user_id)
    first, last = dice.pick(tuple(_FIRST)), dice.pick(tuple(_LAST))
    email = f"{_FIRST[first]}.{_LAST[last]}{dice.between(1, 9999)}@acme.example"
    return Person(
        None if dice.chance(_UNKNOWN_ODDS) else f"{first} {last}",
        None if dice.chance(_UNKNOWN_ODDS) else email,
    )
