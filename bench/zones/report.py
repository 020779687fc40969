"""Scores become a table for the eyes, a JSON file for machines and the tables of docs/zones.md."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from rich.table import Table

from bench.zones.run import BOUND, GROUPS, OURS, Group, Line
from bench.zones.score import Score

LABELS: dict[Group, str] = {"all": "all", "dept": "departments", "pair": "aisle pairs", "aisle": "aisles"}

Target = tuple[float, float, float | None]  # precision, recall and, where one was set, false a trip

# What the project set out to reach, at correlated error.
TARGETS: dict[str, Target] = {
    "sigma1_all": (0.90, 0.95, None),
    "sigma1_aisle": (0.83, 0.94, None),
    "sigma2_all": (0.80, 0.86, 2.4),
    "sigma2_dept": (0.88, 0.91, None),
    "sigma2_push": (0.90, 0.68, 1.0),
}


def key_of(line: Line, group: Group) -> str:
    """Name of one line and group in the JSON file, such as `sigma2_all`, `sigma2_push_dept` or `gateways_all`."""
    noise = "" if line.case.noise == "correlated" else f"{line.case.noise}_"
    case = "gateways" if line.case.source == "ranges" else f"{noise}sigma{line.case.sigma_m:g}"
    if line.level == "push":
        return f"{case}_push" + ("" if group == "all" else f"_{group}")
    return f"{case}_{group}"


def as_json(lines: Sequence[Line], *, trips: int, seeds: Sequence[int]) -> dict[str, object]:
    """Our own figures flat at the top, everybody's below `methods`."""
    flat: dict[str, object] = {"trips": trips, "seeds": list(seeds)}
    methods: dict[str, dict[str, dict[str, object]]] = {}
    for line in lines:
        for group, score in line.scores.items():
            key, figures = key_of(line, group), asdict(score)
            methods.setdefault(line.method, {})[key] = figures
            if line.method == OURS:
                flat |= {f"{key}_{name}": figure for name, figure in figures.items()}
    ours = _by_key(lines, OURS)
    misses = {key: missed for key, target in TARGETS.items() if (missed := _missed(ours[key], target))}
    return flat | {"targets_missed": misses, "methods": methods}


def _missed(score: Score, target: Target) -> list[str]:
    """The names of the figures that fall short, to the two decimals that goals have."""
    precision, recall, false = target
    short = {
        "precision": round(score.precision, 2) < precision,
        "recall": round(score.recall, 2) < recall,
        "false_per_trip": false is not None and round(score.false_per_trip, 2) > false,
    }
    return [name for name, is_short in short.items() if is_short]


def as_table(lines: Iterable[Line], title: str) -> Table:
    """A table for the terminal: precision/recall by group, then what the numbers hide."""
    table = Table(title=title, title_justify="left")
    table.add_column("method")
    for column in (*LABELS.values(), "false a trip", "passing", "flaps", "delay s", "stops found"):
        table.add_column(column, justify="right")
    for line in lines:
        table.add_row(line.method, *_cells(line), style="bold" if line.method == OURS else "")
    return table


def as_markdown(lines: Iterable[Line]) -> str:
    """The same table for docs/zones.md, with the intervals of `all`."""
    heads = ("method", *LABELS.values(), "false a trip", "passing", "flaps", "delay s", "stops found")
    rows = [heads, ("---", *["---:"] * (len(heads) - 1))]
    for line in lines:
        name = f"**{line.method}**" if line.method == OURS else line.method
        rows.append((name, *_cells(line)))
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _cells(line: Line) -> tuple[str, ...]:
    every = line.scores["all"]
    return (
        *(f"{line.scores[group].precision:.2f} / {line.scores[group].recall:.2f}" for group in GROUPS),
        f"{every.false_per_trip:.1f}",
        f"{every.passing_per_trip:.1f}",
        f"{every.flaps_per_trip:.1f}",
        f"{every.delay_s:.0f}",
        f"{every.recall_long:.2f}",
    )


def as_goals(lines: Sequence[Line]) -> str:
    """Our figures beside the targets and what hindsight would find, with intervals, for docs/zones.md."""
    ours, bound = _by_key(lines, OURS), _by_key(lines, BOUND)
    rows = [
        "| case | precision | recall | false a trip | target | in hindsight |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    missed, goals = 0, 0
    for key, (precision, recall, false) in TARGETS.items():
        if key not in ours:
            continue
        missed += len(_missed(ours[key], TARGETS[key]))
        goals += 2 if false is None else 3
        goal = f"{precision:.2f} / {recall:.2f}" + (f" / {false:.1f}" if false is not None else "")
        most = bound.get(key)
        known = "" if most is None else f"{most.precision:.2f} / {most.recall:.2f} / {most.false_per_trip:.1f}"
        rows.append(f"| {_words(key)} | {_share(ours[key])} | {goal} | {known} |")
    return "\n".join([*rows, "", f"Missed: {missed} of {goals} goals."])


def _by_key(lines: Sequence[Line], method: str) -> dict[str, Score]:
    return {
        key_of(line, group): score for line in lines if line.method == method for group, score in line.scores.items()
    }


def _share(score: Score) -> str:
    spans = (
        (score.precision, score.precision_ci, "{:.2f}"),
        (score.recall, score.recall_ci, "{:.2f}"),
        (score.false_per_trip, score.false_ci, "{:.1f}"),
    )
    return " | ".join(f"{form.format(value)} ({'–'.join(form.format(end) for end in ci)})" for value, ci, form in spans)


def _words(key: str) -> str:
    sigma, _, group = key.partition("_")
    labels = {"push": "push-grade, all zones", "dept": "departments", "aisle": "single aisles", "all": "all zones"}
    return f"sigma {sigma.removeprefix('sigma')} m, {labels[group]}"
