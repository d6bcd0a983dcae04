from collections.abc import Callable

import pytest

from shoplake.core.errors import ServiceError
from shoplake.core.settings import Settings
from shoplake.stack.local import buckets, databases

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("bootstrap", "sentence"),
    [
        (databases.bootstrap, r"^postgres: its roles and databases could not be made \(.*password authentication failed.*\)\. .* repeat `shoplake up`\.$"),
        (buckets.bootstrap, r"^minio: its bucket and users could not be made \(.*\)\. .* repeat `shoplake up`\.$"),
    ],
    ids=["PostgreSQL", "the store"],
)  # fmt: skip
def test_a_service_that_refuses_what_others_need_in_it_is_a_sentence(
    services: Settings, bootstrap: Callable[[Settings], None], sentence: str
) -> None:
    with pytest.raises(ServiceError, match=sentence):
        bootstrap(services.changed(secrets=dict.fromkeys(services.secrets, "another password")))
