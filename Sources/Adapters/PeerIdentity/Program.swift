internal import System
internal import Policy
internal import Synchronization

/// The program that one process ran when it was first looked at, and what is known of its file.
final class Program: Sendable {
    struct Confirmation: Sendable {
        var file: FileState
        /// Whether the agent finds the file at its path; `nil`: that was not looked at.
        var isThere: Bool?
        fileprivate var time: ContinuousClock.Instant
    }

    private struct State {
        /// The last mark, each of which may follow the one before. `nil` inside: it cannot be looked at.
        var last: ProgramMark??
        var confirmation: Confirmation?
    }

    private let pin: ProcessPin
    private let state = Mutex(State())

    /// A mark is the same after an execve(2) of a file at the same path only by design of the program's user. For so long
    /// a file that was looked at is believed to be the one.
    private let life: Duration

    init(_ pin: ProcessPin, life: Duration) {
        self.pin = pin
        self.life = life
    }

    /// The mark of now, which has to be that of the first look. Touches no file system but proc(5).
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

    /// What was found a moment ago.
    var confirmed: Confirmation? {
        state.withLock { state in
            state.confirmation.flatMap { ContinuousClock.now - $0.time < life ? $0 : nil }
        }
    }

    /// Keeps what was found of the process's file, which has to be the file of the first time.
    func confirm(_ look: ExecutableLooks.Look) throws(CallerLost) {
        let isSame = state.withLock { state in
            if let known = state.confirmation, !known.file.isSameFile(as: look.file) { return false }
            state.confirmation = Confirmation(file: look.file, isThere: look.isThere, time: .now)
            return true
        }
        guard isSame else { throw .changed }
    }
}
