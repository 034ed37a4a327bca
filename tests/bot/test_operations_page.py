"""`docs/operations.md` says what is so: its metrics, labels and alerts are those that are served."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, cast

import yaml
from prometheus_client.metrics import MetricWrapperBase

from approvals.settings import Settings
from approvals.store.survey import AGES
from bot.metrics import Metrics

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "operations.md").read_text()
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("_total",), "gauge": ("",)}


def served() -> dict[str, tuple[str, tuple[str, ...]]]:
    """By name: type and labels. What others count (`process_…`) is theirs."""
    metrics = Metrics(["refund"])
    ours = [each for each in vars(metrics).values() if isinstance(each, MetricWrapperBase)]
    found = {each.describe()[0].name: (str(each.describe()[0].type), each._labelnames) for each in ours}
    assert {family.name for family in metrics.registry.collect() if family.name.startswith("signoff_")} == found.keys()
    return found


def samples() -> dict[str, tuple[str, ...]]:
    """Every name that a query may use, and its labels."""
    return {
        name + suffix: (*labels, "le") if suffix == "_bucket" else labels
        for name, (kind, labels) in served().items()
        for suffix in SUFFIXES[kind]
    }


def rules() -> list[dict[str, Any]]:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (group,) = cast("dict[str, Any]", yaml.safe_load(block))["groups"]
    return group["rules"]


def test_every_metric_is_in_the_table_with_its_labels() -> None:
    """None is left out, none is made up."""
    lines = [line for line in PAGE.splitlines() if line.startswith("| `signoff_")]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    shown = {row[0].strip("`"): tuple(part for part in row[1].split(", ") if part) for row in rows}
    wanted = {name + ("_total" if kind == "counter" else ""): labels for name, (kind, labels) in served().items()}
    assert shown == wanted
    assert all(f"`{age}`" in PAGE for age in AGES)


def test_every_query_asks_for_what_is_served() -> None:
    """Names, the labels they are asked by, and brackets that close."""
    known = samples()
    queries = [rule["expr"] for rule in rules()] + re.findall(r"`(histogram_quantile.*?)`", PAGE)
    assert len(queries) > 8
    for query in queries:
        names = re.findall(r"signoff_[a-z_]+", query)
        assert names
        assert set(names) <= known.keys(), query
        asked = re.findall(r"(\w+)=\"", query)
        asked += [label for by in re.findall(r"by \((.*?)\)", query) for label in by.split(", ")]
        assert set(asked) <= {"instance", *(label for name in names for label in known[name])}, query
        for opened, closed in ("()", "{}", "[]"):
            assert query.count(opened) == query.count(closed), query


def test_every_alert_has_a_name_of_its_own() -> None:
    """As Prometheus wants it."""
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    assert all(rule.keys() <= {"alert", "expr", "for"} for rule in rules())


def test_what_else_it_names_exists() -> None:
    """Settings, files and their headings."""
    known = {name.upper() for name in Settings.model_fields}
    assert set(re.findall(r"\bSIGNOFF_[A-Z_]+", PAGE)) <= known
    for link in re.findall(r"\]\(([^)]+)\)", PAGE):
        name, _, anchor = link.partition("#")
        target = (DOCS / name).resolve()
        assert target.is_file(), link
        headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
        assert not anchor or anchor in {re.sub(r"[^\w -]", "", h).lower().replace(" ", "-") for h in headings}, link
