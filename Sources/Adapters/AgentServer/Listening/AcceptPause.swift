internal import Glibc
internal import NIOCore

/// Stops accepting for a moment when the process, or the machine, has no descriptor left for another connection.
///
/// SwiftNIO's `AcceptBackoffHandler` holds back reads that come later, but not the one under way: it would try to accept
/// again and again, without a pause.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private var isPaused = false

    /// Long enough to cost nothing, and short for those in the queue.
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
