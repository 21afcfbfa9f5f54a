"""What a broker makes of a client certificate: DER in, names out, byte for byte; pure functions.

``emqx``, ``rabbitmq`` and ``mosquitto`` each answer for one broker; ``report`` puts them side by side,
``mapping`` says which username, client id and Redis command follow, ``traps`` what will surprise. The ``otp_*``
modules read a certificate as strictly as Erlang/OTP does, because a certificate that OTP cannot read never gets
an MQTT answer from EMQX or RabbitMQ. Importing this package imports nothing else.
"""
