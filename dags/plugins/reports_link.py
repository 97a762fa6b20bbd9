"""Puts "Reports" into Airflow's menu: a link to the server of the auditor's reports, where one runs."""

import os

from airflow.plugins_manager import AirflowPlugin

_URL = os.environ.get("BLUELINE_REPORTS_URL")


class ReportsLink(AirflowPlugin):
    """The menu entry; there is none where `BLUELINE_REPORTS_URL` is not set."""

    name = "blueline_reports"
    external_views = (
        [{"name": "Reports", "href": _URL, "destination": "nav", "category": "browse", "nav_top_level": True}]
        if _URL
        else []
    )
