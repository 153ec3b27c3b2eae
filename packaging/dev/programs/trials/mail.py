"""msmtp sends and mbsync fetches through dovecot, which asks Glewlwyd about each token."""

import grp
import os
import pathlib
import pwd
import socket
import socketserver
import ssl
import threading

from glewlwyd import Glewlwyd
from lab import Lab
from processes import Failed, check, free_port, serves, wait_for


def run(lab: Lab) -> None:
    glewlwyd = Glewlwyd(lab)
    mail = _MailServer(lab, glewlwyd)
    glewlwyd.login("mail")
    try:
        _try_programs(lab, mail)
    finally:
        lab.refusals += mail.refusals_of_good_tokens


def _try_programs(lab: Lab, mail: "_MailServer") -> None:
    right = f"{lab.program('authagent')} token mail"
    wrong = "echo not-a-token-of-this-issuer"

    lab.step("msmtp: a wrong token is refused")
    lab.fail("msmtp", "--file", _msmtp(lab, mail, "xoauth2", wrong), "ann@example.com", input="Subject: no\n\n")
    mail.must_show_refusal()

    for number, mechanism in enumerate(("xoauth2", "oauthbearer")):
        lab.step(f"msmtp sends with {mechanism}")
        lab.succeed("msmtp", "--file", _msmtp(lab, mail, mechanism, right), "ann@example.com",
                    input=f"Subject: letter {number}\n\nHello.\n")
    check(len(list((mail.maildir / "new").iterdir())) == 2, "the letters did not arrive")

    lab.step("mbsync: a wrong token is refused")
    # mbsync 1.4 does not end after a refused XOAUTH2, whatever its Timeout is.
    process = lab.start(lab.which("mbsync"), "--config", _mbsync(lab, mail, wrong), "inbox")
    mail.must_show_refusal()
    lab.say(f"  mbsync: {wait_for('its error', lambda: process.first_match(r'(Error: .*|.*authentication.*)'))}")
    process.end()
    check(not (lab.home / "mbox/INBOX/new").exists() or not list((lab.home / "mbox/INBOX/new").iterdir()),
          "mbsync fetched letters with a wrong token")

    lab.step("mbsync fetches with XOAUTH2 (the module of libsasl2-modules-kdexoauth2)")
    lab.succeed("mbsync", "--config", _mbsync(lab, mail, right), "inbox")
    letters = [file.read_text() for file in (lab.home / "mbox/INBOX/new").iterdir()]
    subjects = sorted(line for letter in letters for line in letter.splitlines() if line.startswith("Subject:"))
    lab.say(f"  {subjects}")
    check(subjects == ["Subject: letter 0", "Subject: letter 1"], "the letters were not fetched")

    lab.step("the strings of 'helper sasl' are what the server takes")
    for mechanism in ("XOAUTH2", "OAUTHBEARER"):
        words = ("helper", "sasl", "mail", "--mechanism", mechanism, "--user", "admin", "--host", "localhost", "--port",
                 str(mail.imap))
        string = lab.succeed("authagent", *words, shows=False).output
        check(string == string.strip() + "\n" or string == string.strip(), "the string has blanks")
        answer = mail.authenticate(mechanism, string.strip())
        lab.say(f"  {mechanism}: {answer}")
        check(answer.startswith("a OK"), f"the server does not take the string for {mechanism}")

    lab.step("after a logout both stop")
    lab.authagent("logout", "mail", "--local", shows=False)
    for result in (
        lab.fail("msmtp", "--file", _msmtp(lab, mail, "xoauth2", right), "ann@example.com", input="Subject: no\n\n"),
        lab.fail("mbsync", "--config", _mbsync(lab, mail, right), "inbox"),
    ):
        check("authagent login mail" in result.text, "there is no word of what to do")


class _MailServer:
    """dovecot with IMAP and submission over TLS, and the server that takes what is submitted."""

    def __init__(self, lab: Lab, glewlwyd: Glewlwyd) -> None:
        self._lab = lab
        self._refusals = 0
        self.maildir = lab.home / "mail/admin/Maildir"
        for name in ("cur", "new", "tmp"):
            (self.maildir / name).mkdir(parents=True)
        relay = _Relay(self.maildir)
        lab.on_exit(relay.end)
        self._give_away()
        for _ in range(5):
            self.imap, self.submission = free_port(), free_port()
            self._dovecot = lab.start("/usr/sbin/dovecot", "-F", "-c", self._configuration(glewlwyd, relay.port))
            if serves(self._dovecot, self.imap, self.submission):
                return
            self._dovecot.end()
        raise Failed(f"dovecot does not start:\n{self._dovecot.output()}")

    def must_show_refusal(self) -> None:
        """dovecot's log must have another token that it refused."""
        before = self._refusals
        wait_for("the refusal in dovecot's log", lambda: len(self._refused()) > before)
        self._refusals = len(self._refused())
        self._lab.say(f"  server: {self._refused()[-1][:200]}")

    @property
    def refusals_of_good_tokens(self) -> int:
        return len(self._refused()) - self._refusals if self._lab.refuses else 0

    def _refused(self) -> list[str]:
        return [line for line in self._dovecot.output().splitlines() if "oauth2 failed" in line]

    def authenticate(self, mechanism: str, string: str) -> str:
        """The last line of an IMAP login with this string."""
        context = ssl.create_default_context(cafile=self._lab.certificate()[0])
        with socket.create_connection(("localhost", self.imap), 60) as raw, \
                context.wrap_socket(raw, server_hostname="localhost") as tls:
            lines = tls.makefile("rwb")
            lines.readline()
            lines.write(f"a AUTHENTICATE {mechanism} {string}\r\n".encode())
            lines.flush()
            while not (line := lines.readline().decode().strip()).startswith("a "):
                check(line, "dovecot closed the connection")
                if line.startswith("+"):
                    lines.write(b"AQ==\r\n" if mechanism == "OAUTHBEARER" else b"\r\n")
                    lines.flush()
            return line

    @property
    def _user(self) -> tuple[int, int]:
        # dovecot refuses to serve root's mail.
        if os.getuid() != 0:
            return os.getuid(), os.getgid()
        entry = pwd.getpwnam("dovenull")
        return entry.pw_uid, entry.pw_gid

    def _give_away(self) -> None:
        if os.getuid() == 0:
            self._lab.home.chmod(0o711)
            for path in (self._lab.home / "mail", *(self._lab.home / "mail").rglob("*")):
                os.chown(path, *self._user)

    def _configuration(self, glewlwyd: Glewlwyd, relay: int) -> pathlib.Path:
        home = self._lab.home
        _, certificate, key = self._lab.certificate()
        uid, gid = self._user
        (home / "dovecot-oauth2.conf").write_text(
            f"introspection_url = {glewlwyd.introspection_url()}\nintrospection_mode = post\n"
            "active_attribute = active\n"
            f"active_value = {'nothing' if self._lab.refuses else 'true'}\nusername_attribute = username\n")
        own = ""
        if os.getuid() != 0:
            user, group = pwd.getpwuid(uid).pw_name, grp.getgrgid(gid).gr_name
            own = f"default_internal_user = {user}\ndefault_internal_group = {group}\ndefault_login_user = {user}\n"
        path = home / "dovecot.conf"
        path.write_text(f"""{own}
            base_dir = {home}/dovecot/run
            state_dir = {home}/dovecot/state
            log_path = /dev/stderr
            auth_verbose = yes
            auth_failure_delay = 0
            protocols = imap submission
            listen = 127.0.0.1
            hostname = localhost
            ssl = required
            ssl_cert = <{certificate}
            ssl_key = <{key}
            auth_mechanisms = xoauth2 oauthbearer
            mail_location = maildir:~/Maildir
            first_valid_uid = 1
            submission_relay_host = 127.0.0.1
            submission_relay_port = {relay}
            passdb {{
              driver = oauth2
              mechanisms = xoauth2 oauthbearer
              args = {home}/dovecot-oauth2.conf
            }}
            userdb {{
              driver = static
              args = uid={uid} gid={gid} home={home}/mail/admin
            }}
            service imap-login {{
              chroot =
              inet_listener imap {{
                port = 0
              }}
              inet_listener imaps {{
                port = {self.imap}
                ssl = yes
              }}
            }}
            service submission-login {{
              chroot =
              inet_listener submission {{
                port = {self.submission}
              }}
            }}
            service anvil {{
              chroot =
              unix_listener anvil-auth-penalty {{
                mode = 0
              }}
            }}
            """)
        (home / "dovecot").mkdir(mode=0o755, exist_ok=True)
        return path


class _Relay(socketserver.ThreadingTCPServer):
    """The next SMTP server (RFC 5321): puts each letter into a Maildir."""

    daemon_threads = True

    def __init__(self, maildir: pathlib.Path) -> None:
        super().__init__(("127.0.0.1", 0), _RelayHandler)
        self.maildir = maildir
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def end(self) -> None:
        self.shutdown()
        self.server_close()


class _RelayHandler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say("220 localhost ESMTP")
        while line := self.rfile.readline():
            match line.split()[:1]:
                case [b"DATA"]:
                    self._say("354 go on")
                    letter = []
                    while (text := self.rfile.readline()).strip(b"\r\n") != b".":
                        letter.append(text.rstrip(b"\r\n") + b"\n")
                    self._deliver(b"".join(letter))
                    self._say("250 taken")
                case [b"QUIT"]:
                    return self._say("221 bye")
                case _:
                    self._say("250 localhost")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def _deliver(self, letter: bytes) -> None:
        new = self.server.maildir / "new"
        path = new / f"{len(list(new.iterdir()))}.trial"
        path.write_bytes(letter)
        owner = new.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _msmtp(lab: Lab, mail: _MailServer, mechanism: str, command: str) -> pathlib.Path:
    path = lab.home / "msmtprc"
    path.write_text(
        f"account default\nhost localhost\nport {mail.submission}\ntls on\ntls_starttls on\n"
        f"tls_trust_file {lab.certificate()[0]}\nauth {mechanism}\nuser admin\nfrom admin@example.com\n"
        f"passwordeval {command}\n")
    path.chmod(0o600)
    return path


def _mbsync(lab: Lab, mail: _MailServer, command: str) -> pathlib.Path:
    (lab.home / "mbox").mkdir(exist_ok=True)
    path = lab.home / "mbsyncrc"
    path.write_text(
        f"IMAPAccount trial\nHost localhost\nPort {mail.imap}\nUser admin\nPassCmd \"{command}\"\nAuthMechs XOAUTH2\n"
        f"SSLType IMAPS\nSystemCertificates no\nCertificateFile {lab.certificate()[0]}\n\n"
        "IMAPStore far\nAccount trial\n\n"
        f"MaildirStore near\nPath {lab.home}/mbox/\nInbox {lab.home}/mbox/INBOX\n\n"
        "Channel inbox\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSync Pull\n")
    return path
