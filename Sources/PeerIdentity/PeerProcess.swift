internal import CLinux
internal import Glibc
public import LocalSocket
public import Policy
internal import Synchronization

/// The process at the other end of a connection: what the kernel has fixed at its connect(2), and what is read from
/// proc(5) when somebody needs it, each time followed by a look whether the process is still there.
///
/// The socket may be in other hands by then. That is why a process that has ended, or runs another program now, is refused.
public final class PeerProcess: CallerIdentity {
    public let connected: Caller
    private let pin: ProcessPin
    private let digests: ExecutableDigests
    private let recent: RecentProcesses
    /// The first look at the program. Nil inside: it cannot be looked at, as that of another user by an agent without
    /// CAP_SYS_PTRACE, or that of a process which does not want to be dumped.
    private let program = Mutex<Executable??>(nil)
    /// What the record says of it.
    private let described = Mutex<Caller?>(nil)
    private let unitOfLate = Mutex<(path: UnitPath, time: ContinuousClock.Instant)?>(nil)

    /// A manager that moves a process into another unit does so at its start. To read its path anew for each of a thousand
    /// requests a second would cost more than the tokens.
    private static let unitLife: Duration = .seconds(1)

    private struct Executable: Sendable {
        /// As the process sees it, which may be in a place of its own (mount_namespaces(7)).
        var path: String
        var file: FileState
        /// Whether it is the file that the agent finds there.
        var isThere: Bool

        /// Whether the process has become another program since (execve(2)).
        func isProgram(_ other: Executable) -> Bool { path == other.path && file.isSameFile(as: other.file) }
    }

    /// Takes nothing over: the socket is looked at now, and not kept.
    public init(
        socket: Int32, digests: ExecutableDigests, recent: RecentProcesses = RecentProcesses(),
        pinning: Pinning = .peer
    ) throws(LocalSocketError) {
        let credentials = try PeerCredentials(of: socket)
        pin = ProcessPin(credentials.pid, socket: socket, pinning)
        self.digests = digests
        self.recent = recent
        let groups = Self.groups(socket) ?? Self.groups(of: pin)
        var caller = Caller(
            pid: credentials.pid, user: credentials.user, group: credentials.group, supplementaryGroups: groups ?? []
        )
        if groups == nil { caller.uncertain.insert(.supplementaryGroups) }
        connected = caller
    }

    /// A process by its number, for those who ask what it might do. Nil when there is none.
    public init?(pid: Int32, digests: ExecutableDigests, pinning: Pinning = .peer) {
        pin = ProcessPin(pid, pinning)
        self.digests = digests
        recent = RecentProcesses()
        guard let owner = ProcessOwner(of: pid), pin.isAlive else { return nil }
        connected = Caller(
            pid: pid, user: owner.user, group: owner.group, supplementaryGroups: owner.supplementaryGroups
        )
    }

    public func callerAtOnce(_ facts: CallerFacts) throws(CallerLost) -> Caller? {
        var caller = facts.contains(.record) ? description : connected
        if facts.contains(.executable) || facts.contains(.executableDigest) {
            let executable = try executable()
            caller.executable = executable?.path
            if executable?.isThere != true { caller.uncertain.insert(.executable) }
            if facts.contains(.executableDigest) {
                if let executable {
                    guard let known = digests.known(executable.file, user: connected.user) else { return nil }
                    caller.executableDigest = known.digest
                }
                if caller.executableDigest == nil { caller.uncertain.insert(.executableDigest) }
            }
        }
        if facts.contains(.unit) { read(&caller) }
        guard pin.isAlive else { throw .ended }
        return caller
    }

    public func caller(_ facts: CallerFacts) async throws(CallerLost) -> Caller {
        if let caller = try callerAtOnce(facts) { return caller }
        var digest: String?
        if let executable = try executable() {
            digest = await digests.digest(ofProcess: pin.pid, executable.file, user: connected.user)
        }
        // Looked at again: the file that was read is the program's only if the process is still there and the same.
        guard var caller = try callerAtOnce(facts.subtracting(.executableDigest).union(.executable)) else {
            throw .ended
        }
        caller.executableDigest = digest
        if digest == nil { caller.uncertain.insert(.executableDigest) }
        return caller
    }

    /// Read once: the record is of every request, and must not cost more than the answer.
    private var description: Caller {
        described.withLock { described in
            if let described { return described }
            let now = ContinuousClock.now
            if let known = recent.description(of: connected, now) {
                described = known
                return known
            }
            var caller = connected
            guard pin.isCertain else { return caller }
            caller.executable = ProcessFile.link("/proc/\(pin.pid)/exe")
            read(&caller)
            caller.uncertain = connected.uncertain
            // Of a process that has ended it may be another's.
            guard pin.isAlive else { return connected }
            described = caller
            recent.keep(caller, pin, now)
            return caller
        }
    }

    /// The program of now, which has to be the one of the first look.
    private func executable() throws(CallerLost) -> Executable? {
        guard pin.isCertain else { return nil }
        let link = "/proc/\(pin.pid)/exe"
        let now = ProcessFile.link(link).flatMap { path in
            FileState(link).map { file in
                // The kernel's mark may as well be the end of a file's name: such a name is nobody's.
                let name = Self.withoutMark(path)
                let isThere = name == path && FileState(path)?.isSameFile(as: file) == true
                return Executable(path: name, file: file, isThere: isThere)
            }
        }
        let isSame = program.withLock { first in
            guard let known = first else {
                first = .some(now)
                return true
            }
            switch (known, now) {
            case (nil, nil): return true
            case (let known?, let now?): return known.isProgram(now)
            default: return false
            }
        }
        guard isSame else { throw pin.isAlive ? .changed : .ended }
        return now
    }

    /// The kernel's mark for a file that has no name any more, such as the older version after an upgrade.
    private static func withoutMark(_ path: String) -> String {
        let mark = " (deleted)"
        return path.hasSuffix(mark) ? String(path.dropLast(mark.count)) : path
    }

    private func read(_ caller: inout Caller) {
        let now = ContinuousClock.now
        let path = unitOfLate.withLock { unit -> UnitPath? in
            guard pin.isCertain else { return nil }
            if let unit, now - unit.time < Self.unitLife { return unit.path }
            guard let group = ProcessFile.read("/proc/\(pin.pid)/cgroup", limit: 128 * 1024) else { return nil }
            let path = UnitPath(cgroup: group)
            unit = (path, now)
            return path
        }
        (caller.unit, caller.slice, caller.userUnit) = (path?.unit, path?.slice, path?.userUnit)
        if path == nil { caller.uncertain.insert(.unit) }
    }

    /// Those of now, of the process that is pinned.
    private static func groups(of pin: ProcessPin) -> [UInt32]? {
        guard pin.isCertain, let owner = ProcessOwner(of: pin.pid), pin.isAlive else { return nil }
        return owner.supplementaryGroups
    }

    /// Fixed at connect(2), as user and group are. Nil where the kernel does not tell (before Linux 4.13).
    private static func groups(_ socket: Int32) -> [UInt32]? {
        var capacity = 32
        while true {
            var count: Int32 = 0
            let groups = [UInt32](unsafeUninitializedCapacity: capacity) { buffer, initialized in
                count = clinux_peer_groups(socket, buffer.baseAddress, Int32(capacity))
                initialized = max(0, min(capacity, Int(count)))
            }
            guard count >= 0 else { return nil }
            guard count > capacity else { return groups }
            capacity = Int(count)
        }
    }
}
