internal import Glibc
internal import NIOCore
internal import System

/// The end of listeners and connections: what a client has sent is answered, also what it sends at this moment.
extension FastLaneLoop {
    /// Accepts what has connected, which close(2) would cut off. The kernel refuses later clients, so the queue ends.
    func acceptRest(of listener: Int32) {
        _ = shutdown(listener, Int32(SHUT_RD))
        // The kernel's queue holds one more than its limit.
        for _ in 0...limits.backlog {
            let socket = LocalSocket.accept(listener)
            if socket >= 0 { admit(socket) } else if ![EINTR, ECONNABORTED].contains(errno) { return }
        }
    }

    /// Closes connections without a request, and each of the others after its reply.
    func endConnections(at now: NIODeadline, _ limit: TimeAmount) {
        let patience = TimeAmount(limits.lastRequestTime)
        for connection in connections {
            guard let connection else { continue }
            guard connection.phase == .idle else {
                connection.closesAfterReply = true
                if connection.deadline > now + limit { enter(connection.phase, connection, until: now + limit) }
                continue
            }
            let connected = connection.deadline - TimeAmount(limits.idleTime)
            if connection.isNew, connected + patience > now {
                // About to send its request.
                enter(.idle, connection, until: connected + patience)
            } else {
                answerLast(connection)
            }
        }
    }

    /// Answers what the client has sent before it learns of the end, and closes the connection.
    private func answerLast(_ connection: LaneConnection) {
        // From now on send(2) fails for the client, so no request counts as sent that is not read here.
        _ = shutdown(connection.socket, Int32(SHUT_RD))
        if !read(connection) { end(connection) }
    }

    /// Resumes the stop once no request can come any more.
    func finishAnswering() {
        guard let done = whenAnswered, !connections.contains(where: { $0?.phase == .idle }) else { return }
        whenAnswered = nil
        done.resume()
    }
}
