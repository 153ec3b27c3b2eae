import Foundation
import TestSupport
import Testing

/// A machine for `authagent setup system`: in a mount namespace, with an installation of this build and with stand-ins for
/// systemd's programs. What they do is in `calls`; the agent, its store and the files are real. It needs root.
final class SetupMachine: Sendable {
    let files: TemporaryDirectory

    init() throws {
        try #require(getuid() == 0, "these tests mount directories, which only root can")
        files = try TemporaryDirectory()
        // Another user runs the client, too.
        chmod(files.path, 0o711)
        for directory in ["bin", "lib/systemd/system", "lib/systemd/user", "fakes"] {
            try FileManager.default.createDirectory(
                atPath: "\(files.path)/prefix/\(directory)", withIntermediateDirectories: true)
        }
        for program in ["authagent", "authagentd", "authagent-keyring"] {
            try FileManager.default.copyItem(
                atPath: try BuildProducts.path(program), toPath: "\(files.path)/prefix/bin/\(program)")
        }
        for unit in ["system", "user"] {
            try files.file("prefix/lib/systemd/\(unit)/authagent.service", "", mode: 0o644)
        }
        for (name, text) in Self.programs {
            try files.file(
                "prefix/fakes/\(name)", "#!/bin/sh\nset -e\necho \"\(name) $*\" >>/run/calls\n\(text)\n", mode: 0o755)
        }
    }

    /// systemd's programs, as far as the set-up uses them.
    private static let programs = [
        "systemctl": """
        agent=/run/authagent/agent.sock
        case $1 in
        show)
            for unit in authagent.socket authagent-credential.socket authagent.service; do
                state=disabled active=inactive
                if test -e /run/enabled; then state=enabled active=active; fi
                printf 'Id=%s\\nLoadState=loaded\\nActiveState=%s\\nUnitFileState=%s\\n\\n' $unit $active $state
            done ;;
        enable)
            touch /run/enabled
            test ! -e /run/no-start || exit 1
            mkdir -p /run/credentials /run/authagent /var/lib/authagent/config /var/lib/authagent/state
            chmod 700 /run/authagent /var/lib/authagent/*
            cp /etc/credstore.encrypted/authagent-key /run/credentials
            chmod 400 /run/credentials/authagent-key
            env CREDENTIALS_DIRECTORY=/run/credentials AUTHAGENT_SOCK=$agent HOME=/ \\
                XDG_CONFIG_HOME=/var/lib/authagent/config XDG_STATE_HOME=/var/lib/authagent/state \\
                "$PREFIX/bin/authagentd" >>/run/log 2>&1 </dev/null &
            echo $! >/run/agent
            for i in $(seq 300); do test -S $agent && exit; sleep 0.1; done
            cat /run/log
            exit 1 ;;
        disable)
            rm /run/enabled
            test -e /run/agent || exit 0
            kill "$(cat /run/agent)"
            while kill -0 "$(cat /run/agent)" 2>/dev/null; do sleep 0.1; done ;;
        esac
        """,
        "systemd-creds": "case $1 in encrypt) test ! -e /run/no-key && cat >\"$4\" ;; *) exit 1 ;; esac",
        "systemd-sysusers":
            "echo authagent:x:64001:64001::/:/bin/false >>/etc/passwd; echo authagent:x:64001: >>/etc/group",
        "usermod": "sed -i \"s/^authagent:x:64001:.*/&$3/\" /etc/group",
        "gpasswd": "sed -i \"s/^authagent:x:64001:$2/authagent:x:64001:/\" /etc/group",
        "runuser": "shift 3; exec \"$@\"",
        "userdel": "sed -i '/^authagent:/d' /etc/passwd /etc/group",
    ]

    /// Runs the script; `setup` is the client's subcommand there, and `$before` a list of the files at the start.
    func run(_ script: String) async throws -> ChildProcess.Result {
        let start = """
            set -e
            mount -t tmpfs none /run
            mkdir -p /run/systemd/system /run/etc /run/lib /run/logs
            cp /etc/passwd /etc/group /run/etc
            echo 'passwd: files' >/run/etc/nsswitch.conf
            echo 'backup2:x:64002:64002::/:/bin/false' >>/run/etc/passwd
            echo 'backup2:x:64002:' >>/run/etc/group
            mount --bind /run/etc /etc
            mount --bind /run/lib /var/lib
            mount --bind /run/logs /var/log
            export PREFIX="$1/prefix" PATH="$1/prefix/fakes:$PATH" AUTHAGENT_SOCK=/run/authagent/agent.sock
            trap 'test ! -e /run/agent || kill $(cat /run/agent) 2>/dev/null || true' EXIT
            setup() { "$PREFIX/bin/authagent" setup "$@"; }
            list() { find /etc /var/lib ! -type d | sort; }
            calls() { grep -v 'systemctl show\\|has-tpm2' /run/calls || true; rm /run/calls; }
            list >/run/before

            """
        let command = try await MountNamespace.command()
        return try await ChildProcess.run(
            command[0], command.dropFirst() + ["/bin/sh", "-c", start + script, "sh", files.path],
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": files.path])
    }
}
