"""Loaded into every Python function of a run (PYTHONPATH), as sign-datagrams.cjs is into those in Node: what goes to the run's X-Ray daemon
carries a code that only the run can make. The daemon is on a port that anybody on this machine can send to, and the protocol has no place for
a secret."""
import hashlib
import hmac
import os
import socket

_key = os.environ.get("LOCAL_RUN_TRACE_KEY")
_port = os.environ.get("AWS_XRAY_DAEMON_ADDRESS", "").rpartition(":")[2]
_sendto = socket.socket.sendto


def _send_signed(self, data, *rest):
    address = rest[-1]
    if not (isinstance(address, tuple) and len(address) > 1 and str(address[1]) == _port):
        return _sendto(self, data, *rest)
    if self.getsockname()[1] == 0:
        # Else a socket that only sends is bound to every interface.
        self.bind(("127.0.0.1", 0))
    code = hmac.new(_key.encode(), bytes(data), hashlib.sha256).hexdigest()
    return _sendto(self, f"{code}\n".encode() + bytes(data), *rest)


if _key and _port:
    socket.socket.sendto = _send_signed
