"""The house's own rules: what exists is documented and tested, and what the documents name exists.

Each failure says which sentence, file or row to add. A rule about code that a linter can hold lives in pyproject.toml.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from enum import StrEnum
from importlib import import_module
from pathlib import Path

import pytest

from offer_engine import messages
from offer_engine.core.reason import Reason, Stage
from offer_engine.core.tracking import Dropped
from offer_engine.errors import Refusal
from offer_engine.ledger import TABLES
from offer_engine.settings import OTHER_VARIABLES, PREFIX, Settings

ROOT = Path(__file__).parents[1]
PACKAGES = ("offer_engine", "beacon_sim", "phone_client", "demo", "bench")

# Programs that measure: `tests/bench` tests what they compute, a test cannot say whether a measurement is right.
MEASURING = "bench."

# Modules whose test neither mirrors nor imports them, with the test that runs them instead.
TESTED_ELSEWHERE: dict[str, str] = {
    "demo.__main__": "tests/demo/test_demo.py",
    "demo.opening": "tests/demo/test_demo.py",
    "demo.tether": "tests/demo/test_child.py",
}


def modules() -> list[str]:
    """Every module of ours by its dotted name; packages by the name of the package."""
    found = [path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return sorted(".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in found)


def source(module: str) -> Path:
    """The file of a module."""
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def documents() -> dict[str, str]:
    """The text of every document a user may read, by its path."""
    paths = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return {str(path.relative_to(ROOT)): path.read_text() for path in paths if path.exists()}


def imported(path: Path) -> Iterator[str]:
    """Dotted names of what a file imports: of each `from a import b`, both `a` and `a.b`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("module", modules())
def test_module_says_what_it_turns_into_what(module: str) -> None:
    """Every module begins with a docstring of at least one full sentence."""
    docstring = ast.get_docstring(ast.parse(source(module).read_text())) or ""
    first = docstring.partition("\n\n")[0]
    assert len(first.split()) >= 4, f"{module} needs a docstring: one sentence on what it turns into what"


def test_every_module_is_tested() -> None:
    """Every module with code has a test file that mirrors it or imports it."""
    tests = [path for path in (ROOT / "tests").rglob("test_*.py") if path.name != Path(__file__).name]
    named = {name for path in tests for name in imported(path)}
    mirrored = {path.stem.removeprefix("test_") for path in tests}
    missing = []
    for module in modules():
        package, _, leaf = module.rpartition(".")
        is_tested = module in named or leaf in mirrored or module in TESTED_ELSEWHERE
        if source(module).name == "__init__.py" or is_tested or module.startswith(MEASURING):
            continue
        folder = "tests" if package == "offer_engine" else f"tests/{package.removeprefix('offer_engine.')}"
        missing.append(f"{folder}/test_{leaf.strip('_')}.py")
    assert not missing, f"modules without a test; write {', '.join(missing)}"


def test_exceptions_are_still_exceptions() -> None:
    """Every entry of the table above names a module and a test that exist."""
    for module, test in TESTED_ELSEWHERE.items():
        assert source(module).exists(), f"TESTED_ELSEWHERE names {module}, which is gone; remove it"
        assert (ROOT / test).exists(), f"TESTED_ELSEWHERE names {test}, which is gone"


@pytest.mark.parametrize("kind", [Refusal, Reason, Stage, Dropped])
def test_every_verdict_is_documented(kind: type[StrEnum]) -> None:
    """Whatever the engine may answer, in an enum's value, stands between backticks in the documents."""
    text = "\n".join(documents().values())
    missing = [member.value for member in kind if f"`{member.value}`" not in text]
    assert not missing, f"add {kind.__name__} {missing} to docs/reasons.md, each with a sentence"


def test_every_setting_is_documented() -> None:
    """Every environment variable that we read is in the documents."""
    text = "\n".join(documents().values())
    names = [field.name.upper() for field in fields(Settings)] + sorted(OTHER_VARIABLES)
    missing = [PREFIX + name for name in names if not re.search(rf"\b{PREFIX}{name}\b", text)]
    assert not missing, f"add {missing} to docs/settings.md, each with its unit and its default"


def test_every_variable_in_the_code_is_a_known_one() -> None:
    """No file reads a variable of our prefix that the engine would refuse as unknown."""
    known = {PREFIX + field.name.upper() for field in fields(Settings)} | {PREFIX + name for name in OTHER_VARIABLES}
    for path in [*ROOT.glob("*.yml"), ROOT / ".ci" / "run", ROOT / "Makefile", *map(source, modules())]:
        unknown = set(re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]\b", path.read_text())) - known
        assert not unknown, f"{path} uses {sorted(unknown)}; add them to Settings or to OTHER_VARIABLES"


def topics() -> list[str]:
    """Every topic of the wire, with the names of its variable parts."""
    leaves = [*messages.TYPE_BY_LEAF, "offer"]
    shopper = [messages.shopper_topic("{store}", "{shopper}", leaf) for leaf in leaves]
    zone = messages.zone_topic("{store}", "{zone}")
    return [*shopper, zone, messages.status_topic("{store}"), messages.rejected_topic("{store}")]


@pytest.mark.parametrize("topic", topics())
def test_every_topic_is_documented(topic: str) -> None:
    """Every topic stands in the documents as `messages` spells it."""
    assert any(topic in text for text in documents().values()), f"add the topic {topic} to docs/wire.md"


def test_every_table_is_documented() -> None:
    """Every table of the ledger is in the documents."""
    text = "\n".join(documents().values())
    missing = [table for table in TABLES if f"`{table}`" not in text]
    assert not missing, f"add the ledger's tables {missing} to docs/ledger.md, each with a sentence"


def test_names_in_the_tour_exist() -> None:
    """Every `module.name` between backticks in the engine's tour and in docs/path.md is one of ours."""
    texts = {"offer_engine/__init__.py": import_module("offer_engine").__doc__ or ""}
    texts |= {path: text for path, text in documents().items() if path in {"docs/path.md", "docs/glossary.md"}}
    engine = {short: module for module in modules() for short in (module, module.removeprefix("offer_engine."))}
    for path, text in texts.items():
        for dotted in re.findall(r"`((?:[a-z_]+\.)+[A-Za-z_]+)(?:\(\))?`", text):
            module, _, name = dotted.rpartition(".")
            if module in engine:
                home = import_module(engine[module])
                is_module = f"{module}.{name}" in engine or dotted in modules()
                assert hasattr(home, name) or is_module, f"{path} names `{dotted}`, which is gone"


def test_links_between_documents_lead_somewhere() -> None:
    """Every relative link and picture in a document points at a file in the repository."""
    for path, text in documents().items():
        for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", text):
            if "://" not in target and not target.startswith("mailto:"):
                assert ((ROOT / path).parent / target).exists(), f"{path} links to {target}, which does not exist"


def test_documents_named_in_the_code_exist() -> None:
    """A docstring or comment that sends the reader to a document names one that is there."""
    for module in modules():
        for document in re.findall(r"\bdocs/[\w/.-]+\.(?:md|json)\b", source(module).read_text()):
            assert (ROOT / document).exists(), f"{module} sends the reader to {document}, which does not exist"


def test_every_test_says_what_must_hold() -> None:
    """Every test has a sentence for a docstring."""
    for path in (ROOT / "tests").rglob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                assert ast.get_docstring(node), f"{path}: {node.name} needs a sentence that says what must hold"
