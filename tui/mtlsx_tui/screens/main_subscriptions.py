"""The subscriptions of the main screen: what a person wants is asked of the server and kept in the profile."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on
from textual.message import Message

from mtlsx.client.rules import check_subscription
from mtlsx.errors import MtlsxError
from mtlsx_tui.sessions import State
from mtlsx_tui.widgets.subscriptions import SubscriptionList, Subscriptions

if TYPE_CHECKING:
    from mtlsx.client.settings import Subscription
    from mtlsx.profiles.model import Profile
    from mtlsx_tui.sessions import Session


class ProfileSubscriptions(Subscriptions):
    """The subscriptions of one profile and its session. Posts ``Changed`` and ``Closed``."""

    class Changed(Message):
        """The profile has other subscriptions now, and wants to be saved."""

        def __init__(self, profile: Profile) -> None:
            self.profile = profile
            super().__init__()

    def __init__(self) -> None:
        super().__init__()
        self._profile: Profile | None = None
        self._session: Session | None = None

    def show_profile(self, profile: Profile, session: Session | None) -> None:
        """Show the subscriptions of ``profile`` from now on."""
        self._profile, self._session = profile, session
        connected = self._connected
        self.show(profile.subscriptions, connected.subscriptions if connected else None)

    @property
    def _connected(self) -> Session | None:
        session = self._session
        return session if session is not None and session.state is State.CONNECTED else None

    @on(Subscriptions.Wanted)
    def _subscribe(self, message: Subscriptions.Wanted) -> None:
        message.stop()
        wanted = message.subscription
        if self._profile is None:
            return
        try:
            check_subscription(wanted)
            if self._connected is not None:
                self._connected.subscribe(wanted)
        except MtlsxError as error:
            self.show_error(str(error))
            return
        # The focus moves before anything is shown: whoever sees the subscription can already go on.
        self.accept()
        self.post_message(self.Closed())
        self._keep((*self._without(wanted.topic_filter), wanted))

    @on(SubscriptionList.UnsubscribeWanted)
    def _unsubscribe(self, message: SubscriptionList.UnsubscribeWanted) -> None:
        message.stop()
        if self._profile is None:
            return
        try:
            if self._connected is not None:
                self._connected.unsubscribe(message.topic_filter)
        except MtlsxError as error:
            self.show_error(str(error))
            return
        self._keep(self._without(message.topic_filter))

    def _without(self, topic_filter: str) -> tuple[Subscription, ...]:
        assert self._profile is not None  # noqa: S101  (the callers have looked)
        return tuple(
            each for each in self._profile.subscriptions if each.topic_filter != topic_filter
        )

    def _keep(self, subscriptions: tuple[Subscription, ...]) -> None:
        assert self._profile is not None  # noqa: S101  (the callers have looked)
        self._profile = replace(self._profile, subscriptions=subscriptions)
        self.post_message(self.Changed(self._profile))
