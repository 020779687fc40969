"""The pages in a real browser, against a fake engine."""
