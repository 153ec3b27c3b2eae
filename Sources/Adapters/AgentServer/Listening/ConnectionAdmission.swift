internal import AgentAPI
internal import Logging
internal import NIOCore
internal import Policy

/// The admission of accepted connections by their peer, before any byte of a request is read.
struct ConnectionAdmission: Sendable {
    enum Outcome {
        case admitted(TransferredConnection)
        /// Send this reply, and read nothing.
        case refused(TransferredConnection, reply: [UInt8])
        /// Close it without a reply.
        case closed
    }

    let access: Access
    let gate: AccessGate
    let registry: ConnectionRegistry
    let metrics: ServerMetrics
    let limits: ServerLimits
    let logger: Logger

    func admit(_ socket: Int32, at now: NIODeadline) -> Outcome {
        let identity: any CallerIdentity
        do {
            // Over the refusal limit: read the uid only, skip /proc.
            guard try !isUnwelcome(socket) else {
                metrics.connected(.forbidden)
                return .closed
            }
            identity = try access.peer(socket)
        } catch { return .closed }
        func connection(_ place: ConnectionPlace) -> TransferredConnection {
            TransferredConnection(socket: socket, identity: identity, place: place, since: now)
        }
        func refused(_ problem: Problem) -> Outcome {
            let person = access.rules.current.counted(identity.connected.user)
            guard let place = registry.admitRefused(person, at: now) else { return .closed }
            return .refused(connection(place), reply: Reply.problem(problem).encoded(closes: true))
        }
        if let problem = gate.refusal(of: identity) {
            metrics.connected(.forbidden)
            return refused(problem)
        }
        switch registry.admit(identity.connected.user, at: now) {
        case .stopping: return .closed
        case .tooMany(let cap, let isNews):
            metrics.connected(.tooMany)
            if isNews {
                logger.warning(
                    "connections are refused: limit reached for \(cap.rawValue)",
                    metadata: ["uid": "\(identity.connected.user)"])
            }
            return refused(Problem(.tooManyRequests, "too many connections", hint: "close unused connections"))
        case .admitted(let place):
            metrics.connected(.admitted)
            return .admitted(connection(place))
        }
    }

    /// Gives up the place of a connection that has ended.
    func ended(_ place: ConnectionPlace) {
        if case .admitted = place { metrics.disconnected() }
        registry.leave(place)
    }

    /// Whether the user is over the refusal limit and no rule admits the connection by uid and gid alone.
    /// Counts such a connection in the audit.
    private func isUnwelcome(_ socket: Int32) throws -> Bool {
        guard registry.hasRefused else { return false }
        let caller = try access.credentials(socket)
        let rules = access.rules.current
        let person = rules.counted(caller.user)
        guard registry.hasTooManyRefused(of: person), !rules.mayConnect(caller) else { return false }
        access.audit.suppress(caller.user, countedAs: person)
        return true
    }
}
