"""The routes of films: a job is begun, asked about, its film fetched, and it is cancelled or deleted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from shutil import rmtree

from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel, Field

from facedancer_tf.serving.engine_worker import gone_away, stopping
from facedancer_tf.serving.errors import Refusal, refusals, without_folders
from facedancer_tf.serving.file_range import OneRangeFile
from facedancer_tf.serving.form_schemas import MODEL, PICTURE, form_schema, several
from facedancer_tf.serving.job_intake import check_sources, take_film
from facedancer_tf.serving.jobs import Closed, JobQueue, JobState, QueueFull
from facedancer_tf.serving.metrics import JOB_STATES
from facedancer_tf.serving.picture_routes import FAILURES, chosen_model, chosen_one, in_engine
from facedancer_tf.serving.service import service_of
from facedancer_tf.serving.settings import ServingLimits
from facedancer_tf.serving.uploads import FileField, read_form

MEDIA = {".mp4": "video/mp4", ".webm": "video/webm", ".gif": "image/gif", ".webp": "image/webp"}
FILMS = {media: {"schema": {"type": "string", "format": "binary"}} for media in MEDIA.values()}
RETRY_S = 30
FORM = form_schema(
    ("source", "target"),
    source=several(PICTURE, ServingLimits().sources),
    target={"type": "string", "format": "binary", "description": "a video, GIF, APNG or animated WebP"},
    person={
        "type": "string",
        "pattern": "^(largest|all|[0-9]{1,4})$",
        "default": "largest",
        "description": "largest (who is there most), all, or a number from 0, as with swap_video.py --person",
    },
    model=MODEL,
)


class JobFailure(BaseModel):
    code: str
    message: str


class JobAnswer(BaseModel):
    """How a job stands."""

    id: str
    href: str = Field(description="address of this job")
    status: str = Field(description="waiting, running, done, failed or cancelled")
    stage: str = Field(description="loading, looking, swapping or writing while it runs, else the status")
    progress: float = Field(description="from 0 to 1")
    seconds_left: float | None = Field(description="an estimate; null while there is none")
    error: JobFailure | None
    result: str | None = Field(description="address of the marked film, where it is done")
    notes: list[str] = Field(description="sentences for people")


@dataclass(frozen=True)
class Jobs:
    """The queue of one server. No more films arrive at once than could be queued, and one at a time is looked at."""

    queue: JobQueue
    arriving: asyncio.Semaphore
    look: asyncio.Lock = field(default_factory=asyncio.Lock)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Begins the queue, and stops its job when the server ends: nobody could fetch the film any more."""
    service = app.state.service
    limits = service.limits
    queue = JobQueue(limits.waiting_jobs, limits.kept_films, limits.result_s, limits.job_s)
    app.state.jobs = Jobs(queue, asyncio.Semaphore(limits.waiting_jobs + 1))
    for state in JOB_STATES:
        service.metrics.jobs.labels(state).set_function(partial(_count, queue, state))
    try:
        yield
    finally:
        await asyncio.to_thread(queue.close)


router = APIRouter(prefix="/v1/jobs", tags=["films"], lifespan=lifespan)


@router.post("", status_code=202, responses=FAILURES, openapi_extra=FORM)
async def begin(request: Request) -> JobAnswer:
    """Begins to swap a film, as soon as those before it are done; an animation stays one, all else becomes video."""
    service, jobs = service_of(request), _jobs_of(request)
    if service.status == "stopping":
        raise stopping()
    _check_room(jobs.queue)  # before the film is sent
    if jobs.arriving.locked():
        raise _refusal(QueueFull())
    async with jobs.arriving:
        return answer_of(await _begun(request, jobs))


async def _begun(request: Request, jobs: Jobs) -> JobState:
    """Reads the form, and queues its film if nothing speaks against it."""
    service = service_of(request)
    limits = service.limits
    files = {
        "source": FileField(limits.sources, limits.picture_bytes),
        "target": FileField(1, limits.film_bytes),
    }
    form = await read_form(request, files, ("person", "model"), limits, limits.film_upload_s)
    whom = chosen_one(form, "person")
    model = await chosen_model(service, form.texts.get("model"))
    await in_engine(request, lambda: check_sources(service.worker.swapper(model.name), form, limits))
    async with jobs.look:
        _check_room(jobs.queue)
        folder, order = await asyncio.to_thread(take_film, form, service.folder, model.path, whom, limits)
        try:
            if await request.is_disconnected():  # nobody would learn the job's number, nor could cancel it
                raise gone_away()
            return jobs.queue.submit(folder, order)
        except (QueueFull, Closed, Refusal) as error:
            rmtree(folder, ignore_errors=True)
            if isinstance(error, Refusal):
                raise
            raise _refusal(error) from error


@router.get("/{job}", responses=refusals(404))
async def state(request: Request, job: str) -> JobAnswer:
    """How a job stands; ask again every half second or so."""
    return answer_of(_state(request, job))


@router.get(
    "/{job}/result",
    responses={200: {"content": FILMS}, 206: {"content": FILMS}, **refusals(404, 416)},
    response_class=OneRangeFile,
)
async def result(request: Request, job: str) -> OneRangeFile:
    """The marked film, where the job is done; Range is understood, so that players can seek."""
    path = _state(request, job).result
    if path is None:
        raise Refusal(404, "not_found", "the film of this job is not there: it is not done")
    return OneRangeFile(
        path,
        media_type=MEDIA[path.suffix],
        filename=f"swapped{path.suffix}",
        content_disposition_type="inline",
    )


@router.delete("/{job}", status_code=204, responses=refusals(404))
async def delete(request: Request, job: str) -> None:
    """Cancels a job if it waits or runs, and deletes all its files."""
    try:
        _jobs_of(request).queue.remove(job)
    except KeyError as error:
        raise _unknown() from error


def _jobs_of(request: Request) -> Jobs:
    jobs = request.app.state.jobs
    if not isinstance(jobs, Jobs):
        raise TypeError("`app.state.jobs` must be Jobs, as the router's lifespan sets it")
    return jobs


def _count(queue: JobQueue, state: str) -> int:
    return queue.counts()[state]


def _check_room(queue: JobQueue) -> None:
    try:
        queue.check_room()
    except (QueueFull, Closed) as error:
        raise _refusal(error) from error


def _refusal(error: QueueFull | Closed) -> Refusal:
    if isinstance(error, Closed):
        return stopping()
    return Refusal(429, "busy", "too many films are waiting; send this one again in a while", RETRY_S)


def _state(request: Request, job: str) -> JobState:
    try:
        return _jobs_of(request).queue.state(job)
    except KeyError as error:
        raise _unknown() from error


def _unknown() -> Refusal:
    return Refusal(404, "not_found", "there is no such job, or its time is over")


def answer_of(state: JobState) -> JobAnswer:
    """What people are told of a job; no path of the server is in it."""
    address = f"/v1/jobs/{state.id}"
    failure = JobFailure(code=state.code, message=without_folders(state.message))
    return JobAnswer(
        id=state.id,
        href=address,
        status=state.status,
        stage=state.stage,
        progress=round(state.progress, 3),
        seconds_left=None if state.seconds_left is None else round(state.seconds_left, 1),
        error=failure if state.status == "failed" else None,
        result=None if state.result is None else f"{address}/result",
        notes=[without_folders(note) for note in state.notes],
    )
