"""Access: by the token's subject and roles, or because nobody is asked."""

from __future__ import annotations

import pytest

from backend.domain.access import ANYBODY, TRUSTED, Caller, NotAllowed, NotSignedIn, Role, Rule

PLAYER = Caller(subject="p-1", roles=frozenset([Role.PLAYER]))
COACH = Caller(subject="c-1", roles=frozenset([Role.COACH]))
ADMIN = Caller(subject="a-1", roles=frozenset([Role.ADMIN]))
NOBODY = Caller()
COACHES = Rule(frozenset([Role.COACH]), anonymous=False)
EVERYBODY = Rule(frozenset([Role.COACH]), anonymous=True)


@pytest.mark.parametrize("caller", [TRUSTED, ANYBODY, ADMIN, COACH])
def test_who_has_the_role_or_is_trusted_is_let_in(caller: Caller) -> None:
    """An admin has every role."""
    caller.check(COACHES, tokens_optional=False)
    caller.check(COACHES, tokens_optional=True)


@pytest.mark.parametrize("rule", [COACHES, EVERYBODY])
@pytest.mark.parametrize("optional", [True, False])
def test_a_token_of_another_role_is_refused(rule: Rule, optional: bool) -> None:
    """Also where nobody would need one."""
    with pytest.raises(NotAllowed):
        PLAYER.check(rule, tokens_optional=optional)


@pytest.mark.parametrize(("rule", "optional"), [(COACHES, True), (COACHES, False), (EVERYBODY, False)])
def test_without_a_token_nobody_is_let_in(rule: Rule, optional: bool) -> None:
    """Unless the route is open and tokens are optional."""
    with pytest.raises(NotSignedIn):
        NOBODY.check(rule, tokens_optional=optional)


def test_an_open_route_lets_anybody_in_where_tokens_are_optional() -> None:
    """It is the one case."""
    NOBODY.check(EVERYBODY, tokens_optional=True)


@pytest.mark.parametrize(
    ("caller", "named", "owns"),
    [
        (PLAYER, "p-1", True),
        (PLAYER, "p-2", False),
        (PLAYER, None, False),
        (NOBODY, None, True),
        (NOBODY, "p-1", False),
        (ADMIN, "p-1", True),
        (TRUSTED, None, True),
    ],
)
def test_a_payment_is_its_players(caller: Caller, named: str | None, owns: bool) -> None:
    """Without a token only one that names nobody."""
    assert caller.owns_payment(named) is owns


@pytest.mark.parametrize(
    ("caller", "coach", "owns", "is_it"),
    [
        (COACH, "c-1", True, True),
        (COACH, "c-2", False, False),
        (COACH, None, False, False),
        (NOBODY, None, False, False),
        (NOBODY, "c-1", False, False),
        (ADMIN, "c-1", True, True),
        (TRUSTED, "c-1", True, True),
        (ANYBODY, "c-1", True, False),
    ],
)
def test_an_account_is_its_coachs(caller: Caller, coach: str | None, owns: bool, is_it: bool) -> None:
    """In production, a caller whom nobody asks is not known."""
    assert caller.owns_account(coach) is owns
    assert caller.is_coach(coach or "") is is_it


@pytest.mark.parametrize(
    ("caller", "stranger"),
    [(NOBODY, True), (ANYBODY, True), (TRUSTED, False), (ADMIN, False), (PLAYER, False), (COACH, False)],
)
def test_a_stranger_is_whom_nothing_names(caller: Caller, stranger: bool) -> None:
    """No token, and this is not development."""
    assert caller.is_stranger is stranger


@pytest.mark.parametrize(
    ("caller", "named", "player"),
    [
        (PLAYER, None, "p-1"),
        (PLAYER, "p-1", "p-1"),
        (NOBODY, "p-9", "p-9"),
        (NOBODY, None, None),
        (ADMIN, "p-9", "p-9"),
        (ADMIN, None, None),
    ],
)
def test_a_player_buys_for_nobody_else(caller: Caller, named: str | None, player: str | None) -> None:
    """A caller without a token, and an admin, may name anybody."""
    assert caller.player_for(named) == player


def test_a_player_who_names_another_is_refused() -> None:
    """The token says who it is."""
    with pytest.raises(NotAllowed):
        PLAYER.player_for("p-2")
