"""Floor plans coming in from elsewhere, going out again, and being looked at: the commands under `map`."""
