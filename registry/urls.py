"""The addresses of the registry's public pages."""

from django.urls import path

from registry import views, views_bounties
from registry.feeds import ChangesFeed

app_name = "registry"
urlpatterns = [
    path("governance/", views.governance, name="governance"),
    path("epochs/compare/", views.epoch_compare, name="epoch-compare"),
    path("epochs/<int:number>/", views.epoch, name="epoch"),
    path("epochs/<int:number>/what-if/", views.what_if, name="what-if"),
    path("policies/schema.json", views.policy_schema, name="policy-schema"),
    path("policies/<slug:slug>/v<int:version>/", views.policy, name="policy"),
    path("exchanges/<str:slug>/tier/", views.tier, name="tier"),
    path("bounties/", views_bounties.bounty_list, name="bounty-list"),
    path("changes/", views.changes, name="changes"),
    path("changes/<int:serial>/", views.change, name="change"),
    path("changes.atom", ChangesFeed(), name="feed"),
]
