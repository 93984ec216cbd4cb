"""What polls vote on, and the spellings that stand for it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from registry.admin.editing import AnyTabularInline, ReasonedAdmin, ReasonedForm, row_link
from registry.governance.names import name_key
from registry.models import Alias, Subject


class AliasForm(ReasonedForm):
    def clean_name(self) -> str:
        """Refuses a name that no comparison could find."""
        name: str = self.cleaned_data["name"]
        if not name_key(name):
            self.add_error("name", "write a name with a letter or a digit in it")
        return name


class AliasInline(AnyTabularInline):
    model = Alias
    fields = ["name", "from_epoch", "to_epoch", "source"]
    extra = 0
    show_change_link = True


@admin.register(Subject)
class SubjectAdmin(ReasonedAdmin):
    list_display = ["name", "kind", "slug", "exchange_link"]
    list_filter = ["kind"]
    list_select_related = ["exchange"]
    search_fields = ["name", "slug", "aliases__name"]
    prepopulated_fields = {"slug": ["name"]}
    autocomplete_fields = ["exchange"]
    inlines = [AliasInline]
    lasting_fields = ("kind", "slug")  # plans and the exported state name the subject by them

    @admin.display(description="exchange", ordering="exchange__name")
    def exchange_link(self, subject: Subject) -> str:
        return row_link(subject.exchange)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for alias in (inline.instance for inline in formset.forms):
            alias.key = name_key(alias.name)
        super().save_formset(request, form, formset, change)


@admin.register(Alias)
class AliasAdmin(ReasonedAdmin):
    form = AliasForm
    list_display = ["name", "subject_link", "from_epoch", "to_epoch", "source"]
    list_filter = ["subject__kind"]
    list_select_related = ["subject"]
    search_fields = ["name", "key", "subject__name"]
    autocomplete_fields = ["subject"]

    @admin.display(description="subject", ordering="subject__name")
    def subject_link(self, alias: Alias) -> str:
        return row_link(alias.subject)

    def save_model(self, request: HttpRequest, obj: Alias, form: Any, change: bool) -> None:
        obj.key = name_key(obj.name)
        super().save_model(request, obj, form, change)
