"""`make bench`: the same positions go to bare subscribers and to the whole engine, and come back as ratios.

Read in this order: `walk` makes the positions, `wire` speaks MQTT, `stores` and `subjects` prepare and start what is
measured, `throughput`, `latency` and `scaling` measure, `report` prints. docs/bench.md holds the last results.
"""
