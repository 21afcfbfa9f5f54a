"""The last will and the properties of CONNECT (MQTT 5), from options with MQTTX CLI's names.

In: ``ConnectionArguments`` and what a profile has. Out: our values, or ``UsageError`` with one sentence.
"""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any, TypeVar

from mtlsx.client.settings import ConnectProperties, MqttVersion, Will, WillProperties
from mtlsx.errors import UsageError
from mtlsx_tui.cli.publish_properties import user_property

if TYPE_CHECKING:
    from mtlsx_tui.cli.connection_options import ConnectionArguments

T = TypeVar("T", WillProperties, ConnectProperties)

_WILL = {"will_message": "-Wm", "will_qos": "-Wq", "will_retain": "-Wr"}
_WILL_PROPERTIES = {
    "will_delay_interval": "-Wd",
    "will_payload_format_indicator": "-Wpf",
    "will_message_expiry_interval": "-We",
    "will_content_type": "-Wct",
    "will_response_topic": "-Wrt",
    "will_correlation_data": "-Wcd",
    "will_user_properties": "-Wup",
}
_CONNECT_PROPERTIES = {
    "rcv_max": "--rcv-max",
    "maximum_packet_size": "--maximum-packet-size",
    "req_response_info": "--req-response-info",
    "no_req_problem_info": "--no-req-problem-info",
    "conn_user_properties": "-Cup",
}


def last_will(
    arguments: ConnectionArguments, base: Will | None, version: MqttVersion
) -> Will | None:
    """The last will that was asked for, over the profile's, ``base``; None without one. Raises UsageError."""
    if arguments.will_topic is None and base is None:
        for option in (*_given(arguments, _WILL), *_given(arguments, _WILL_PROPERTIES)):
            raise UsageError(f"{option} goes with a last will: name its topic with -Wt.")
        return None
    _require_version_5(_given(arguments, _WILL_PROPERTIES), version)
    will = base or Will(topic="")
    message = arguments.will_message
    return Will(
        topic=will.topic if arguments.will_topic is None else arguments.will_topic,
        payload=will.payload if message is None else os.fsencode(message),
        qos=will.qos if arguments.will_qos is None else arguments.will_qos,
        retain=will.retain or arguments.will_retain,
        properties=_will_properties(arguments, will.properties),
    )


def connect_properties(
    arguments: ConnectionArguments, base: ConnectProperties, version: MqttVersion
) -> ConnectProperties:
    """The properties that were asked for, over the profile's, ``base``. Raises UsageError."""
    _require_version_5(_given(arguments, _CONNECT_PROPERTIES), version)
    return _changed(
        base,
        receive_maximum=arguments.rcv_max,
        maximum_packet_size=arguments.maximum_packet_size,
        request_response_information=True if arguments.req_response_info else None,
        request_problem_information=False if arguments.no_req_problem_info else None,
        user_properties=tuple(map(user_property, arguments.conn_user_properties)) or None,
    )


def _will_properties(arguments: ConnectionArguments, base: WillProperties) -> WillProperties:
    correlation = arguments.will_correlation_data
    return _changed(
        base,
        will_delay_interval=arguments.will_delay_interval,
        payload_format_indicator=1 if arguments.will_payload_format_indicator else None,
        message_expiry_interval=arguments.will_message_expiry_interval,
        content_type=arguments.will_content_type,
        response_topic=arguments.will_response_topic,
        correlation_data=None if correlation is None else os.fsencode(correlation),
        user_properties=tuple(map(user_property, arguments.will_user_properties)) or None,
    )


def _given(arguments: ConnectionArguments, options: dict[str, str]) -> list[str]:
    return [
        option
        for name, option in options.items()
        # 0 is given, and equal to False.
        if getattr(arguments, name) not in (None, ()) and getattr(arguments, name) is not False
    ]


def _require_version_5(options: list[str], version: MqttVersion) -> None:
    if options and version is not MqttVersion.V5:
        raise UsageError(f"{options[0]} is of MQTT 5; MQTT {version} does not know it.")


def _changed(value: T, **changes: object) -> T:
    """``value`` with the changes that are not None."""
    wanted: dict[str, Any] = {
        name: change for name, change in changes.items() if change is not None
    }
    return dataclasses.replace(value, **wanted)
