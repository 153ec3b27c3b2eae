internal import Glibc
internal import System

/// The reader of files that control logins. They must be small and regular; other users must not be able to write to
/// them or to a directory above.
enum ProtectedFile {
    /// A configuration file is a page of text; a larger one is a mistake.
    static let longest = 64 * 1024
    /// A machine's CA bundle has some hundred KiB.
    static let longestBundle = 8 * 1024 * 1024

    /// Returns the text; `nil` if the file does not exist. Follows symbolic links, which configuration management uses,
    /// and checks their targets.
    ///
    /// With `isTrusted` false, the file controls nothing and may belong to any user.
    static func read(
        _ path: String, mayBeReadByOthers: Bool, isTrusted: Bool = true, limit: Int = longest
    ) throws(ConfigurationError) -> [UInt8]? {
        guard let file = try isTrusted ? trusted(path) : untrusted(path) else { return nil }
        let requirement =
            isTrusted
            ? FileRequirement(owners: .userOrRoot, forbidden: mayBeReadByOthers ? 0o022 : 0o077) : FileRequirement()
        do throws(FileRequirement.Violation) { try requirement.check(file) } catch {
            throw refusal(of: path, error, mayBeReadByOthers: mayBeReadByOthers)
        }
        var bytes: [UInt8] = []
        if let code = SystemCall.readAll(file.raw, into: &bytes, limit: limit + 1) {
            throw failure(path, "cannot be read", code)
        }
        guard bytes.count <= limit else {
            throw ConfigurationError(
                file: path, problem: "the file is larger than \(limit) bytes", hint: "is it the right file?"
            )
        }
        return bytes
    }

    private static func refusal(
        of path: String, _ violation: FileRequirement.Violation, mayBeReadByOthers: Bool
    ) -> ConfigurationError {
        switch violation {
        case .unknown(let code): return failure(path, "cannot be read", code)
        case .notRegular, .hardLinks:
            return ConfigurationError(
                file: path, problem: "this is not a regular file", hint: "put a text file there")
        case .owner(let owner):
            return ConfigurationError(
                file: path, problem: "the file belongs to user \(UserNumbers.text(owner))",
                hint: "run 'ls -l \(path)' to see whose it is, and put a copy of your own there"
            )
        case .mode:
            if let fault = FileSystemWithoutModes.fault(ofFile: path) {
                return ConfigurationError(file: path, problem: fault.problem, hint: fault.hint)
            }
            return ConfigurationError(
                file: path,
                problem: mayBeReadByOthers ? "others may write to this file" : "others may read this file",
                hint: mayBeReadByOthers ? "run 'chmod go-w \(path)'" : "run 'chmod 600 \(path)'"
            )
        }
    }

    private static func trusted(_ path: String) throws(ConfigurationError) -> Descriptor? {
        do throws(PathFault) { return try TrustedFile.open(path) } catch { throw ConfigurationError(error) }
    }

    private static func untrusted(_ path: String) throws(ConfigurationError) -> Descriptor? {
        let raw = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard raw >= 0 else {
            guard errno != ENOENT else { return nil }
            throw failure(path, "cannot be read", errno)
        }
        return Descriptor(owning: raw)
    }

    /// Refuses a directory that other users can write to, or whose parents they can: a file in it could be theirs. Also
    /// without a file there, since they could have moved it away.
    static func requirePrivate(_ directory: String) throws(ConfigurationError) {
        var status = stat()
        if stat(directory, &status) == 0 {
            let isOwn = status.st_uid == geteuid() || status.st_uid == 0
            guard !isOwn || status.st_mode & 0o022 == 0 else {
                // The check of the parents reports directories that no mode would make safe.
                do throws(PathFault) { try TrustedFile.requireClosed(directory) } catch {
                    if case .modeless = error.reason { throw ConfigurationError(error) }
                }
                throw ConfigurationError(
                    file: directory, problem: "others may write to this directory",
                    hint: "run 'chmod go-w \(directory)'"
                )
            }
        }
        do throws(PathFault) { try TrustedFile.requireClosed(directory) } catch { throw ConfigurationError(error) }
    }

    static func text(_ path: String, isTrusted: Bool = true) throws(ConfigurationError) -> String? {
        guard let bytes = try read(path, mayBeReadByOthers: true, isTrusted: isTrusted) else { return nil }
        return try text(bytes, of: path)
    }

    /// Returns the bytes of a file as text.
    static func text(_ bytes: [UInt8], of path: String) throws(ConfigurationError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw ConfigurationError(
                file: path, line: lineOfOtherBytes(bytes), problem: "this is not UTF-8 text",
                hint: "save the file as UTF-8")
        }
        return text
    }

    /// Returns the first line that is not UTF-8, or has a NUL. No character of UTF-8 has the byte of a line feed in it.
    private static func lineOfOtherBytes(_ bytes: [UInt8]) -> Int? {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .firstIndex { $0.contains(0) || String(validating: $0, as: UTF8.self) == nil }.map { $0 + 1 }
    }

    static func failure(_ path: String, _ problem: String, _ code: Int32) -> ConfigurationError {
        let reason = String(cString: strerror(code))
        return ConfigurationError(file: path, problem: "\(problem): \(reason)", hint: "run 'ls -ld \(path)' to see why")
    }
}

extension ConfigurationError {
    init(_ fault: PathFault) {
        let problem =
            switch fault.reason {
            case .owner: "the directory or link \(fault.problem)"
            case .writable, .modeless: "the directory \(fault.problem)"
            case .notADirectory: "it \(fault.problem)"
            case .system: "cannot be read: \(fault.problem)"
            }
        self.init(file: fault.path, problem: problem, hint: fault.hint)
    }
}
