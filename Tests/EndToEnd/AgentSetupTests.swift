import Foundation
import TestSupport
import Testing

/// `authagent setup system` and `authagent setup user`: printed, done, done again, undone. packaging/dev/try-system-agent
/// does the same with a real systemd.
@Suite(.timeLimit(.minutes(5)))
struct AgentSetupTests {
    let machine: SetupMachine

    init() throws { machine = try SetupMachine() }

    @Test("printed, the set-up of a machine changes nothing, and names each command and file")
    func printed() async throws {
        let result = try await machine.run(
            """
            setup system --account work --user backup2
            list | cmp - /run/before
            calls
            """)
        #expect(result.status == 0, "\(result.errors)")
        for line in [
            "systemd-sysusers \(machine.files.path)/prefix/lib/sysusers.d/authagent.conf",
            "cat >/etc/authagent/authagent.toml <<'END'", "user = \"backup2\"", "usermod -aG authagent backup2",
            "# not written: run the same command with --write",
        ] {
            #expect(result.lines.contains(line), "\(line)\n\(result.output)")
        }
    }

    @Test("a machine is set up once, the second time nothing is done, and undone only the agent's files are left")
    func whole() async throws {
        let result = try await machine.run(
            """
            setup system --account work --user backup2 --write
            echo "== $(calls | cut -d ' ' -f 1 | sort -u | tr '\\n' ' ')"
            grep -x 'authagent:x:64001:backup2' /etc/group
            stat -c '%a' /etc/authagent /etc/authagent/authagent.toml /etc/credstore.encrypted
            "$PREFIX/bin/authagent" store status
            cp /etc/credstore.encrypted/authagent-key /run/key
            setup system --account work --user backup2 --write
            cmp /run/key /etc/credstore.encrypted/authagent-key
            echo "== again:$(calls)"
            setup system --undo --write
            grep -qx 'user authagent' /etc/authagent/setup.record
            rm -r /var/lib/authagent
            setup system --undo --write
            list | diff - /run/before
            ! grep authagent /etc/passwd /etc/group
            """)
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(result.output.contains("== systemctl systemd-creds systemd-sysusers usermod"), "\(result.output)")
        #expect(result.output.contains("\n755\n644\n700\n"), "\(result.output)")
        #expect(result.lines.contains("# nothing to do") && result.lines.contains("== again:"), "\(result.output)")
    }

    @Test("a step that fails stops the set-up with the reason, and the same command goes on from there")
    func interrupted() async throws {
        let result = try await machine.run(
            """
            touch /run/no-key
            status=0
            setup system --write 2>&1 || status=$?
            test $status = 1 && test ! -e /run/enabled && test ! -e /etc/credstore.encrypted/authagent-key
            rm /run/no-key
            setup system --write
            grep -c '^authagent:' /etc/passwd
            test -s /var/lib/authagent/state/authagent/sealed/store.sealed
            """)
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(
            result.output.contains("authagent: error: cannot seal a key for the store with this machine's key: "),
            "\(result.output)")
        #expect(
            result.lines.contains(
                "authagent: hint: run 'systemd-creds setup' to see whether this machine can have a key"))
        #expect(result.output.contains("# 1 of 5 steps are done") && result.lines.last == "1", "\(result.output)")
    }

    @Test("units that were enabled and did not start are disabled when that is undone")
    func notStarted() async throws {
        let result = try await machine.run(
            """
            touch /run/no-start
            status=0
            setup system --write 2>&1 || status=$?
            test $status = 1
            test -e /run/enabled
            setup system --undo --write
            test ! -e /run/enabled
            test ! -e /etc/credstore.encrypted/authagent-key
            """)
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(
            result.output.contains("cannot enable and start the units: the command ended with 1"), "\(result.output)")
    }

    @Test("what is there already is kept, and undone stays: rules, a key, a login, changes")
    func kept() async throws {
        let result = try await machine.run(
            """
            mkdir -p /etc/authagent
            echo '# mine' >/etc/authagent/authagent.toml
            setup system --account work --user backup2 --write
            grep -x '# mine' /etc/authagent/authagent.toml
            touch /var/lib/authagent/state/authagent/sealed/work~login~1
            setup system --undo --write
            test -e /etc/credstore.encrypted/authagent-key && test ! -e /run/enabled
            test -s /var/lib/authagent/state/authagent/sealed/store.sealed
            grep -x '# mine' /etc/authagent/authagent.toml
            """)
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(result.errors.contains("/etc/authagent/authagent.toml is there already, and is not changed"))
        #expect(result.errors.contains("the sealed store stays, because it is in use"), "\(result.errors)")
        #expect(result.errors.contains("/etc/credstore.encrypted/authagent-key stays"), "\(result.errors)")
    }

    @Test("without systemd, without the units, or as another user than root, it is refused with the remedy")
    func refused() async throws {
        let result = try await machine.run(
            """
            status=0
            setup system --write --undo --account work --user backup2 2>&1 || status=$?
            test $status = 2
            setpriv --reuid=64002 --clear-groups "$PREFIX/bin/authagent" setup system --write 2>&1 || true
            rm "$PREFIX/lib/systemd/system/authagent.service"
            setup system --write 2>&1 || true
            rmdir /run/systemd/system
            setup system 2>&1 || true
            SUDO_UID=1 setup user --write 2>&1 || true
            list | cmp - /run/before
            """)
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        for part in [
            "--undo has no rule", "only root can set up the machine's agent", "hint: install the package",
            "this machine does not run systemd", "An agent for the whole machine", "run the same command without sudo",
        ] {
            #expect(result.output.contains(part), "\(part)\n\(result.output)")
        }
    }

    @Test("without systemd, a person's agent gets a key and a store once, and undone both go unless there is a login")
    func user() async throws {
        let result = try await machine.run(
            """
            rmdir /run/systemd/system
            export HOME="$1/home" AUTHAGENT_SOCK="$1/home/run/agent.sock"
            mkdir -p -m 700 "$HOME/run"
            setup user --store sealed --write
            cp "$HOME/.config/authagent.key" /run/key
            stat -c '%a %s' "$HOME/.config/authagent.key"
            setup user --store sealed --write
            cmp /run/key "$HOME/.config/authagent.key"
            touch "$HOME/.local/state/authagent/sealed/work~login~1"
            setup user --undo --write
            test -e "$HOME/.config/authagent.key"
            rm "$HOME/.local/state/authagent/sealed/work~login~1"
            "$PREFIX/bin/authagent" stop
            setup user --undo --write
            test ! -e "$HOME/.config/authagent.key" && test -z "$(ls "$HOME/.local/state/authagent/sealed")"
            test ! -e "$HOME/.local/state/authagent/setup.record"
            """)
        #expect(result.status == 0, "\(result.output)\(result.errors)")
        #expect(result.lines.contains("600 32") && result.lines.contains("# nothing to do"), "\(result.output)")
        #expect(result.errors.contains("the client starts the agent when it is first needed"), "\(result.errors)")
    }
}
