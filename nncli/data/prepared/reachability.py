"""Checks within a few seconds whether the host of the prepared data sets is reachable. Downloads nothing."""

import threading

HOST = "storage.googleapis.com"
# A small file that tensorflow-datasets downloads for MNIST; only its headers are requested.
_PATH = "/cvdf-datasets/mnist/t10k-labels-idx1-ubyte.gz"
SECONDS = 2.5


def is_reachable(seconds: float = SECONDS) -> bool:
    """Whether HOST responds within `seconds`, including name lookup, proxy and all attempts."""
    answers: list[bool] = []

    def ask() -> None:
        answers.append(_answers(seconds))

    # A DNS lookup has no timeout, but a daemon thread can be abandoned.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return bool(answers and answers[0])


def _answers(seconds: float) -> bool:
    # Late: every command imports this module, and few connect to the internet.
    import http.client
    import ssl
    import urllib.request
    from urllib.parse import urlsplit

    proxy = urllib.request.getproxies().get("https")
    if proxy and urllib.request.proxy_bypass(HOST):
        proxy = None
    # Nothing secret is sent and nothing received is used, so the certificate need not be verified.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        if proxy:
            address = urlsplit(proxy if "//" in proxy else f"//{proxy}")
            connection = http.client.HTTPSConnection(
                address.hostname or "", address.port or 80, timeout=seconds, context=context
            )
            connection.set_tunnel(HOST, 443)
        else:
            connection = http.client.HTTPSConnection(HOST, 443, timeout=seconds, context=context)
        connection.request("HEAD", _PATH)
        return connection.getresponse().status == http.client.OK
    except (OSError, ValueError, http.client.HTTPException):
        return False
