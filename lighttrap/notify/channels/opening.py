"""The channels that the settings describe, each with the kind of text it carries."""

from __future__ import annotations

from collections.abc import Iterator

from lighttrap.notify.channels.channel import Channel
from lighttrap.notify.channels.console import Console
from lighttrap.notify.channels.email import Email
from lighttrap.notify.channels.settings import ChannelSettings
from lighttrap.notify.channels.sms_http import SmsHttp
from lighttrap.notify.channels.webhook import Webhook
from lighttrap.notify.channels.zalo_zns import ZaloZns
from lighttrap.notify.texts import Kind


def open_channels(settings: ChannelSettings) -> list[tuple[Channel, Kind]]:
    """The channels that are on. Nothing is connected yet."""
    return list(_open(settings))


def _open(settings: ChannelSettings) -> Iterator[tuple[Channel, Kind]]:
    if settings.console.is_on:
        yield Console("console"), Kind.CHAT
    if settings.email.host:
        yield Email("email", settings.email), Kind.EMAIL
    if settings.sms.url:
        yield SmsHttp("sms", settings.sms), Kind.SMS
    if settings.zns.app_id:
        yield ZaloZns("zns", settings.zns), Kind.CHAT
    if settings.webhook.secret:
        yield Webhook("webhook", settings.webhook), Kind.CHAT
    if settings.apprise:
        # It takes a second to import, which only those should wait for who use it.
        from lighttrap.notify.channels.apprise_service import AppriseService

        for name, url in settings.apprise.items():
            yield AppriseService(name, url.get_secret_value()), Kind.CHAT
