"""The registry as a Django app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RegistryConfig(AppConfig):
    name = "registry"
    verbose_name = "Registry"

    def ready(self) -> None:
        from registry import checks  # noqa: F401  importing it registers the system checks
        from registry.roles import set_up_roles_after_migrate
        from registry.services.bounties import effects

        effects.register()
        post_migrate.connect(set_up_roles_after_migrate, dispatch_uid="registry.roles")
