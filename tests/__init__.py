"""Tests of Aislewise; a package, because a library of ours installs one that is called `tests` too."""
