"""Drivers: what makes a deployment's Airflow be there, or not be there any more."""
