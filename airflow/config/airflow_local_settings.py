"""Heavy libraries that the scheduler and the DAG processor import once, before they fork.

A task then costs its work and not a second or more of imports. Importing is
all that may happen here: a connection opened before a fork would be shared.
"""

import os

if os.environ.get("SHOPLAKE_PRELOAD"):
    import boto3  # noqa: F401
    import numba  # noqa: F401
    import psycopg  # noqa: F401
    import pyarrow.compute
    import pyarrow.csv
    import pyarrow.parquet  # noqa: F401
    import pyiceberg.catalog.sql
    import pyiceberg.io.pyarrow  # noqa: F401
    import pyspark.sql.connect.functions
    import pyspark.sql.connect.session  # noqa: F401
