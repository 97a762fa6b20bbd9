"""Puts "Review" into Airflow's menu: the pairs that wait for a person, decided under the names of Airflow's users.

Airflow serves a plugin's application without asking who comes, so every request goes through Airflow's own sign-in
here.  Whoever may see the consolidation may look; whoever may start it may decide.
"""

from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import get_user
from airflow.configuration import conf
from airflow.plugins_manager import AirflowPlugin
from fastapi import Depends, HTTPException

from pipeline.context import context
from pipeline.review_page import Visitor, create_app

PATH = "/blueline/review"
BEHIND = urlsplit(conf.get("api", "base_url", fallback="")).path.rstrip("/")  # where a proxy puts Airflow below a path
DAG = DagDetails(id="consolidate")


async def visitor(user: Annotated[BaseUser, Depends(get_user)]) -> Visitor:
    """The signed-in user of Airflow; 401 where nobody is, 403 where they may not see the consolidation."""
    manager = get_auth_manager()
    if not manager.is_authorized_dag(method="GET", details=DAG, user=user):
        raise HTTPException(403, "you may not see the consolidation")
    may_start = manager.is_authorized_dag(method="POST", access_entity=DagAccessEntity.RUN, details=DAG, user=user)
    return Visitor(user.get_name(), may_start)


class ReviewPage(AirflowPlugin):
    """The page and its menu entry."""

    name = "blueline_review"
    fastapi_apps: ClassVar[list[Any]] = [
        {"app": create_app(context, visitor), "url_prefix": PATH, "name": "Blueline review"}
    ]
    external_views: ClassVar[list[Any]] = [
        {
            "name": "Review",
            "href": f"{BEHIND}{PATH}/",
            "url_route": "blueline-review",
            "destination": "nav",
            "category": "browse",
            "nav_top_level": True,
        }
    ]
