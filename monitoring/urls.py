"""The addresses of the public pages."""

from django.urls import path

from monitoring import views

app_name = "monitoring"
urlpatterns = [
    path("", views.exchange_list, name="exchange-list"),
    path("exchanges/<str:slug>/", views.exchange_detail, name="exchange-detail"),
    path("exchanges/<str:slug>/captures/<int:result_id>/", views.capture, name="capture"),
]
