"""The metrics of several processes as one text.

Pure; used by the parent process.
Never adds up what cannot be added: every sample keeps its value and says whose it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

LABEL = "process"


def merged(texts: Mapping[str, str]) -> bytes:
    """Process -> its metrics (text format 0.0.4), as one such text with a label `process`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Merged(texts))
    return generate_latest(registry)


# Collectors are told apart by identity.
@dataclass(frozen=True, eq=False)
class _Merged(Collector):
    texts: Mapping[str, str]

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for process, text in self.texts.items():
            for family in text_string_to_metric_families(text):
                whole = families.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                for sample in family.samples:
                    labels = {**sample.labels, LABEL: process}
                    whole.add_sample(sample.name, labels, sample.value)
        return families.values()
