internal import AgentAPI

/// The limits for clients, so that none can delay another.
public struct ServerLimits: Sendable {
    /// Request line and header fields, in bytes.
    public var requestHead = Limits.requestHead
    /// In bytes.
    public var requestBody = Limits.requestBody
    /// From a request's first byte to its last.
    public var requestTime = Limits.requestTime
    /// From the end of a request to its answer.
    public var answerTime = Limits.answerTime
    /// From the end of a wait for a newer token to its reply, on a machine under load. Below the 5 s that clients wait
    /// longer than the agent.
    public var endOfWaitTime: Duration = .seconds(4)
    /// A keep-alive connection is closed after this time without a request. Long enough for one request a minute.
    public var idleTime: Duration = .seconds(300)
    /// A connection with HTTP handlers returns to the lane after this time without a request: long enough for a client
    /// that sends several in a row, and short because the handlers cost several KiB.
    public var returnTime: Duration = .seconds(1)
    /// A client that does not read its reply is disconnected after this time.
    public var writeTime: Duration = .seconds(30)
    /// How long a refused connection stays open, for its client to read the reason.
    public var refusalTime: Duration = .milliseconds(250)
    /// How long a stop waits for the first request of a connection: clients send it microseconds after they have connected,
    /// and on a machine under load within this.
    public var lastRequestTime: Duration = .milliseconds(250)
    /// Refused connections of each user that get a reply at the same time; more are closed without one.
    public var refusalsAtOnce = 32
    public var refusalsPerSecond = 128
    /// The interval of heartbeats in an idle event stream: below the 30 s after which common proxies cut an idle reply.
    public var silence: Duration = .seconds(20)
    public var connectionsPerUser = Limits.connectionsPerUser
    /// The sum over all users except the owner and root; `ConnectionCaps` lowers it to what the descriptors allow.
    public var connectionsOfOthers = Int.max
    /// For a thousand cron jobs in the same second: a non-blocking connect(2) fails with EAGAIN if the queue is full.
    /// The kernel cuts it to net.core.somaxconn.
    public var backlog: Int32 = 4096

    public init() {}
}
