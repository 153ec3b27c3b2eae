internal import AgentAPI

/// What the server allows a client, so that none can hold up another.
public struct ServerLimits: Sendable {
    /// Request line and header fields, in bytes.
    public var requestHead = Limits.requestHead
    /// In bytes.
    public var requestBody = Limits.requestBody
    /// From a request's first byte to its last.
    public var requestTime = Limits.requestTime
    /// From the end of a request to its answer.
    public var answerTime = Limits.answerTime
    /// A kept connection without a request is closed after this time. Long enough for a job that asks once a minute.
    public var idleTime: Duration = .seconds(300)
    /// A client that does not read what it asked for is disconnected after this time.
    public var writeTime: Duration = .seconds(30)
    /// How long a connection that was refused stays for its client to read why.
    public var refusalTime: Duration = .milliseconds(250)
    /// Of each user, that are told why; more are closed without a word.
    public var refusalsAtOnce = 32
    public var refusalsPerSecond = 128
    /// A stream of events in which nothing happens shows a sign of life this often: below the 30 s after which common
    /// proxies cut an idle reply, and it costs a wake-up only while somebody watches.
    public var silence: Duration = .seconds(20)
    public var connectionsPerUser = Limits.connectionsPerUser
    /// Of all users together but the agent's own and root, where there are descriptors enough.
    public var connectionsOfOthers = Int.max
    /// A thousand jobs of cron start at the same second, and clients that do not block are refused when the queue is
    /// full (EAGAIN); the kernel cuts this to net.core.somaxconn.
    public var backlog: Int32 = 4096

    public init() {}
}
