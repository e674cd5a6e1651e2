"""Small objects into S3, with a quarter of the work that the SDK makes of them.

botocore takes two milliseconds for a PUT: rules that find the endpoint, serializers, hooks, a wait
for "100 Continue". The store itself takes less. But what comes out of it is always the same, but
for key, date and signature. So only its signer and its connections are used here. What does not go
well is done again by the SDK, which knows about redirects, retries and errors.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote


def quick(client: Any, bucket: str, credentials: Any) -> Quick | None:
    """None where a request would have to look other than the plain one."""
    from botocore.exceptions import BotoCoreError

    try:
        url = client.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "x"})
    except (BotoCoreError, ValueError):
        return None
    connections = getattr(getattr(client, "_endpoint", None), "http_session", None)
    place, _, signature = url.partition("x?")
    is_plain = "X-Amz-Algorithm=AWS4-HMAC-SHA256" in signature
    if credentials is None or connections is None or not is_plain:
        return None
    return Quick(place, client.meta.region_name, credentials, connections)


class Quick:
    """Puts objects into one bucket, whose URL ends with a "/"."""

    def __init__(self, url: str, region: str, credentials: Any, connections: Any) -> None:
        self._url = url
        self._region = region
        self._credentials = credentials
        self._connections = connections
        self._is_understood = True

    def put(self, key: str, content: bytes) -> bool:
        """Whether the object is stored. Raises what botocore does when the store does not answer
        in time: to ask again would only take as long again."""
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.exceptions import BotoCoreError, ConnectTimeoutError, ReadTimeoutError

        if not self._is_understood:
            return False
        request = AWSRequest("PUT", self._url + quote(key, safe="/~"), data=content)
        try:
            credentials = self._credentials.get_frozen_credentials()
            S3SigV4Auth(credentials, "s3", self._region).add_auth(request)
            status: int = self._connections.send(request.prepare()).status_code
        except (ConnectTimeoutError, ReadTimeoutError):
            raise
        except BotoCoreError:
            return False
        # Servers fail at times; but what is refused or redirected once will be again.
        self._is_understood = status == 200 or status >= 500
        return status == 200
