"""The name of one deployment on a Stripe account: it keeps two deployments on one account from meeting.

The name is in the marker of all that the deployment makes, in the ids of its registry entries, in its transfer groups
and in the idempotency keys that do not name a payment. Without a name every byte is as it was before there were names.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

# The marker of everything that this software made: payments, transfers, refunds, accounts, registry entries.
APP = "app"
APP_VALUE = "coaching-payments"

# The word for the deployment without a name, where earlier names are listed.
DEFAULT = "default"
NAME = re.compile(r"[a-z0-9-]{1,20}", re.ASCII)


@dataclass(frozen=True)
class Namespace:
    """A deployment's name; empty for the only one of an account. ``also``: the names that it had before, or DEFAULT."""

    name: str = ""
    also: tuple[str, ...] = ()

    @property
    def marker(self) -> str:
        """The value of the marker on what this deployment makes."""
        return _marker(self.name)

    @property
    def mark(self) -> dict[str, str]:
        """The metadata that marks what this deployment makes."""
        return {APP: self.marker}

    @property
    def label(self) -> str:
        """The name as it is spoken of."""
        return self.name or DEFAULT

    @property
    def earlier(self) -> tuple[Namespace, ...]:
        """The namespaces that the deployment had before."""
        names = ("" if one == DEFAULT else one for one in self.also)
        return tuple(Namespace(one) for one in dict.fromkeys(names) if one != self.name)

    def is_ours(self, metadata: Mapping[str, str]) -> bool:
        """True if this deployment made the object, under this name or an earlier one."""
        marker = metadata.get(APP)
        return marker == self.marker or any(marker == one.marker for one in self.earlier)

    def is_anothers(self, metadata: Mapping[str, str]) -> bool:
        """True if another deployment of this software made the object."""
        return is_marked(metadata) and not self.is_ours(metadata)

    def mark_of(self, metadata: Mapping[str, str]) -> dict[str, str]:
        """The mark of what is made for an object: the object's own where it is ours.

        A deployment whose name was changed and one that still runs under the earlier name then send equal bytes.
        """
        return {APP: metadata[APP]} if self.is_ours(metadata) else self.mark

    def registry_id(self, coach_id: str) -> str:
        """The id of the Product that binds a coach to an account, the same for ever. Without a name: 40 characters.

        A name has no underscore, and is too short to be taken for the digest: no two deployments' ids are equal.
        """
        digest = hashlib.sha256(coach_id.encode()).hexdigest()[:34]
        return f"coach_{self.name}_{digest}" if self.name else f"coach_{digest}"

    def registry_ids(self, coach_id: str) -> tuple[str, ...]:
        """The ids to look a coach up by: this name's first, then the earlier ones'."""
        return (self.registry_id(coach_id), *(one.registry_id(coach_id) for one in self.earlier))

    def own(self, product_id: str) -> str:
        """The id of a Product of which each deployment has one."""
        return f"{product_id}_{self.name}" if self.name else product_id

    def owns(self, product_id: str) -> tuple[str, ...]:
        """The ids of such a Product: this name's first, then the earlier ones'."""
        return (self.own(product_id), *(one.own(product_id) for one in self.earlier))

    def key(self, text: str) -> str:
        """The idempotency key of a request that names no payment. A payment's id is in one deployment only."""
        return f"{self.name}/{text}" if self.name else text

    def group(self, purchase_id: str) -> str:
        """The transfer group of a purchase."""
        return f"purchase_{self.name}_{purchase_id}" if self.name else f"purchase_{purchase_id}"


# The deployment without a name.
UNNAMED = Namespace()


def is_marked(metadata: Mapping[str, str]) -> bool:
    """True if a deployment of this software made the object, whichever it was."""
    marker = metadata.get(APP, "")
    return marker == APP_VALUE or marker.startswith(f"{APP_VALUE}:")


def entry_id(registry_id: str, number: int) -> str:
    """The id of a coach's registry entry: the first is the binding as it was made, each further one replaces the last."""
    return registry_id if number == 1 else f"{registry_id}_{number}"


def _marker(name: str) -> str:
    return f"{APP_VALUE}:{name}" if name else APP_VALUE
