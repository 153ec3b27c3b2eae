internal import Dispatch
internal import Glibc
internal import Synchronization

/// Where a path leads once its links are followed, looked up within a time: a file system that hangs must not keep a
/// reload from taking a rule back.
enum LinkTarget {
    private final class Answer: Sendable {
        let text = Mutex<String?>(nil)
        let isThere = DispatchSemaphore(value: 0)
    }

    private static let patience: DispatchTimeInterval = .seconds(2)
    /// Paths whose look-up has not ended.
    private static let hanging = Mutex<Set<String>>([])

    /// `nil` if there is no such file, or no answer in time.
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
