internal import AuthagentClient
internal import Glibc
internal import Logging
internal import System

/// Keeps the agent reachable at its own path: when the socket there is gone, or its directory (systemd-logind removes
/// /run/user/UID at a user's last logout), it listens again, as soon as that is possible.
///
/// A thread of its own, because it sleeps in poll(2); with nothing wrong it is not woken at all.
final class SocketKeeper: Sendable {
    private let path: SocketPath
    private let group: UInt32?
    private let logger: Logger
    private let hand: AsyncStream<Int32>.Continuation

    /// Seconds. A directory that something is mounted on, as on /run/user/UID at a login, tells nobody: after each event
    /// there are some looks, further and further apart, and while something is wrong two in a minute.
    private static let longestPause: Int32 = 30
    /// Milliseconds. Whoever removes a directory removes the socket first, and fails if there is a new one.
    private static let settling: Int32 = 100

    /// The listening sockets that take the place of the one that is at the path now. Ends when nobody takes them.
    static func keep(_ path: SocketPath, group: UInt32?, logger: Logger) -> AsyncStream<Int32> {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        let keeper = SocketKeeper(path, group, logger, continuation)
        var thread = pthread_t()
        let context = Unmanaged.passRetained(keeper).toOpaque()
        let failure = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<SocketKeeper>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context)
        guard failure == 0 else {
            // The agent serves all the same, only on this socket alone.
            Unmanaged<SocketKeeper>.fromOpaque(context).release()
            continuation.finish()
            logger.error(
                "no thread to watch the socket", metadata: ["problem": "\(String(cString: strerror(failure)))"])
            return stream
        }
        pthread_detach(thread)
        return stream
    }

    private init(
        _ path: SocketPath, _ group: UInt32?, _ logger: Logger, _ hand: AsyncStream<Int32>.Continuation
    ) {
        (self.path, self.group, self.logger, self.hand) = (path, group, logger, hand)
    }

    private func run() {
        var bound = FileIdentity(of: path.text)
        var problem: LocalSocketError?
        var pause: Int32?
        while true {
            let isMissing = problem != nil
            let watch = PathWatch(path.text, isMissing: isMissing)
            // Looked at only now that every further change is an event.
            let found = FileIdentity(of: path.text)
            if found == nil || found != bound {
                do throws(LocalSocketError) {
                    let listener = try LocalSocket.listen(at: path.text, group: group).consumeRaw()
                    bound = FileIdentity(of: path.text)
                    problem = nil
                    guard case .enqueued = hand.yield(listener) else {
                        close(listener)
                        return
                    }
                    logger.notice("the socket was gone, listening again", metadata: ["socket": "\(path)"])
                    continue
                } catch {
                    if error != problem {
                        logger.error(
                            "the socket is gone", metadata: ["problem": "\(error)", "hint": "\(error.hint)"])
                    }
                    problem = error
                    if !isMissing { continue }
                }
            } else {
                problem = nil
                if isMissing { continue }
            }
            let isQuiet = problem == nil && watch.isComplete && pause.map { $0 >= Self.longestPause } ?? true
            if isQuiet { pause = nil }
            if watch.wait(seconds: pause ?? (isQuiet ? nil : 1)) {
                pause = 1
                _ = poll(nil, 0, Self.settling)
            } else {
                pause = min(Self.longestPause, (pause ?? 1) * 2)
            }
        }
    }
}
