"""Composition: the artifact store, one function per task, the run without Airflow, the command line, the runtime."""
