"""The subscriptions of the main screen: what a person wants is asked of the server and kept in the profile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on
from textual.message import Message

from mtlsx.client.filter_counts import Rate
from mtlsx.client.rules import check_subscription
from mtlsx.errors import MtlsxError
from mtlsx_tui.sessions import State
from mtlsx_tui.widgets.subscriptions import SubscriptionList, Subscriptions, Traffic

if TYPE_CHECKING:
    from mtlsx.client.settings import Subscription
    from mtlsx.profiles.model import Profile
    from mtlsx_tui.sessions import Session

_TICKS_PER_LOOK = 12
"""Once a second."""


class ProfileSubscriptions(Subscriptions):
    """The subscriptions of one profile and its session. Posts ``Changed``, ``EditWanted`` and ``Closed``.

    ``now``: the clock by which rates are taken, in seconds.
    """

    class Changed(Message):
        """The profile has other subscriptions now, and wants to be saved."""

        def __init__(self, profile: Profile) -> None:
            self.profile = profile
            super().__init__()

    class EditWanted(Message):
        """A person wants to edit a subscription of the profile."""

        def __init__(self, profile: Profile, subscription: Subscription) -> None:
            self.profile = profile
            self.subscription = subscription
            super().__init__()

    def __init__(self, *, now: Callable[[], float]) -> None:
        super().__init__()
        self._now = now
        self._profile: Profile | None = None
        self._session: Session | None = None
        self._rates: dict[tuple[str, str], Rate] = {}
        self._ticks = 0

    def show_profile(self, profile: Profile, session: Session | None) -> None:
        """Show the subscriptions of ``profile`` from now on."""
        self._profile, self._session = profile, session
        connected = self._connected
        answers = connected.subscriptions if connected else None
        self.show(profile.subscriptions, answers, self._traffic())

    def tick(self) -> None:
        """Look, now and then, at how many messages came. The screen's timer calls it."""
        self._ticks += 1
        if self._ticks % _TICKS_PER_LOOK == 0 and self._session is not None:
            self.show_traffic(self._traffic())

    def _traffic(self) -> dict[str, Traffic]:
        profile, session = self._profile, self._session
        if profile is None or session is None:
            return {}
        clock = self._now()
        found = {}
        for each in profile.subscriptions:
            rate = self._rates.setdefault((profile.name, each.topic_filter), Rate())
            count = session.counts[each.topic_filter]
            found[each.topic_filter] = Traffic(count, rate.observe(count, clock))
        return found

    @property
    def _connected(self) -> Session | None:
        session = self._session
        return session if session is not None and session.state is State.CONNECTED else None

    @on(Subscriptions.Wanted)
    def _subscribe(self, message: Subscriptions.Wanted) -> None:
        message.stop()
        if self._replace(message.subscription.topic_filter, message.subscription):
            # The focus moves before anything is shown: whoever sees the subscription can already go on.
            self.accept()
            self.post_message(self.Closed())
            self._keep()

    @on(SubscriptionList.Wanted)
    def _act(self, message: SubscriptionList.Wanted) -> None:
        if message.action == "filter":
            return  # the messages' business
        message.stop()
        subscription = self._subscription(message.topic_filter)
        if self._profile is None or subscription is None:
            return
        match message.action:
            case "edit":
                self.post_message(self.EditWanted(self._profile, subscription))
                return
            case "turn":
                done = self._replace(
                    message.topic_filter, replace(subscription, enabled=not subscription.enabled)
                )
            case _:
                done = self._replace(message.topic_filter, None)
        if done:
            self._keep()

    def edited(self, former: str, subscription: Subscription) -> None:
        """Put ``subscription`` in the place of the one for the filter ``former``."""
        if self._replace(former, subscription):
            self._keep()

    def _subscription(self, topic_filter: str) -> Subscription | None:
        subscriptions = self._profile.subscriptions if self._profile else ()
        return next((each for each in subscriptions if each.topic_filter == topic_filter), None)

    def _replace(self, former: str, wanted: Subscription | None) -> bool:
        """Put ``wanted`` in the place of the one for the filter ``former``, here and at the server.

        ``wanted``: None removes it. Where that cannot be, says why and returns False.
        """
        profile, session = self._profile, self._connected
        if profile is None:
            return False
        left = wanted is None or not wanted.enabled or wanted.topic_filter != former
        try:
            if wanted is not None:
                check_subscription(wanted)
            if session is not None and left:
                session.unsubscribe(former)
            if session is not None and wanted is not None and wanted.enabled:
                session.subscribe(wanted)
        except MtlsxError as error:
            self.show_error(str(error))
            return False
        self.show_error(None)
        new = [] if wanted is None else [wanted]
        filters = [each.topic_filter for each in profile.subscriptions]
        at = filters.index(former) if former in filters else len(filters)
        taken = {former, *(each.topic_filter for each in new)}
        before = [each for each in profile.subscriptions[:at] if each.topic_filter not in taken]
        after = [each for each in profile.subscriptions[at:] if each.topic_filter not in taken]
        self._profile = replace(profile, subscriptions=(*before, *new, *after))
        return True

    def _keep(self) -> None:
        assert self._profile is not None  # noqa: S101  (something in it was replaced)
        self.post_message(self.Changed(self._profile))
