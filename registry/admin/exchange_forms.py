"""Forms of exchanges, components and maintenances: what an editor enters has to be what a catalogue file could say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_type_hints

import msgspec
from django import forms
from django.forms.models import BaseInlineFormSet

from registry.admin.editing import AnyModelForm, ReasonedForm
from registry.choices import Lifecycle, MaintenanceState, SubjectKind
from registry.governance.names import name_key
from registry.models import Alias, Component
from registry.services.catalogue.consistency import component_faults
from registry.services.catalogue.export import component_entry
from registry.services.catalogue.schema import (
    ComponentEntry,
    ExchangeEntry,
    LifecycleEntry,
    MaintenanceEntry,
    PaperTradingEntry,
    TipEntry,
)
from registry.strict_yaml import faults, printed_key

if TYPE_CHECKING:
    AnyInlineFormSet = BaseInlineFormSet[Any, Any, Any]
else:  # Django's own class takes no type argument at run time
    AnyInlineFormSet = BaseInlineFormSet

Stated = dict[str, tuple[type[msgspec.Struct], str]]
"""The key of the catalogue's schema that says what each column holds."""


def same_names(struct: type[msgspec.Struct], *names: str) -> Stated:
    return {name: (struct, name) for name in names}


class CatalogueForm(AnyModelForm):
    """Holds each value against the schema of the catalogue, so that an export can write it and a load read it."""

    stated: Stated = {}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name, (struct, key) in self.stated.items():
            value = cleaned.get(name)
            if value in ("", None):
                continue
            if isinstance(value, str):
                value = cleaned[name] = value.replace("\r\n", "\n")  # a browser sends every line of a text so
            kind = get_type_hints(struct, include_extras=True)[key]
            for path, reason in faults(value, kind):
                place = printed_key((name, *path)) if path else ""
                self.add_error(name, f"{place}: {reason}" if place else reason)
        return cleaned


class ExchangeForm(ReasonedForm, CatalogueForm):
    stated = {
        **same_names(ExchangeEntry, "slug", "name", "chains", "supported_countries", "supported_countries_url"),
        **same_names(ExchangeEntry, "key_creation_steps"),
        "removed_in": (LifecycleEntry, "removed_in"),
        "lifecycle_source": (LifecycleEntry, "source"),
        "tip_title": (TipEntry, "title"),
        "tip": (TipEntry, "text"),
    }

    def clean_name(self) -> str:
        """Refuses a name by which an epoch would find another exchange."""
        name: str = self.cleaned_data["name"]
        taken = Alias.objects.filter(subject__kind=SubjectKind.EXCHANGE, key=name_key(name), to_epoch=None)
        other = taken.exclude(subject__exchange=self.instance.pk).select_related("subject").first()
        if not name_key(name):
            raise forms.ValidationError("write a name with a letter or a digit in it")
        if other is not None:
            raise forms.ValidationError(f"the name stands for {other.subject} by now: end that alias first")
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        state, target = cleaned.get("lifecycle"), cleaned.get("renamed_to")
        if state == Lifecycle.RENAMED and target is None:
            self.add_error("renamed_to", "say which entry it goes on under")
        elif state != Lifecycle.RENAMED and target is not None:
            self.add_error("renamed_to", "only an exchange that was renamed goes on under another entry")
        elif self._leads_back(target):
            self.add_error("renamed_to", "leads back to this exchange: choose the entry that goes on")
        if state not in {Lifecycle.REMOVED, Lifecycle.RENAMED} and cleaned.get("removed_in"):
            self.add_error("removed_in", "only an exchange that was removed or renamed has such a release")
        if bool(cleaned.get("tip")) != bool(cleaned.get("tip_title")):
            self.add_error("tip_title", "a tip has a title and a text: give both, or none")
        return cleaned

    def _leads_back(self, target: Any) -> bool:
        seen = set()
        while target is not None and target.pk not in seen:
            if target.pk == self.instance.pk:
                return True
            seen.add(target.pk)
            target = target.renamed_to
        return False


class ComponentForm(CatalogueForm):
    """Also what goes with which kind and status, as for a file."""

    stated = {
        **same_names(ComponentEntry, "notes", "removed_in", "connector_id", "connector_version", "folder_url"),
        **same_names(ComponentEntry, "api_docs_url", "configs_url", "order_types", "position_modes", "intervals"),
        **same_names(ComponentEntry, "credential_prompts", "usage_example", "usage_url"),
        "paper_connector_id": (PaperTradingEntry, "connector_id"),
        "paper_url": (PaperTradingEntry, "url"),
        "paper_notes": (PaperTradingEntry, "notes"),
    }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        of_paper = [name for name in ("paper_connector_id", "paper_url", "paper_notes") if cleaned.get(name)]
        if of_paper and not cleaned.get("paper_trading"):
            self.add_error("paper_trading", "say how orders can be tried without money, or empty what is said of it")
        return cleaned

    def _post_clean(self) -> None:
        """After the row has the values that were entered: rules that one of them alone cannot break."""
        super()._post_clean()  # type: ignore[misc]  # Django's own hook, which the stubs leave out
        if self.errors or not self.has_changed():  # an old fault must not hold up another edit of the exchange
            return
        component: Component = self.instance
        try:
            entry = component_entry(component)
        except msgspec.ValidationError as error:  # in a list that this form may not show
            self.add_error(None, f"it holds what no file may say, correct that on its own page first: {error}")
            return
        for key, reason in component_faults(entry):
            self.add_error(key if key in self.fields else None, reason)


class ReasonedComponentForm(ReasonedForm, ComponentForm):
    pass


class MaintenanceForm(CatalogueForm):
    stated = same_names(MaintenanceEntry, "source")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        is_wanted = cleaned.get("state") == MaintenanceState.SEEKING
        if is_wanted == (cleaned.get("maintainer") is not None):
            remedy = (
                "leave it empty: somebody is still sought" if is_wanted else "choose one, or say that one is sought"
            )
            self.add_error("maintainer", remedy)
        since, confirmed = cleaned.get("since"), cleaned.get("last_confirmed")
        if since and confirmed and confirmed < since:
            self.add_error("last_confirmed", f"is before {since}, since when it is maintained")
        return cleaned


class MaintenanceFormSet(AnyInlineFormSet):
    """All maintenances of one exchange."""

    def clean(self) -> None:
        super().clean()
        kept = [form.cleaned_data for form in self.forms if form.is_valid() and not form.cleaned_data.get("DELETE")]
        states = [data.get("state") for data in kept]
        if states.count(MaintenanceState.SEEKING) > 1:
            raise forms.ValidationError("That a maintainer is sought is said once: keep one of these rows.")
