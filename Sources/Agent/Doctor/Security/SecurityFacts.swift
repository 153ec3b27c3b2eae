public import AgentAPI
public import Configuration
internal import Glibc
public import System
internal import Vault

/// What the report about the agent's security is made of.
public struct SecurityFacts: Equatable, Sendable {
    public var process = ProcessRestrictions()
    public var files = FileSandbox.none("this program does not restrict itself")
    /// Whether the process can execute no program but the keyring helper.
    public var executesOnlyHelper = false
    /// Whether all memory of secrets is locked.
    public var areSecretsLocked = false
    public var programs: [ProgramFile] = []
    /// Why programs of the configuration cannot be run any more; `nil` if they can.
    public var spawnerFault: Fault?
    public var swap = SwapFacts()
    /// The stores that accounts use; the keyring without an account.
    public var stores: Set<StoreKind> = []
    /// `nil` if it does not exist, or is not needed.
    public var sealed: SealedKey?

    public init() {}

    /// The facts that `strict` is about, as they are now.
    public static func ofProcess(_ files: FileSandbox, areSecretsLocked: Bool) -> SecurityFacts {
        var facts = SecurityFacts()
        (facts.process, facts.files) = (.current(), files)
        facts.areSecretsLocked = areSecretsLocked
        return facts
    }

    /// An ELF program of this installation.
    public struct ProgramFile: Equatable, Sendable {
        public var path: String
        public var owner: UInt32
        public var mode: UInt32

        public init(path: String, owner: UInt32, mode: UInt32) {
            (self.path, self.owner, self.mode) = (path, owner, mode)
        }

        /// `nil` if the file is missing.
        init?(_ path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            self.init(path: path, owner: status.st_uid, mode: status.st_mode & 0o7777)
        }

        /// The daemon, the keyring helper beside it, and the client.
        static func installed() -> [ProgramFile] {
            guard let daemon = RunningProgram() else { return [] }
            let directory = daemon.path.lastIndex(of: "/").map { String(daemon.path[..<$0]) } ?? ""
            let prefix = directory.hasSuffix(place) ? String(directory.dropLast(place.count)) + "/bin" : directory
            return [daemon.path, directory + "/authagent-keyring", prefix + "/authagent"].compactMap { ProgramFile($0) }
        }

        /// Where an installation has the daemon, below its prefix.
        private static let place = "/libexec/authagent"
    }

    /// What could bring the memory of the agent to a disk.
    public struct SwapFacts: Equatable, Sendable {
        /// Whether there is swap space that is not in memory itself, as zram is; `nil` if the kernel's list is hidden, as
        /// with `ProcSubset=pid`.
        public var hasSwap: Bool? = false
        /// Whether the kernel has a place to write all memory to (hibernation).
        public var canHibernate = false

        public init(hasSwap: Bool? = false, canHibernate: Bool = false) {
            (self.hasSwap, self.canHibernate) = (hasSwap, canHibernate)
        }

        init(_ machine: MachinePaths) {
            // The first line has the columns' names, also without swap space.
            let swaps = SecurityFacts.text(machine.swaps).split(separator: "\n")
            hasSwap = swaps.isEmpty ? nil : swaps.dropFirst().contains { !$0.hasPrefix("/dev/zram") }
            let device = SecurityFacts.text(machine.resume).prefix { !$0.isNewline }
            canHibernate = !device.isEmpty && device != "0:0"
        }
    }

    /// What the key of the sealed store depends on.
    public struct SealedKey: Equatable, Sendable {
        public var source: StoreKeySource
        public var file: String?
        /// Whether the key file is in the file system of the store, and so on its disk.
        public var isBesideStore = false
        public var hasTPM = false

        public init(_ source: StoreKeySource, file: String? = nil, isBesideStore: Bool = false, hasTPM: Bool = false) {
            (self.source, self.file, self.isBesideStore, self.hasTPM) = (source, file, isBesideStore, hasTPM)
        }

        init?(_ store: KeyedStoreDescription, _ machine: MachinePaths) {
            guard let source = store.keySource else { return nil }
            self.init(source, file: store.keyFile, hasTPM: TPMFacts(machine).hasDevice)
            isBesideStore = file.map { SecurityFacts.device($0) == SecurityFacts.device(store.directory) } ?? false
        }
    }

    /// `nil` if the file is missing.
    private static func device(_ path: String) -> dev_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_dev : nil
    }

    /// The beginning of a file of proc(5) or sysfs(5); empty if it cannot be read.
    private static func text(_ path: String) -> String {
        let raw = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard raw >= 0 else { return "" }
        let file = Descriptor(owning: raw)
        var bytes: [UInt8] = []
        _ = SystemCall.readAll(file.raw, into: &bytes, limit: 16 * 1024)
        return String(decoding: bytes, as: UTF8.self)
    }
}
