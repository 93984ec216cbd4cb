"""Monitoring as a Django app."""

from django.apps import AppConfig


class MonitoringConfig(AppConfig):
    name = "monitoring"
    verbose_name = "Monitoring"

    def ready(self) -> None:
        from monitoring import system_checks  # noqa: F401  importing it registers the system checks
        from monitoring.effects import effects_on_checks
        from registry.effects import register_effect

        register_effect("checks", effects_on_checks)
