"""Bundles of DAG files: read with suspicion, stored whole, unpacked where an Airflow reads them."""
