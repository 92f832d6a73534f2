"""The routes that tell whether the server works, for people's monitors."""

from fastapi import APIRouter, Request, Response

from facedancer_tf.serving.answers import StatusAnswer
from facedancer_tf.serving.service import service_of

router = APIRouter(tags=["state"])


@router.get("/healthz", responses={503: {"model": StatusAnswer}})
async def health(request: Request, response: Response) -> StatusAnswer:
    """Whether the server answers (200), and whether its networks are loaded; 503 while it stops."""
    status = service_of(request).status
    if status == "stopping":
        response.status_code = 503
    return StatusAnswer(status=status)


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    """Numbers for Prometheus."""
    service = service_of(request)
    service.metrics.queue_length.set(service.worker.waiting)
    return Response(service.metrics.as_text(), media_type="text/plain; version=0.0.4; charset=utf-8")
