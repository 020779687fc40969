"""One command becomes a whole store: broker, engine and shoppers as child processes of one terminal.

`__main__` is the order of things, `broker` the embedded MQTT broker, `child` one program that cannot outlive us,
`ports` the free ones, `history` what the shoppers bought before today.
"""
