internal import Glibc
internal import NIOCore

/// A handler that pauses accepting when the process or the machine has no descriptor left.
///
/// SwiftNIO's `AcceptBackoffHandler` delays only later reads: the one in progress would retry accept(2) in a busy loop.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private var isPaused = false

    /// Long enough to cost little CPU time, short for the clients in the queue.
    private static let pause = TimeAmount.milliseconds(50)

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let code = (error as? IOError)?.errnoCode, [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(code) else {
            return context.fireErrorCaught(error)
        }
        guard !isPaused else { return }
        isPaused = true
        try? context.channel.syncOptions?.setOption(.autoRead, value: false)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: Self.pause) {
            let (handler, context) = bound.value
            handler.isPaused = false
            try? context.channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }
}
