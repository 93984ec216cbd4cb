"""Every address of the site."""

from django.contrib import admin
from django.urls import include, path

admin.site.site_header = admin.site.site_title = "Bellwether"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/v1/", include("monitoring.api.urls")),
    path("api/v1/", include("registry.api.urls")),
    path("", include("monitoring.urls")),
    path("", include("registry.urls")),
]

handler400 = "monitoring.views.bad_request"
handler403 = "monitoring.views.permission_denied"
handler404 = "monitoring.views.not_found"
handler500 = "monitoring.views.server_error"
