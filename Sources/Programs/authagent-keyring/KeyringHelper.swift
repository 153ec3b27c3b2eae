internal import CEarlyProtection
internal import CWipingHeap
internal import FoundationEssentials
internal import Glibc
internal import KeyringProtocol
internal import Sandbox
internal import SecretMemory

/// Executes one keyring job and ends, or stays for the next if the keyring unlocks items per client. A crash or hang of
/// libsecret, GLib or the session bus stays in this process, away from the daemon.
@main
enum KeyringHelper {
    static func main() {
        early_protection()
        wiping_heap()
        ProcessProtection.apply()
        // The process may run from a copy in memory, whose name would be a number.
        ProcessProtection.name("authagent-keyri")
        // libsecret reads what comes over the bus. Without it the helper has no way to a network, a program or a file.
        _ = Sandbox.enter(.keyringHelper)
        alarm(longestJob)
        // A file backend would be a silent fallback, and aborts on a damaged file; debug output would show secrets.
        for name in ["SECRET_BACKEND", "G_MESSAGES_DEBUG", "G_DBUS_DEBUG"] { unsetenv(name) }
        if CommandLine.arguments.dropFirst().elementsEqual(["check"]) { exit(UnlockCheck.run()) }
        signal(SIGPIPE, SIG_IGN)
        let channel = AgentChannel()
        // The job contains a refresh token. Until this point, other processes of the user could inspect this one.
        guard channel.greet() else { exit(1) }
        var session = KeyringSession(channel)
        while doJob(&session, channel), session.waitForJob() {}
    }

    /// In seconds; longer than the agent's deadline. Ends a helper that outlives a killed agent.
    private static let longestJob: UInt32 = 20

    /// Executes a job; returns whether the helper stays for another.
    private static func doJob(_ session: inout KeyringSession, _ channel: AgentChannel) -> Bool {
        alarm(longestJob)
        defer {
            // Between jobs it keeps no secret and no timer.
            alarm(0)
            DeadStack.clear()
        }
        guard let input = channel.read(), let job = decode(input) else {
            answer(KeyringReply(state: .failed, detail: "the keyring helper received no job"), channel)
            exit(2)
        }
        var reply: KeyringReply
        do throws(KeyringFailure) {
            reply = try session.perform(job)
        } catch {
            reply = KeyringReply(
                state: error.state, detail: error.detail, hasCollection: error.hasCollection, item: error.item)
        }
        reply.program = session.program
        reply.stays = session.isToStay ? true : nil
        answer(reply, channel)
        return session.isToStay
    }

    private static func decode(_ bytes: WipedBytes) -> KeyringJob? {
        bytes.withBytes { bytes in
            guard let start = bytes.baseAddress else { return nil }
            let data = Data(
                bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: bytes.count, deallocator: .none)
            return try? JSONDecoder().decode(KeyringJob.self, from: data)
        }
    }

    private static func answer(_ reply: KeyringReply, _ channel: AgentChannel) {
        guard channel.write(reply) else { exit(1) }
    }
}

extension AgentChannel {
    /// Writes a reply; false if the agent has ended.
    func write(_ reply: KeyringReply) -> Bool {
        guard let data = try? JSONEncoder().encode(reply) else { return false }
        return write(WipedBytes(data))
    }
}
