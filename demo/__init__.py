"""One command becomes a whole store: broker, engine and shoppers as child processes of one terminal.

`__main__` reads the flags and speaks, `opening` is the order of things, `broker` the embedded MQTT broker, `child` one
program that cannot outlive us, `history` what the shoppers bought before today, `ports` the free ones. `day` is another
way to run the store: all of it in one process, as fast as it goes.
"""
