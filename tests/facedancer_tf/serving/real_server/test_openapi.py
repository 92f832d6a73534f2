"""The API against its own description, by schemathesis: every answer is one that /openapi.json names."""

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import CheckFunction
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from benchmarks.hostile_uploads import fault
from benchmarks.running_server import RunningServer

EXAMPLES = 5  # per route and kind of data; `schemathesis run ADDRESS/openapi.json` tries many more
# Of valid requests, whose picture is any bytes, and of invalid ones, for which it knows no 413.
NOT_CHECKED: list[CheckFunction] = [positive_data_acceptance, negative_data_rejection]


def test_every_route_keeps_to_the_description(server: RunningServer, client: httpx.Client) -> None:
    schema = schemathesis.openapi.from_url(f"{server.address}/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(operations) >= 12
    for operation in operations:
        for mode in schemathesis.GenerationMode:
            try_route(operation, mode)


def try_route(operation: schemathesis.APIOperation, mode: schemathesis.GenerationMode) -> None:
    """Some requests that follow the description, or break it as `mode` says."""

    @seed(0)
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def try_it(case: schemathesis.Case) -> None:
        answer = case.call()
        case.validate_response(answer, excluded_checks=NOT_CHECKED)
        assert answer.status_code >= 400 or not mode.is_negative
        assert fault(httpx.Response(answer.status_code, content=answer.content)) == ""

    try:
        try_it()
    except Unsatisfiable:  # what takes no argument cannot be asked wrongly
        assert mode.is_negative


def test_the_page_of_the_api_names_every_route(client: httpx.Client) -> None:
    text = client.get("/docs").text
    for path in client.get("/openapi.json").json()["paths"]:
        assert path in text or path.replace("{", "&#123;") in text, path


@pytest.mark.parametrize("path", ["/redoc", "/docs/oauth2-redirect"])
def test_no_other_page_of_the_framework_is_left(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code == 404
