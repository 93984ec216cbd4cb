"""The addresses of the public pages."""

from django.urls import path

from monitoring import views, views_bounties, views_drift, views_maintainers

app_name = "monitoring"
urlpatterns = [
    path("", views.exchange_list, name="exchange-list"),
    path("compare/", views.compare, name="compare"),
    path("exchanges/<str:slug>/", views.exchange_detail, name="exchange-detail"),
    path("exchanges/<str:slug>/captures/<int:result_id>/", views.capture, name="capture"),
    path("bounties/drafts/", views_bounties.bounty_draft_list, name="bounty-draft-list"),
    path("bounties/drafts/<slug:fingerprint>/", views_bounties.bounty_draft, name="bounty-draft"),
    path("drift/", views_drift.drift, name="drift"),
    path("maintainers/", views_maintainers.maintainer_list, name="maintainer-list"),
    path("maintainers/<str:slug>/", views_maintainers.maintainer_detail, name="maintainer-detail"),
]
