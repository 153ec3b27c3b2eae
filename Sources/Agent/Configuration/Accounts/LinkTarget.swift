internal import Glibc

/// The target of a symbolic link.
enum LinkTarget {
    /// Returns the path with all links resolved; `nil` if the file does not exist, or at a timeout.
    static func of(_ path: String) -> String? {
        let target = PatientLook.result(path) { () -> String? in
            guard let target = realpath(path, nil) else { return nil }
            defer { free(target) }
            return String(cString: target)
        }
        return target ?? nil
    }
}
