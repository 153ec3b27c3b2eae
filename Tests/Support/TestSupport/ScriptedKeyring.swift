import Foundation
import Synchronization

/// A scripted Secret Service on a private session bus (Tests/Support/scripted-keyring).
public final class ScriptedKeyring: SessionKeyring {
    /// The provider's behaviour; a change applies from the next call on.
    public struct Behavior: Encodable, Sendable {
        public var alias = Alias.path("/org/freedesktop/secrets/collection/main")
        /// Whether there is an object at the alias's path.
        public var hasAliasObject = true
        /// Whether the collection is locked.
        public var isLocked = false
        /// Whether an item is locked for each client except its creator.
        public var locksItems = false
        /// Whether the user has allowed every client to access every item.
        public var isAllowed = false
        /// Whether creating an item needs a prompt, which is confirmed at once.
        public var promptsToCreate = false
        public var delete = Deletion.done
        /// `plain`, `dh`, or the name of the error that refuses both.
        public var session = "plain"
        /// Methods that never reply; `*` stands for all.
        public var hangsAt: Set<String> = []

        public init() {}

        /// As KeePassXC: items are locked per client, and secrets are encrypted on the bus.
        public static func lockingItems() -> Behavior {
            var behavior = Behavior()
            (behavior.locksItems, behavior.promptsToCreate, behavior.session) = (true, true, "dh")
            return behavior
        }
    }

    /// The reply to ReadAlias; `types` is the signature of a reply other than an object path.
    public enum Alias: Encodable, Sendable {
        case path(String)
        case error(String)
        case types(String)

        public func encode(to encoder: any Encoder) throws {
            let (kind, value) =
                switch self {
                case .path(let path): ("path", path)
                case .error(let name): ("error", name)
                case .types(let signature): ("types", signature)
                }
            try [kind: value].encode(to: encoder)
        }
    }

    /// The effect of a deletion: at once, or by a prompt.
    public enum Deletion: String, Encodable, Sendable {
        case done, agreed, dismissed, unanswered
    }

    /// A call that the provider received.
    public struct Call: Decodable, Sendable {
        public let method: String
        public let path: String
        /// The caller's process ID.
        public let process: Int32
    }

    public struct Item: Decodable, Sendable {
        public let label: String
        public let attributes: [String: String]
        public let secret: String
    }

    /// The variables that lead to the bus, without the tester's.
    public let environment: [String: String]
    private let files: TemporaryDirectory
    private let bus: PrivateBus
    private let name: String
    private let provider: Mutex<ChildProcess>
    private let behavior: Mutex<Behavior>

    /// Starts the bus and the provider; `name` is its command name.
    public init(as name: String = "keepassxc", _ behavior: Behavior = Behavior()) async throws {
        files = try TemporaryDirectory()
        try files.directory("run")
        bus = try await PrivateBus(socket: files.path + "/run/bus", files: files)
        environment = ChildProcess.programEnvironment.merging([
            "XDG_RUNTIME_DIR": files.path + "/run", "DBUS_SESSION_BUS_ADDRESS": bus.address,
        ]) { $1 }
        self.behavior = Mutex(behavior)
        try Self.write(behavior, in: files)
        self.name = name
        provider = Mutex(try await Self.start(as: name, in: files, environment))
    }

    private static func start(
        as name: String, in files: TemporaryDirectory, _ environment: [String: String]
    ) async throws -> ChildProcess {
        let program = Repository.path("Tests/Support/scripted-keyring/scripted-keyring")
        // Debian's own interpreter, which has Debian's modules.
        let provider = try ChildProcess(
            "/usr/bin/python3", [program, files.path, name], environment: environment)
        guard await provider.line() == "ready" else {
            provider.signal(SIGKILL)
            let complaint = await provider.result().errors
            throw MissingProgram(name: complaint, package: "python3-jeepney python3-cryptography")
        }
        return provider
    }

    /// Restarts the provider with its items but without its clients; calls are counted from 0.
    public func restartProvider() async throws {
        let old = provider.withLock { $0 }
        old.signal(SIGKILL)
        _ = await old.result()
        let new = try await Self.start(as: name, in: files, environment)
        provider.withLock { $0 = new }
    }

    /// Changes the provider's behaviour from its next call on.
    public func behave(_ change: (inout Behavior) -> Void) throws {
        try behavior.withLock { behavior in
            change(&behavior)
            try Self.write(behavior, in: files)
        }
    }

    private static func write(_ behavior: Behavior, in files: TemporaryDirectory) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        try encoder.encode(behavior).write(to: URL(filePath: files.path + "/behavior.json"), options: .atomic)
    }

    /// The calls so far, of one method or of all.
    public func calls(_ method: String? = nil) -> [Call] {
        let lines = provider.withLock({ $0 }).outputSoFar.split(separator: "\n").dropFirst()
        let calls = lines.compactMap { try? JSONDecoder().decode(Call.self, from: Data($0.utf8)) }
        return calls.filter { $0.method == method ?? $0.method }
    }

    public func items() throws -> [Item] {
        let listing = try Data(contentsOf: URL(filePath: files.path + "/items.json"))
        return try JSONDecoder().decode([Item].self, from: listing)
    }

    /// The refresh token in the record of an account's login; `nil` if there is no record.
    public func refreshToken(of account: String) throws -> String? {
        let login = try items().first { $0.attributes["account"] == account && $0.attributes["purpose"] == "login" }
        return try login.flatMap { try Self.refreshToken(in: $0.secret) }
    }

    /// Ends the bus at once, and every connection with it.
    public func killBus() async { await bus.kill() }
}
