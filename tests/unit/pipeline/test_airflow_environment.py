"""What the embedded Airflow's processes find in their environment."""

from pipeline.airflow import Airflow


def test_connections_of_the_sources_are_handed_on_and_a_foreign_airflows_settings_are_not(tmp_path, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_REGION_TORUN", "sftp://region.example")
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW_HOME", "/elsewhere")
    environment = Airflow(tmp_path, 8080, "postgresql+psycopg:///airflow", tmp_path / "dags").environment()
    assert environment["AIRFLOW_CONN_REGION_TORUN"] == "sftp://region.example"
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert environment["AIRFLOW_HOME"] == str(tmp_path / "airflow")
