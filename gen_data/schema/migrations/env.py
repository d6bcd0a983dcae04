"""What Alembic runs: the migrations, in one transaction of the connection that it is given."""

from alembic import context
from sqlalchemy.schema import CreateSchema

from gen_data.schema import CONTROL_SCHEMA, METADATA

connection = context.config.attributes["connection"]
connection.execute(CreateSchema(CONTROL_SCHEMA, if_not_exists=True))
context.configure(connection=connection, target_metadata=METADATA, version_table_schema=CONTROL_SCHEMA)
context.run_migrations()
