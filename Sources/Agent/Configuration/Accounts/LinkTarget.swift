internal import Dispatch
internal import Glibc
internal import Synchronization

/// The target of a symbolic link, looked up with a timeout: a hung file system must not keep a reload from revoking a
/// rule.
enum LinkTarget {
    private final class Answer: Sendable {
        let text = Mutex<String?>(nil)
        let isThere = DispatchSemaphore(value: 0)
    }

    private static let patience: DispatchTimeInterval = .seconds(2)
    /// The paths whose look-up has not ended.
    private static let hanging = Mutex<Set<String>>([])

    /// Returns the path with all links resolved; `nil` if the file does not exist, or at a timeout.
    static func of(_ path: String) -> String? {
        guard hanging.withLock({ $0.insert(path).inserted }) else { return nil }
        let answer = Answer()
        DispatchQueue(label: "authagent.links").async {
            if let target = realpath(path, nil) {
                answer.text.withLock { $0 = String(cString: target) }
                free(target)
            }
            _ = hanging.withLock { $0.remove(path) }
            answer.isThere.signal()
        }
        guard answer.isThere.wait(timeout: .now() + patience) == .success else { return nil }
        return answer.text.withLock { $0 }
    }
}
