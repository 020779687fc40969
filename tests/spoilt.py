"""JSON with one thing in it gone wrong: what a slip of the hand, or another program's bug, makes of a good file."""

from collections.abc import Iterator

from hypothesis import strategies as st

SHAPES: tuple[object, ...] = ([], {}, [[]], [1, 2], [None], [[None, None]], {"en": None}, {"type": "Point"})
JUNK: tuple[object, ...] = (None, True, -1, 1e308, "", "x", "é" * 300, *SHAPES)

Path = tuple[str | int, ...]


def spoilt(good: object) -> st.SearchStrategy[object]:
    """`good` with any one value in it replaced by junk, or taken away."""
    places = [path for path in _paths(good, ()) if path]
    return st.builds(
        lambda path, junk, is_gone: _with(good, path, junk, is_gone=is_gone),
        st.sampled_from(places),
        st.sampled_from(JUNK),
        st.booleans(),
    )


def _paths(value: object, path: Path) -> Iterator[Path]:
    yield path
    for step, inner in _steps(value):
        yield from _paths(inner, (*path, step))


def _steps(value: object) -> list[tuple[str | int, object]]:
    if isinstance(value, dict):
        return list(value.items())
    return list(enumerate(value)) if isinstance(value, list) else []


def _with(value: object, path: Path, junk: object, *, is_gone: bool) -> object:
    """A copy of a value in which what stands at `path` is junk, or is gone."""
    if not path:
        return junk
    first, *rest = path
    left = [(step, inner) for step, inner in _steps(value) if rest or step != first or not is_gone]
    changed = [
        (step, _with(inner, tuple(rest), junk, is_gone=is_gone) if step == first else inner) for step, inner in left
    ]
    return dict(changed) if isinstance(value, dict) else [inner for _, inner in changed]
