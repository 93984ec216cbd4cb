"""The addresses of the API; each answer has an ETag, and costs an unchanged reader nothing but a 304."""

from django.urls import path
from django.views.decorators.http import conditional_page

from monitoring.api import views

app_name = "api"
urlpatterns = [
    path("", views.Root.as_view(), name="root"),
    path("exchanges/", conditional_page(views.ExchangeList.as_view()), name="exchange-list"),
    path("exchanges/<str:slug>/", conditional_page(views.ExchangeDetail.as_view()), name="exchange-detail"),
]
