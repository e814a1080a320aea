"""What the site answers."""

from __future__ import annotations

from django.urls import path
from signups import views

urlpatterns = [path("signups/", views.sign_up)]
