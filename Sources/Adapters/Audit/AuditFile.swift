internal import Glibc
internal import Logging
internal import Synchronization
internal import System

/// The append-only audit file (mode 0600), reopened after log rotation.
///
/// A write error never delays a request: the log reports when errors begin and when they end.
final class AuditFile: LineSink {
    /// State that only the writer's thread uses.
    private struct State: ~Copyable, Sendable {
        var path: String
        var file: Descriptor
        var isTorn = false
        var failing: AuditFileFailure?
        var lost = 0
    }

    private let state: Mutex<State>
    private let next = Mutex<OpenFile?>(nil)
    private let logger: Logger

    /// An open, checked audit file.
    struct OpenFile: ~Copyable, Sendable {
        let path: String
        let descriptor: Descriptor
    }

    init(_ file: consuming OpenFile, logger: Logger) {
        let path = file.path
        state = Mutex(State(path: path, file: file.takeDescriptor()))
        self.logger = logger
    }

    /// Switches to this file from the next line on. Never blocks, not even during a write that hangs.
    func take(_ file: consuming OpenFile) {
        var file: OpenFile? = file
        next.withLock { $0 = file.take() }
    }

    func write(_ lines: [UInt8], count: Int) {
        state.withLock { state in
            do throws(AuditFileFailure) {
                try renew(&state)
                try append(lines, &state)
            } catch { fail(error, count, &state) }
        }
    }

    func write(lost count: Int) {
        state.withLock { state in
            do throws(AuditFileFailure) {
                state.lost += count
                try renew(&state)
                try append([], &state)
            } catch { fail(error, 0, &state) }
        }
    }

    private func renew(_ state: inout State) throws(AuditFileFailure) {
        if let new = next.withLock({ $0.take() }) {
            state.path = new.path
            state.file = new.takeDescriptor()
            state.isTorn = false
            return
        }
        // The file was deleted without a reload: what is written to it is lost with the descriptor.
        var status = stat()
        guard fstat(state.file.raw, &status) == 0, status.st_nlink == 0 else { return }
        state.file = try Self.open(state.path).takeDescriptor()
        state.isTorn = false
        logger.warning("the audit file was deleted, created a new one", metadata: ["file": "\(state.path)"])
    }

    private func append(_ lines: [UInt8], _ state: inout State) throws(AuditFileFailure) {
        var bytes: [UInt8] = []
        // After a partial write the next line starts on a line of its own, unless the file was truncated since.
        if state.isTorn, !isEmpty(state.file) { bytes.append(UInt8(ascii: "\n")) }
        if state.lost > 0 {
            bytes += #"{"time":"\#(WallTime.now.text)","lost":\#(state.lost)}"#.utf8
            bytes.append(UInt8(ascii: "\n"))
        }
        bytes += lines
        guard !bytes.isEmpty else { return }
        let written = bytes.withUnsafeBytes { SystemCall.writeAll($0, to: state.file.raw) }
        if let code = written.error {
            state.isTorn = state.isTorn || written.count > 0
            throw .system(state.path, code)
        }
        if state.failing != nil {
            logger.notice(
                "audit lines are written again", metadata: ["file": "\(state.path)", "lost": "\(state.lost)"])
        }
        (state.failing, state.isTorn, state.lost) = (nil, false, 0)
    }

    private func isEmpty(_ file: borrowing Descriptor) -> Bool {
        var status = stat()
        return fstat(file.raw, &status) == 0 && status.st_size == 0
    }

    private func fail(_ failure: AuditFileFailure, _ count: Int, _ state: inout State) {
        state.lost += count
        guard state.failing != failure else { return }
        state.failing = failure
        logger.error("audit lines are lost", metadata: ["problem": "\(failure)", "hint": "\(failure.hint)"])
    }

    /// Examines the file and its directory; creates and changes nothing.
    static func check(_ path: String) throws(AuditFileFailure) {
        let directory = PrivateDirectory.parent(of: path)
        guard access(path, F_OK) != 0 else {
            _ = try open(path, creating: false)
            return
        }
        try checkDirectory(directory)
        guard access(directory, W_OK | X_OK) == 0 else { throw .system(path, errno) }
    }

    /// Opens or creates the file. Refuses a path that other users can read, write or replace.
    static func open(_ path: String, creating: Bool = true) throws(AuditFileFailure) -> OpenFile {
        try checkDirectory(PrivateDirectory.parent(of: path))
        let flags = O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        let raw = Glibc.open(path, creating ? flags | O_CREAT : flags, 0o600)
        guard raw >= 0 else { throw .system(path, errno) }
        let descriptor = Descriptor(owning: raw)
        let requirement = FileRequirement(owners: .user, forbidden: 0o077, mayHaveHardLinks: false)
        do throws(FileRequirement.Violation) { try requirement.check(descriptor) } catch {
            throw AuditFileFailure(path, error)
        }
        return OpenFile(path: path, descriptor: descriptor)
    }

    private static func checkDirectory(_ path: String) throws(AuditFileFailure) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .system(path, errno) }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            throw AuditFileFailure(
                path: path, problem: "the directory belongs to user \(UserNumbers.text(status.st_uid))",
                hint:
                    "set 'audit_file = \"\"' in your own authagent.toml, or a file in a directory of your own or of root"
            )
        }
        guard status.st_mode & 0o022 == 0 else {
            throw AuditFileFailure(
                path: path, problem: "others may write to this directory",
                hint: status.st_mode & S_ISVTX == 0
                    ? "run 'chmod go-w \(path)' if it is the agent's, or name a file in another directory"
                    : "name a file in a directory that only you and root may write to"
            )
        }
        // Group-writable directories above it, such as /var/log on Ubuntu, cannot give another user a directory of root
        // or the agent.
        do throws(PathFault) { try TrustedFile.requireOwned(path) } catch {
            throw AuditFileFailure(path: error.path, problem: "the directory \(error.problem)", hint: error.hint)
        }
    }
}

extension AuditFile.OpenFile {
    consuming func takeDescriptor() -> Descriptor { descriptor }
}

extension AuditFileFailure {
    fileprivate init(_ path: String, _ violation: FileRequirement.Violation) {
        switch violation {
        case .unknown(let code): self = .system(path, code)
        case .notRegular:
            self.init(path: path, problem: "this is not a regular file", hint: "name another file")
        case .owner(let owner):
            self.init(
                path: path, problem: "the file belongs to user \(UserNumbers.text(owner))",
                hint: "name another file, or see 'ls -l \(path)'"
            )
        case .mode:
            self.init(
                path: path, problem: "others may read or change this file",
                hint: "run 'chmod 600 \(path)' if it is the agent's, or name another file"
            )
        case .hardLinks:
            self.init(
                path: path, problem: "the file has several hard links",
                hint: "run 'find / -xdev -samefile \(path)' to see its other names, or name another file")
        }
    }
}
