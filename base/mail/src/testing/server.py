"""A mail server for tests: prints its port, then each letter that it takes as a line of JSON."""

import asyncio
import base64
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

how, certificate, key, user, password = sys.argv[1:6]


def say(what):
    print(json.dumps(what) if not isinstance(what, int) else what, flush=True)


def kind(letter):
    return letter.get_content_maintype() == "text" or letter.get_content_type() == "multipart/mixed"


def files(letter):
    return letter.iter_attachments() if letter.is_multipart() else []


class Handler:
    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say(
            {
                "sender": envelope.mail_from,
                "recipients": envelope.rcpt_tos,
                "tls": server.transport.get_extra_info("ssl_object") is not None,
                "user": session.auth_data,
                "headers": {name: str(value) for name, value in letter.items()},
                "text": (letter.get_body(("plain",)) or letter).get_content() if kind(letter) else "",
                "files": {one.get_filename(): base64.b64encode(one.get_payload(decode=True)).decode() for one in files(letter)},
                "raw": base64.b64encode(envelope.content).decode(),
                "defects": [repr(one) for one in letter.defects],
            }
        )
        return "250 2.0.0 taken as 4711"


def sign_in(server, session, envelope, mechanism, data):
    good = (data.login, data.password) == (user.encode(), password.encode())
    return AuthResult(success=good, handled=False, auth_data=user if good else None)


context = None
if how != "plain":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)


def factory():
    return SMTP(
        Handler(),
        hostname="mail.test",
        tls_context=context if how == "starttls" else None,
        require_starttls=how == "starttls",
        authenticator=sign_in if user else None,
        auth_required=bool(user),
        auth_require_tls=how == "starttls",
    )


async def main():
    loop = asyncio.get_running_loop()
    wrapped = context if how == "implicit" else None
    server = await loop.create_server(factory, "127.0.0.1", 0, ssl=wrapped)
    say(server.sockets[0].getsockname()[1])
    # The test's end closes our input, however it ends.
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
