"""The coaches of the storefront: made up, one after another for the sports of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle

from backend.domain.catalogue import Catalogue


@dataclass(frozen=True)
class SampleCoach:
    """Somebody to buy from. ``email`` is what the coach registers with."""

    id: str
    name: str
    sport: str
    about: str

    @property
    def email(self) -> str:
        """Of a domain that belongs to nobody."""
        return f"{self.id}@example.com"

    @property
    def initials(self) -> str:
        """For the picture."""
        return "".join(word[0] for word in self.name.split())


# Said where the operator has set no terms; it is what this shop does.
SAMPLE_REFUND_TERMS = "Your money back, all of it, for as long as your session is open."

_PEOPLE = (
    ("sample-dana", "Dana Reyes", "Footwork first. Clear drills for your next match."),
    ("sample-lee", "Lee Chen", "Fifteen years on tour. Sees the swing you cannot feel."),
    ("sample-noa", "Noa Weiss", "Patient with beginners, demanding with talent."),
    ("sample-sam", "Sam Okafor", "Short reviews with one thing to change at a time."),
)


def sample_coaches(catalogue: Catalogue) -> list[SampleCoach]:
    """Each with a sport that is for sale."""
    return [
        SampleCoach(id, name, sport, about)
        for (id, name, about), sport in zip(_PEOPLE, cycle(catalogue.sports), strict=False)
    ]
