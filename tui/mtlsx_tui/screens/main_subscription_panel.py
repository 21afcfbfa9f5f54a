"""The panel of the main screen that edits one subscription: fields in, a ``Subscription`` out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from textual import on
from textual.message import Message

from mtlsx.client.rules import check_subscription
from mtlsx.client.settings import MqttVersion, Subscription
from mtlsx.errors import MtlsxError, UsageError
from mtlsx_tui.widgets.asking import Asked, AskPanel

if TYPE_CHECKING:
    from mtlsx.profiles.model import Profile

_NO, _YES = "no", "yes"
_RETAINED = ("send", "if new", "never")
"""Retain Handling 0, 1 and 2 (MQTT 5.0, section 3.8.3.1)."""
_NO_COLOUR = "none"
_COLOURS = (_NO_COLOUR, "red", "orange", "yellow", "green", "cyan", "blue", "magenta")


class SubscriptionPanel(AskPanel):
    """Asks for all that a subscription has. Posts ``Edited``, and ``Closed`` where nothing is to change."""

    class Edited(Message):
        """``former`` is to become ``subscription``."""

        def __init__(self, former: str, subscription: Subscription) -> None:
            self.former = former
            self.subscription = subscription
            super().__init__()

    def __init__(self) -> None:
        super().__init__()
        self._subscription: Subscription | None = None

    async def open_for(self, subscription: Subscription, profile: Profile) -> None:
        """Ask for what is to be another in ``subscription``."""
        self._subscription = subscription
        version5 = profile.connection.version is MqttVersion.V5
        await self.open("subscription", "Subscription", questions(subscription, version5=version5))

    @on(AskPanel.Answered)
    def _answered(self, message: AskPanel.Answered) -> None:
        message.stop()
        former = self._subscription
        if former is None:
            return
        try:
            edited = answered(former, message.values)
        except MtlsxError as error:
            self.show_error(str(error))
            return
        self.close()
        self.post_message(self.Edited(former.topic_filter, edited))


def questions(subscription: Subscription, *, version5: bool) -> tuple[Asked, ...]:
    """The fields for ``subscription``; ``version5``: those of MQTT 5 too."""
    colour = subscription.colour or _NO_COLOUR
    colours = _COLOURS if colour in _COLOURS else (colour, *_COLOURS)
    identifier = subscription.subscription_identifier
    options = (
        Asked("no_local", "no local", _yes_or_no(subscription.no_local), (_NO, _YES)),
        Asked("as_published", "keep retain", _yes_or_no(subscription.retain_as_published), (_NO, _YES)),
        Asked("retained", "retained", _RETAINED[subscription.retain_handling], _RETAINED),
        Asked("identifier", "identifier", "" if identifier is None else str(identifier), hint="none"),
    )  # fmt: skip
    return (
        Asked("filter", "topic filter", subscription.topic_filter),
        Asked("alias", "alias", subscription.alias or "", hint="shown in place of the filter"),
        Asked("qos", "QoS", str(subscription.qos), ("0", "1", "2")),
        *(options if version5 else ()),
        Asked("colour", "colour", colour, colours),
    )


def answered(former: Subscription, values: Mapping[str, str]) -> Subscription:
    """``former`` with the ``values`` that a person gave. Raises UsageError for what MQTT forbids."""
    edited = replace(
        former,
        topic_filter=values["filter"].strip(),
        alias=values["alias"].strip() or None,
        qos=int(values["qos"]),
        colour=None if values["colour"] == _NO_COLOUR else values["colour"],
    )
    if "no_local" in values:
        edited = replace(
            edited,
            no_local=values["no_local"] == _YES,
            retain_as_published=values["as_published"] == _YES,
            retain_handling=_RETAINED.index(values["retained"]),
            subscription_identifier=_identifier(values["identifier"].strip()),
        )
    check_subscription(edited)
    return edited


def _identifier(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise UsageError(f"Subscription identifier {text!r} is no number.")
    return int(text)


def _yes_or_no(value: bool) -> str:
    return _YES if value else _NO
