"""The pure core: from values to values, without clock, chance, I/O or logging."""
