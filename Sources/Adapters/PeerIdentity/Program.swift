internal import Policy
internal import Synchronization
internal import System

/// The program that a process ran at the first check, with the known facts about its file.
final class Program: Sendable {
    struct Confirmation: Sendable {
        var file: FileState
        /// Whether the agent finds the file at its path; `nil` if that was not checked.
        var isThere: Bool?
        fileprivate var time: ContinuousClock.Instant
    }

    private struct State {
        /// The last mark; each mark must be a possible successor of the one before. An inner `nil`: it cannot be read.
        var last: ProgramMark??
        var confirmation: Confirmation?
    }

    private let pin: ProcessPin
    private let state = Mutex(State())

    /// After an execve(2) of another file at the same path the mark is unchanged only if the program's user arranged
    /// it. The file's state is cached for this time.
    private let life: Duration

    init(_ pin: ProcessPin, life: Duration) {
        self.pin = pin
        self.life = life
    }

    /// Reads the current mark, which must match the first one. Accesses no file system except proc(5).
    func mark() throws(CallerLost) -> ProgramMark? {
        guard pin.isCertain else { return nil }
        let now = ProgramMark(of: pin.pid)
        let isSame = state.withLock { state in
            let isSame =
                switch (state.last, now) {
                case (nil, _), (.some(nil), nil): true
                case (.some(let last?), let now?): now.mayFollow(last)
                default: false
                }
            if isSame { state.last = .some(now) }
            return isSame
        }
        guard isSame else { throw pin.isAlive ? .changed : .ended }
        return now
    }

    /// The cached facts, if they are recent enough.
    var confirmed: Confirmation? {
        state.withLock { state in
            state.confirmation.flatMap { ContinuousClock.now - $0.time < life ? $0 : nil }
        }
    }

    /// Caches the state of the process's file, which must be the file of the first check.
    func confirm(_ snapshot: ExecutableStates.Snapshot) throws(CallerLost) {
        let isSame = state.withLock { state in
            if let known = state.confirmation, !known.file.isSameFile(as: snapshot.file) { return false }
            state.confirmation = Confirmation(file: snapshot.file, isThere: snapshot.isThere, time: .now)
            return true
        }
        guard isSame else { throw .changed }
    }
}
