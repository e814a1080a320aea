"""UserEngage, later User.com: the application that Segment's destination writes to.

Two surfaces share one state: the inlet ``/segment``, which takes one Segment message a
request, and the vendor's REST API under ``/api/public/``. The rules are those of Segment's
page "UserEngage Destination"; what it leaves open is chosen in `UserEngageSetup`.
"""

from __future__ import annotations

from mockseg.destinations.userengage.imitation import UserEngage
from mockseg.destinations.userengage.setup import AttributeSetup, UserEngageSetup

__all__ = ["AttributeSetup", "UserEngage", "UserEngageSetup"]
