internal import Glibc
public import Policy
internal import Synchronization
public import System

/// The process at the other end of a connection: what the kernel fixed at connect(2), and what is read from proc(5) on
/// demand, each time followed by a check that the process is still the same.
///
/// The socket may have been passed on since. A process that has ended, or runs another program now, is therefore
/// refused.
public final class PeerProcess: CallerIdentity {
    public let connected: Caller
    private let pin: ProcessPin
    private let digests: ExecutableDigests
    private let recent: RecentProcesses
    private let program: Program
    /// The description for the audit trail.
    private let described = Mutex<Caller?>(nil)
    private let unitOfLate = Mutex<(path: UnitPath, time: ContinuousClock.Instant)?>(nil)

    /// A service manager moves a process into its unit at the start. Reading the path for each of a thousand requests a
    /// second would cost more than the tokens.
    private static let unitLife: Duration = .seconds(1)

    /// Does not take ownership of the descriptor: it is used during this call only.
    public init(
        socket: Int32, digests: ExecutableDigests, recent: RecentProcesses = RecentProcesses(),
        pinning: Pinning = .peer
    ) throws(LocalSocketError) {
        let credentials = try PeerCredentials(of: socket)
        // A living process keeps its ID, so this is the one that connected.
        pin = recent.pin(credentials.pid, .now) ?? ProcessPin(credentials.pid, socket: socket, pinning)
        program = Program(pin, life: digests.limits.snapshotLife)
        self.digests = digests
        self.recent = recent
        let groups = Self.groups(socket) ?? Self.groups(of: pin)
        var caller = Caller(
            pid: credentials.pid, user: credentials.user, group: credentials.group, supplementaryGroups: groups ?? []
        )
        if groups == nil { caller.uncertain.insert(.supplementaryGroups) }
        connected = caller
    }

    /// A process by its ID, for `policy check`; `nil` if there is none.
    public init?(pid: Int32, digests: ExecutableDigests, pinning: Pinning = .peer) {
        pin = ProcessPin(pid, pinning)
        program = Program(pin, life: digests.limits.snapshotLife)
        self.digests = digests
        recent = RecentProcesses()
        guard let owner = ProcessOwner(of: pid), pin.isAlive else { return nil }
        connected = Caller(
            pid: pid, user: owner.user, group: owner.group, supplementaryGroups: owner.supplementaryGroups
        )
    }

    public func callerAtOnce(_ facts: CallerFacts) throws(CallerLost) -> Caller? {
        var caller = facts.contains(.record) ? description : connected
        if facts.restOnProgram {
            let mark = try program.mark()
            caller.executable = mark?.path
            caller.uncertain.insert(.executable)
            if facts.contains(.executable), let mark, !mark.isGone {
                guard let isThere = program.confirmed?.isThere else { return nil }
                if isThere { caller.uncertain.remove(.executable) }
            }
            if facts.contains(.executableDigest) {
                if mark != nil {
                    guard let file = program.confirmed?.file, let known = digests.known(file, user: connected.user)
                    else { return nil }
                    caller.executableDigest = known.digest
                }
                if caller.executableDigest == nil { caller.uncertain.insert(.executableDigest) }
            }
        }
        if facts.contains(.unit) { read(&caller) }
        guard pin.isAlive else { throw .ended }
        return caller
    }

    public func pinned() throws(CallerLost) -> (any PinnedProcess)? {
        // Without its mark, a process that executes another program would go unnoticed.
        guard pin.isCertain, let mark = try program.mark() else { return nil }
        return PinnedPeer(pin: pin, mark: mark)
    }

    public func caller(_ facts: CallerFacts) async throws(CallerLost) -> Caller {
        if let caller = try callerAtOnce(facts) { return caller }
        let user = connected.user
        var snapshot: ExecutableStates.Snapshot?
        var digest: String?
        if let mark = try program.mark() {
            let path = facts.contains(.executable) && !mark.isGone ? mark.path : nil
            snapshot = await digests.snapshot(ofProcess: pin.pid, path, user: user)
            if let file = snapshot?.file, facts.contains(.executableDigest) {
                digest = await digests.digest(ofProcess: pin.pid, file, user: user)
            }
        }
        // Checked again: the facts belong to the program only if the process is still the same.
        let cheap = facts.subtracting([.executable, .executableDigest]).union(.executableClaim)
        guard var caller = try callerAtOnce(cheap) else { throw .ended }
        if let snapshot { try program.confirm(snapshot) }
        if snapshot?.isThere == true { caller.uncertain.remove(.executable) }
        caller.executableDigest = digest
        if facts.contains(.executableDigest), digest == nil { caller.uncertain.insert(.executableDigest) }
        return caller
    }

    /// Read once: every request is audited, and this must not cost more than the reply.
    private var description: Caller {
        described.withLock { described in
            if let described { return described }
            let now = ContinuousClock.now
            if let known = recent.description(of: connected, pin, now) {
                described = known
                return known
            }
            var caller = connected
            guard pin.isCertain else { return caller }
            caller.executable = OtherProcess.link(of: pin.pid)
            read(&caller)
            caller.uncertain = connected.uncertain
            // The audit trail causes no access to the executable.
            if caller.executable != nil { caller.uncertain.insert(.executable) }
            // After the end of the process, its ID may belong to another one.
            guard pin.isAlive else { return connected }
            described = caller
            recent.keep(caller, pin, now)
            return caller
        }
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

    /// The current groups of the pinned process.
    private static func groups(of pin: ProcessPin) -> [UInt32]? {
        guard pin.isCertain, let owner = ProcessOwner(of: pin.pid), pin.isAlive else { return nil }
        return owner.supplementaryGroups
    }

    /// The groups at connect(2), as with user and group; `nil` before Linux 4.13.
    private static func groups(_ socket: Int32) -> [UInt32]? {
        var capacity = 32
        while true {
            var count: Int32 = 0
            let groups = [UInt32](unsafeUninitializedCapacity: capacity) { buffer, initialized in
                count = PeerCredentials.groups(of: socket, into: buffer)
                initialized = max(0, min(capacity, Int(count)))
            }
            guard count >= 0 else { return nil }
            guard count > capacity else { return groups }
            capacity = Int(count)
        }
    }
}
