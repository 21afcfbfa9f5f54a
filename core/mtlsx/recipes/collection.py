"""All recipes for one connection, in the order in which they are offered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtlsx.recipes.mosquitto import mosquitto_pub, mosquitto_sub
from mtlsx.recipes.mqttx import mqttx_conn, mqttx_pub, mqttx_sub
from mtlsx.recipes.openssl import s_client
from mtlsx.recipes.own import mtlsx_conn, mtlsx_probe
from mtlsx.recipes.paho import paho

if TYPE_CHECKING:
    from mtlsx.recipes.recipe import Recipe, Task


def recipes(task: Task) -> tuple[Recipe, ...]:
    """``task`` for each program that is known."""
    return (
        mosquitto_pub(task),
        mosquitto_sub(task),
        mqttx_conn(task),
        mqttx_pub(task),
        mqttx_sub(task),
        s_client(task),
        paho(task),
        mtlsx_conn(task),
        mtlsx_probe(task),
    )
