"""The report as Prometheus text.

Owns names and meanings of the metrics; each name carries its unit. Refuses state of its own:
every scrape renders the newest report.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent.status import StatusReport

_VALUE = {"pass": 1.0, "warn": 0.5, "fail": 0.0}


class _Reading:
    """One scrape's collector, as prometheus_client's custom collectors go."""

    def __init__(self, report: StatusReport, resources: dict[str, float]) -> None:
        self._report = report
        self._resources = resources

    def collect(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        report = self._report
        info = GaugeMetricFamily(
            "caretaker_appliance_info", "What runs here; always 1.", labels=["name", "version"]
        )
        info.add_metric([report.appliance, report.version], 1)
        yield info
        health = GaugeMetricFamily(
            "caretaker_health", "Verdict: 1 pass, 0.5 warn, 0 fail.", labels=["level"]
        )
        health.add_metric(["live"], _VALUE[report.live.value])
        health.add_metric(["ready"], _VALUE[report.ready.value])
        yield health
        yield GaugeMetricFamily(
            "caretaker_weight_percent", "Share of traffic this node asks for.", value=report.weight
        )
        yield from self._checks()
        yield from self._services()
        yield from self._remedies()
        probes = CounterMetricFamily("caretaker_probes", "Probes answered.")
        probes.add_metric([], report.probe.answered)
        yield probes
        for name, value in self._resources.items():
            yield GaugeMetricFamily(f"caretaker_{name}", "Newest resource sample.", value=value)

    def _checks(self) -> Iterator[Any]:
        from prometheus_client.core import GaugeMetricFamily

        status = GaugeMetricFamily(
            "caretaker_check_status",
            "Check after hysteresis: 1 pass, 0.5 warn, 0 fail.",
            labels=["check", "type"],
        )
        age = GaugeMetricFamily(
            "caretaker_check_age_seconds", "Time since the last look.", labels=["check"]
        )
        observed = GaugeMetricFamily(
            "caretaker_check_observed", "What the last look measured.", labels=["check", "unit"]
        )
        for check in self._report.checks:
            status.add_metric([check.name, check.type], _VALUE[check.status.value])
            if check.age is not None:
                age.add_metric([check.name], check.age)
            if check.observed is not None:
                observed.add_metric([check.name, check.unit or ""], check.observed)
        yield from (status, age, observed)

    def _services(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        running = GaugeMetricFamily("caretaker_service_running", "1 runs.", labels=["service"])
        restarts = CounterMetricFamily(
            "caretaker_service_restarts", "Restarts since it was last started by hand.",
            labels=["service"],
        )  # fmt: skip
        for service in self._report.services:
            running.add_metric([service.name], float(service.running))
            restarts.add_metric([service.name], service.restarts)
        yield from (running, restarts)

    def _remedies(self) -> Iterator[Any]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        acts = CounterMetricFamily(
            "caretaker_remedies_acts", "What remedies did.", labels=["remedy", "outcome"]
        )
        for remedy, outcomes in self._report.remedies.items():
            for outcome, times in outcomes.items():
                acts.add_metric([remedy, outcome], times)
        safe = GaugeMetricFamily(
            "caretaker_remedies_safe_mode", "Targets at which a remedy stopped until it is reset.",
            value=len(self._report.safe_mode),
        )  # fmt: skip
        yield from (acts, safe)


def render(report: StatusReport, resources: dict[str, float]) -> tuple[bytes, str]:
    """The text and its content type."""
    # prometheus_client costs some 14 MB and is imported at the first scrape only.
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

    registry = CollectorRegistry()
    registry.register(_Reading(report, resources))
    return generate_latest(registry), CONTENT_TYPE_LATEST
