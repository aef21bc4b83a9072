"""Telling the cloud how setup ended, where it has a channel for that.

Owns the channels: CloudFormation's wait condition and its signal, Google's guest attributes. Azure
has none that a VM may use unasked: there the health probe tells. Refuses to fail setup: whatever
goes wrong here is a sentence in the report.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.host.machine import Host
from setup.cloud import GOOGLE, Cloud
from setup.exchange import put
from setup.sheet import StackSignal
from setup.wait_handle import message, tell_handle

METADATA = "169.254.169.254"  # link-local: the same on every cloud, and no name to look up
METADATA_PORT = 80
METADATA_TIMEOUT = 3.0  # seconds; it answers in milliseconds or not at all
SIGNAL_TIMEOUT = 60.0  # seconds; it retries by itself
# Amazon's images have it in /opt/aws, pip puts it in /usr/local.
SIGNAL_PROGRAMS = ("/opt/aws/bin/cfn-signal", "/usr/local/bin/cfn-signal", "/usr/bin/cfn-signal")
ATTRIBUTE = "/computeMetadata/v1/instance/guest-attributes/caretaker/setup"
REASON_CAP = 200  # characters; CloudFormation cuts at 1,000 and shows far less


@dataclass(frozen=True, slots=True)
class News:
    """How setup ended. `verdict` is one word, `reason` one line without secrets."""

    healthy: bool
    verdict: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of telling one channel. `words` is one line for people."""

    channel: str
    done: bool
    words: str


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to be heard. `tell` gives None where this machine does not have it."""

    code: str
    title: str
    tell: Callable[[Host, Cloud, StackSignal | None, News], Told | None]


def tell_cloud(host: Host, cloud: Cloud, stack: StackSignal | None, news: News) -> list[Told]:
    """Tell every channel this machine has. Never raises for what a channel does."""
    told = (channel.tell(host, cloud, stack, news) for channel in CHANNELS)
    return [each for each in told if each is not None]


def _wait_condition(host: Host, cloud: Cloud, stack: StackSignal | None, news: News) -> Told | None:
    """Where the answers bring a handle's URL: no program is needed, and no region."""
    if stack is None or stack.handle is None:
        return None
    content = message(
        healthy=news.healthy,
        unique=cloud.instance or "setup",
        reason=_reason(news),
        data=news.verdict,
    )
    why = tell_handle(host, stack.handle, content)
    words = f"hears nothing: {why}" if why else "heard how setup ended"
    return Told("wait-condition", done=not why, words=words)


def _cloudformation(host: Host, cloud: Cloud, stack: StackSignal | None, news: News) -> Told | None:
    """Only where the answers name who waits: a signal nobody waits for is an error there."""
    if stack is None or not stack.stack:
        return None
    program = next((path for path in SIGNAL_PROGRAMS if host.path(path).exists()), "")
    if not program:
        return Told(
            "cloudformation",
            done=False,
            words=f"no cfn-signal here, so {stack.stack} hears nothing",
        )
    argv = [
        program,
        f"--success={'true' if news.healthy else 'false'}",
        f"--stack={stack.stack}",
        f"--resource={stack.resource}",
        f"--reason={_reason(news)}",
    ]
    region = stack.region or cloud.region
    if region:
        argv.append(f"--region={region}")
    if cloud.instance:
        # The id makes the signal this instance's: one that is sent twice counts once.
        argv.append(f"--id={cloud.instance}")
    done = host.run(argv, timeout=SIGNAL_TIMEOUT)
    words = f"told {stack.resource} of {stack.stack}" if done.ok else f"cfn-signal: {done.reason}"
    return Told("cloudformation", done=done.ok, words=words)


def _reason(news: News) -> str:
    return f"setup: {news.verdict} {news.reason}"[:REASON_CAP].rstrip()


def _guest_attributes(
    host: Host, cloud: Cloud, stack: StackSignal | None, news: News
) -> Told | None:
    """`gcloud compute instances get-guest-attributes NAME --query-path=caretaker/` reads it."""
    if cloud.name != GOOGLE:
        return None
    try:
        status = _put(host, news.verdict.encode())
    except (OSError, ValueError) as error:
        return Told(
            "guest-attributes", done=False, words=f"the metadata server does not answer: {error}"
        )
    if status == 200:
        return Told("guest-attributes", done=True, words=f"caretaker/setup = {news.verdict}")
    # 403: the instance was made without enable-guest-attributes=TRUE, which is the default.
    return Told("guest-attributes", done=False, words=f"the metadata server says {status}")


def _put(host: Host, body: bytes) -> int:
    """PUT to the metadata server; its HTTP status. OSError, ValueError."""
    # Without the flavour the server refuses, so that no forwarded request can pass for ours.
    headers = (f"Host: {METADATA}", "Metadata-Flavor: Google", "Content-Type: text/plain")
    with host.network.connect(METADATA, METADATA_PORT, timeout=METADATA_TIMEOUT) as wire:
        return put(wire, ATTRIBUTE, body, headers=headers)


CHANNELS = (
    Channel("wait-condition", "CloudFormation wait condition", _wait_condition),
    Channel("cloudformation", "CloudFormation signal", _cloudformation),
    Channel("guest-attributes", "Google guest attributes", _guest_attributes),
)
