"""Views that call the SDK's module-level functions."""

from __future__ import annotations

import json

from django.contrib.auth.models import User
from django.db import transaction
from django.http import JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from segment import analytics


@csrf_exempt
@require_POST
@transaction.atomic
def sign_up(request):
    """Make an account, and tell Segment once it is really there."""
    body = json.loads(request.body)
    user = User.objects.create_user(body["name"])

    def tell():
        analytics.identify(user.pk, {"name": user.username})
        analytics.track(user.pk, "Signed Up", {"plan": body.get("plan", "free")})

    transaction.on_commit(tell)
    return JsonResponse({"id": user.pk}, status=201)
