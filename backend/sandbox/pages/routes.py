"""The pages that people see at Stripe: onboarding, the Express dashboard, the 3-D Secure challenge, the card's fields."""

from collections.abc import Callable

from markupsafe import Markup
from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from ..state.world import World
from . import challenge, express, onboarding, stripe_js
from .html import page

Page = Callable[..., Response]

NOTHING = Markup("<p>The sandbox has no such page. <a href='/'>What there is</a></p>")
_RULES = (
    Rule("/setup/e/<account>/<token>", methods=["GET"], endpoint=onboarding.enter),
    Rule("/setup/s/<visit>", methods=["GET", "POST"], endpoint=onboarding.visit),
    Rule("/express/<account>/<token>", methods=["GET"], endpoint=express.enter),
    Rule("/express/<account>", methods=["GET"], endpoint=express.show),
    Rule("/3d_secure/<intent>/<token>", methods=["GET", "POST"], endpoint=challenge.ask),
    Rule("/v3/", methods=["GET"], endpoint=stripe_js.script),
    Rule("/<release>/stripe.js", methods=["GET"], endpoint=stripe_js.script),
    Rule("/elements/card", methods=["GET"], endpoint=stripe_js.card_frame),
)


_ROUTES = Map(_RULES, strict_slashes=False, merge_slashes=False).bind("sandbox")


class Pages:
    """Finds the page of an address."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._routes = _ROUTES

    def respond(self, request: Request) -> Response:
        """The page at an address."""
        try:
            show, ids = self._routes.match(request.path, request.method)
        except HTTPException:
            return page("Nothing here", NOTHING, 404)
        with self._world.lock:
            self._world.timeline.run_due()
            answer: Response = show(self._world, request, **ids)
            return answer
