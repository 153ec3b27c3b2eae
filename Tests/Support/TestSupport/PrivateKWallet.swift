import Foundation
import Synchronization
import Testing

/// A real kwalletd5 with the Secret Service on a private session bus, without windows.
///
/// It runs as after a login: pam_kwallet5 passes the wallet's key, so it asks for no password.
public final class PrivateKWallet: Sendable {
    private struct State {
        var bus: PrivateBus?
        var program: ChildProcess?
    }

    public let files: TemporaryDirectory
    private let calls: SecretServiceCalls
    private let state = Mutex(State())

    /// Starts it with an open wallet, or without one, as for a new user.
    public init(hasWallet: Bool = true) async throws {
        files = try TemporaryDirectory()
        for name in ["run", "home", "home/config", "home/data", "tmp"] { try files.directory(name) }
        calls = SecretServiceCalls(
            environment: ChildProcess.programEnvironment.merging([
                "HOME": files.path + "/home", "XDG_RUNTIME_DIR": files.path + "/run",
                "DBUS_SESSION_BUS_ADDRESS": "unix:path=\(files.path)/run/bus",
            ]) { $1 })
        try files.file(
            "home/config/kwalletrc",
            """
            [Wallet]
            Enabled=true
            First Use=false
            Default Wallet=kdewallet
            Prompt on Open=false
            Launch Manager=false
            Close When Idle=false
            Close on Screensaver=false
            Leave Open=true
            [org.freedesktop.secrets]
            apiEnabled=true

            """)
        let bus = try await PrivateBus(socket: files.path + "/run/bus", files: files)
        state.withLock { $0.bus = bus }
        // The first process creates the wallet; the Secret Service shows it after the next start.
        try await start()
        await eventually("kwalletd5 does not create its wallet") { hasWalletFile }
        if hasWallet {
            await killProvider()
            try await startProvider()
        }
    }

    /// Whether the wallet has been written; kwalletd5 owns its bus name before that.
    private var hasWalletFile: Bool {
        let attributes = try? FileManager.default.attributesOfItem(
            atPath: files.path + "/home/data/kwalletd/kdewallet.kwl")
        // kwalletd5 ignores files of less than 60 bytes.
        return (attributes?[.size] as? Int ?? 0) >= 60
    }

    /// The variables that lead to the bus, without the tester's.
    public var environment: [String: String] { calls.environment }

    /// Starts kwalletd5 with an open wallet that a program has already used: before the first `Unlock`, the Secret
    /// Service shows an open wallet as locked.
    public func startProvider() async throws {
        try await start()
        try await eventually("kwalletd5 does not open its wallet") {
            try await calls.change("Unlock")
            return try await calls.isLocked() == false
        }
    }

    private func start() async throws {
        _ = try MissingProgram.require("kwalletd5", package: "libkf5wallet-bin")
        // Without its plugins it refuses encrypted sessions, such as libsecret's.
        let hasPlugins = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib").contains {
            FileManager.default.fileExists(atPath: "/usr/lib/\($0)/qca-qt5/crypto/libqca-ossl.so")
        }
        guard hasPlugins else { throw MissingProgram(name: "libqca-ossl.so", package: "libqca-qt5-2-plugins") }
        let python = try MissingProgram.require("python3", package: "python3")
        let program = try ChildProcess(
            python, ["-c", Self.launcher, "kwalletd5"],
            environment: environment.merging([
                "QT_QPA_PLATFORM": "offscreen", "LC_ALL": "C.UTF-8", "TMPDIR": files.path + "/tmp",
                "XDG_CONFIG_HOME": files.path + "/home/config", "XDG_CACHE_HOME": files.path + "/home/cache",
                "XDG_DATA_HOME": files.path + "/home/data", "PAM_KWALLET5_LOGIN": "1",
            ]) { $1 }
        )
        state.withLock { $0.program = program }
        try await eventually("kwalletd5 does not start: \(program.errorsSoFar)") {
            try await calls.owner() == program.pid
        }
    }

    /// Executes kwalletd5 with the input of pam_kwallet5: the wallet's key in a pipe, and a socket for the session's
    /// environment, which is already set here.
    private static let launcher = """
        import os, socket, sys
        key, end = os.pipe()
        os.write(end, b"k" * 56)
        os.close(end)
        path = os.environ["XDG_RUNTIME_DIR"] + "/kwallet5.socket"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(1)
        sender = socket.socket(socket.AF_UNIX)
        sender.connect(path)
        sender.close()
        os.unlink(path)
        os.set_inheritable(key, True)
        os.set_inheritable(listener.fileno(), True)
        os.execvp(sys.argv[1], [sys.argv[1], "--pam-login", str(key), str(listener.fileno())])
        """

    public func stopProvider() { state.withLock { $0.program }?.signal(SIGSTOP) }
    public func resumeProvider() { state.withLock { $0.program }?.signal(SIGCONT) }

    /// Kills it. A new item is written only seconds later, so it is lost.
    public func killProvider() async {
        let program = state.withLock { $0.program.take() }
        program?.signal(SIGKILL)
        _ = await program?.result()
        await eventually { (try? await calls.owner()) == nil }
    }

    /// Closes the wallet. Reopening it needs a password in a window; `killProvider` and `startProvider` avoid that.
    public func lock() async throws {
        try await eventually("kwalletd5 does not close its wallet") {
            try await calls.change("Lock")
            return try await calls.isLocked() == true
        }
    }

    /// The items' labels, sorted.
    public func labels() async throws -> [String] { try await calls.labels() }
}
