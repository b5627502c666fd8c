"""Access: the rules of who may call a route, and whose payments and accounts a caller may reach. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Role(StrEnum):
    """The role that a token gives its bearer. An admin may do everything."""

    PLAYER = "player"
    COACH = "coach"
    ADMIN = "admin"


class NotSignedIn(Exception):
    """A token is needed here and none was sent, or the one that was sent is not valid."""


class NotAllowed(Exception):
    """The bearer may not do this. What belongs to another is not forbidden but not found: see ``Caller``."""


@dataclass(frozen=True)
class Rule:
    """The callers of a route besides admins. ``anonymous``: without a token too, where tokens are optional.

    What anybody may do harms nobody: it begins a payment of one's own, or asks for what is true already. It names
    no amount and no payee, and shows nobody's data.
    """

    roles: frozenset[Role] = field(default_factory=frozenset)
    anonymous: bool = False


ADMINS = Rule()
PLAYERS = Rule(frozenset([Role.PLAYER]))
COACHES = Rule(frozenset([Role.COACH]))
# A guest has no token.
PLAYERS_AND_GUESTS = Rule(PLAYERS.roles, anonymous=True)
COACHES_AND_GUESTS = Rule(COACHES.roles, anonymous=True)
EVERYBODY = Rule(PLAYERS.roles | COACHES.roles, anonymous=True)

# Stripe signs its webhooks, probes have no token, and a page shows a payment to who holds its client secret.
OPEN_BLUEPRINTS = frozenset(["webhooks", "status", "pages", "reference", "docs", "storefront", "money_pages"])


@dataclass(frozen=True)
class Caller:
    """The sender of a request. ``subject`` is the token's, None without one; ``trusted`` where nobody is asked who they are.

    ``unknown``: it may be anybody, for this is production and nobody is asked. What only the coach may have (a link
    to onboarding, which decides whose bank is paid) then needs more than being trusted.
    """

    subject: str | None = None
    roles: frozenset[Role] = frozenset()
    trusted: bool = False
    unknown: bool = False

    @property
    def may_everything(self) -> bool:
        """An operator's command, a backend without authentication, or an admin."""
        return self.trusted or Role.ADMIN in self.roles

    def check(self, rule: Rule, tokens_optional: bool) -> None:
        """Refuse a caller for whom the route is not. Raises ``NotSignedIn`` or ``NotAllowed``."""
        if self.may_everything:
            return
        if self.subject is None:
            if not (rule.anonymous and tokens_optional):
                raise NotSignedIn
        elif not self.roles & rule.roles:
            raise NotAllowed

    def owns_payment(self, player_id: str | None) -> bool:
        """True if a payment is this caller's: without a token only one that names nobody."""
        return self.may_everything or player_id == self.subject

    def owns_account(self, coach_id: str | None) -> bool:
        """True if an account is this coach's."""
        return self.may_everything or (self.subject is not None and coach_id == self.subject)

    @property
    def is_stranger(self) -> bool:
        """True if nothing says who it is: no token, and this is not development."""
        return self.unknown or (self.subject is None and not self.may_everything)

    def is_coach(self, coach_id: str) -> bool:
        """True if it is known to be this coach, or an admin: where nobody is asked, in production, it is not known."""
        return not self.unknown and self.owns_account(coach_id)

    def is_player(self, player_id: str | None) -> bool:
        """True if it is known to be this player, or an admin. Nobody is the player of a payment that names none."""
        return not self.unknown and (self.may_everything or (self.subject is not None and player_id == self.subject))

    def player_for(self, named: str | None) -> str | None:
        """The player that a purchase is for: a player buys for nobody else. Raises ``NotAllowed``."""
        if self.may_everything or self.subject is None:
            return named
        if named not in (None, self.subject):
            raise NotAllowed
        return self.subject


TRUSTED = Caller(trusted=True)
ANYBODY = Caller(trusted=True, unknown=True)
