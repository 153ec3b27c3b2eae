internal import NIOCore
internal import Policy
internal import System

/// A connection on its way between the lane and SwiftNIO: its socket, the process that connected, its place in the caps.
struct TransferredConnection: Sendable {
    let socket: Int32
    let identity: any CallerIdentity
    let place: ConnectionPlace
    /// When its last request ended.
    let since: NIODeadline
}

/// A connection in the lane. Used on the lane's thread only.
final class LaneConnection {
    enum Phase {
        /// Between requests.
        case idle
        /// A reply has been written that the client has not read yet.
        case sending
        /// It was refused, and its client may still read the reason.
        case refused
    }

    let socket: Int32
    let identity: any CallerIdentity
    let place: ConnectionPlace
    var phase: Phase
    /// When the phase ends at the latest.
    var deadline: NIODeadline
    /// Tells its events from those of an earlier connection with the same descriptor: epoll(7) reports a closed socket
    /// as long as a copy of it exists, such as in a process that is being started.
    var serial: UInt32 = 0
    /// What epoll(7) reports; `nil` before it knows the socket.
    var watched: EventPoll.Events?
    /// The rest of a reply.
    var unsent: ArraySlice<UInt8> = []
    var closesAfterReply = false
    /// Whether it has had no request yet.
    var isNew = false

    init(_ connection: TransferredConnection, _ phase: Phase, until deadline: NIODeadline) {
        (socket, identity, place) = (connection.socket, connection.identity, connection.place)
        (self.phase, self.deadline) = (phase, deadline)
    }
}
