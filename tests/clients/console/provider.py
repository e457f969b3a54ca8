"""An OpenID Connect provider with three people, for whoever signs in to the console in a browser."""
import base64
import hashlib
import json
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

DATA = Path(__file__).resolve().parents[2] / "data" / "user_pools"
PEOPLE = {"Vera": "support", "Dora": "engineering", "Nobody": "guests"}


def plain(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(claims):
    head = plain(json.dumps({"alg": "RS256", "typ": "JWT", "kid": "key-1"}).encode())
    text = f"{head}.{plain(json.dumps(claims).encode())}"
    command = ["openssl", "dgst", "-sha256", "-keyform", "DER", "-sign", str(DATA / "private_key.der")]
    return f"{text}.{plain(subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout)}"


class Provider(BaseHTTPRequestHandler):
    codes = {}

    def answer(self, body, kind="application/json", status=200):
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        own = f"http://{self.headers['host']}"
        url = urlsplit(self.path)
        if url.path == "/.well-known/openid-configuration":
            return self.answer({"issuer": own, "jwks_uri": f"{own}/keys", "authorization_endpoint": f"{own}/authorize",
                                "token_endpoint": f"{own}/token"})
        if url.path == "/keys":
            return self.answer((DATA / "jwks.json").read_text())
        if url.path != "/authorize":
            return self.answer({}, status=404)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        links = []
        for name, group in PEOPLE.items():
            code = f"{name}-{len(self.codes)}"
            self.codes[code] = {**asked, "name": name, "group": group}
            links.append(f'<p><a href="{asked["redirect_uri"]}?code={code}&state={quote(asked["state"])}&iss={quote(own, safe="")}">{name}</a></p>')
        self.answer(f"<!doctype html><title>Provider</title>{''.join(links)}", "text/html")

    def do_POST(self):
        form = {name: values[0] for name, values in parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()).items()}
        begun = self.codes.pop(form.get("code"), None)
        challenge = plain(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if not begun or begun["code_challenge"] != challenge or begun["redirect_uri"] != form.get("redirect_uri"):
            return self.answer({"error": "invalid_grant"}, status=400)
        now = int(time.time())
        self.answer({"access_token": "x", "token_type": "Bearer", "id_token": signed({
            "iss": f"http://{self.headers['host']}", "aud": begun["client_id"], "sub": begun["name"], "nonce": begun["nonce"],
            "iat": now, "exp": now + 300, "preferred_username": begun["name"].lower(), "groups": [begun["group"]]})})

    def log_message(self, *_):
        pass


def start(port):
    server = ThreadingHTTPServer(("127.0.0.1", port), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
