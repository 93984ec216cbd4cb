"""What the admin's pages have in common: edits that say why, records that nobody edits, links from row to row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import DELETION, LogEntry
from django.db.models import Field, Model, URLField
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

if TYPE_CHECKING:
    AnyModelAdmin = admin.ModelAdmin[Any]
    AnyModelForm = forms.ModelForm[Any]
    AnyTabularInline = admin.TabularInline[Any, Any]
else:  # Django's own classes take no type argument at run time
    AnyModelAdmin = admin.ModelAdmin
    AnyModelForm = forms.ModelForm
    AnyTabularInline = admin.TabularInline

# Django 5.2 warns until a form says which scheme an address without one gets.
HTTPS_LINKS: dict[type[Field[Any, Any]], dict[str, Any]] = {URLField: {"assume_scheme": "https"}}
WHY = "why"


class ReasonedForm(AnyModelForm):
    """A form that is saved only with a reason."""

    why = forms.CharField(
        label="Why",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 80}),
        help_text="One sentence on the reason and its source; it is kept in the history of this row.",
    )

    @property
    def changed_data(self) -> list[str]:
        """Without the reason, which changes nothing."""
        return [name for name in super().changed_data if name != WHY]


class ReasonedAdmin(AnyModelAdmin):
    """Rows that may be edited. Every addition, change and deletion carries its reason into the row's history."""

    form = ReasonedForm
    formfield_overrides = HTTPS_LINKS
    actions = None  # the deletion of many at once asks for no reason
    show_full_result_count = False
    delete_confirmation_template = "admin/registry/delete_confirmation.html"

    lasting_fields: tuple[str, ...] = ()
    """What a row keeps once it is there: it is how others name it."""

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*super().get_readonly_fields(request, obj), *(self.lasting_fields if obj else ())]

    def get_prepopulated_fields(self, request: HttpRequest, obj: Any = None) -> dict[str, Any]:
        prepopulated = dict(super().get_prepopulated_fields(request, obj))
        return {name: sources for name, sources in prepopulated.items() if not (obj and name in self.lasting_fields)}

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """The reason last; without it for those who may only look."""
        fields = [name for name in super().get_fields(request, obj) if name != WHY]
        may_save = self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        return [*fields, WHY] if may_save else fields

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        changes = LogEntry(change_message=json.dumps(super().construct_change_message(request, form, formsets, add)))
        return f"{changes.get_change_message()} Why: {form.cleaned_data[WHY]}"

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST" and not request.POST.get(WHY, "").strip():
            self.message_user(request, "Nothing was deleted: say why.", messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        return super().delete_view(request, object_id, extra_context)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        return LogEntry.objects.log_actions(
            user_id=request.user.pk or 0,
            queryset=queryset,
            action_flag=DELETION,
            change_message=f"Deleted. Why: {request.POST.get(WHY, '').strip()}",
        )


class ReadOnly:
    """What governance wrote is looked at; its only writers are the services, for a superuser as for anyone."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(ReadOnly, AnyModelAdmin):
    formfield_overrides = HTTPS_LINKS
    actions = None
    show_full_result_count = False


class ReadOnlyInline(ReadOnly, AnyTabularInline):
    extra = 0
    can_delete = False
    show_change_link = True


def row_link(row: Model | None, text: str = "") -> SafeString | str:
    """A link to the admin's page of *row*, "" for none."""
    if row is None:
        return ""
    address = reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', address, text or row)


def rows_link(model: type[Model], text: str, **conditions: Any) -> SafeString:
    """A link to the list of those rows of *model* that meet *conditions*."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist", query=conditions)
    return format_html('<a href="{}">{}</a>', address, text)


def pretty_json(value: Any) -> SafeString:
    """A JSON value for reading; it scrolls by itself and can be reached by keyboard."""
    text = json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)
    return format_html('<pre tabindex="0" role="region" aria-label="JSON document">{}</pre>', text)
