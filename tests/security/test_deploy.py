"""The files under deploy/: units systemd accepts and finds hard, and nginx in front of a real Dagster web server."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any

import pytest

from govdata.assets.instance import prepare
from govdata.deployment import Deployment
from govdata.operations import alerts
from tests.conftest import REPOSITORY
from tests.faults import city
from tests.faults.services import exec_start, last_step, launching, running, runs, wait_for
from tests.servers import ask, free_port, program, serving

pytestmark = pytest.mark.xdist_group("nginx")

DEPLOY = REPOSITORY / "deploy"
UNITS = ("govdata-web.service", "govdata-daemon.service")
OTHER = dict(zip(UNITS, reversed(UNITS), strict=True))
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
NAME = "govdata.example.gov.cn"


# ------------------------------------------------------------------------------------------------------------- systemd


@pytest.mark.parametrize("unit", UNITS)
def test_units_run_as_nobody_in_particular_on_loopback_and_may_touch_little(unit: str) -> None:
    lines = (DEPLOY / unit).read_text(encoding="utf-8").splitlines()
    for needed in (
        *(
            "User=govdata",
            "UMask=0027",
            "ProtectSystem=strict",
            "PrivateTmp=yes",
            "NoNewPrivileges=yes",
            "ProtectHome=yes",
        ),
        *(
            "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6",
            "IPAddressDeny=any",
            "IPAddressAllow=localhost",
            "CapabilityBoundingSet=",
        ),
        *(
            "LimitCORE=0",
            f"JoinsNamespaceOf={OTHER[unit]}",
            "EnvironmentFile=/etc/govdata/govdata.env",
            "ReadOnlyPaths=/srv/govdata/standards /srv/govdata/data/landing",
        ),
    ):
        assert needed in lines, f"{unit}: {needed}"
    (start,) = [line for line in lines if line.startswith("ExecStart=")]
    assert "0.0.0.0" not in start and ("-h 127.0.0.1" in start or "dagster-daemon run" in start)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_accepts_the_units(unit: str, tmp_path: Path) -> None:
    text = (
        (DEPLOY / unit)
        .read_text(encoding="utf-8")
        .replace("/opt/govdata/.venv/bin", str(Path(program("dagster-daemon")).parent))
    )
    (tmp_path / unit).write_text(text, encoding="utf-8")
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(tmp_path / unit)], capture_output=True, text=True, check=False
    )
    about_ours = [line for line in verified.stderr.splitlines() if unit in line]
    assert verified.returncode == 0 and about_ours == [], verified.stderr
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", str(tmp_path / unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", judged.stdout)
    if found is None:
        pytest.skip("this systemd cannot judge a unit offline")
    assert float(found[1]) < 2.0


def test_the_environment_file_holds_no_key_and_stays_in_the_deployment() -> None:
    settings = dict(
        line.split("=", 1)
        for line in (DEPLOY / "govdata.env").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )
    assert settings["DAGSTER_HOME"] == settings["GOVDATA_HOME"] + "/.dagster"
    assert "GOVDATA_ALERT_WEBHOOK" not in settings and "GOVDATA_DEBUG" not in settings


# --------------------------------------------------------------------------------------------------------------- nginx


@dataclass(frozen=True)
class Site:
    port: int
    upstream: int
    deployment: Deployment

    @property
    def host(self) -> str:
        return f"{NAME}:{self.port}"

    def ask(
        self,
        path: str = "/",
        *,
        password: str | None = None,
        host: str | None = None,
        method: str | None = None,
        **headers: str,
    ) -> tuple[int, bytes]:
        """Status and body; 0 where the connection was closed without an answer."""
        sent = {"Host": host or self.host} | {name.replace("_", "-"): value for name, value in headers.items()}
        if password is not None:
            sent["Authorization"] = _basic(password)
        data = sent.pop("body", None)
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}{path}",
            headers=sent,
            data=data.encode() if data is not None else None,
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=60, context=_trusting()) as answer:
                return int(answer.status), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""


def _basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"officer:{password}".encode()).decode()


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Our nginx site, its ports and paths rewritten and nothing else, before `dagster-webserver` as the unit starts
    it."""
    if NGINX is None:
        pytest.skip("nginx is not installed")
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("site")
    deployment = city.lay_down(tmp_path_factory.mktemp("served"), 1)
    prepare(deployment)
    port, plain, upstream = free_port(), free_port(), free_port()
    _lay_out(folder, port, plain, upstream, deployment)
    command = exec_start("govdata-web.service", deployment, upstream)
    nginx = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    tested = subprocess.run([*nginx, "-t"], capture_output=True, text=True, check=False)
    assert tested.returncode == 0, tested.stderr
    with serving(command, upstream, deployment.home, deployment.home, folder / "web.log"):
        process = subprocess.Popen([*nginx, "-g", "daemon off;"], stderr=subprocess.DEVNULL)
        try:
            site = Site(port, upstream, deployment)
            deadline = time.monotonic() + 30
            while site.ask()[0] == 0:
                assert process.poll() is None and time.monotonic() < deadline, (folder / "error.log").read_text(
                    encoding="utf-8"
                )
                time.sleep(0.1)
            yield site
        finally:
            process.terminate()
            process.wait(timeout=30)


def _lay_out(folder: Path, port: int, plain: int, upstream: int, deployment: Deployment) -> None:
    key, certificate, users = folder / "k.pem", folder / "c.pem", folder / "htpasswd"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={NAME}"]
    subprocess.run([*request, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    salt = os.urandom(8)
    users.write_text(
        "officer:{SSHA}" + base64.b64encode(hashlib.sha1(b"right" + salt).digest() + salt).decode() + "\n",
        encoding="utf-8",
    )
    text = (DEPLOY / "nginx-govdata.conf").read_text(encoding="utf-8")
    for ours, theirs in {
        "/etc/govdata-web/tls/govdata.crt": str(certificate),
        "/etc/govdata-web/tls/govdata.key": str(key),
        "/etc/govdata-web/htpasswd": str(users),
        "/var/log/nginx/": f"{folder}/",
        "listen 443 ": f"listen 127.0.0.1:{port} ",
        "listen 80 ": f"listen 127.0.0.1:{plain} ",
        "127.0.0.1:3000": f"127.0.0.1:{upstream}",
        "/srv/govdata/data": str(deployment.data),
    }.items():
        assert ours in text
        text = text.replace(ours, theirs)
    (folder / "site.conf").write_text(text, encoding="utf-8")
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.getuid() == 0 else ""
    main = (
        f"{user}worker_processes 1;\npid {folder}/nginx.pid;\nevents {{}}\nhttp {{\n{places}include "
        f"{folder}/site.conf;\n}}\n"
    )
    (folder / "nginx.conf").write_text(main, encoding="utf-8")


VERSION = json.dumps({"query": "{ version }"})


@pytest.mark.slow
def test_nobody_gets_in_without_the_password(site: Site) -> None:
    for path in ("/", "/server_info", "/assets", "/dagit_info", "/notebook", "/report_asset_materialization/x"):
        assert site.ask(path)[0] == 401, path
        assert site.ask(path, password="wrong")[0] == 401, path
    assert site.ask("/graphql", body=VERSION, Content_Type="application/json", Origin=f"https://{site.host}")[0] == 401


@pytest.mark.slow
def test_the_password_opens_the_interface(site: Site) -> None:
    status, page = site.ask("/", password="right")
    assert status == 200 and b"<html" in page
    status, answer = site.ask(
        "/graphql", password="right", body=VERSION, Content_Type="application/json", Origin=f"https://{site.host}"
    )
    assert status == 200 and json.loads(answer)["data"]["version"].startswith("1.")


@pytest.mark.slow
def test_the_cockpit_is_served_behind_the_password_and_nothing_else_of_the_reports(site: Site) -> None:
    for name in ("cockpit.html", "cockpit/zh/dataset-cards.html", "alerts/told.html", "cockpit.html.old"):
        path = site.deployment.reports / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("<!doctype html><title>ours</title>", encoding="utf-8")
    for name in ("cockpit.html", "cockpit/zh/dataset-cards.html"):
        assert site.ask(f"/reports/{name}")[0] == 401
        assert site.ask(f"/reports/{name}", password="right") == (200, b"<!doctype html><title>ours</title>")
    for name in ("alerts/told.html", "cockpit/../alerts/told.html", "cockpit/%2e%2e/alerts/told.html"):
        assert b"ours" not in site.ask(f"/reports/{name}", password="right")[1], name
    assert b"ours" not in site.ask("/reports/cockpit.html", password="right", Origin="https://evil.example")[1]


@pytest.mark.slow
def test_a_foreign_page_cannot_use_a_persons_login(site: Site) -> None:
    for origin in ("https://evil.example", f"http://{site.host}", f"https://{site.host}.evil.example", "null"):
        answer = site.ask("/graphql", password="right", body=VERSION, Content_Type="application/json", Origin=origin)
        assert answer[0] == 403, origin


@pytest.mark.slow
def test_graphql_answers_to_nothing_but_a_post_of_our_own_page(site: Site) -> None:
    """A mutation by GET needs no more than an <img> of a foreign page, and Dagster runs it."""
    own = f"https://{site.host}"
    sent: dict[str, Any] = {"password": "right", "Content_Type": "application/json"}
    query = "query=" + urllib.parse.quote(changing("by_curl"))
    for path in ("/graphql", "/%67raphql", "//graphql", "/./graphql", "/x/../graphql"):
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"):
            assert site.ask(f"{path}?{query}", method=method, Origin=own, **sent)[0] in (403, 405), (path, method)
        assert site.ask(f"{path}?{query}", password="right")[0] == 403, path
        assert site.ask(f"{path}?{query}", Connection="Upgrade", Upgrade="h2c", Origin=own, **sent)[0] == 403, path
    body = json.dumps({"query": changing("by_curl")})
    assert site.ask("/graphql", body=body, **sent)[0] == 403, "without Origin"
    for form in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"):
        assert site.ask(f"/graphql?{query}", body="a=b", password="right", Content_Type=form)[0] == 403, form
    for page in ("cross-site", "same-site"):
        assert site.ask("/graphql", body=body, Origin=own, Sec_Fetch_Site=page, **sent)[0] == 403, page
    assert concurrency_keys(site) == []
    assert site.ask("/graphql", body=body, Origin=own, Sec_Fetch_Site="same-origin", **sent)[0] == 200
    assert concurrency_keys(site) == ["by_curl"], "the same change from our own page"


@pytest.mark.slow
def test_a_link_from_another_site_opens_a_page_and_nothing_else(site: Site) -> None:
    followed = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    assert site.ask("/runs", password="right", **followed)[0] == 200
    image = {"Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "image"}
    for other in (image, {"Sec_Fetch_Dest": "iframe"}, {"Sec_Fetch_Site": "unheard-of"}):
        assert site.ask("/runs", password="right", **(followed | other))[0] == 403, other
    assert site.ask("/runs", password="right", body="", **followed)[0] == 403, "a form sent from another site"


def concurrency_keys(site: Site) -> list[str]:
    """What `changing` has changed, asked behind nginx."""
    instance = ask(f"http://127.0.0.1:{site.upstream}", "{ instance { concurrencyLimits { concurrencyKey } } }")[
        "instance"
    ]
    return [str(entry["concurrencyKey"]) for entry in instance["concurrencyLimits"]]


def changing(name: str) -> str:
    """A mutation that changes something at once and leaves its mark under ``name`` (a concurrency key)."""
    return f'mutation {{ setConcurrencyLimit(concurrencyKey: "{name}", limit: 1) }}'


@pytest.mark.slow
def test_passwords_cannot_be_guessed_quickly_and_nobody_else_is_locked_out(site: Site) -> None:
    """The guesses come from an address of their own, so that the other tests are not throttled."""
    guesser, other, kept = "127.0.0.7", "127.0.0.8", _Connection(site, "127.0.0.7")
    assert kept.ask("right") == 200
    pipelined = _Connection(site, guesser)
    assert pipelined.all_of(*(f"guess{number}" for number in range(5)), "right") == [401], (
        "one guess for each connection"
    )
    insider = _Connection(site, guesser)
    assert [insider.ask("right"), insider.ask("guess"), insider.ask("right")] == [200, 401, 0], (
        "a right password opens no way to others"
    )
    began = time.monotonic()
    with ThreadPoolExecutor(60) as pool:
        statuses = list(pool.map(lambda number: _Connection(site, guesser).ask(f"guess{number}"), range(60)))
        seconds = time.monotonic() - began
    judged = statuses.count(401)
    assert set(statuses) == {401, 429} and judged <= 41, statuses
    assert judged / seconds < 1, f"{judged} guesses in {seconds:.1f} s"
    assert kept.ask("right") == 200, "who is in stays in, from the same address"
    assert _Connection(site, other).ask("right") == 200, "and others get in"


class _Connection:
    """One TLS connection from ``address``; requests are sent on it as they are."""

    def __init__(self, site: Site, address: str) -> None:
        plain = socket.create_connection(("127.0.0.1", site.port), timeout=120, source_address=(address, 0))
        self._site, self._socket = site, _trusting().wrap_socket(plain)

    def ask(self, password: str) -> int:
        """The status; 0 where the connection is closed."""
        try:
            self._socket.sendall(self._request(password))
            answer = HTTPResponse(self._socket)
            answer.begin()
            answer.read()
        except (OSError, HTTPException):
            return 0
        return answer.status

    def all_of(self, *passwords: str) -> list[int]:
        """The statuses of requests sent in one go, until the connection is closed."""
        self._socket.sendall(b"".join(self._request(password) for password in passwords))
        received = b""
        while more := self._socket.recv(65536):
            received += more
        return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+)", received)]

    def _request(self, password: str) -> bytes:
        return f"GET /server_info HTTP/1.1\r\nHost: {self._site.host}\r\nAuthorization: {_basic(password)}\r\n\r\n".encode()


@pytest.mark.slow
def test_another_host_name_gets_no_answer(site: Site) -> None:
    assert site.ask("/", password="right", host=f"127.0.0.1:{site.port}") == (0, b"")
    assert site.ask("/", password="right", host="rebound.example") == (0, b"")


@pytest.mark.slow
def test_graphql_subscriptions_pass_as_a_websocket_with_the_password_only(site: Site) -> None:
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import ClientConnection, connect
    from websockets.typing import Subprotocol

    def opened(**headers: str) -> ClientConnection:
        plain = socket.create_connection(("127.0.0.1", site.port), timeout=60)
        address, sent = f"wss://{site.host}/graphql", {name: value for name, value in headers.items() if value}
        return connect(
            address, sock=plain, ssl=_trusting(), additional_headers=sent, subprotocols=[Subprotocol("graphql-ws")]
        )

    own, login = f"https://{site.host}", _basic("right")
    for login_sent, origin, status in (
        ("", own, 401),
        (_basic("wrong"), own, 401),
        (login, "https://evil.example", 403),
        (login, "", 403),
    ):
        with pytest.raises(InvalidStatus) as refused:
            opened(Authorization=login_sent, Origin=origin)
        assert refused.value.response.status_code == status
    with opened(Authorization=login, Origin=own) as connection:
        connection.send(json.dumps({"type": "connection_init", "payload": {}}))
        assert json.loads(connection.recv(timeout=30))["type"] == "connection_ack"


@pytest.mark.slow
def test_the_web_server_itself_listens_on_loopback_only(site: Site) -> None:
    listening = Path("/proc/net/tcp")
    if not listening.exists():
        pytest.skip("no /proc/net/tcp")
    addresses = set()
    for table in (listening, Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            if state == "0A" and int(local.split(":")[1], 16) == site.upstream:
                addresses.add(local.split(":")[0])
    assert addresses == {"0100007F"}


@pytest.mark.slow
def test_a_runs_configuration_cannot_move_the_deployment_or_an_io_folder(site: Site, tmp_path: Path) -> None:
    """Asked as the interface asks; the run is refused before there is one."""
    elsewhere = tmp_path / "elsewhere"
    before = len(runs(site.deployment))
    for resources in (
        {"deployment": {"config": {"home": str(elsewhere)}}},
        {"deployment": {"config": {"deployment": str(elsewhere)}}},
        {"io_manager": {"config": {"base_dir": str(elsewhere)}}},
    ):
        order = launching(city.day(0).isoformat()).replace(
            "runConfigData: {}", f"runConfigData: {json.dumps(json.dumps({'resources': resources}))}"
        )
        launched = ask(f"http://127.0.0.1:{site.upstream}", order)["launchRun"]
        assert launched["__typename"] == "RunConfigValidationInvalid", launched
    assert len(runs(site.deployment)) == before and not elsewhere.exists()


@pytest.mark.slow
def test_a_night_killed_with_the_daemon_is_run_again_by_the_next(site: Site, tmp_path: Path) -> None:
    """Launched by a logged-in person; kill -9 of the daemon, its code server and the run's process; the daemon is
    started again as systemd does. The run is marked dead and told of, and the night is run once more and followed by
    its city without anybody's help."""
    deployment, log = site.deployment, tmp_path / "log"
    with running("daemon", deployment, log) as daemon:
        order = json.dumps({"query": launching(city.day(0).isoformat())})
        status, answer = site.ask(
            "/graphql", password="right", body=order, Content_Type="application/json", Origin=f"https://{site.host}"
        )
        assert status == 200
        run_id = json.loads(answer)["data"]["launchRun"]["run"]["runId"]
        wait_for(lambda: bool(last_step(deployment, run_id)), log)
        assert daemon.cut() >= 3
    assert [run.status.value for run in runs(deployment)] == ["STARTED"]
    with running("daemon", deployment, log):
        wait_for(lambda: runs(deployment)[0].job_name == "city" and runs(deployment)[0].is_success, log, 180)
    city_run, again, dead = runs(deployment)
    assert (again.parent_run_id, dead.run_id, dead.status.value) == (run_id, run_id, "FAILURE")
    assert city_run.tags["dagster/run_key"] == again.run_id  # of the run that was whole, not of the dead one
    (told,) = alerts.alerts(deployment)
    assert (told.kind, told.run_id, told.date) == (
        "run_failed",
        run_id,
        city.day(0).isoformat(),
    ) and "自动重新运行一次" in told.reasons[0]
    assert len(city.state(deployment)["published.cards"]) == city.CARDS
    assert not list(deployment.data.glob("**/.*.tmp*/*"))
