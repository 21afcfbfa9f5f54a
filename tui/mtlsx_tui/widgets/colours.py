"""Colours that a person chose for profiles and subscriptions, so that they can be read on either kind of theme."""

from __future__ import annotations

from textual.color import Color, ColorParseError

_BRIGHTEST_ON_LIGHT = 0.4
_DARKEST_ON_DARK = 0.29
_BLACK, _WHITE = Color(0, 0, 0), Color(255, 255, 255)


def readable(colour: str | None, *, dark: bool) -> str | None:
    """``colour`` (a name, ``#rrggbb``) as ``#rrggbb``; None where it is no colour, since files may hold anything.

    ``dark``: whether the theme is; yellow on a light one becomes darker, blue on a dark one lighter.
    """
    if colour is None:
        return None
    try:
        parsed = Color.parse(colour).with_alpha(1)
    except ColorParseError:
        return None
    brightness = parsed.brightness
    if dark and brightness < _DARKEST_ON_DARK:
        parsed = parsed.blend(_WHITE, (_DARKEST_ON_DARK - brightness) / (1 - brightness))
    elif not dark and brightness > _BRIGHTEST_ON_LIGHT:
        parsed = parsed.blend(_BLACK, 1 - _BRIGHTEST_ON_LIGHT / brightness)
    return parsed.hex6
