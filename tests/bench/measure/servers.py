"""The peers of a measurement: nginx and the forwarder that parses nothing. Each in a folder of its own."""
import json
import subprocess

from . import process, scenarios

NGINX = "/usr/sbin/nginx"

# Large bodies need larger buffers than nginx's defaults, else nginx is measured at copying small pieces.
NGINX_CONFIGURATION = """\
worker_processes 1;
daemon off;
pid nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  log_format json escape=json {log_format};
  tcp_nodelay on;
  keepalive_requests 1000000000;
  client_body_buffer_size 64k;
  client_max_body_size 0;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  proxy_buffer_size 16k;
  proxy_buffers 8 16k;
  proxy_max_temp_file_size 0;
  upstream upstream {{
    server 127.0.0.1:{upstream};
    keepalive 320;
    keepalive_requests 1000000000;
  }}
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_set_header Host $http_host;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Host $http_host;
  proxy_set_header X-Forwarded-Port $server_port;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location /plain {{ proxy_pass http://upstream; }}
    location /header {{ proxy_pass http://upstream; add_header X-Added true; }}
    location /logged {{ proxy_pass http://upstream; access_log access.log json buffer=64k flush=1s; }}
  }}
  server {{
    listen 127.0.0.1:{tls_port} ssl http2 backlog=4096;
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    ssl_protocols TLSv1.3;
    http2_max_concurrent_streams 128;
    location /plain {{ proxy_pass http://upstream; }}
  }}
}}
"""


class Nginx:
    def __init__(self, folder, placement, upstream, certificate):
        self.port, self.tls_port = process.free_ports(2)
        self.configuration = NGINX_CONFIGURATION.format(
            port=self.port, tls_port=self.tls_port, upstream=upstream, certificate=certificate.file,
            key=certificate.key_file, log_format=f"'{json.dumps(scenarios.LOGGED)}'")
        folder.mkdir()
        (folder / "nginx.conf").write_text(self.configuration, encoding="ascii")
        argv = [NGINX, "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr"]
        self.process = process.Process(argv, placement, placement.proxy_core, folder / "output.log")

    def wait_until_ready(self):
        process.wait_until(lambda: process.accepts(self.port) and len(self.process.pids()) > 1, self.process, "ready")

    def serving_pids(self):
        return self.process.pids()[1:]  # without the master, which only waits

    @staticmethod
    def version():
        return subprocess.run([NGINX, "-v"], capture_output=True, text=True, check=True).stderr.strip()


class Forwarder:
    configuration = ""

    def __init__(self, program, folder, placement, upstream):
        self.port, = process.free_ports(1)
        folder.mkdir()
        argv = [program, "--listen", self.port, "--upstream", upstream]
        self.process = process.Process(argv, placement, placement.proxy_core, folder / "output.log")

    def wait_until_ready(self):
        process.wait_until(lambda: process.accepts(self.port), self.process, "ready")

    def serving_pids(self):
        return self.process.pids()
