"""What real clients sent, byte for byte, read from a socket: mosquitto_pub and mosquitto_sub 2.0.11.

Each is all that one client sent on one connection, in hexadecimal, a packet a line.
"""

from __future__ import annotations

RECORDED = {
    "mosquitto_pub -V mqttv31 -i dev-1 -k 45 -u alice -P s3cret --will-topic gone/dev-1"
    " --will-payload bye --will-qos 1 --will-retain -t factory/1/temp -m 20.5 -q 0 -r": """
        103300064d514973647003ee002d00056465762d31000a676f6e652f6465762d3100036279650005616c696365
        0006733363726574
        3114000e666163746f72792f312f74656d7032302e35
        e000""",
    "mosquitto_pub -V mqttv31 -i dev-1 -k 45 -t factory/1/temp -n -q 2": """
        101300064d51497364700302002d00056465762d31
        3412000e666163746f72792f312f74656d700001
        62020001
        e000""",
    "mosquitto_sub -V mqttv31 -i dev-1 -k 45 -c -t factory/+/temp -t # -q 2 -U old/#": """
        101300064d51497364700300002d00056465762d31
        82170001000e666163746f72792f2b2f74656d700200012302
        a209000200056f6c642f23
        50020001""",
    "mosquitto_pub -V mqttv311 -i dev-1 -k 45 -u alice -P s3cret --will-topic gone/dev-1"
    " --will-payload bye --will-qos 1 --will-retain -t factory/1/temp -m 20.5 -q 0 -r": """
        103100044d51545404ee002d00056465762d31000a676f6e652f6465762d3100036279650005616c696365
        0006733363726574
        3114000e666163746f72792f312f74656d7032302e35
        e000""",
    "mosquitto_pub -V mqttv311 -i dev-1 -k 45 -t factory/1/tür -m 20.5 -q 1": """
        101100044d5154540402002d00056465762d31
        3216000e666163746f72792f312f74c3bc72000132302e35
        e000""",
    "mosquitto_sub -V mqttv311 -i dev-1 -k 45 -c -t factory/+/temp -t # -q 2 -U old/#": """
        101100044d5154540400002d00056465762d31
        82170001000e666163746f72792f2b2f74656d700200012302
        a209000200056f6c642f23
        50020001""",
    "mosquitto_pub -V mqttv5 -i dev-1 -k 45 -u alice -P s3cret --will-topic gone/dev-1"
    " --will-payload bye --will-qos 1 --will-retain -t factory/1/temp -m 20.5 -q 0 -r"
    " -D connect session-expiry-interval 60 -D connect receive-maximum 10 -D connect user-property k v"
    " -D publish message-expiry-interval 30 -D publish content-type text/plain"
    " -D publish response-topic r/1 -D publish correlation-data c1 -D publish user-property a b"
    " -D publish user-property a c -D publish payload-format-indicator 1 -D publish topic-alias 3"
    " -D will will-delay-interval 5 -D will content-type text/plain": """
        105400044d51545405ee002d0f110000003c21000a2600016b00017600056465762d31
        12180000000503000a746578742f706c61696e000a676f6e652f6465762d310003627965
        0005616c6963650006733363726574
        3145000e666163746f72792f312f74656d7030020000001e03000a746578742f706c61696e080003722f31
        09000263312600016100016226000161000163010123000332302e35
        e000""",
    "mosquitto_pub -V mqttv5 -i dev-1 -k 45 -t factory/1/tür -m 20.5 -q 1 -D publish topic-alias 3": """
        101500044d5154540502002d0321001400056465762d31
        321a000e666163746f72792f312f74c3bc7200010323000332302e35
        e000""",
    "mosquitto_sub -V mqttv5 -i dev-1 -k 45 -c -t factory/+/temp -t # -q 2 -U old/#"
    " -D subscribe subscription-identifier 7 -D subscribe user-property x y --retain-as-published": """
        101a00044d5154540500002d0811ffffffff21000100056465762d31
        82210001090b0726000178000179000e666163746f72792f2b2f74656d700a0001230a
        a20a00020000056f6c642f23
        50020001""",
}


def stream(recorded: str) -> bytes:
    """The bytes of one of these connections."""
    return bytes.fromhex(recorded)
