"""The addresses of the API; each answer has an ETag, and costs an unchanged reader nothing but a 304."""

from django.urls import path
from django.views.decorators.http import conditional_page

from monitoring.api import catalogue, drift, views

app_name = "api"
urlpatterns = [
    path("", views.Root.as_view(), name="root"),
    path("exchanges/", conditional_page(views.ExchangeList.as_view()), name="exchange-list"),
    path("compare/", conditional_page(views.Compare.as_view()), name="compare"),
    path("exchanges/<str:slug>/", conditional_page(views.ExchangeDetail.as_view()), name="exchange-detail"),
    path("drift/", conditional_page(drift.Drift.as_view()), name="drift"),
    path("maintainers/", conditional_page(catalogue.MaintainerList.as_view()), name="maintainer-list"),
    path("maintainers/<str:slug>/", conditional_page(catalogue.MaintainerDetail.as_view()), name="maintainer-detail"),
    path("bounties/drafts/", conditional_page(catalogue.BountyDraftList.as_view()), name="bounty-draft-list"),
]
