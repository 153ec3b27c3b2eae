internal import AuthagentClient
internal import Glibc
internal import Logging
internal import System

/// The watch over the daemon's own socket path: if the socket or its directory is removed (systemd-logind removes
/// /run/user/UID at the user's last logout), it listens again as soon as possible.
///
/// It has its own thread, because it sleeps in poll(2); while the socket is in place, nothing wakes it.
final class SocketKeeper: Sendable {
    private let path: SocketPath
    private let group: UInt32?
    private let logger: Logger
    private let hand: AsyncStream<Int32>.Continuation

    /// In seconds. A mount over the directory, as on /run/user/UID at a login, causes no inotify event: after each
    /// event the path is checked at growing intervals, and every 30 s while the socket is missing.
    private static let longestPause: Int32 = 30
    /// In milliseconds. The removal of a directory begins with its socket, and fails if a new one appears meanwhile.
    private static let settling: Int32 = 100

    /// Returns the listening sockets that replace the current one. The watch ends when the stream's consumer does.
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
            // The agent still serves its current socket.
            Unmanaged<SocketKeeper>.fromOpaque(context).release()
            continuation.finish()
            logger.error(
                "cannot create the thread that watches the socket",
                metadata: ["problem": "\(String(cString: strerror(failure)))"])
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
            // After the watch is set up, so that every later change causes an event.
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
