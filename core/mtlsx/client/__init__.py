"""The test client: one MQTT connection over paho-mqtt, what it was told, and the messages it received."""
